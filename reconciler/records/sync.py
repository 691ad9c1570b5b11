"""What came of syncing from other repositories (reference 4.5 and 5.2): one record per synced template, service and
service instance, at most one attempt newer than the last that succeeded.

An attempt is recorded only when it is news, so that a pass over settled repositories moves no ref.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.errors import InputError
from reconciler.model.documents import Json, canonical
from reconciler.model.keys import Key
from reconciler.model.revisions import Revision
from reconciler.records.codec import FORMAT, decode, key_field, read_revision, revision_document, text_field

MAX_RESOLVED = 20


class SyncStatus(StrEnum):
    """How an attempt ended: the two of Proton's statuses that outlive a pass."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class SyncAttempt:
    """One attempt. `started_at` is RFC 3339 in UTC; `content` is the id of the tree or blob that was read, empty when
    nothing was; `code` and `message` say what failed, `warnings` what was tolerated."""

    status: SyncStatus
    started_at: str
    target: Revision
    content: str = ""
    code: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def is_success(self) -> bool:
        """True when Git's content was taken in."""
        return self.status is SyncStatus.SUCCEEDED

    def is_news_after(self, before: SyncAttempt | None) -> bool:
        """True when this attempt has another outcome, place or content. Where the content is not known, another commit
        is news; where it is, the commit is the first in which it was seen."""
        if before is None:
            return True
        known = replace(self, started_at=before.started_at)
        if self.content and before.content:
            known = replace(known, target=replace(known.target, sha=before.target.sha))
        return known != before


@dataclass(frozen=True)
class SyncState:
    """The newest attempt, and the newest one that succeeded; often the same."""

    latest: SyncAttempt | None = None
    latest_successful: SyncAttempt | None = None

    def after(self, attempt: SyncAttempt) -> SyncState:
        """The state after an attempt; the same when it is no news."""
        if not attempt.is_news_after(self.latest):
            return self
        return SyncState(attempt, attempt if attempt.is_success else self.latest_successful)


@dataclass(frozen=True)
class Blocker:
    """Why a service or a service instance is not synced until a person says so (BLK-1 to BLK-5).

    `cause` is a stable word, `reason` a sentence, `evidence` identifies the state that was met (a tree id, a digest):
    what a person has resolved once does not block again. Times are RFC 3339 in UTC.
    """

    id: str
    cause: str
    reason: str
    created_at: str
    evidence: str = ""
    contexts: Mapping[str, str] = field(default_factory=dict)
    resolved_reason: str = ""
    resolved_at: str = ""

    @property
    def is_active(self) -> bool:
        """True until it is resolved."""
        return not self.resolved_at


@dataclass(frozen=True)
class SyncRecord:
    """The sync of one template, service or service instance. `state` is that of finding and reading it, `majors` that
    of each version folder of a template. `blockers` are in the order in which they came."""

    key: Key
    state: SyncState = SyncState()
    majors: Mapping[int, SyncState] = field(default_factory=dict)
    blockers: tuple[Blocker, ...] = ()

    @property
    def active(self) -> tuple[Blocker, ...]:
        """What has to be resolved before this is synced again."""
        return tuple(blocker for blocker in self.blockers if blocker.is_active)

    def after(self, attempt: SyncAttempt, major: int | None = None) -> SyncRecord:
        """The record after an attempt, for one version folder when `major` is given; equal when it is no news."""
        if major is None:
            return replace(self, state=self.state.after(attempt))
        return replace(self, majors={**self.majors, major: self.majors.get(major, SyncState()).after(attempt)})

    def blocked(
        self,
        cause: str,
        reason: str,
        evidence: str,
        now: str,
        *,
        lineage: str,
        contexts: Mapping[str, str] | None = None,
    ) -> SyncRecord:
        """The record with an active blocker; the same when this cause and evidence block, or were resolved, already."""
        if any(item.cause == cause and item.evidence == evidence for item in self.blockers):
            return self
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join((lineage, str(self.key), cause, evidence, now))))
        blocker = Blocker(identity, cause, reason, now, evidence, contexts or {})
        return replace(self, blockers=_kept((*self.blockers, blocker)))

    def resolved(self, blocker: str, reason: str, now: str) -> SyncRecord:
        """The record with a blocker resolved; the same when it is already. Raises `InputError` for an id that is not
        here, and without a reason (BLK-4)."""
        if all(item.id != blocker for item in self.blockers):
            active = ", ".join(item.id for item in self.active)
            hint = f"active here: {active}" if active else "nothing blocks it"
            raise InputError(f"{self.key} has no blocker {blocker}", hint=hint)
        if not reason.strip():
            raise InputError(f"nothing says why the blocker {blocker} is resolved", hint="give a reason")
        return replace(
            self,
            blockers=tuple(
                replace(item, resolved_reason=reason, resolved_at=now)
                if item.id == blocker and item.is_active
                else item
                for item in self.blockers
            ),
        )

    def rearmed(self, cause: str) -> SyncRecord:
        """The record once the state that a cause speaks of is gone: what was resolved blocks anew when it is back."""
        return replace(
            self,
            blockers=tuple(
                replace(item, evidence="") if item.cause == cause and not item.is_active else item
                for item in self.blockers
            ),
        )


