"""The decision about one key that the catalog asks for: an action, nothing, or a reason why not."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.identity import Target, deployment_id
from reconciler.model.lifecycle import Event, after, started
from reconciler.planning.blockers import may_overwrite
from reconciler.planning.desired import Desired, immutable
from reconciler.planning.difference import what_differs
from reconciler.planning.observations import SeenFolder
from reconciler.planning.proposal import Proposal, blob_ids, files_of, propose
from reconciler.planning.reasons import Reason
from reconciler.planning.result import Action, Verb
from reconciler.planning.world import DRIVEN, World
from reconciler.records.record import Blocked, Deployment, Record
from reconciler.rendering.document import inputs_of
from reconciler.rendering.folder import RenderingError
from reconciler.rendering.pull_request import title

Decision = Action | Blocked | None

_READ_BY_TERRAFORM = (".tf", ".tf.json", ".tfvars", ".tfvars.json")


def decide(world: World, record: Record, desired: Desired | Blocked) -> Decision:
    """What to do so that a resource becomes as desired; None when it is so already."""
    try:
        return _decide(world, record, desired)
    except RenderingError as error:  # what is not in the document: the commands and settings of CodeBuild
        return Blocked(Reason.RENDERING_FAILED, error.message, error.hint)


def _decide(world: World, record: Record, desired: Desired | Blocked) -> Decision:
    latest = record.latest
    if latest is not None and (latest.status.is_running or record.closing is not None):
        return _under_way(world, record, latest, desired)
    if isinstance(desired, Blocked):
        return desired
    refused = _immutable(record, desired) or _no_provisioner(world, desired)
    if refused is not None:
        return refused
    if desired.part is None:
        return hand_over(world, record, desired, None)
    retried = desired.key in world.request.retry or may_overwrite(world, record)
    stopped = latest is not None and not latest.status.is_success and not latest.destroy
    if latest is not None and stopped and latest.digest == desired.digest and not retried:
        return _stopped(latest)
    done = _in_effect(record, desired)
    if done is not None and not (retried and _was_edited(world, record)):
        if latest is not None and latest.id != done.id:
            why = "what is in effect is wanted again"
            return Action(desired.key, Verb.RECORD, why, replace(record, latest=done, blocked=None))
        return _adopt_version(record, done, desired)
    blocked = _folder_blocks(world, record, desired, retried=retried)
    return blocked or _deploy(world, record, desired)


def _under_way(world: World, record: Record, latest: Deployment, desired: Desired | Blocked) -> Decision:
    """What is under way goes on, also while the newer desire is not clear yet."""
    wanted = isinstance(desired, Blocked) or (not latest.destroy and latest.digest == desired.digest)
    if not latest.status.is_running:
        return resume(world, record, Verb.CLOSE, "its pull request is over")
    if latest.merged_at:
        return _awaiting_report(latest) if wanted else _running(latest)
    if never_opened(world, record, latest):
        return _elsewhere(world, record, latest, desired)
    if latest.pull_request is None or record.closing is not None:
        # What is claimed is finished first, also when something else is wanted by now: another reconciler may be at it.
        return resume(world, record, Verb.RESUME, "claimed before, and not known to be finished")
    if latest.destroy and isinstance(desired, Blocked) and record.effective is not None:
        return _keep(world, record, latest, record.effective, desired)
    if wanted or isinstance(desired, Blocked):
        return awaiting_merge(latest)
    done = _in_effect(record, desired)
    if done is not None:
        return _withdraw(world, record, latest, done, desired)
    return _immutable(record, desired) or _deploy(world, record, desired)


def never_opened(world: World, record: Record, latest: Deployment) -> bool:
    """True for a claim that nobody can have carried out: there is no branch that it could be proposed to."""
    if latest.pull_request is not None or record.closing is not None or not latest.target.is_repository:
        return False
    return not world.observer.has_branch(latest.target)


def _elsewhere(world: World, record: Record, latest: Deployment, desired: Desired | Blocked) -> Decision:
    """A claim whose target branch does not exist is given up for one that goes elsewhere."""
    if isinstance(desired, Blocked) or desired.target == latest.target:
        return _no_branch(latest.target)
    abandoned = replace(record, latest=superseded(world, latest, f"there is no branch {latest.target.branch}"))
    return _folder_blocks(world, abandoned, desired, retried=False) or _deploy(world, abandoned, desired)


def _no_branch(target: Target) -> Blocked:
    message = f"{target.repository} has no branch {target.branch}"
    hint = f"push a first commit to it, or correct branch: in repositories/{target.repository}.yaml"
    return Blocked(Reason.NO_BRANCH, message, hint, (target.repository,))


def _in_effect(record: Record, desired: Desired) -> Deployment | None:
    """The deployment in effect, when it is what is desired and what the target branch carries."""
    done = record.effective
    if done is None or done.digest != desired.digest:
        return None
    return done if (record.placed or done).id == done.id else None


def _withdraw(world: World, record: Record, latest: Deployment, done: Deployment, desired: Desired) -> Decision:
    """What was proposed is not wanted any more, and what is in effect is: closing the pull request is all there is."""
    closing = superseded(world, latest, "what is in effect is wanted again")
    adopted = _adopt_version(record, done, desired)
    base = adopted.record if adopted is not None else record
    withdrawn = replace(base, latest=base.effective, closing=closing, blocked=None)
    return resume(world, withdrawn, Verb.CLOSE, "what is in effect is wanted again")


def _keep(world: World, record: Record, latest: Deployment, done: Deployment, reason: Blocked) -> Decision:
    """What is asked for again must not be destroyed by a merge, also while something stands in its way."""
    why = "it is in the catalog again"
    reason = replace(reason, since=reason.since or world.request.now)
    kept = replace(record, latest=done, closing=superseded(world, latest, why), blocked=reason)
    return resume(world, kept, Verb.CLOSE, f"{why}; then: {reason.reason}")


def superseded(world: World, latest: Deployment, message: str, by: str = "") -> Deployment:
    """A deployment that is over before its pull request is: that is closed next. `by` is the id of its successor."""
    over = after(latest.status, Event.SUPERSEDE)
    return replace(latest, status=over, finished_at=world.request.now, message=message, replaced_by=by)


def _not_driven(desired: Desired) -> tuple[str, ...]:
    """A plan may show more than a pass can do, and then says so."""
    if desired.part is None or desired.part.engine in DRIVEN:
        return ()
    return (f"`apply` will say {Reason.NO_PROVISIONER}: this version does not drive {desired.part.engine.words} yet",)


def _no_provisioner(world: World, desired: Desired) -> Blocked | None:
    if desired.part is None or desired.part.engine in world.engines:
        return None
    message = (
        f"it is made for {desired.part.engine.words}, which this version renders and plans, but does not drive yet"
    )
    hint = "`reconciler render` writes what it would get; nothing else can be done with this version"
    return Blocked(Reason.NO_PROVISIONER, message, hint, (desired.part.engine.value,))


def hand_over(world: World, record: Record, desired: Desired, closing: Deployment | None) -> Decision:
    """An environment that others provision: its inputs are its outputs, at once (reference, ENV-3 and UPD-7)."""
    done = record.effective
    if done is not None and done.digest == desired.digest and closing is None:
        return _adopt_version(record, done, desired)
    inputs = inputs_of(desired.key.kind, desired.document)
    outputs = {name: value for name, value in inputs.items() if isinstance(value, str)}
    what = "its inputs are its outputs"
    new = _claim(world, record, desired, title(str(desired.key), desired.made_from, what))
    now = world.request.now
    new = replace(new, status=after(new.status, Event.SUCCEED), reported_at=now, finished_at=now, outputs=outputs)
    claimed = replace(record, count=new.number, latest=new, effective=new, closing=closing, blocked=None)
    close = proposal_of(world, closing, record.placed) if closing is not None else None
    return Action(desired.key, Verb.RECORD, what, claimed, None, close, desired.notes)


def _deploy(world: World, record: Record, desired: Desired) -> Decision:
    latest, placed = record.latest, record.placed
    is_running = latest is not None and latest.status.is_running
    if desired.part is None:
        over = superseded(world, latest, "others provision it now") if latest is not None and is_running else None
        return hand_over(world, record, desired, over)
    exists = placed is not None and not placed.destroy
    verb = Verb.UPDATE if exists else Verb.CREATE
    what = what_differs(record, desired)
    new = _claim(world, record, desired, title(str(desired.key), desired.made_from, what))
    closing = None
    if latest is not None and is_running:
        closing = superseded(world, latest, f"superseded by {new.id}", new.id)
        new = replace(new, replaces=latest.pull_request.url if latest.pull_request is not None else latest.id)
    claimed = replace(record, count=new.number, latest=new, closing=closing, blocked=None)
    days = world.catalog.settings.pull_requests.timeout_days
    close = proposal_of(world, closing, placed) if closing is not None else None
    if closing is not None and close is None:
        return bundle_lost(closing)
    proposal = propose(new, desired.bundle, placed, days, world.jinja)
    return Action(desired.key, verb, what, claimed, proposal, close, (*desired.notes, *_not_driven(desired)))


def decide_anew(world: World, record: Record, desired: Desired) -> Deployment:
    """The deployment that would be claimed if one were needed: what `render` shows, whatever is under way. A resource
    that is as desired is shown as its newest deployment has it."""
    done = record.latest
    if done is not None and done.digest == desired.digest:
        return done
    return _claim(world, record, desired, title(str(desired.key), desired.made_from, ""))


def _claim(world: World, record: Record, desired: Desired, subject: str) -> Deployment:
    number = record.count + 1
    digest = desired.digest
    deployment = Deployment(
        id=deployment_id(world.request.lineage, desired.key, number, digest),
        key=desired.key,
        number=number,
        status=started(destroy=False),
        digest=digest,
        template=desired.template,
        version=desired.version,
        bundle=desired.bundle.id,
        document=desired.document,
        target=desired.target,
        catalog_commit=world.request.catalog_commit,
        requested_by=world.request.author,
        claimed_at=world.request.now,
        title=subject,
        environment=desired.environment,
        reads=desired.reads,
    )
    if desired.version is None:
        world.book.pin(desired.bundle)
    return replace(deployment, files=blob_ids(files_of(deployment, desired.bundle, world.jinja)))


def proposal_of(world: World, deployment: Deployment, placed: Deployment | None) -> Proposal | None:
    """The proposal of a deployment on record, from its pinned bundle; None when that bundle is lost."""
    bundle = world.book.bundle(deployment.bundle)
    days = world.catalog.settings.pull_requests.timeout_days
    return propose(deployment, bundle, placed, days, world.jinja) if bundle is not None else None


def resume(world: World, record: Record, verb: Verb, why: str) -> Decision:
    """Repeats what was claimed. Harmless: a branch and a pull request that exist are taken as they are."""
    latest, closing = record.latest, record.closing
    assert latest is not None
    close = proposal_of(world, closing, record.placed) if closing is not None else None
    wanted = latest if latest.status.is_running else None
    proposal = proposal_of(world, wanted, record.placed) if wanted is not None else None
    if (closing is not None and close is None) or (wanted is not None and proposal is None):
        return bundle_lost(latest)
    return Action(record.key, verb, why, record, proposal, close)


def bundle_lost(deployment: Deployment) -> Blocked:
    """The pinned bundle of a deployment is gone, so that nothing of it can be rendered."""
    message = f"the bundle of {deployment.made_from} is missing from the records branch"
    return Blocked(Reason.VERSION_UNAVAILABLE, message, "restore the branch from a clone that has it")


def awaiting_merge(latest: Deployment) -> Blocked:
    """A pull request is open; a person's turn."""
    pull = latest.pull_request
    assert pull is not None
    message = f"pull request {pull.url} is open"
    name = f"{latest.target.repository}#{pull.number}"
    hint = f"merge it, or close it to cancel (`reconciler cancel {latest.key}` does so)"
    if pull.url.endswith(f"#{pull.number}"):  # a local forge: there is no page with a button
        hint = f"`reconciler pr merge {name}`, or `reconciler pr close {name}` to cancel"
    return Blocked(Reason.AWAITING_MERGE, message, hint, (pull.url,), latest.claimed_at)


