"""What no pass ever writes: numbers, roles, statuses and times of a record that contradict each other.

Every rule follows from the table of `model/lifecycle.py` and from how `planning` moves deployments from role to role.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.model.keys import Kind, environment_key
from reconciler.model.lifecycle import Event, Status, after, started
from reconciler.model.moments import seconds
from reconciler.records.record import Deployment, Record, TemplateRecord
from reconciler.records.sync import SyncRecord, SyncState

_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_VERSION_STATUSES = ("DRAFT", "PUBLISHED", "REGISTRATION_FAILED")


def _reachable(start: Status) -> frozenset[Status]:
    found = {start}
    while more := {after(status, event) for status in found for event in Event} - found:
        found |= more
    return frozenset(found)


_STATUSES = {destroy: _reachable(started(destroy=destroy)) for destroy in (False, True)}


def impossible_record(record: Record) -> Iterator[str]:
    """What contradicts itself in the record of a resource, as phrases."""
    roles = record.roles
    if roles and record.latest is None:
        yield f"it has a deployment that is {', '.join(roles)}, and no newest one"
    if record.count < 0:
        yield f"it counts {record.count} deployments"
    for role, deployment in roles.items():
        if deployment.key != record.key:
            yield f"its {role} deployment is of {deployment.key}"
        if not 1 <= deployment.number <= record.count:
            yield f"its {role} deployment has number {deployment.number} of {record.count}"
        yield from (f"its {role} deployment {what}" for what in _deployment(deployment))
    yield from _roles(record)
    if record.blocked is not None and record.blocked.since and not _is_moment(record.blocked.since):
        yield f"it is blocked since {record.blocked.since!r}, which is no time"


def _roles(record: Record) -> Iterator[str]:
    latest, effective, placed, closing = record.latest, record.effective, record.placed, record.closing
    in_effect = effective.id if effective is not None else ""
    if effective is not None and (effective.destroy or not effective.status.is_success or effective.status.is_gone):
        yield f"what is in effect is {_what(effective)}"
    if latest is not None and latest.status.is_gone and effective is not None:
        yield "it is gone, and something is in effect"
    for role, done in (("its newest deployment", latest), ("what the target branch carries", placed)):
        if done is not None and done.status.is_success and not done.status.is_gone and done.id != in_effect:
            yield f"{role} succeeded, and is not in effect"
    if placed is None and (record.merged or any(role.merged_at for role in (latest, effective) if role is not None)):
        yield "it was merged, and the target branch carries nothing"
    if placed is not None and not placed.merged_at:
        yield "the target branch carries what was not merged"
    if placed is not None and record.merged and placed.id not in record.merged:
        yield "the target branch carries a deployment that is not among the merged"
    if closing is not None and (closing.status.is_running or closing.status.is_success):
        yield f"what is being closed is {_what(closing)}"


def _what(deployment: Deployment) -> str:
    return f"a destruction, {deployment.status}" if deployment.destroy else deployment.status.value


def _deployment(item: Deployment) -> Iterator[str]:
    # What was never merged is gone at once, without a destruction.
    if item.status not in _STATUSES[item.destroy] and not item.status.is_gone:
        yield f"is {item.status}, which {'a' if item.destroy else 'nothing but a'} destruction cannot be"
    if item.status.is_running and (item.finished_at or item.replaced_by):
        yield f"is {item.status}, and over"
    if not item.status.is_running and not item.finished_at:
        yield f"is {item.status}, and not over"
    if item.outputs and not item.status.is_success:
        yield f"is {item.status}, and has outputs"
    if (item.version is None) != (not item.template) or (item.key.kind is Kind.COMPONENT) == bool(item.template):
        yield f"is made from {item.made_from!r}"
    yield from _surroundings(item)
    if not item.claimed_at:
        yield "was never claimed"
    moments = {"claimed": item.claimed_at, "merged": item.merged_at, "reported": item.reported_at}
    for what, moment in {**moments, "finished": item.finished_at}.items():
        if moment and not _is_moment(moment):
            yield f"was {what} at {moment!r}, which is no time"
    if not _OBJECT.fullmatch(item.catalog_commit):
        yield f"was asked for by {item.catalog_commit!r}, which is no commit"
    if item.pull_request is not None and item.pull_request.number < 1:
        yield f"has pull request {item.pull_request.number}"
    bad = sorted(path for path, blob in item.files.items() if not _OBJECT.fullmatch(blob))
    if bad:
        yield f"has files without an id: {', '.join(bad[:3])}"


def _surroundings(item: Deployment) -> Iterator[str]:
    """Only what lives in an environment reads others, that environment among them."""
    lives_in_one = item.key.kind in (Kind.INSTANCE, Kind.COMPONENT)
    if lives_in_one != bool(item.environment):
        yield f"is in environment {item.environment!r}"
    elif lives_in_one and environment_key(item.environment) not in item.reads:
        yield f"is in environment {item.environment}, and does not read it"
    if item.reads and not lives_in_one:
        yield f"reads {', '.join(map(str, item.reads))}"


def impossible_template(record: TemplateRecord) -> Iterator[str]:
    """The same of a template's record."""
    newest: dict[int, int] = {}
    for item in record.versions:
        number = item.version
        if number.minor <= newest.get(number.major, -1):
            yield f"{number} comes after {number.major}.{newest[number.major]}"
        newest[number.major] = number.minor
        if item.status not in _VERSION_STATUSES or item.is_failed != bool(item.code):
            yield f"{number} is {item.status!r} with code {item.code!r}"
        if not _is_moment(item.at):
            yield f"{number} was cut at {item.at!r}, which is no time"
        ids = {"commit": item.catalog_commit, "bundle": item.bundle, "content": item.content}
        for what, value in ids.items():
            if not _OBJECT.fullmatch(value):
                yield f"{number} has {what} {value!r}, which is no id"


def impossible_sync(record: SyncRecord) -> Iterator[str]:
    """The same of a sync record."""
    for state in (record.state, *record.majors.values()):
        yield from _state(state)
    for blocker in record.blockers:
        if not _is_moment(blocker.created_at) or (blocker.resolved_at and not _is_moment(blocker.resolved_at)):
            yield f"blocker {blocker.id} has a time that is none"
        if bool(blocker.resolved_at) != bool(blocker.resolved_reason):
            yield f"blocker {blocker.id} is resolved by half"
    if len({blocker.id for blocker in record.blockers}) < len(record.blockers):
        yield "two blockers have one id"


def _state(state: SyncState) -> Iterator[str]:
    latest, successful = state.latest, state.latest_successful
    if successful is not None and not successful.is_success:
        yield f"the attempt that succeeded last is {successful.status}"
    if latest is None and successful is not None:
        yield "an attempt succeeded, and there was none"
    if latest is not None and latest.is_success and latest != successful:
        yield "the newest attempt succeeded, and is not the one that succeeded last"
    for attempt in (latest, successful):
        if attempt is not None and not _is_moment(attempt.started_at):
            yield f"an attempt started at {attempt.started_at!r}, which is no time"


def _is_moment(text: str) -> bool:
    try:
        seconds(text)
    except (ValueError, OverflowError):
        return False
    return True
