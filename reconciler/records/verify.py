"""Whether a whole records branch is consistent: each file by itself, and what files say about each other.

Whether an id, a digest or a version follows from what is pinned takes rendering: `planning/verifying.py` says that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from reconciler.errors import InputError, RecordsError
from reconciler.model.documents import Json, canonical
from reconciler.model.keys import Key, Kind, find_key
from reconciler.model.trees import MODES, Entry, EntryKind, Tree, blob_id
from reconciler.records import codec, layout
from reconciler.records.book import RecordBook
from reconciler.records.possible import impossible_record, impossible_sync, impossible_template
from reconciler.records.record import Cursor, Deployment, Record, TemplateRecord
from reconciler.records.sync import SyncRecord, decode_sync, encode_sync

_INDEX, _BUNDLES = "index", "bundles"
# Proton's layout (reference 2.1): of a template, and of a component, whose files lie at the top.
_TEMPLATE_FILE, _COMPONENT_FILE = "schema/schema.yaml", "manifest.yaml"
_EMPTY = blob_id(b"")
_SYNCED = (Kind.ENVIRONMENT_TEMPLATE, Kind.SERVICE_TEMPLATE, Kind.SERVICE, Kind.INSTANCE, Kind.PIPELINE)


class Check(StrEnum):
    """What is wrong: stable codes."""

    LINEAGE = "lineage"
    CURSOR = "cursor"
    DAMAGED = "damaged"
    NOT_CANONICAL = "not-canonical"
    MISPLACED = "misplaced"
    UNKNOWN_FILE = "unknown-file"
    MISSING = "missing"
    IMPOSSIBLE = "impossible"
    DIGEST = "digest"
    ID = "id"
    VERSION = "version"
    BUNDLE = "bundle"
    INDEX = "index"


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with one file or folder of the branch. `hint` says what to do; it is empty for what has to be
    restored from the history, and otherwise the last resort where the history has nothing better."""

    path: str
    check: Check
    message: str
    hint: str = ""

    @property
    def may_be_restored(self) -> bool:
        """True when an earlier version of the file may be the right one."""
        return self.check not in (Check.INDEX, Check.UNKNOWN_FILE)


@dataclass
class Branch:
    """All that stands on a records branch, each file read once, with the faults that were found on the way. `unread`
    are the keys of records that are there and say nothing that could be relied on."""

    tree: Tree
    lineage: str = ""
    cursor: Cursor | None = None
    records: dict[Key, Record] = field(default_factory=dict)
    templates: dict[Key, TemplateRecord] = field(default_factory=dict)
    syncs: dict[Key, SyncRecord] = field(default_factory=dict)
    bundles: dict[str, Entry] = field(default_factory=dict)
    index: dict[str, Entry] = field(default_factory=dict)
    unread: set[Key] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def bundle(self, identity: str) -> Tree | None:
        """A pinned bundle; None when it is not there, or is another one."""
        entry = self.bundles.get(identity)
        return Tree(self.tree.reader, identity) if entry is not None and _is_pin(identity, entry) else None


class _Form(NamedTuple):
    """How the files of one kind are read, written and judged."""

    decode: Callable[[bytes, str], Any]
    encode: Callable[[Any], bytes]
    impossible: Callable[[Any], Iterator[str]]


def _nothing(value: object) -> Iterator[str]:
    yield from ()


_RECORD = _Form(codec.decode_record, codec.encode_record, impossible_record)
_TEMPLATE = _Form(codec.decode_template, codec.encode_template, impossible_template)
_SYNC = _Form(decode_sync, encode_sync, impossible_sync)
_TOP = {
    layout.LINEAGE: _Form(codec.decode_lineage, codec.encode_lineage, _nothing),
    layout.CURSOR: _Form(codec.decode_cursor, codec.encode_cursor, _nothing),
}


def read_branch(tree: Tree) -> Branch:
    """Everything on a branch. Raises `InputError` for folders that are nested without end."""
    branch = Branch(tree)
    for top in tree.entries():
        if top.kind is EntryKind.TREE and top.name == _BUNDLES:
            branch.bundles = {entry.name: entry for entry in Tree(tree.reader, top.id).entries()}
            continue
        if top.kind is not EntryKind.TREE:
            _take(branch, top.name, top)
            continue
        for path, entry in Tree(tree.reader, top.id).walk(f"{top.name}/"):
            if top.name == _INDEX:
                branch.index[path] = entry
            else:
                _take(branch, path, entry)
    return branch


def _take(branch: Branch, path: str, entry: Entry) -> None:
    value, faults = examine(path, entry, branch.tree.reader.read)
    branch.faults += faults
    key = layout.key_of_path(path)
    if value is None or any(fault.check is not Check.NOT_CANONICAL for fault in faults):
        # Nothing is concluded from it: what follows from one fault is not said as many.
        if key is not None and path == layout.record_path(key):
            branch.unread.add(key)
    elif isinstance(value, Record):
        branch.records[value.key] = value
    elif isinstance(value, TemplateRecord):
        branch.templates[value.key] = value
    elif isinstance(value, SyncRecord):
        branch.syncs[value.key] = value
    elif isinstance(value, Cursor):
        branch.cursor = value
    else:
        branch.lineage = value


