"""Templates in a repository behind SSH: a real sshd, with a key in the home folder and a host that is known, or not."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.test_template_sync import NETWORK, begin

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

_SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(_SSHD is None, reason="sshd is not installed")


@dataclass(frozen=True)
class Ssh:
    """A server on this machine, and a home folder whose key it lets in."""

    port: int
    home: Path

    def url(self, path: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"

    def run(self, workshop: Workshop, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb as a process of its own, at home there."""
        command = [sys.executable, "-m", "reconciler", *words, "--catalog", "catalog"]
        # Nobody's agent may help.
        environment = {**os.environ, "HOME": str(self.home), "SSH_AUTH_SOCK": ""}
        return subprocess.run(command, cwd=workshop.root, env=environment, capture_output=True, text=True)


def _keygen(path: Path) -> str:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(words, check=True)
    return path.with_suffix(".pub").read_text()


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Ssh]:
    assert _SSHD is not None
    server, home = tmp_path / "sshd", tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    server.mkdir()
    (server / "authorized").write_text(_keygen(home / ".ssh" / "id_ed25519"))
    public = _keygen(server / "host")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (home / ".gitconfig").write_text("[safe]\n  directory = *\n")
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": server / "host",
        "AuthorizedKeysFile": server / "authorized",
        "PidFile": server / "pid",
        "StrictModes": "no",
        "UsePAM": "no",
        "PermitRootLogin": "yes",
        "PasswordAuthentication": "no",
    }
    (server / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([_SSHD, "-D", "-e", "-f", str(server / "config")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Ssh(port, home)
    finally:
        process.terminate()
        process.wait()


def test_versions_are_cut_from_a_repository_behind_ssh(workshop: Workshop, ssh: Ssh) -> None:
    templates = begin(workshop, ssh.url(workshop.root / "templates.git"))
    first = ssh.run(workshop, "apply", "--init-records")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"{NETWORK}  templates@main:network at {templates.git('rev-parse', 'HEAD')[:12]}  SUCCEEDED" in first.stdout
    assert workshop.versions()[f"{NETWORK}:1.0"] == "PUBLISHED"

    templates.write("network/v1/infrastructure/more.tf", "locals {}\n")
    templates.push("another file")
    assert f"{NETWORK}:1.1  PUBLISHED" in ssh.run(workshop, "apply").stdout


@pytest.mark.parametrize(
    ("file", "words"), [("known_hosts", "known_hosts"), ("id_ed25519", "does not let us in")], ids=["host", "key"]
)
def test_an_unknown_host_and_an_unknown_key_are_refused_and_nobody_else_is_stopped(
    workshop: Workshop, ssh: Ssh, file: str, words: str
) -> None:
    begin(workshop, ssh.url(workshop.root / "templates.git"))
    (ssh.home / ".ssh" / file).unlink()
    said = ssh.run(workshop, "apply", "--init-records")
    assert said.returncode in (1, 4), said.stdout + said.stderr
    assert words in said.stdout + said.stderr
    assert "Traceback" not in said.stderr
    assert workshop.versions() == {}
