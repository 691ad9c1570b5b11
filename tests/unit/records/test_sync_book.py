from __future__ import annotations

from reconciler.model.keys import Key, Kind, instance_key, pipeline_key
from reconciler.model.revisions import Revision
from reconciler.records.book import RecordBook
from reconciler.records.layout import key_of_path, sync_path
from reconciler.records.sync import SyncAttempt, SyncRecord, SyncStatus
from tests.support.memory import memory_tree

WEB, SHOP, DEV = Key(Kind.SERVICE_TEMPLATE, "web"), Key(Kind.SERVICE, "shop"), instance_key("shop", "dev")
GOOD = SyncAttempt(SyncStatus.SUCCEEDED, "2024-05-01T09:00:00Z", Revision("templates", "main", "web", "c1"), "t1")


def committed(book: RecordBook) -> RecordBook:
    """The records after a commit of a first book's edits."""
    return RecordBook(memory_tree({path: data for path, data in book.edits.items() if data is not None}))


def test_every_key_that_can_be_synced_has_a_file_of_its_own() -> None:
    keys = (WEB, SHOP, DEV, pipeline_key("shop"), Key(Kind.ENVIRONMENT_TEMPLATE, "web"))
    assert [key_of_path(sync_path(key)) for key in keys] == list(keys)
    assert len({sync_path(key) for key in keys}) == len(keys)


def test_what_is_put_is_read_back_and_listed() -> None:
    book = RecordBook(None)
    assert (book.sync(WEB), book.sync_keys()) == (None, set())
    for key in (WEB, SHOP, DEV):
        book.put_sync(SyncRecord(key).after(GOOD))
    for at in (book, committed(book)):
        assert at.sync_keys() == {WEB, SHOP, DEV}
        assert at.sync(DEV) == SyncRecord(DEV).after(GOOD)
    assert book.service_keys("shop") == set(), "a sync is no deployment"


def test_what_is_no_news_changes_nothing_and_what_is_dropped_is_removed() -> None:
    before = RecordBook(None)
    before.put_sync(SyncRecord(WEB).after(GOOD))
    book = committed(before)
    book.put_sync(SyncRecord(WEB).after(GOOD))
    book.drop_sync(SHOP)
    assert not book.edits
    book.drop_sync(WEB)
    assert book.edits == {sync_path(WEB): None}
    assert (book.sync(WEB), book.sync_keys()) == (None, set())
