"""Taking templates and services in from other repositories (reference, sections 4 and 5).

What was found becomes part of the catalog, so that all that follows treats it like what lies there. What was not found
changes nothing: whoever follows a template stays on the last good version, an instance on its last good spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.catalog.discovery import Note, find_template, no_branch, out_of_bounds, unreachable
from reconciler.catalog.entities import Sync, TemplateFolder
from reconciler.catalog.load import Catalog
from reconciler.catalog.repopath import path_inside
from reconciler.errors import InputError, TryAgainError
from reconciler.model.documents import digest
from reconciler.model.keys import Key
from reconciler.model.problems import Problem, Severity
from reconciler.model.revisions import Revision
from reconciler.planning.sources import NotAtHandError, SeenBranch, Sources
from reconciler.planning.synced import Synced
from reconciler.records.book import RecordBook
from reconciler.records.record import TemplateRecord
from reconciler.records.sync import SyncAttempt, SyncStatus


@dataclass(frozen=True)
class Moment:
    """The records that attempts are written to, when (RFC 3339 in UTC), and the lineage that their ids come from."""

    book: RecordBook
    now: str
    lineage: str = ""


class Looking:
    """Looks at what `sync:` names, and keeps what came of it."""

    def __init__(self, catalog: Catalog, sources: Sources, moment: Moment) -> None:
        self.catalog = catalog
        self.sources = sources
        self.book = moment.book
        self.moment = moment
        self.synced = Synced()

    def place(self, sync: Sync) -> Revision:
        """Where a `sync:` leads."""
        repository = self.catalog.repository(sync.repository)
        default = repository.branch if repository is not None else ""
        return Revision(sync.repository, sync.branch or default, path_inside(sync.path) or "")

    def expect(self, syncs: Iterable[Sync | None]) -> None:
        """Looks at all branches of a repository at once; what comes of it is met again, one by one."""
        wanted: dict[str, dict[str, None]] = {}
        for place in (self.place(sync) for sync in syncs if sync is not None):
            wanted.setdefault(place.repository, {})[place.branch] = None
        for repository, branches in wanted.items():
            self.look(repository, branches)

    def look(self, repository: str, branches: Iterable[str]) -> dict[str, SeenBranch] | Note | None:
        """The branches that exist; why none can be seen; or None where nobody looks."""
        try:
            return dict(self.sources.look(repository, branches))
        except NotAtHandError as error:
            self.synced.unseen[f"{error.message}, so what is on record is all that is known of it."] = None
            return None
        except TryAgainError as error:
            self.synced.unreachable[str(error)] = None
            return unreachable(error)
        except InputError as error:
            return unreachable(error)

    def branch(self, place: Revision) -> SeenBranch | Note | None:
        """One branch; the same."""
        found = self.look(place.repository, (place.branch,))
        if not isinstance(found, dict):
            return found
        return found.get(place.branch) or no_branch(place.repository, place.branch)

    def attempt(
        self, place: Revision, fault: Note | None = None, content: str = "", warnings: tuple[str, ...] = ()
    ) -> SyncAttempt:
        """An attempt of this pass: failed when something is at fault."""
        if fault is None:
            return SyncAttempt(SyncStatus.SUCCEEDED, self.moment.now, place, content, warnings=warnings)
        message = f"{fault.message} ({fault.hint})" if fault.hint else fault.message
        return SyncAttempt(SyncStatus.FAILED, self.moment.now, place, content, fault.code, message, warnings)

    def record(self, key: Key, attempt: SyncAttempt, major: int | None = None) -> bool:
        """Puts an attempt on record; True when it is news."""
        return self.synced.record(self.book, key, attempt, major)


def sync_templates(looking: Looking, keys: Iterable[Key]) -> None:
    """Finds the bundles of synced templates, and puts them into the catalog. What is not synced any more is forgotten;
    its versions stay."""
    recorded = {key for key in looking.book.sync_keys() if key.kind.is_template}
    wanted = recorded | {key for key in keys if key.kind.is_template}
    templates = looking.catalog.templates() if wanted else {}
    for key in sorted(wanted, key=str):
        template = templates.get(key)
        if template is not None and template.sync is not None:
            _template(looking, template, template.sync)
        elif key in recorded:
            looking.book.drop_sync(key)


def _template(looking: Looking, template: TemplateFolder, sync: Sync) -> None:
    place = looking.place(sync)
    seen = looking.branch(place)
    if seen is None:
        return
    if isinstance(seen, Note):
        looking.record(template.key, looking.attempt(place, seen))
        return
    place = replace(place, sha=seen.sha)
    found = find_template(seen.tree, template.name, sync.path)
    fault = found if isinstance(found, Note) else out_of_bounds(found)
    if isinstance(found, Note) or fault is not None:
        looking.record(template.key, looking.attempt(place, fault))
        return
    place = replace(place, directory=found.path)
    label = str(Revision(place.repository, place.branch))
    majors = {
        major: (label + (path if "/" in path or major is None else f"./{path}"), tree)
        for major, (path, tree) in found.majors.items()
    }
    looking.catalog.put_template(replace(template, majors=majors, revision=place))
    looking.synced.templates[template.key] = tuple(f"{note.message} ({note.hint})" for note in found.notes)


def conclude_templates(looking: Looking) -> None:
    """Puts on record what became of the bundles that were found, after their versions were cut: one attempt for finding
    them, one for each version folder (reference, SYN-11)."""
    for key, warnings in looking.synced.templates.items():
        template = looking.catalog.templates()[key]
        place, record = template.revision, looking.book.template(key)
        assert place is not None
        faults = {major: _refused(record, major, tree.id) for major, (_, tree) in template.majors.items()}
        content = digest([[major, tree.id] for major, (_, tree) in template.majors.items()])
        looking.record(key, looking.attempt(place, faults.get(None), content, warnings))
        for major, (path, tree) in template.majors.items():
            if major is not None:
                inside = replace(place, directory=path.partition(":")[2].removeprefix("./"))
                looking.record(key, looking.attempt(inside, faults[major], tree.id), major)


def sync_problems(looking: Looking) -> Iterator[Problem]:
    """What cannot be synced, at the `sync:` that led there. Warnings: it lies in another repository."""
    for key in sorted(looking.book.sync_keys(), key=str):
        record = looking.book.sync(key)
        latest = record.state.latest if record is not None else None
        if latest is None or latest.is_success:
            continue
        template = looking.catalog.templates().get(key) if key.kind.is_template else None
        service = looking.catalog.service(key.owner) if not key.kind.is_template else None
        owner = template or service
        if owner is not None and owner.file is not None:
            place = owner.file.key_at(("spec", "sync"))
            yield Problem(place, latest.code, f"{key}: {latest.message}", "see `reconciler sync`", Severity.WARNING)


def _refused(record: TemplateRecord, major: int | None, tree: str) -> Note | None:
    """Why the newest attempt at a version failed, when it was about this very bundle."""
    tried = [item for item in record.versions if major is None or item.version.major == major]
    if tried and tried[-1].is_failed and tried[-1].bundle == tree:
        return Note(tried[-1].code, f"{tried[-1].version} failed to register: {tried[-1].message}", "")
    return None
