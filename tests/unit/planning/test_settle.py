from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from reconciler.catalog.entities import PullRequestPolicy
from reconciler.model.identity import Account, Target
from reconciler.model.keys import Key, environment_key
from reconciler.model.lifecycle import Status
from reconciler.model.reports import DELETED_ID, LeftOut, Report, ReportStatus
from reconciler.planning.observations import PullState, SeenFolder, SeenPull
from reconciler.planning.settle import carries, judge, settle
from reconciler.records.record import Deployment, Record
from reconciler.rendering.metadata import Metadata
from tests.support.records import DEV, NOW, deployment, merged, succeeded

POLICY = PullRequestPolicy(timeout_days=14, report_timeout_days=2)
SOON, LATE, MUCH_LATER = "2024-05-01T09:05:00Z", "2024-05-04T09:00:00Z", "2024-05-16T09:00:00Z"
ARN = Account().arn(DEV)
GOING = deployment(destroy=True, status=Status.DELETE_IN_PROGRESS)


def pull(state: PullState) -> SeenPull:
    return SeenPull(1, "https://forge.example/infra/1", "h" * 40, state)


def on_branch(identity: str = "d-1", *, deleted: bool = False, key: Key = DEV) -> SeenFolder:
    return SeenFolder({"main.tf": "b" * 40}, Metadata(key, Account().arn(key), identity, deleted))


def report(status: ReportStatus, identity: str = "d-1", **outputs: str) -> Report:
    return Report(DEV, ARN, identity, status, "said", outputs, (LeftOut("secret", "sensitive"),), SOON)


OPEN, CLOSED, MERGED = pull(PullState.OPEN), pull(PullState.CLOSED), pull(PullState.MERGED)
WELL, BADLY, BEGUN = (
    report(status) for status in (ReportStatus.SUCCEEDED, ReportStatus.FAILED, ReportStatus.IN_PROGRESS)
)
GONE = report(ReportStatus.SUCCEEDED, DELETED_ID)
NOT_GONE = report(ReportStatus.FAILED, DELETED_ID)
HERE, DELETED, NOTHING = on_branch(), on_branch(DELETED_ID, deleted=True), SeenFolder({})
CANCELLED = deployment(status=Status.CANCELLED, finished_at=NOW)
FAILED = merged(status=Status.FAILED, finished_at=NOW, reported_at=NOW)
TIMED_OUT = merged(status=Status.FAILED, finished_at=NOW)
REFUSED = replace(GOING, status=Status.DELETE_FAILED, finished_at=NOW)
STUCK = replace(GOING, status=Status.DELETE_FAILED, merged_at=NOW, reported_at=NOW)


@dataclass(frozen=True)
class Row:
    """What was, what is seen, and the status and merge that follow."""

    rule: str
    latest: Deployment
    status: Status
    merged: bool = False
    pull: SeenPull | None = OPEN
    folder: SeenFolder | None = NOTHING
    report: Report | None = None
    now: str = SOON
    reports_deletion: bool = True
    closing: bool = False