def examine(path: str, entry: Entry, read: Callable[[str], bytes]) -> tuple[Any, list[Fault]]:
    """What a file says, or None when it cannot be read or has no business there; and what is wrong with it by itself.
    Whether index entries and bundles belong there is for `check_branch` to say."""
    if entry.kind is not EntryKind.FILE or entry.mode != MODES[EntryKind.FILE]:
        return None, [Fault(path, Check.DAMAGED, f"it is a {entry.kind} with mode {entry.mode:o}, and no plain file")]
    form, fault = _form(path)
    if form is None:
        return None, [fault] if fault is not None else []
    try:
        data = read(entry.id)
        value = form.decode(data, path)
    except KeyError:
        message = f"its object {entry.id} is not in this repository"
        return None, [Fault(path, Check.DAMAGED, message, "look with `git fsck`, or fetch the branch again")]
    except (RecordsError, InputError) as error:
        return None, [Fault(path, Check.DAMAGED, error.message.removeprefix(f"{path} on the records branch "))]
    faults = [Fault(path, Check.IMPOSSIBLE, message) for message in form.impossible(value)]
    if not _is_canonical(data, lambda: form.encode(value)):
        faults.append(Fault(path, Check.NOT_CANONICAL, "it is not what this program writes for what it says"))
    key = layout.key_of_path(path)
    if key is not None and value.key != key:
        faults.append(Fault(path, Check.MISPLACED, f"it is the record of {value.key}"))
    return value, faults


def _form(path: str) -> tuple[_Form | None, Fault | None]:
    """How a file is read, by its path; for one that is not where it should be, what is wrong with that."""
    if path in _TOP:
        return _TOP[path], None
    key = layout.key_of_path(path)
    if key is None:
        hint = "remove it; when a newer reconciler wrote it, use that one"
        return None, Fault(path, Check.UNKNOWN_FILE, "no file of the records has this name", hint)
    is_sync = path.startswith(f"{layout.SYNCS}/")
    right = layout.sync_path(key) if is_sync else layout.record_path(key)
    known = key.kind in _SYNCED if is_sync else key.kind is not Kind.SERVICE
    if not known:
        return None, Fault(path, Check.UNKNOWN_FILE, f"{key} has no such file", "remove it")
    if path != right:
        return None, Fault(path, Check.MISPLACED, f"{key} belongs at {right}", f"move it to {right}, or remove it")
    return _SYNC if is_sync else _TEMPLATE if key.kind.is_template else _RECORD, None


def _is_canonical(data: bytes, encode: Callable[[], bytes]) -> bool:
    """True for the bytes that the program writes. What an earlier version left out, it may have left out."""
    document = json.loads(data)
    try:
        again = encode()
        return data == again or (canonical(document) == data and _lacks_only(document, json.loads(again)))
    except ValueError:  # numbers and texts that JSON has no bytes for
        return False


def _lacks_only(there: Json, again: Json) -> bool:
    if isinstance(there, dict) and isinstance(again, dict):
        return there.keys() <= again.keys() and all(_lacks_only(value, again[name]) for name, value in there.items())
    if isinstance(there, list) and isinstance(again, list):
        return len(there) == len(again) and all(map(_lacks_only, there, again))
    return type(there) is type(again) and bool(there == again)


def check_branch(branch: Branch, lineage: str = "") -> list[Fault]:
    """All faults of a branch, those of its files included. `lineage` is the one that the catalog names, if any."""
    return [
        *branch.faults,
        *_identity(branch, lineage),
        *_indexes(branch),
        *_pins(branch),
        *_versions(branch),
    ]


def _identity(branch: Branch, lineage: str) -> Iterator[Fault]:
    there = {fault.path for fault in branch.faults}
    if not branch.lineage and layout.LINEAGE not in there:
        yield Fault(layout.LINEAGE, Check.LINEAGE, "it is missing, so nobody knows whose records these are")
    if branch.lineage and lineage not in ("", branch.lineage):
        message = f"it names lineage {branch.lineage}, and reconciler.yaml {lineage}"
        yield Fault(layout.LINEAGE, Check.LINEAGE, message, "name the right branch under spec.records")
    has_records = branch.records or branch.templates or branch.unread
    if has_records and branch.cursor is None and layout.CURSOR not in there:
        yield Fault(layout.CURSOR, Check.CURSOR, "it is missing, though there are records")


