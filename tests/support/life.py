"""Passes over a catalog in memory: what the engine does with plans and effects, without Git, network or clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.catalog.checks import check_scope
from reconciler.catalog.load import Catalog
from reconciler.model.engines import Engine
from reconciler.model.keys import Key, component_key, environment_key
from reconciler.model.problems import Problem
from reconciler.model.reports import ReportStatus
from reconciler.model.trees import Tree
from reconciler.planning.decide import decide_anew
from reconciler.planning.desired import desired_of
from reconciler.planning.observations import PullState
from reconciler.planning.outcomes import Outcome, apply_outcome, is_orphan
from reconciler.planning.plan import plan
from reconciler.planning.proposal import files_of
from reconciler.planning.result import Plan
from reconciler.planning.scope import scope_of
from reconciler.planning.suppose import suppose
from reconciler.planning.world import Request, World
from reconciler.records.book import RecordBook
from reconciler.records.codec import encode_lineage
from reconciler.records.layout import LINEAGE, bundle_path
from reconciler.records.record import Blocked, Record
from reconciler.rendering.jinja import DirectJinja
from reconciler.rendering.wellformed import check_stack
from tests.support.memory import files_of_tree, memory_tree
from tests.support.observer import MemoryForge, Pull

LINEAGE_ID = "11111111-2222-3333-4444-555555555555"
START = datetime.fromisoformat("2024-05-01T09:00:00Z")
NOBODY: frozenset[Key] = frozenset()
# What a pass carries out here; everything else is rendered and planned.
ENGINES = frozenset({Engine.TERRAFORM})
JINJA = DirectJinja(check_stack)


@dataclass(frozen=True)
class Pass:
    """What one pass did: `plan` is None when the catalog has errors; `edits` is what it changed on the records branch,
    by path, None for what it removed; `opened` are the pull requests that it opened."""

    plan: Plan | None
    book: RecordBook = field(repr=False)
    problems: tuple[Problem, ...]
    edits: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)
    opened: tuple[Pull, ...] = ()
    log: tuple[str, ...] = ()
    world: World | None = field(default=None, repr=False)

    @property
    def decisions(self) -> list[str]:
        """Everything that was decided, one line each, in the plan's order."""
        if self.plan is None:
            return [f"{problem.code} {problem.position}" for problem in self.problems if problem.is_error]
        return [
            *(f"cut {cut.name} {cut.record.status}" for cut in self.plan.cuts),
            *(f"{action.verb} {action.key}" for action in self.plan.actions),
            *(f"blocked {record.key} {blocked.reason}" for record, blocked in self.plan.blocked),
            *(f"unchanged {key}" for key in self.plan.unchanged),
        ]


@dataclass(frozen=True)
class Rendered:
    """Rendered files by their whole path, and why there are none for other keys."""

    files: Mapping[str, bytes]
    blocked: Mapping[Key, Blocked]


