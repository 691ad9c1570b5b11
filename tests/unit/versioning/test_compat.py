from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.catalog.inputs import BundleSchema, InputType
from reconciler.versioning.compat import Incompatibility, compare


def bundle(properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> BundleSchema:
    schema = {"type": "object", "required": list(required), "properties": properties, **more}
    return BundleSchema(InputType("In", schema))


def only(old: BundleSchema, new: BundleSchema) -> Incompatibility:
    found = compare(old, new)
    assert len(found) == 1, found
    return found[0]


def proves(item: Incompatibility, old: BundleSchema, new: BundleSchema) -> bool:
    return not old.inputs.violations(item.example) and bool(new.inputs.violations(item.example))


TEXT = {"type": "string"}
NUMBER = {"type": "number"}

# Each row: what the property `p` was, what it becomes, the rule that this breaks.
BROKEN = [
    (TEXT, NUMBER, "TYPE_CHANGED", "inputs.p"),
    ({**TEXT, "nullable": True}, TEXT, "NULLABLE_REMOVED", "inputs.p"),
    (TEXT, {**TEXT, "enum": ["a", "b"]}, "ENUM_ADDED", "inputs.p"),
    ({**TEXT, "enum": ["s", "m"]}, {**TEXT, "enum": ["s", "l"]}, "ENUM_VALUE_REMOVED", "inputs.p"),
    (TEXT, {**TEXT, "pattern": "^[a-z]+$"}, "PATTERN_ADDED", "inputs.p"),
    ({**TEXT, "pattern": "^[a-z0-9-]+$"}, {**TEXT, "pattern": "^[a-z0-9]+$"}, "PATTERN_CHANGED", "inputs.p"),
    (
        {**TEXT, "pattern": "^.{3}$", "minLength": 3},
        {**TEXT, "pattern": "^[a-m]", "minLength": 3},
        "PATTERN_CHANGED",
        "inputs.p",
    ),
    ({**TEXT, "pattern": r"\d{1,3}/\d"}, {**TEXT, "pattern": r"\d{1,2}/\d$"}, "PATTERN_CHANGED", "inputs.p"),
    (TEXT, {**TEXT, "format": "date"}, "FORMAT_ADDED", "inputs.p"),
    ({**TEXT, "format": "date"}, {**TEXT, "format": "date-time"}, "FORMAT_CHANGED", "inputs.p"),
    (TEXT, {**TEXT, "minLength": 1}, "MIN_LENGTH_RAISED", "inputs.p"),
    (TEXT, {**TEXT, "maxLength": 100}, "MAX_LENGTH_LOWERED", "inputs.p"),
    ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 10}, "MINIMUM_RAISED", "inputs.p"),
    ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 1, "exclusiveMinimum": True}, "MINIMUM_RAISED", "inputs.p"),
    ({**NUMBER, "maximum": 9.5}, {**NUMBER, "maximum": 9}, "MAXIMUM_LOWERED", "inputs.p"),
    ({**NUMBER, "multipleOf": 0.2}, {**NUMBER, "multipleOf": 0.3}, "MULTIPLE_OF_CHANGED", "inputs.p"),
    (NUMBER, {**NUMBER, "multipleOf": 2}, "MULTIPLE_OF_CHANGED", "inputs.p"),
    ({"type": "array"}, {"type": "array", "items": TEXT}, "TYPE_CHANGED", "inputs.p[]"),
    ({"type": "array", "items": TEXT}, {"type": "array", "items": NUMBER}, "TYPE_CHANGED", "inputs.p[]"),
    ({"type": "array", "items": TEXT}, {"type": "array", "items": TEXT, "minItems": 2}, "MIN_ITEMS_RAISED", "inputs.p"),
    (
        {"type": "array", "items": TEXT},
        {"type": "array", "items": TEXT, "maxItems": 2},
        "MAX_ITEMS_LOWERED",
        "inputs.p",
    ),
    (
        {"type": "array", "items": TEXT},
        {"type": "array", "items": TEXT, "uniqueItems": True},
        "UNIQUE_ITEMS_ADDED",
        "inputs.p",
    ),
    ({"type": "object"}, {"type": "object", "minProperties": 2}, "MIN_PROPERTIES_RAISED", "inputs.p"),
    ({"type": "object"}, {"type": "object", "maxProperties": 2}, "MAX_PROPERTIES_LOWERED", "inputs.p"),
    ({"type": "object"}, {"type": "object", "additionalProperties": False}, "ADDITIONAL_REFUSED", "inputs.p"),
    (
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": NUMBER},
        "TYPE_CHANGED",
        "inputs.p.*",
    ),
    (
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": True, "properties": {"q": NUMBER}},
        "TYPE_CHANGED",
        "inputs.p.q",
    ),
    (
        {"type": "array", "items": {"type": "object", "properties": {"q": TEXT}}},
        {"type": "array", "items": {"type": "object", "properties": {"q": TEXT}, "required": ["q"]}},
        "BECAME_REQUIRED",
        "inputs.p[].q",
    ),
]


