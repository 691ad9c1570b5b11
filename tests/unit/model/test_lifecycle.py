from __future__ import annotations

import itertools

import pytest

from reconciler.model.lifecycle import Event, Status, after, started

ALL = list(itertools.product(Status, Event))
RUNNING = [Status.IN_PROGRESS, Status.DELETE_IN_PROGRESS]
OVER = {Event.SUCCEED, Event.FAIL, Event.CLOSE, Event.CANCEL, Event.TIME_OUT, Event.SUPERSEDE}


@pytest.mark.parametrize("event", sorted(OVER))
@pytest.mark.parametrize("status", RUNNING)
def test_every_event_but_a_revival_ends_what_is_running(status: Status, event: Event) -> None:
    assert not after(status, event).is_running


@pytest.mark.parametrize(("status", "event"), ALL)
def test_a_deletion_stays_a_deletion_and_a_deployment_a_deployment(status: Status, event: Event) -> None:
    assert status.value.startswith("DELETE") == after(status, event).value.startswith("DELETE")


@pytest.mark.parametrize(("status", "event"), [pair for pair in ALL if pair[1] is not Event.REVIVE])
def test_an_event_that_repeats_itself_says_nothing_new(status: Status, event: Event) -> None:
    assert after(after(status, event), event) == after(status, event)


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.DELETE_COMPLETE])
def test_nothing_undoes_a_success(status: Status, event: Event) -> None:
    assert after(status, event) is status


@pytest.mark.parametrize("status", [status for status in Status if not status.is_success])
def test_a_reported_success_counts_whatever_was_concluded_before(status: Status) -> None:
    assert after(status, Event.SUCCEED).is_success


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED, Status.DELETE_FAILED])
def test_what_was_stopped_can_come_to_life_again(status: Status) -> None:
    assert after(status, Event.REVIVE).is_running


def test_statuses_answer_each_question() -> None:
    assert [status for status in Status if status.is_running] == RUNNING
    assert [status for status in Status if status.is_success] == [Status.SUCCEEDED, Status.DELETE_COMPLETE]
    assert [status for status in Status if status.is_gone] == [Status.DELETE_COMPLETE]
    assert [status for status in Status if status.is_cancelled] == [Status.CANCELLED]
    assert [started(destroy=False), started(destroy=True)] == RUNNING


def test_every_status_can_be_reached_from_a_start() -> None:
    seen = set(RUNNING)
    while more := {after(status, event) for status in seen for event in Event} - seen:
        seen |= more
    assert seen == set(Status)
