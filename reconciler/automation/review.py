"""What a pull request to an infrastructure repository would do: the plans of its folders, and nothing else."""

from __future__ import annotations

from reconciler.automation.folders import Folder, read_folder
from reconciler.automation.provision import choose, unusable
from reconciler.automation.results import FolderResult, Outcome
from reconciler.automation.runs import DeploymentFailed
from reconciler.automation.setup import Setup, WorkTree
from reconciler.errors import ReconcilerError, TryAgainError
from reconciler.model.trees import Tree


def plan_folders(setup: Setup, head: Tree, base: Tree, only: str | None = None) -> tuple[FolderResult, ...]:
    """Plans the folders of `head` that are not as they are in `base`, or the one that was asked for. Nothing is
    written but temporary files. The role is that of `base`, since anybody may propose another one. Raises `InputError`
    for a folder that does not exist."""
    chosen = choose(head, only)
    due = [folder for folder in chosen if only is not None or folder != read_folder(base, folder.path)]
    with WorkTree() as work:
        return tuple(_plan(setup, head, base, folder, work) for folder in due)


def _plan(setup: Setup, head: Tree, base: Tree, folder: Folder, work: WorkTree) -> FolderResult:
    if folder.metadata is None:
        return unusable(folder)
    key = folder.metadata.key
    try:
        run = setup.folder_run(head, folder, work, trusted=base)
        setup.tell(f"{folder.path}: plan")
        run.init()
        text = run.show_plan(destroy=folder.metadata.deleted)
    except DeploymentFailed as failed:
        return FolderResult(folder.path, Outcome.FAILED, key, str(failed))
    except TryAgainError as error:
        return FolderResult(folder.path, Outcome.UNFINISHED, key, str(error))
    except ReconcilerError as error:
        return FolderResult(folder.path, Outcome.REFUSED, key, str(error))
    return FolderResult(folder.path, Outcome.PLANNED, key, text)
