"""Whether a file has the shape of its kind: every problem at once, each at its line, each with a way out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from reconciler.catalog import kinds
from reconciler.catalog.yamlfile import DataPath, YamlFile
from reconciler.model.documents import Json
from reconciler.model.keys import NAME_PATTERN
from reconciler.model.problems import Position, Problem
from reconciler.model.versions import VERSION_PATTERN

SCHEMAS: dict[str, Json] = {
    "Settings": kinds.SETTINGS,
    "Repository": kinds.REPOSITORY,
    "EnvironmentTemplate": kinds.ENVIRONMENT_TEMPLATE,
    "ServiceTemplate": kinds.SERVICE_TEMPLATE,
    "EnvironmentAccountConnection": kinds.CONNECTION,
    "Environment": kinds.ENVIRONMENT,
    "Component": kinds.COMPONENT,
    "Service": kinds.SERVICE,
}

_EXPECTED = {
    NAME_PATTERN: "names start with a letter or digit and go on with letters, digits, - and _",
    VERSION_PATTERN: 'write "1" to follow the newest minor of major 1, or "1.2" for exactly that minor',
    r"^[0-9]{12}$": "an account is twelve digits, in quotes",
    r"^[0-9]+\.[0-9]+$": 'write versions as "major.minor", in quotes',
    r"^[^/\\]+$": "name a file in this folder, without slashes",
    kinds.ROLE_PATTERN: "write the ARN of an IAM role, like arn:aws:iam::111122223333:role/proton",
    kinds.INSTANCE_PATTERN: "write the service and its instance, like shop/shop-dev",
}


def did_you_mean(word: str, known: Iterable[str], present: Iterable[str] = ()) -> str:
    """A hint that names the closest known word, or all of them when none is close. `present` are known words that are
    taken already: one of them may be what was meant all the same."""
    names, taken = sorted(known), sorted(present)
    close = difflib.get_close_matches(word, [*names, *taken], n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"' + (", which is there already? Keep one" if close[0] in taken else "?")
    return f"known here: {', '.join(names)}" if names else "remove it"


def _pattern(_: Any, pattern: str, value: Json, __: Json) -> Iterator[ValidationError]:
    """As in ECMAScript, whose patterns JSON Schema means: `$` is the end, where Python's lets a newline through."""
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError(f"does not match {pattern}")


_Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)


@lru_cache(maxsize=16)
def _validator(kind: str) -> Any:
    return _Validator(SCHEMAS[kind])


def check_shape(file: YamlFile, kind: str, name: str | None) -> tuple[Problem, ...]:
    """The problems of a file that should be a `kind`, called `name` when its place says so."""
    if not isinstance(file.data, dict):
        hint = f"start it with apiVersion: {kinds.API_VERSION} and kind: {kind}"
        return (Problem(file.at(()), "FILE_EMPTY", f"the file holds no {kind}", hint),)
    found = file.data.get("kind")
    if found is None and "proton" in file.data:
        hint = f"save it beside this one as spec.yaml, and write here a file of kind: {kind} with specFile: spec.yaml"
        return (Problem(file.key_at(("proton",)), "KIND_WRONG", "this is a Proton spec file", hint),)
    if found is not None and found != kind:
        hint = f"this place is for kind: {kind}; move the file, or correct the kind"
        return (Problem(file.at(("kind",)), "KIND_WRONG", f"kind is {_shown(found)}", hint),)
    problems = [problem for error in _validator(kind).iter_errors(file.data) for problem in _problems(file, error)]
    metadata = file.data.get("metadata")
    written = metadata.get("name") if isinstance(metadata, dict) else None
    if name is not None and isinstance(written, str) and written != name:
        hint = f'write name: {name}, or rename the folder or file to "{written}"'
        message = f'metadata.name is "{written}", but the place says "{name}"'
        problems.append(Problem(file.at(("metadata", "name")), "NAME_MISMATCH", message, hint))
    return tuple(sorted(set(problems)))


def _problems(file: YamlFile, error: ValidationError) -> Iterator[Problem]:
    where: DataPath = tuple(error.absolute_path)
    label = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)[1:] or "the file"
    instance: Json = error.instance
    schema: Json = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties" and "properties" in schema:
        for key in sorted(instance.keys() - schema["properties"].keys()):
            known = schema["properties"].keys()
            hint = did_you_mean(key, known - instance.keys(), known & instance.keys())
            yield Problem(file.key_at((*where, key)), "KEY_UNKNOWN", f'unknown key "{key}" in {label}', hint)
    elif error.validator == "required":
        for key in schema["required"]:
            if key not in instance:
                message = f'{label} lacks the key "{key}"'
                yield Problem(_place(file, where), "KEY_MISSING", message, f'add "{key}:"')
    else:
        hint = _hint(error)
        if error.validator_value == "string" and isinstance(instance, int | float) and file.text(where):
            # As it was written: 1.10 is not 1.1.
            message = f"{label} is {file.text(where)}, but must be text"
            yield Problem(file.at(where), "VALUE_INVALID", message, f'put it in quotes: "{file.text(where)}"')
            return
        yield Problem(file.at(where), "VALUE_INVALID", f"{label} {_wrong(error)}", hint)


def _place(file: YamlFile, where: DataPath) -> Position:
    return file.key_at(where) if where else file.at(where)


def _wrong(error: ValidationError) -> str:
    value: Json = error.instance
    rule: Json = error.validator_value
    match error.validator:
        case "type":
            return f"is {_shown(value)}, but must be {_type_name(rule)}"
        case "const":
            return f"is {_shown(value)}, but must be {rule}"
        case "enum":
            return f"is {_shown(value)}, but must be one of {', '.join(map(str, rule))}"
        case "maxLength":
            return f"has {len(value)} characters; at most {rule} are allowed"
        case "minItems" | "minLength":
            return "is empty"
        case _:
            return f"is not valid: {_shown(value)}"


def _hint(error: ValidationError) -> str:
    value: Json = error.instance
    rule: Json = error.validator_value
    match error.validator:
        case "type" if rule == "string":
            if value is None or isinstance(value, dict | list):
                pattern = error.schema.get("pattern") if isinstance(error.schema, dict) else None
                return _EXPECTED.get(str(pattern), "write text")
            return f'put it in quotes: "{value}"'
        case "pattern":
            return _EXPECTED.get(str(rule), f"it must match {rule}")
        case "enum" if isinstance(value, str):
            return did_you_mean(value, map(str, rule))
        case "const":
            return f"write {rule}"
        case "minimum" | "maximum":
            return f"the {error.validator} is {rule}"
        case _:
            return "correct the value"


def _type_name(rule: Json) -> str:
    names = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number"}
    return names.get(str(rule), f"a {rule}")


def _shown(value: Json) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return "empty" if value is None else str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:76] + '..."'
