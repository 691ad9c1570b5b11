"""What an infrastructure repository's automation runs: every folder that is not reported yet is applied or destroyed.

It looks at what is, never at what changed: a folder is due while its deployment, named in its metadata on the tip of
the branch, has no final report. So a re-run of an old commit finds nothing to do, several folders may come with one
push, and what a dropped or killed run left over is done by the next one.

Two runs may meet. On one machine, a lock on the folder makes the second one wait, and then it finds the report. On
different machines nothing locks the folder, and nothing needs to: each run plans, then looks at the tip and the
report again, then applies the planned file and nothing else. When another run has applied in between, Terraform
refuses the planned file because the state has moved, and this run looks again; when the other one is still
applying, the state is locked. When both had planned the same, the second plan is empty, and its report says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from reconciler.automation.env_config import ENV_CONFIG_FILE
from reconciler.automation.folders import Folder, changed_at, find_folders, read_folder
from reconciler.automation.locks import one_at_a_time
from reconciler.automation.reports import ReportsBranch
from reconciler.automation.results import FolderResult, Outcome
from reconciler.automation.runs import DeploymentFailed, StalePlan, StateLocked
from reconciler.automation.setup import Setup, WorkTree
from reconciler.catalog.load import SETTINGS_FILE
from reconciler.errors import InputError, ReconcilerError, TryAgainError
from reconciler.gitstore.base import GitRemote
from reconciler.model.reports import LeftOut, Report, ReportStatus
from reconciler.model.trees import Entry, Tree
from reconciler.rendering.metadata import Metadata

_ROUNDS = 5


def tip_of(remote: GitRemote, branch: str) -> str:
    """The commit at the tip of a branch, looked at now. Raises `InputError` when there is no such branch."""
    ref = f"refs/heads/{branch}"
    tip = remote.fetch(ref).get(ref)
    if tip is None:
        raise InputError(f"{remote.name} has no branch {branch}", hint="name the branch with --branch")
    return tip


def choose(tree: Tree, only: str | None) -> tuple[Folder, ...]:
    """All folders of a tree, or the one that was asked for. Raises `InputError` when it is not among them, or when
    the tree is a catalog's: whoever runs this there forgot to name the repository."""
    folders = find_folders(tree)
    if not folders and tree.entry(SETTINGS_FILE) is not None:
        raise InputError("this is a catalog", hint="name the infrastructure repository with --repository")
    if only is None:
        return folders
    path = only.strip("/")
    chosen = tuple(folder for folder in folders if folder.path == path)
    if not chosen:
        near = get_close_matches(path, [folder.path for folder in folders], n=1)
        hint = f"did you mean {near[0]}?" if near else "folders that belong to a deployment have .proton in them"
        raise InputError(f"{path} is no folder with deployment metadata", hint=hint)
    return chosen


def unusable(folder: Folder) -> FolderResult:
    """The result for a folder whose metadata says nothing that can be done."""
    return FolderResult(folder.path, Outcome.REFUSED, message=folder.problem)


@contextmanager
def _refusals(collect: list[FolderResult], folder: Folder) -> Iterator[None]:
    """One folder's trouble does not stop the others."""
    key = folder.metadata.key if folder.metadata is not None else None
    try:
        yield
    except TryAgainError as error:
        collect.append(FolderResult(folder.path, Outcome.UNFINISHED, key, str(error)))
    except ReconcilerError as error:
        collect.append(FolderResult(folder.path, Outcome.REFUSED, key, str(error)))


@dataclass(frozen=True)
class Provisioner:
    """One call of `provision`. `now` gives the time in UTC; `locks` is a folder for lock files.

    With `again`, final reports count as none: for somebody who wants a folder applied once more.
    """

    remote: GitRemote
    branch: str
    setup: Setup
    locks: Path
    now: Callable[[], datetime]
    again: bool = False

    def run(self, only: str | None = None) -> tuple[FolderResult, ...]:
        """Applies what is due, in order. Raises `InputError` for a branch or folder that does not exist and
        `TryAgainError` when the repository cannot be reached at the start."""
        tip = tip_of(self.remote, self.branch)
        folders = choose(self.remote.objects.tree(tip), only)
        reports = ReportsBranch(self.remote)
        reports.refresh()
        results: list[FolderResult] = []
        with WorkTree() as work:
            for folder in folders:
                if folder.metadata is None:
                    results.append(unusable(folder))
                elif self.is_reported(reports, folder.metadata, self.since(tip, folder)):
                    results.append(FolderResult(folder.path, Outcome.REPORTED, folder.metadata.key))
                else:
                    with _refusals(results, folder):
                        results.append(_FolderDeployment(self, reports, work, folder.path).run())
        return tuple(results)

    def is_reported(self, reports: ReportsBranch, metadata: Metadata, since: int | None) -> bool:
        """True when nothing is left to do for a deployment."""
        report = reports.read(metadata.key, metadata.deployment_id, since=since)
        return not self.again and report is not None and report.status.is_final

    def since(self, tip: str, folder: Folder) -> int | None:
        """From when on a report counts for a folder, in seconds since the epoch. All deletions of a resource share
        one name for their report: one from before the metadata changed is about an earlier one. Destroying once more
        is harmless when nothing is there."""
        deleted = folder.metadata is not None and folder.metadata.deleted
        return changed_at(self.remote.objects, tip, folder.path) if deleted else None


