"""The decision about one key that the catalog asks for: an action, nothing, or a reason why not."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.identity import Target, deployment_id
from reconciler.model.keys import Kind
from reconciler.model.lifecycle import Event, after, started
from reconciler.planning.desired import Desired, immutable
from reconciler.planning.observations import SeenFolder
from reconciler.planning.proposal import Proposal, blob_ids, files_of, propose
from reconciler.planning.reasons import Reason
from reconciler.planning.result import Action, Verb
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Deployment, Record
from reconciler.rendering.document import inputs_of
from reconciler.rendering.pull_request import title

Decision = Action | Blocked | None

_READ_BY_TERRAFORM = (".tf", ".tf.json", ".tfvars", ".tfvars.json")


def decide(world: World, record: Record, desired: Desired | Blocked) -> Decision:
    """What to do so that a resource becomes as desired; None when it is so already."""
    latest = record.latest
    if latest is not None and (latest.status.is_running or record.closing is not None):
        return _under_way(world, record, latest, desired)
    if isinstance(desired, Blocked):
        return desired
    refused = _immutable(record, desired)
    if refused is not None:
        return refused
    retried = desired.key in world.request.retry
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
    if wanted or isinstance(desired, Blocked):
        return awaiting_merge(latest)
    done = _in_effect(record, desired)
    if done is not None:
        return _withdraw(world, record, latest, done, desired)
    return _immutable(record, desired) or _deploy(world, record, desired)


def never_opened(world: World, record: Record, latest: Deployment) -> bool:
    """True for a claim that nobody can have carried out: there is no branch that it could be proposed to."""
    return latest.pull_request is None and record.closing is None and not world.observer.has_branch(latest.target)


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


def superseded(world: World, latest: Deployment, message: str, by: str = "") -> Deployment:
    """A deployment that is over before its pull request is: that is closed next. `by` is the id of its successor."""
    over = after(latest.status, Event.SUPERSEDE)
    return replace(latest, status=over, finished_at=world.request.now, message=message, replaced_by=by)


def _deploy(world: World, record: Record, desired: Desired) -> Action | Blocked:
    latest, placed = record.latest, record.placed
    exists = placed is not None and not placed.destroy
    verb = Verb.UPDATE if exists else Verb.CREATE
    what = reason(record, desired)
    new = _claim(world, record, desired, title(str(desired.key), desired.template, str(desired.version.version), what))
    closing = None
    if latest is not None and latest.status.is_running:
        closing = superseded(world, latest, f"superseded by {new.id}", new.id)
        new = replace(new, replaces=latest.pull_request.url if latest.pull_request is not None else latest.id)
    claimed = replace(record, count=new.number, latest=new, closing=closing, blocked=None)
    bundle = desired.bundle.tree
    days = world.catalog.settings.pull_requests.timeout_days
    close = proposal_of(world, closing, placed) if closing is not None else None
    if closing is not None and close is None:
        return bundle_lost(closing)
    proposal = propose(new, bundle, placed, days)
    return Action(desired.key, verb, what, claimed, proposal, close, desired.notes)


def decide_anew(world: World, record: Record, desired: Desired) -> Deployment:
    """The deployment that would be claimed if one were needed: what `render` shows, whatever is under way. A resource
    that is as desired is shown as its newest deployment has it."""
    done = record.latest
    if done is not None and done.digest == desired.digest:
        return done
    return _claim(world, record, desired, title(str(desired.key), desired.template, str(desired.version.version), ""))


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
        version=desired.version.version,
        bundle=desired.version.bundle,
        document=desired.document,
        target=desired.target,
        catalog_commit=world.request.catalog_commit,
        requested_by=world.request.author,
        claimed_at=world.request.now,
        title=subject,
        environment=desired.environment,
    )
    return replace(deployment, files=blob_ids(files_of(deployment, desired.bundle.tree)))


def proposal_of(world: World, deployment: Deployment, placed: Deployment | None) -> Proposal | None:
    """The proposal of a deployment on record, from its pinned bundle; None when that bundle is lost."""
    bundle = world.book.bundle(deployment.bundle)
    days = world.catalog.settings.pull_requests.timeout_days
    return propose(deployment, bundle, placed, days) if bundle is not None else None


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
    message = f"the bundle of {deployment.template} {deployment.version} is missing from the records branch"
    return Blocked(Reason.VERSION_UNAVAILABLE, message, "restore the branch from a clone that has it")


def awaiting_merge(latest: Deployment) -> Blocked:
    """A pull request is open; a person's turn."""
    pull = latest.pull_request
    assert pull is not None
    message = f"pull request {pull.url} is open"
    name = f"{latest.target.repository}#{pull.number}"
    hint = "merge it, or close it to cancel"
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
    if placed.target != desired.target:
        changes.append(f"the place from {_place(placed.target)} to {_place(desired.target)}")
    if placed.template != desired.template:
        changes.append(f"the template from {placed.template} to {desired.template}")
    return immutable(changes, desired.key) if changes else None


def _place(target: Target) -> str:
    return f"{target.folder}/ on {target.branch} of {target.repository}"


def _adopt_version(record: Record, done: Deployment, desired: Desired) -> Action | None:
    """A newer version that renders the same is in effect at once."""
    if done.version == desired.version.version:
        return None
    newer = replace(done, version=desired.version.version, bundle=desired.version.bundle)
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
        ours = {item for role in _roles(record) for item in role.files.items()}
        theirs = sorted(path for path, _ in folder.files.items() - ours if path.endswith(_READ_BY_TERRAFORM))
        if not theirs or record.placed is not None:
            return None
        message = f"{where} holds files that are not ours: {', '.join(theirs[:5])}"
    else:
        known = {next_id, *record.merged, *(role.id for role in _roles(record))}
        gone = metadata.deleted and record.placed is not None and record.placed.destroy
        if metadata.key == record.key and (gone or metadata.deployment_id in known):
            return None
        message = (
            f"{where} carries deployment {metadata.deployment_id} of {metadata.key}, which these records do not know"
        )
    hint = "give it another name here; when these are its own folder and the records were lost, restore the records"
    return Blocked(Reason.FOREIGN_FOLDER, message, hint)


def _roles(record: Record) -> tuple[Deployment, ...]:
    roles = (record.latest, record.effective, record.placed, record.closing)
    return tuple(role for role in roles if role is not None)


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


def reason(record: Record, desired: Desired) -> str:
    """What a deployment changes, in a phrase: the first thing a reviewer wants to know."""
    before = record.placed
    if before is None or before.destroy:
        return "create"
    changes = []
    if before.version != desired.version.version:
        changes.append(f"version {before.version} -> {desired.version.version}")
    old, new = inputs_of(desired.key.kind, before.document), inputs_of(desired.key.kind, desired.document)
    names = [name for name in [*new, *(n for n in old if n not in new)] if old.get(name) != new.get(name)]
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        changes.append(f"{'input' if len(names) == 1 else 'inputs'} {shown}")
    if desired.key.kind is Kind.INSTANCE and before.document["environment"] != desired.document["environment"]:
        changes.append(f"outputs of environment/{desired.environment}")
    if (
        desired.key.kind is Kind.PIPELINE
        and before.document["service_instances"] != desired.document["service_instances"]
    ):
        changes.append("service instances")
    if not changes and before.digest == desired.digest:
        return "try again"
    return "update " + " and ".join(changes or ["settings"])
