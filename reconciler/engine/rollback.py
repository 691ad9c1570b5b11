"""Going back: the change of the catalog's files that brings back what a deployment on record was made from.

Nothing is deployed here, and nothing but the files changes: what follows is planned, reviewed and applied like any
other change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reconciler.catalog.entities import Component
from reconciler.catalog.rewriting import rewrite_inputs
from reconciler.catalog.yamledit import set_value
from reconciler.catalog.yamlfile import DataPath
from reconciler.engine.birth import replace_file
from reconciler.engine.changing import TextChange
from reconciler.engine.place import Place
from reconciler.engine.reading import Reading
from reconciler.engine.workbench import Asked, Workbench
from reconciler.errors import InputError
from reconciler.gitstore.checkout import commit_files
from reconciler.gitstore.open import is_dirty
from reconciler.model.documents import canonical
from reconciler.model.keys import Key, Kind
from reconciler.model.trees import EntryKind, Tree
from reconciler.model.versions import Version, VersionLine
from reconciler.planning.choice import inputs_on_record
from reconciler.records.record import Deployment
from reconciler.rendering.document import attached_to, inputs_of

_SHOWN = 5


@dataclass(frozen=True)
class Rollback:
    """What brings back the state of deployment `to`, `away` being the newest; `notes` are for whoever decides."""

    to: Deployment
    away: Deployment
    changes: tuple[TextChange, ...]
    notes: tuple[str, ...]


def plan_rollback(bench: Workbench, reading: Reading, key: Key, wanted: str | None) -> Rollback:
    """What would bring back a deployment: the one whose id starts with `wanted`, else the newest success before the
    newest deployment that was made from something else. Writes nothing.

    Raises `InputError` when there is none, when what it was made from is gone, and for files that hold these values
    in a way that they cannot be changed by themselves, or not here.
    """
    reading.record(key)  # one that was never heard of has a message of its own
    deployments = reading.deployments(key)
    to = _named(key, deployments, wanted) if wanted is not None else _before(key, deployments)
    if key.kind is Kind.COMPONENT:
        changes, notes = _component(bench, reading, to)
    else:
        changes, notes = _made_from_template(bench, reading, to)
    return Rollback(to, deployments[0], tuple(item for item in changes if item.before != item.after), notes)


def write_rollback(place: Place, rollback: Rollback) -> None:
    """Puts the files as the rollback has them, each whole or not at all."""
    for change in rollback.changes:
        path = place.path / change.path
        if change.after is None:
            path.unlink()
        elif change.before is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(change.after, encoding="utf-8", newline="")
        else:
            replace_file(path, change.after)


def require_clean(place: Place) -> None:
    """Raises `InputError` where a commit would take along what a person has not committed."""
    if is_dirty(place.path):
        hint = "commit or stash them first, or leave --commit out"
        raise InputError(f"{place.path} has changes that are not committed", hint=hint)


def commit_rollback(place: Place, rollback: Rollback) -> str:
    """Commits what was written, with a message that says why. Returns the commit id."""
    assert place.top is not None
    to, away = rollback.to, rollback.away
    ended = f"{away.status}: {away.message.splitlines()[0]}" if away.message else f"{away.status}"
    message = (
        f"{to.key}: roll back to {_name(to)}\n\n"
        f"Brings back what deployment {to.id} of {to.claimed_at[:10]} was made from,\n"
        f"in place of deployment {away.id} ({away.made_from}, {ended}).\n\n"
        f"Reconciler-Key: {to.key}\n"
        f"Reconciler-Rollback-To: {to.id}\n"
    )
    return commit_files(place.top, [place.path / change.path for change in rollback.changes], message)


def _named(key: Key, deployments: tuple[Deployment, ...], wanted: str) -> Deployment:
    found = [item for item in deployments if wanted and item.id.startswith(wanted)]
    if len(found) > 1:
        raise InputError(f'"{wanted}" is the start of {len(found)} deployments of {key}', hint=_listed(found))
    if not found:
        raise InputError(f'{key} has no deployment "{wanted}"', hint=_listed(deployments))
    if found[0].destroy or not found[0].status.is_success:
        message = f"deployment {found[0].id} is {found[0].status}: only what succeeded can be brought back"
        raise InputError(message, hint=_listed(deployments))
    return found[0]


def _before(key: Key, deployments: tuple[Deployment, ...]) -> Deployment:
    if not deployments:
        raise InputError(f"{key} has had no deployment", hint="an `apply` comes first")
    newest, *older = deployments
    for item in older:
        if item.status.is_success and not item.destroy and _made_of(item) != _made_of(newest):
            return item
    message = f"there is nothing to roll {key} back to: nothing else succeeded before deployment {newest.id}"
    raise InputError(message, hint=_listed(deployments))


def _made_of(deployment: Deployment) -> tuple[str, str, bytes]:
    """What a person can change of a deployment: its version and inputs, or the files of a component."""
    if deployment.version is None:
        return "", deployment.bundle, b""
    return deployment.template, str(deployment.version), canonical(_inputs(deployment))


def _inputs(deployment: Deployment) -> dict[str, object]:
    return dict(inputs_of(deployment.key.kind, deployment.document))


def _name(deployment: Deployment) -> str:
    return f"{deployment.made_from}, deployment {deployment.id[:8]}"


def _listed(deployments: Iterable[Deployment]) -> str:
    rows = [f"{item.id[:8]} {item.status} ({item.made_from})" for item in deployments]
    more = "; `reconciler history` lists all" if len(rows) > _SHOWN else ""
    return f"on record, newest first: {', '.join(rows[:_SHOWN]) or 'none'}{more}"


def _made_from_template(bench: Workbench, reading: Reading, to: Deployment) -> tuple[list[TextChange], tuple[str, ...]]:
    asked, version = bench.asked(to.key), to.version
    assert version is not None
    if asked.template.name != to.template:
        message = f"{to.key} was made from {to.template} then, and is made from {asked.template.name} now"
        raise InputError(message, hint="a resource stays with its template; choose a later deployment with --to")
    exactly = VersionLine(version.major, version.minor)
    inputs = bench.followed(asked.template, exactly).bundle.input_type(to.key.kind)
    if inputs is None:
        raise InputError(f"{asked.template}:{version} has no inputs for {to.key}", hint="choose another with --to")
    texts: dict[str, str] = {}
    path = asked.inputs.file.path
    before = _read(bench, path)
    current = inputs_on_record(reading.book.get(to.key))
    texts[path] = rewrite_inputs(path, before, asked.inputs.where, inputs, current, _inputs(to))
    notes: tuple[str, ...] = ()
    if not _follows(bench, asked, version):
        other, where = _version_place(bench, to.key, asked)
        texts[other] = set_value(other, texts.get(other) or _read(bench, other), where, str(version))
        notes = _version_notes(bench, asked, version)
    return [TextChange(name, _read(bench, name), text) for name, text in texts.items()], notes


def _follows(bench: Workbench, asked: Asked, version: Version) -> bool:
    """True when the file leads to this version as it stands: then it goes on following what it follows."""
    try:
        return bench.followed(asked.template, asked.line).version == str(version)
    except InputError:
        return False


def _version_place(bench: Workbench, key: Key, asked: Asked) -> tuple[str, DataPath]:
    """Where the version of one resource stands, or can be put."""
    if key.kind is Kind.ENVIRONMENT:
        return bench.environment(key.name).file.path, ("spec", "version")
    service = bench.service(key.owner)
    path = service.file.path
    if asked.inputs.file.path == path:
        return path, (*asked.inputs.where[:-1], "version")
    others = [str(item.key) for item in (*service.instances, service.pipeline) if item is not None and item.key != key]
    if others:
        message = (
            f"{path} has one version for all that is in {asked.inputs.file.path}: {', '.join(others)} would follow"
        )
        raise InputError(message, hint=f"write the version there by hand, or list {key} in {path} with its own")
    return path, ("spec", "version")


def _version_notes(bench: Workbench, asked: Asked, version: Version) -> tuple[str, ...]:
    notes = []
    name = f"{asked.template}:{version}"
    if str(version) in bench.record(asked.template).withdrawn:
        notes.append(f"{name} is withdrawn. It is used all the same, since the file names exactly this version.")
    if version.major != asked.line.major:
        notes.append(
            f"{name} is of another major version than {asked.line}: `reconciler plan` says whether it fits where it is "
            "used."
        )
    if asked.line.minor is None:
        notes.append(f'Newer versions are not followed any more, until the file says "{asked.line}" again.')
    return tuple(notes)


def _component(bench: Workbench, reading: Reading, to: Deployment) -> tuple[list[TextChange], tuple[str, ...]]:
    """The files beside `component.yaml`, from the bundle that is pinned for this deployment."""
    component = bench.catalog.component(to.key.name)
    if component is None:
        there = to.key.name in bench.catalog.component_names()
        hint = "`reconciler validate` says what is wrong with it" if there else "put it back first, with `git revert`"
        raise InputError(f"the catalog has no usable {to.key}", hint=hint)
    pinned = reading.book.bundle(to.bundle)
    if pinned is None:
        message = f"the files of deployment {to.id} are missing from the records branch"
        raise InputError(message, hint="restore the branch from a clone that has them")
    now, then = _texts(component.bundle), _texts(pinned)
    changes = [TextChange(f"{component.path}/{path}", now.get(path), then.get(path)) for path in sorted({*now, *then})]
    return changes, _component_notes(component, to)


def _component_notes(component: Component, to: Deployment) -> tuple[str, ...]:
    notes = []
    if attached_to(to.document) != component.instance:
        notes.append(f"Where it is attached stays as {component.file.path} has it; that was different then.")
    if component.inputs is not None:
        notes.append(f"{component.inputs.file.path} stays as it is.")
    return tuple(notes)


def _texts(bundle: Tree) -> dict[str, str]:
    found = {}
    for path, entry in bundle.walk():
        if entry.kind is not EntryKind.FILE:
            raise InputError(f"{path} is no plain file", hint="bring the files back with Git")
        try:
            found[path] = bundle.reader.read(entry.id).decode()
        except UnicodeDecodeError:
            raise InputError(f"{path} is no text", hint="bring the files back with Git") from None
    return found


def _read(bench: Workbench, path: str) -> str:
    return (Path(bench.path) / path).read_bytes().decode()
