"""`forget`: the record goes, the infrastructure stays, and nothing is proposed for it any more."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.interventions import cancel, forget
from reconciler.errors import ConflictError, InputError, TryAgainError
from reconciler.forges.local import LocalForge
from reconciler.gitstore.local import LocalRemote
from reconciler.model.keys import Key, environment_key, instance_key
from reconciler.model.reports import ReportStatus
from reconciler.planning.reasons import Reason
from reconciler.records.record import Record
from tests.support.story import FILES, NOW, Story, environment, service

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

DEV, SHOP = environment_key("dev"), instance_key("shop", "one")
BOTH = {**environment("dev", cidr="a"), **environment("other"), **service("shop", ("one", "dev", 80))}
MAILER = "service/mailer/service-instance/mailer-dev"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Two environments and an instance, all of which succeeded."""
    story = Story.begin(tmp_path)
    story.commit({**FILES, **BOTH})
    for _ in range(2):
        story.apply()
        story.merge()
        story.report()
    story.apply()
    return story


def _forget(story: Story, key: Key) -> Record:
    return forget(story.place, key, "it moves", lambda: NOW, lambda line: None)


def _is_quiet(story: Story) -> bool:
    plan = story.apply().plan
    return plan is not None and not plan.has_changes


def _without(story: Story, *paths: str) -> None:
    story.commit({path: None for path in BOTH if path.startswith(paths)})


