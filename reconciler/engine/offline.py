"""Plans and renderings from what this machine has: no network, no credentials, nothing written anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.catalog.bundle import Bundle
from reconciler.catalog.checks import as_warning, check_files, check_fits
from reconciler.catalog.load import Catalog
from reconciler.engine.chronicle import Chronicle
from reconciler.engine.jail import Jail
from reconciler.engine.observe import ForgeObserver, Repositories
from reconciler.engine.place import Place, Snapshot, snapshot
from reconciler.engine.sources import NearSources
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.identity import Target
from reconciler.model.keys import Key, component_key
from reconciler.model.problems import Problem
from reconciler.model.reports import Report
from reconciler.model.versions import VersionLine
from reconciler.planning.choice import attachment_on_record, inputs_on_record
from reconciler.planning.decide import decide_anew
from reconciler.planning.desired import desired_of
from reconciler.planning.inspection import component_problems
from reconciler.planning.observations import SeenFolder, SeenPull
from reconciler.planning.plan import cut_templates, plan
from reconciler.planning.proposal import files_of
from reconciler.planning.reasons import BAD_REASONS
from reconciler.planning.result import Plan
from reconciler.planning.scope import Scope, scope_of
from reconciler.planning.servicesync import sync_catalog
from reconciler.planning.show import FileChange, changes
from reconciler.planning.suppose import suppose
from reconciler.planning.syncing import Looking, Moment
from reconciler.planning.world import Inspect, Request, World, no_inspection
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked, TemplateRecord
from reconciler.versioning.cut import failed_now


@dataclass(frozen=True)
class OfflinePlan:
    """A plan and the records it was made with; `note` says what could not be seen. `plan` is None for a catalog with
    errors that end a pass; `is_unfit` when it has others, which block what they are about."""

    catalog: Catalog
    book: Chronicle
    plan: Plan | None
    note: str
    is_unfit: bool = False


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
        chosen = record.followed(line)
        return self._world.pinned(chosen.bundle, template.kind) if chosen is not None else None

    def instead(self, template: Key, line: VersionLine) -> tuple[str, ...] | None:
        """See `Versions`."""
        versions = self._record(template).versions
        if not versions and self._world.catalog.templates()[template].sync is not None:
            return None  # it was never seen from here
        if any(line.allows(item.version) for item in versions):
            return None
        return tuple(str(item.version) for item in versions if not item.is_failed)

    def current(self, key: Key) -> Mapping[str, Json] | None:
        """See `Versions`."""
        return inputs_on_record(self._world.book.get(key)) if self._world.book.tree is not None else None

    def attachment(self, component: Key) -> Key | None:
        """See `Versions`."""
        return attachment_on_record(self._world.book.get(component))

    def _record(self, template: Key) -> TemplateRecord:
        return self._world.book.template(template)


def look_near(place: Place, seen: Snapshot, book: RecordBook, now: str) -> Looking:
    """Puts what is synced from other repositories into the catalog, as far as this machine has it."""
    looking = Looking(seen.catalog, NearSources(Repositories(place, seen.catalog)), Moment(book, now))
    sync_catalog(looking, seen.catalog.templates(), seen.catalog.service_names())
    return looking


def check_snapshot(place: Place, seen: Snapshot, request: Request, inspect: Inspect = no_inspection) -> bool:
    """Every check, with inputs judged by the versions that a pass would leave to follow. Nothing is changed but the
    problems of the catalog. What is synced from elsewhere was put into it before. False when an error would end a pass
    before anything is planned; what does not fit, and what cannot be registered, ends none."""
    catalog = seen.catalog
    world = near_world(place, catalog, RecordBook(seen.records), replace(request, catalog_commit=seen.commit), inspect)
    cut_templates(world, frozenset(catalog.templates()))
    check_files(catalog)
    for name in catalog.component_names():
        catalog.add_problems(component_problems(catalog, name, inspect))
    wrong = [problem for problem in catalog.problems if problem.is_error]
    check_fits(catalog, FollowedVersions(world))
    for key, template in catalog.templates().items():
        found = failed_now(template, world.book.template(key))
        catalog.add_problems(map(as_warning, found) if template.sync is not None else found)
    return all(_is_bundle(catalog, problem.position.path) for problem in wrong)


def _once(inspect: Inspect) -> Inspect:
    """The same, asked once for equal files: it takes a process."""
    found: dict[tuple[tuple[str, bytes], ...], tuple[Problem, ...]] = {}

    def ask(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
        what = tuple(sorted(files.items()))
        if what not in found:
            found[what] = inspect(files)
        return found[what]

    return ask


def offline_plan(
    place: Place,
    revision: str | None,
    request: Request,
    inspect: Inspect = no_inspection,
    engines: frozenset[Engine] = frozenset(Engine),
) -> OfflinePlan:
    """The plan of a working folder or a commit. Every check of `validate` comes first. With `engines` it has actions
    for these only, as a pass would."""
    seen, inspect = snapshot(place, revision), _once(inspect)
    catalog, book = seen.catalog, Chronicle(seen.records)
    looking = look_near(place, seen, book, request.now)
    note = "\n".join(filter(None, (seen.note, *looking.synced.unseen)))
    if not check_snapshot(place, seen, request, inspect):
        return OfflinePlan(catalog, book, None, note)
    scope = scope_of(catalog, seen.before, book)
    world = near_world(place, catalog, book, replace(request, catalog_commit=seen.commit), inspect, scope)
    world.looking = looking
    world.engines = engines
    errors = [problem for problem in catalog.problems if problem.is_error]
    is_unfit = not all(_is_bundle(catalog, problem.position.path) for problem in errors)
    return OfflinePlan(catalog, book, plan(world, scope.including(request.look_at)), note, is_unfit)


def _is_bundle(catalog: Catalog, path: str) -> bool:
    """True for a file inside a bundle: what is wrong there fails one registration, and is part of the plan."""
    return any(
        path == folder or path.startswith(folder + "/")
        for template in catalog.templates().values()
        for folder, _ in template.majors.values()
    )


def near_world(
    place: Place, catalog: Catalog, book: RecordBook, request: Request, inspect: Inspect, scope: Scope | None = None
) -> World:
    """A world in which everything may be planned, whether or not this version carries it out."""
    lineage = catalog.settings.lineage or "unborn"
    observer = NearObserver(Repositories(place, catalog))
    new = frozenset(component_key(name) for name in (scope.components if scope is not None else ()))
    request = replace(request, lineage=lineage)
    return World(catalog, book, observer, request, Jail(), inspect, new_components=new)


@dataclass(frozen=True)
class Rendered:
    """The files of one resource by path inside its folder; `changes` is how they differ from what is recorded."""

    folder: str
    files: dict[str, bytes]
    changes: tuple[FileChange, ...]


def render_key(
    place: Place,
    revision: str | None,
    request: Request,
    key: Key,
    inspect: Inspect = no_inspection,
    supposed: Mapping[Key, Mapping[str, str]] = MappingProxyType({}),
) -> Rendered:
    """What one resource would get right now, or, with `supposed` outputs by key, once those were reported. Raises
    `InputError` when the catalog does not ask for it, or when what it waits for is not known yet."""
    seen, inspect = snapshot(place, revision), _once(inspect)
    catalog, book = seen.catalog, RecordBook(seen.records)
    looking = look_near(place, seen, book, request.now)
    check_snapshot(place, seen, request, inspect)
    scope = scope_of(catalog, seen.before, book)
    world = near_world(place, catalog, book, replace(request, catalog_commit=seen.commit), inspect, scope)
    world.looking = looking
    plan(world, scope)  # cuts the versions that the resource may follow
    suppose(world, supposed)
    desired = desired_of(world, key)
    if desired is None:
        raise InputError(f"the catalog has no {key}", hint="check the name; `reconciler plan` lists what there is")
    if isinstance(desired, Blocked):
        when = "" if desired.reason in BAD_REASONS else " yet"
        raise InputError(f"{key} cannot be rendered{when}: {desired.message}", hint=desired.hint)
    record = RecordBook(seen.records).get(key)
    deployment = decide_anew(world, record, desired)
    files = files_of(deployment, desired.bundle, world.jinja)
    before: dict[str, bytes] = {}
    if record.placed is not None:
        bundle = book.bundle(record.placed.bundle)
        before = files_of(record.placed, bundle, world.jinja) if bundle is not None else {}
    return Rendered(desired.target.folder, files, changes(desired.target.folder, before, files))
