"""Records as bytes: canonical JSON with a format number, so that equal records are equal files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from reconciler.errors import RecordsError
from reconciler.model.documents import Json, canonical
from reconciler.model.identity import Target
from reconciler.model.keys import Key, environment_key, find_key
from reconciler.model.lifecycle import Status
from reconciler.model.revisions import Revision
from reconciler.model.versions import Version, parse_version
from reconciler.records.record import (
    Blocked,
    Cursor,
    Deployment,
    PullRequestRef,
    Record,
    TemplateRecord,
    VersionRecord,
)

FORMAT = 1
_ROLES = ("latest", "effective", "placed", "closing")

_T = TypeVar("_T")


def encode_record(record: Record) -> bytes:
    """The file of a resource's record. A deployment in several roles is written once and referred to."""
    document: dict[str, Json] = {"format": FORMAT, "key": str(record.key), "deployments": record.count}
    written: list[tuple[str, Deployment]] = []
    for role in _ROLES:
        deployment: Deployment | None = getattr(record, role)
        if deployment is not None:
            same = next((name for name, other in written if other == deployment), None)
            document[role] = same or _deployment(deployment)
            written.append((role, deployment))
    document["merged"] = list(record.merged)
    if record.blocked is not None:
        blocked = record.blocked
        document["blocked"] = {
            "reason": blocked.reason,
            "message": blocked.message,
            "hint": blocked.hint,
            "waitingOn": list(blocked.waiting_on),
            "since": blocked.since,
        }
    return canonical(document)


def decode_record(data: bytes, path: str) -> Record:
    """A record from its file. Raises `RecordsError` naming the file when it is damaged or too new."""
    return decode(data, path, _record)


def encode_template(record: TemplateRecord) -> bytes:
    """The file of a template's record."""
    versions = [
        {
            "version": str(item.version),
            "status": item.status,
            "bundle": item.bundle,
            "content": item.content,
            "catalogCommit": item.catalog_commit,
            "at": item.at,
            "compatibleEnvironments": list(item.compatible),
            "componentSources": list(item.component_sources),
            "code": item.code,
            "statusMessage": item.message,
            **({"source": revision_document(item.source)} if item.source is not None else {}),
        }
        for item in record.versions
    ]
    document = {"format": FORMAT, "key": str(record.key), "versions": versions, "withdrawn": list(record.withdrawn)}
    return canonical(document)


def decode_template(data: bytes, path: str) -> TemplateRecord:
    """A template's record from its file. Raises `RecordsError` like `decode_record`."""
    return decode(data, path, _template)


def encode_cursor(cursor: Cursor) -> bytes:
    """The file that says how far the catalog was handled."""
    return canonical({"format": FORMAT, "catalogCommit": cursor.catalog_commit, "at": cursor.at})


def decode_cursor(data: bytes, path: str) -> Cursor:
    """The cursor from its file. Raises `RecordsError` like `decode_record`."""
    return decode(
        data, path, lambda document: Cursor(text_field(document, "catalogCommit"), text_field(document, "at"))
    )


def encode_lineage(lineage: str) -> bytes:
    """The file that says which records these are."""
    return canonical({"format": FORMAT, "lineage": lineage})


def decode_lineage(data: bytes, path: str) -> str:
    """The lineage from its file. Raises `RecordsError` like `decode_record`."""
    return decode(data, path, lambda document: text_field(document, "lineage"))