class Life:
    """A catalog from its first pass on. `catalog` and `records` are files by path; `outputs` is what automation reports
    of a resource when nothing else is said. Every pass is a minute later than the one before."""

    def __init__(self, catalog: Mapping[str, bytes | str], outputs: Mapping[str, Mapping[str, str]] | None = None):
        self.catalog = {path: data.encode() if isinstance(data, str) else data for path, data in catalog.items()}
        self.records: dict[str, bytes] = {LINEAGE: encode_lineage(LINEAGE_ID)}
        self.outputs = {key: dict(values) for key, values in (outputs or {}).items()}
        self.forge = MemoryForge()
        self.time = START
        self._commits = 0
        self._seen: dict[str, bytes] | None = None

    @property
    def now(self) -> str:
        """The time of the next pass."""
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")

    def later(self, days: float) -> None:
        """Lets time go by."""
        self.time += timedelta(days=days)

    def book(self) -> RecordBook:
        """The records as they are."""
        return RecordBook(memory_tree(self.records))

    def record(self, key: Key) -> Record:
        """One record as it is."""
        return self.book().get(key)

    def look(
        self,
        *,
        retry: frozenset[Key] = NOBODY,
        allow_deletes: frozenset[Key] = NOBODY,
        engines: frozenset[Engine] = ENGINES,
    ) -> Pass:
        """What a pass would decide now; with every engine, what `plan` shows. Nothing changes."""
        book = self.book()
        catalog = Catalog(memory_tree(self.catalog))
        before: Tree | None = memory_tree(self._seen) if self._seen is not None else None
        if not any(problem.is_error for problem in catalog.problems):
            scope = scope_of(catalog, before, book)
            check_scope(catalog, scope.environments, scope.services, scope.components, everything=scope.everything)
        if any(problem.is_error for problem in catalog.problems):
            return Pass(None, book, catalog.problems)
        commit = f"{self._commits + (self._seen != self.catalog):040x}"
        request = Request(commit, "Ada <ada@example.com>", book.lineage, self.now, retry, NOBODY, allow_deletes)
        new = frozenset(component_key(name) for name in scope.components)
        world = World(catalog, book, self.forge, request, JINJA, engines=engines, new_components=new)
        return Pass(plan(world, scope.including(retry)), book, catalog.problems, world=world)

    def render(self, supposed: Mapping[Key, Mapping[str, str]]) -> Rendered:
        """What every resource of the catalog would get, once those that are supposed to have succeeded with these
        outputs did. Nothing changes."""
        world = self.look(engines=frozenset(Engine)).world
        assert world is not None
        suppose(world, supposed)
        files: dict[str, bytes] = {}
        blocked: dict[Key, Blocked] = {}
        for key in everything(world.catalog):
            desired = desired_of(world, key)
            assert desired is not None
            if isinstance(desired, Blocked):
                blocked[key] = desired
            else:
                made = files_of(decide_anew(world, RecordBook(None).get(key), desired), desired.bundle, world.jinja)
                files |= {f"{desired.target.folder}/{path}": data for path, data in made.items()}
        return Rendered(files, blocked)

    def apply(
        self,
        *,
        retry: frozenset[Key] = NOBODY,
        allow_deletes: frozenset[Key] = NOBODY,
        race: Callable[[MemoryForge], None] = lambda forge: None,
    ) -> Pass:
        """One pass: plan, claim, act, record. `race` is what others do between the claim and the effects."""
        done = self.look(retry=retry, allow_deletes=allow_deletes)
        if done.plan is None:
            return done
        before, log, pulls = dict(self.records), len(self.forge.log), len(self.forge.pulls)
        self._commits += self._seen != self.catalog
        self._seen = dict(self.catalog)
        self._write(done.book)
        race(self.forge)
        self._act(done.plan)
        self.time += timedelta(minutes=1)
        edits: dict[str, bytes | None] = {path: data for path, data in self.records.items() if before.get(path) != data}
        edits |= {path: None for path in before if path not in self.records}
        return replace(done, edits=edits, opened=tuple(self.forge.pulls[pulls:]), log=tuple(self.forge.log[log:]))

    def run(self, pulls: Iterable[Pull]) -> None:
        """People merge, and automation reports success."""
        for pull in list(pulls):
            if pull.state is PullState.OPEN:
                self.forge.merge(pull)
            self.report(pull)

    def report(self, pull: Pull, status: ReportStatus = ReportStatus.SUCCEEDED, message: str = "") -> None:
        """Automation reports what came of a pull request, with the outputs of its resource."""
        succeeded = status is ReportStatus.SUCCEEDED and not pull.proposal.deployment.destroy
        outputs = self.outputs.get(str(pull.key), {}) if succeeded else None
        self.forge.tell(pull, status, outputs, message, self.now)

    def settle(self) -> None:
        """Passes, merges and reports until there is nothing left to do. Every deployment is expected to succeed."""
        for _ in range(20):
            done = self.apply()
            assert done.plan is not None, "\n".join(map(str, done.problems))
            if not done.plan.has_changes and not self.forge.open_pulls():
                return
            self.run(self.forge.open_pulls())
        raise AssertionError(f"still not settled: {done.decisions}")

    def _act(self, made: Plan) -> None:
        for action in made.actions:
            if action.close is not None:
                seen = self.forge.close(action.close)
                self._outcome(Outcome(action.record, action.close.deployment.id, seen, True))
                if seen.state is not PullState.CLOSED:
                    continue
            if action.open is not None:
                seen = self.forge.open(action.open)
                self._outcome(Outcome(action.record, action.open.deployment.id, seen))
                if is_orphan(self.record(action.key), action.open.deployment.id):
                    self.forge.close(action.open)

    def _outcome(self, outcome: Outcome) -> None:
        book = self.book()
        book.put(apply_outcome(book.get(outcome.record.key), outcome, self.now))
        self._write(book)

    def _write(self, book: RecordBook) -> None:
        for path, data in book.edits.items():
            if data is None:
                self.records.pop(path, None)
            else:
                self.records[path] = data
        for identity, tree in book.pins.items():
            self.records |= {f"{bundle_path(identity)}/{path}": data for path, data in files_of_tree(tree).items()}


def everything(catalog: Catalog) -> list[Key]:
    """The keys of all resources of a catalog, services left out, in an order of their own."""
    keys = [environment_key(name) for name in catalog.environment_names()]
    keys += [component_key(name) for name in catalog.component_names()]
    services = [service for name in catalog.service_names() if (service := catalog.service(name)) is not None]
    keys += [instance.key for service in services for instance in service.instances]
    return keys + [service.pipeline.key for service in services if service.pipeline is not None]