@pytest.mark.parametrize(("before", "after", "rule", "where"), BROKEN)
def test_a_narrower_property_is_refused_with_a_document_that_proves_it(
    before: dict[str, Any], after: dict[str, Any], rule: str, where: str
) -> None:
    old, new = bundle({"p": before, "o": TEXT}, ("p",)), bundle({"p": after, "o": TEXT}, ("p",))
    item = only(old, new)
    assert (item.rule, item.where) == (rule, where)
    assert item.example is not None
    assert proves(item, old, new)


FREE = [
    ({**TEXT, "minLength": 3}, {**TEXT, "minLength": 2, "description": "d", "title": "t", "default": "abc"}),
    ({**TEXT, "pattern": "^a$", "format": "uuid"}, TEXT),
    ({**TEXT, "enum": ["a"]}, {**TEXT, "enum": ["a", "b"]}),
    ({**TEXT, "enum": ["a"]}, TEXT),
    (TEXT, {**TEXT, "nullable": True}),
    ({**NUMBER, "multipleOf": 0.4}, {**NUMBER, "multipleOf": 0.2}),
    ({**NUMBER, "minimum": 1, "exclusiveMinimum": True}, {**NUMBER, "minimum": 1}),
    (NUMBER, {**NUMBER, "minLength": 5, "pattern": "x"}),
    ({"type": "array", "items": TEXT, "maxItems": 2, "uniqueItems": True}, {"type": "array"}),
    ({"type": "object", "additionalProperties": False}, {"type": "object", "properties": {"q": TEXT}}),
    ({"type": "object", "additionalProperties": NUMBER}, {"type": "object"}),
]


