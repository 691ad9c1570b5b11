"""What a person does about one resource between passes: `cancel` and `forget`.

The steps are those of a pass: look, settle, claim by compare-and-swap, act, record what came of it. Nothing is planned,
and no other key is touched. Either may be killed anywhere and run again, or run twice at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reconciler.catalog.load import Catalog
from reconciler.engine.chronicle import Chronicle
from reconciler.engine.effects import Effects
from reconciler.engine.jail import Jail
from reconciler.engine.lineage import require_lineage
from reconciler.engine.observe import ForgeObserver, Repositories
from reconciler.engine.place import Place, catalog_remote, handled_tree, records_remote
from reconciler.engine.store import ATTEMPTS, RecordStore, commit_message
from reconciler.errors import ConflictError, InputError, ReconcilerError, TryAgainError
from reconciler.gitstore.checkout import person_of
from reconciler.model.keys import Key
from reconciler.planning.decide import bundle_lost, never_opened, proposal_of
from reconciler.planning.interventions import cancelled, forgotten, refuse_to_forget
from reconciler.planning.result import Action, Plan, Verb
from reconciler.planning.settle import settled
from reconciler.planning.world import Request, World
from reconciler.records.record import Deployment, Record

_T = TypeVar("_T")
Progress = Callable[[str], None]
Now = Callable[[], str]


@dataclass(frozen=True)
class _Scene:
    """One look: the records at a tip, and the catalog as everybody sees it; `before` is the one handled last."""

    store: RecordStore
    tip: str
    repositories: Repositories
    world: World
    before: Catalog | None

    def settled(self, key: Key) -> Record:
        """A record with what became of its newest deployment. Raises `InputError` for a key that has none, and what an
        observer raises."""
        record = self.world.book.get(key)
        if record == Record(key):
            hint = "check the name; `reconciler status` lists what is recorded"
            raise InputError(f"nothing is recorded of {key}", hint=hint)
        return settled(self.world, record)

    def claim(self, record: Record, what: str, **trailers: str) -> None:
        """Puts a record on the branch. Raises `ConflictError` when somebody else was faster."""
        request, deployment = self.world.request, self.world.book.get(record.key).latest
        message = commit_message(
            f"{what}: {record.key}",
            {
                "Reconciler-Catalog-Commit": request.catalog_commit,
                "Reconciler-Requested-By": request.author,
                "Reconciler-Deployment": f"{record.key} {deployment.id}" if deployment is not None else "",
                **{f"Reconciler-{name.title()}": " ".join(text.split()) for name, text in trailers.items()},
            },
        )
        self.world.book.put(record)
        self.store.commit(self.tip, [(self.world.book, message)], request.now)


def cancel(place: Place, key: Key, now: Now, progress: Progress) -> Deployment:
    """Cancels what is under way for a key, and closes its pull request. Returns the deployment, as it is on record.

    Harmless to repeat. Raises `InputError` as `cancelled` does, also when it was merged before it could be closed;
    what is claimed by then, and was not closed, is closed by the next pass.
    """

    def step() -> Deployment | None:
        scene = _look(place, now())
        settled = scene.settled(key)
        latest = settled.latest
        was_proposed = (
            latest is not None and latest.target.is_repository and not never_opened(scene.world, settled, latest)
        )
        record = cancelled(settled, scene.world.request.now, was_proposed=was_proposed)
        if record != settled:
            scene.claim(record, "cancel")
        if record.closing is None:
            return record.latest
        _close(scene, record, record.closing, now, progress)
        return None  # what came of it is for another look to say

    return _until(step, progress)


def forget(place: Place, key: Key, reason: str, now: Now, progress: Progress) -> Record:
    """Drops the record of a resource, and leaves everything else as it is. Returns the record that was dropped; one
    without a deployment had been dropped before.

    Raises `InputError` while the resource is asked for, under way or in use.
    """

    def step() -> Record:
        scene = _look(place, now())
        record = scene.world.book.get(key)
        try:
            record = scene.settled(key)
        except ReconcilerError:
            # A repository that is gone for good must not keep the records of what was in it.
            if record.latest is None or record.latest.status.is_running or record.closing is not None:
                raise
        if record.is_live:
            refuse_to_forget(scene.world.catalog, scene.world.book, record)
            scene.claim(forgotten(record, scene.before, scene.world.request.now), "forget", reason=reason)
        return record

    return _until(step, progress)


def _until(step: Callable[[], _T | None], progress: Progress) -> _T:
    for _ in range(ATTEMPTS):
        try:
            done = step()
        except ConflictError as conflict:
            progress(f"somebody else was faster ({conflict.message}); looking again")
            continue
        if done is not None:
            return done
    raise TryAgainError("others keep changing the records", hint="run it again")


def _look(place: Place, now: str) -> _Scene:
    shared = catalog_remote(place)
    branch = shared.default_branch()
    commit = shared.fetch(f"refs/heads/{branch}").get(f"refs/heads/{branch}") if branch else None
    if commit is None:
        raise InputError(f"{shared.name} has no commit yet", hint="commit the catalog first")
    catalog = Catalog(place.inside(shared.objects.tree(commit)))
    errors = [problem for problem in catalog.problems if problem.is_error]
    if errors:
        raise InputError(f"the catalog has errors: {errors[0]}", hint="correct them first; see `reconciler validate`")
    store = RecordStore(records_remote(place, catalog, shared), catalog.settings.records_branch)
    tip = store.tip()
    book: Chronicle = store.book(tip)
    lineage = require_lineage(catalog.settings, book, store)
    assert tip is not None
    assert place.top is not None
    person, repositories = person_of(place.top), Repositories(place, catalog)
    request = Request(commit, f"{person.name} <{person.email}>", lineage, now)
    world = World(catalog, book, ForgeObserver(repositories), request, Jail())
    before = handled_tree(place, shared.objects, book)
    return _Scene(store, tip, repositories, world, Catalog(before) if before is not None else None)


def _close(scene: _Scene, record: Record, closing: Deployment, now: Now, progress: Progress) -> None:
    close = proposal_of(scene.world, closing, record.placed)
    if close is None:
        lost = bundle_lost(closing)
        raise InputError(lost.message, hint=lost.hint)
    request = scene.world.request
    effects = Effects(scene.repositories, scene.store, request, now, progress)
    effects.carry_out(Plan(request.catalog_commit, actions=(Action(record.key, Verb.CLOSE, "", record, None, close),)))
    for _, error in effects.errors:
        raise error
