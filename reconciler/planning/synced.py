"""What a pass saw in the repositories that templates and services are synced from, and what of it was not known."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.keys import Key
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked
from reconciler.records.sync import SyncAttempt, SyncRecord

UNREACHABLE = "SYNC_UNREACHABLE"


@dataclass(frozen=True)
class SyncNews:
    """An attempt that is news; `major` is the version folder of a template that it is about, None for all of it."""

    key: Key
    major: int | None
    attempt: SyncAttempt

    @property
    def is_bad(self) -> bool:
        """True for what a person has to mend: what could not be reached may be reached the next time."""
        return not self.attempt.is_success and self.attempt.code != UNREACHABLE


@dataclass
class Synced:
    """Collected while templates and services are synced.

    `templates` were found, each with warnings; `keys` are parts of services that have to be decided about. `blocked`
    says of such parts why nothing can be done, and `kept` are those of them that Git lists no more. `unreachable` are
    repositories that did not answer, `unseen` those that nobody looked at.
    """

    news: list[SyncNews] = field(default_factory=list)
    templates: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    keys: set[Key] = field(default_factory=set)
    blocked: dict[Key, Blocked] = field(default_factory=dict)
    kept: set[Key] = field(default_factory=set)
    unreachable: dict[str, None] = field(default_factory=dict)
    unseen: dict[str, None] = field(default_factory=dict)

    def record(self, book: RecordBook, key: Key, attempt: SyncAttempt, major: int | None = None) -> bool:
        """Puts an attempt on record, when it is news."""
        before = book.sync(key) or SyncRecord(key)
        after = before.after(attempt, major)
        if after == before:
            return False
        book.put_sync(after)
        self.news.append(SyncNews(key, major, attempt))
        return True