@dataclass(frozen=True)
class _Seen:
    """A folder as it is on the tip. `basis` is all that decides what will be applied; `since` see `Provisioner`."""

    tree: Tree
    folder: Folder
    metadata: Metadata
    basis: tuple[tuple[Entry, ...], Entry | None]
    since: int | None


@dataclass(frozen=True)
class _FolderDeployment:
    job: Provisioner
    reports: ReportsBranch
    work: WorkTree
    path: str

    def run(self) -> FolderResult:
        """Applies or destroys the folder as it is on the tip, looking again as often as somebody else was faster."""
        with one_at_a_time(self.job.locks, self.job.remote.name, self.job.branch, self.path):
            trouble = f"{self.path} or its state changed {_ROUNDS} times meanwhile"
            for _ in range(_ROUNDS):
                seen = self._look()
                if isinstance(seen, FolderResult):
                    return seen
                try:
                    result = self._deploy(seen)
                except StateLocked as locked:
                    trouble = str(locked)
                    self._report(seen, ReportStatus.IN_PROGRESS, trouble)
                    if locked.held:
                        break
                    continue
                if result is not None:
                    return result
        raise TryAgainError(trouble, hint="run the command again")

    def _look(self) -> _Seen | FolderResult:
        """The folder and its report as they are now, or why there is nothing to do."""
        tip = tip_of(self.job.remote, self.job.branch)
        tree = self.job.remote.objects.tree(tip)
        self.reports.refresh()
        folder = read_folder(tree, self.path)
        if folder is None:
            return FolderResult(self.path, Outcome.REPORTED, message="the folder is no longer on the branch")
        metadata = folder.metadata
        if metadata is None:
            return unusable(folder)
        since = self.job.since(tip, folder)
        if self.job.is_reported(self.reports, metadata, since):
            return FolderResult(self.path, Outcome.REPORTED, metadata.key)
        return _Seen(tree, folder, metadata, (folder.content, tree.entry(ENV_CONFIG_FILE)), since)

    def _deploy(self, seen: _Seen) -> FolderResult | None:
        """One round; None when the folder, its report or its state moved before anything was applied. Raises
        `StateLocked`."""
        metadata = seen.metadata
        try:
            run = self.job.setup.folder_run(seen.tree, seen.folder, self.work)
            self._tell("init")
            run.init()
            self._tell("plan")
            run.plan(destroy=metadata.deleted)
            again = self._look()
            if not isinstance(again, _Seen) or again.basis != seen.basis:
                return None
            # The claim: from here on others can see that somebody is at it.
            if not self._report(seen, ReportStatus.IN_PROGRESS, again=self.job.again):
                return None
            self._tell("destroy" if metadata.deleted else "apply")
            run.apply()
            outputs, left_out = ({}, ()) if metadata.deleted else run.outputs()
        except StalePlan:
            return None
        except DeploymentFailed as failed:
            self._report(seen, ReportStatus.FAILED, str(failed))
            return FolderResult(self.path, Outcome.FAILED, metadata.key, str(failed))
        self._report(seen, ReportStatus.SUCCEEDED, outputs=outputs, left_out=left_out)
        outcome = Outcome.DESTROYED if metadata.deleted else Outcome.APPLIED
        return FolderResult(self.path, outcome, metadata.key, outputs=tuple(outputs), left_out=left_out)

    def _report(
        self,
        seen: _Seen,
        status: ReportStatus,
        message: str = "",
        outputs: dict[str, str] | None = None,
        left_out: tuple[LeftOut, ...] = (),
        *,
        again: bool = False,
    ) -> bool:
        metadata, now = seen.metadata, self.job.now().astimezone(UTC)
        if seen.since is not None:
            # The forge's clock may be ahead of ours, and this report must not look older than what it is about.
            now = max(now, datetime.fromtimestamp(seen.since, UTC))
        at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        given = None if metadata.deleted else outputs
        report = Report(metadata.key, metadata.arn, metadata.deployment_id, status, message, given, left_out, at)
        return self.reports.write(report, at=int(now.timestamp()), again=again, since=seen.since)

    def _tell(self, what: str) -> None:
        self.job.setup.tell(f"{self.path}: {what}")
