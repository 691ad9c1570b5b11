"""The whole dialect, as bundles write it: whatever is narrowed, wherever it stands, is found with a document that shows
just that; and the way back is a minor version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.catalog.inputs import BundleSchema
from reconciler.catalog.inputschema import read_schema
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.model.keys import Kind
from reconciler.versioning.compat import compare

Schema = dict[str, Any]

# What a schema says, and ways to say less: the rule that each of them breaks, and what it writes.
LEAVES: list[tuple[Schema, dict[str, Schema]]] = [
    (
        {"type": "string", "title": "Text"},
        {
            "MIN_LENGTH_RAISED": {"minLength": 2},
            "MAX_LENGTH_LOWERED": {"maxLength": 40},
            "PATTERN_ADDED": {"pattern": "^[a-c0-9:-]+$"},
            "ENUM_ADDED": {"enum": ["ab", "abc"]},
        },
    ),
    *[({"type": "string"}, {"FORMAT_ADDED": {"format": name}}) for name in ("date", "date-time", "uuid", "ipv4")],
    (
        {"type": "string", "minLength": 1, "maxLength": 8, "pattern": "^[a-z-]*$", "example": "a-b"},
        {
            "MIN_LENGTH_RAISED": {"minLength": 3},
            "MAX_LENGTH_LOWERED": {"maxLength": 6},
            "PATTERN_CHANGED": {"pattern": "^[a-c]*$"},
        },
    ),
    ({"type": "string", "enum": ["s", "m", "l"], "default": "s"}, {"ENUM_VALUE_REMOVED": {"enum": ["s"]}}),
    (
        {"type": "string", "nullable": True, "default": None},
        {"NULLABLE_REMOVED": {"nullable": False}, "MIN_LENGTH_RAISED": {"minLength": 1}},
    ),
    (
        {"type": "number", "format": "double"},
        {
            "MINIMUM_RAISED": {"minimum": -0.5},
            "MAXIMUM_LOWERED": {"maximum": 1e6},
            "MULTIPLE_OF_CHANGED": {"multipleOf": 0.25},
        },
    ),
    (
        {"type": "integer", "minimum": 0, "maximum": 100, "default": 50},
        {
            "MINIMUM_RAISED": {"exclusiveMinimum": True},
            "MAXIMUM_LOWERED": {"maximum": 100, "exclusiveMaximum": True},
            "MULTIPLE_OF_CHANGED": {"multipleOf": 10},
        },
    ),
    *[({"type": "integer"}, {"FORMAT_ADDED": {"format": name}}) for name in ("int8", "int32")],
    ({"type": "boolean", "default": True}, {"ENUM_ADDED": {"enum": [True]}}),
    (
        {"type": "array", "items": {"type": "integer"}, "default": [1]},
        {
            "MIN_ITEMS_RAISED": {"minItems": 1},
            "MAX_ITEMS_LOWERED": {"maxItems": 3},
            "UNIQUE_ITEMS_ADDED": {"uniqueItems": True},
        },
    ),
    (
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"MIN_PROPERTIES_RAISED": {"minProperties": 1}, "MAX_PROPERTIES_LOWERED": {"maxProperties": 2}},
    ),
    (
        {"type": "object", "properties": {"b-c": {"type": "integer", "default": 1}}},
        {"ADDITIONAL_REFUSED": {"additionalProperties": False}},
    ),
    (
        {
            "type": "object",
            "properties": {"b": {"type": "array", "items": {"type": "string"}}, "c": {"type": "number"}},
        },
        {"BECAME_REQUIRED": {"required": ["b"]}},
    ),
]
# Values of every kind, on both sides of every bound above.
VALUES: list[Any] = [
    *("", "a", "ab", "abcd", "abcdefghi", "a-b", "s", "m", "2024-01-31", "2024-01-31T00:00:00Z", "10.0.0.1", "x" * 41),
    *(None, True, False, 0, 1, -1, 0.25, 0.3, 10, 55, 100, 128, 2**31, 1e7),
    *([], [1], [1, 1], [1, 2, 3, 4], {}, {"b": []}, {"d": "x"}, {"b": ["x"], "d": "x", "e": "x"}),
]
NAMES = ["a", "log-level", "Größe", "items"]


class Place:
    """A way from an input type down to a schema: how to write the schemas around it, and the documents."""

    def __init__(self) -> None:
        self.types: Schema = {}
        self.where = ""
        self.wrap: list[Callable[[Schema], Schema]] = []
        self.fill: list[Callable[[Any], Any]] = []

    def schema(self, leaf: Schema) -> BundleSchema:
        """The bundle's schema, written and read again."""
        self.types = {}
        for wrap in self.wrap:
            leaf = wrap(leaf)
        body = {"format": {"openapi": "3.0.0"}, "environment_input_type": "In", "types": {**self.types, "In": leaf}}
        text = yaml.safe_dump({"schema": body}, allow_unicode=True, sort_keys=False).encode()
        file, problems = parse_yaml("schema.yaml", text)
        assert file is not None, problems
        schema, problems = read_schema(file, Kind.ENVIRONMENT_TEMPLATE)
        assert schema is not None, "\n".join(map(str, problems))
        return schema

    def document(self, value: Any) -> Any:
        for fill in self.fill:
            value = fill(value)
        return value

    def around(self, step: str, wrap: Callable[[Schema], Schema], fill: Callable[[Any], Any]) -> None:
        """One more level around what there is."""
        self.where = step + self.where
        self.wrap.append(wrap)
        self.fill.append(fill)

    def refer(self) -> None:
        """The same through a reference."""

        def wrap(inner: Schema) -> Schema:
            name = f"Type{len(self.types)}"
            self.types[name] = inner
            return {"$ref": f"#/{name}"}

        self.wrap.append(wrap)

    def put(self, name: str, *, required: bool, closed: bool) -> None:
        """A property, beside others that have defaults."""
        more = ({"required": [name]} if required else {}) | ({"additionalProperties": False} if closed else {})
        beside = {
            "first": {"type": "object", "default": {}, "properties": {"deep": {"type": "string", "default": "x"}}},
            "last": {"type": "array", "default": [{"n": 1}], "items": {"type": "object"}},
        }
        wrap = lambda inner: {"type": "object", "properties": {**beside, name: inner}, **more}  # noqa: E731
        self.around(f".{name}", wrap, lambda value: {name: value})


