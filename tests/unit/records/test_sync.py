from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InputError, RecordsError
from reconciler.model.documents import canonical
from reconciler.model.keys import Key, Kind, instance_key
from reconciler.model.revisions import Revision
from reconciler.records.sync import (
    MAX_RESOLVED,
    Blocker,
    SyncAttempt,
    SyncRecord,
    SyncState,
    SyncStatus,
    decode_sync,
    encode_sync,
)

PATH = "syncs/service-template/dd/web.json"
NOW, LATER = "2024-05-01T09:00:00Z", "2024-05-01T10:00:00Z"
WEB, SHOP = Key(Kind.SERVICE_TEMPLATE, "web"), Key(Kind.SERVICE, "shop")
GOOD = SyncAttempt(SyncStatus.SUCCEEDED, NOW, Revision("templates", "main", "web", "c1"), content="t1")
BAD = replace(GOOD, status=SyncStatus.FAILED, content="", code="SYNC_MISSING", message="there is no folder web")

TEXTS = st.text(max_size=6)
ATTEMPTS = st.builds(
    SyncAttempt,
    status=st.sampled_from(SyncStatus),
    started_at=st.sampled_from([NOW, LATER]),
    target=st.builds(Revision, TEXTS, TEXTS, TEXTS, TEXTS),
    content=TEXTS,
    code=TEXTS,
    message=TEXTS,
    warnings=st.lists(TEXTS, max_size=2).map(tuple),
)
STATES = st.lists(ATTEMPTS, max_size=3).flatmap(
    lambda pool: st.builds(SyncState, *(st.sampled_from([None, *pool]) for _ in range(2)))
)
BLOCKERS = st.builds(
    Blocker,
    TEXTS,
    TEXTS,
    TEXTS,
    st.just(NOW),
    TEXTS,
    st.dictionaries(TEXTS, TEXTS, max_size=2),
    TEXTS,
    st.sampled_from(["", LATER]),
)
RECORDS = st.builds(
    SyncRecord,
    key=st.sampled_from([WEB, SHOP, instance_key("shop", "dev"), Key(Kind.ENVIRONMENT_TEMPLATE, "net")]),
    state=STATES,
    majors=st.dictionaries(st.integers(1, 99), STATES, max_size=2),
    blockers=st.lists(BLOCKERS, max_size=2).map(tuple),
)


@given(RECORDS)
def test_a_sync_record_is_read_back_from_its_file(record: SyncRecord) -> None:
    data = encode_sync(record)
    assert decode_sync(data, PATH) == record
    assert encode_sync(decode_sync(data, PATH)) == data


def test_an_attempt_that_is_both_newest_and_successful_is_written_once() -> None:
    document = json.loads(encode_sync(SyncRecord(WEB).after(GOOD).after(GOOD, 1)))
    assert document["latestSuccessful"] == "latest"
    assert document["majors"]["1"]["latestSuccessful"] == "latest"
    assert document["latest"]["target"] == {
        "repository": "templates",
        "branch": "main",
        "directory": "web",
        "sha": "c1",
    }


def broken(path: str, value: Any) -> bytes:
    """A good record with one thing replaced."""
    record = SyncRecord(WEB).after(GOOD).after(BAD).after(GOOD, 1).blocked("edited", "why", "t", NOW, lineage="l")
    document = json.loads(encode_sync(record))
    *above, last = path.split(".")
    inner: Any = document
    for part in above:
        inner = inner[int(part)] if part.isdigit() and isinstance(inner, list) else inner[part]
    inner[last] = value
    return canonical(document)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"format": 1}',
        broken("format", "1"),
        broken("key", "service"),
        broken("latest", "latestSuccessful"),
        broken("latestSuccessful", "other"),
        broken("latest.status", "QUEUED"),
        broken("latest.target", None),
        broken("latest.target.sha", 1),
        broken("latest.content", None),
        broken("latest.warnings", "text"),
        broken("majors", []),
        broken("majors.0", {}),
        broken("majors.01", {}),
        broken("majors.x", {}),
        broken("blockers", None),
        broken("blockers.0.contexts", {"a": 1}),
        broken("blockers.0.resolvedAt", None),
    ],
)
def test_a_damaged_file_is_refused_by_name_with_a_way_out(data: bytes) -> None:
    with pytest.raises(RecordsError, match=PATH) as error:
        decode_sync(data, PATH)
    assert "damaged" in error.value.message
    assert "git log" in error.value.hint


def test_a_file_of_a_newer_program_is_not_called_damaged() -> None:
    with pytest.raises(RecordsError, match="format 2; this version reads up to 1"):
        decode_sync(broken("format", 2), PATH)


def test_what_was_seen_already_is_no_news() -> None:
    record = SyncRecord(WEB).after(GOOD)
    assert record.after(replace(GOOD, started_at=LATER)) == record
    assert record.after(GOOD, 1).after(replace(GOOD, started_at=LATER), 1) == record.after(GOOD, 1)


