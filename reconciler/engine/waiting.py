"""Waiting for what is under way: the records are looked at again and again, and never changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.engine.place import Place, catalog_remote, check_lineage, records_remote, snapshot_catalog
from reconciler.engine.reading import Reading
from reconciler.engine.store import RecordStore
from reconciler.errors import RecordsError, TryAgainError
from reconciler.model.keys import Key
from reconciler.planning.outlook import Outcome, Waiting, outcome, waiting
from reconciler.records.book import RecordBook


def look_freshly(place: Place) -> Reading:
    """The records as their repository has them right now. Raises `TryAgainError` when it cannot be reached,
    `RecordsError` when it has none."""
    catalog, _ = snapshot_catalog(place, None)
    remote = records_remote(place, catalog, catalog_remote(place))
    branch = catalog.settings.records_branch
    tip = RecordStore(remote, branch).tip()
    if tip is None:
        message = f"there are no records yet: no branch {branch} of {remote.name}"
        raise RecordsError(message, hint="run `reconciler apply` first")
    tree = remote.objects.tree(tip)
    check_lineage(catalog, tree)
    return Reading(RecordBook(tree), tip, remote.objects, catalog.settings)


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how: `clock` tells seconds that only grow, `now` the time in RFC 3339, and
    `sleep` lets seconds go by."""

    timeout: float
    interval: float
    clock: Callable[[], float]
    now: Callable[[], str]
    sleep: Callable[[float], None]


def wait_for(key: Key, look: Callable[[], Reading], patience: Patience, say: Callable[[str], None]) -> Outcome:
    """How what is under way for a key ended. What is waited for is said when it changes; a look that fails for now is
    repeated. Raises `InputError` for a key that nobody recorded, `TryAgainError` when the time is up."""
    end = patience.clock() + patience.timeout
    said = ""
    while True:
        try:
            reading = look()
            record = reading.record(key)
            ended = outcome(record)
            if ended is not None:
                if not said:
                    say(f"Nothing is under way for {key}.")
                return ended
            seen = waiting(record, reading.settings.pull_requests, patience.now())
            assert seen is not None, "what has not ended waits for something"
            line = f"{key} waits for {words(seen)}"
            error = TryAgainError(f"the time is up: {line}", hint=f"`reconciler explain {key}` says what moves it on")
        except TryAgainError as failure:
            line, error = f"Could not look: {failure}", failure
        if line != said:
            say(line)
            said = line
        left = end - patience.clock()
        if left <= 0:
            raise error
        patience.sleep(min(patience.interval, left))


def words(seen: Waiting) -> str:
    """What is waited for, on one line."""
    on = f" ({', '.join(seen.on)})" if seen.on else ""
    until = ""
    if seen.deadline:
        until = f", overdue since {seen.deadline}" if seen.overdue else f", until {seen.deadline}"
    return f"{seen.what}{on}, since {seen.since}{until}"
