"""What came of the deployments under way: from what is seen to what is recorded. The planner decides on it after.

Merged is what the metadata file on the target branch says, not the forge's flag. A report for the current id is
accepted whatever the pull request's state, and a late one for what the branch carries is a fact (design, sections 4
and 5).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.catalog.entities import PullRequestPolicy
from reconciler.model.lifecycle import Event, after
from reconciler.model.reports import DELETED_ID, Report, ReportStatus
from reconciler.planning.observations import Observer, PullState, SeenFolder, SeenPull
from reconciler.planning.world import World
from reconciler.records.record import MAX_MERGED, Deployment, PullRequestRef, Record

_EVENTS = {ReportStatus.SUCCEEDED: Event.SUCCEED, ReportStatus.FAILED: Event.FAIL}


def settled(world: World, record: Record) -> Record:
    """A record as `settle` leaves it, by the settings and repositories of the catalog. Nobody looks for what is not
    provisioned through pull requests."""
    if record.latest is None or not record.latest.target.is_repository:
        return record
    catalog = world.catalog
    repository = catalog.repository(record.latest.target.repository)
    reports = repository.reports_deletion if repository is not None else True
    policy, now = catalog.settings.pull_requests, world.request.now
    return settle(record, world.observer, policy, now, reports_deletion=reports)


def settle(
    record: Record, observer: Observer, policy: PullRequestPolicy, now: str, *, reports_deletion: bool = True
) -> Record:
    """The record with everything that happened to its newest deployment since it was last looked at."""
    latest = record.latest
    if latest is None or not _may_change(latest):
        return record
    pull = observer.pull_request(latest.target, latest.branch)
    folder = observer.folder(latest.target)
    if pull is not None and pull.state is PullState.MERGED and not carries(folder, latest):
        folder = observer.folder(latest.target, fresh=True)  # the look at the branch may be older than the merge
    report = observer.report(latest.target, latest.key, DELETED_ID if latest.destroy else latest.id)
    after_latest = judge(record, pull, folder, report, policy, now, reports_deletion=reports_deletion)
    return _placed_reported(after_latest, observer, now)


def _placed_reported(record: Record, observer: Observer, now: str) -> Record:
    """What the branch carries may be reported late, after something newer was proposed, and is in effect then."""
    placed, latest = record.placed, record.latest
    if placed is None or latest is None or placed.id == latest.id or placed.destroy or placed.status.is_success:
        return record
    report = observer.report(placed.target, placed.key, placed.id)
    if report is None or report.status is not ReportStatus.SUCCEEDED:
        return record
    done = _reported(placed, Event.SUCCEED, report, now)
    return replace(record, placed=done, effective=done)


def judge(
    record: Record,
    pull: SeenPull | None,
    folder: SeenFolder | None,
    report: Report | None,
    policy: PullRequestPolicy,
    now: str,
    *,
    reports_deletion: bool,
) -> Record:
    """The record after one look at its newest deployment: merge first, then report, then close, then time."""
    latest = record.latest
    assert latest is not None
    if pull is not None and latest.pull_request is None:
        latest = replace(latest, pull_request=PullRequestRef(pull.number, pull.url, pull.head))
    merged_now = not latest.merged_at and carries(folder, latest)
    reopened = pull is not None and pull.state is PullState.OPEN and record.closing is None
    if not latest.status.is_running and not latest.merged_at and (merged_now or reopened):
        latest = replace(latest, status=after(latest.status, Event.REVIVE), finished_at="", message="")
    if merged_now:
        latest = replace(latest, merged_at=now)
    if report is not None and latest.destroy and (not latest.merged_at or _is_before(report.at, latest.claimed_at)):
        report = None  # it is about an earlier destroy: the literal in their metadata is the same for all
    event = _EVENTS.get(report.status) if report is not None else None
    if report is not None and event is None and latest.status.is_running:
        latest = replace(latest, message=report.message)
    if report is not None and event is not None and _is_news(latest, event):
        latest = _reported(latest, event, report, now)
    elif latest.status.is_running and latest.destroy and latest.merged_at and not reports_deletion:
        latest = _finished(latest, Event.SUCCEED, now, "merged; this repository does not report deletions")
    elif latest.status.is_running and not latest.merged_at and pull is not None and pull.state is PullState.CLOSED:
        latest = _finished(latest, Event.CLOSE, now, "the pull request was closed")
    elif latest.status.is_running and not latest.merged_at and _is_lost(pull, folder):
        what = f"merged, but {latest.target.branch} does not carry it: it was changed on its branch, or taken back"
        latest = _finished(latest, Event.CLOSE, now, what)
    elif latest.status.is_running and latest.merged_at and _older(latest.merged_at, policy.report_timeout_days, now):
        days = policy.report_timeout_days
        latest = _finished(latest, Event.TIME_OUT, now, f"merged, but nothing was reported within {days} days")
    closing = record.closing
    if latest.status.is_running and not latest.merged_at and _older(latest.claimed_at, policy.timeout_days, now):
        latest = _finished(latest, Event.TIME_OUT, now, f"not merged within {policy.timeout_days} days")
        closing = closing or latest
    return _with(record, latest, closing)


def carries(folder: SeenFolder | None, deployment: Deployment) -> bool:
    """True when the target branch is seen to carry this deployment."""
    metadata = folder.metadata if folder is not None else None
    if metadata is None or metadata.key != deployment.key:
        return False
    return metadata.deleted if deployment.destroy else metadata.deployment_id == deployment.id


def _with(record: Record, latest: Deployment, closing: Deployment | None) -> Record:
    """The record with its newest deployment replaced, in every role that it has."""
    effective, placed = record.effective, record.placed
    if latest.status.is_gone:
        effective = None
    elif latest.status.is_success:
        effective = latest
    merged = record.merged
    if latest.merged_at:
        placed = latest
        merged = merged if latest.id in merged else (*merged, latest.id)[-MAX_MERGED:]
    return replace(record, merged=merged, latest=latest, effective=effective, placed=placed, closing=closing)


def _may_change(latest: Deployment) -> bool:
    """A deployment that is over may still be reported late, as long as nothing newer was asked for."""
    return not latest.status.is_success


def _is_news(deployment: Deployment, event: Event) -> bool:
    """A first report counts; after it only a success does, of automation that failed and was run again."""
    return not deployment.reported_at or after(deployment.status, event).is_success


def _reported(deployment: Deployment, event: Event, report: Report, now: str) -> Deployment:
    finished = _finished(deployment, event, now, report.message)
    outputs = dict(report.outputs or {}) if event is Event.SUCCEED else {}
    left_out = {item.key: item.reason for item in report.left_out}
    # What was applied was merged, also when the report comes before we have seen the merge.
    merged_at = deployment.merged_at or now
    return replace(finished, merged_at=merged_at, reported_at=report.at or now, outputs=outputs, left_out=left_out)


def _finished(deployment: Deployment, event: Event, now: str, message: str) -> Deployment:
    return replace(deployment, status=after(deployment.status, event), finished_at=now, message=message)


def _is_lost(pull: SeenPull | None, folder: SeenFolder | None) -> bool:
    """True for a merge whose content did not arrive: what is merged is what the branch says, not the forge's flag."""
    return pull is not None and pull.state is PullState.MERGED and folder is not None


def _is_before(one: str, other: str) -> bool:
    return not one or datetime.fromisoformat(one) < datetime.fromisoformat(other)


def _older(then: str, days: int, now: str) -> bool:
    return datetime.fromisoformat(now) - datetime.fromisoformat(then) > timedelta(days=days)