@st.composite
def places(draw: st.DrawFn) -> Place:
    place = Place()
    for kind in [*draw(st.lists(st.sampled_from(["property", "items", "extra", "reference"]), max_size=4)), "property"]:
        match kind:
            case "items":
                least = draw(st.sampled_from([{}, {"minItems": 1}, {"minItems": 2, "maxItems": 2}, {"default": []}]))
                count = least.get("minItems", 1)
                wrap = lambda inner, least=least: {"type": "array", "items": inner, **least}  # noqa: E731
                place.around("[]", wrap, lambda value, count=count: [value] * count)
            case "extra":
                wrap = lambda inner: {"type": "object", "additionalProperties": inner, "default": {}}  # noqa: E731
                place.around(".*", wrap, lambda value: {"any-name": value})
            case "reference":
                place.refer()
            case _:
                place.put(draw(st.sampled_from(NAMES)), required=draw(st.booleans()), closed=draw(st.booleans()))
    if draw(st.booleans()):
        place.refer()
        place.put("top", required=True, closed=False)
    return place


@st.composite
def narrowings(draw: st.DrawFn) -> tuple[Schema, dict[str, Schema]]:
    leaf, ways = draw(st.sampled_from(LEAVES))
    chosen = draw(st.lists(st.sampled_from(sorted(ways)), min_size=1, unique=True))
    return leaf, {rule: ways[rule] for rule in chosen}


RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(places(), narrowings())
def test_each_narrower_bound_is_found_with_a_document_that_breaks_just_that(
    place: Place, narrowing: tuple[Schema, dict[str, Schema]]
) -> None:
    leaf, ways = narrowing
    wide, narrow = place.schema(leaf), place.schema({**leaf, **{k: v for way in ways.values() for k, v in way.items()}})
    found = {item.rule: item for item in compare(wide, narrow)}
    assert found.keys() == ways.keys()
    for rule, item in found.items():
        blamed = ".b" if rule == "BECAME_REQUIRED" else ""
        assert item.where == f"inputs{place.where}{blamed}"
        assert item.example is not None, f"{item.where}: {rule}"
        assert not wide.inputs.violations(item.example)
        assert narrow.inputs.violations(item.example)
        assert place.schema({**leaf, **ways[rule]}).inputs.violations(item.example), f"{rule}: {item.example}"


@RELAXED
@given(places(), narrowings(), st.lists(st.sampled_from(VALUES), min_size=1, max_size=8))
def test_the_way_back_is_a_minor_version_that_invalidates_nothing(
    place: Place, narrowing: tuple[Schema, dict[str, Schema]], values: list[Any]
) -> None:
    leaf, ways = narrowing
    wide, narrow = place.schema(leaf), place.schema({**leaf, **{k: v for way in ways.values() for k, v in way.items()}})
    # Another pattern counts, whatever it says (reference VER-6): here it says more, so there is nothing to show.
    found = compare(narrow, wide)
    assert {item.rule for item in found} == ways.keys() & {"PATTERN_CHANGED"}
    assert all(item.example is None for item in found)
    for value in values:
        document = place.document(value)
        if not narrow.inputs.violations(document):
            assert wide.inputs.violations(document) == ()
            assert wide.inputs.violations(wide.inputs.complete(document)) == ()
