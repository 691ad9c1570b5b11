"""The port to a Git repository: objects at hand, refs over the wire, and one way to change a ref.

Everything that is written anywhere goes through `GitRemote.update`, a compare-and-swap. Objects are written first and
harm nobody; an object that no ref reaches does not exist for anyone else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.trees import Entry, Tree, TreeReader


@dataclass(frozen=True)
class Person:
    """Who wrote a commit."""

    name: str
    email: str


RECONCILER = Person("reconciler", "reconciler@localhost")


@dataclass(frozen=True)
class Commit:
    """A commit. `time` is in seconds since the epoch, UTC."""

    id: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: Person
    time: int


# What becomes of one path: new bytes, an object that is already in the store, or None to remove the file or folder.
Edit = bytes | Entry | None


class Objects(TreeReader, Protocol):
    """The objects of one repository. Writing is content-addressed, so repeating any of it changes nothing."""

    def commit(self, commit: str) -> Commit:
        """A commit by id. Raises `KeyError` when it is not at hand."""

    def tree(self, commit: str) -> Tree:
        """The tree of a commit."""

    def has(self, object_id: str) -> bool:
        """True when the object is at hand."""

    def resolve(self, revision: str) -> str | None:
        """The commit id of a branch, a tag, an id or `main~1`, or None; behind a network, of what was fetched."""

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """True when `ancestor` is `descendant` or can be reached from it."""

    def merge(self, ours: str, theirs: str) -> str | None:
        """The id of the tree that merging two commits gives, or None when they conflict."""

    def history(self, commit: str, path: str) -> Iterator[Commit]:
        """The commits that changed a path, newest first, along first parents."""

    def write_blob(self, data: bytes) -> str:
        """A blob of these bytes, for an `Entry` with a mode of its own."""

    def write_tree(self, base: str | None, edits: Mapping[str, Edit]) -> str:
        """A tree made of `base` and the edits by path; only the trees on the way are read and written.

        Bytes become a plain file, whatever was there; an `Entry` is placed as it is, under the name in the path. An
        edit of a folder (None or a whole tree) happens before the edits below it. Folders that become empty vanish,
        and removing what is not there is no error. Raises `InputError` for a path that cannot stand in a Git tree,
        `KeyError` for an object that is not at hand, `TryAgainError` when it cannot be written.
        """

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str, *, author: Person, time: int) -> str:
        """A commit object; `time` in seconds since the epoch, UTC. Equal arguments give equal ids."""


class GitRemote(Protocol):
    """One repository, on a path or behind a network."""

    @property
    def name(self) -> str:
        """How to call the repository in messages: its path or URL without credentials."""

    @property
    def objects(self) -> Objects:
        """The objects that are at hand: all of a local repository, the fetched ones of a remote one."""

    def refs(self) -> Mapping[str, str]:
        """All refs by full name, right now. Raises `TryAgainError` when the repository cannot be reached."""

    def default_branch(self) -> str | None:
        """The short name of the branch that HEAD names, or None."""

    def fetch(self, *refs: str) -> Mapping[str, str]:
        """Brings the named refs' objects here and returns those that exist, by full name."""

    def update(self, ref: str, *, old: str | None, new: str | None) -> None:
        """Moves one ref from `old` to `new` (None: it does not exist), also sideways.

        Raises `ConflictError` when it is not at `old`, `InputError` when the server refuses, `TryAgainError` when it
        cannot be reached or its answer was lost. Repeating it after a lost answer is harmless: it either happens now,
        or ends in a `ConflictError` that a fresh look at `refs` explains.
        """
