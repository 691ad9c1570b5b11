"""The schema dialect of bundles: OpenAPI 3.0 as Proton's bundles use it (reference SCH-2), and what it means.

A schema here is already free of `$ref`. It is translated once to JSON Schema (2020-12) and validated by `jsonschema`;
the keywords that would take exponential or quadratic time there, or that round decimals, are our own.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from reconciler.catalog.patterns import PatternError, TooCostly, parse_pattern
from reconciler.model.documents import Json

TYPES = ("string", "number", "integer", "boolean", "array", "object")
_NUMBERS = ("number", "integer")


@dataclass(frozen=True)
class Keyword:
    """What a keyword's value must be, and the types on which it has an effect (none given: on all)."""

    value: str
    types: tuple[str, ...] = ()


KEYWORDS: Mapping[str, Keyword] = {
    **dict.fromkeys(("title", "description", "example", "externalDocs", "xml", "default"), Keyword("anything")),
    **dict.fromkeys(("nullable", "deprecated", "readOnly", "writeOnly"), Keyword("flag")),
    "type": Keyword("type"),
    "enum": Keyword("values"),
    "format": Keyword("text", ("string", *_NUMBERS)),
    "pattern": Keyword("pattern", ("string",)),
    **dict.fromkeys(("minLength", "maxLength"), Keyword("count", ("string",))),
    **dict.fromkeys(("minimum", "maximum"), Keyword("number", _NUMBERS)),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), Keyword("flag", _NUMBERS)),
    "multipleOf": Keyword("positive number", _NUMBERS),
    "items": Keyword("schema", ("array",)),
    **dict.fromkeys(("minItems", "maxItems"), Keyword("count", ("array",))),
    "uniqueItems": Keyword("flag", ("array",)),
    "properties": Keyword("schemas", ("object",)),
    "required": Keyword("names", ("object",)),
    "additionalProperties": Keyword("schema or flag", ("object",)),
    **dict.fromkeys(("minProperties", "maxProperties"), Keyword("count", ("object",))),
}

# These mean in JSON Schema what they mean in OpenAPI.
_LENGTHS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_SAME = ("pattern", "format", "multipleOf", "uniqueItems", *_LENGTHS)


def required_inputs(schema: Mapping[str, Json]) -> tuple[str, ...]:
    """The properties that a person must give: required, and without a default to stand in (rendered-files, 7)."""
    properties = schema.get("properties", {})
    return tuple(name for name in schema.get("required", ()) if "default" not in properties.get(name, {}))


def effective(schema: Mapping[str, Json]) -> dict[str, Json]:
    """A schema without the keywords that have no effect on its type."""
    kind = schema.get("type")
    return {
        key: value
        for key, value in schema.items()
        if kind is None or key not in KEYWORDS or not KEYWORDS[key].types or kind in KEYWORDS[key].types
    }


def json_schema(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The JSON Schema (2020-12) of a schema. `nullable` lets null through whatever `enum` says."""
    schema = effective(schema)
    result: dict[str, Json] = {}
    nullable = schema.get("nullable") is True
    if "type" in schema:
        result["type"] = [schema["type"], "null"] if nullable else schema["type"]
    if "enum" in schema:
        result["enum"] = [*schema["enum"], None] if nullable else schema["enum"]
    result |= {key: schema[key] for key in _SAME if key in schema}
    for bound in ("Minimum", "Maximum"):
        if bound.lower() in schema:
            exclusive = schema.get(f"exclusive{bound}") is True
            result[f"exclusive{bound}" if exclusive else bound.lower()] = schema[bound.lower()]
    if "items" in schema:
        result["items"] = json_schema(schema["items"])
    if "required" in schema:
        result["required"] = required_inputs(schema)
    if "properties" in schema:
        result["properties"] = {name: json_schema(below) for name, below in schema["properties"].items()}
    if "additionalProperties" in schema:
        extra = schema["additionalProperties"]
        result["additionalProperties"] = json_schema(extra) if isinstance(extra, dict) else extra
    return result


def validator(schema: Mapping[str, Json]) -> Any:
    """A `jsonschema` validator for a schema; an error of a missing or refused property has that property's path."""
    return _Validator(json_schema(schema))


def frozen(value: Json) -> Any:
    """A hashable stand-in: equal for equal JSON values, so 1 is 1.0, but neither is true."""
    if isinstance(value, dict):
        return frozenset((key, frozen(item)) for key, item in value.items())
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return ("bool", value) if isinstance(value, bool) else value


def is_number(value: Json) -> bool:
    """True for a JSON number; Python's booleans are integers, JSON's are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def exact(number: float) -> Fraction:
    """The decimal number that was written, where a float is only near it: 0.3 is three times 0.1."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _pattern(_: Any, pattern: str, value: Json, __: Json) -> Iterator[ValidationError]:
    if not isinstance(value, str):
        return
    try:
        if not parse_pattern(pattern).found_in(value):
            yield ValidationError("does not match")
    except (PatternError, TooCostly):
        yield ValidationError("cannot be checked", validator="costly")


def _multiple_of(_: Any, unit: float, value: Json, __: Json) -> Iterator[ValidationError]:
    if is_number(value) and (exact(value) / exact(unit)).denominator != 1:
        yield ValidationError("is no multiple")


def _unique_items(_: Any, unique: bool, value: Json, __: Json) -> Iterator[ValidationError]:
    if unique and isinstance(value, list) and len({frozen(item) for item in value}) < len(value):
        yield ValidationError("has equal items")


def _required(_: Any, names: tuple[str, ...], value: Json, __: Json) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        yield from (ValidationError("is missing", path=[name]) for name in names if name not in value)


def _additional(checker: Any, rule: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for name in value.keys() if rule is not True else ():
        if name in schema.get("properties", {}):
            continue
        if rule is False:
            yield ValidationError("is unknown", path=[name])
        else:
            yield from checker.descend(value[name], rule, path=name)


def _format(_: Any, name: str, value: Json, __: Json) -> Iterator[ValidationError]:
    bits = INTEGER_BITS.get(name)
    if bits is not None and is_number(value) and not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        yield ValidationError("is out of range")
    if name in _FORMATS and isinstance(value, str):
        try:
            _FORMATS[name](value)
        except ValueError:
            yield ValidationError("has the wrong form")


def _shaped(pattern: str, read: Callable[[str], object]) -> Callable[[str], object]:
    shape = re.compile(pattern, re.ASCII)

    def check(text: str) -> object:
        if shape.fullmatch(text) is None:
            raise ValueError(text)
        return read(text)

    return check


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


_DATE = r"\d{4}-\d\d-\d\d"
INTEGER_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
# Every other format is a note for people, as OpenAPI has it.
_FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": _shaped(_DATE, date.fromisoformat),
    "date-time": _shaped(_DATE + r"[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", _moment),
    "uuid": _shaped(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", str),
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
}

_Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _pattern,
        "multipleOf": _multiple_of,
        "uniqueItems": _unique_items,
        "required": _required,
        "additionalProperties": _additional,
        "format": _format,
    },
)
