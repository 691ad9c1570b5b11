"""Plans and renderings from what this machine has: no network, no credentials, nothing written anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.catalog.bundle import Bundle
from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.engine.chronicle import Chronicle
from reconciler.engine.observe import ForgeObserver, Repositories
from reconciler.engine.place import Place, Snapshot, snapshot
from reconciler.errors import InputError
from reconciler.model.identity import Target
from reconciler.model.keys import Key
from reconciler.model.problems import Problem
from reconciler.model.reports import Report
from reconciler.model.versions import VersionLine
from reconciler.planning.decide import decide_anew
from reconciler.planning.desired import desired_of
from reconciler.planning.observations import SeenFolder, SeenPull
from reconciler.planning.plan import cut_templates, plan
from reconciler.planning.proposal import files_of
from reconciler.planning.result import Plan
from reconciler.planning.scope import scope_of
from reconciler.planning.show import FileChange, changes
from reconciler.planning.world import Inspect, Request, World, no_inspection
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked, TemplateRecord
from reconciler.versioning.cut import failed_now


@dataclass(frozen=True)
class OfflinePlan:
    """A plan and the records it was made with; `note` says what could not be seen. `plan` is None for a catalog with
    errors."""

    catalog: Catalog
    book: Chronicle
    plan: Plan | None
    note: str


class NearObserver(ForgeObserver):
    """Looks at repositories on this machine only; of all others it sees what is recorded, and no more."""

    def pull_request(self, target: Target, branch: str) -> SeenPull | None:
        """See `Observer`."""
        return super().pull_request(target, branch) if self._near(target.repository) else None

    def folder(self, target: Target, *, fresh: bool = False) -> SeenFolder | None:
        """See `Observer`."""
        return super().folder(target, fresh=fresh) if self._near(target.repository) else None

    def has_branch(self, target: Target) -> bool:
        """See `Observer`."""
        return super().has_branch(target) if self._near(target.repository) else True

    def report(self, target: Target, key: Key, deployment_id: str) -> Report | None:
        """See `Observer`."""
        return super().report(target, key, deployment_id) if self._near(target.repository) else None

    def open_count(self, repository: str) -> int:
        """See `Observer`."""
        return super().open_count(repository) if self._near(repository) else 0

    def _near(self, repository: str) -> bool:
        try:
            return self._repositories.is_near(repository)
        except InputError:
            return False


class FollowedVersions:
    """Implements `catalog.checks.Versions`: what each line would follow after the versions of a world were cut."""

    def __init__(self, world: World) -> None:
        self._world = world

    def bundle(self, template: Key, line: VersionLine) -> Bundle | None:
        """See `Versions`."""
        record = self._record(template)
        chosen = record.recommended(line) if line.minor is None else record.newest(line)
        return self._world.pinned(chosen.bundle, template.kind) if chosen is not None else None

    def instead(self, template: Key, line: VersionLine) -> tuple[str, ...] | None:
        """See `Versions`."""
        versions = self._record(template).versions
        if any(line.allows(item.version) for item in versions):
            return None
        return tuple(str(item.version) for item in versions if not item.is_failed)

    def _record(self, template: Key) -> TemplateRecord:
        return self._world.book.template(template)


def check_snapshot(place: Place, seen: Snapshot, request: Request, inspect: Inspect = no_inspection) -> None:
    """Every check, with inputs judged by the versions that a pass would leave to follow. Nothing is changed but the
    problems of the catalog."""
    catalog = seen.catalog
    world = _world(place, catalog, RecordBook(seen.records), replace(request, catalog_commit=seen.commit), inspect)
    cut_templates(world, frozenset(catalog.templates()))
    check_everything(catalog, FollowedVersions(world))
    for key, template in catalog.templates().items():
        catalog.add_problems(failed_now(template, world.book.template(key)))


def _once(inspect: Inspect) -> Inspect:
    """The same, asked once for each bundle: it takes a process."""
    found: dict[tuple[str, str], tuple[Problem, ...]] = {}

    def ask(path: str, bundle: Bundle) -> tuple[Problem, ...]:
        where = (path, bundle.tree.id)
        if where not in found:
            found[where] = inspect(path, bundle)
        return found[where]

    return ask


def offline_plan(place: Place, revision: str | None, request: Request, inspect: Inspect = no_inspection) -> OfflinePlan:
    """The plan of a working folder or a commit. Every check of `validate` comes first."""
    seen, inspect = snapshot(place, revision), _once(inspect)
    catalog, book = seen.catalog, Chronicle(seen.records)
    check_snapshot(place, seen, request, inspect)
    if any(problem.is_error for problem in catalog.problems if not _is_bundle(catalog, problem.position.path)):
        return OfflinePlan(catalog, book, None, seen.note)
    world = _world(place, catalog, book, replace(request, catalog_commit=seen.commit), inspect)
    scope = scope_of(catalog, seen.before, book)
    return OfflinePlan(catalog, book, plan(world, scope.including(request.look_at)), seen.note)


def _is_bundle(catalog: Catalog, path: str) -> bool:
    """True for a file inside a bundle: what is wrong there fails one registration, and is part of the plan."""
    return any(
        path == folder or path.startswith(folder + "/")
        for template in catalog.templates().values()
        for folder, _ in template.majors.values()
    )


def _world(place: Place, catalog: Catalog, book: RecordBook, request: Request, inspect: Inspect) -> World:
    lineage = catalog.settings.lineage or "unborn"
    observer = NearObserver(Repositories(place, catalog))
    return World(catalog, book, observer, replace(request, lineage=lineage), inspect)


@dataclass(frozen=True)
class Rendered:
    """The files of one resource by path inside its folder; `changes` is how they differ from what is recorded."""

    folder: str
    files: dict[str, bytes]
    changes: tuple[FileChange, ...]


def render_key(
    place: Place, revision: str | None, request: Request, key: Key, inspect: Inspect = no_inspection
) -> Rendered:
    """What one resource would get right now. Raises `InputError` when the catalog does not ask for it, or when what it
    waits for is not known yet."""
    seen, inspect = snapshot(place, revision), _once(inspect)
    catalog, book = seen.catalog, RecordBook(seen.records)
    check_snapshot(place, seen, request, inspect)
    world = _world(place, catalog, book, replace(request, catalog_commit=seen.commit), inspect)
    plan(world, scope_of(catalog, seen.before, book))  # cuts the versions that the resource may follow
    desired = desired_of(world, key)
    if desired is None:
        raise InputError(f"the catalog has no {key}", hint="check the name; `reconciler plan` lists what there is")
    if isinstance(desired, Blocked):
        raise InputError(f"{key} cannot be rendered yet: {desired.message}", hint=desired.hint)
    record = RecordBook(seen.records).get(key)
    deployment = decide_anew(world, record, desired)
    files = files_of(deployment, desired.bundle.tree)
    before: dict[str, bytes] = {}
    if record.placed is not None:
        bundle = book.bundle(record.placed.bundle)
        before = files_of(record.placed, bundle) if bundle is not None else {}
    return Rendered(desired.target.folder, files, changes(desired.target.folder, before, files))
