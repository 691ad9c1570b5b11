"""The filters that Proton adds to Jinja (reference 7.3), as plain functions of values.

Several lines come back as a `Block`, which is indented to the column of its `{{` when it is printed (FLT-2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from reconciler.model.documents import Json

_PLAIN_VALUE = re.compile(r"[a-zA-Z0-9_-]*")
_POLICY_ARN = re.compile(r"arn:[a-zA-Z-]+:iam::\d{12}:policy/")
# "A valid ARN" is not defined by the guide; some have no region, S3's have no account (FLT-3).
_ARN = re.compile(r"""arn:[a-zA-Z-]+:[a-zA-Z0-9-]+:[a-zA-Z0-9-]*:(\d{12})?:[^\s"'{}]+""", re.ASCII)

# What YAML 1.1 surely reads as the same text. Whatever starts with a digit, a dot or a sign may be a number or a date.
_SAFE_SCALAR = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./@+=,:-]*[A-Za-z0-9_./@+=,-])?")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
_MAX_QUOTED = 200


class FilterError(ValueError):
    """A filter was given what it must refuse; the text is for the author of the template."""


class Block(str):
    """Lines of YAML that belong below each other, from the column on where they are printed."""

    __slots__ = ()


def yaml_scalar(text: str) -> str:
    """The text as a YAML scalar in a block: plain when that surely gives the same text back, else in double quotes
    (FLT-4)."""
    if _SAFE_SCALAR.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if " " <= char <= "~":
        return char
    code = ord(char)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def ecs_env_vars(outputs: Json, raw: Json = True) -> Block:
    """`proton_cfn_ecs_task_definition_formatted_env_vars`: an item with `Name` and `Value` for each member."""
    pairs = _texts("proton_cfn_ecs_task_definition_formatted_env_vars", outputs, raw)
    return Block("\n".join(f"- Name: {yaml_scalar(name)}\n  Value: {yaml_scalar(value)}" for name, value in pairs))


def lambda_env_vars(outputs: Json, raw: Json = True) -> Block:
    """`proton_cfn_lambda_function_formatted_env_vars`: a `name: value` line for each member."""
    pairs = _texts("proton_cfn_lambda_function_formatted_env_vars", outputs, raw)
    return Block("\n".join(f"{yaml_scalar(name)}: {yaml_scalar(value)}" for name, value in pairs))


def iam_policy_arns(outputs: Json) -> Block:
    """`proton_cfn_iam_policy_arns`: an item for each value that is the ARN of an IAM policy; others are left out."""
    members = _mapping("proton_cfn_iam_policy_arns", outputs).values()
    return Block(
        "\n".join(f"- {yaml_scalar(arn)}" for arn in members if isinstance(arn, str) and _POLICY_ARN.match(arn))
    )


def sanitize(value: Json) -> str:
    """`proton_cfn_sanitize`: the value itself when it is harmless. Raises `FilterError` in Proton's words."""
    if not isinstance(value, str):
        raise FilterError(f"proton_cfn_sanitize takes a text, not {_what(value)}")
    if _PLAIN_VALUE.fullmatch(value) or _ARN.fullmatch(value):
        return value
    raise FilterError(f"{_illegal(value)} or be a valid ARN")


FILTERS: Mapping[str, Callable[..., str]] = {
    "proton_cfn_ecs_task_definition_formatted_env_vars": ecs_env_vars,
    "proton_cfn_lambda_function_formatted_env_vars": lambda_env_vars,
    "proton_cfn_iam_policy_arns": iam_policy_arns,
    "proton_cfn_sanitize": sanitize,
}


def _texts(name: str, outputs: Json, raw: Json) -> list[tuple[str, str]]:
    """The members as texts, in their own order (FLT-5). Numbers and booleans are written as Jinja prints them."""
    pairs = []
    for key, value in _mapping(name, outputs).items():
        if not isinstance(value, str | int | float):
            raise FilterError(f'{name} takes texts, and "{key}" is {_what(value)}')
        text = str(value)
        if not raw and not _PLAIN_VALUE.fullmatch(text):
            raise FilterError(_illegal(text))
        pairs.append((str(key), text))
    return pairs


def _mapping(name: str, value: Json) -> Mapping[str, Json]:
    if isinstance(value, Mapping):
        return value
    raise FilterError(f"{name} takes a mapping, such as outputs, not {_what(value)}")


def _illegal(value: str) -> str:
    shown = value if len(value) <= _MAX_QUOTED else value[:_MAX_QUOTED] + "..."
    return f'Illegal character(s) detected in "{shown}". Must match regex ^[a-zA-Z0-9_-]*$'


def _what(value: Json) -> str:
    match value:
        case None:
            return "nothing (None)"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return f"a {type(value).__name__}"
