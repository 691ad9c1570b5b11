"""What an effect means for a record. Outcomes survive a conflict: they are applied to the newest record there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.model.lifecycle import started
from reconciler.planning.observations import PullState, SeenPull
from reconciler.records.record import PullRequestRef, Record


@dataclass(frozen=True)
class Outcome:
    """What came of one effect on the pull request of one deployment."""

    record: Record
    deployment: str
    pull: SeenPull
    closed: bool = False


def apply_outcome(record: Record, outcome: Outcome, now: str) -> Record:
    """The record after an effect; unchanged when it has moved on and the outcome says nothing about it any more."""
    if record.closing is not None and record.closing.id == outcome.deployment:
        return _closing(record, outcome, now)
    if record.latest is None or record.latest.id != outcome.deployment or outcome.closed:
        return record
    pull = PullRequestRef(outcome.pull.number, outcome.pull.url, outcome.pull.head)
    return replace(record, latest=replace(record.latest, pull_request=pull))


def _closing(record: Record, outcome: Outcome, now: str) -> Record:
    closing = record.closing
    assert closing is not None
    if outcome.pull.state is PullState.CLOSED:
        return replace(record, closing=None)
    if outcome.pull.state is PullState.OPEN:
        return record
    # It was merged before it could be closed: it is the running one, and the newer desire waits (design, section 4).
    # Whether the target branch carries it is for the next look to say.
    pull = PullRequestRef(outcome.pull.number, outcome.pull.url, outcome.pull.head)
    status = started(destroy=closing.destroy)
    running = replace(closing, status=status, pull_request=pull, finished_at="", message="", replaced_by="")
    return replace(record, latest=running, closing=None)


def is_orphan(record: Record, deployment: str) -> bool:
    """True when a pull request was opened for a deployment that is not current any more; it has to be closed."""
    return all(role is None or role.id != deployment for role in (record.latest, record.closing, record.placed))