def test_a_forgotten_resource_leaves_its_infrastructure_and_its_history(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mail")
    tree = living.git("rev-parse", "main^{tree}", at="infrastructure.git")
    said = living.run("forget", MAILER, "--reason", "the mail team\nkeeps it")
    assert said.code == 0, said.text
    assert "Left as it is: dev/mailer-mailer-dev/ on main of infrastructure" in said.out
    assert living.states()[MAILER] == "not deployed, foreign-folder"
    assert "Reconciler-Reason: the mail team keeps it" in living.git("log", "-1", "--format=%b", "reconciler/records")

    assert f"- {MAILER}  it is not in the catalog any more" in living.apply().out, "the pass that handles the removal"
    assert living.apply().out == "Nothing to do.\n"
    assert living.git("rev-parse", "main^{tree}", at="infrastructure.git") == tree
    history = living.run("history", MAILER, "-o", "json").json["deployments"]
    assert [item["status"] for item in history] == ["SUCCEEDED"]
    assert MAILER not in living.states()
    assert "not deployed" in living.run("explain", MAILER).out
    again = living.run("forget", MAILER, "--reason", "once more")
    assert (again.code, again.out) == (0, "")
    assert "nothing to forget" in again.err


def test_forgetting_asks_for_a_reason(living: Workshop) -> None:
    assert living.run("forget", MAILER).code == 64
    assert living.run("forget", MAILER, "--reason", " ").code == 64
    assert living.run("forget", "environment/tset", "--reason", "x").code == 1


def test_what_was_forgotten_and_is_asked_for_again_is_somebody_elses(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mail")
    said = living.run("forget", MAILER, "--reason", "x")
    assert "blocked (foreign-folder) for as long as that folder is there" in said.err
    living.git("checkout", "-q", "HEAD~1", "--", "services/mailer")
    living.commit("mail again")
    living.apply()
    blocked = living.blocked(MAILER)
    assert blocked is not None
    assert blocked["reason"] == "foreign-folder"
    assert "which these records do not know" in blocked["message"]

    living.git("clone", "-q", "infrastructure.git", "clone", at=".")
    living.git("rm", "-q", "-r", "dev/mailer-mailer-dev", at="clone")
    living.git("commit", "-q", "-m", "moved away", at="clone")
    living.git("push", "-q", at="clone")
    living.apply()
    assert list(living.pulls().values()) == [f"{MAILER}: create (worker 1.0)"]
    history = living.run("history", MAILER, "-o", "json").json["deployments"]
    assert [item["number"] for item in history] == [2, 1]


def test_the_index_entries_and_the_unsettled_mark_go_and_the_count_stays(story: Story) -> None:
    _without(story, "services/", "environments/dev")
    story.apply()
    cancel(story.place, SHOP, lambda: NOW, lambda line: None)
    assert _forget(story, SHOP).latest is not None
    _forget(story, DEV)
    named = [path for path in story.record_files() if path.startswith("index/") and path.endswith(("/one", "/dev"))]
    assert not named
    assert story.book().get(DEV) == Record(DEV, 1)
    assert not _forget(story, DEV).is_live, "a second time there is nothing left to do"


def test_what_the_catalog_asks_for_is_not_forgotten(story: Story) -> None:
    before = story.record_files()
    for key in (DEV, SHOP):
        with pytest.raises(InputError, match="the catalog still asks for"):
            _forget(story, key)
    assert story.record_files() == before


def test_an_environment_in_use_is_not_forgotten_before_those_who_use_it(story: Story) -> None:
    _without(story, "environments/dev", "services/")
    with pytest.raises(InputError, match=f"in use: {SHOP} runs in it"):
        _forget(story, DEV)
    _forget(story, SHOP)
    _forget(story, DEV)
    story.apply()
    assert _is_quiet(story)


def test_what_is_under_way_is_cancelled_first(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mail")
    living.apply()
    refused = living.run("forget", MAILER, "--reason", "x")
    assert refused.code == 1
    assert f"`reconciler cancel {MAILER}` closes it" in refused.err
    assert living.run("cancel", MAILER).code == 0
    assert living.run("forget", MAILER, "--reason", "x").code == 0
    assert not living.pulls()
    assert living.apply().out == "Nothing to do.\n"


def test_of_what_was_never_merged_nothing_is_left(workshop: Workshop) -> None:
    workshop.apply("--init-records")
    workshop.run("cancel", "environment/dev")
    workshop.remove("environments/dev")
    workshop.remove("services")
    workshop.commit("no dev")
    said = workshop.run("forget", "environment/dev", "--reason", "a try")
    assert (said.code, said.err) == (0, "")
    assert "Nothing of it was ever merged" in said.out


def test_what_is_merged_and_not_reported_is_not_forgotten(story: Story) -> None:
    story.commit(service("shop", ("one", "dev", 90)))
    story.apply()
    story.merge()
    _without(story, "services/")
    with pytest.raises(InputError, match="was merged, and has not been reported yet"):
        _forget(story, SHOP)
    story.report()
    _forget(story, SHOP)


def test_a_pull_request_that_is_merged_after_all_concerns_nobody_until_it_is_asked_for(story: Story) -> None:
    story.commit(service("shop", ("one", "dev", 90)))
    story.apply()
    number = max(pull.number for name, pull in story.pulls() if name == "infra")
    LocalForge(story.remote("infra")).close(number, at=NOW)
    _without(story, "services/")
    _forget(story, SHOP)
    LocalForge(story.remote("infra")).reopen(number, at=NOW)
    LocalForge(story.remote("infra")).merge(number, at=NOW)
    story.report()
    story.apply()
    assert _is_quiet(story)
    story.commit(service("shop", ("one", "dev", 90)))
    plan = story.apply().plan
    assert plan is not None
    assert [(str(record.key), blocked.reason) for record, blocked in plan.blocked] == [
        (str(SHOP), Reason.FOREIGN_FOLDER)
    ]


def test_a_repository_that_is_gone_for_good_keeps_nobody(story: Story) -> None:
    story.commit(service("shop", ("one", "dev", 90)))
    story.apply()
    story.merge()
    story.report(ReportStatus.FAILED)
    story.apply()
    _without(story, "services/")
    shutil.rmtree(story.home / "infra.git")
    assert _forget(story, SHOP).is_live
    assert not story.book().get(SHOP).is_live


def test_a_conflict_is_looked_at_again_and_a_lost_answer_is_harmless(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without(story, "services/")
    update, failures = LocalRemote.update, [ConflictError("somebody was faster"), TryAgainError("the answer is lost")]

    def unlucky(remote: LocalRemote, ref: str, *, old: str | None, new: str | None) -> None:
        if len(failures) == 2:
            raise failures.pop(0)
        update(remote, ref, old=old, new=new)
        raise failures.pop(0)

    with monkeypatch.context() as patch:
        patch.setattr(LocalRemote, "update", unlucky)
        with pytest.raises(TryAgainError, match="the answer is lost"):
            _forget(story, SHOP)
    assert not _forget(story, SHOP).is_live
    story.apply()
    assert _is_quiet(story)
