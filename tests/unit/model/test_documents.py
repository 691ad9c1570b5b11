from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.documents import canonical, digest
from reconciler.model.problems import Position, Problem, Severity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_canonical_bytes_say_the_value_and_end_with_one_newline(value: object) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")
    assert canonical(json.loads(data)) == data


def test_canonical_bytes_forget_key_order_and_the_digest_does_not() -> None:
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1})
    assert digest({"b": 1, "a": 2}) != digest({"a": 2, "b": 1})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(value)
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(value)


def test_a_problem_says_where_what_and_what_to_do() -> None:
    problem = Problem(Position("a.yaml", 3, 5), "CODE", "is wrong", "mend it")
    assert str(problem) == "a.yaml:3:5: [CODE] is wrong (mend it)"
    warning = Problem(Position("a.yaml"), "CODE", "is odd", severity=Severity.WARNING)
    assert str(warning) == "a.yaml: warning: [CODE] is odd"
    assert sorted([problem, warning]) == [warning, problem]
