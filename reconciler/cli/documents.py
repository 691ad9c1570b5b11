"""Records as JSON documents and as a few words, for the verbs that read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.cli.common import print_marked
from reconciler.model.documents import Json
from reconciler.planning.document import blocked_document
from reconciler.planning.outlook import Waiting
from reconciler.records.record import Deployment, Record, VersionRecord


def record_state(record: Record) -> str:
    """The status of a resource, and what it waits for."""
    latest = record.latest
    if latest is None:
        return f"not deployed, {record.blocked.reason}" if record.blocked is not None else "not deployed"
    text = latest.status.value
    if latest.status.is_running:
        proposed = "awaiting merge" if latest.pull_request is not None else "not proposed yet"
        text += f", {'awaiting report' if latest.merged_at else proposed}"
    elif record.blocked is not None and str(record.blocked.reason) not in (text.lower(),):
        text += f", {record.blocked.reason}"
    return text


def record_document(record: Record, waits: Waiting | None) -> dict[str, Json]:
    """A resource with its newest deployment and the one in effect, and what it waits for."""
    return {
        "key": str(record.key),
        "state": record_state(record),
        "deployments": record.count,
        "latest": deployment_document(record.latest) if record.latest is not None else None,
        "effective": deployment_document(record.effective) if record.effective is not None else None,
        "blocked": blocked_document(record, record.blocked) if record.blocked is not None else None,
        "waiting": waiting_document(waits) if waits is not None else None,
    }


def waiting_document(waits: Waiting) -> dict[str, Json]:
    """What a resource waits for, on whom, since when and until when."""
    return {
        "for": waits.what,
        "on": list(waits.on),
        "since": waits.since,
        "deadline": waits.deadline,
        "overdue": waits.overdue,
    }


def deployment_document(deployment: Deployment) -> dict[str, Json]:
    """A deployment as people and programs read it; the rendered document is left to `render`."""
    pull = deployment.pull_request
    return {
        "key": str(deployment.key),
        "id": deployment.id,
        "number": deployment.number,
        "status": deployment.status.value,
        "statusMessage": deployment.message,
        "template": deployment.template,
        "version": str(deployment.version or ""),
        "repository": deployment.target.repository,
        "folder": deployment.target.folder,
        "pullRequest": pull.url if pull is not None else None,
        "catalogCommit": deployment.catalog_commit,
        "requestedBy": deployment.requested_by,
        "claimedAt": deployment.claimed_at,
        "mergedAt": deployment.merged_at,
        "finishedAt": deployment.finished_at,
        "outputs": dict(deployment.outputs),
        "leftOut": dict(deployment.left_out),
    }


def print_ended(ended: tuple[Deployment, ...], *, no_color: bool) -> None:
    """What came of earlier deployments, for the terminal; nothing where none came to an end."""
    if ended:
        print_marked("\n".join(["Came to an end", *_ended_lines(ended), "", ""]), no_color=no_color)


def _ended_lines(ended: Iterable[Deployment]) -> Iterator[str]:
    for deployment in ended:
        mark = "=" if deployment.status.is_success else "x" if deployment.status.is_cancelled else "!"
        yield f"  {mark} {deployment.key}  {deployment.status}"
        yield from (f"      {line}".rstrip() for line in deployment.message.splitlines())


def ended_document(deployment: Deployment) -> dict[str, Json]:
    """A deployment that came to an end."""
    return {
        "key": str(deployment.key),
        "deployment": deployment.id,
        "status": deployment.status.value,
        "statusMessage": deployment.message,
    }


def version_document(template: str, version: VersionRecord) -> dict[str, Json]:
    """A template version."""
    return {
        "key": f"{template}:{version.version}",
        "version": str(version.version),
        "status": version.status,
        "code": version.code,
        "statusMessage": version.message,
        "bundle": version.bundle,
        "catalogCommit": version.catalog_commit,
        "at": version.at,
        "compatibleEnvironments": list(version.compatible),
        "supportedComponentSources": list(version.component_sources),
    }
