from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import RecordsError
from reconciler.model.keys import Key, Kind, environment_key, instance_key
from reconciler.records.book import RecordBook
from reconciler.records.codec import encode_lineage, encode_record
from reconciler.records.layout import CURSOR, LINEAGE, record_path, unsettled_path, users_folder
from reconciler.records.record import Cursor, Record, TemplateRecord
from tests.support.memory import memory_tree
from tests.support.records import DEV, NOW, TEMPLATE, deployment, records, succeeded, version


def written(files: dict[str, bytes], book: RecordBook) -> dict[str, bytes]:
    """The branch after a commit of a book's edits."""
    after = {path: data for path, data in files.items() if book.edits.get(path, b"") is not None}
    return after | {path: data for path, data in book.edits.items() if data is not None}


def used(record: Record) -> set[Key]:
    """What the indexes should say about a record."""
    if record.latest is None or record.latest.status.is_gone:
        return set()
    kind = Kind.ENVIRONMENT_TEMPLATE if record.key.kind is Kind.ENVIRONMENT else Kind.SERVICE_TEMPLATE
    roles = [role for role in (record.latest, record.effective, record.placed) if role is not None]
    return {key for role in roles for key in (Key(kind, role.template), *role.reads)}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(records(), max_size=3), max_size=4))
def test_the_indexes_say_what_the_records_say_after_any_changes(commits: list[list[Record]]) -> None:
    files: dict[str, bytes] = {}
    latest: dict[Key, Record] = {}
    for commit in commits:
        book = RecordBook(memory_tree(files))
        for record in commit:
            book.put(record)
            latest[record.key] = record
        files = written(files, book)
        for at in (book, RecordBook(memory_tree(files))):  # before the commit and after it
            assert at.unsettled() == {key for key, record in latest.items() if record.is_unsettled}
            for name in {one for record in latest.values() for one in used(record)}:
                assert at.users(name) == {key for key, record in latest.items() if name in used(record)}
            assert all(at.get(key) == record for key, record in latest.items())
    assert {path for path in files if path.startswith("resources/")} == {
        record_path(key) for key, record in latest.items() if record != Record(key) or record_path(key) in files
    }
    count = sum(len(used(record)) + record.is_unsettled for record in latest.values())
    assert sum(path.startswith("index/") for path in files) == count


@settings(deadline=None, max_examples=30)
@given(records(), records())
def test_putting_a_record_back_leaves_no_index_edit(one: Record, other: Record) -> None:
    book = RecordBook(memory_tree(written({}, book_with(one))))
    book.put(replace(other, key=one.key))
    book.put(one)
    assert all(not path.startswith("index/") for path in book.edits)


def book_with(*found: Record) -> RecordBook:
    book = RecordBook(None)
    for record in found:
        book.put(record)
    return book


def test_a_record_that_did_not_change_is_not_written() -> None:
    files = written({}, book_with(Record(DEV, 1, latest=succeeded())))
    book = RecordBook(memory_tree(files))
    book.put(book.get(DEV))
    book.put(Record(environment_key("never")))
    assert book.edits == {}


def test_a_key_that_nobody_heard_of_has_an_empty_record() -> None:
    assert RecordBook(None).get(DEV) == Record(DEV)
    assert RecordBook(None).template(TEMPLATE) == TemplateRecord(TEMPLATE)
    assert RecordBook(None).unsettled() == set()
    assert RecordBook(None).users(TEMPLATE) == set()
    assert list(RecordBook(None).recorded_keys()) == []


def test_an_instance_is_listed_with_its_template_and_its_environment() -> None:
    key = instance_key("shop", "a")
    book = book_with(Record(key, 1, latest=deployment(key=key, template="web", environment="dev", reads=(DEV,))))
    tree = memory_tree(written({}, book))
    assert RecordBook(tree).users(DEV) == {key}
    assert RecordBook(tree).users(Key(Kind.SERVICE_TEMPLATE, "web")) == {key}
    assert tree.entry(users_folder(DEV)) is not None
    assert tree.entry(unsettled_path(key)) is not None
    assert RecordBook(tree).service_keys("shop") == {key}
    assert RecordBook(tree).service_keys("sho") == set()


def test_reading_indexes_reads_no_record() -> None:
    tree = memory_tree(
        written({}, book_with(*(Record(environment_key(f"e{n}"), 1, latest=deployment()) for n in range(9))))
    )
    book = RecordBook(tree)
    assert len(book.unsettled()) == len(book.users(TEMPLATE)) == len(list(book.recorded_keys())) == 9
    assert tree.reader.blobs_read == 0  # type: ignore[attr-defined]


def test_a_record_in_anothers_place_is_refused() -> None:
    files = {record_path(DEV): encode_record(Record(environment_key("prod"), 1))}
    with pytest.raises(RecordsError, match="is the record of environment/prod"):
        RecordBook(memory_tree(files)).get(DEV)


def test_a_branch_without_a_lineage_is_none_of_ours() -> None:
    with pytest.raises(RecordsError, match=r"no lineage\.json") as error:
        _ = RecordBook(memory_tree({"a": b""})).lineage
    assert "right branch" in error.value.hint
    assert RecordBook(memory_tree({LINEAGE: encode_lineage("l")})).lineage == "l"


def test_the_cursor_is_written_only_when_it_moves() -> None:
    book = RecordBook(None)
    assert book.cursor is None
    book.put_cursor(Cursor("c1", NOW))
    files = written({}, book)
    again = RecordBook(memory_tree(files))
    assert again.cursor == Cursor("c1", NOW)
    again.put_cursor(Cursor("c1", "2025-01-01T00:00:00Z"))
    assert again.edits == {}
    again.put_cursor(Cursor("c2", NOW))
    assert list(again.edits) == [CURSOR]


def test_a_bundle_can_be_read_before_and_after_it_is_pinned() -> None:
    bundle = memory_tree({"schema/schema.yaml": b"a"})
    book = RecordBook(None)
    assert book.bundle(bundle.id) is None
    book.put_template(TemplateRecord(TEMPLATE, (version("1.0"),)), {bundle.id: bundle})
    assert book.bundle(bundle.id) is bundle
    assert book.pins == {bundle.id: bundle}
    after = RecordBook(memory_tree({**written({}, book), f"bundles/{bundle.id}/schema/schema.yaml": b"a"}))
    assert after.template_keys() == {TEMPLATE}
    found = after.bundle(bundle.id)
    assert found is not None
    assert found.id == bundle.id
