"""Inputs as a person types them, `network.cidr=10.0.0.0/16`: which one is meant, and what the text means there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.catalog.inputs import InputType
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.violations import dotted
from reconciler.catalog.yamlfile import DataPath, parse_yaml
from reconciler.errors import InputError, UsageError
from reconciler.model.documents import Json


def read_input(inputs: InputType, assignment: str) -> tuple[DataPath, Json]:
    """The path of an input and its value, from `name=text`.

    Text is a value of the type that the schema gives the input: an input of type string takes it as it is, others as
    YAML, of which JSON is a part. Raises `InputError` for an unknown input, `UsageError` for a text without `=`.
    """
    name, equals, text = assignment.partition("=")
    if not equals or not name:
        raise UsageError(f'"{assignment}" is no input', hint="write name=value")
    where, schema = find_input(inputs, name)
    return where, _value(text, schema, name)


def find_input(inputs: InputType, name: str) -> tuple[DataPath, Mapping[str, Json]]:
    """The path of an input and its schema, from its name with dots. Raises `InputError` for one that is unknown."""
    where: list[str | int] = []
    schema: Mapping[str, Json] = inputs.schema
    parts = name.split(".")
    while parts:
        taken, part, schema = _step(schema, parts, tuple(where))
        where.append(part)
        parts = parts[taken:]
    return tuple(where), schema


def find_value(values: Mapping[str, Json], name: str) -> DataPath | None:
    """The path of a value that is there, from its name with dots, whatever a schema says of it."""
    where: list[str | int] = []
    node: Json = values
    parts = name.split(".")
    while parts:
        for taken in range(len(parts), 0, -1):
            part: str | int = ".".join(parts[:taken])
            if isinstance(node, list) and taken == 1 and parts[0].isdecimal() and int(parts[0]) < len(node):
                part = int(parts[0])
            if isinstance(part, int) or (isinstance(node, dict) and part in node):
                where.append(part)
                node, parts = node[part], parts[taken:]
                break
        else:
            return None
    return tuple(where)


def merged(values: Iterable[tuple[DataPath, Json]]) -> dict[str, Json]:
    """One inputs document from values at paths; a later one wins. Raises `InputError` for a path into a list."""
    result: dict[str, Json] = {}
    for where, value in values:
        node: Any = result
        for part in where[:-1]:
            node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict) or not all(isinstance(part, str) for part in where):
            raise InputError(f"{dotted(where)} cannot be set by itself", hint="give the whole value as JSON")
        node[where[-1]] = value
    return result


def _step(schema: Mapping[str, Json], parts: list[str], where: DataPath) -> tuple[int, str | int, Mapping[str, Json]]:
    """How many parts of a dotted name lead one level down, the key or index there, and its schema."""
    properties: Mapping[str, Json] = schema.get("properties", {})
    if schema.get("type") == "array" and parts[0].isdecimal():
        return 1, int(parts[0]), schema.get("items", {})
    for taken in range(len(parts), 0, -1):  # a name may have dots of its own
        name = ".".join(parts[:taken])
        if name in properties:
            return taken, name, properties[name]
    extra = schema.get("additionalProperties")
    is_open = schema.get("type", "object") == "object" and (extra is not None or not properties)
    if is_open and extra is not False:
        return 1, parts[0], extra if isinstance(extra, dict) else {}
    unknown = dotted((*where, parts[0]))
    raise InputError(f'the template has no input "{unknown}"', hint=did_you_mean(parts[0], properties))


def _value(text: str, schema: Mapping[str, Json], name: str) -> Json:
    if schema.get("type") == "string":
        return text
    file, problems = parse_yaml(name, text.encode("utf-8", "surrogateescape"))
    if file is None:
        problem = problems[-1]
        raise InputError(f"{name} cannot be read: {problem.message}", hint=problem.hint)
    return file.data
