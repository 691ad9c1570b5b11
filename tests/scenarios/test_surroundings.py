"""What surrounds the program: folders outside of Git, hosts that are down, full disks, and people who press Ctrl-C."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

MAILER = "service/mailer/service-instance/mailer-dev"


def test_a_folder_that_was_never_in_git_can_be_looked_at(workshop: Workshop) -> None:
    shutil.rmtree(workshop.catalog / ".git")
    assert workshop.run("validate").code == 0
    planned = workshop.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "+ environment/dev  create" in planned.out
    assert workshop.run("plan", "-o", "markdown").out.startswith("**Plan: 3 versions to cut, 2 to create")
    rendered = workshop.run("render", "environment/dev", "--out", "rendered")
    assert rendered.code == 0
    assert (workshop.root / "rendered/dev/proton.auto.tfvars.json").exists()
    assert "+++ b/dev/main.tf" in workshop.run("diff", "environment/dev").out
    explained = workshop.run("explain", "environment/dev")
    assert "`reconciler apply` will create it" in explained.out

    refused = workshop.run("apply", "--init-records")
    assert refused.code == 1
    assert "is not in a Git repository" in refused.err
    assert "git init" in refused.err
    assert workshop.run("status").code == 1
    assert not (workshop.catalog / ".git").exists()


def test_rendering_follows_no_links_out_of_its_folder(workshop: Workshop) -> None:
    (workshop.root / "rendered").mkdir()
    (workshop.root / "precious").mkdir()
    (workshop.root / "rendered/dev").symlink_to(workshop.root / "precious")
    said = workshop.run("render", "environment/dev", "--out", "rendered")
    assert said.code == 1
    assert "is a link" in said.err
    assert not list((workshop.root / "precious").iterdir())


def test_a_repository_that_cannot_be_reached_stops_its_own_resources_only(living: Workshop) -> None:
    living.edit("services/shop/service.yaml", "make test", "make check")  # in pipelines
    living.edit("services/mailer/service.yaml", "queue: mail", "queue: letters")  # in infrastructure
    url = "git://127.0.0.1:1/infrastructure.git"
    living.edit("repositories/infrastructure.yaml", "../infrastructure.git", url)
    living.commit("moved to a host that is down")
    said = living.run("apply")
    assert said.code == 4
    assert f"{MAILER}  repository-unreachable" in said.out
    assert url in said.out
    assert "service/shop/pipeline: update input unit_tests (web 1.0)" in living.pulls_of("pipelines")

    living.edit("repositories/infrastructure.yaml", url, "../infrastructure.git")
    living.commit("and back")
    living.apply()
    assert f"{MAILER}: update input queue (worker 1.0)" in living.pulls().values()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("../nowhere.git", "nowhere.git is not a Git repository"),
        ("./environments", "environments is not a Git repository"),  # inside the catalog's own
    ],
)
def test_a_path_that_is_no_repository_is_named(workshop: Workshop, url: str, words: str) -> None:
    workshop.edit("repositories/infrastructure.yaml", "../infrastructure.git", url)
    workshop.commit("a misspelt path")
    said = workshop.run("apply", "--init-records")
    assert said.code == 1
    assert words in said.text
    assert workshop.run("apply").code == 0  # said once


def test_credentials_in_a_url_are_never_shown(living: Workshop) -> None:
    url = "https://robot:s3cret@127.0.0.1:1/infrastructure.git"
    living.edit("repositories/infrastructure.yaml", "../infrastructure.git", url)
    living.edit("services/mailer/service.yaml", "queue: mail", "queue: letters")
    living.commit("a token in the catalog")
    for words in (("apply",), ("explain", MAILER), ("status", "-o", "json"), ("plan", "-o", "json"), ("pr", "list")):
        said = living.run(*words)
        assert "s3cret" not in said.text
    assert "s3cret" not in living.git("log", "-p", "reconciler/records")


def test_a_target_branch_that_is_not_there_is_named(workshop: Workshop) -> None:
    workshop.git("branch", "-m", "main", "trunk", at="infrastructure.git")
    said = workshop.run("apply", "--init-records")
    assert said.code == 1
    assert "environment/dev  branch-missing" in said.out
    assert "infrastructure has no branch main" in said.out
    assert "or correct branch: in repositories/infrastructure.yaml" in said.out
    assert workshop.states()["environment/dev"] == "not deployed, branch-missing"

    workshop.git("branch", "main", "trunk", at="infrastructure.git")
    workshop.apply()
    assert workshop.states()["environment/dev"] == "IN_PROGRESS, awaiting merge"
    assert len(workshop.pulls()) == 2


def _full(program: list[str], limit: int, workshop: Workshop) -> subprocess.CompletedProcess[str]:
    def confine() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as a full disk: the write fails, nobody is killed
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(program, cwd=workshop.root, capture_output=True, text=True, preexec_fn=confine)


@pytest.mark.parametrize("limit", [0, 64, 300])
def test_a_disk_that_is_full_leaves_nothing_half_written(living: Workshop, limit: int) -> None:
    """A limit on the size of files stands in for the disk: writes fail in the middle of a file."""
    living.edit("services/mailer/service.yaml", "queue: mail", "queue: letters")
    living.commit("another queue")
    before, pulls = living.records(), living.pulls()
    program = [sys.executable, "-m", "reconciler", "apply", "--catalog", "catalog"]
    said = _full(program, limit, living)
    assert said.returncode == 4, said.stderr
    assert "Traceback" not in said.stderr
    assert "could not write to" in said.stderr
    assert "try again" in said.stderr
    assert (living.records(), living.pulls()) == (before, pulls)
    living.git("fsck", "--strict")
    living.apply()
    assert list(living.pulls().values()) == [f"{MAILER}: update input queue (worker 1.0)"]


def test_a_full_disk_while_the_records_begin_leaves_the_settings_whole(workshop: Workshop) -> None:
    before = (workshop.catalog / "reconciler.yaml").read_bytes()
    program = [sys.executable, "-m", "reconciler", "apply", "--init-records", "--catalog", "catalog"]
    said = _full(program, 0, workshop)
    assert said.returncode == 4, said.stderr
    assert "Traceback" not in said.stderr
    assert (workshop.catalog / "reconciler.yaml").read_bytes() == before
    assert [path.name for path in workshop.catalog.glob("*tmp*")] == []
    workshop.apply("--init-records")
    assert len(workshop.pulls()) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_repository_that_may_not_be_written_to_is_named(workshop: Workshop) -> None:
    objects = workshop.root / "infrastructure.git/objects"
    objects.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        said = workshop.run("apply", "--init-records")
        assert said.code == 4
        assert "could not write to" in said.err
    finally:
        objects.chmod(stat.S_IRWXU)


def test_ctrl_c_ends_at_once_and_a_later_apply_goes_on(living: Workshop) -> None:
    living.edit("reconciler.yaml", "spec:\n", "spec:\n  pullRequests: {maxOpen: 300}\n")
    many = "".join(f"    - {{name: m{n}, environment: dev, inputs: {{queue: q{n}}}}}\n" for n in range(200))
    living.edit("services/mailer/service.yaml", "  instances:\n", f"  instances:\n{many}")
    living.commit("two hundred mailers")
    process = living.start("apply", "--catalog", "catalog")
    assert process.stderr is not None
    first = process.stderr.readline()  # the first pull request is being opened
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, first + err
    assert "Traceback" not in first + out + err
    assert "run the same command again" in err
    assert len(living.pulls()) < 200

    living.apply()
    titles = living.pulls().values()
    assert len(titles) == len(set(titles)) == 200


def test_ctrl_c_before_anything_happens_is_quiet_as_well(living: Workshop) -> None:
    process = living.start("plan", "--catalog", "catalog")
    time.sleep(0.15)  # while modules are still imported
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130, -signal.SIGINT)
    assert "Traceback" not in out + err


def test_a_reader_who_goes_away_is_no_error(living: Workshop) -> None:
    said = subprocess.run(
        f"{sys.executable} -m reconciler render environment/dev --catalog catalog | head -1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", cwd=living.root, capture_output=True, text=True,
    )  # fmt: skip
    assert said.stdout.splitlines()[-1] == "0"
    assert said.stderr == ""


def test_help_names_every_verb(workshop: Workshop) -> None:
    said = workshop.run("--help")
    assert said.code == 0
    for verb in ("init", "validate", "plan", "render", "apply", "status", "explain", "retry", "provision", "notify"):
        assert f"  {verb} " in said.out