def _kept(blockers: tuple[Blocker, ...]) -> tuple[Blocker, ...]:
    """All that are active, and the newest resolved ones; older ones are in the history of the file."""
    old = [item for item in blockers if not item.is_active][:-MAX_RESOLVED]
    return tuple(item for item in blockers if item not in old)


def encode_sync(record: SyncRecord) -> bytes:
    """The file of a sync record."""
    return canonical(
        {
            "format": FORMAT,
            "key": str(record.key),
            **_state(record.state),
            "majors": {str(major): _state(state) for major, state in record.majors.items()},
            "blockers": [
                {
                    "id": item.id,
                    "cause": item.cause,
                    "createdReason": item.reason,
                    "createdAt": item.created_at,
                    "evidence": item.evidence,
                    "contexts": dict(item.contexts),
                    "resolvedReason": item.resolved_reason,
                    "resolvedAt": item.resolved_at,
                }
                for item in record.blockers
            ],
        }
    )


def decode_sync(data: bytes, path: str) -> SyncRecord:
    """A sync record from its file. Raises `RecordsError` naming the file when it is damaged or too new."""
    return decode(data, path, _record)


def _state(state: SyncState) -> dict[str, Json]:
    latest, successful = state.latest, state.latest_successful
    document: dict[str, Json] = {}
    if latest is not None:
        document["latest"] = _attempt(latest)
    if successful is not None:
        document["latestSuccessful"] = "latest" if successful == latest else _attempt(successful)
    return document


def _attempt(attempt: SyncAttempt) -> dict[str, Json]:
    return {
        "status": attempt.status.value,
        "startedAt": attempt.started_at,
        "target": revision_document(attempt.target),
        "content": attempt.content,
        "code": attempt.code,
        "statusMessage": attempt.message,
        "warnings": list(attempt.warnings),
    }


def _record(document: dict[str, Json]) -> SyncRecord:
    return SyncRecord(
        key=key_field(document),
        state=_read_state(document),
        majors={_major(name): _read_state(state) for name, state in document["majors"].items()},
        blockers=tuple(_read_blocker(item) for item in document["blockers"]),
    )


def _read_state(document: Mapping[str, Json]) -> SyncState:
    latest, successful = document.get("latest"), document.get("latestSuccessful")
    newest = _read_attempt(latest) if latest is not None else None
    if successful == "latest":
        return SyncState(newest, newest)
    return SyncState(newest, _read_attempt(successful) if successful is not None else None)


def _read_attempt(document: Mapping[str, Json]) -> SyncAttempt:
    warnings = document["warnings"]
    if not isinstance(warnings, list):
        raise ValueError("warnings is no list")
    return SyncAttempt(
        status=SyncStatus(document["status"]),
        started_at=text_field(document, "startedAt"),
        target=read_revision(document["target"]),
        content=text_field(document, "content"),
        code=text_field(document, "code"),
        message=text_field(document, "statusMessage"),
        warnings=tuple(map(str, warnings)),
    )


def _read_blocker(document: Mapping[str, Json]) -> Blocker:
    contexts = document["contexts"]
    return Blocker(
        id=text_field(document, "id"),
        cause=text_field(document, "cause"),
        reason=text_field(document, "createdReason"),
        created_at=text_field(document, "createdAt"),
        evidence=text_field(document, "evidence"),
        contexts={name: text_field(contexts, name) for name in contexts},
        resolved_reason=text_field(document, "resolvedReason"),
        resolved_at=text_field(document, "resolvedAt"),
    )


def _major(name: str) -> int:
    number = int(name)
    if number < 1 or str(number) != name:
        raise ValueError(f"{name} is no major version")
    return number
