"""Plans and renderings from what this machine has: no network, no credentials, nothing written anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.engine.chronicle import Chronicle
from reconciler.engine.observe import ForgeObserver, Repositories
from reconciler.engine.place import Place, snapshot
from reconciler.errors import InputError
from reconciler.model.identity import Target
from reconciler.model.keys import Key
from reconciler.model.reports import Report
from reconciler.planning.decide import decide_anew
from reconciler.planning.desired import desired_of
from reconciler.planning.observations import SeenFolder, SeenPull
from reconciler.planning.plan import plan
from reconciler.planning.proposal import files_of
from reconciler.planning.result import Plan
from reconciler.planning.scope import scope_of
from reconciler.planning.show import FileChange, changes
from reconciler.planning.world import Request, World
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked


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

    def folder(self, target: Target) -> SeenFolder | None:
        """See `Observer`."""
        return super().folder(target) if self._near(target.repository) else None

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


def offline_plan(place: Place, revision: str | None, request: Request) -> OfflinePlan:
    """The plan of a working folder or a commit. Every check of `validate` comes first."""
    seen = snapshot(place, revision)
    catalog, book = seen.catalog, Chronicle(seen.records)
    check_everything(catalog, book.template_keys())
    if any(problem.is_error for problem in catalog.problems if not _is_bundle(catalog, problem.position.path)):
        return OfflinePlan(catalog, book, None, seen.note)
    world = _world(place, catalog, book, replace(request, catalog_commit=seen.commit))
    scope = scope_of(catalog, seen.before, book)
    return OfflinePlan(catalog, book, plan(world, scope.including(request.look_at)), seen.note)


def _is_bundle(catalog: Catalog, path: str) -> bool:
    """True for a file inside a bundle: what is wrong there fails one registration, and is part of the plan."""
    return any(
        path == folder or path.startswith(folder + "/")
        for template in catalog.templates().values()
        for folder, _ in template.majors.values()
    )


def _world(place: Place, catalog: Catalog, book: RecordBook, request: Request) -> World:
    lineage = catalog.settings.lineage or "unborn"
    observer = NearObserver(Repositories(place, catalog))
    return World(catalog, book, observer, replace(request, lineage=lineage))


@dataclass(frozen=True)
class Rendered:
    """The files of one resource by path inside its folder; `changes` is how they differ from what is recorded."""

    folder: str
    files: dict[str, bytes]
    changes: tuple[FileChange, ...]


def render_key(place: Place, revision: str | None, request: Request, key: Key) -> Rendered:
    """What one resource would get right now. Raises `InputError` when the catalog does not ask for it, or when what it
    waits for is not known yet."""
    seen = snapshot(place, revision)
    catalog, book = seen.catalog, RecordBook(seen.records)
    check_everything(catalog, book.template_keys())
    world = _world(place, catalog, book, replace(request, catalog_commit=seen.commit))
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
