"""Blockers of service sync: out-of-band changes that a person has to say something about (reference, 5.2)."""

from __future__ import annotations

from reconciler.model.documents import digest
from reconciler.planning.reasons import Reason
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Record

EDITED_FOLDER = "edited-folder"


def block_edited(world: World, record: Record, blocked: Blocked) -> None:
    """Notes a folder of a synced resource that was changed by hand."""
    sync = world.book.sync(record.key)
    if sync is not None and blocked.reason == Reason.EDITED_FOLDER:
        now, lineage = world.request.now, world.request.lineage
        evidence = _evidence(world, record)
        world.book.put_sync(sync.blocked(EDITED_FOLDER, blocked.message, evidence, now, lineage=lineage))


def unblock_edited(world: World, record: Record) -> None:
    """Once nothing is in the way any more, a blocker is over, and the next edit is a new one."""
    sync = world.book.sync(record.key)
    if sync is None or all(item.cause != EDITED_FOLDER for item in sync.blockers):
        return
    retried = record.key in world.request.retry
    reason = f"retried by {world.request.author}" if retried else "the folder is not in the way any more"
    for blocker in sync.active:
        if blocker.cause == EDITED_FOLDER:
            sync = sync.resolved(blocker.id, reason, world.request.now)
    world.book.put_sync(sync.rearmed(EDITED_FOLDER))


def may_overwrite(world: World, record: Record) -> bool:
    """True when a person resolved the very edit that stands in the way: Git wins, as with a retry."""
    sync = world.book.sync(record.key) if record.blocked is not None else None
    if sync is None or record.blocked is None or record.blocked.reason != Reason.EDITED_FOLDER:
        return False
    evidence = _evidence(world, record)
    return any(
        item.cause == EDITED_FOLDER and not item.is_active and item.evidence == evidence for item in sync.blockers
    )


def _evidence(world: World, record: Record) -> str:
    folder = world.observer.folder(record.placed.target) if record.placed is not None else None
    return digest(dict(folder.files)) if folder is not None else ""
