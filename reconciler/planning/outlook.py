"""What a resource waits for, on whom, since when and until when; and whether anything will come of it by itself.

Records say who acts next; the settings say how long they may take (design, section 4: waits have deadlines).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.catalog.entities import PullRequestPolicy
from reconciler.planning.reasons import IN_FLIGHT, Reason
from reconciler.records.record import Blocked, Deployment, Record

# It goes on without anybody mending anything: others are deployed, merged or reachable by then.
_PASSING = (
    *IN_FLIGHT,
    Reason.WAITING_FOR_ENVIRONMENT,
    Reason.WAITING_FOR_COMPONENT,
    Reason.WAITING_FOR_INSTANCES,
    Reason.IN_USE,
    Reason.BUDGET,
    Reason.UNREACHABLE,
)


@dataclass(frozen=True)
class Waiting:
    """What is waited for, in words; on whom, as URLs, repositories or keys; since when and until when (RFC 3339 in
    UTC). `deadline` is empty for what may take any time; `then` says what happens when it is past, `overdue` that it
    is."""

    what: str
    on: tuple[str, ...]
    since: str
    deadline: str = ""
    then: str = ""
    overdue: bool = False


def waiting(record: Record, policy: PullRequestPolicy, now: str) -> Waiting | None:
    """What a resource waits for; None when nothing more will come of it by itself."""
    latest = record.latest
    if latest is not None and latest.status.is_running:
        return _under_way(latest, policy, now)
    blocked = record.blocked
    if blocked is None or not is_passing(blocked):
        return None
    return Waiting(blocked.message, blocked.waiting_on, blocked.since)


def _under_way(latest: Deployment, policy: PullRequestPolicy, now: str) -> Waiting:
    if latest.merged_at:
        since, days = latest.merged_at, policy.report_timeout_days
        what, on, then = "a report", (latest.target.repository,), "the deployment fails"
    elif latest.pull_request is not None:
        since, days = latest.claimed_at, policy.timeout_days
        what, on, then = "a merge", (latest.pull_request.url,), "the pull request is closed, and the deployment fails"
    else:
        since, days = latest.claimed_at, policy.timeout_days
        what, on, then = "the next pass, to be proposed", ("reconciler apply",), "the deployment fails"
    deadline = datetime.fromisoformat(since) + timedelta(days=days)
    overdue = datetime.fromisoformat(now) > deadline
    return Waiting(what, on, since, deadline.isoformat().replace("+00:00", "Z"), then, overdue)


def is_passing(blocked: Blocked) -> bool:
    """True when nobody has to mend anything: it goes on by itself."""
    return blocked.reason in _PASSING


@dataclass(frozen=True)
class Outcome:
    """How a deployment ended: `good` when the resource is as it was asked for, or gone. `text` says it in words, `hint`
    what to do."""

    good: bool
    text: str
    hint: str = ""


def outcome(record: Record) -> Outcome | None:
    """How what is under way for a resource ended; None while something may still come of it by itself."""
    blocked, latest = record.blocked, record.latest
    if blocked is not None:
        why = blocked.message.removeprefix(f"{blocked.reason}: ")
        return None if is_passing(blocked) else Outcome(False, f"{blocked.reason}: {why}", blocked.hint)
    if latest is None:
        return Outcome(True, "not on record any more")
    if latest.status.is_running:
        return None
    if latest.status.is_success:
        return Outcome(True, f"{latest.status}, {latest.made_from}")
    hint = f"`reconciler explain {record.key}` says what to do"
    return Outcome(False, f"{latest.status}: {latest.message}", hint)
