"""Carrying a plan out: pull requests closed and opened, and what came of each put on record."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.engine.observe import Repositories, seen
from reconciler.engine.store import RecordStore, commit_message
from reconciler.errors import ReconcilerError
from reconciler.model.keys import Key
from reconciler.planning.observations import PullState
from reconciler.planning.outcomes import Outcome, apply_outcome, is_orphan
from reconciler.planning.proposal import Proposal
from reconciler.planning.result import Action, Plan
from reconciler.planning.world import Request
from reconciler.provisioners.pull_request import PullRequestProvisioner
from reconciler.records.book import RecordBook

# Outcomes are kept back and written together; a crash loses none, since every effect finds its own earlier result.
BATCH = 50


class Effects:
    """The effects of one pass. One that fails stops nobody else; it is claimed, and the next pass repeats it."""

    def __init__(
        self,
        repositories: Repositories,
        store: RecordStore,
        request: Request,
        now: Callable[[], str],
        progress: Callable[[str], None],
    ) -> None:
        self._repositories = repositories
        self._store = store
        self._request = request
        self._now = now
        self._progress = progress
        self._outcomes: list[tuple[Outcome, Proposal]] = []
        self.pulls: dict[Key, str] = {}
        self.errors: list[tuple[Key, ReconcilerError]] = []

    def carry_out(self, plan: Plan) -> None:
        """Every action in the plan's order."""
        for action in plan.actions:
            if action.open is None and action.close is None:
                continue
            try:
                self._act(action)
            except ReconcilerError as error:
                self.errors.append((action.key, error))
            if len(self._outcomes) >= BATCH:
                self._record()
        self._record()

    def _act(self, action: Action) -> None:
        """Closes first, and opens only when the close is confirmed: one pull request at a time for each key."""
        if action.close is not None:
            self._progress(f"{action.key}: closing {action.close.deployment.branch}")
            pull = self._provisioner(action.close).close(action.close, self._request.now)
            self._outcomes.append((Outcome(action.record, action.close.deployment.id, seen(pull), True), action.close))
            if seen(pull).state is not PullState.CLOSED:
                self._progress(f"{action.key}: {pull.url} was merged before it could be closed; the newer desire waits")
                return
        if action.open is not None:
            self._progress(f"{action.key}: opening a pull request in {action.open.deployment.target.repository}")
            opened = self._provisioner(action.open).open(action.open)
            self.pulls[action.key] = opened.url
            self._outcomes.append((Outcome(action.record, action.open.deployment.id, seen(opened)), action.open))

    def _record(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        if not outcomes:
            return
        now = self._now()

        def change(book: RecordBook) -> None:
            for outcome, _ in outcomes:
                book.put(apply_outcome(book.get(outcome.record.key), outcome, now))

        message = commit_message(
            f"record: {len(outcomes)} pull {'request' if len(outcomes) == 1 else 'requests'}",
            {
                "Reconciler-Catalog-Commit": self._request.catalog_commit,
                "Reconciler-Pull-Request": tuple(f"{o.record.key} {o.deployment} {o.pull.url}" for o, _ in outcomes),
            },
        )
        book = self._store.outcome(change, message, now)
        for outcome, proposal in outcomes:
            if not outcome.closed and is_orphan(book.get(outcome.record.key), outcome.deployment):
                # Another reconciler went on while we were at it: what we opened is nobody's any more.
                self._provisioner(proposal).close(proposal, now)

    def _provisioner(self, proposal: Proposal) -> PullRequestProvisioner:
        remote, forge = self._repositories.get(proposal.deployment.target.repository)
        return PullRequestProvisioner(remote, forge, forge)
