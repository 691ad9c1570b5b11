from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InputError
from reconciler.forges.base import PullState
from reconciler.forges.pulls import Pull, branch_path, decode_pull, encode_pull, head_ref, pull_path

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
PULLS = st.builds(
    Pull,
    number=st.integers(1, 10**6),
    title=TEXT,
    body=TEXT,
    state=st.sampled_from(PullState),
    base=TEXT,
    branch=TEXT,
    head=TEXT,
    created_at=TEXT,
    merge_commit=TEXT,
    closed_at=TEXT,
    comments=TEXTS,
    labels=TEXTS,
)


@given(PULLS)
def test_a_pull_request_reads_back_as_it_was_written(pull: Pull) -> None:
    assert decode_pull(encode_pull(pull)) == pull


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"number": "x"}', b"null"])
def test_a_damaged_file_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match="refs/reconciler/pulls cannot be read"):
        decode_pull(data)


def test_files_are_kept_in_folders_of_a_hundred() -> None:
    assert [pull_path(number) for number in (1, 99, 100, 12345)] == [
        "0/1.json",
        "0/99.json",
        "1/100.json",
        "123/12345.json",
    ]
    assert head_ref(7) == "refs/pull/7/head"
    assert branch_path("a/../b").count("/") == 2
