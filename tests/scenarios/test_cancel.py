"""`cancel`: the pull request is closed, the record says who wanted that, and what is merged stays merged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.interventions import cancel
from reconciler.engine.passes import Options
from reconciler.errors import InputError, ReconcilerError
from reconciler.forges.base import PullState
from reconciler.forges.local import LocalForge
from reconciler.gitstore.local import LocalRemote
from reconciler.model.keys import environment_key, instance_key
from reconciler.model.lifecycle import Status
from reconciler.planning.interventions import CANCELLED
from reconciler.planning.reasons import Reason
from reconciler.records.record import Deployment
from tests.support.story import FILES, NOW, Story, environment, service

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

DEV, SHOP = environment_key("dev"), instance_key("shop", "one")
MAILER = "service/mailer/service-instance/mailer-dev"
FILE = "services/mailer/service.yaml"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """An environment whose pull request is open."""
    story = Story.begin(tmp_path)
    story.commit({**FILES, **environment("dev", cidr="a"), **service("shop", ("one", "dev", 80))})
    story.apply()
    return story


def _cancel(story: Story) -> Deployment:
    return cancel(story.place, DEV, lambda: NOW, lambda line: None)


def _latest(story: Story) -> tuple[Status, str]:
    latest = story.book().get(DEV).latest
    assert latest is not None
    return latest.status, latest.message


def _reasons(story: Story) -> dict[str, str]:
    plan = story.apply().plan
    assert plan is not None
    return {str(record.key): blocked.reason for record, blocked in plan.blocked}


def test_a_cancelled_deployment_stays_so_until_it_is_retried(living: Workshop) -> None:
    living.edit(FILE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.apply()
    said = living.run("cancel", MAILER)
    assert said.code == 0, said.text
    assert f"is CANCELLED: {CANCELLED}" in said.out
    assert not living.pulls()
    assert living.states()[MAILER] == "CANCELLED"

    living.apply()
    assert not living.pulls()
    blocked = living.blocked(MAILER)
    assert blocked is not None
    assert (blocked["reason"], blocked["message"]) == ("cancelled", f"cancelled: {CANCELLED}")
    assert "cancel: service/mailer" in living.git("log", "-5", "--format=%s", "reconciler/records")
    assert "Requested-By: Ada <ada@example.com>" in living.git("log", "-5", "--format=%b", "reconciler/records")

    living.run("retry", MAILER)
    assert list(living.pulls().values()) == [f"{MAILER}: update input queue (worker 1.0)"]


def test_a_cancelled_deployment_gives_way_to_another_desire(living: Workshop) -> None:
    living.edit(FILE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.apply()
    living.run("cancel", MAILER)
    living.edit(FILE, "queue: letters", "queue: mail")
    living.commit("as before")
    living.apply()
    assert living.states()[MAILER] == "SUCCEEDED"
    assert not living.pulls()


def test_a_cancelled_destruction_has_failed_and_keeps_the_resource(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mail")
    living.apply()
    said = living.run("cancel", MAILER)
    assert f"is DELETE_FAILED: {CANCELLED}" in said.out
    living.apply()
    assert not living.pulls()
    blocked = living.blocked(MAILER)
    assert blocked is not None
    assert blocked["message"] == f"destroying it failed: {CANCELLED}"
    assert living.run("outputs", MAILER).out.startswith("queue_id=")
    again = living.run("cancel", MAILER)
    assert again.code == 0, "what was cancelled before is cancelled"


def test_what_is_merged_cannot_be_cancelled(living: Workshop) -> None:
    living.edit(FILE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.apply()
    living.merge_all()
    before = living.records()
    said = living.run("cancel", MAILER)
    assert said.code == 1
    assert "was merged at" in said.err
    assert "so cancelling cannot help" in said.err
    assert f"reconciler rollback {MAILER}" in said.err
    assert living.records() == before


def test_a_destruction_that_is_merged_cannot_be_cancelled(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mail")
    living.apply()
    living.merge_all()
    said = living.run("cancel", MAILER)
    assert said.code == 1
    assert f"the destruction of {MAILER} was merged at" in said.err
    assert "rollback" not in said.err


def test_nothing_under_way_is_an_error_that_says_what_there_is(living: Workshop) -> None:
    said = living.run("cancel", MAILER)
    assert said.code == 1
    assert f"nothing of {MAILER} is under way: deployment" in said.err
    assert "is SUCCEEDED" in said.err
    unknown = living.run("cancel", "environment/tset")
    assert unknown.code == 1
    assert "nothing is recorded of environment/tset" in unknown.err
    assert living.run("cancel", "service/shop").code == 1


def test_the_pull_request_says_why_it_was_closed(story: Story) -> None:
    _cancel(story)
    ((_, pull),) = story.pulls()
    assert (pull.state, pull.comments[-1].partition("\n")[0]) == (PullState.CLOSED, f"Closed: {CANCELLED}")


def test_a_first_deployment_can_be_cancelled_and_those_who_wait_for_it_go_on_waiting(story: Story) -> None:
    _cancel(story)
    assert _reasons(story) == {str(DEV): Reason.CANCELLED, str(SHOP): Reason.WAITING_FOR_ENVIRONMENT}
    assert _cancel(story).message == CANCELLED, "a second time there is nothing left to do"
    story.apply(Options(retry=frozenset({DEV})))
    assert [pull.state for _, pull in story.pulls()].count(PullState.OPEN) == 1


def test_a_merge_that_was_faster_wins(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    close = LocalForge.close

    def late(forge: LocalForge, number: int, comment: str = "", *, at: str) -> object:
        forge.merge(number, at=at)
        return close(forge, number, comment, at=at)

    monkeypatch.setattr(LocalForge, "close", late)
    with pytest.raises(InputError, match=r"was merged at .* so cancelling cannot help"):
        _cancel(story)
    assert _reasons(story)[str(DEV)] == Reason.AWAITING_REPORT
    story.report()
    story.apply()
    assert _latest(story)[0] is Status.SUCCEEDED


class _Killed(BaseException):
    pass


def _interrupt(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> list[int]:
    """Dies at the `at`-th move of a ref; the count is in the list."""
    update, count = LocalRemote.update, [0]

    def dying(remote: LocalRemote, ref: str, *, old: str | None, new: str | None) -> None:
        count[0] += 1
        if count[0] == at and not after:
            raise _Killed
        update(remote, ref, old=old, new=new)
        if count[0] == at:
            raise _Killed

    monkeypatch.setattr(LocalRemote, "update", dying)
    return count


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
def test_a_claim_that_was_never_opened_can_be_cancelled_and_the_cancelling_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool
) -> None:
    """The pass dies after its claim; the pull request is opened to be closed, so that nobody opens it later."""
    story = Story.begin(tmp_path)
    story.commit({**FILES, **environment("dev", cidr="a")})
    with monkeypatch.context() as patch:
        _interrupt(patch, 1, after=True)
        with pytest.raises(_Killed):
            story.apply()
    with monkeypatch.context() as patch:
        count = _interrupt(patch, at, after=after)
        with suppress(_Killed):
            _cancel(story)
        assert count[0] >= at or at > 4
    if _latest(story)[0] is Status.IN_PROGRESS:
        _cancel(story)
    story.apply()
    assert _latest(story) == (Status.CANCELLED, CANCELLED)
    assert [pull.state for _, pull in story.pulls()] == [PullState.CLOSED]
    assert _cancel(story).status is Status.CANCELLED


def test_while_one_is_being_replaced_both_pull_requests_end_closed(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass dies between the claim of a newer desire and the close of the old pull request."""
    story.commit(environment("dev", cidr="b"))
    with monkeypatch.context() as patch:
        _interrupt(patch, 1, after=True)
        with pytest.raises(_Killed):
            story.apply()
    _cancel(story)
    assert [pull.state for _, pull in story.pulls()] == [PullState.CLOSED, PullState.CLOSED]
    assert _latest(story) == (Status.CANCELLED, CANCELLED)


def test_two_at_once_and_a_pass_end_like_one(story: Story) -> None:
    barrier = threading.Barrier(3)
    errors: list[ReconcilerError] = []

    def one(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except ReconcilerError as error:
            errors.append(error)

    acts: tuple[Callable[[], object], ...] = (lambda: _cancel(story), lambda: _cancel(story), story.apply)
    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    story.apply()
    assert _latest(story) == (Status.CANCELLED, CANCELLED)
    assert [pull.state for _, pull in story.pulls()] == [PullState.CLOSED]


def test_a_claim_on_a_branch_that_does_not_exist_needs_no_pull_request(story: Story) -> None:
    record = story.book().get(DEV)
    assert record.latest is not None
    lost = replace(record.latest, pull_request=None, target=replace(record.latest.target, branch="gone"))
    lost = replace(lost, id="00000000-0000-4000-8000-000000000000")
    book = story.book()
    book.put(replace(record, latest=lost))
    story.store.commit(story.store.tip() or "", [(book, "crash\n")], NOW)
    assert _cancel(story).status is Status.CANCELLED
    assert story.book().get(DEV).closing is None
