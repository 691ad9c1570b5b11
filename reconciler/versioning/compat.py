"""Whether a new schema can be a new minor version: nobody has to change a spec for it (reference VER-5, VER-6).

The rules look at schemas alone. They are stricter than need be in places (a changed `format` counts, whatever it says),
never laxer: when nothing is found, every document that was valid before is valid now. That promise is for documents
whose every property the old schema knows; an unknown one that was tolerated may meet a new input of the same name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.catalog.dialect import effective, exact, frozen, required_inputs
from reconciler.catalog.inputs import BundleSchema, InputType
from reconciler.catalog.violations import shown
from reconciler.model.documents import Json
from reconciler.versioning.witness import ADDITIONAL, ITEMS, Path, Witness

Schema = Mapping[str, Json]

# A keyword that only ever narrows, the value that means "no bound", and the rules of a bound raised or lowered.
_LOWER = {
    "minLength": "MIN_LENGTH_RAISED",
    "minItems": "MIN_ITEMS_RAISED",
    "minProperties": "MIN_PROPERTIES_RAISED",
}
_UPPER = {
    "maxLength": "MAX_LENGTH_LOWERED",
    "maxItems": "MAX_ITEMS_LOWERED",
    "maxProperties": "MAX_PROPERTIES_LOWERED",
}

# The keywords behind a rule: an example has to break these, whatever else changed at the same place.
_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "NULLABLE_REMOVED": ("nullable",),
    "ENUM_ADDED": ("enum",),
    "ENUM_VALUE_REMOVED": ("enum",),
    "PATTERN_ADDED": ("pattern",),
    "PATTERN_CHANGED": ("pattern",),
    "FORMAT_ADDED": ("format",),
    "FORMAT_CHANGED": ("format",),
    "MULTIPLE_OF_CHANGED": ("multipleOf",),
    "UNIQUE_ITEMS_ADDED": ("uniqueItems",),
    "MINIMUM_RAISED": ("minimum", "exclusiveMinimum"),
    "MAXIMUM_LOWERED": ("maximum", "exclusiveMaximum"),
    "ADDITIONAL_REFUSED": ("additionalProperties",),
    **{rule: (key,) for key, rule in {**_LOWER, **_UPPER}.items()},
}


@dataclass(frozen=True)
class Incompatibility:
    """One reason why a schema needs a new major version.

    `where` is the input: `inputs.port`, `pipeline inputs.dockerfile`; `[]` for list items, `.*` for further properties.
    `rule` is a stable code; `message` says what changed, to be read after `where` and a colon.
    `example` is a whole inputs document that was valid and no longer is, checked with both schemas, or None when none
    was found. Removing a property counts although its value would be tolerated: that example is a document which uses
    it, valid before, and says nothing about validity now.
    """

    where: str
    rule: str
    message: str
    example: Json | None = None


@dataclass(frozen=True)
class _Change:
    """An incompatible change of the schema at `path` from `old` to `new`; `missing` names a property it now lacks."""

    path: Path
    rule: str
    message: str
    old: Schema = field(repr=False)
    new: Schema = field(repr=False)
    missing: str = ""

    @property
    def alone(self) -> Schema:
        """The old schema with this change and no other; the new one for a rule about more than keywords."""
        keywords = _KEYWORDS.get(self.rule)
        if keywords is None:
            return self.new
        kept = {key: value for key, value in self.old.items() if key not in keywords}
        return kept | {key: self.new[key] for key in keywords if key in self.new}


def compare(old: BundleSchema, new: BundleSchema) -> tuple[Incompatibility, ...]:
    """Why `new` cannot be a minor version after `old`; nothing when it can."""
    found = list(_compare_types("inputs", old.inputs, new.inputs))
    if old.pipeline is not None and new.pipeline is not None:
        found += _compare_types("pipeline inputs", old.pipeline, new.pipeline)
    elif new.pipeline is not None:
        message = "pipeline_input_type added, so services without a pipeline would have to give its inputs"
        found.append(Incompatibility("pipeline inputs", "PIPELINE_ADDED", message))
    elif old.pipeline is not None:
        message = "pipeline_input_type dropped, so pipelines that exist would lose their template"
        found.append(Incompatibility("pipeline inputs", "PIPELINE_DROPPED", message))
    return tuple(found)


def _compare_types(label: str, old: InputType, new: InputType) -> Iterator[Incompatibility]:
    witness = Witness(old, new)
    for change in _schemas(old.schema, new.schema, ()):
        blamed = (*change.path, change.missing) if change.missing else change.path
        tolerated = change.rule == "PROPERTY_REMOVED"
        example = witness.find(change.path, change.old, change.alone, None if tolerated else blamed)
        yield Incompatibility(_where(label, blamed), change.rule, change.message, example)


def _where(label: str, path: Path) -> str:
    steps = ("[]" if step is ITEMS else ".*" if step is ADDITIONAL else f".{step}" for step in path)
    return label + "".join(steps)


def _schemas(old: Schema, new: Schema, path: Path) -> Iterator[_Change]:
    """The incompatible changes of one schema and of all below it."""
    if old.get("type") != new.get("type"):
        message = f"type changed from {old.get('type', 'any')} to {new.get('type', 'any')}"
        yield _Change(path, "TYPE_CHANGED", message, old, new)
        return
    old, new = effective(old), effective(new)
    for rule, message in (*_values(old, new), *_bounds(old, new)):
        yield _Change(path, rule, message, old, new)
    if new.get("items", {}):
        yield from _schemas(old.get("items", {}), new["items"], (*path, ITEMS))
    yield from _properties(old, new, path)
    yield from _additional(old, new, path)


def _values(old: Schema, new: Schema) -> Iterator[tuple[str, str]]:
    if old.get("nullable") is True and not _takes_null(new):
        yield "NULLABLE_REMOVED", "null is no longer allowed"
    if "enum" in new:
        kept = {frozen(value) for value in new["enum"]}
        gone = [value for value in old.get("enum", ()) if frozen(value) not in kept]
        if "enum" not in old:
            yield "ENUM_ADDED", f"only listed values are allowed now: {_listed(new['enum'])}"
        elif gone:
            yield "ENUM_VALUE_REMOVED", f"no longer allowed: {_listed(gone)}"
    for key in ("pattern", "format"):
        before, after = old.get(key), new.get(key)
        if after is not None and before is None:
            yield f"{key.upper()}_ADDED", f"{key} {shown(after)} added"
        elif after is not None and before != after:
            yield f"{key.upper()}_CHANGED", f"{key} changed from {shown(before)} to {shown(after)}"
    unit = new.get("multipleOf")
    if unit is not None and ("multipleOf" not in old or (exact(old["multipleOf"]) / exact(unit)).denominator != 1):
        before = f"changed from {shown(old['multipleOf'])} to" if "multipleOf" in old else "added:"
        yield "MULTIPLE_OF_CHANGED", f"multipleOf {before} {shown(unit)}"
    if new.get("uniqueItems") is True and old.get("uniqueItems") is not True:
        yield "UNIQUE_ITEMS_ADDED", "items must differ now"


def _takes_null(schema: Schema) -> bool:
    if schema.get("nullable") is True:
        return True
    return "type" not in schema and None in schema.get("enum", (None,))


def _listed(values: list[Json]) -> str:
    return ", ".join(shown(value) for value in values[:5]) + (", …" if len(values) > 5 else "")


def _bounds(old: Schema, new: Schema) -> Iterator[tuple[str, str]]:
    before, after = _edge(old, "minimum", "exclusiveMinimum", 1), _edge(new, "minimum", "exclusiveMinimum", 1)
    if after > before:
        yield "MINIMUM_RAISED", f"minimum {_moved('raised', before, after, 'exclusive')}"
    before, after = _edge(old, "maximum", "exclusiveMaximum", -1), _edge(new, "maximum", "exclusiveMaximum", -1)
    if after < before:
        yield "MAXIMUM_LOWERED", f"maximum {_moved('lowered', before, after, 'exclusive')}"
    for key, rule in _LOWER.items():
        if new.get(key, 0) > old.get(key, 0):
            yield rule, f"{key} {_moved('raised', (old.get(key, -math.inf), 0), (new[key], 0))}"
    for key, rule in _UPPER.items():
        if new.get(key, math.inf) < old.get(key, math.inf):
            yield rule, f"{key} {_moved('lowered', (old.get(key, math.inf), 0), (new[key], 0))}"


def _edge(schema: Schema, bound: str, exclusive: str, inward: int) -> tuple[float, int]:
    """A bound as a pair that orders: its value, then whether the value itself is left out."""
    value: float = schema.get(bound, -inward * math.inf)
    return value, inward if bound in schema and schema.get(exclusive) is True else 0


def _moved(verb: str, before: tuple[float, int], after: tuple[float, int], mark: str = "") -> str:
    value = shown(after[0]) + (f" ({mark})" if after[1] else "")
    if isinstance(before[0], float) and math.isinf(before[0]):
        return f"added: {value}"
    return f"{verb} from {shown(before[0])}{f' ({mark})' if before[1] else ''} to {value}"


def _properties(old: Schema, new: Schema, path: Path) -> Iterator[_Change]:
    before: Mapping[str, Any] = old.get("properties", {})
    after: Mapping[str, Any] = new.get("properties", {})
    for name, below in before.items():
        if name in after:
            yield from _schemas(below, after[name], (*path, name))
        else:
            yield _Change((*path, name), "PROPERTY_REMOVED", "property removed", below, {})
    extra = old.get("additionalProperties")
    for name, below in after.items():
        # Where further properties were invited, the new one may already be in use with another meaning.
        if name not in before and extra not in (None, False):
            yield from _schemas(extra if isinstance(extra, dict) else {}, below, (*path, name))
    needed = required_inputs(old)
    for name in dict.fromkeys(required_inputs(new)):
        if name in needed:
            continue
        known = name in before
        rule, message = ("BECAME_REQUIRED", "now required") if known else ("REQUIRED_ADDED", "new and required")
        yield _Change(path, rule, f"{message}, without a default", old, new, missing=name)


def _additional(old: Schema, new: Schema, path: Path) -> Iterator[_Change]:
    before, after = old.get("additionalProperties"), new.get("additionalProperties")
    if before is False or after in (None, True):
        return
    if after is False:
        yield _Change(path, "ADDITIONAL_REFUSED", "further properties are no longer allowed", old, new)
    else:
        yield from _schemas(before if isinstance(before, dict) else {}, after, (*path, ADDITIONAL))
