"""Why an inputs document does not fit its schema, in words for the person who wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jsonschema.exceptions import ValidationError

from reconciler.catalog.yamlfile import DataPath
from reconciler.model.documents import Json

MAX_SHOWN = 80

_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_FORMATS = {
    "date": "a date like 2024-01-31",
    "date-time": "a time like 2024-01-31T12:00:00Z",
    "uuid": "a UUID like 123e4567-e89b-12d3-a456-426614174000",
    "ipv4": "an IPv4 address like 10.0.0.1",
    "ipv6": "an IPv6 address like fd00::1",
}


class ViolationCode(StrEnum):
    """Stable codes of violations."""

    MISSING = "INPUT_MISSING"
    INVALID = "INPUT_INVALID"
    UNKNOWN = "INPUT_UNKNOWN"


@dataclass(frozen=True)
class Violation:
    """One reason why inputs do not fit. `path` leads to the value, or to where a missing one belongs."""

    path: DataPath
    message: str
    code: ViolationCode = ViolationCode.INVALID


def shown(value: Json) -> str:
    """A value for a message: at most `MAX_SHOWN` characters of it, and of a list or mapping only the size."""
    if isinstance(value, dict | list):
        what = "a list" if isinstance(value, list) else "a mapping"
        return f"{what} of {len(value)}" if value else f"an empty {what[2:]}"
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def dotted(path: DataPath) -> str:
    """A path as people write it: `subnets[0].cidr`; `the inputs document` for the document itself."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_cut(part)}" for part in path)
    return text.removeprefix(".") or "the inputs document"


def violations(checker: Any, inputs: Json) -> Iterator[Violation]:
    """What a `dialect.validator` finds wrong with an inputs document, in the order of the schema."""
    mistyped: set[DataPath] = set()
    for error in checker.iter_errors(inputs):
        path = tuple(error.absolute_path)
        if path in mistyped:
            continue
        if error.validator == "type":
            mistyped.add(path)
        where = dotted(path)
        match error.validator:
            case "required":
                yield Violation(path, f"{where} is missing, and it has no default", ViolationCode.MISSING)
            case "additionalProperties":
                yield Violation(path, f"{where} is not an input of this template", ViolationCode.UNKNOWN)
            case _:
                yield Violation(path, f"{where} {_wrong(error)}")


def _wrong(error: ValidationError) -> str:
    value: Any = error.instance
    rule: Any = error.validator_value
    match error.validator:
        case "minLength" | "maxLength":
            return f"is {shown(value)}, {len(value)} characters long, but must have {_count(error, rule, 'character')}"
        case "minItems" | "maxItems":
            return f"has {_plural(len(value), 'item')}, but must have {_count(error, rule, 'item')}"
        case "minProperties" | "maxProperties":
            return f"has {_plural(len(value), 'key')}, but must have {_count(error, rule, 'key')}"
        case "uniqueItems":
            return "has equal items, but all must differ"
        case "costly":
            return f"is {shown(value)}, which takes too long to match with its pattern; simplify the pattern"
        case _:
            return f"is {shown(value)}, but must {_must(error, value, rule)}"


def _must(error: ValidationError, value: Json, rule: Any) -> str:
    match error.validator:
        case "type":
            names = rule if isinstance(rule, list) else [rule]
            quotes = " (put it in quotes)" if names[0] == "string" and isinstance(value, int | float) else ""
            return f"be {' or '.join(_TYPES[name] for name in names)}{quotes}"
        case "enum":
            more = f", … ({len(rule)} in all)" if len(rule) > 10 else ""
            return f"be one of {', '.join(shown(item) for item in rule[:10])}{more}"
        case "minimum":
            return f"be at least {shown(rule)}"
        case "maximum":
            return f"be at most {shown(rule)}"
        case "exclusiveMinimum":
            return f"be greater than {shown(rule)}"
        case "exclusiveMaximum":
            return f"be less than {shown(rule)}"
        case "multipleOf":
            return f"be a multiple of {shown(rule)}"
        case "pattern":
            return f"match the pattern {_cut(rule)}"
        case "format":
            return f"be {_FORMATS.get(rule, f'in the range of {rule}')}"
        case _:
            return "fit its schema"


def _count(error: ValidationError, rule: int, unit: str) -> str:
    return f"at {'least' if str(error.validator).startswith('min') else 'most'} {_plural(rule, unit)}"


def _plural(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
