"""The objects of one repository, read and written through libgit2."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pygit2
from pygit2.enums import FileMode, ObjectType

from reconciler.errors import InputError
from reconciler.gitstore.base import Commit, Edit, Person
from reconciler.gitstore.repository import writing
from reconciler.model.trees import MODES, Entry, EntryKind, Tree

MAX_CACHED_ENTRIES = 200_000
MAX_PATH_BYTES = 4096
MAX_PATH_PARTS = 100
_KINDS = {mode: kind for kind, mode in MODES.items()}
_FORBIDDEN_PARTS = ("", ".", "..", ".git", "git~1")
# What the file systems of macOS and Windows leave out of a name: "\u200c.git" and ".git . " are `.git` there.
_INVISIBLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]|[. ]+$|:.*$")


class PygitObjects:
    """`Objects` over a repository. Threads may share it; every error names the repository as `name`.

    `blobs_read` counts the blobs whose bytes were read, so that a test can hold work to the size of a change.
    """

    def __init__(self, repository: pygit2.Repository, name: str = "") -> None:
        self._repository = repository
        self._name = name or repository.path
        self._trees = _TreeCache()
        self.blobs_read = 0

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """See `TreeReader`. A name that is not UTF-8 is shown with escapes; it can be kept, not addressed."""
        found = self._trees.get(tree)
        if found is None:
            found = _parse_tree(self._load(tree, ObjectType.TREE))
            self._trees.put(tree, found)
        return found

    def size(self, blob: str) -> int:
        """See `TreeReader`."""
        try:
            kind, size = self._repository.odb.read_header(blob)
        except (KeyError, ValueError, pygit2.GitError):
            raise KeyError(blob) from None
        if kind != ObjectType.BLOB:
            raise KeyError(blob)
        return int(size)

    def read(self, blob: str) -> bytes:
        """See `TreeReader`. Raises `KeyError` for an id that is not a blob."""
        data = self._load(blob, ObjectType.BLOB)
        self.blobs_read += 1
        return data

    def commit(self, commit: str) -> Commit:
        """See `Objects`."""
        try:
            found = self._repository[commit].peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError):
            raise KeyError(commit) from None
        return Commit(
            id=str(found.id),
            tree=str(found.tree_id),
            parents=tuple(str(parent) for parent in found.parent_ids),
            message=found.raw_message.decode("utf-8", "replace"),
            author=_person(found.author),
            time=found.commit_time,
        )

    def tree(self, commit: str) -> Tree:
        """See `Objects`."""
        return Tree(self, self.commit(commit).tree)

    def has(self, object_id: str) -> bool:
        """See `Objects`."""
        try:
            return self._repository.odb.exists(object_id)
        except (ValueError, pygit2.GitError):
            return False

    def resolve(self, revision: str) -> str | None:
        """See `Objects`."""
        try:
            return str(self._repository.revparse_single(revision).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """See `Objects`. What is not at hand is nobody's ancestor."""
        if ancestor == descendant:
            return True
        if not self.has(ancestor) or not self.has(descendant):
            return False
        return self._repository.descendant_of(descendant, ancestor)

    def merge(self, ours: str, theirs: str) -> str | None:
        """See `Objects`."""
        index = self._repository.merge_commits(ours, theirs)
        if index.conflicts is not None:
            return None
        with writing(self._name):
            return str(index.write_tree(self._repository))

    def history(self, commit: str, path: str) -> Iterator[Commit]:
        """See `Objects`. An empty path means the whole tree; a shallow clone's last commit counts as a first one."""
        current: Commit | None = self.commit(commit)
        while current is not None:
            parent = self.commit(current.parents[0]) if current.parents and self.has(current.parents[0]) else None
            if self._at(current, path) != (self._at(parent, path) if parent else None):
                yield current
            current = parent

    def write_blob(self, data: bytes) -> str:
        """See `Objects`."""
        with writing(self._name):
            return str(self._repository.create_blob(data))

    def write_tree(self, base: str | None, edits: Mapping[str, Edit]) -> str:
        """See `Objects`."""
        root = _Node()
        for path, edit in edits.items():
            root.place(path, edit)
        return self._write(base, root, "")[0]

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str, *, author: Person, time: int) -> str:
        """See `Objects`. Author and committer are the same, in UTC."""
        for object_id in (tree, *parents):
            self._need(object_id)
        signature = pygit2.Signature(_clean(author.name), _clean(author.email), time, 0, "utf-8")
        text = message.replace("\0", "")
        data = self._repository.create_commit_string(signature, signature, text, tree, list(parents))
        with writing(self._name):
            # Not `create_commit`: libgit2 1.9 returns an id from it even when the disk is full.
            return str(self._repository.odb.write(ObjectType.COMMIT, str(data)))

    def _load(self, object_id: str, kind: ObjectType) -> bytes:
        try:
            found, data = self._repository.odb.read(object_id)
        except (KeyError, ValueError):
            raise KeyError(object_id) from None
        except pygit2.GitError as error:
            raise InputError(
                f"the object {object_id} of {self._name} cannot be read: {error}", hint="run `git fsck` there"
            ) from None
        if found != kind:
            raise KeyError(object_id)
        return data

    def _need(self, object_id: str) -> None:
        if not self.has(object_id):
            raise KeyError(object_id)

    def _at(self, commit: Commit, path: str) -> tuple[str, int] | None:
        if not path:
            return commit.tree, FileMode.TREE
        entry = Tree(self, commit.tree).entry(path)
        return (entry.id, entry.mode) if entry else None

    def _write(self, base: str | None, node: _Node, folder: str) -> tuple[str, int]:
        """The tree of `base` with the edits below `node`, and how many entries it has."""
        existing = {entry.name: entry for entry in self.entries(base)} if base else {}
        builder = self._repository.TreeBuilder(pygit2.Oid(hex=base)) if base else self._repository.TreeBuilder()
        for name, child in node.children.items():
            entry = self._entry(existing.get(name), child, folder + name)
            if entry is not None:
                self._insert(builder, name, entry, folder + name)
            elif name in existing:
                builder.remove(name)
        with writing(self._name):
            return str(builder.write()), len(builder)

    def _entry(self, before: Entry | None, node: _Node, path: str) -> Entry | None:
        """What stands at a path in the end, or None for nothing."""
        after = self._edited(before, node.edit, path) if node.edited else before
        if not node.children:
            return after
        if node.edited and after is not None and after.kind is not EntryKind.TREE:
            raise InputError(f"{path} cannot be a file and a folder at once")
        base = after.id if after is not None and after.kind is EntryKind.TREE else None
        tree, count = self._write(base, node, path + "/")
        if count == 0 and base is None and not node.edited and all(_removes(child) for child in node.children.values()):
            return before  # nothing was there to remove: a file of the folder's name stays
        return Entry("", EntryKind.TREE, tree, FileMode.TREE) if count else None

    def _edited(self, before: Entry | None, edit: Edit, path: str) -> Entry | None:
        if edit is None:
            return None
        if isinstance(edit, Entry):
            if edit.kind is not EntryKind.SUBMODULE:
                self._need(edit.id)
            return edit
        return Entry("", EntryKind.FILE, self.write_blob(edit), FileMode.BLOB)

    def _insert(self, builder: pygit2.TreeBuilder, name: str, entry: Entry, path: str) -> None:
        try:
            builder.insert(name, pygit2.Oid(hex=entry.id), entry.mode)
        except (pygit2.GitError, ValueError):
            # libgit2 knows every spelling of `.git` that some file system would take for it.
            raise InputError(f'the path "{path}" cannot stand in a Git tree', hint="rename it") from None


