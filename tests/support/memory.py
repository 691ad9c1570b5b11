"""Git trees that live in a dictionary: everything the pure packages need of Git, without Git."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.model.trees import MODES, Entry, EntryKind, Tree, blob_id, sorted_entries, tree_id


class MemoryReader:
    """`TreeReader` over objects in memory; `blobs_read` says how often bytes were asked for."""

    def __init__(self) -> None:
        self._trees: dict[str, tuple[Entry, ...]] = {}
        self._blobs: dict[str, bytes] = {}
        self.blobs_read = 0

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """See `TreeReader`."""
        return self._trees[tree]

    def size(self, blob: str) -> int:
        """See `TreeReader`."""
        return len(self._blobs[blob])

    def read(self, blob: str) -> bytes:
        """See `TreeReader`."""
        self.blobs_read += 1
        return self._blobs[blob]

    def write(self, files: Mapping[str, bytes | str | Entry]) -> str:
        """The id of a tree of files by path; an `Entry` stands for what is no plain file. Order does not matter."""
        entries: dict[str, Entry] = {}
        below: dict[str, dict[str, bytes | str | Entry]] = {}
        for path, value in files.items():
            name, _, rest = path.partition("/")
            if rest:
                below.setdefault(name, {})[rest] = value
            elif isinstance(value, Entry):
                entries[name] = value
            else:
                data = value.encode() if isinstance(value, str) else value
                blob = blob_id(data)
                self._blobs[blob] = data
                entries[name] = Entry(name, EntryKind.FILE, blob, MODES[EntryKind.FILE])
        for name, inside in below.items():
            entries[name] = Entry(name, EntryKind.TREE, self.write(inside), MODES[EntryKind.TREE])
        ordered = sorted_entries(entries.values())
        identity = tree_id(ordered)
        self._trees[identity] = ordered
        return identity


def memory_tree(files: Mapping[str, bytes | str | Entry]) -> Tree:
    """A tree of files by path."""
    reader = MemoryReader()
    return Tree(reader, reader.write(files))


def link(name: str) -> Entry:
    """A symbolic link; where it leads is never looked at."""
    return Entry(name, EntryKind.LINK, "0" * 40, MODES[EntryKind.LINK])


def files_of_tree(tree: Tree) -> dict[str, bytes]:
    """The files of a tree by path."""
    return {path: tree.reader.read(entry.id) for path, entry in tree.walk() if entry.kind is EntryKind.FILE}


def files_of_folder(folder: Path) -> dict[str, bytes]:
    """The files below a folder on disk by path, README files and the like included."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
