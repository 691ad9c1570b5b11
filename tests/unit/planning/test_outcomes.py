from __future__ import annotations

import pytest

from reconciler.model.lifecycle import Status
from reconciler.planning.observations import PullState, SeenPull
from reconciler.planning.outcomes import Outcome, apply_outcome, is_orphan
from reconciler.records.record import PullRequestRef, Record
from tests.support.records import DEV, NOW, deployment, succeeded

LATER = "2024-05-01T10:00:00Z"
CLAIMED = deployment(id="d-2", number=2, pull_request=None)
OLD = deployment(status=Status.CANCELLED, replaced_by="d-2")


def seen(state: PullState) -> SeenPull:
    return SeenPull(7, "u", "h", state)


def test_an_opened_pull_request_is_remembered() -> None:
    record = Record(DEV, 2, latest=CLAIMED)
    after = apply_outcome(record, Outcome(record, "d-2", seen(PullState.OPEN)), LATER)
    assert after.latest is not None
    assert after.latest.pull_request == PullRequestRef(7, "u", "h")
    assert apply_outcome(after, Outcome(record, "d-2", seen(PullState.OPEN)), LATER) == after


def test_a_confirmed_close_lets_the_newer_one_be_opened() -> None:
    record = Record(DEV, 2, latest=CLAIMED, closing=OLD)
    after = apply_outcome(record, Outcome(record, "d-1", seen(PullState.CLOSED), closed=True), LATER)
    assert after == Record(DEV, 2, latest=CLAIMED)


def test_a_close_that_is_not_confirmed_changes_nothing() -> None:
    record = Record(DEV, 2, latest=CLAIMED, closing=OLD)
    assert apply_outcome(record, Outcome(record, "d-1", seen(PullState.OPEN), closed=True), LATER) == record


@pytest.mark.parametrize(("destroy", "status"), [(False, Status.IN_PROGRESS), (True, Status.DELETE_IN_PROGRESS)])
def test_one_that_was_merged_first_is_the_running_one(destroy: bool, status: Status) -> None:
    old = deployment(status=Status.CANCELLED, replaced_by="d-2", destroy=destroy, finished_at=NOW, message="superseded")
    record = Record(DEV, 2, latest=CLAIMED, closing=old, effective=succeeded(id="d-0"))
    after = apply_outcome(record, Outcome(record, "d-1", seen(PullState.MERGED), closed=True), LATER)
    assert after.latest is not None
    assert after.placed == record.placed, "whether the branch carries it is for the next look to say"
    assert (after.latest.id, after.latest.status, after.latest.merged_at) == ("d-1", status, "")
    assert (after.latest.replaced_by, after.latest.finished_at, after.closing) == ("", "", None)
    assert (after.count, after.effective) == (2, record.effective)


@pytest.mark.parametrize("closed", [True, False])
def test_an_outcome_of_what_is_not_current_any_more_changes_nothing(closed: bool) -> None:
    for record in (Record(DEV), Record(DEV, 3, latest=deployment(id="d-3"))):
        assert apply_outcome(record, Outcome(record, "d-2", seen(PullState.CLOSED), closed=closed), LATER) == record


def test_what_was_opened_for_nobody_is_an_orphan() -> None:
    record = Record(DEV, 3, latest=deployment(id="d-3"), closing=OLD, placed=deployment(id="d-0"))
    assert is_orphan(record, "d-2")
    assert not any(is_orphan(record, identity) for identity in ("d-0", "d-1", "d-3"))
