"""The text of new files: what has to be given first, with its description; what has a default below, commented out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.catalog.dialect import required_inputs
from reconciler.catalog.inputs import InputType
from reconciler.catalog.kinds import API_VERSION
from reconciler.catalog.yamltext import inline
from reconciler.model.documents import Json

SCHEMA_LINE = "# yaml-language-server: $schema="
_WIDTH = 100
_MAX_DESCRIPTION = 400
_MAX_VALUE = 200
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def document(schema_path: str, kind: str, name: str, spec: Sequence[str]) -> str:
    """A file of ours, with the line that leads an editor to its schema. `spec` are lines that start at the margin."""
    head = [f"{SCHEMA_LINE}{schema_path}", f"apiVersion: {API_VERSION}", f"kind: {kind}", "metadata:"]
    return "\n".join([*head, f"  name: {inline(name)}", "spec:", *indented(spec), ""])


def indented(lines: Sequence[str], by: int = 2) -> list[str]:
    """Lines moved to the right."""
    return [" " * by + line for line in lines]


def inputs_lines(inputs: InputType, given: Mapping[str, Json]) -> list[str]:
    """`inputs:` and what is below it.

    Inputs that are required or given come first. One that is required and was not given has its schema's example, or no
    value, which `validate` then points at. All others are commented out, with their defaults.
    """
    lines = list(_lines(inputs.schema, given))
    if all(line.is_off or line.text.startswith("#") for line in lines):
        return ["# inputs:", *(f"#   {line.text}" for line in lines)]
    return ["inputs:", *(f"  {line}" for line in lines)]


@dataclass(frozen=True)
class _Line:
    """A line below `inputs:`; one that is off is written as a comment, to be switched on."""

    text: str
    is_off: bool = False
    indent: int = 0

    def __str__(self) -> str:
        return f"{' ' * self.indent}{'# ' if self.is_off else ''}{self.text}"


def _lines(schema: Mapping[str, Json], given: Mapping[str, Json], indent: int = 0) -> Iterator[_Line]:
    properties: Mapping[str, Json] = schema.get("properties", {})
    wanted = {*required_inputs(schema), *given}
    for name in (*properties, *(name for name in given if name not in properties)):
        if name in wanted:
            below = properties.get(name, {})
            yield from _notes(below, indent)
            yield from _written(name, below, given[name], indent) if name in given else _open(name, below, indent)
    defaults = InputType("", schema).complete({})
    for name in properties:
        if name not in wanted:
            yield from _notes(properties[name], indent)
            yield _Line(_optional(name, properties[name], defaults), True, indent)


def _notes(schema: Mapping[str, Json], indent: int) -> Iterator[_Line]:
    text = next((schema[key] for key in ("description", "title") if isinstance(schema.get(key), str)), "")
    words = "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
    lines = textwrap.wrap(textwrap.shorten(words, _MAX_DESCRIPTION), _WIDTH)
    yield from (_Line(f"# {line}", False, indent) for line in lines)


def _written(name: str, schema: Mapping[str, Json], value: Json, indent: int) -> Iterator[_Line]:
    if isinstance(value, dict) and value and schema.get("properties"):
        yield _Line(f"{inline(name)}:", False, indent)
        yield from _lines(schema, value, indent + 2)
    else:
        yield _Line(f"{inline(name)}: {inline(value)}", False, indent)


def _open(name: str, schema: Mapping[str, Json], indent: int) -> Iterator[_Line]:
    """A required input that nobody gave yet."""
    if "example" in schema:
        yield _Line(f"{inline(name)}: {inline(schema['example'])}  # an example: make it yours", False, indent)
    elif required_inputs(schema):
        yield _Line(f"{inline(name)}:", False, indent)
        yield from _lines(schema, {}, indent + 2)
    else:
        yield _Line(f"{inline(name)}:  # required: {_wanted(schema)}", False, indent)


def _wanted(schema: Mapping[str, Json]) -> str:
    if schema.get("enum"):
        return _short("one of " + ", ".join(map(inline, schema["enum"])))
    return _TYPES.get(schema.get("type", ""), "a value")


def _optional(name: str, schema: Mapping[str, Json], defaults: Mapping[str, Json]) -> str:
    if name in defaults:
        return f"{inline(name)}: {_short(inline(defaults[name]))}"
    return f"{inline(name)}:  # optional: {_wanted(schema)}"


def _short(text: str) -> str:
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
