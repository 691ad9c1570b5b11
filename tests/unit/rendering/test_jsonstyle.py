from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.rendering.jsonstyle import proton_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=15,
)


@given(JSON)
def test_the_text_says_the_value_in_its_order(value: object) -> None:
    text = proton_json(value)
    assert json.loads(text) == value
    assert json.dumps(json.loads(text)) == json.dumps(value)  # key order, and 1 is not 1.0 or true


@given(JSON)
def test_there_is_no_newline_at_the_end_and_no_trailing_space(value: object) -> None:
    text = proton_json(value)
    assert not text.endswith("\n")
    assert not any(line.endswith((" ", "\t")) for line in text.split("\n"))


@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,5}\Z"), st.integers(), min_size=1, max_size=4))
def test_each_member_has_a_line_and_spaces_around_its_colon(value: dict[str, int]) -> None:
    lines = proton_json(value).split("\n")
    assert len(lines) == len(value) + 2
    assert all(re.fullmatch(r'  "[a-z]+" : -?[0-9]+,?', line) for line in lines[1:-1])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{ }"),
        ([], "[ ]"),
        ([1, "a", None, True], '[ 1, "a", null, true ]'),
        ({"a": {"b": []}}, '{\n  "a" : {\n    "b" : [ ]\n  }\n}'),
        ({"l": [{"a": 1}, {"b": 2}]}, '{\n  "l" : [ {\n    "a" : 1\n  }, {\n    "b" : 2\n  } ]\n}'),
        ({"l": [[1], []]}, '{\n  "l" : [ [ 1 ], [ ] ]\n}'),
        ({"ü": "世界"}, '{\n  "ü" : "世界"\n}'),
        ("a\nb\"c\\", '"a\\nb\\"c\\\\"'),
    ],
)  # fmt: skip
def test_the_style_is_that_of_proton(value: object, text: str) -> None:
    assert proton_json(value) == text


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        proton_json({"a": float("nan")})
