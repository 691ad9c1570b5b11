from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.versions import VERSION_PATTERN, Version, VersionLine, parse_line, parse_version

NUMBERS = st.integers(0, 999_999_999)


@given(NUMBERS, NUMBERS)
def test_versions_and_lines_are_read_back_from_their_texts(major: int, minor: int) -> None:
    assert parse_version(str(Version(major, minor))) == Version(major, minor)
    assert parse_line(str(VersionLine(major, minor))) == VersionLine(major, minor)
    assert parse_line(str(VersionLine(major))) == VersionLine(major)


@given(st.from_regex(VERSION_PATTERN))
def test_whatever_the_pattern_of_files_lets_through_can_be_read(text: str) -> None:
    if not text.endswith("\n"):  # `$` means the very end in JSON Schema, not in Python
        assert parse_line(text) is not None


@given(st.text(alphabet="0123456789.v \n", max_size=12))
def test_whatever_can_be_read_matches_the_pattern_of_files(text: str) -> None:
    assert (parse_line(text) is not None) == (re.search(VERSION_PATTERN, text) is not None and "\n" not in text)


@pytest.mark.parametrize(
    "text", ["", "1", "v1.0", "01.0", "1.00", "1.0.0", "1.", ".1", "1.0\n", "-1.0", "1.9999999999"]
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse_version(text) is None


def test_versions_are_compared_as_numbers() -> None:
    texts = ["10.0", "2.10", "2.9", "2.0", "1.11"]
    versions = sorted(version for text in texts if (version := parse_version(text)) is not None)
    assert list(map(str, versions)) == ["1.11", "2.0", "2.9", "2.10", "10.0"]


def test_a_line_allows_every_minor_of_its_major_and_a_pin_only_itself() -> None:
    assert [VersionLine(1).allows(Version(*pair)) for pair in ((1, 0), (1, 7), (2, 0))] == [True, True, False]
    assert [VersionLine(1, 2).allows(Version(*pair)) for pair in ((1, 2), (1, 3), (2, 2))] == [True, False, False]
    assert VersionLine(1, 0).allows(Version(1, 0))
    assert not VersionLine(1, 0).allows(Version(1, 1))
