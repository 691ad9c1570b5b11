"""The records of one moment, and what a pass changes in them.

Reads go to the tree of one commit; changes are collected beside it and become, at the end, the edits of one commit. The
indexes are kept by comparing a record before and after, so that nobody can forget them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from reconciler.errors import RecordsError
from reconciler.model.keys import Key, Kind, find_key
from reconciler.model.trees import EntryKind, Tree
from reconciler.records import codec, layout
from reconciler.records.record import Cursor, Record, TemplateRecord
from reconciler.records.sync import SyncRecord, decode_sync, encode_sync


class RecordBook:
    """Records by key. `tree` is that of a commit of the records branch, or None where nothing is recorded."""

    def __init__(self, tree: Tree | None) -> None:
        self.tree = tree
        self._records: dict[Key, Record | None] = {}
        self._templates: dict[Key, TemplateRecord | None] = {}
        self._syncs: dict[Key, SyncRecord | None] = {}
        self._before: dict[Key, Record | None] = {}
        self._edits: dict[str, bytes | None] = {}
        self._pins: dict[str, Tree] = {}

    @property
    def lineage(self) -> str:
        """Which records these are. Raises `RecordsError` when the branch is not one of ours."""
        data = self.tree.read(layout.LINEAGE) if self.tree is not None else None
        if data is None:
            hint = "is this the right branch? Settings name it under spec.records.branch"
            raise RecordsError(f"the records branch has no {layout.LINEAGE}", hint=hint)
        return codec.decode_lineage(data, layout.LINEAGE)

    @property
    def cursor(self) -> Cursor | None:
        """The last catalog commit that was planned and claimed, or None before the first."""
        data = self.tree.read(layout.CURSOR) if self.tree is not None else None
        return codec.decode_cursor(data, layout.CURSOR) if data is not None else None

    def get(self, key: Key) -> Record:
        """The record of a resource; an empty one for a key that never had a deployment."""
        if key not in self._records:
            path = layout.record_path(key)
            data = self.tree.read(path) if self.tree is not None else None
            record = codec.decode_record(data, path) if data is not None else None
            if record is not None and record.key != key:
                raise RecordsError(f"{path} on the records branch is the record of {record.key}", hint="restore it")
            self._records[key] = record
            self._before[key] = record
        return self._records[key] or Record(key)

    def template(self, key: Key) -> TemplateRecord:
        """The record of a template; an empty one for a template without versions."""
        if key not in self._templates:
            path = layout.record_path(key)
            data = self.tree.read(path) if self.tree is not None else None
            self._templates[key] = codec.decode_template(data, path) if data is not None else None
        return self._templates[key] or TemplateRecord(key)

    def sync(self, key: Key) -> SyncRecord | None:
        """What came of syncing a template, a service or a part of one; None for what is not synced."""
        if key not in self._syncs:
            path = layout.sync_path(key)
            data = self.tree.read(path) if self.tree is not None else None
            self._syncs[key] = decode_sync(data, path) if data is not None else None
        return self._syncs[key]

    def sync_keys(self) -> set[Key]:
        """The keys of everything that is synced; names are listed, and nothing is read."""
        keys = set(self._keys_below(layout.SYNCS))
        for key, record in self._syncs.items():
            (keys.add if record is not None else keys.discard)(key)
        return keys

    def put_sync(self, record: SyncRecord) -> None:
        """Replaces a sync record; one that is no news changes nothing."""
        if record != self.sync(record.key):
            self._syncs[record.key] = record
            self._edits[layout.sync_path(record.key)] = encode_sync(record)

    def drop_sync(self, key: Key) -> None:
        """Forgets about the sync of what is not synced any more."""
        if self.sync(key) is not None:
            self._syncs[key] = None
            self._edits[layout.sync_path(key)] = None

    def bundle(self, tree_id: str) -> Tree | None:
        """A bundle that is pinned, or about to be."""
        if tree_id in self._pins:
            return self._pins[tree_id]
        return self.tree.subtree(layout.bundle_path(tree_id)) if self.tree is not None else None

    def unsettled(self) -> set[Key]:
        """The keys that every pass has to look at. Reads no record that is not already at hand."""
        keys = self._listed(layout.UNSETTLED, lambda path: path)
        for key, record in self._records.items():
            (keys.add if record is not None and record.is_unsettled else keys.discard)(key)
        return keys

    def users(self, used: Key) -> set[Key]:
        """Who follows a template, or runs in an environment, by the records."""
        keys = self._listed(layout.users_folder(used), lambda path: path.partition("/")[2])
        for key, record in self._records.items():
            (keys.add if record is not None and used in _used_by(record) else keys.discard)(key)
        return keys

    def recorded_keys(self) -> Iterator[Key]:
        """The keys of all records of resources, gone ones included; only names are listed."""
        for kind in (Kind.ENVIRONMENT, Kind.COMPONENT, Kind.SERVICE):
            yield from self._keys_below(layout.kind_folder(kind))

    def service_keys(self, service: str) -> set[Key]:
        """The keys of a service's recorded instances and pipeline, gone ones included."""
        return set(self._keys_below(layout.service_folder(service)))

    def template_keys(self) -> set[Key]:
        """The keys of all recorded templates."""
        return {
            key
            for kind in (Kind.ENVIRONMENT_TEMPLATE, Kind.SERVICE_TEMPLATE)
            for key in self._keys_below(layout.kind_folder(kind))
        }

    def put(self, record: Record) -> None:
        """Replaces the record of a resource."""
        current = self.get(record.key)
        if record == current:
            return
        before = self._before[record.key]
        self._records[record.key] = record
        self._edits[layout.record_path(record.key)] = codec.encode_record(record)
        self._index(layout.unsettled_path(record.key), before is not None and before.is_unsettled, record.is_unsettled)
        was, now = _used_by(before) if before is not None else set(), _used_by(record)
        for used in was | now | _used_by(current):  # an earlier change of this book may be taken back
            self._index(layout.user_path(used, record.key), used in was, used in now)

    def put_template(self, record: TemplateRecord, pins: Mapping[str, Tree]) -> None:
        """Replaces the record of a template and pins the bundles that its new versions were cut from."""
        if record == self.template(record.key):
            return
        self._templates[record.key] = record
        self._edits[layout.record_path(record.key)] = codec.encode_template(record)
        self._pins.update(pins)

    def pin(self, bundle: Tree) -> None:
        """Pins what a component is made from, so that it can be rendered and destroyed for ever."""
        if self.bundle(bundle.id) is None:
            self._pins[bundle.id] = bundle

    def live_keys(self) -> set[Key]:
        """The keys of all live resources. Lists names, and reads the records of components only: those follow no
        template, and are few (reference, CMP-12)."""
        keys = {key for template in self.template_keys() for key in self.users(template)}
        components = set(self._keys_below(layout.kind_folder(Kind.COMPONENT)))
        components |= {key for key in self._records if key.kind is Kind.COMPONENT}
        return keys | {key for key in components if self.get(key).is_live}

    def put_cursor(self, cursor: Cursor) -> None:
        """Moves the cursor."""
        current = self.cursor
        if current is None or current.catalog_commit != cursor.catalog_commit:
            self._edits[layout.CURSOR] = codec.encode_cursor(cursor)

    @property
    def edits(self) -> Mapping[str, bytes | None]:
        """What changed, as file contents by path; None removes."""
        return self._edits

    @property
    def pins(self) -> Mapping[str, Tree]:
        """The bundles to pin, by tree id."""
        return self._pins

    def _index(self, path: str, was: bool, now: bool) -> None:
        if was == now:
            self._edits.pop(path, None)
        else:
            self._edits[path] = b"" if now else None

    def _listed(self, folder: str, strip: Callable[[str], str]) -> set[Key]:
        tree = self.tree.subtree(folder) if self.tree is not None else None
        found = (find_key(strip(path)) for path, _ in tree.walk()) if tree is not None else ()
        return {key for key in found if key is not None}

    def _keys_below(self, folder: str) -> Iterator[Key]:
        tree = self.tree.subtree(folder) if self.tree is not None else None
        for path, entry in tree.walk(folder + "/") if tree is not None else ():
            key = layout.key_of_path(path) if entry.kind is EntryKind.FILE else None
            if key is not None:
                yield key


def _used_by(record: Record) -> set[Key]:
    """What a live resource uses: its template; an instance its environment, and a component that it reads; a component
    its environment, and the instance that it is attached to."""
    if record.latest is None or not record.is_live:
        return set()
    used = set()
    # What the target branch carries counts as much as what is on its way.
    for role in (record.latest, record.effective, record.placed):
        if role is not None:
            used |= role.uses
    return used
