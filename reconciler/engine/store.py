"""The records branch: one commit a transaction, moved by compare-and-swap only.

A claim loses to a conflict, and the pass decides anew; an outcome survives one, and is applied to what is there now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.engine.chronicle import Chronicle
from reconciler.errors import ConflictError, RecordsError, TryAgainError
from reconciler.gitstore.base import RECONCILER, Edit, GitRemote
from reconciler.gitstore.copying import copy_tree
from reconciler.model.moments import seconds
from reconciler.model.trees import MODES, Entry, EntryKind
from reconciler.records.book import RecordBook
from reconciler.records.codec import encode_lineage
from reconciler.records.layout import LINEAGE, bundle_path

# Enough for any number of reconcilers that a person would run at once; each loss means that another one won.
ATTEMPTS = 20


@dataclass(frozen=True)
class RecordStore:
    """The records of one catalog on their branch."""

    remote: GitRemote
    branch: str

    @property
    def ref(self) -> str:
        """The full name of the branch."""
        return f"refs/heads/{self.branch}"

    def tip(self) -> str | None:
        """The commit that the branch is at right now, with its objects at hand; None while there is no branch."""
        return self.remote.fetch(self.ref).get(self.ref)

    def book(self, tip: str | None) -> Chronicle:
        """The records at a commit."""
        return Chronicle(self.remote.objects.tree(tip) if tip is not None else None)

    def birth(self, lineage: str, now: str) -> None:
        """Makes the branch. Raises `ConflictError` when there is one."""
        objects = self.remote.objects
        tree = objects.write_tree(None, {LINEAGE: encode_lineage(lineage)})
        message = f"records: begin lineage {lineage} [skip ci]\n"
        commit = objects.write_commit(tree, (), message, author=RECONCILER, time=seconds(now))
        self.remote.update(self.ref, old=None, new=commit)

    def commit(self, tip: str, steps: Iterable[tuple[RecordBook, str]], now: str) -> str:
        """Writes books that were all read at `tip` and follow one another, one commit each with its message, and moves
        the branch once, over all of them. Returns the new tip; where nothing changed there is no commit. Raises
        `ConflictError` when the branch is not at `tip` any more."""
        objects = self.remote.objects
        new, before = tip, objects.commit(tip).tree
        for book, message in steps:
            tree = self._tree(tip, book)
            if tree != before:
                new = objects.write_commit(tree, (new,), message, author=RECONCILER, time=seconds(now))
                before = tree
        if new != tip:
            self.remote.update(self.ref, old=tip, new=new)
        return new

    def _tree(self, tip: str, book: RecordBook) -> str:
        objects = self.remote.objects
        edits: dict[str, Edit] = dict(book.edits)
        for identity, tree in book.pins.items():
            copied = copy_tree(tree, objects)
            assert copied == identity, "a bundle keeps its id"
            edits[bundle_path(identity)] = Entry(identity, EntryKind.TREE, copied, MODES[EntryKind.TREE])
        return objects.write_tree(objects.commit(tip).tree, edits)

    def outcome(self, change: Callable[[RecordBook], None], message: str, now: str) -> RecordBook:
        """Applies a change to the newest records, again and again until it is in. Returns the book it went into."""
        for _ in range(ATTEMPTS):
            tip = self.tip()
            if tip is None:
                hint = "push it again from a clone that has it"
                raise RecordsError(f"the records branch {self.branch} has vanished from {self.remote.name}", hint=hint)
            book = self.book(tip)
            change(book)
            try:
                self.commit(tip, [(book, message)], now)
            except ConflictError:
                continue
            return book
        raise TryAgainError(f"others keep writing to {self.branch}; nothing was lost", hint="run it again")


def commit_message(subject: str, trailers: Mapping[str, str | tuple[str, ...]]) -> str:
    """A records commit: a subject that starts no automation, and what it is about as trailers."""
    lines = []
    for name, value in trailers.items():
        for item in (value,) if isinstance(value, str) else value:
            if item:
                lines.append(f"{name}: {item}\n")
    return f"{subject} [skip ci]\n\n{''.join(lines)}"
