from __future__ import annotations

import pytest

from reconciler.model.lifecycle import Status
from reconciler.model.versions import Version, VersionLine
from reconciler.records.record import Blocked, Record, TemplateRecord
from tests.support.records import DEV, NOW, TEMPLATE, deployment, succeeded, version

DONE = succeeded()


@pytest.mark.parametrize(
    ("record", "live", "unsettled", "usable"),
    [
        (Record(DEV), False, False, False),
        (Record(DEV, blocked=Blocked("r", "m", "h")), False, True, False),
        (Record(DEV, latest=deployment()), True, True, False),
        (Record(DEV, latest=DONE, effective=DONE), True, False, True),
        (Record(DEV, latest=deployment(), effective=DONE), True, True, True),
        (Record(DEV, latest=deployment(status=Status.FAILED), effective=DONE), True, True, True),
        (Record(DEV, latest=deployment(status=Status.CANCELLED)), True, True, False),
        (
            Record(DEV, latest=deployment(destroy=True, status=Status.DELETE_IN_PROGRESS), effective=DONE),
            True,
            True,
            False,
        ),
        # A destruction that was closed unmerged changed nothing; one that was merged and failed may have.
        (Record(DEV, latest=deployment(destroy=True, status=Status.DELETE_FAILED), effective=DONE), True, True, True),
        (
            Record(DEV, latest=deployment(destroy=True, status=Status.DELETE_FAILED, merged_at=NOW), effective=DONE),
            True,
            True,
            False,
        ),
        (Record(DEV, latest=deployment(destroy=True, status=Status.DELETE_COMPLETE)), False, False, False),
        (Record(DEV, latest=DONE, effective=DONE, closing=deployment()), True, True, True),
    ],
)
def test_a_record_answers_what_a_pass_asks(record: Record, live: bool, unsettled: bool, usable: bool) -> None:
    assert (record.is_live, record.is_unsettled, record.has_success) == (live, unsettled, usable)


VERSIONS = (
    version("1.0"),
    version("1.10"),
    version("1.9"),
    version("1.11", status="DRAFT"),
    version("1.12", status="REGISTRATION_FAILED"),
    version("2.0"),
)


@pytest.mark.parametrize(
    ("line", "withdrawn", "newest", "recommended"),
    [
        (VersionLine(1), (), "1.11", "1.10"),
        (VersionLine(1), ("1.10",), "1.11", "1.9"),
        (VersionLine(1, 9), (), "1.9", "1.9"),
        (VersionLine(1, 11), (), "1.11", None),
        (VersionLine(1, 12), (), None, None),
        (VersionLine(3), (), None, None),
        (None, (), "2.0", "2.0"),
    ],
)
def test_drafts_failures_and_withdrawn_versions_are_not_followed(
    line: VersionLine | None, withdrawn: tuple[str, ...], newest: str | None, recommended: str | None
) -> None:
    record = TemplateRecord(TEMPLATE, VERSIONS, withdrawn)
    found = [record.newest(line), record.recommended(line)]
    assert [str(item.version) if item is not None else None for item in found] == [newest, recommended]


def test_a_version_is_found_by_its_number() -> None:
    record = TemplateRecord(TEMPLATE, VERSIONS)
    assert record.find(Version(1, 9)) is VERSIONS[2]
    assert record.find(Version(9, 9)) is None
