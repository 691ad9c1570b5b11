"""What one schema, not looking below it, may say: known keywords, values of the right shape, bounds that can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.catalog.dialect import KEYWORDS, TYPES, frozen, is_number, validator
from reconciler.catalog.patterns import PatternError, parse_pattern
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.violations import shown
from reconciler.model.documents import Json
from reconciler.model.problems import Severity

MAX_NAME = 100

_HINTS = {
    "flag": "write true or false, without quotes",
    "count": "write a whole number from 0, without quotes",
    "number": "write a number, without quotes",
    "positive number": "write a number above 0, without quotes",
    "text": "write text",
    "type": f"write one of {', '.join(TYPES)}",
    "values": "write a list of at least one value",
    "names": "write a list of property names; required is not a flag of a single property",
    "schema": "write one schema",
    "schemas": "write a mapping from property names to schemas",
    "schema or flag": "write true, false or a schema",
    "pattern": "write a regular expression as text",
}
_COMBINING = {"allOf", "anyOf", "oneOf", "not", "discriminator", "if", "then", "else"}
_LIMITS = ("Length", "Items", "Properties")


@dataclass(frozen=True)
class Finding:
    """Something about a schema, `below` it if that is not empty; `at_key` when its key and not its value is meant."""

    message: str
    hint: str
    severity: Severity = Severity.ERROR
    below: tuple[str, ...] = ()
    at_key: bool = False


def invalid(message: str, hint: str, *below: str, at_key: bool = False) -> Finding:
    """A finding that is an error."""
    return Finding(message, hint, Severity.ERROR, below, at_key)


def _tolerated(message: str, hint: str, *below: str) -> Finding:
    return Finding(message, hint, Severity.WARNING, below, at_key=True)


def check_node(node: Json) -> tuple[Finding, ...]:
    """The findings of one schema without its sub-schemas. It holds no `$ref`."""
    if not isinstance(node, dict):
        return (invalid("a schema must be a mapping", "write at least a type, as in {type: string}"),)
    wrong = tuple(finding for key, value in node.items() for finding in _keyword(key, value))
    # What keywords mean together is only worth saying once each of them is right.
    return wrong or (*_effects(node), *_bounds(node), *_required(node), *_values(node))


def _keyword(key: str, value: Json) -> Iterator[Finding]:
    if key.startswith("x-"):
        return
    if key in _COMBINING:
        yield invalid(f"{key} is not supported", "write the properties out in one schema", key, at_key=True)
    elif key not in KEYWORDS:
        yield invalid(f"unknown keyword {shown(key)}", did_you_mean(key, KEYWORDS), key, at_key=True)
    elif not _fits(KEYWORDS[key].value, value):
        yield invalid(f"{key} is {shown(value)}", _hint(key, value), key)
    elif KEYWORDS[key].value == "pattern":
        try:
            parse_pattern(value)
        except PatternError as error:
            hint = "write a pattern that Python's re module takes, without back-references"
            yield invalid(f"the pattern cannot be used: {error}", hint, key)
    elif KEYWORDS[key].value == "schemas":
        for name in value:
            if len(name) > MAX_NAME:
                message = f"a property name has {len(name)} characters; at most {MAX_NAME} are allowed"
                yield invalid(message, "shorten it", key, name, at_key=True)


def _hint(key: str, value: Json) -> str:
    if key.startswith("exclusive") and is_number(value):
        return f"OpenAPI 3.0 has a flag here: write {key[9:].lower()}: {shown(value)} and {key}: true"
    if key == "type" and (value is None or value == "null" or isinstance(value, list)):
        return f"{_HINTS['type']}, and nullable: true when null is allowed"
    return _HINTS[KEYWORDS[key].value]


def _fits(shape: str, value: Json) -> bool:
    match shape:
        case "flag":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "number":
            return is_number(value)
        case "positive number":
            return is_number(value) and value > 0
        case "text" | "pattern":
            return isinstance(value, str)
        case "type":
            return isinstance(value, str) and value in TYPES
        case "values":
            return isinstance(value, list) and bool(value)
        case "names":
            return isinstance(value, list) and all(isinstance(name, str) for name in value)
        case "schema" | "schemas":
            return isinstance(value, dict)
        case "schema or flag":
            return isinstance(value, dict | bool)
        case _:
            return True


def _effects(node: Mapping[str, Json]) -> Iterator[Finding]:
    kind = node.get("type")
    for key in node:
        types = KEYWORDS[key].types if key in KEYWORDS else ()
        if types and kind is not None and kind not in types:
            yield _tolerated(f"{key} has no effect on type {kind}", f"remove {key}, or correct the type", key)
    for bound in ("Minimum", "Maximum"):
        if node.get(f"exclusive{bound}") is True and bound.lower() not in node:
            hint = f"add {bound.lower()}, or remove it"
            yield _tolerated(f"exclusive{bound} has no effect without {bound.lower()}", hint, f"exclusive{bound}")


def _bounds(node: Mapping[str, Json]) -> Iterator[Finding]:
    pairs = [("minimum", "maximum"), *((f"min{what}", f"max{what}") for what in _LIMITS)]
    for low, high in pairs:
        if node.get(low, -math.inf) > node.get(high, math.inf):
            message = f"{low} is above {high}, so nothing fits"
            yield _tolerated(message, f"lower {low}, or raise {high}", low)


def _required(node: Mapping[str, Json]) -> Iterator[Finding]:
    properties = node.get("properties", {})
    for name in dict.fromkeys(node.get("required", ())):
        if name not in properties:
            hint = did_you_mean(name, properties)
            yield _tolerated(f'required names "{name}", which properties does not define', hint, "required")
        elif isinstance(properties[name], dict) and "default" in properties[name]:
            message = f'"{name}" is required and has a default; the default is used when it is absent'
            yield _tolerated(message, "remove it from required, or remove the default", "required")


def _values(node: Mapping[str, Json]) -> Iterator[Finding]:
    if "enum" not in node or "type" not in node:
        return
    checker = validator({key: node[key] for key in ("type", "nullable") if key in node})
    for value in node["enum"]:
        if not checker.is_valid(value):
            message = f"the enum value {shown(value)} is not of type {node['type']}, so nobody can use it"
            yield _tolerated(
                message, 'write text in quotes, like "1"' if node["type"] == "string" else "remove it", "enum"
            )
    if len({frozen(value) for value in node["enum"]}) < len(node["enum"]):
        yield _tolerated("enum names a value twice", "remove one of them", "enum")
