"""Reading the records: what is, what was, and what came of it. Nothing is fetched and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.catalog.entities import Settings
from reconciler.engine.place import Place, local_records, snapshot_catalog
from reconciler.errors import InputError
from reconciler.gitstore.base import Objects
from reconciler.model.keys import Key
from reconciler.records.book import RecordBook
from reconciler.records.codec import decode_record
from reconciler.records.layout import record_path
from reconciler.records.record import Deployment, Record


@dataclass(frozen=True)
class Reading:
    """The records at one commit of their branch, with the objects to look back from it, and the catalog's settings."""

    book: RecordBook
    tip: str
    objects: Objects
    settings: Settings

    def records(self) -> tuple[Record, ...]:
        """All records of resources that are live or not settled, in deployment order."""
        found = (self.book.get(key) for key in self.book.recorded_keys())
        return tuple(sorted((r for r in found if r.is_live or r.is_unsettled), key=lambda record: record.key.sort_key))

    def record(self, key: Key) -> Record:
        """One record. Raises `InputError` for a key that was never heard of."""
        record = self.book.get(key)
        if record == Record(key):
            hint = "`reconciler status` lists what is recorded; an `apply` comes first"
            raise InputError(f"nothing is recorded of {key}", hint=hint)
        return record

    def deployments(self, key: Key) -> tuple[Deployment, ...]:
        """Every deployment of a key, newest first, each as it was last seen: the history of its file."""
        path = record_path(key)
        seen: dict[str, Deployment] = {}
        for commit in self.objects.history(self.tip, path):
            data = self.objects.tree(commit.id).read(path)
            record = decode_record(data, path) if data is not None else None
            for role in (record.latest, record.closing) if record is not None else ():
                if role is not None:
                    seen.setdefault(role.id, role)
        # One that is being closed may stand in a newer commit than the one that came after it.
        return tuple(sorted(seen.values(), key=lambda deployment: deployment.number, reverse=True))


def read_records(place: Place) -> Reading:
    """The records of the catalog at a place. Raises `InputError` when there is no catalog, or when its records cannot
    be seen from this machine."""
    catalog, _ = snapshot_catalog(place, None)
    found = local_records(place, catalog)
    if found is None:
        raise InputError(
            "there are no records here yet",
            hint="run `reconciler apply`, or `git fetch` in a clone whose records were written elsewhere",
        )
    remote, tip = found
    return Reading(RecordBook(remote.objects.tree(tip)), tip, remote.objects, catalog.settings)
