"""Terraform in one folder: init, plan, apply, outputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.automation.diagnostics import LOCKED, STALE_PLAN, Redactor, event_of, has_error, words
from reconciler.automation.outputs import terraform_outputs
from reconciler.automation.terraform import Completed, OnLine, Terraform
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.reports import LeftOut

OVERRIDE_FILE = "reconciler_override.tf"
_PLAN_FILE = ".reconciler.tfplan"
_TOLD = {
    "change_summary",
    "apply_start",
    "apply_progress",
    "apply_complete",
    "apply_errored",
    "provision_progress",
}


class DeploymentFailed(Exception):
    """Terraform says that this cannot be done: the deployment is FAILED, with these words."""


class StateLocked(Exception):
    """The state's lock cannot be had; nothing is wrong with the deployment. `held` when Terraform names a holder, so
    that it has waited its time; otherwise it stumbled, and may succeed at once."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.held = "Lock Info:" in words


class StalePlan(Exception):
    """The state moved between plan and apply: look again."""


@dataclass(frozen=True)
class FolderRun:
    """Terraform for one folder of a work tree. `state` is the file for its state, None for the template's own
    backend; `env` is the whole environment of the process."""

    terraform: Terraform
    folder: Path
    env: Mapping[str, str]
    backend_arguments: tuple[str, ...] = ()
    state: Path | None = None
    lock_timeout: str = "5m"
    tell: Callable[[str], None] = lambda line: None

    def init(self) -> None:
        """`terraform init`. Raises `DeploymentFailed` when the code is at fault, `InputError` when the setup is: no
        backend, one that would forget its state, or one that cannot be reached."""
        if self.state is not None:
            self._override_backend(self.state)
        result = self._run("init", "-input=false", "-no-color", *self.backend_arguments)
        if result.code != 0:
            self._explain_init(result)
        self._check_backend()

    def plan(self, *, destroy: bool) -> None:
        """Plans into a file. Raises `DeploymentFailed` or `StateLocked`."""
        arguments = ("-json", f"-out={_PLAN_FILE}", *self._plan_arguments(destroy))
        self._checked(self._run("plan", *arguments, on_line=self._tell_event))

    def show_plan(self, *, destroy: bool) -> str:
        """Plans and returns the plan as Terraform prints it. Raises `DeploymentFailed`."""
        result = self._run("plan", "-no-color", *self._plan_arguments(destroy))
        if result.code != 0:
            raise DeploymentFailed(self._words(result))
        return self._redactor.clean(result.stdout.strip())

    def apply(self) -> None:
        """Applies the planned file. Raises `DeploymentFailed`, `StateLocked` or `StalePlan`."""
        arguments = ("-json", "-input=false", f"-lock-timeout={self.lock_timeout}", _PLAN_FILE)
        self._checked(self._run("apply", *arguments, on_line=self._tell_event))

    def outputs(self) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
        """The outputs to report, and those left out. Raises `DeploymentFailed`."""
        result = self._run("output", "-json", "-no-color")
        if result.code != 0:
            raise DeploymentFailed(f"applied, but the outputs cannot be read\n\n{self._words(result)}")
        document: Json = json.loads(result.stdout)
        return terraform_outputs(document, self._redactor)

    @property
    def _redactor(self) -> Redactor:
        return Redactor.of(self.env)

    def _words(self, result: Completed) -> str:
        return words(result, self._redactor)

    def _run(self, *args: str, on_line: OnLine | None = None) -> Completed:
        return self.terraform.run(args, cwd=self.folder, env=self.env, on_line=on_line)

    def _plan_arguments(self, destroy: bool) -> Sequence[str]:
        arguments = ["-input=false", f"-lock-timeout={self.lock_timeout}"]
        return [*arguments, "-destroy"] if destroy else arguments

    def _checked(self, result: Completed) -> None:
        if result.code == 0:
            return
        if has_error(result, STALE_PLAN):
            raise StalePlan
        if has_error(result, LOCKED):
            raise StateLocked(self._words(result))
        raise DeploymentFailed(self._words(result))

    def _tell_event(self, line: str) -> None:
        event = event_of(line)
        if event is not None and event.get("type") in _TOLD:
            self.tell(self._redactor.clean(str(event.get("@message", ""))))

    def _override_backend(self, state: Path) -> None:
        state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        override = self.folder / OVERRIDE_FILE
        override.unlink(missing_ok=True)  # it might be a link
        path = _quoted(str(state))
        override.write_text(f'terraform {{\n  backend "local" {{\n    path = {path}\n  }}\n}}\n', encoding="utf-8")

    def _explain_init(self, result: Completed) -> None:
        # Does the code initialise without its backend? Then the backend is the trouble, and that is for whoever set up
        # this run; a FAILED report would end the deployment for a missing bucket name or an expired credential.
        if self._run("init", "-backend=false", "-input=false", "-no-color").code != 0:
            raise DeploymentFailed(self._words(result))
        raise InputError(
            f"the backend cannot be used: {self._words(result)}",
            hint="correct state_bucket, region and role in env_config.json, or the credentials of this run; "
            "--state-dir keeps the state in a folder instead",
        )

    def _check_backend(self) -> None:
        kind, path = self._backend()
        if self.state is not None and (kind, path) != ("local", str(self.state)):
            raise InputError(
                "an override file of the template sets another backend, which --state-dir cannot replace",
                hint="remove the backend from the template's override file",
            )
        if kind is None:
            raise InputError(
                "the template declares no backend, so its state would be lost after this run",
                hint='add  terraform { backend "s3" {} }  to the template, or give --state-dir',
            )
        if kind == "local" and not Path(path or "").is_absolute():
            raise InputError(
                "the template keeps its state in a local file, which would be lost after this run",
                hint='use  backend "s3" {}  in the template, or give --state-dir',
            )

    def _backend(self) -> tuple[str | None, str | None]:
        """The type of the initialised backend and, for a local one, the path of its state."""
        try:
            data = (self.folder / ".terraform" / "terraform.tfstate").read_bytes()
        except FileNotFoundError:
            return None, None
        backend = json.loads(data).get("backend") or {}
        return backend.get("type"), (backend.get("config") or {}).get("path")


def _quoted(text: str) -> str:
    """Text as HCL. Not as Terraform's JSON, where Terraform takes `${` in a backend as it is and OpenTofu does not."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
