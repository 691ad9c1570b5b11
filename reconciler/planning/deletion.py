"""The decision about a key that the catalog no longer asks for. Everything needed is on record: never the catalog."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.identity import deployment_id, destruction_digest
from reconciler.model.lifecycle import Event, after, started
from reconciler.planning.decide import (
    Decision,
    awaiting_merge,
    bundle_lost,
    edited,
    foreign,
    never_opened,
    proposal_of,
    resume,
    superseded,
)
from reconciler.planning.proposal import blob_ids, files_of
from reconciler.planning.reasons import Reason
from reconciler.planning.result import Action, Verb
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Deployment, Record
from reconciler.rendering.pull_request import title


def decide_deletion(world: World, record: Record) -> Decision:
    """What to do about a live resource that nobody asks for; the guards have let it pass."""
    latest = record.latest
    if latest is None:
        return Action(record.key, Verb.FORGET, "it is not in the catalog any more", Record(record.key, record.count))
    if never_opened(world, record, latest):
        abandoned = superseded(world, latest, f"there is no branch {latest.target.branch}")
        return _destroy(world, replace(record, latest=abandoned), abandoned)
    if record.closing is not None or (
        latest.status.is_running and latest.pull_request is None and not latest.merged_at
    ):
        return resume(world, record, Verb.RESUME, "claimed before, and not known to be finished")
    if latest.status.is_running:
        if latest.destroy and not latest.merged_at:
            return awaiting_merge(latest)
        if latest.merged_at:
            what = "its destruction" if latest.destroy else "its last deployment"
            message = f"{what} was merged and has not been reported yet"
            hint = f"run the automation of {latest.target.repository} (`reconciler provision`)"
            reason = Reason.AWAITING_REPORT if latest.destroy else Reason.RUNNING
            return Blocked(reason, message, hint, (latest.target.repository,), latest.merged_at)
    if latest.destroy and (latest.merged_at or record.key not in world.request.retry):
        # One that was merged cannot be proposed again: the folder says already that its resource is deleted.
        again = f"run `reconciler provision --folder {latest.target.folder} --again` in {latest.target.repository}"
        hint = (
            f"{again if latest.merged_at else f'run `reconciler retry {record.key}`'}, or put it back into the catalog"
        )
        return Blocked(Reason.FAILED, f"destroying it failed: {latest.message}", hint, (), latest.finished_at)
    return _destroy(world, record, latest)


def _destroy(world: World, record: Record, latest: Deployment) -> Action | Blocked:
    placed, closing, close = record.placed, None, None
    if latest.status.is_running:
        closing = superseded(world, latest, "it is not in the catalog any more")
        close = proposal_of(world, closing, placed)
        if close is None:
            return bundle_lost(closing)
    if placed is not None and placed.destroy and not placed.status.is_gone:
        # What was to be made anew came to nothing, so the failed destruction is the newest that happened.
        back = replace(record, latest=placed, closing=closing, blocked=None)
        return Action(record.key, Verb.CLOSE, "destroying it failed before", back, None, close)
    if placed is None or placed.destroy:
        # Nothing of it was ever merged, or it is destroyed already: there is nothing to destroy.
        gone = replace(latest, status=after(started(destroy=True), Event.SUCCEED), finished_at=world.request.now)
        forgotten = replace(record, latest=gone, effective=None, closing=closing, blocked=None)
        return Action(record.key, Verb.FORGET, "nothing of it exists", forgotten, None, close)
    blocked = _folder_blocks(world, record, placed)
    if blocked is not None:
        return blocked
    new = _claim(world, record, placed, closing)
    if new is None:
        return bundle_lost(placed)
    claimed = replace(record, count=new.number, latest=new, closing=closing, blocked=None)
    why = "it is not in the catalog any more"
    return Action(record.key, Verb.DESTROY, why, claimed, proposal_of(world, new, placed), close)


def _folder_blocks(world: World, record: Record, placed: Deployment) -> Blocked | None:
    """Somebody else's folder is not ours to destroy, and a person's edit is not overwritten unasked. Files that are
    missing on the branch are written again (reference, DEL-1)."""
    folder = world.observer.folder(placed.target)
    if folder is None or folder.metadata is None:
        return None
    there = {path: blob for path, blob in placed.files.items() if path in folder.files}
    by_hand = (
        None
        if record.key in world.request.retry
        else edited(replace(record, placed=replace(placed, files=there)), folder)
    )
    return foreign(record, folder, placed.target) or by_hand


def _claim(world: World, record: Record, placed: Deployment, closing: Deployment | None) -> Deployment | None:
    bundle = world.book.bundle(placed.bundle)
    if bundle is None:
        return None
    number = record.count + 1
    desired = destruction_digest(placed.digest)
    new = replace(
        placed,
        id=deployment_id(world.request.lineage, record.key, number, desired),
        number=number,
        status=started(destroy=True),
        digest=desired,
        catalog_commit=world.request.catalog_commit,
        requested_by=world.request.author,
        claimed_at=world.request.now,
        title=title(str(record.key), placed.made_from, "destroy"),
        destroy=True,
        pull_request=None,
        merged_at="",
        reported_at="",
        finished_at="",
        message="",
        outputs={},
        left_out={},
        replaces=closing.pull_request.url if closing is not None and closing.pull_request is not None else "",
        replaced_by="",
    )
    return replace(new, files=blob_ids(files_of(new, bundle, world.jinja)))
