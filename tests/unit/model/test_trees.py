from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.trees import Entry, EntryKind, Tree, blob_id, changed_paths, sorted_entries, tree_id, tree_of
from tests.support.memory import MemoryReader, files_of_tree, link, memory_tree

NAMES = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "B", "ä"])
FILES: st.SearchStrategy[dict[str, bytes]] = st.recursive(
    st.dictionaries(NAMES, st.binary(max_size=2), max_size=3),
    lambda below: st.dictionaries(NAMES, st.binary(max_size=2) | below, max_size=3),
    max_leaves=12,
).map(lambda nested: dict(flat(nested, "")))


def flat(nested: Mapping[str, Any], prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for name, value in nested.items():
        found += flat(value, f"{prefix}{name}/") if isinstance(value, dict) else [(prefix + name, value)]
    return found


@given(FILES)
def test_a_tree_holds_the_files_it_was_made_of(files: dict[str, bytes]) -> None:
    tree = memory_tree(files)
    assert files_of_tree(tree) == files
    assert all(tree.read(path) == data for path, data in files.items())


@given(FILES, FILES)
def test_equal_ids_mean_equal_content(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (memory_tree(one).id == memory_tree(other).id) == (one == other)


@given(FILES, st.randoms())
def test_the_order_in_which_entries_come_does_not_matter(files: dict[str, bytes], random: object) -> None:
    tree = memory_tree(files)
    entries = list(tree.entries())
    random.shuffle(entries)  # type: ignore[attr-defined]
    assert tree_id(entries) == tree.id
    assert sorted_entries(entries) == tree.entries()
    assert tree_of(tree.reader, entries).id == tree.id


@given(FILES, FILES)
def test_changed_paths_are_the_files_that_differ(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    found = list(changed_paths(memory_tree(one), memory_tree(other)))
    assert sorted(found) == sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
    assert sorted(changed_paths(memory_tree(other), memory_tree(one))) == sorted(found)


@given(FILES)
def test_everything_is_changed_against_nothing(files: dict[str, bytes]) -> None:
    assert sorted(changed_paths(None, memory_tree(files))) == sorted(files)
    assert sorted(changed_paths(memory_tree(files), None)) == sorted(files)
    assert list(changed_paths(memory_tree(files), memory_tree(files))) == []


def test_equal_subtrees_are_never_opened() -> None:
    class Counting(MemoryReader):
        opened: list[str]

        def entries(self, tree: str) -> tuple[Entry, ...]:
            self.opened.append(tree)
            return super().entries(tree)

    reader = Counting()
    one = {f"{folder}/f": b"1" for folder in "abcdefgh"}
    before, after = reader.write(one), reader.write({**one, "d/f": b"2"})
    reader.opened = []
    assert list(changed_paths(Tree(reader, before), Tree(reader, after))) == ["d/f"]
    assert len(reader.opened) == 4


def test_ids_are_those_of_git() -> None:
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert tree_id(()) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_a_folder_is_ordered_as_if_its_name_ended_with_a_slash() -> None:
    tree = memory_tree({"a/x": b"", "a-b": b"", "a.b": b"", "a0": b""})
    assert [entry.name for entry in tree.entries()] == ["a-b", "a.b", "a", "a0"]


def test_a_file_that_becomes_a_folder_is_changed_and_so_is_what_is_in_it() -> None:
    assert list(changed_paths(memory_tree({"a": b"1"}), memory_tree({"a/b": b"1"}))) == ["a", "a/b"]


@pytest.mark.parametrize("path", ["x", "a/x", "a/b/x", "f/x", "l/x"])
def test_what_is_not_there_is_none(path: str) -> None:
    tree = memory_tree({"a/b/c": b"", "f": b"", "l": link("l")})
    assert (tree.entry(path), tree.read(path), tree.subtree(path)) == (None, None, None)


def test_links_are_listed_and_never_followed() -> None:
    tree = memory_tree({"a/f": b"1", "l": link("l")})
    assert tree.read("l") is None
    assert tree.subtree("l") is None
    assert [(path, entry.kind) for path, entry in tree.walk()] == [("a/f", EntryKind.FILE), ("l", EntryKind.LINK)]


def test_a_tree_of_entries_reads_through_the_reader_below() -> None:
    tree = memory_tree({"a/f": b"1", "g": b"2", "h": b"3"})
    part = tree_of(tree.reader, (entry for entry in tree.entries() if entry.name != "g"))
    assert files_of_tree(part) == {"a/f": b"1", "h": b"3"}
    assert part.id == memory_tree({"a/f": b"1", "h": b"3"}).id
    assert part.reader.size(part.entries()[1].id) == 1
