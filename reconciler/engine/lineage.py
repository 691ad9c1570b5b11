"""The identity of the records: chosen once, kept in the settings and on the branch, and compared each time."""

from __future__ import annotations

from reconciler.catalog.entities import Settings
from reconciler.engine.store import RecordStore
from reconciler.errors import InputError, RecordsError
from reconciler.records.book import RecordBook


def require_lineage(settings: Settings, book: RecordBook, store: RecordStore) -> str:
    """The lineage that catalog and records agree on. A lost branch is never taken for a first run."""
    where = f"{store.branch} of {store.remote.name}"
    if book.tree is None:
        if settings.lineage:
            message = f"the records are lost: reconciler.yaml names lineage {settings.lineage}, but there is no {where}"
            raise RecordsError(message, hint="push the branch again from a clone that has it")
        raise InputError(
            f"there are no records yet: no branch {where}",
            hint="run `reconciler init` in the catalog and commit, or `reconciler apply --init-records`",
        )
    lineage = book.lineage
    if not settings.lineage:
        hint = f"if these are this catalog's records, write spec.records.lineage: {lineage} in reconciler.yaml"
        raise InputError(f"reconciler.yaml names no lineage, but {where} has lineage {lineage}", hint=hint)
    if settings.lineage != lineage:
        message = f"{where} holds the records of another catalog: lineage {lineage}, not {settings.lineage}"
        raise RecordsError(message, hint="name the right branch or repository under spec.records")
    return lineage
