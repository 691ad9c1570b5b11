"""Which commit a pass handles: old ones, rewritten ones, ones that nobody else can see."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

MAILER = "service/mailer/service-instance/mailer-dev"
SERVICE = "services/mailer/service.yaml"


def test_a_rerun_for_an_older_commit_does_nothing_and_says_so(living: Workshop) -> None:
    old = living.git("rev-parse", "HEAD")
    living.edit(SERVICE, "queue: mail", "queue: letters")
    new = living.commit("another queue")
    living.apply()
    before = (living.records(), living.pulls())

    rerun = living.apply("--revision", old)
    assert rerun.out == ""
    assert f"Commit {old[:12]} is superseded by {new[:12]}" in rerun.err
    assert "Nothing done" in rerun.err
    assert (living.records(), living.pulls()) == before
    document = living.apply("--revision", old, "-o", "json").json
    assert (document["schema"], document["supersededBy"]) == ("reconciler/apply/v1", new)


def test_a_rewritten_history_is_only_handled_when_somebody_agrees(living: Workshop) -> None:
    living.edit(SERVICE, "queue: mail", "queue: letters")
    handled = living.commit("another queue")
    living.work_off()
    living.git("reset", "-q", "--hard", "HEAD~1")
    living.edit(SERVICE, "queue: mail", "queue: parcels")
    rewritten = living.commit("yet another queue")

    before = living.records()
    refused = living.run("apply")
    assert refused.code == 1
    assert f"commit {rewritten[:12]} does not follow {handled[:12]}" in refused.err
    assert "--rewind" in refused.err
    assert (living.records(), living.pulls()) == (before, {})

    living.apply("--rewind")
    assert list(living.pulls().values()) == [f"{MAILER}: update input queue (worker 1.0)"]
    living.work_off()
    assert '"queue" : "parcels"' in living.run("render", MAILER).out


def test_going_back_in_time_is_a_rewind_as_well(living: Workshop) -> None:
    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.work_off()
    living.apply("--revision", "HEAD~1", "--rewind")
    assert list(living.pulls().values()) == [f"{MAILER}: update input queue (worker 1.0)"]


def test_the_catalog_behind_a_server_is_shared_by_two_clones(living: Workshop, git_daemon: Any) -> None:
    """Records are written over the network, to the one place that both people see, never to a clone's own branch."""
    living.git("clone", "-q", "--mirror", "catalog", str(git_daemon.base / "catalog.git"), at=".")
    url = git_daemon.url("catalog.git")
    for name in ("ada", "bob"):
        living.git("clone", "-q", url, f"{name}/catalog", at=".")
        for repository in ("infrastructure.git", "pipelines.git"):
            (living.root / name / repository).symlink_to(living.root / repository)
    ada, bob = (_at(living, name) for name in ("ada", "bob"))

    assert ada.apply().out == "Nothing to do.\n"
    ada.edit(SERVICE, "queue: mail", "queue: letters")
    commit = ada.commit("another queue")
    before = living.records(at=str(git_daemon.base / "catalog.git"))
    unpushed = ada.run("apply")
    assert unpushed.code == 1
    assert f"commit {commit[:12]} is not on the branch main of {url}" in unpushed.err
    assert "push it" in unpushed.err
    assert living.records(at=str(git_daemon.base / "catalog.git")) == before

    ada.git("push", "-q")
    assert ada.run("apply").code == 0
    assert living.records(at=str(git_daemon.base / "catalog.git")) != before
    assert ada.records() == ""  # a clone has no records branch of its own

    behind = bob.run("apply")
    assert behind.code == 0
    assert f"is superseded by {commit[:12]}" in behind.err
    assert "reconciler/records" not in bob.git("branch")
    bob.git("pull", "-q")
    assert bob.run("status", MAILER).out.count("IN_PROGRESS, awaiting merge") == 1

    git_daemon.stop()
    gone = bob.run("apply")
    assert gone.code == 4
    assert url in gone.err
    assert bob.run("plan").code == 0  # offline verbs need no network
    git_daemon.start()
    assert bob.run("apply").code == 0


def test_beginning_the_records_of_a_shared_catalog_is_left_to_be_reviewed(workshop: Workshop, git_daemon: Any) -> None:
    """The main branch may be protected, so the lineage is written into the clone, for a person to commit and push."""
    git_daemon.create("catalog.git")
    workshop.git("remote", "add", "origin", git_daemon.url("catalog.git"))
    workshop.git("push", "-q", "-u", "origin", "main")
    head = workshop.git("rev-parse", "HEAD")

    begun = workshop.apply("--init-records")
    assert "now commit reconciler.yaml, push it, and run `reconciler apply`" in begun.err
    assert workshop.git("status", "--porcelain").strip() == "M reconciler.yaml"
    assert workshop.git("rev-parse", "HEAD") == head

    early = workshop.run("apply")
    assert early.code == 1
    assert "names no lineage" in early.err
    workshop.commit("begin the records")
    workshop.git("push", "-q")
    workshop.apply()
    assert len(workshop.pulls()) == 2


def test_a_catalog_may_lie_in_a_folder_of_a_larger_repository(workshop: Workshop) -> None:
    outer = workshop.root / "outer"
    outer.mkdir()
    shutil.rmtree(workshop.catalog / ".git")
    shutil.move(workshop.catalog, outer / "catalog")
    for name in ("infrastructure.git", "pipelines.git"):
        (outer / name).symlink_to(workshop.root / name)
    workshop.git("init", "-q", "-b", "main", at="outer")
    workshop.git("add", "catalog", at="outer")
    workshop.git("commit", "-q", "-m", "all", at="outer")
    said = workshop.run("apply", "--init-records", "--catalog", "outer/catalog")
    assert said.code == 0
    assert "environment/dev" in workshop.run("status", "--catalog", "outer/catalog").out


def _at(living: Workshop, name: str) -> Workshop:
    return replace(living, root=living.root / name)