ROWS = [
    Row("an open pull request is waited for", deployment(), Status.IN_PROGRESS),
    Row("one that is closed is cancelled", deployment(), Status.CANCELLED, pull=CLOSED),
    Row("what the branch carries is merged", deployment(), Status.IN_PROGRESS, True, MERGED, HERE),
    Row("also when the forge does not know yet", deployment(), Status.IN_PROGRESS, True, OPEN, HERE),
    Row("a merge that did not arrive is none", deployment(), Status.CANCELLED, False, MERGED, NOTHING),
    Row("a closed one that was merged by hand is merged", deployment(), Status.IN_PROGRESS, True, CLOSED, HERE),
    Row(
        "what carries another deployment is not merged", deployment(), Status.IN_PROGRESS, False, OPEN, on_branch("d-2")
    ),
    Row(
        "nor what another resource left",
        deployment(),
        Status.IN_PROGRESS,
        False,
        OPEN,
        on_branch(key=environment_key("x")),
    ),
    Row("nor a deletion", deployment(), Status.IN_PROGRESS, False, OPEN, DELETED),
    Row("a success ends it", merged(), Status.SUCCEEDED, True, MERGED, HERE, WELL),
    Row("a failure ends it", merged(), Status.FAILED, True, MERGED, HERE, BADLY),
    Row("what was applied was merged", deployment(), Status.SUCCEEDED, True, OPEN, NOTHING, WELL),
    Row("a beginning ends nothing", merged(), Status.IN_PROGRESS, True, MERGED, HERE, BEGUN),
    Row("and does not stop the clock", merged(), Status.FAILED, True, MERGED, HERE, BEGUN, LATE),
    Row("nor a person", deployment(), Status.CANCELLED, False, CLOSED, NOTHING, BEGUN),
    Row("nobody reports for two days", merged(), Status.FAILED, True, MERGED, HERE, None, LATE),
    Row("nobody merges for fourteen days", deployment(), Status.FAILED, now=MUCH_LATER, closing=True),
    Row("a late success after a timeout counts", TIMED_OUT, Status.SUCCEEDED, True, MERGED, HERE, WELL),
    Row("a success after a reported failure counts", FAILED, Status.SUCCEEDED, True, MERGED, HERE, WELL),
    Row("a failure that repeats itself says nothing", FAILED, Status.FAILED, True, MERGED, HERE, BADLY),
    Row("a success after a cancellation counts", CANCELLED, Status.SUCCEEDED, True, CLOSED, NOTHING, WELL),
    Row("a failure after a cancellation counts", CANCELLED, Status.FAILED, True, CLOSED, NOTHING, BADLY),
    Row("a reopened one is alive again", CANCELLED, Status.IN_PROGRESS, False, OPEN, NOTHING),
    Row("a cancelled one that was merged is running", CANCELLED, Status.IN_PROGRESS, True, CLOSED, HERE),
    Row("what was never opened is waited for", deployment(pull_request=None), Status.IN_PROGRESS, pull=None),
    Row("what cannot be seen changes nothing", deployment(), Status.IN_PROGRESS, pull=None, folder=None),
    Row("a destruction waits for its merge", GOING, Status.DELETE_IN_PROGRESS, False, OPEN, HERE),
    Row("a destruction that is closed has failed", GOING, Status.DELETE_FAILED, False, CLOSED, HERE),
    Row("an earlier destruction's report is none", GOING, Status.DELETE_IN_PROGRESS, False, OPEN, HERE, GONE),
    Row("a merged destruction waits for its report", GOING, Status.DELETE_IN_PROGRESS, True, MERGED, DELETED),
    Row("a destruction is complete when reported", GOING, Status.DELETE_COMPLETE, True, MERGED, DELETED, GONE),
    Row("a destruction may fail", GOING, Status.DELETE_FAILED, True, MERGED, DELETED, NOT_GONE),
    Row("and succeed after that", STUCK, Status.DELETE_COMPLETE, True, MERGED, DELETED, GONE),
    Row(
        "a silent automation's merge is enough",
        GOING,
        Status.DELETE_COMPLETE,
        True,
        MERGED,
        DELETED,
        reports_deletion=False,
    ),
    Row("its refusal is not", GOING, Status.DELETE_FAILED, False, CLOSED, HERE, reports_deletion=False),
    Row("a refused destruction may be reopened", REFUSED, Status.DELETE_IN_PROGRESS, False, OPEN, HERE),
    Row(
        "nobody reports a destruction",
        replace(GOING, merged_at=NOW),
        Status.DELETE_FAILED,
        True,
        MERGED,
        DELETED,
        None,
        LATE,
    ),
    Row("nobody merges a destruction", GOING, Status.DELETE_FAILED, False, OPEN, HERE, None, MUCH_LATER, closing=True),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_what_is_seen_decides_what_is_recorded(row: Row) -> None:
    before = Record(DEV, 1, latest=row.latest, placed=row.latest if row.latest.merged_at else None)
    after = judge(before, row.pull, row.folder, row.report, POLICY, row.now, reports_deletion=row.reports_deletion)
    latest = after.latest
    assert latest is not None
    assert (latest.status, bool(latest.merged_at)) == (row.status, row.merged)
    assert (after.closing is not None) == row.closing
    assert after.placed == (latest if row.merged else None)
    assert after.effective == (latest if row.status is Status.SUCCEEDED else None)
    assert bool(latest.finished_at) == (not row.status.is_running)
    # Looking again at the same changes nothing.
    again = judge(after, row.pull, row.folder, row.report, POLICY, row.now, reports_deletion=row.reports_deletion)
    assert latest.status.is_success or again == after


def test_a_success_brings_its_outputs_and_names_what_was_left_out() -> None:
    said = report(ReportStatus.SUCCEEDED, z="1", a="2")
    latest = judge(Record(DEV, 1, latest=merged()), MERGED, HERE, said, POLICY, SOON, reports_deletion=True).latest
    assert latest is not None
    assert list(latest.outputs.items()) == [("z", "1"), ("a", "2")]
    assert latest.left_out == {"secret": "sensitive"}
    assert (latest.message, latest.reported_at) == ("said", SOON)


def test_a_failure_leaves_what_was_in_effect_with_its_outputs() -> None:
    old = succeeded(id="d-0")
    record = Record(DEV, 2, latest=merged(), effective=old, placed=old)
    after = judge(record, MERGED, HERE, report(ReportStatus.FAILED, a="9"), POLICY, SOON, reports_deletion=True)
    assert after.effective == old
    assert after.latest is not None
    assert after.latest.outputs == {}
    assert after.placed == after.latest


def test_a_destroyed_resource_has_nothing_in_effect() -> None:
    old = succeeded(id="d-0")
    record = Record(DEV, 2, latest=GOING, effective=old, placed=old)
    after = judge(record, MERGED, DELETED, GONE, POLICY, SOON, reports_deletion=True)
    assert after.effective is None
    assert not after.is_live


def test_a_pull_request_that_is_found_is_remembered() -> None:
    record = Record(DEV, 1, latest=deployment(pull_request=None))
    latest = judge(record, OPEN, NOTHING, None, POLICY, SOON, reports_deletion=True).latest
    assert latest is not None
    assert latest.pull_request is not None
    assert latest.pull_request.number == 1


def test_while_an_older_one_is_being_closed_an_open_one_is_no_revival() -> None:
    record = Record(DEV, 1, latest=CANCELLED, closing=CANCELLED)
    assert judge(record, OPEN, NOTHING, None, POLICY, SOON, reports_deletion=True).latest == CANCELLED


class Blind:
    """An observer that must not be asked."""

    def __getattr__(self, name: str) -> None:
        raise AssertionError(f"{name} was asked for")


@pytest.mark.parametrize("latest", [None, succeeded(), deployment(status=Status.DELETE_COMPLETE, destroy=True)])
def test_what_is_settled_is_not_looked_at(latest: Deployment | None) -> None:
    record = Record(DEV, 1, latest=latest)
    assert settle(record, Blind(), POLICY, SOON) == record  # type: ignore[arg-type]


def test_carrying_means_the_same_key_and_id_or_a_deletion() -> None:
    assert carries(HERE, deployment())
    assert carries(DELETED, GOING)
    assert not carries(HERE, GOING)
    assert not carries(None, deployment())
    assert not carries(SeenFolder({"main.tf": "b"}), deployment())
    assert deployment().target == Target("infra", "main", "dev")
