from __future__ import annotations

import pytest

from reconciler.errors import InputError
from reconciler.model.keys import environment_key, instance_key
from reconciler.model.lifecycle import Status
from reconciler.model.reports import ReportStatus
from reconciler.planning.observations import PullState
from tests.support.catalogs import CATALOG, MAIL, environment_file
from tests.support.life import Life

MAIL_DEV, LAB = instance_key("mail", "mail-dev"), environment_key("lab")
FILE = "services/mail/service.yaml"


def with_failed_destruction() -> Life:
    """A service that was removed, and whose merged destruction failed."""
    life = Life(CATALOG)
    life.settle()
    del life.catalog[FILE]
    life.apply()
    life.forge.merge(life.forge.newest(MAIL_DEV))
    life.report(life.forge.newest(MAIL_DEV), ReportStatus.FAILED, "Error: bucket not empty")
    assert life.apply().decisions == [f"blocked {MAIL_DEV} failed"]
    return life


def test_a_failed_destruction_is_never_taken_for_a_resource_that_is_gone() -> None:
    life = with_failed_destruction()
    assert life.apply(retry=frozenset({MAIL_DEV})).decisions == [f"blocked {MAIL_DEV} failed"]
    assert life.record(MAIL_DEV).is_live


def test_not_even_after_it_was_to_be_made_again_and_removed_before_that_was_merged() -> None:
    life = with_failed_destruction()
    life.catalog[FILE] = MAIL.encode()
    assert life.apply().decisions == [f"create {MAIL_DEV}"]
    del life.catalog[FILE]
    assert life.apply().decisions == [f"close {MAIL_DEV}"]
    assert life.forge.open_pulls() == []
    assert life.apply().decisions == [f"blocked {MAIL_DEV} failed"]
    latest = life.record(MAIL_DEV).latest
    assert latest is not None
    assert (latest.status, latest.destroy) == (Status.DELETE_FAILED, True)


def test_a_failed_destruction_can_be_answered_by_making_the_resource_again() -> None:
    life = with_failed_destruction()
    life.catalog[FILE] = MAIL.encode()
    life.settle()
    record = life.record(MAIL_DEV)
    assert record.has_success
    assert record.count == 3


def test_what_was_never_merged_is_forgotten_and_its_pull_request_closed() -> None:
    life = Life(CATALOG)
    life.catalog["environments/lab/environment.yaml"] = environment_file("lab").encode()
    life.apply()
    del life.catalog["environments/lab/environment.yaml"]
    done = life.apply(allow_deletes=frozenset({LAB}))
    assert f"forget {LAB}" in done.decisions
    assert life.forge.newest(LAB).state is PullState.CLOSED
    assert not life.record(LAB).is_unsettled
    assert life.record(LAB).count == 1


def test_nothing_of_the_catalog_is_needed_to_destroy() -> None:
    life = Life(CATALOG)
    life.settle()
    life.catalog = {
        path: data for path, data in life.catalog.items() if path in ("reconciler.yaml", "repositories/infra.yaml")
    }
    with pytest.raises(InputError, match="has no environments and no services"):
        life.apply()
    live = ", ".join(str(key) for key in life.book().recorded_keys())
    life.catalog["reconciler.yaml"] += f"  safety: {{allowDeletes: [{live}]}}\n".encode()
    for _ in range(3):
        life.apply()
        life.run(life.forge.open_pulls())
    assert life.apply().plan is not None
    assert not any(life.record(key).is_live for key in life.book().recorded_keys())


def test_ids_go_on_counting_after_a_resource_is_gone() -> None:
    life = Life(CATALOG)
    life.settle()
    seen = []
    for text in (None, MAIL, None, MAIL):
        life.catalog.pop(FILE, None)
        life.catalog |= {FILE: text.encode()} if text is not None else {}
        life.settle()
        seen.append(life.record(MAIL_DEV).count)
    assert seen == [2, 3, 4, 5]
    branches = [pull.branch for pull in life.forge.pulls]
    assert len(set(branches)) == len(branches)
