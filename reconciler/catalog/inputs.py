"""Input types of templates: what is wrong with an inputs document, what in it is unknown, and what completes it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from reconciler.catalog.dialect import validator
from reconciler.catalog.violations import Violation, dotted, violations
from reconciler.catalog.yamlfile import DataPath
from reconciler.errors import InputError
from reconciler.model.documents import Json

MAX_COMPLETED = 100_000
MAX_SUGGESTIONS = 50


@dataclass(frozen=True)
class Unknown:
    """A property that no schema names, and the named one it was probably meant to be."""

    path: DataPath
    suggestion: str | None = None


@dataclass(frozen=True)
class InputType:
    """An object type of a bundle's schema. `schema` is its OpenAPI 3.0 schema with every `$ref` resolved."""

    name: str
    schema: Mapping[str, Json] = field(repr=False)

    @cached_property
    def _validator(self) -> Any:
        return validator(self.schema)

    def violations(self, inputs: Json) -> tuple[Violation, ...]:
        """Why a document, as a person wrote it, does not fit; nothing when it does.

        A required input that has a default may be absent. Unknown properties are no violations, unless
        `additionalProperties` is false: that is for `unknown` to say.
        """
        return tuple(violations(self._validator, inputs))

    def unknown(self, inputs: Json) -> tuple[Unknown, ...]:
        """The properties that the schema does not name, at any depth, where it has no `additionalProperties`."""
        found = _unknown(self.schema, inputs, ())
        return tuple(
            Unknown(path, _suggestion(path, names) if count < MAX_SUGGESTIONS else None)
            for count, (path, names) in enumerate(found)
        )

    def complete(self, inputs: Mapping[str, Json]) -> dict[str, Json]:
        """A new document with the defaults filled in, in schema order, unknown properties last (reference SPC-3).

        Objects that are present, alone or in lists, are completed too, and so are defaults. An absent object without a
        default of its own stays absent, whatever defaults are inside it. Completing twice changes nothing.
        Raises `InputError` when the result would have more than `MAX_COMPLETED` values.
        """
        result: dict[str, Json] = _Filler(self.name).fill(self.schema, dict(inputs))
        return result


@dataclass(frozen=True)
class BundleSchema:
    """The input types of one template version: of its environment or instances, and of its pipeline if it has one."""

    inputs: InputType
    pipeline: InputType | None = None


def check_default(name: str, schema: Mapping[str, Json]) -> str:
    """What is wrong with the default of a schema, or nothing. Raises `InputError` when it grows too large."""
    default = schema["default"]
    _Filler(name).fill(schema, default)
    first = next(violations(validator(schema), default), None)
    if first is None:
        return ""
    return first.message.replace(dotted(()), "it", 1) if not first.path else first.message


class _Filler:
    def __init__(self, name: str) -> None:
        self.name = name
        self.values = 0

    def fill(self, schema: Mapping[str, Json], value: Json) -> Json:
        """A copy of a value with defaults filled in, below as well."""
        self.values += 1
        if self.values > MAX_COMPLETED:
            what = f"inputs of {self.name} have more than {MAX_COMPLETED} values once defaults are filled in"
            raise InputError(what, hint="shorten the lists in the inputs, or the defaults of the schema")
        if isinstance(value, list):
            items = schema.get("items", {})
            return [self.fill(items, item) for item in value]
        return self._object(schema, value) if isinstance(value, dict) else value

    def _object(self, schema: Mapping[str, Json], value: Mapping[str, Json]) -> dict[str, Json]:
        properties = schema.get("properties", {})
        result: dict[str, Json] = {}
        for name, below in properties.items():
            if name in value:
                result[name] = self.fill(below, value[name])
            elif "default" in below:
                result[name] = self.fill(below, below["default"])
        extra = schema.get("additionalProperties")
        for name in value:
            if name not in properties:
                result[name] = self.fill(extra if isinstance(extra, dict) else {}, value[name])
        return result


def _unknown(schema: Mapping[str, Json], value: Json, path: DataPath) -> Iterator[tuple[DataPath, tuple[str, ...]]]:
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _unknown(schema["items"], item, (*path, index))
    # A schema that names nothing and forbids nothing is open: whatever stands there was meant.
    if not isinstance(value, dict) or not schema.keys() & {"properties", "additionalProperties"}:
        return
    properties = schema.get("properties", {})
    extra = schema.get("additionalProperties")
    for name, item in value.items():
        if name in properties:
            yield from _unknown(properties[name], item, (*path, name))
        elif isinstance(extra, dict):
            yield from _unknown(extra, item, (*path, name))
        elif extra is None:
            yield (*path, name), tuple(known for known in properties if known not in value)


def _suggestion(path: DataPath, names: tuple[str, ...]) -> str | None:
    word = str(path[-1])
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6) if len(word) <= 100 else []
    return close[0] if close else None
