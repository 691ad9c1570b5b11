"""Real parts for tests that need them: the git program, and a Git server on the loopback interface."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no finding; and the same commit gives the same verdict in CI.
settings.register_profile(
    "reconciler",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("reconciler")

Git = Callable[..., str]


@pytest.fixture
def git_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as on a fresh machine: nobody's configuration, one identity."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")


@pytest.fixture
def git(git_environment: None) -> Git:
    """Runs git in a folder and returns what it printed: `git(path, "log", "-1")`."""

    def run(path: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    return run


@dataclass
class GitDaemon:
    """A `git daemon` that serves, and takes pushes to, every repository below `base`."""

    base: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def url(self, name: str) -> str:
        """The URL of a repository."""
        return f"git://127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> Path:
        """A new bare repository, whose default branch is `main`."""
        path = self.base / name
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
        return path

    def start(self) -> None:
        """Starts serving; the port stays the same over a restart."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))
            self.port = probe.getsockname()[1]
        options = ["--enable=receive-pack", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={self.port}"]
        command = ["git", "daemon", *options, f"--base-path={self.base}", str(self.base)]
        self._process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stops serving; the repositories stay."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(timeout=10)
            self._process = None


@pytest.fixture
def git_daemon(tmp_path: Path, git_environment: None) -> Iterator[GitDaemon]:
    """A running Git server with nothing on it yet."""
    base = tmp_path / "served"
    base.mkdir()
    daemon = GitDaemon(base)
    daemon.start()
    yield daemon
    daemon.stop()
