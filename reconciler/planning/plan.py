"""The planner: catalog, records and observations in, an ordered plan out.

It changes nothing outside: what a pass would claim is collected in the record book, which the engine commits, and a dry
run drops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from reconciler.catalog.bundle import Bundle
from reconciler.catalog.entities import TemplateFolder
from reconciler.errors import InputError, TryAgainError
from reconciler.model.keys import DEPLOYMENT_ORDER, Key, Kind, pipeline_key
from reconciler.model.problems import Problem
from reconciler.planning.blockers import block_edited, unblock_edited
from reconciler.planning.decide import Decision, decide
from reconciler.planning.deletion import decide_deletion
from reconciler.planning.desired import Desired, desired_of
from reconciler.planning.guards import guard, has_consent, idle_consents, in_use, refuse_empty
from reconciler.planning.inspection import inspect_bundle
from reconciler.planning.reasons import IN_FLIGHT, Reason
from reconciler.planning.result import Action, Plan, TemplateChange
from reconciler.planning.scope import Scope
from reconciler.planning.settle import settled
from reconciler.planning.syncing import conclude_templates
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Cursor, Record
from reconciler.versioning.cut import Moment, cut_template


def plan(world: World, scope: Scope) -> Plan:
    """The plan for everything in scope. Raises `RecordsError` for damaged records, `InputError` for a catalog from
    which everything is gone."""
    refuse_empty(world)
    return _Planner(world, scope).run()


def cut_templates(world: World, keys: frozenset[Key]) -> tuple[TemplateChange, ...]:
    """Cuts the versions of these templates of the catalog, in the record book of the world; what changed."""
    changes = []
    moment = Moment(world.request.catalog_commit, world.request.now)
    for key in sorted(keys, key=lambda key: key.sort_key):
        template, before = world.catalog.templates()[key], world.book.template(key)
        read, pinned = partial(_inspected, world, template), partial(world.pinned, template_kind=key.kind)
        record, cuts = cut_template(template, before, read, pinned, moment)
        world.book.put_template(record, {cut.tree.id: cut.tree for cut in cuts if cut.tree is not None})
        if cuts or record.withdrawn != before.withdrawn:
            changes.append(TemplateChange(record, cuts))
    return tuple(changes)


def _inspected(world: World, template: TemplateFolder, major: int | None) -> tuple[Bundle | None, tuple[Problem, ...]]:
    """A bundle of the catalog that may be registered. What is wrong with it fails that registration and no other."""
    bundle, problems = world.catalog.bundle(template, major)
    if bundle is None:
        return None, problems
    found = inspect_bundle(world.inspect, template.majors[major][0], bundle)
    return None if any(problem.is_error for problem in found) else bundle, (*problems, *found)


class _Planner:
    def __init__(self, world: World, scope: Scope) -> None:
        self.world = world
        self.scope = scope
        self.actions: list[Action] = []
        self.blocked: list[tuple[Record, Blocked]] = []
        self.unchanged: list[Key] = []
        self.unreachable: dict[str, None] = {}
        self.opened: dict[str, int] = {}
        self.obstacles: dict[Key, TryAgainError | InputError] = {}

    def run(self) -> Plan:
        """Versions first, then what came of earlier deployments, then decisions in deployment order."""
        synced = self.world.synced
        self.world.catalog.add_problems(idle_consents(self.world))  # before this pass makes any of them idle
        templates = cut_templates(self.world, self.scope.templates | synced.templates.keys())
        if self.world.looking is not None:
            conclude_templates(self.world.looking)
        keys = self._settled(self.scope.keys | synced.keys | self._followers(templates))
        deletions = {key for key in keys if self._is_unasked(key)}
        for key in sorted(keys - deletions, key=_forward):
            self._conclude(key, self._guarded(key, self._wanted))
        self._delete(deletions)
        for key in synced.kept:
            if not self.world.book.get(key).is_live:
                self.world.book.drop_sync(key)  # it is gone, and nobody lists it
        request = self.world.request
        self.world.book.put_cursor(Cursor(request.catalog_commit, request.now))
        return Plan(
            catalog_commit=request.catalog_commit,
            templates=templates,
            actions=tuple(self.actions),
            blocked=tuple(self.blocked),
            unchanged=tuple(self.unchanged),
            problems=self.world.catalog.problems,
            unreachable=tuple(synced.unreachable | self.unreachable),
            syncs=tuple(synced.news),
            jinja=self.world.jinja,
        )

    def _followers(self, templates: tuple[TemplateChange, ...]) -> frozenset[Key]:
        """Whoever follows a template that changed, or reads of it in the plan why it did not; and the components that
        are attached to them, which it may not take any more."""
        users = {user for change in templates for user in self.world.book.users(change.record.key)}
        attached = {key for user in users if user.kind is Kind.INSTANCE for key in self.world.book.users(user)}
        return frozenset(users | attached)

    def _settled(self, keys: frozenset[Key]) -> set[Key]:
        """Records what came of deployments, and adds the keys that read what came of them."""
        todo = sorted(keys, key=_forward)
        seen = set(todo)
        for key in todo:  # grows while it is walked, always by keys that come later in the order
            record = self.world.book.get(key)
            after = self._looked_at(record)
            if after == record:
                continue
            self.world.book.put(after)
            for reader in sorted(self._readers(record, after) - seen, key=_forward):
                seen.add(reader)
                todo.append(reader)
        return seen

    def _looked_at(self, record: Record) -> Record:
        """The record after a look. An obstacle is kept: the decision about this key has to say so."""
        try:
            return settled(self.world, record)
        except (TryAgainError, InputError) as error:
            self.obstacles[record.key] = error
            return record

    def _readers(self, before: Record, after: Record) -> set[Key]:
        was = before.effective.id if before.effective is not None else ""
        now = after.effective.id if after.effective is not None else ""
        if was == now:
            return set()
        if after.key.kind in (Kind.ENVIRONMENT, Kind.COMPONENT):
            return self.world.book.users(after.key) | self._attached_to(after.key)
        if after.key.kind is Kind.INSTANCE:
            service = self.world.catalog.service(after.key.service)
            return {pipeline_key(after.key.service)} if service is not None and service.pipeline is not None else set()
        return set()

    def _attached_to(self, key: Key) -> set[Key]:
        """The instance that the catalog attaches a component to: it reads the outputs, and may never have done so."""
        component = self.world.catalog.component(key.name) if key.kind is Kind.COMPONENT else None
        return {component.instance} if component is not None and component.instance is not None else set()

    def _is_unasked(self, key: Key) -> bool:
        """True for what is on record and not in the catalog. A file with errors is never taken for a removed one: the
        engine plans nothing for a catalog with errors."""
        record = self.world.book.get(key)
        if self._held(key) is not None:
            return False
        is_over = record.latest is not None and not record.is_live and record.closing is None
        if is_over or not (record.is_live or record.is_unsettled):
            return False
        return not self.world.catalog.has(key)

    def _wanted(self, key: Key) -> Decision:
        record = self.world.book.get(key)
        desired = self._held(key) or desired_of(self.world, key)
        if isinstance(desired, Desired):
            desired = replace(desired, notes=(*desired.notes, *self._moved_back(record, desired)))
        return decide(self.world, record, desired) if desired is not None else None

    def _held(self, key: Key) -> Blocked | None:
        """Why a part of a synced service stays as it is. What Git lists no more may go once somebody consents."""
        synced, latest = self.world.synced, self.world.book.get(key).latest
        if key in synced.kept and (has_consent(self.world, key) or (latest is not None and latest.destroy)):
            return None
        return synced.blocked.get(key)

    def _moved_back(self, record: Record, desired: Desired) -> tuple[str, ...]:
        """What is withdrawn is not good enough for those who run it already: they go to the newest that is left."""
        done = record.effective
        if done is None or done.version is None or desired.version is None or done.version <= desired.version:
            return ()
        withdrawn = self.world.book.template(Key(record.key.kind.template_kind, done.template)).withdrawn
        if str(done.version) not in withdrawn:
            return ()
        return (f"{done.template} {done.version} is withdrawn: back to {desired.version}, the newest that is left",)

    def _delete(self, deletions: set[Key]) -> None:
        fresh = tuple(sorted((key for key in deletions if self._needs_guard(key)), key=_backward))
        latest = (self.world.book.get(key).latest for key in deletions)
        held = guard(self.world, fresh, sum(item is not None and item.destroy for item in latest))
        for key in sorted(deletions, key=_backward):
            blocked = held.get(key) or in_use(self.world, key, frozenset(deletions))
            self._conclude(key, blocked or self._guarded(key, self._unwanted))

    def _needs_guard(self, key: Key) -> bool:
        """Consent is asked for once: when a destruction is claimed it has been given."""
        latest = self.world.book.get(key).latest
        return latest is not None and not latest.destroy and not latest.status.is_gone

    def _unwanted(self, key: Key) -> Decision:
        return decide_deletion(self.world, self.world.book.get(key))

    def _guarded(self, key: Key, decision: Callable[[Key], Decision]) -> Decision:
        try:
            if key in self.obstacles:
                raise self.obstacles[key]
            return self._within_budget(decision(key))
        except TryAgainError as error:
            self.unreachable[str(error)] = None
            return Blocked(Reason.UNREACHABLE, error.message, error.hint or "try again later")
        except InputError as error:
            return Blocked(Reason.NO_FORGE, error.message, error.hint)

    def _within_budget(self, decision: Decision) -> Decision:
        """Caps the open pull requests of a repository. What replaces one that is open takes its place."""
        if not isinstance(decision, Action) or decision.open is None or decision.close is not None:
            return decision
        target = decision.open.deployment.target
        if decision.open.deployment.pull_request is not None or not target.is_repository:
            return decision
        repository = target.repository
        limit = self.world.catalog.settings.pull_requests.max_open
        if repository not in self.opened:
            self.opened[repository] = self.world.observer.open_count(repository)
        if self.opened[repository] >= limit:
            message = f"{limit} pull requests are open in {repository}, which is the limit"
            hint = "merge or close some of them, or raise pullRequests.maxOpen in reconciler.yaml"
            return Blocked(Reason.BUDGET, message, hint, (repository,))
        self.opened[repository] += 1
        return decision

    def _conclude(self, key: Key, decision: Decision) -> None:
        """Puts a key into exactly one list, and remembers since when it is blocked."""
        record = self.world.book.get(key)
        if isinstance(decision, Action):
            self.actions.append(decision)
            self.world.book.put(decision.record)
            unblock_edited(self.world, record)
        elif isinstance(decision, Blocked):
            blocked = self._since(record, decision)
            self.blocked.append((record, blocked))
            block_edited(self.world, record, blocked)
            kept = None if blocked.reason in IN_FLIGHT else blocked
            self.world.book.put(replace(record, blocked=kept))
        else:
            self.unchanged.append(key)
            self.world.book.put(replace(record, blocked=None))
            unblock_edited(self.world, record)

    def _since(self, record: Record, blocked: Blocked) -> Blocked:
        if blocked.since:
            return blocked
        before = record.blocked
        same = before is not None and (before.reason, before.waiting_on) == (blocked.reason, blocked.waiting_on)
        return replace(blocked, since=before.since if same and before is not None else self.world.request.now)


def _forward(key: Key) -> tuple[int, str]:
    return (DEPLOYMENT_ORDER.index(key.kind) if key.kind in DEPLOYMENT_ORDER else 0, str(key))


def _backward(key: Key) -> tuple[int, str]:
    return (-_forward(key)[0], str(key))
