"""A bare repository, and the git program to compare with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest

from reconciler.gitstore.objects import PygitObjects

Git = Callable[..., str]


@pytest.fixture
def git(monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in a folder as on a fresh machine, and returns what it printed."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    environment = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.com",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.com",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(path: Path, *arguments: str, data: bytes | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, input=data)
        return done.stdout.decode().strip()

    return run


@pytest.fixture
def objects(tmp_path: Path) -> PygitObjects:
    """The objects of a new bare repository at `tmp_path/store.git`."""
    return PygitObjects(pygit2.init_repository(str(tmp_path / "store.git"), bare=True))