@pytest.mark.parametrize(("before", "after"), FREE)
def test_a_wider_property_is_a_minor_version(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert compare(bundle({"p": before}, ("p",)), bundle({"p": after}, ("p",))) == ()


def test_a_new_optional_input_or_one_with_a_default_is_a_minor_version() -> None:
    new = bundle({"p": TEXT, "q": NUMBER, "r": {**TEXT, "default": "x"}}, ("r",))
    assert compare(bundle({"p": TEXT}), new) == ()


def test_a_new_required_input_without_a_default_is_refused() -> None:
    old, new = bundle({"p": TEXT}, ("p",)), bundle({"p": TEXT, "q": TEXT}, ("p", "q"))
    item = only(old, new)
    assert (item.where, item.rule, item.message) == (
        "inputs.q",
        "REQUIRED_ADDED",
        "new and required, without a default",
    )
    assert item.example == {"p": "a"}
    assert proves(item, old, new)


def test_an_input_that_becomes_required_is_refused_unless_it_has_a_default() -> None:
    old = bundle({"p": TEXT})
    assert only(old, bundle({"p": TEXT}, ("p",))).rule == "BECAME_REQUIRED"
    assert compare(old, bundle({"p": {**TEXT, "default": "x"}}, ("p",))) == ()


def test_taking_the_default_from_a_required_input_is_refused() -> None:
    old = bundle({"p": {**TEXT, "default": "x"}}, ("p",))
    item = only(old, bundle({"p": TEXT}, ("p",)))
    assert (item.rule, item.example) == ("BECAME_REQUIRED", {})


def test_a_removed_input_is_refused_with_a_document_that_uses_it() -> None:
    old = bundle({"p": TEXT, "q": {**NUMBER, "minimum": 5}}, ("p",))
    item = only(old, bundle({"p": TEXT}, ("p",)))
    assert (item.where, item.rule) == ("inputs.q", "PROPERTY_REMOVED")
    assert item.example == {"p": "a", "q": 5}
    assert not old.inputs.violations(item.example)


def test_the_pipeline_is_judged_apart_and_may_neither_come_nor_go() -> None:
    inputs = bundle({"p": TEXT}).inputs
    pipeline, narrower = (bundle({"d": {**TEXT, "maxLength": size}}).inputs for size in (9, 5))
    without, with_one = BundleSchema(inputs), BundleSchema(inputs, pipeline)
    assert only(without, with_one).rule == "PIPELINE_ADDED"
    assert only(with_one, without).rule == "PIPELINE_DROPPED"
    item = only(with_one, BundleSchema(inputs, narrower))
    assert (item.where, item.message, item.example) == (
        "pipeline inputs.d",
        "maxLength lowered from 9 to 5",
        {"d": "a" * 6},
    )


def test_every_break_is_reported_at_once() -> None:
    old = bundle({"a": TEXT, "b": TEXT, "c": {"type": "object", "properties": {"d": TEXT}}})
    new = bundle({"a": NUMBER, "c": {"type": "object", "properties": {"d": {**TEXT, "maxLength": 1}}}}, ("a",))
    assert {(item.where, item.rule) for item in compare(old, new)} == {
        ("inputs.a", "TYPE_CHANGED"),
        ("inputs.a", "BECAME_REQUIRED"),
        ("inputs.b", "PROPERTY_REMOVED"),
        ("inputs.c.d", "MAX_LENGTH_LOWERED"),
    }


def test_an_example_blames_the_change_it_stands_for() -> None:
    old = bundle({"a": TEXT, "b": TEXT}, ("a", "b"))
    new = bundle({"a": NUMBER, "b": {**TEXT, "maxLength": 3}}, ("a", "b"))
    by_rule = {item.rule: item for item in compare(old, new)}
    assert len(by_rule["MAX_LENGTH_LOWERED"].example["b"]) > 3


def test_an_example_without_a_proof_is_left_out() -> None:
    old, new = ({**TEXT, "pattern": pattern} for pattern in ("^[ab]$", "^(a|b)$"))
    item = only(bundle({"p": old}), bundle({"p": new}))
    assert (item.rule, item.example) == ("PATTERN_CHANGED", None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(a+)+$", "(a|a)*b$"),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "((a+)+)+c"),
        ("(x{1,900}){1,900}", "(.*)(.*)(.*)(.*)(.*)$z"),
        ("^(?=.*[a-z])(?=.*[0-9]).{8,}$", "^(?=.*[A-Z])(?=.*[0-9]).{8,}$"),
        ("(a?){40}a{40}", "(.{0,4000}x){0,4000}"),
    ],
)
def test_hostile_patterns_are_compared_in_bounded_time(before: str, after: str) -> None:
    started = time.monotonic()
    old, new = ({**TEXT, "pattern": pattern} for pattern in (before, after))
    assert [item.rule for item in compare(bundle({"p": old}), bundle({"p": new}))] == ["PATTERN_CHANGED"]
    assert time.monotonic() - started < 20


# Random schemas, kept small so that two of them often have something to do with each other.
NAMES = st.sampled_from(["a", "b", "c"])
PATTERNS = st.sampled_from(["^[ab]+$", "a", "^a", "b$", "^[a-c]{1,3}$", "^(a|bc)*$"])
COUNTS = st.integers(0, 3)
NUMBERS = st.one_of(st.integers(-3, 5), st.sampled_from([0.5, 1.5]))
TEXTS = st.sampled_from(["", "a", "b", "ab", "bc"])
VALUES = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
LISTED = {"string": TEXTS, "number": NUMBERS, "integer": st.integers(-3, 5), "boolean": st.booleans()}

OF_TYPE: dict[str | None, dict[str, st.SearchStrategy[Any]]] = {
    "string": {
        "minLength": COUNTS,
        "maxLength": COUNTS,
        "pattern": PATTERNS,
        "format": st.sampled_from(["date", "password"]),
    },
    "number": {
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "exclusiveMinimum": st.booleans(),
        "exclusiveMaximum": st.booleans(),
        "multipleOf": st.sampled_from([0.5, 1, 2, 3]),
    },
    "boolean": {},
    "array": {"minItems": COUNTS, "maxItems": COUNTS, "uniqueItems": st.booleans()},
    "object": {"minProperties": COUNTS, "maxProperties": COUNTS},
}
OF_TYPE["integer"] = OF_TYPE["number"]
OF_TYPE[None] = {key: value for group in OF_TYPE.values() for key, value in group.items()}