def _indexes(branch: Branch) -> Iterator[Fault]:
    """Entries are what a fresh book would write, so that there is one rule for both."""
    book = RecordBook(None)
    for record in branch.records.values():
        book.put(record)
    right = {path for path in book.edits if path.startswith(f"{_INDEX}/")}
    for path in sorted(right - branch.index.keys()):
        yield Fault(path, Check.INDEX, "it is missing", "add it: an empty file")
    lost: dict[Key, str] = {}
    for path, entry in branch.index.items():
        user = _indexed(path)
        if user is None:
            hint = "remove it; when a newer reconciler wrote it, use that one"
            yield Fault(path, Check.UNKNOWN_FILE, "no entry of an index has this name", hint)
        elif path in right:
            if (entry.id, entry.mode) != (_EMPTY, MODES[EntryKind.FILE]):
                yield Fault(path, Check.INDEX, "it is no empty file", "empty it")
        elif user in branch.records:
            yield Fault(path, Check.INDEX, f"it is left over: the record of {user} says otherwise", "remove it")
        elif user not in branch.unread:
            lost.setdefault(user, path)
    for user, path in lost.items():
        message = f"it is missing, though {path} speaks of it"
        yield Fault(layout.record_path(user), Check.MISSING, message, f"remove {path} when it was never there")


def _indexed(path: str) -> Key | None:
    """The key that an entry of an index is about; None for a path that no index has."""
    parts = path.split("/")
    rest = find_key("/".join(parts[2:]))
    if rest is not None and path == layout.unsettled_path(rest):
        return rest
    for split in range(4, len(parts)):
        used, user = find_key("/".join(parts[2:split])), find_key("/".join(parts[split + 1 :]))
        if used is not None and user is not None and path == layout.user_path(used, user):
            return user
    return None


def _is_pin(identity: str, entry: Entry) -> bool:
    return entry.kind is EntryKind.TREE and entry.id == identity


def _pins(branch: Branch) -> Iterator[Fault]:
    users = _pinned_for(branch)
    for identity, user in users.items():
        if identity not in branch.bundles:
            yield Fault(layout.bundle_path(identity), Check.BUNDLE, f"it is missing, though {user} is made from it")
    knows_templates = not any(key.kind.is_template for key in branch.unread)
    said = {version.bundle for template in branch.templates.values() for version in template.versions}
    said |= {role.bundle for record in branch.records.values() if record.is_live for role in record.roles.values()}
    for name, entry in branch.bundles.items():
        path = layout.bundle_path(name)
        if not _is_pin(name, entry):
            yield Fault(path, Check.BUNDLE, f"it holds {entry.kind} {entry.id}, and is named after another")
        elif knows_templates and name not in said and _is_of_template(Tree(branch.tree.reader, name)):
            hint = f"find its template: git log -S {name} -- resources; then restore that record"
            yield Fault(path, Check.MISSING, "a template version was cut from it, and is not on record any more", hint)


def _is_of_template(bundle: Tree) -> bool:
    """True for a bundle that only a version can have been cut from: it is pinned with its record, which stays."""
    return bundle.entry(_TEMPLATE_FILE) is not None and bundle.entry(_COMPONENT_FILE) is None


def _pinned_for(branch: Branch) -> dict[str, str]:
    """The bundles that have to be there, each with what it is there for."""
    users: dict[str, str] = {}
    for key, template in branch.templates.items():
        for version in template.versions:
            if not version.is_failed:
                users.setdefault(version.bundle, f"{key}:{version.version}")
    for key, record in branch.records.items():
        for deployment in record.roles.values():
            users.setdefault(deployment.bundle, str(key))
    for key, sync in branch.syncs.items():
        good = sync.state.latest_successful
        if good is not None and good.content and not key.kind.is_template:
            users.setdefault(good.content, f"the last good spec of {key}")
    return users


def _versions(branch: Branch) -> Iterator[Fault]:
    """What is live is made from a version on record."""
    missing: set[Key] = set()
    for key, record in branch.records.items():
        if not record.is_live:
            continue
        for deployment in record.roles.values():
            if not deployment.template:
                continue
            template = Key(key.kind.template_kind, deployment.template)
            if template in branch.templates:
                message = _version(branch.templates[template], deployment)
                if message:
                    yield Fault(layout.record_path(key), Check.VERSION, message)
            elif template not in branch.unread | missing:
                missing.add(template)
                path = layout.record_path(template)
                yield Fault(path, Check.MISSING, f"it is missing, though {key} is made from it")


def _version(template: TemplateRecord, deployment: Deployment) -> str:
    """What is wrong with the version that a deployment names; nothing when all is well."""
    found = template.find(deployment.version) if deployment.version is not None else None
    if found is None or found.is_failed:
        what = "is not on record" if found is None else "failed to register"
        return f"deployment {deployment.id} is made from {deployment.made_from}, which {what}"
    if found.bundle != deployment.bundle:
        return f"deployment {deployment.id} has bundle {deployment.bundle}, and {deployment.made_from} {found.bundle}"
    return ""
