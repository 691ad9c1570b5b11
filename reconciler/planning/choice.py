"""The version that a resource is made from, the inputs it is given, and whether what it needs is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.bundle import Bundle, Part
from reconciler.catalog.current import keep_current
from reconciler.catalog.entities import Inputs, Provisioning
from reconciler.catalog.means import lacking, mismatch
from reconciler.catalog.violations import dotted
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.keys import Key, Kind
from reconciler.model.versions import VersionLine
from reconciler.planning.reasons import Reason
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Record, VersionRecord
from reconciler.rendering.document import attached_to, inputs_of


@dataclass(frozen=True)
class Choice:
    """A version, its bundle, the part of it that serves the resource (None when others provision it), and what a reader
    should know about the choice."""

    version: VersionRecord
    bundle: Bundle = field(repr=False)
    part: Part | None
    notes: tuple[str, ...] = ()


def choose(world: World, key: Key, template: str, line: VersionLine) -> Choice | Blocked:
    """The version that a line leads to."""
    kind = key.kind.template_kind
    record = world.book.template(Key(kind, template))
    chosen = record.followed(line)
    if chosen is not None and not chosen.is_published:
        message = f"{kind}/{template}:{chosen.version} is a draft"
        hint = f'add "{chosen.version}" to spec.published in the template.yaml of {template}'
        return Blocked(Reason.VERSION_UNAVAILABLE, message, hint, (f"{kind}/{template}:{chosen.version}",))
    failed = [item for item in record.versions if item.is_failed and line.allows(item.version)]
    last_failure = failed[-1] if failed else None
    if chosen is None:
        message = f"{kind}/{template} has no version {line} that could be used"
        hint = "publish one, or correct `version:`"
        if last_failure is not None:
            message += f": {last_failure.version} failed to register ({last_failure.code})"
            hint = (
                f"correct the bundle: `reconciler validate` says where; or see `reconciler versions {kind}/{template}`"
            )
        return Blocked(Reason.VERSION_UNAVAILABLE, message, hint, (f"{kind}/{template}:{line}",))
    notes: tuple[str, ...] = ()
    if last_failure is not None and last_failure.version > chosen.version:
        notes = (f"stays on {chosen.version}: {last_failure.version} failed to register ({last_failure.code})",)
    bundle = world.pinned(chosen.bundle, kind)
    if bundle is None or (key.kind not in bundle.parts and not bundle.is_customer_managed):
        message = f"{kind}/{template}:{chosen.version} has nothing to provision a {key.kind.words} with"
        hint = "use a version that has, or remove this resource from the catalog"
        return Blocked(Reason.VERSION_UNAVAILABLE, message, hint, (f"{kind}/{template}:{chosen.version}",))
    return Choice(chosen, bundle, bundle.parts.get(key.kind), notes)


def complete(world: World, key: Key, chosen: Choice, inputs: Inputs) -> dict[str, Json] | Blocked:
    """The inputs with defaults filled in, judged by the version's own schema: the one in the catalog may be newer."""
    input_type = chosen.bundle.input_type(key.kind)
    assert input_type is not None
    values, missing = keep_current(inputs.values, inputs_on_record(world.book.get(key)))
    wrong = [f"{inputs.at(path)}: no current value of {dotted(path)} is on record" for path in missing]
    wrong += [
        f"{inputs.at(item.path)}: {item.message}" for item in input_type.violations(values) if item.path not in missing
    ]
    if not inputs.tolerant:
        unknown = input_type.unknown(values)
        wrong += [f"{inputs.key_at(item.path)}: there is no input {'.'.join(map(str, item.path))}" for item in unknown]
    if wrong:
        what = "; ".join(wrong)
        hint = "correct the inputs, or use a version whose schema takes them"
        if len(wrong) == len(missing):
            hint = "write the value itself: there is nothing yet that could be kept"
        version = chosen.version.version
        return Blocked(Reason.INVALID_INPUTS, f"version {version} does not take these inputs: {what}", hint)
    try:
        return input_type.complete(values)
    except InputError as error:  # nested defaults can explode
        return Blocked(Reason.INVALID_INPUTS, f"{inputs.at(())}: {error.message}", error.hint)


def inputs_on_record(record: Record) -> Mapping[str, Json]:
    """The inputs that are current (reference, SPC-7): of what is under way, else of what is in effect."""
    latest = record.latest
    current = latest if latest is not None and latest.status.is_running and not latest.destroy else record.effective
    return inputs_of(record.key.kind, current.document) if current is not None else {}


def attachment_on_record(record: Record) -> Key | None:
    """The service instance that a component is attached to where it is placed; None for a detached or new one."""
    placed = record.placed
    return attached_to(placed.document) if placed is not None and not placed.destroy else None


def unmet(engine: Engine, key: Key, means: Provisioning, template: str, environment: str = "") -> Blocked | None:
    """Why a resource cannot be provisioned with what is there (reference, PRV-2 and PRV-3)."""
    missing = lacking(engine, key.kind, means)
    if not missing:
        return None
    message, hint = mismatch(engine, missing, means, template, environment)
    if key.kind is Kind.PIPELINE:
        hint += "; pipelines are set in reconciler.yaml"
    return Blocked(Reason.PROVISIONING_MISMATCH, message, hint)
