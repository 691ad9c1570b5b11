from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.catalog.entities import PullRequestPolicy
from reconciler.model.lifecycle import Status
from reconciler.planning.outlook import is_passing, outcome, waiting
from reconciler.planning.reasons import BAD_REASONS, Reason
from reconciler.records.record import Blocked, Record
from tests.support.records import DEV, NOW, deployment, merged, succeeded

POLICY = PullRequestPolicy(timeout_days=14, report_timeout_days=2)


def blocked(reason: Reason) -> Blocked:
    return Blocked(reason, f"{reason}: because", "do something", ("environment/dev",), NOW)


def test_a_merge_is_awaited_from_the_claim_on() -> None:
    seen = waiting(Record(DEV, 1, latest=deployment()), POLICY, NOW)
    assert seen is not None
    assert (seen.what, seen.on) == ("a merge", ("https://forge.example/infra/1",))
    assert (seen.since, seen.deadline, seen.overdue) == (NOW, "2024-05-15T09:00:00Z", False)


def test_a_report_is_awaited_from_the_merge_on() -> None:
    record = Record(DEV, 1, latest=merged(merged_at="2024-05-03T09:00:00Z"))
    seen = waiting(record, POLICY, "2024-05-05T09:00:00Z")
    assert seen is not None
    assert (seen.what, seen.on, seen.since) == ("a report", ("infra",), "2024-05-03T09:00:00Z")
    assert (seen.deadline, seen.overdue) == ("2024-05-05T09:00:00Z", False)
    late = waiting(record, POLICY, "2024-05-05T09:00:01Z")
    assert late is not None
    assert late.overdue


def test_what_is_not_proposed_yet_waits_for_a_pass() -> None:
    seen = waiting(Record(DEV, 1, latest=deployment(pull_request=None)), POLICY, NOW)
    assert seen is not None
    assert seen.on == ("reconciler apply",)


def test_what_waits_for_others_has_no_deadline() -> None:
    seen = waiting(Record(DEV, blocked=blocked(Reason.WAITING_FOR_ENVIRONMENT)), POLICY, NOW)
    assert seen is not None
    assert (seen.on, seen.since, seen.deadline, seen.overdue) == (("environment/dev",), NOW, "", False)


def test_what_is_over_waits_for_nothing() -> None:
    done = succeeded()
    failed = merged(status=Status.FAILED, finished_at=NOW, message="no more addresses")
    for record in (Record(DEV, 1, latest=done, effective=done), Record(DEV, 1, latest=failed), Record(DEV)):
        assert waiting(record, POLICY, NOW) is None
        assert outcome(record) is not None


@pytest.mark.parametrize("reason", Reason)
def test_whatever_has_not_ended_waits_for_something(reason: Reason) -> None:
    for latest in (None, deployment(), succeeded(), deployment(status=Status.CANCELLED, finished_at=NOW)):
        record = Record(DEV, 1, latest=latest, blocked=blocked(reason))
        ended = outcome(record)
        assert (ended is None) == is_passing(blocked(reason))
        if ended is None:
            assert waiting(record, POLICY, NOW) is not None
        else:
            assert not ended.good
            assert ended.text == f"{reason}: because"


def test_what_a_person_has_to_mend_does_not_pass_by_itself() -> None:
    mend = {*BAD_REASONS, Reason.CANCELLED, Reason.FAILED, Reason.NEEDS_CONSENT, Reason.FOREIGN_FOLDER}
    assert not any(is_passing(blocked(reason)) for reason in mend)


def test_only_success_and_being_gone_are_good_ends() -> None:
    good = {Status.SUCCEEDED, Status.DELETE_COMPLETE}
    for status in Status:
        ended = outcome(Record(DEV, 1, latest=replace(succeeded(), status=status)))
        assert (ended is None) == status.is_running
        if ended is not None:
            assert ended.good == (status in good)
            assert ended.text.startswith(status)
