"""Real processes: killed with SIGKILL in the middle, and racing each other over a Git daemon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.forges.base import PullState
from reconciler.forges.local import LocalForge
from reconciler.gitstore.local import LocalRemote
from tests.conftest import Git, GitDaemon
from tests.support.story import FILES, Story, environment, service

_KILLED = """
import os, signal, sys
from reconciler.cli.main import run
from reconciler.gitstore.local import LocalRemote

count, update = 0, LocalRemote.update

def striking(remote, ref, *, old, new):
    global count
    update(remote, ref, old=old, new=new)
    count += 1
    if count == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)

LocalRemote.update = striking
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize("effect", [1, 2, 3, 4, 5, 9])
def test_a_process_killed_after_any_effect_leaves_what_the_next_one_finishes(tmp_path: Path, effect: int) -> None:
    files = {**FILES, **environment("dev"), **environment("prod"), **environment("test")}
    killed, whole = Story.begin(tmp_path / "killed"), Story.begin(tmp_path / "whole")
    for story in (killed, whole):
        story.commit(files)
    arguments = ["apply", "--catalog", str(killed.home / "catalog")]
    done = subprocess.run([sys.executable, "-c", _KILLED, str(effect), *arguments], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    killed.apply()
    whole.apply()
    assert sorted(p.title for _, p in killed.pulls(PullState.OPEN)) == sorted(p.title for _, p in whole.pulls())
    assert len(killed.pulls()) == 3
    assert not killed.apply().plan.has_changes
    for number, (name, pull) in enumerate(killed.pulls(), 1):
        assert (name, pull.number) == ("infra", number)


def test_two_processes_at_once_over_a_git_daemon_open_one_pull_request_each(
    tmp_path: Path, git: Git, git_daemon: GitDaemon
) -> None:
    for name in ("catalog.git", "infra.git", "pipes.git"):
        git_daemon.create(name)
    first = tmp_path / "first"
    git(tmp_path, "clone", "-q", git_daemon.url("catalog.git"), "first")
    files = {**FILES, **environment("dev"), **environment("prod"), **service("shop", ("one", "dev", 80))}
    for path, text in files.items():
        file = first / path
        file.parent.mkdir(parents=True, exist_ok=True)
        url = f"url: {git_daemon.base}/"
        file.write_text(text.replace("url: ../", url).replace("  records: {lineage: ", "  # {"), encoding="utf-8")
    git(first, "checkout", "-q", "-b", "main")
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    program = [sys.executable, "-m", "reconciler"]
    git(first, "add", "-A")
    git(first, "commit", "-qm", "first")
    git(first, "push", "-q", "origin", "main")
    subprocess.run([*program, "init", "."], cwd=first, env=environ, check=True, capture_output=True)
    git(first, "commit", "-qam", "records")
    git(first, "push", "-q", "origin", "main")
    for _ in range(3):
        racing = [subprocess.Popen([*program, "apply"], cwd=first, env=environ, stderr=subprocess.PIPE) for _ in "ab"]
        for process in racing:
            errors = process.communicate(timeout=120)[1].decode()
            assert process.returncode in (0, 4), errors
            assert "Traceback" not in errors
        forge = LocalForge(LocalRemote(git_daemon.base / "infra.git"))
        branches = [pull.branch for pull in forge.list()]
        assert len(branches) == len(set(branches))
        for pull in forge.list(PullState.OPEN):
            forge.merge(pull.number, at="2026-01-01T00:00:00Z")
    done = subprocess.run([*program, "apply"], cwd=first, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [pull.title.partition(":")[0] for pull in forge.list()] == ["environment/dev", "environment/prod"]
