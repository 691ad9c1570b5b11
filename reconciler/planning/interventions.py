"""What a person may do to one record between passes: cancel what is under way, or forget the resource altogether."""

from __future__ import annotations

from dataclasses import replace

from reconciler.catalog.load import Catalog
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind
from reconciler.model.lifecycle import Event, after
from reconciler.planning.reasons import Reason
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked, Deployment, Record

# The status message of a deployment that a person cancelled (reference, ST-3).
CANCELLED = "User initiated cancellation."


def cancelled(record: Record, now: str, *, was_proposed: bool) -> Record:
    """The record with its deployment under way cancelled, and its pull request to be closed, if it can have one. It is
    the same record while an earlier pull request is still to be closed, and when it was cancelled before.

    Raises `InputError` when there is nothing to cancel (reference, CAN-3), or when it was merged: what is merged is
    applied, whatever anybody says here.
    """
    latest = record.latest
    if latest is None:
        hint = f"`reconciler explain {record.key}` says where it stands"
        raise InputError(f"{record.key} has no deployment that could be cancelled", hint=hint)
    if record.closing is not None or is_cancelled(latest):
        return record
    if not latest.status.is_running:
        said = f" ({latest.message.splitlines()[0]})" if latest.message else ""
        message = f"nothing of {record.key} is under way: deployment {latest.id} is {latest.status}{said}"
        raise InputError(message, hint=f"`reconciler explain {record.key}` says what moves it on")
    if latest.merged_at:
        what = "the destruction" if latest.destroy else f"deployment {latest.id}"
        hint = f"wait for its report; `reconciler explain {record.key}` says from whom"
        hint += "" if latest.destroy else f"; then `reconciler rollback {record.key}` goes back"
        message = f"{what} of {record.key} was merged at {latest.merged_at}, so cancelling cannot help"
        raise InputError(message, hint=hint)
    over = replace(latest, status=after(latest.status, Event.CANCEL), finished_at=now, message=CANCELLED)
    return replace(record, latest=over, closing=over if was_proposed else None, blocked=None)


def is_cancelled(deployment: Deployment) -> bool:
    """True for what a person cancelled here; of a deletion, the status alone does not say so."""
    return not deployment.status.is_running and deployment.message == CANCELLED


def forgotten(record: Record, before: Catalog | None, now: str) -> Record:
    """The record of a resource that is nobody's any more. The count stays: an id never comes again.

    `before` is the catalog that was handled last. While it has the resource, the next pass has to look at this key,
    whether or not it is put back until then.
    """
    blocked = None
    if before is not None and asks_for(before, record):
        message = "it was forgotten, so what is in its folder is not ours any more"
        blocked = Blocked(
            Reason.FOREIGN_FOLDER, message, "`reconciler apply` handles the commit that removed it", (), now
        )
    return Record(record.key, record.count, blocked=blocked)


def refuse_to_forget(catalog: Catalog, book: RecordBook, record: Record) -> None:
    """Raises `InputError` for a resource that is asked for, under way, or used by others."""
    key, latest = record.key, record.latest
    if asks_for(catalog, record):
        hint = "remove it there first; if that makes a pull request which destroys it, `reconciler cancel` that"
        raise InputError(f"the catalog still asks for {key}", hint=hint)
    if latest is not None and latest.status.is_running and latest.merged_at:
        hint = f"wait for the report; `reconciler explain {key}` says from whom"
        raise InputError(f"deployment {latest.id} of {key} was merged, and has not been reported yet", hint=hint)
    if record.closing is not None or (latest is not None and latest.status.is_running):
        hint = f"`reconciler cancel {key}` closes it"
        raise InputError(f"a pull request for {key} is open, or about to be", hint=hint)
    users = sorted(map(str, book.users(key))) if key.kind in (Kind.ENVIRONMENT, Kind.COMPONENT) else []
    if users:
        verb = (
            ("runs in it" if len(users) == 1 else "run in it") if key.kind is Kind.ENVIRONMENT else "read its outputs"
        )
        hint = "remove them from the catalog and have them destroyed, or forget them first"
        raise InputError(f"{key} is in use: {', '.join(users)} {verb}", hint=hint)


def asks_for(catalog: Catalog, record: Record) -> bool:
    """True while a catalog has a resource; a file with errors counts as one that asks. What another repository asks
    for, by service sync, is what the last pass made of it: it asks until its destruction was proposed."""
    key = record.key
    service = catalog.service(key.owner) if key.kind in (Kind.INSTANCE, Kind.PIPELINE) else None
    if service is not None and service.sync is not None:
        return record.latest is None or not record.latest.destroy
    return catalog.has(key)


def left_behind(record: Record) -> str:
    """Where the infrastructure of a forgotten resource is, in a sentence."""
    placed = record.placed
    if placed is None or not placed.target.is_repository:
        return "Nothing of it was ever merged, so nothing is left of it."
    if placed.status.is_gone:
        return "It was destroyed, so nothing is left of it but its folder."
    target = placed.target
    where = f"{target.folder}/ on {target.branch} of {target.repository}"
    return f"Left as it is: {where}, and all that was applied from there (deployment {placed.id})."


def foreign_hint(key: Key) -> str:
    """What becomes of a forgotten resource that is asked for again."""
    return f"In the catalog again, {key} is blocked (foreign-folder) for as long as that folder is there."