def _awaiting_report(latest: Deployment) -> Blocked:
    message = f"merged, and deployment {latest.id} has not been reported yet"
    hint = f"run the automation of {latest.target.repository} (`reconciler provision`), or `reconciler notify`"
    return Blocked(Reason.AWAITING_REPORT, message, hint, (latest.target.repository,), latest.merged_at)


def _running(latest: Deployment) -> Blocked:
    message = f"deployment {latest.id} was merged and is running; the newer desire waits until it is reported"
    hint = f"run the automation of {latest.target.repository} (`reconciler provision`), or `reconciler notify`"
    return Blocked(Reason.RUNNING, message, hint, (latest.target.repository,), latest.merged_at)


def _stopped(latest: Deployment) -> Blocked:
    hint = f"change what is asked for, or run `reconciler retry {latest.key}`"
    if latest.merged_at and not latest.status.is_cancelled:
        again = f"`reconciler provision --folder {latest.target.folder} --again`"
        hint += f"; when the cause lay outside of it, {again} in {latest.target.repository}"
    if latest.status.is_cancelled:
        return Blocked(Reason.CANCELLED, f"cancelled: {latest.message}", hint, (), latest.finished_at)
    return Blocked(Reason.FAILED, f"failed: {latest.message}", hint, (), latest.finished_at)


