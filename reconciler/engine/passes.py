"""One pass: look, settle, plan, claim, act, record what came of it.

Claims come before effects and lose to a conflict; effects can be repeated by anybody; outcomes survive a conflict. So a
pass may be killed anywhere, and two may run at once: whoever comes next finishes what it finds (design, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.catalog.checks import check_scope
from reconciler.catalog.load import Catalog
from reconciler.engine.effects import Effects
from reconciler.engine.jail import Jail
from reconciler.engine.lineage import require_lineage
from reconciler.engine.observe import ForgeObserver, Repositories
from reconciler.engine.place import Place, catalog_remote, handled_tree, records_remote
from reconciler.engine.sources import FetchedSources
from reconciler.engine.store import ATTEMPTS, RecordStore, commit_message
from reconciler.errors import ConflictError, InputError, ReconcilerError, TryAgainError
from reconciler.gitstore.base import GitRemote
from reconciler.gitstore.open import open_remote
from reconciler.model.keys import Key, component_key
from reconciler.model.problems import Problem
from reconciler.planning.desired import desired_of
from reconciler.planning.inspection import component_problems
from reconciler.planning.plan import plan
from reconciler.planning.result import Plan
from reconciler.planning.scope import scope_of
from reconciler.planning.servicesync import sync_catalog
from reconciler.planning.syncing import Looking, Moment
from reconciler.planning.world import DRIVEN, Inspect, Request, World, no_inspection
from reconciler.records.book import RecordBook
from reconciler.records.record import Deployment

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a person may say to a pass. `revision` is the catalog commit to handle, by default what is checked out;
    `inspect` looks at what only Terraform can judge in a new bundle."""

    revision: str | None = None
    rewind: bool = False
    retry: frozenset[Key] = frozenset()
    allow_deletes: frozenset[Key] = frozenset()
    inspect: Inspect = no_inspection


@dataclass(frozen=True)
class PassResult:
    """What a pass did. `superseded_by` is the commit that was handled already when this one is older; `problems` are
    the errors for which the catalog was not planned at all; `ended` are the earlier deployments that came to an end;
    `errors` are those of effects that did not succeed."""

    commit: str
    plan: Plan | None = None
    book: RecordBook = field(default_factory=lambda: RecordBook(None), repr=False)
    superseded_by: str = ""
    problems: tuple[Problem, ...] = ()
    ended: tuple[Deployment, ...] = ()
    pulls: dict[Key, str] = field(default_factory=dict)
    errors: tuple[tuple[Key, ReconcilerError], ...] = ()

    @property
    def failures(self) -> tuple[str, ...]:
        """The effects that did not succeed, in words."""
        return tuple(f"{key}: {error}" for key, error in self.errors)


def run_pass(place: Place, options: Options, now: Callable[[], str], progress: Progress) -> PassResult:
    """One pass over a catalog. Raises `InputError` for what a person has to mend first, `TryAgainError` for what may
    work later; whatever was claimed by then is finished by the next pass."""
    shared = catalog_remote(place)
    commit = shared_commit(place, shared, options.revision)
    catalog = Catalog(place.inside(shared.objects.tree(commit)))
    if any(problem.is_error for problem in catalog.problems):
        return PassResult(commit, problems=catalog.problems)
    store = RecordStore(records_remote(place, catalog, shared), catalog.settings.records_branch)
    for _ in range(ATTEMPTS):
        try:
            return _attempt(place, shared, store, commit, options, now, progress)
        except ConflictError as conflict:
            progress(f"somebody else was faster ({conflict.message}); looking again")
    raise TryAgainError("others keep changing the records", hint="run it again")


def _attempt(
    place: Place,
    shared: GitRemote,
    store: RecordStore,
    commit: str,
    options: Options,
    now: Callable[[], str],
    progress: Progress,
) -> PassResult:
    tree = place.inside(shared.objects.tree(commit))
    catalog = Catalog(tree)
    tip = store.tip()
    book = store.book(tip)
    lineage = require_lineage(catalog.settings, book, store)
    assert tip is not None
    newer = _superseded(shared, book, commit, options)
    if newer:
        return PassResult(commit, superseded_by=newer)
    before = handled_tree(place, shared.objects, book)
    scope = scope_of(catalog, before, book)
    repositories, at = Repositories(place, catalog), now()
    looking = Looking(catalog, FetchedSources(repositories), Moment(book, at, lineage))
    sync_catalog(looking, scope.templates, scope.services)
    check_scope(
        catalog,
        scope.environments,
        scope.services,
        scope.components,
        templates=scope.templates,
        everything=scope.everything,
    )
    for name in sorted(scope.components):
        catalog.add_problems(component_problems(catalog, name, options.inspect))
    if any(problem.is_error for problem in catalog.problems):
        return PassResult(commit, problems=catalog.problems)
    author = shared.objects.commit(commit).author
    request = Request(
        catalog_commit=commit,
        author=f"{author.name} <{author.email}>",
        lineage=lineage,
        now=at,
        retry=options.retry,
        allow_deletes=options.allow_deletes,
    )
    new = frozenset(component_key(name) for name in scope.components)
    observer = ForgeObserver(repositories)
    world = World(catalog, book, observer, request, Jail(), options.inspect, DRIVEN, new, looking)
    _require_known(world, options.retry | options.allow_deletes)
    made = plan(world, scope.including(options.retry))
    steps = [(book.endings(), _ended_message(book.ended, request)), (book, _claim_message(made, request))]
    store.commit(tip, steps, request.now)
    effects = Effects(repositories, store, request, now, progress)
    effects.carry_out(made)
    return PassResult(commit, made, book, ended=book.ended, pulls=effects.pulls, errors=tuple(effects.errors))


