from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.patterns import Fuel, PatternError, TooCostly, parse_pattern

PIECES = ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "(?i:A)"]
PLACES = ["^", "$", r"\b", r"\B", r"\A", r"\Z", "(?=a)", "(?!b)", "(?<=a)", "(?<!ab)", ""]
REPEATS = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "*?", "{2,}"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, REPEATS).map(lambda two: f"(?:{two[0]}){two[1]}"),
    )


PATTERNS = st.recursive(st.sampled_from(PIECES + PLACES), _grow, max_leaves=8)


@given(PATTERNS, st.lists(st.text("abA1\n ", max_size=6), max_size=5))
def test_following_all_ways_at_once_finds_what_python_finds(text: str, values: list[str]) -> None:
    pattern = parse_pattern(text)
    for value in values:
        assert pattern.program.found_in(value, Fuel()) == (re.search(text, value) is not None)


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("(a+)+$", "a" * 5_000 + "b", False),
        ("(a|a)*$", "a" * 5_000 + "b", True),
        ("((((a+)+)+)+)+b", "a" * 400, False),
        ("(?:a?){60}a{60}", "a" * 59, False),
        (r"^(([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,})$", "a-b." * 60 + "c!", False),
        ("((){1000000}){1000000}", "x", True),
        ("[a-z]+@[a-z]+[.][a-z]+", "a" * 3_000, False),
    ],
)
def test_hostile_patterns_are_matched_in_bounded_time(text: str, value: str, found: bool) -> None:
    started = time.monotonic()
    assert parse_pattern(text).found_in(value) is found
    assert time.monotonic() - started < 5


def test_what_stays_too_costly_is_said() -> None:
    with pytest.raises(TooCostly):
        parse_pattern("((x{100}){100}(y|z)*){100}").found_in("x")
    with pytest.raises(TooCostly):
        parse_pattern("^((?=.*(a|b)*c).)*$").found_in("a" * 5_000 + "c")


def test_patterns_of_real_bundles_run_on_pythons_matcher() -> None:
    cidr = r"^([0-9]{1,3}\.){3}[0-9]{1,3}(\/([0-9]|[1-2][0-9]|3[0-2]))?$"
    assert parse_pattern(cidr).trusted_length > 10_000
    assert parse_pattern("^[a-zA-Z0-9_-]{1,63}$").trusted_length > 10_000
    assert parse_pattern(r"^arn:aws:iam::\d{12}:role/.+$").trusted_length > 10_000


@pytest.mark.parametrize(
    "text", ["[", "(", "a{99999999999}", r"(a)\1", "(?>a)", "a++", r"\p{L}", "(" * 100 + ")" * 100, "a" * 5_000]
)
def test_patterns_that_cannot_be_used_are_refused(text: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(text)


def test_a_pattern_that_python_would_warn_of_is_taken_quietly() -> None:
    assert parse_pattern("[[a]").found_in("[")


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"^[\w-.]+$", "a-b.c", "a b"),
        (r"^[a-z\d-_]+$", "a1-_", "A"),
        (r"^[.-\w]+$", "a.-", "/"),
        (r"^[\w-]+$", "a-b", "a.b"),
        (r"^a\z", "a", "ab"),
        (r"^(?<name>[a-z]+)-(?<n>\d+)$", "ab-1", "ab"),
        (r"^[a-c]+$", "abc", "-"),
        (r"^\[\w-\]$", "[a-]", "a"),
    ],
)
def test_what_other_dialects_mean_is_understood(pattern: str, fits: str, does_not: str) -> None:
    parsed = parse_pattern(pattern)
    assert parsed.found_in(fits)
    assert not parsed.found_in(does_not)