def _immutable(record: Record, desired: Desired) -> Blocked | None:
    placed = record.placed
    if placed is None or placed.destroy:
        return None
    changes = []
    if placed.target.is_repository != desired.target.is_repository:
        changes.append("how it is provisioned")
    elif placed.target != desired.target:
        changes.append(f"the place from {_place(placed.target)} to {_place(desired.target)}")
    if placed.template != desired.template:
        changes.append(f"the template from {placed.template} to {desired.template}")
    return immutable(changes, desired.key) if changes else None


def _place(target: Target) -> str:
    return f"{target.folder}/ on {target.branch} of {target.repository}"


def _adopt_version(record: Record, done: Deployment, desired: Desired) -> Action | None:
    """A newer version that renders the same is in effect at once."""
    if done.version == desired.version:
        return None
    newer = replace(done, version=desired.version, bundle=desired.bundle.id)
    why = f"version {done.version} -> {newer.version} renders the same"
    adopted = replace(
        record,
        latest=newer if record.latest is not None and record.latest.id == done.id else record.latest,
        effective=newer,
        placed=newer if record.placed is not None else None,
        blocked=None,
    )
    return Action(desired.key, Verb.RECORD, why, adopted, notes=desired.notes)


def _was_edited(world: World, record: Record) -> bool:
    folder = world.observer.folder(record.placed.target) if record.placed is not None else None
    return folder is not None and edited(record, folder) is not None