def keywords(kind: str | None) -> dict[str, st.SearchStrategy[Any]]:
    """The keywords of a type that hold no schemas, and their values."""
    listed = LISTED.get(str(kind), VALUES)
    common = {"nullable": st.booleans(), "default": listed, "enum": st.lists(listed, min_size=1, max_size=3)}
    return {**OF_TYPE[kind], **common}


@st.composite
def schemas(draw: st.DrawFn, kind: str | None = "", depth: int = 2) -> dict[str, Any]:
    kinds = [*OF_TYPE] if depth else [kind for kind in OF_TYPE if kind not in ("array", "object")]
    kind = draw(st.sampled_from(kinds)) if kind == "" else kind
    schema: dict[str, Any] = {} if kind is None else {"type": kind}
    for key, values in keywords(kind).items():
        if draw(st.integers(0, 4)) == 0:
            schema[key] = draw(values)
    if kind in ("array", None) and depth and draw(st.booleans()):
        schema["items"] = draw(schemas(depth=depth - 1))
    if kind in ("object", None) and depth:
        schema["properties"] = draw(st.dictionaries(NAMES, schemas(depth=depth - 1), max_size=3))
        schema["required"] = draw(st.lists(NAMES, max_size=2, unique=True))
        if draw(st.integers(0, 2)) == 0:
            schema["additionalProperties"] = draw(st.one_of(st.booleans(), schemas(depth=depth - 1)))
    return schema


def nodes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    below = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    return [schema, *(node for child in below if isinstance(child, dict) for node in nodes(child))]


@st.composite
def mutants(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with one to three keywords replaced, dropped or added somewhere in it."""
    result = copy.deepcopy(schema)
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.sampled_from(nodes(result)))
        plain, nested = keywords(node.get("type")), draw(schemas(node.get("type"), depth=1))
        # What is there is the likelier place to break something.
        key = draw(st.sampled_from([*node, *node, *plain, *nested]))
        if key == "properties" and draw(st.booleans()):
            node[key] = {**node.get(key, {}), draw(NAMES): draw(schemas(depth=0))}
        elif key in plain and draw(st.integers(0, 3)):
            node[key] = draw(plain[key])
        elif key in nested and key != "type":
            node[key] = nested[key]
        elif key != "type":
            node.pop(key, None)
    return result


@st.composite
def documents(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """A value that often, not always, fits a schema."""
    if "enum" in schema and draw(st.integers(0, 3)):
        return draw(st.sampled_from(schema["enum"]))
    match schema.get("type"):
        case "string":
            return draw(st.one_of(st.text("abc", max_size=4), st.just("2024-01-31")))
        case "number" | "integer":
            return draw(NUMBERS)
        case "boolean":
            return draw(st.booleans())
        case "array":
            return draw(st.lists(documents(schema.get("items", {})), max_size=3))
        case "object":
            value = {}
            extra = schema.get("additionalProperties")
            for name in ("a", "b", "c", "d"):
                if draw(st.integers(0, 3)):
                    below = schema.get("properties", {}).get(name)
                    if below is not None or extra not in (None, False):
                        value[name] = draw(documents(below or (extra if isinstance(extra, dict) else {})))
            return value
        case _:
            return draw(st.one_of(VALUES, st.lists(VALUES, max_size=2), st.dictionaries(NAMES, VALUES, max_size=2)))


RELAXED = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@RELAXED
@given(st.data())
def test_what_was_valid_stays_valid_when_nothing_is_found(data: st.DataObject) -> None:
    before = data.draw(schemas("object"))
    after = data.draw(mutants(before))
    old, new = BundleSchema(InputType("In", before)), BundleSchema(InputType("In", after))
    if compare(old, new):
        return
    for document in data.draw(st.lists(documents(before), min_size=1, max_size=5)):
        if not old.inputs.violations(document) and not old.inputs.unknown(document):
            assert new.inputs.violations(document) == ()


@RELAXED
@given(st.data())
def test_every_example_was_valid_and_no_longer_is(data: st.DataObject) -> None:
    before = data.draw(schemas("object"))
    old, new = (BundleSchema(InputType("In", schema)) for schema in (before, data.draw(mutants(before))))
    for item in compare(old, new):
        if item.example is not None:
            assert not old.inputs.violations(item.example)
            assert item.rule == "PROPERTY_REMOVED" or new.inputs.violations(item.example)


@RELAXED
@given(schemas("object"))
def test_a_schema_is_compatible_with_itself(schema: dict[str, Any]) -> None:
    one = BundleSchema(InputType("In", schema))
    assert compare(one, one) == ()
