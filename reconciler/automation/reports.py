"""The reports branch: where automation says what came of a deployment when there is no daemon to tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import ConflictError
from reconciler.gitstore.base import RECONCILER, Edit, GitRemote
from reconciler.model.identity import REPORTS_BRANCH
from reconciler.model.keys import Key
from reconciler.model.reports import (
    DELETED_ID,
    Report,
    ReportStatus,
    decode_report,
    destroyed_file,
    encode_report,
    report_file,
)
from reconciler.model.trees import Entry

REPORTS_REF = f"refs/heads/{REPORTS_BRANCH}"
_ATTEMPTS = 12
_FIRST_WAIT = 0.02  # seconds; doubled after each conflict, up to a second


class ReportsBranch:
    """Reads and writes the reports of one repository. The branch is born, without a parent, with the first report."""

    def __init__(self, remote: GitRemote) -> None:
        self._remote = remote
        self._tip: str | None = None
        self._files: Mapping[str, Entry] = {}
        self._seen = False

    def refresh(self) -> None:
        """Looks at the branch again. Raises `TryAgainError` when the repository cannot be reached."""
        self._see(self._remote.fetch(REPORTS_REF).get(REPORTS_REF))

    def _see(self, tip: str | None) -> None:
        if tip != self._tip or not self._seen:
            self._files = dict(self._remote.objects.tree(tip).walk()) if tip is not None else {}
        self._tip, self._seen = tip, True

    def read(self, key: Key, deployment_id: str) -> Report | None:
        """The report of a deployment as of the last `refresh` or `write`. One that cannot be understood, or that is
        about another resource, counts as none: the deployment is then reported anew."""
        if not self._seen:
            self.refresh()
        entry = self._files.get(report_file(key, deployment_id))
        if entry is None:
            return None
        try:
            report = decode_report(self._remote.objects.read(entry.id))
        except ValueError:
            return None
        return report if report.key == key else None

    def write(self, report: Report, *, at: int, again: bool = False) -> bool:
        """Puts a report on the branch, `at` seconds since the epoch; repeating it makes no second commit.

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
            before = self.read(report.key, report.deployment_id)
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
        if report.deployment_id != DELETED_ID and destroyed in self._files:
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


def _timeless(report: Report) -> bytes:
    return encode_report(replace(report, at=""))


def _with_earlier_outputs(before: Report | None, report: Report) -> Report:
    if before is None or report.outputs is not None or report.status is ReportStatus.FAILED:
        return report
    return replace(report, outputs=before.outputs, left_out=report.left_out or before.left_out)