def _folder_blocks(world: World, record: Record, desired: Desired, *, retried: bool) -> Blocked | None:
    if not desired.target.is_repository:
        return None
    if not world.observer.has_branch(desired.target):
        return _no_branch(desired.target)
    folder = world.observer.folder(desired.target)
    if folder is None:
        return None
    # After older records were restored, the branch may carry the very deployment that is about to be claimed.
    next_id = deployment_id(world.request.lineage, record.key, record.count + 1, desired.digest)
    return foreign(record, folder, desired.target, next_id) or (None if retried else edited(record, folder))


def foreign(record: Record, folder: SeenFolder, target: Target, next_id: str = "") -> Blocked | None:
    """A folder that somebody else manages is never overwritten, nor is Terraform made to read somebody's files."""
    where = f"{target.repository}:{target.folder}/"
    metadata = folder.metadata
    if metadata is None:
        ours = {item for role in record.roles.values() for item in role.files.items()}
        theirs = sorted(path for path, _ in folder.files.items() - ours if path.endswith(_READ_BY_TERRAFORM))
        if not theirs or record.placed is not None:
            return None
        message = f"{where} holds files that are not ours: {', '.join(theirs[:5])}"
    else:
        known = {next_id, *record.merged, *(role.id for role in record.roles.values())}
        gone = metadata.deleted and record.placed is not None and record.placed.destroy
        if metadata.key == record.key and (gone or metadata.deployment_id in known):
            return None
        message = (
            f"{where} carries deployment {metadata.deployment_id} of {metadata.key}, which these records do not know"
        )
    hint = "give it another name here; its own folder, once forgotten, has to be cleared away on its branch first"
    return Blocked(Reason.FOREIGN_FOLDER, message, hint)


def edited(record: Record, folder: SeenFolder) -> Blocked | None:
    """A person's edit on the target branch is never overwritten unasked. Whoever clears a destroyed resource's folder
    away tidies up."""
    placed = record.placed
    if placed is None or (placed.destroy and not folder.files):
        return None
    changed = sorted(path for path, blob in placed.files.items() if folder.files.get(path) != blob)
    if not changed:
        return None
    what = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    message = f"changed by hand in {placed.target.repository}:{placed.target.folder}/: {what}"
    hint = f"undo the change there, or overwrite it with `reconciler retry {record.key}`"
    return Blocked(Reason.EDITED_FOLDER, message, hint)