def shared_commit(place: Place, shared: GitRemote, revision: str | None) -> str:
    """The catalog commit to handle: one that everybody can see, since the records will refer to it."""
    assert place.top is not None
    own = open_remote(str(place.top), cache=place.cache).objects
    commit = own.resolve(revision or "HEAD")
    branch = shared.default_branch()
    tips = shared.fetch(f"refs/heads/{branch}") if branch else {}
    if commit is None and revision is not None:
        commit = shared.objects.resolve(revision)
    if commit is None:
        if revision is None:
            raise InputError(f"{place.path} has no commit yet", hint="commit the catalog first")
        raise InputError(f'there is no revision "{revision}" in {shared.name}', hint="check `git log`")
    for tip in tips.values():
        if shared.objects.has(commit) and shared.objects.is_ancestor(commit, tip):
            return commit
    where = f"the branch {branch} of {shared.name}" if branch else shared.name
    raise InputError(f"commit {commit[:12]} is not on {where}", hint="push it, or name another --revision")


def _superseded(shared: GitRemote, book: RecordBook, commit: str, options: Options) -> str:
    """The commit that was handled already, when this one is older: a re-run of an old job must do nothing."""
    cursor = book.cursor
    if cursor is None or cursor.catalog_commit == commit:
        return ""
    handled = cursor.catalog_commit
    known = shared.objects.has(handled)
    if known and shared.objects.is_ancestor(handled, commit):
        return ""
    if options.rewind:
        return ""
    if known and shared.objects.is_ancestor(commit, handled):
        return handled
    message = f"commit {commit[:12]} does not follow {handled[:12]}, which was handled last: the history was rewritten"
    raise InputError(message, hint="check out the catalog's newest commit, or agree with --rewind")


def _require_known(world: World, keys: frozenset[Key]) -> None:
    """Raises `InputError` for a key that a person named and that does not exist: most likely it is misspelt."""
    for key in sorted(keys, key=str):
        if not world.book.get(key).is_live and desired_of(world, key) is None:
            hint = "check the name; `reconciler status` lists what is recorded"
            raise InputError(f"neither the catalog nor the records have {key}", hint=hint)


def _ended_message(ended: tuple[Deployment, ...], request: Request) -> str:
    what = f"{ended[0].key} {ended[0].status}" if len(ended) == 1 else f"{len(ended)} deployments ended"
    return commit_message(
        f"record: {what}",
        {
            "Reconciler-Catalog-Commit": request.catalog_commit,
            "Reconciler-Outcome": tuple(f"{item.key} {item.id} {item.status}" for item in ended),
        },
    )


def _sources(made: Plan) -> Iterator[str]:
    """What came from other repositories: versions, and specs of services."""
    for cut in made.cuts:
        if cut.record.source is not None:
            yield f"{cut.name} {cut.record.source} {cut.record.source.sha}"
    for news in made.syncs:
        if news.attempt.is_success and not news.key.kind.is_template:
            yield f"{news.key} {news.attempt.target} {news.attempt.target.sha}"


def _claim_message(made: Plan, request: Request) -> str:
    counts = {
        "version" if len(made.cuts) == 1 else "versions": len(made.cuts),
        "action" if len(made.actions) == 1 else "actions": len(made.actions),
        "blocked": len(made.blocked),
    }
    what = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing to do"
    deployments = tuple(
        f"{action.key} {action.open.deployment.id}" for action in made.actions if action.open is not None
    )
    return commit_message(
        f"claim: {what}",
        {
            "Reconciler-Catalog-Commit": request.catalog_commit,
            "Reconciler-Requested-By": request.author,
            "Reconciler-Version": tuple(cut.name for cut in made.cuts),
            "Reconciler-Source": tuple(_sources(made)),
            "Reconciler-Deployment": deployments,
        },
    )
