"""Reports: what automation says of a deployment, and the file that carries it when there is no daemon.

A report is a file `<deployment id>.json` on the branch `reconciler/reports` of the provisioning repository. The
metadata of a deletion carries a literal in place of an id, so the report of a destroy is `destroyed/<key>.json`;
the next deployment of the same resource replaces it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.model.documents import Json, canonical
from reconciler.model.identity import key_of_arn
from reconciler.model.keys import Key

SCHEMA = "reconciler/report/v1"
DELETED_ID = "<proton-resource-deleted>"

# NotifyResourceDeploymentStatusChange of Proton's API model (reference, NOT-1).
MAX_OUTPUTS = 50
MAX_OUTPUT_CHARS = 1024
MAX_MESSAGE = 5000
MAX_REPORT_BYTES = 512 * 1024


class ReportStatus(StrEnum):
    """The only statuses that automation may report."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """True when nothing more follows for this deployment."""
        return self is not ReportStatus.IN_PROGRESS


@dataclass(frozen=True)
class LeftOut:
    """An output that was not reported: its name and the reason, never its value."""

    key: str
    reason: str


@dataclass(frozen=True)
class Report:
    """One report. `at` is RFC 3339 in UTC; outputs are strings in the order in which they were given."""

    key: Key
    arn: str
    deployment_id: str
    status: ReportStatus
    message: str = ""
    outputs: Mapping[str, str] | None = None
    left_out: tuple[LeftOut, ...] = ()
    at: str = ""

    @property
    def file(self) -> str:
        """The path of this report on the reports branch."""
        return report_file(self.key, self.deployment_id)


def report_file(key: Key, deployment_id: str) -> str:
    """The path on the reports branch of the report for a deployment, or for the destroy of a resource."""
    return destroyed_file(key) if deployment_id == DELETED_ID else f"{deployment_id}.json"


def destroyed_file(key: Key) -> str:
    """The path of the report of a resource's destroy."""
    return f"destroyed/{key}.json"


def check_outputs(outputs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    """The outputs that Proton's API could carry (NOT-1), and those it could not, each with the reason."""
    kept: dict[str, str] = {}
    left_out: list[LeftOut] = []
    for key, value in outputs:
        reason = ""
        if not 1 <= len(key) <= MAX_OUTPUT_CHARS:
            reason = f"its name has {len(key)} characters; 1 to {MAX_OUTPUT_CHARS} can be reported"
        elif not value:
            reason = "its value is empty, and an empty output cannot be reported"
        elif len(value) > MAX_OUTPUT_CHARS:
            reason = f"its value has {len(value)} characters; at most {MAX_OUTPUT_CHARS} can be reported"
        elif len(kept) == MAX_OUTPUTS:
            reason = f"only {MAX_OUTPUTS} outputs can be reported"
        if reason:
            left_out.append(LeftOut(key[:100], reason))
        else:
            kept[key] = value
    return kept, tuple(left_out)


def cut_middle(text: str, limit: int) -> str:
    """The text, shortened in its middle to at most `limit` characters: the start says what, the end says why."""
    if len(text) <= limit:
        return text
    mark = f"\n[... {len(text) - limit} characters cut ...]\n"
    keep = max(limit - len(mark), 0)
    return text[: keep - keep // 2] + mark + text[len(text) - keep // 2 :]


def encode_report(report: Report) -> bytes:
    """The file of a report."""
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "arn": report.arn,
        "deploymentId": report.deployment_id,
        "status": report.status.value,
        "statusMessage": cut_middle(report.message, MAX_MESSAGE),
        "at": report.at,
    }
    if report.outputs is not None:
        document["outputs"] = [{"key": key, "valueString": value} for key, value in report.outputs.items()]
    if report.left_out:
        document["leftOut"] = [{"key": item.key, "reason": item.reason} for item in report.left_out]
    return canonical(document)


def decode_report(data: bytes) -> Report:
    """A report from its file. Raises `ValueError` with what is wrong; anybody who can push may have written it."""
    if len(data) > MAX_REPORT_BYTES:
        raise ValueError(f"{len(data)} bytes; the limit is {MAX_REPORT_BYTES}")
    try:
        document = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate could never be recorded
    if document.get("schema", SCHEMA) != SCHEMA:
        raise ValueError(f"schema is {document['schema']!r}, this program reads {SCHEMA}")
    arn = document.get("arn")
    key = key_of_arn(arn) if isinstance(arn, str) else None
    if key is None:
        raise ValueError(f"arn {arn!r} names no resource")
    deployment, message, at = (document.get(name, "") for name in ("deploymentId", "statusMessage", "at"))
    if not (isinstance(deployment, str) and isinstance(message, str) and isinstance(at, str)):
        raise ValueError("deploymentId, statusMessage and at must be text")
    outputs, left_out = document.get("outputs"), document.get("leftOut", [])
    kept, refused = check_outputs(_pair(item) for item in _items(outputs if outputs is not None else []))
    known = (LeftOut(str(item.get("key"))[:100], str(item.get("reason"))[:500]) for item in _items(left_out))
    return Report(
        key=key,
        arn=str(arn),
        deployment_id=deployment,
        status=ReportStatus(str(document.get("status"))),
        message=cut_middle(_printable(message), MAX_MESSAGE),
        outputs=None if outputs is None else kept,
        left_out=(*tuple(known)[:MAX_OUTPUTS], *refused[:MAX_OUTPUTS]),
        at=_moment(at),
    )


def _printable(text: str) -> str:
    """Without the control characters that would speak to a terminal; new lines and tabs stay."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


def _moment(text: str) -> str:
    """A moment that can be compared, or an empty text. Raises `ValueError` for anything else."""
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"at is {text!r}, which names no time zone")
    return text


def _items(value: Json) -> list[dict[str, Json]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("outputs must be a list of {key, valueString}")
    return value


def _pair(item: Mapping[str, Json]) -> tuple[str, str]:
    key, value = item.get("key"), item.get("valueString")
    if not (isinstance(key, str) and isinstance(value, str)):
        raise ValueError("an output must have a key and a valueString, both text")
    return key, value
