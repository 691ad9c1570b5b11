"""The reports branch: where automation says what came of a deployment when there is no daemon to tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.errors import ConflictError
from reconciler.gitstore.base import RECONCILER, Edit, GitRemote
from reconciler.model.identity import REPORTS_BRANCH
from reconciler.model.keys import Key
from reconciler.model.reports import (
    DELETED_ID,
    MAX_REPORT_BYTES,
    Report,
    ReportStatus,
    decode_report,
    destroyed_file,
    encode_report,
    report_file,
)
from reconciler.model.trees import Entry, EntryKind, Tree

REPORTS_REF = f"refs/heads/{REPORTS_BRANCH}"
_ATTEMPTS = 12
_FIRST_WAIT = 0.02  # seconds; doubled after each conflict, up to a second


class ReportsBranch:
    """Reads and writes the reports of one repository. The branch is born, without a parent, with the first report."""

    def __init__(self, remote: GitRemote) -> None:
        self._remote = remote
        self._tip: str | None = None
        self._tree: Tree | None = None
        self._seen = False

    def refresh(self) -> None:
        """Looks at the branch again. Raises `TryAgainError` when the repository cannot be reached."""
        self._see(self._remote.fetch(REPORTS_REF).get(REPORTS_REF))

    def _see(self, tip: str | None) -> None:
        if tip != self._tip or not self._seen:
            self._tree = self._remote.objects.tree(tip) if tip is not None else None
        self._tip, self._seen = tip, True

    def read(self, key: Key, deployment_id: str, *, since: int | None = None) -> Report | None:
        """The report of a deployment as of the last `refresh` or `write`. One that cannot be understood, that is about
        another resource, or whose `at` is before `since` (seconds since the epoch) counts as none: the deployment is
        then reported anew."""
        if not self._seen:
            self.refresh()
        entry = self._entry(report_file(key, deployment_id))
        # Anybody who can push may have written it, as anything: nothing is read that cannot be a report.
        if entry is None or entry.kind is not EntryKind.FILE:
            return None
        objects = self._remote.objects
        try:
            if objects.size(entry.id) > MAX_REPORT_BYTES:
                return None
            report = decode_report(objects.read(entry.id))
        except (ValueError, KeyError):
            return None
        if report.key != key or (since is not None and _seconds(report.at) < since):
            return None
        return report

    def _entry(self, path: str) -> Entry | None:
        return self._tree.entry(path) if self._tree is not None else None

    def write(self, report: Report, *, at: int, again: bool = False, since: int | None = None) -> bool:
        """Puts a report on the branch, `at` seconds since the epoch; repeating it makes no second commit. What `read`
        takes for none because of `since` is replaced.

        False, and nothing done, when the report is not final and a final one is there, unless `again`. The report
        of a deployment removes that of an earlier destroy of the resource. A success without outputs keeps those
        reported during the same deployment (NOT-3). Raises `ConflictError` when the branch keeps moving.
        """
        wait = _FIRST_WAIT
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(wait)
                wait = min(2 * wait, 1.0)
            self.refresh()
            before = self.read(report.key, report.deployment_id, since=since)
            if before is not None and before.status.is_final and not report.status.is_final and not again:
                return False
            edits = self._edits(before, report)
            if not edits:
                return True
            try:
                self._push(edits, f"report {report.key} {report.status} [skip ci]\n", at)
            except ConflictError:
                continue
            return True
        raise ConflictError(
            f"{self._remote.name}: the branch {REPORTS_BRANCH} moved {_ATTEMPTS} times while a report was written",
            hint="run the same command again",
        )

    def _edits(self, before: Report | None, report: Report) -> dict[str, Edit]:
        edits: dict[str, Edit] = {}
        new = _with_earlier_outputs(before, report)
        if before is None or _timeless(before) != _timeless(new):
            edits[new.file] = encode_report(new)
        destroyed = destroyed_file(report.key)
        if report.deployment_id != DELETED_ID and self._entry(destroyed) is not None:
            edits[destroyed] = None
        return edits

    def _push(self, edits: Mapping[str, Edit], message: str, at: int) -> None:
        objects = self._remote.objects
        base = objects.commit(self._tip).tree if self._tip is not None else None
        tree = objects.write_tree(base, edits)
        parents = (self._tip,) if self._tip is not None else ()
        commit = objects.write_commit(tree, parents, message, author=RECONCILER, time=at)
        self._remote.update(REPORTS_REF, old=self._tip, new=commit)
        self._see(commit)


def _seconds(at: str) -> float:
    """The time of a report in seconds since the epoch; a report without one is before all others."""
    return datetime.fromisoformat(at).timestamp() if at else float("-inf")


def _timeless(report: Report) -> bytes:
    return encode_report(replace(report, at=""))


def _with_earlier_outputs(before: Report | None, report: Report) -> Report:
    if before is None or report.outputs is not None or report.status is ReportStatus.FAILED:
        return report
    return replace(report, outputs=before.outputs, left_out=report.left_out or before.left_out)
