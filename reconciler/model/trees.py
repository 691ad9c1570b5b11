"""Git trees as values: what the pure packages know of Git.

A tree is read through the `TreeReader` port, by object id. Ids are Git's own (SHA-1 over the canonical object),
also for a working folder that was never committed, so that "same id" always means "same content".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reconciler.errors import InputError


class EntryKind(StrEnum):
    """What a tree entry is. Links and submodules are listed, never followed."""

    FILE = "file"
    TREE = "tree"
    LINK = "link"
    SUBMODULE = "submodule"


MODES = {EntryKind.FILE: 0o100644, EntryKind.TREE: 0o040000, EntryKind.LINK: 0o120000, EntryKind.SUBMODULE: 0o160000}


@dataclass(frozen=True)
class Entry:
    """One name in a tree. `mode` is Git's file mode, `id` the hexadecimal object id."""

    name: str
    kind: EntryKind
    id: str
    mode: int


# Deeper than any person's folders, and shallow enough for recursion.
MAX_DEPTH = 100


def check_depth(prefix: str) -> None:
    """Raises `InputError` for a path that is nested too deeply."""
    if prefix.count("/") > MAX_DEPTH:
        start = "/".join(prefix.split("/")[:3])
        raise InputError(f"folders below {start} are nested more than {MAX_DEPTH} deep", hint="flatten them")


class TreeReader(Protocol):
    """Reads objects of one repository, or of one folder on disk, by id."""

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """The entries of a tree in Git's order. Raises `KeyError` for an id that is not a tree."""

    def size(self, blob: str) -> int:
        """The size of a blob in bytes, without reading it."""

    def read(self, blob: str) -> bytes:
        """The bytes of a blob."""


@dataclass(frozen=True)
class Tree:
    """A tree together with the reader that can look into it."""

    reader: TreeReader
    id: str

    def entries(self) -> tuple[Entry, ...]:
        """The entries of this tree."""
        return self.reader.entries(self.id)

    def entry(self, path: str) -> Entry | None:
        """The entry at a slash-separated path, or None; looks only at the trees on the way."""
        tree = self.id
        found: Entry | None = None
        for part in path.split("/"):
            if found is not None:
                if found.kind is not EntryKind.TREE:
                    return None
                tree = found.id
            found = next((entry for entry in self.reader.entries(tree) if entry.name == part), None)
            if found is None:
                return None
        return found

    def subtree(self, path: str) -> Tree | None:
        """The tree at a path, or None when there is none."""
        entry = self.entry(path)
        return Tree(self.reader, entry.id) if entry is not None and entry.kind is EntryKind.TREE else None

    def read(self, path: str) -> bytes | None:
        """The bytes of the file at a path, or None when there is no such file."""
        entry = self.entry(path)
        return self.reader.read(entry.id) if entry is not None and entry.kind is EntryKind.FILE else None

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Every entry below that is not a tree, as (path, entry), depth first in Git's order. Raises `InputError` when
        folders are nested deeper than `MAX_DEPTH`: somebody made that tree to exhaust us."""
        check_depth(prefix)
        for entry in self.entries():
            path = prefix + entry.name
            if entry.kind is EntryKind.TREE:
                yield from Tree(self.reader, entry.id).walk(path + "/")
            else:
                yield path, entry


class _Overlay:
    """A reader that knows one tree more than the reader below it."""

    def __init__(self, reader: TreeReader, tree: str, entries: tuple[Entry, ...]) -> None:
        self._reader, self._tree, self._entries = reader, tree, entries

    def entries(self, tree: str) -> tuple[Entry, ...]:
        return self._entries if tree == self._tree else self._reader.entries(tree)

    def size(self, blob: str) -> int:
        return self._reader.size(blob)

    def read(self, blob: str) -> bytes:
        return self._reader.read(blob)


def tree_of(reader: TreeReader, entries: Iterable[Entry]) -> Tree:
    """A tree of the given entries, whether or not Git has ever seen it; `reader` can read what they name."""
    ordered = sorted_entries(entries)
    identity = tree_id(ordered)
    return Tree(_Overlay(reader, identity, ordered), identity)


def changed_paths(before: Tree | None, after: Tree | None, prefix: str = "") -> Iterator[str]:
    """The paths of files that differ between two trees. Equal subtrees are never opened, so the work is the change."""
    if before is not None and after is not None and before.id == after.id:
        return
    check_depth(prefix)
    old = {entry.name: entry for entry in before.entries()} if before is not None else {}
    new = {entry.name: entry for entry in after.entries()} if after is not None else {}
    for name in sorted(old.keys() | new.keys()):
        a, b = old.get(name), new.get(name)
        if a == b:
            continue
        path = prefix + name
        if any(entry is not None and entry.kind is not EntryKind.TREE for entry in (a, b)):
            yield path
        before_tree = Tree(before.reader, a.id) if before and a and a.kind is EntryKind.TREE else None
        after_tree = Tree(after.reader, b.id) if after and b and b.kind is EntryKind.TREE else None
        if before_tree or after_tree:
            yield from changed_paths(before_tree, after_tree, path + "/")


def _git_order(entry: Entry) -> bytes:
    return entry.name.encode() + (b"/" if entry.kind is EntryKind.TREE else b"")


def sorted_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries in the order that Git's tree objects have."""
    return tuple(sorted(entries, key=_git_order))


def blob_id(data: bytes) -> str:
    """The id Git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def tree_id(entries: Iterable[Entry]) -> str:
    """The id Git gives a tree of these entries."""
    body = b"".join(
        b"%o %s\0%s" % (entry.mode, entry.name.encode(), bytes.fromhex(entry.id)) for entry in sorted_entries(entries)
    )
    return hashlib.sha1(b"tree %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
