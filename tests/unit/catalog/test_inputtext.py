"""Inputs as they are typed: the schema says which one is meant, and what the text is."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.catalog.inputs import InputType
from reconciler.catalog.inputtext import find_value, merged, read_input
from reconciler.errors import InputError, UsageError

INPUTS = InputType(
    "Web",
    {
        "type": "object",
        "properties": {
            "tag": {"type": "string"},
            "port": {"type": "integer"},
            "debug": {"type": "boolean"},
            "zones": {"type": "array", "items": {"type": "string"}},
            "size": {"type": "object", "properties": {"cpu": {"type": "number"}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "dotted.name": {"type": "object", "properties": {"a.b": {"type": "string"}}},
            "anything": {},
        },
    },
)


@pytest.mark.parametrize(
    ("text", "where", "value"),
    [
        ("tag=8080", ("tag",), "8080"),
        ("tag=", ("tag",), ""),
        ("tag=a=b", ("tag",), "a=b"),
        ("port=8080", ("port",), 8080),
        ("port=many", ("port",), "many"),  # for the schema to refuse
        ("debug=true", ("debug",), True),
        ('zones=["a", b]', ("zones",), ["a", "b"]),
        ("zones.1=2", ("zones", 1), "2"),
        ("size.cpu=0.5", ("size", "cpu"), 0.5),
        ('size={"cpu": 2}', ("size",), {"cpu": 2}),
        ("labels.team=1", ("labels", "team"), "1"),
        ("dotted.name.a.b=x", ("dotted.name", "a.b"), "x"),
        ("anything=1", ("anything",), 1),
        ("anything.below=1", ("anything", "below"), 1),
    ],
)
def test_a_text_is_a_value_of_the_type_that_the_schema_gives(text: str, where: tuple[Any, ...], value: Any) -> None:
    found = read_input(INPUTS, text)
    assert found == (where, value)
    assert type(found[1]) is type(value)


@pytest.mark.parametrize(
    ("text", "unknown", "hint"),
    [("prot=1", "prot", '"port"'), ("size.cpus=1", "size.cpus", '"cpu"'), ("tag.x=1", "tag.x", "remove it")],
)
def test_an_unknown_input_says_which_one_may_be_meant(text: str, unknown: str, hint: str) -> None:
    with pytest.raises(InputError, match=f'no input "{unknown}"') as caught:
        read_input(INPUTS, text)
    assert hint in caught.value.hint


def test_text_without_an_equals_sign_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no input"):
        read_input(INPUTS, "port")


def test_a_list_that_cannot_be_read_is_an_error_of_the_person() -> None:
    with pytest.raises(InputError, match="zones cannot be read"):
        read_input(INPUTS, "zones=[a")


def test_values_at_paths_make_one_document() -> None:
    assert merged([(("a", "b"), 1), (("a", "c"), 2), (("d",), [])]) == {"a": {"b": 1, "c": 2}, "d": []}
    for path in (("a", 0), ("d", "e")):
        with pytest.raises(InputError, match="by itself"):
            merged([(("d",), 1), (path, 1)])


def test_a_value_is_found_by_the_name_that_was_typed() -> None:
    values = {"a.b": [{"c": 1}], "a": {"d": 2}}
    assert find_value(values, "a.b.0.c") == ("a.b", 0, "c")
    assert find_value(values, "a.d") == ("a", "d")
    assert find_value(values, "a.b.1.c") is None
    assert find_value(values, "x") is None
