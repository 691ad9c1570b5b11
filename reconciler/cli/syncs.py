"""Sync records as JSON documents and as lines, for the verbs that read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.documents import Json
from reconciler.planning.document import attempt_document
from reconciler.records.sync import Blocker, SyncAttempt, SyncRecord, SyncState


def sync_document(record: SyncRecord) -> dict[str, Json]:
    """What came of syncing one template, service or service instance."""
    return {
        "key": str(record.key),
        **_state(record.state),
        "majors": {str(major): _state(state) for major, state in record.majors.items()},
        "blockers": [_blocker(item) for item in record.blockers],
    }


def _state(state: SyncState) -> dict[str, Json]:
    latest, successful = state.latest, state.latest_successful
    return {
        "latest": attempt_document(latest) if latest is not None else None,
        "latestSuccessful": attempt_document(successful) if successful is not None else None,
    }


def _blocker(blocker: Blocker) -> dict[str, Json]:
    return {
        "id": blocker.id,
        "status": "ACTIVE" if blocker.is_active else "RESOLVED",
        "cause": blocker.cause,
        "createdReason": blocker.reason,
        "createdAt": blocker.created_at,
        "contexts": dict(blocker.contexts),
        "resolvedReason": blocker.resolved_reason,
        "resolvedAt": blocker.resolved_at,
    }


def repository_documents(records: Iterable[SyncRecord]) -> list[dict[str, Json]]:
    """One item for each repository and branch that something is synced from: failed when anything from there did. The
    commit is that of the newest attempt that was news."""
    found: dict[tuple[str, str], list[SyncAttempt]] = {}
    for record in records:
        for state in (record.state, *record.majors.values()):
            if state.latest is not None:
                target = state.latest.target
                found.setdefault((target.repository, target.branch), []).append(state.latest)
    return [
        {
            "repository": repository,
            "branch": branch,
            "status": "SUCCEEDED" if all(item.is_success for item in attempts) else "FAILED",
            "startedAt": (newest := max(attempts, key=lambda item: item.started_at)).started_at,
            "sha": newest.target.sha,
        }
        for (repository, branch), attempts in sorted(found.items())
    ]


def sync_lines(record: SyncRecord) -> Iterator[str]:
    """What a person should know of a sync: what failed, with the last that succeeded; warnings; active blockers."""
    states = {"": record.state, **{f":{major}": state for major, state in record.majors.items()}}
    for suffix, state in states.items():
        latest, good = state.latest, state.latest_successful
        if latest is None:
            continue
        where = f"{record.key}{suffix}: {latest.target.place}"
        if not latest.is_success:
            last = f"; last good {good.target.sha[:12]} at {good.started_at}" if good is not None else ""
            yield f"{where} {latest.status} [{latest.code}] {latest.message}{last}"
        yield from (f"{where} warning: {warning}" for warning in latest.warnings)
    for blocker in record.active:
        yield f"{record.key}: blocked since {blocker.created_at} [{blocker.cause}] {blocker.reason}"
        yield f"  -> undo it, or let Git win: `reconciler sync --resolve {blocker.id} --reason TEXT`"
