"""Records as bytes: canonical JSON with a format number, so that equal records are equal files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from reconciler.errors import RecordsError
from reconciler.model.documents import Json, canonical
from reconciler.model.identity import Target
from reconciler.model.keys import Key, find_key
from reconciler.model.lifecycle import Status
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
    return _decode(data, path, _record)


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
            "code": item.code,
            "statusMessage": item.message,
        }
        for item in record.versions
    ]
    document = {"format": FORMAT, "key": str(record.key), "versions": versions, "withdrawn": list(record.withdrawn)}
    return canonical(document)


def decode_template(data: bytes, path: str) -> TemplateRecord:
    """A template's record from its file. Raises `RecordsError` like `decode_record`."""
    return _decode(data, path, _template)


def encode_cursor(cursor: Cursor) -> bytes:
    """The file that says how far the catalog was handled."""
    return canonical({"format": FORMAT, "catalogCommit": cursor.catalog_commit, "at": cursor.at})


def decode_cursor(data: bytes, path: str) -> Cursor:
    """The cursor from its file. Raises `RecordsError` like `decode_record`."""
    return _decode(data, path, lambda document: Cursor(_text(document, "catalogCommit"), _text(document, "at")))


def encode_lineage(lineage: str) -> bytes:
    """The file that says which records these are."""
    return canonical({"format": FORMAT, "lineage": lineage})


def decode_lineage(data: bytes, path: str) -> str:
    """The lineage from its file. Raises `RecordsError` like `decode_record`."""
    return _decode(data, path, lambda document: _text(document, "lineage"))


def _decode(data: bytes, path: str, read: Callable[[dict[str, Json]], _T]) -> _T:
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


def _text(document: Mapping[str, Json], name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")
    return value


def _texts(document: Mapping[str, Json], name: str) -> dict[str, str]:
    value = document[name]
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(f"{name} is not a mapping of texts")
    return value


def _version(document: Mapping[str, Json], name: str) -> Version:
    version = parse_version(_text(document, name))
    if version is None:
        raise ValueError(f"{name} is no version")
    return version


def _key(document: Mapping[str, Json]) -> Key:
    key = find_key(_text(document, "key"))
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
        "version": str(deployment.version),
        "bundle": deployment.bundle,
        # As text: its key order counts in the digest, and canonical JSON would sort it away.
        "document": json.dumps(deployment.document, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
        "target": {"repository": target.repository, "branch": target.branch, "folder": target.folder},
        "catalogCommit": deployment.catalog_commit,
        "requestedBy": deployment.requested_by,
        "claimedAt": deployment.claimed_at,
        "title": deployment.title,
        "environment": deployment.environment,
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
        id=_text(document, "id"),
        key=_key(document),
        number=int(document["number"]),
        status=Status(document["status"]),
        digest=_text(document, "digest"),
        template=_text(document, "template"),
        version=_version(document, "version"),
        bundle=_text(document, "bundle"),
        document=json.loads(_text(document, "document")),
        target=Target(_text(target, "repository"), _text(target, "branch"), _text(target, "folder")),
        catalog_commit=_text(document, "catalogCommit"),
        requested_by=_text(document, "requestedBy"),
        claimed_at=_text(document, "claimedAt"),
        title=_text(document, "title"),
        environment=_text(document, "environment"),
        destroy=document["destroy"] is True,
        files=_texts(document, "files"),
        pull_request=PullRequestRef(int(pull["number"]), _text(pull, "url"), _text(pull, "head")) if pull else None,
        merged_at=_text(document, "mergedAt"),
        reported_at=_text(document, "reportedAt"),
        finished_at=_text(document, "finishedAt"),
        message=_text(document, "statusMessage"),
        outputs={str(key): str(value) for key, value in document["outputs"]},
        left_out=_texts(document, "leftOut"),
        replaces=_text(document, "replaces") if "replaces" in document else "",
        replaced_by=_text(document, "replacedBy"),
    )


def _record(document: Mapping[str, Json]) -> Record:
    blocked = document.get("blocked")
    roles: dict[str, Deployment] = {}
    for role in _ROLES:
        found = document.get(role)
        if found is not None:
            roles[role] = roles[found] if isinstance(found, str) else _read_deployment(found)
    return Record(
        key=_key(document),
        count=int(document["deployments"]),
        **roles,
        merged=tuple(map(str, document.get("merged", ()))),
        blocked=Blocked(
            reason=_text(blocked, "reason"),
            message=_text(blocked, "message"),
            hint=_text(blocked, "hint"),
            waiting_on=tuple(map(str, blocked["waitingOn"])),
            since=_text(blocked, "since"),
        )
        if blocked
        else None,
    )


def _template(document: Mapping[str, Json]) -> TemplateRecord:
    versions = tuple(
        VersionRecord(
            version=_version(item, "version"),
            status=_text(item, "status"),
            bundle=_text(item, "bundle"),
            content=_text(item, "content"),
            catalog_commit=_text(item, "catalogCommit"),
            at=_text(item, "at"),
            compatible=tuple(map(str, item["compatibleEnvironments"])),
            code=_text(item, "code"),
            message=_text(item, "statusMessage"),
        )
        for item in document["versions"]
    )
    return TemplateRecord(_key(document), versions, tuple(map(str, document["withdrawn"])))
