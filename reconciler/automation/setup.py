"""How one call of `provision` runs Terraform, and the work trees it runs in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from reconciler.automation.credentials import child_environment
from reconciler.automation.env_config import ENV_CONFIG_FILE, read_env_config, settings_for
from reconciler.automation.folders import Folder
from reconciler.automation.runs import FolderRun
from reconciler.automation.terraform import Terraform
from reconciler.automation.worktree import write_out
from reconciler.model.trees import Tree

Progress = Callable[[str], None]


class WorkTree:
    """A temporary folder that holds one Git tree at a time; written out once for all folders of a tree."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="reconciler-", ignore_cleanup_errors=True)
        self._tree: str | None = None

    def __enter__(self) -> WorkTree:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scratch.cleanup()

    def hold(self, tree: Tree) -> Path:
        """The folder with this tree's files; those of another tree are gone afterwards."""
        target = Path(self._scratch.name) / "tree"
        if tree.id != self._tree:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            write_out(tree, target)
            self._tree = tree.id
        return target


@dataclass(frozen=True)
class Setup:
    """What all folders of a run share. `environ` is the caller's environment, `state_dir` an absolute folder for
    states in place of the templates' backends, `lock_timeout` in Terraform's notation."""

    terraform: Terraform
    environ: Mapping[str, str]
    state_dir: Path | None = None
    assume_role: bool = True
    lock_timeout: str = "5m"
    tell: Progress = lambda line: None

    def folder_run(self, tree: Tree, folder: Folder, work: WorkTree, trusted: Tree | None = None) -> FolderRun:
        """Terraform for a folder of a tree; `env_config.json` is that of `trusted` where it has one, else the tree's.
        Raises `InputError` when `env_config.json` or the role cannot be used."""
        config = trusted.read(ENV_CONFIG_FILE) if trusted is not None else None
        config = tree.read(ENV_CONFIG_FILE) if config is None else config
        settings = settings_for(read_env_config(config), folder.environment)
        env = child_environment(self.environ, settings, folder=folder.path, assume_role=self.assume_role)
        state = self.state_dir / folder.path / "terraform.tfstate" if self.state_dir is not None else None
        return FolderRun(
            terraform=self.terraform,
            folder=work.hold(tree) / folder.path,
            env=env,
            backend_arguments=settings.backend_arguments(folder.path) if state is None else (),
            state=state,
            lock_timeout=self.lock_timeout,
            tell=lambda line: self.tell(f"{folder.path}: {line}"),
        )