@dataclass
class _Node:
    """The edits of one folder: of itself, and below it."""

    edit: Edit = None
    edited: bool = False
    children: dict[str, _Node] = field(default_factory=dict)

    def place(self, path: str, edit: Edit) -> None:
        node = self
        for part in _parts(path):
            node = node.children.setdefault(part, _Node())
        node.edit, node.edited = edit, True


def _removes(node: _Node) -> bool:
    return (not node.edited or node.edit is None) and all(_removes(child) for child in node.children.values())


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    bad = any(_INVISIBLE.sub("", part).lower() in _FORBIDDEN_PARTS or "\0" in part for part in parts)
    if bad or len(parts) > MAX_PATH_PARTS or len(path.encode("utf-8", "replace")) > MAX_PATH_BYTES:
        raise InputError(
            f'the path "{path[:200]}" cannot stand in a Git tree',
            hint=f'use at most {MAX_PATH_PARTS} names between slashes, none of them empty, ".", ".." or ".git"',
        )
    return parts


class _TreeCache:
    """Parsed trees by id, least recently used out first, bounded by entries: trees differ in size by thousands."""

    def __init__(self) -> None:
        self._trees: OrderedDict[str, tuple[Entry, ...]] = OrderedDict()
        self._weight = 0
        self._lock = threading.Lock()

    def get(self, tree: str) -> tuple[Entry, ...] | None:
        with self._lock:
            found = self._trees.get(tree)
            if found is not None:
                self._trees.move_to_end(tree)
            return found

    def put(self, tree: str, entries: tuple[Entry, ...]) -> None:
        with self._lock:
            if tree in self._trees:
                return
            self._trees[tree] = entries
            self._weight += len(entries) + 1
            while self._weight > MAX_CACHED_ENTRIES and len(self._trees) > 1:
                self._weight -= len(self._trees.popitem(last=False)[1]) + 1


def _parse_tree(data: bytes) -> tuple[Entry, ...]:
    """The entries of a raw tree object: `<mode in octal> <name>\\0<20 bytes of id>`, repeated."""
    entries: list[Entry] = []
    at = 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        mode = int(data[at:space], 8)
        name = data[space + 1 : end].decode("utf-8", "backslashreplace")
        at = end + 21
        entries.append(Entry(name, _KINDS.get(mode, EntryKind.FILE), data[end + 1 : at].hex(), mode))
    return tuple(entries)


def _person(signature: pygit2.Signature) -> Person:
    return Person(signature.raw_name.decode("utf-8", "replace"), signature.raw_email.decode("utf-8", "replace"))


def _clean(text: str) -> str:
    """A name or address that libgit2 takes: Git itself allows empty ones in commits that we copy the author from."""
    return "".join(char for char in text if char not in "<>\n\r\0").strip() or "unknown"
