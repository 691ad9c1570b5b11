"""Git trees as files, without a way out of the folder they are written to."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.automation.worktree import leads_out, write_out
from reconciler.model.trees import MODES, Entry, EntryKind, Tree, blob_id, sorted_entries, tree_id


class _Memory:
    """A tree reader over dictionaries, with names that no Git would write."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, tuple[Entry, ...]] = {}

    def entries(self, tree: str) -> tuple[Entry, ...]:
        return self.trees[tree]

    def size(self, blob: str) -> int:
        return len(self.blobs[blob])

    def read(self, blob: str) -> bytes:
        return self.blobs[blob]

    def blob(self, name: str, data: bytes, kind: EntryKind = EntryKind.FILE, mode: int = 0) -> Entry:
        self.blobs[blob_id(data)] = data
        return Entry(name, kind, blob_id(data), mode or MODES[kind])

    def tree(self, *entries: Entry) -> str:
        found = sorted_entries(entries)
        self.trees[tree_id(found)] = found
        return tree_id(found)

    def folder(self, name: str, *entries: Entry) -> Entry:
        return Entry(name, EntryKind.TREE, self.tree(*entries), MODES[EntryKind.TREE])


def test_files_keep_their_bytes_and_the_executable_bit(tmp_path: Path) -> None:
    memory = _Memory()
    tree = memory.tree(
        memory.blob("a.tf", b"a\r\n"),
        memory.folder("bin", memory.blob("run.sh", b"#!/bin/sh\n", mode=0o100755)),
    )
    write_out(Tree(memory, tree), tmp_path)
    assert (tmp_path / "a.tf").read_bytes() == b"a\r\n"
    assert not os.access(tmp_path / "a.tf", os.X_OK)
    assert os.access(tmp_path / "bin" / "run.sh", os.X_OK)


def test_links_are_made_only_inside_the_tree(tmp_path: Path) -> None:
    memory = _Memory()
    inside = memory.blob("inside", b"../modules", EntryKind.LINK)
    outside = memory.blob("outside", b"../../etc", EntryKind.LINK)
    absolute = memory.blob("absolute", b"/etc/passwd", EntryKind.LINK)
    tree = memory.tree(memory.folder("dev", inside, outside, absolute), memory.folder("modules"))
    write_out(Tree(memory, tree), tmp_path)
    assert sorted(item.name for item in (tmp_path / "dev").iterdir()) == ["inside"]
    assert (tmp_path / "dev" / "inside").resolve() == (tmp_path / "modules").resolve()


def test_names_that_would_leave_the_folder_are_left_out(tmp_path: Path) -> None:
    memory = _Memory()
    names = ["..", ".", "a/b", ".GIT", "ok"]
    tree = memory.tree(*(memory.blob(name, b"x") for name in names))
    write_out(Tree(memory, tree), tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == ["ok"]


def test_what_is_too_deep_or_too_long_is_left_out(tmp_path: Path) -> None:
    memory = _Memory()
    deep = memory.folder("d")
    for _ in range(1100):
        deep = memory.folder("d", deep)
    long = memory.folder("n" * 200, memory.blob("x", b"x"))
    for _ in range(50):
        long = memory.folder("n" * 200, long)
    tree = memory.tree(deep, long, memory.blob("n" * 300, b"x"), memory.blob("z.tf", b"x"))
    write_out(Tree(memory, tree), tmp_path)
    assert (tmp_path / "z.tf").read_bytes() == b"x"
    assert not (tmp_path / "/".join("d" * 110)).exists()


@pytest.mark.parametrize(
    ("target", "link", "out"),
    [
        ("x", "a", False),
        ("../x", "a/b", False),
        ("..", "a/b", False),
        ("../..", "a/b", True),
        ("../x", "a", True),
        ("d/../x", "a/b/c", True),
        ("", "a", True),
    ],
)
def test_a_link_leads_out_when_it_could(target: str, link: str, out: bool) -> None:
    assert leads_out(target, link) is out


_LINKS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join),
        st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=6).map("/".join),
    ),
    max_size=6,
)


@given(_LINKS)
def test_no_chain_of_accepted_links_ever_leaves_the_tree(links: list[tuple[str, str]]) -> None:
    accepted = {link: target for link, target in links if not leads_out(target, link)}
    for start in accepted:
        here: list[str] = []
        todo = start.split("/")
        for _ in range(100):
            if not todo:
                break
            part, todo = todo[0], todo[1:]
            if part == "..":
                assert here, f"{start} leaves the tree by {accepted}"
                here.pop()
            elif part != ".":
                path = str(PurePosixPath(*here, part))
                if path in accepted and all(accepted.get("/".join(here[:i])) is None for i in range(1, len(here))):
                    todo = accepted[path].split("/") + todo
                else:
                    here.append(part)