def decode(data: bytes, path: str, read: Callable[[dict[str, Json]], _T]) -> _T:
    """What `read` makes of a JSON document of this format. Raises `RecordsError` naming the file when it is damaged or
    too new."""
    hint = "restore it from the branch's history: `git log` on the file names the commits"
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        number = document.get("format")
        if isinstance(number, int) and number > FORMAT:
            message = f"{path} on the records branch has format {number}; this version reads up to {FORMAT}"
            raise RecordsError(message, hint="use a newer reconciler")
        if number != FORMAT:
            raise ValueError(f"format is {number!r}")
        return read(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        what = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise RecordsError(f"{path} on the records branch is damaged: {what}", hint=hint) from error


def text_field(document: Mapping[str, Json], name: str) -> str:
    """A text by name. Raises `ValueError` for anything else."""
    value = document[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return value


def revision_document(revision: Revision) -> dict[str, Json]:
    """A place in another repository."""
    return {
        "repository": revision.repository,
        "branch": revision.branch,
        "directory": revision.directory,
        "sha": revision.sha,
    }


def read_revision(document: Mapping[str, Json]) -> Revision:
    """The place that a document names."""
    return Revision(*(text_field(document, name) for name in ("repository", "branch", "directory", "sha")))


def _texts(document: Mapping[str, Json], name: str) -> dict[str, str]:
    value = document[name]
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(f"{name} is not a mapping of texts")
    return value


def _version(document: Mapping[str, Json], name: str) -> Version:
    version = parse_version(text_field(document, name))
    if version is None:
        raise ValueError(f"{name} is no version")
    return version


def key_field(document: Mapping[str, Json]) -> Key:
    """The key that a document is about. Raises `ValueError` when it is none."""
    key = find_key(text_field(document, "key"))
    if key is None:
        raise ValueError("key is no key")
    return key


def _deployment(deployment: Deployment) -> dict[str, Json]:
    pull = deployment.pull_request
    target = deployment.target
    return {
        "id": deployment.id,
        "key": str(deployment.key),
        "number": deployment.number,
        "status": deployment.status.value,
        "digest": deployment.digest,
        "template": deployment.template,
        "version": str(deployment.version) if deployment.version is not None else "",
        "bundle": deployment.bundle,
        # As text: its key order counts in the digest, and canonical JSON would sort it away.
        "document": json.dumps(deployment.document, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
        "target": {"repository": target.repository, "branch": target.branch, "folder": target.folder},
        "catalogCommit": deployment.catalog_commit,
        "requestedBy": deployment.requested_by,
        "claimedAt": deployment.claimed_at,
        "title": deployment.title,
        "environment": deployment.environment,
        "reads": [str(key) for key in deployment.reads],
        "destroy": deployment.destroy,
        "files": dict(deployment.files),
        "pullRequest": {"number": pull.number, "url": pull.url, "head": pull.head} if pull is not None else None,
        "mergedAt": deployment.merged_at,
        "reportedAt": deployment.reported_at,
        "finishedAt": deployment.finished_at,
        "statusMessage": deployment.message,
        "outputs": [[key, value] for key, value in deployment.outputs.items()],
        "leftOut": dict(deployment.left_out),
        "replaces": deployment.replaces,
        "replacedBy": deployment.replaced_by,
    }


def _read_deployment(document: Mapping[str, Json]) -> Deployment:
    pull, target = document["pullRequest"], document["target"]
    return Deployment(
        id=text_field(document, "id"),
        key=key_field(document),
        number=int(document["number"]),
        status=Status(document["status"]),
        digest=text_field(document, "digest"),
        template=text_field(document, "template"),
        version=_version(document, "version") if document["version"] != "" else None,
        bundle=text_field(document, "bundle"),
        document=json.loads(text_field(document, "document")),
        target=Target(text_field(target, "repository"), text_field(target, "branch"), text_field(target, "folder")),
        catalog_commit=text_field(document, "catalogCommit"),
        requested_by=text_field(document, "requestedBy"),
        claimed_at=text_field(document, "claimedAt"),
        title=text_field(document, "title"),
        environment=text_field(document, "environment"),
        reads=_reads(document),
        destroy=document["destroy"] is True,
        files=_texts(document, "files"),
        pull_request=PullRequestRef(int(pull["number"]), text_field(pull, "url"), text_field(pull, "head"))
        if pull
        else None,
        merged_at=text_field(document, "mergedAt"),
        reported_at=text_field(document, "reportedAt"),
        finished_at=text_field(document, "finishedAt"),
        message=text_field(document, "statusMessage"),
        outputs={str(key): str(value) for key, value in document["outputs"]},
        left_out=_texts(document, "leftOut"),
        replaces=text_field(document, "replaces") if "replaces" in document else "",
        replaced_by=text_field(document, "replacedBy"),
    )


def _reads(document: Mapping[str, Json]) -> tuple[Key, ...]:
    """The keys that a deployment reads; written before this was kept, it was its environment."""
    if "reads" not in document:
        return (environment_key(document["environment"]),) if document["environment"] else ()
    keys = [find_key(str(item)) for item in document["reads"]]
    if None in keys:
        raise ValueError("reads names something that is no key")
    return tuple(key for key in keys if key is not None)


def _record(document: Mapping[str, Json]) -> Record:
    blocked = document.get("blocked")
    roles: dict[str, Deployment] = {}
    for role in _ROLES:
        found = document.get(role)
        if found is not None:
            roles[role] = roles[found] if isinstance(found, str) else _read_deployment(found)
    return Record(
        key=key_field(document),
        count=int(document["deployments"]),
        **roles,
        merged=tuple(map(str, document.get("merged", ()))),
        blocked=Blocked(
            reason=text_field(blocked, "reason"),
            message=text_field(blocked, "message"),
            hint=text_field(blocked, "hint"),
            waiting_on=tuple(map(str, blocked["waitingOn"])),
            since=text_field(blocked, "since"),
        )
        if blocked
        else None,
    )


def _template(document: Mapping[str, Json]) -> TemplateRecord:
    versions = tuple(
        VersionRecord(
            version=_version(item, "version"),
            status=text_field(item, "status"),
            bundle=text_field(item, "bundle"),
            content=text_field(item, "content"),
            catalog_commit=text_field(item, "catalogCommit"),
            at=text_field(item, "at"),
            compatible=tuple(map(str, item["compatibleEnvironments"])),
            component_sources=tuple(map(str, item.get("componentSources", ()))),
            code=text_field(item, "code"),
            message=text_field(item, "statusMessage"),
            source=read_revision(item["source"]) if "source" in item else None,
        )
        for item in document["versions"]
    )
    return TemplateRecord(key_field(document), versions, tuple(map(str, document["withdrawn"])))
