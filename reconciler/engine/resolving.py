"""A person's word on a blocker: what stood in the way of a sync does so no more (reference, BLK-4)."""

from __future__ import annotations

from reconciler.engine.lineage import require_lineage
from reconciler.engine.place import Place, catalog_remote, records_remote, snapshot_catalog
from reconciler.engine.store import RecordStore, commit_message
from reconciler.errors import InputError
from reconciler.model.keys import Key
from reconciler.records.book import RecordBook


def resolve_blocker(place: Place, blocker: str, reason: str, now: str) -> Key:
    """Puts a resolution on record, and says of which key; the next pass goes on from Git. Repeating it changes nothing.
    Raises `InputError` for an id that no record has, and without a reason."""
    catalog = snapshot_catalog(place, None)[0]
    store = RecordStore(records_remote(place, catalog, catalog_remote(place)), catalog.settings.records_branch)
    book = store.book(store.tip())
    require_lineage(catalog.settings, book, store)
    key = _owner(book, blocker)

    def change(newest: RecordBook) -> None:
        record = newest.sync(key)
        if record is not None:
            newest.put_sync(record.resolved(blocker, reason, now))

    change(book)  # what is wrong with the id or the reason is said before anything is written
    words = " ".join(reason.split())
    message = commit_message(f"resolve: {key}", {"Reconciler-Blocker": blocker, "Reconciler-Reason": words})
    store.outcome(change, message, now)
    return key


def _owner(book: RecordBook, blocker: str) -> Key:
    active = []
    for key in sorted(book.sync_keys(), key=str):
        record = book.sync(key)
        if record is not None and any(item.id == blocker for item in record.blockers):
            return key
        active += [item.id for item in record.active] if record is not None else []
    hint = f"active are {', '.join(active)}" if active else "nothing is blocked"
    raise InputError(f"there is no blocker {blocker}", hint=hint)
