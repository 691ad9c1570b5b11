"""What came of earlier deployments, kept even when the next one is claimed in the same pass."""

from __future__ import annotations

from reconciler.model.keys import Key
from reconciler.model.trees import Tree
from reconciler.records.book import RecordBook
from reconciler.records.record import Deployment, Record


class Chronicle(RecordBook):
    """A record book that remembers which deployments came to an end while it was planned with. A record holds one
    newest deployment, so an end that is replaced at once would otherwise be missing from the history."""

    def __init__(self, tree: Tree | None) -> None:
        super().__init__(tree)
        self._ended: dict[Key, Record] = {}

    def put(self, record: Record) -> None:
        """See `RecordBook`."""
        before, after = self.get(record.key).latest, record.latest
        super().put(record)
        if before is None or after is None or before.id != after.id or after.status.is_running:
            return
        if after.status != before.status:
            self._ended[record.key] = record

    @property
    def ended(self) -> tuple[Deployment, ...]:
        """The deployments that were seen to end, each as it ended."""
        return tuple(record.latest for record in self._ended.values() if record.latest is not None)

    def endings(self) -> RecordBook:
        """The records as these ends alone leave them: the step before anything new is claimed."""
        book = RecordBook(self.tree)
        for record in self._ended.values():
            book.put(record)
        return book
