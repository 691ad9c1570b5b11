"""Whether the records follow from what is pinned: digests, ids and versions are computed again and compared.

Reports, times, messages and links are facts from outside: nothing on the branch says whether they are true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.catalog.bundle import content_id, pinned_part, read_bundle
from reconciler.catalog.manifest import Manifest
from reconciler.catalog.quotas import UNLIMITED
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.identity import deployment_id, desired_digest, destruction_digest, key_of_arn
from reconciler.model.keys import Key, Kind
from reconciler.model.trees import Entry, EntryKind, Tree
from reconciler.records.layout import bundle_path, record_path
from reconciler.records.record import Deployment, Record, TemplateRecord, VersionRecord
from reconciler.records.verify import Branch, Check, Fault, check_branch, examine
from reconciler.rendering.folder import given_to_engine
from reconciler.rendering.jinja import Jinja

_Part = tuple[Manifest, Mapping[str, bytes]] | None


class Verifier:
    """Verifies one branch. Bundles are read once each, however many deployments were made from them; `jinja` renders
    what the digest of a stack is made of. `lineage` is the one that the catalog names, if any."""

    def __init__(self, branch: Branch, jinja: Jinja, lineage: str = "") -> None:
        self._branch = branch
        self._jinja = jinja
        self._named = lineage
        self._lineage = lineage or branch.lineage
        self._contents: dict[str, str] = {}
        self._parts: dict[tuple[str, Kind], _Part] = {}

    def faults(self) -> tuple[Fault, ...]:
        """Everything wrong with the branch, by path."""
        found = check_branch(self._branch, self._named)
        for key, template in self._branch.templates.items():
            found += self._template(record_path(key), template)
        for key, record in self._branch.records.items():
            found += self._record(record_path(key), record)
        return tuple(sorted(set(found)))

    def is_right(self, path: str, entry: Entry) -> bool:
        """True for what may stand at a path, by itself and by what is pinned: whether an earlier version will do."""
        if path == bundle_path(entry.name):
            return entry.kind is EntryKind.TREE and entry.id == entry.name
        value, faults = examine(path, entry, self._branch.tree.reader.read)
        if value is None or faults:
            return False
        if isinstance(value, Record):
            return not list(self._record(path, value))
        if isinstance(value, TemplateRecord):
            return not list(self._template(path, value))
        return not isinstance(value, str) or self._named in ("", value)

    def _record(self, path: str, record: Record) -> Iterator[Fault]:
        for role, deployment in record.roles.items():
            for check, message in self._deployment(deployment):
                yield Fault(path, check, f"its {role} deployment {deployment.id} {message}")

    def _deployment(self, item: Deployment) -> Iterator[tuple[Check, str]]:
        wrong = list(_document(item))
        yield from ((Check.DIGEST, message) for message in wrong)
        again = None
        try:
            again = self._digest(item) if not wrong else None
        except InputError as error:
            yield Check.DIGEST, f"cannot be rendered again: {error.message}"
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            # A document of another shape, or a bundle of which objects are missing.
            yield Check.DIGEST, f"cannot be rendered again from its bundle and document: {error!r}"
        if again not in (None, item.digest):
            yield Check.DIGEST, f"has digest {item.digest}, and what it was made from gives {again}"
        identity = deployment_id(self._lineage, item.key, item.number, item.digest)
        if self._lineage and identity != item.id:
            yield Check.ID, f"is number {item.number}, whose id would be {identity}"

    def _digest(self, item: Deployment) -> str | None:
        """The digest by what is recorded and pinned; None when the bundle is not there."""
        bundle = self._branch.bundle(item.bundle)
        if bundle is None:
            return None
        if item.bundle not in self._contents:
            self._contents[item.bundle] = content_id(bundle)
        part = self._part(bundle, item.key.kind)
        given: Json = item.document
        if part is not None:
            given = given_to_engine(item.key, item.document, *part, self._jinja, item.made_from)
        made = desired_digest(self._contents[item.bundle], given, item.target)
        return destruction_digest(made) if item.destroy else made

    def _part(self, bundle: Tree, kind: Kind) -> _Part:
        if (bundle.id, kind) not in self._parts:
            try:
                self._parts[bundle.id, kind] = pinned_part(bundle, kind)
            except KeyError:  # others provision it
                self._parts[bundle.id, kind] = None
        return self._parts[bundle.id, kind]

    def _template(self, path: str, record: TemplateRecord) -> Iterator[Fault]:
        for item in record.versions:
            bundle = self._branch.bundle(item.bundle) if not item.is_failed else None
            if bundle is None:
                continue
            try:
                yield from (Fault(path, Check.VERSION, message) for message in _cut(item, bundle, record.key))
            except KeyError as error:
                message = f"its object {error.args[0]} is not in this repository"
                yield Fault(bundle_path(bundle.id), Check.BUNDLE, message, "look with `git fsck`, or fetch it again")


def _cut(item: VersionRecord, bundle: Tree, template: Key) -> Iterator[str]:
    """What a version says of its bundle, and the bundle does not."""
    content = content_id(bundle)
    if content != item.content:
        yield f"{item.version} has content {item.content}, and its bundle {content}"
    read = read_bundle(bundle, bundle_path(bundle.id), template.kind, UNLIMITED)[0]
    if read is None:  # by rules that have become stricter
        return
    compatible = tuple(map(str, read.registration.compatible))
    if compatible != item.compatible:
        yield f"{item.version} may run in {', '.join(item.compatible)}, and by its bundle in {', '.join(compatible)}"
    if item.component_sources not in ((), read.registration.component_sources):
        yield f"{item.version} takes components from {', '.join(item.component_sources)}, and by its bundle not"


def _document(item: Deployment) -> Iterator[str]:
    """What a deployment says of its document, and the document does not."""
    document: Json = item.document
    arn = document.get("//") if isinstance(document, dict) else None
    if not isinstance(arn, str) or key_of_arn(arn) != item.key:
        yield f"has the document of {arn}"
        return
    home = document.get("environment")
    name = home.get("name") if isinstance(home, dict) else ""
    if item.environment and name != item.environment:
        yield f"is in environment {item.environment}, and its document in {name}"