def test_the_same_content_in_a_newer_commit_is_no_news() -> None:
    record = SyncRecord(WEB).after(GOOD)
    newer = replace(GOOD, started_at=LATER, target=replace(GOOD.target, sha="c2"))
    assert record.after(newer) == record
    assert record.after(replace(newer, content="t2")).state.latest == replace(newer, content="t2")


def test_without_known_content_another_commit_is_news() -> None:
    record = SyncRecord(WEB).after(BAD)
    again = replace(BAD, started_at=LATER)
    assert record.after(again) == record
    moved = replace(again, target=replace(BAD.target, sha="c2"))
    assert record.after(moved).state.latest == moved


@pytest.mark.parametrize(
    "changes",
    [
        {"status": SyncStatus.FAILED},
        {"code": "X"},
        {"message": "other"},
        {"warnings": ("w",)},
        {"target": replace(GOOD.target, branch="next")},
        {"target": replace(GOOD.target, repository="other")},
        {"target": replace(GOOD.target, directory="web2")},
    ],
)
def test_another_outcome_or_place_is_news(changes: dict[str, Any]) -> None:
    attempt = replace(GOOD, started_at=LATER, **changes)
    assert SyncRecord(WEB).after(GOOD).after(attempt).state.latest == attempt


def test_the_last_success_is_kept_through_failures() -> None:
    failed = SyncRecord(WEB).after(GOOD).after(BAD)
    assert failed.state == SyncState(BAD, GOOD)
    again = replace(GOOD, started_at=LATER)
    assert failed.after(again).state == SyncState(again, again)


def test_majors_have_states_of_their_own() -> None:
    record = SyncRecord(WEB).after(GOOD, 1).after(BAD, 2)
    assert record.state == SyncState()
    assert record.majors == {1: SyncState(GOOD, GOOD), 2: SyncState(BAD)}


@given(st.lists(ATTEMPTS, max_size=5))
def test_looking_twice_is_looking_once(attempts: list[SyncAttempt]) -> None:
    record = SyncRecord(WEB)
    for attempt in attempts:
        record = record.after(attempt)
        assert record.after(attempt) == record
        assert record.state.latest is not None
        assert record.state.latest.status == attempt.status
        assert record.state.latest_successful is None or record.state.latest_successful.is_success


def blocked(evidence: str = "t1", now: str = NOW, record: SyncRecord | None = None) -> SyncRecord:
    start = record or SyncRecord(SHOP)
    return start.blocked("edited", "the folder was edited by hand", evidence, now, lineage="l", contexts={"a": "b"})


def test_a_blocker_is_active_until_it_is_resolved_with_a_reason() -> None:
    record = blocked()
    (blocker,) = record.active
    assert (blocker.cause, blocker.created_at, blocker.contexts) == ("edited", NOW, {"a": "b"})
    done = record.resolved(blocker.id, "Git is right", LATER)
    assert done.active == ()
    assert (done.blockers[0].resolved_reason, done.blockers[0].resolved_at) == ("Git is right", LATER)
    assert done.resolved(blocker.id, "again", "2025-01-01T00:00:00Z") == done


def test_a_blocker_is_resolved_by_its_id_and_with_a_reason_only() -> None:
    record = blocked()
    with pytest.raises(InputError, match="has no blocker x") as error:
        record.resolved("x", "why", LATER)
    assert record.active[0].id in error.value.hint
    with pytest.raises(InputError, match="nothing says why"):
        record.resolved(record.active[0].id, "  ", LATER)
    with pytest.raises(InputError) as error:
        SyncRecord(SHOP).resolved("x", "why", LATER)
    assert error.value.hint == "nothing blocks it"


def test_the_same_state_blocks_once_and_not_again_after_it_was_resolved() -> None:
    record = blocked()
    assert blocked(now=LATER, record=record) is record
    done = record.resolved(record.active[0].id, "Git is right", LATER)
    assert blocked(now=LATER, record=done) is done
    assert len(blocked("t2", LATER, done).active) == 1


def test_a_state_that_comes_back_after_it_was_gone_blocks_anew() -> None:
    record = blocked()
    assert record.rearmed("edited") == record, "an active blocker waits for a person"
    done = record.resolved(record.active[0].id, "Git is right", LATER)
    assert done.rearmed("other") == done
    again = blocked(now=LATER, record=done.rearmed("edited"))
    assert len(again.active) == 1
    assert again.active[0].id != done.blockers[0].id


def test_blockers_have_ids_that_two_with_the_same_view_agree_on() -> None:
    assert blocked() == blocked()
    others = [blocked("t2"), blocked(now=LATER), blocked(record=SyncRecord(instance_key("shop", "dev")))]
    assert len({record.active[0].id for record in (blocked(), *others)}) == 4


def test_resolved_blockers_are_dropped_when_there_are_many_and_active_ones_never() -> None:
    record = blocked("first")
    for number in range(MAX_RESOLVED + 5):
        record = blocked(f"t{number}", record=record)
        record = record.resolved(record.blockers[-1].id, "why", LATER)
    record = blocked("last", record=record)
    assert [item.evidence for item in record.active] == ["first", "last"]
    assert len(record.blockers) == MAX_RESOLVED + 2
