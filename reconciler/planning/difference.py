"""What a deployment changes, in a phrase: the first thing that a reviewer wants to know."""

from __future__ import annotations

from reconciler.model.keys import Kind
from reconciler.planning.desired import Desired
from reconciler.records.record import Deployment, Record
from reconciler.rendering.document import attached_to, component_of, inputs_of


def _component_changes(before: Deployment, desired: Desired) -> list[str]:
    was, now = component_of(before.document), component_of(desired.document)
    if was != now:
        gone, new = f"without component/{was}", f"with component/{now}"
        return [new if not was else gone if not now else f"{new} instead of component/{was}"]
    key = "service_instance"
    same = before.document[key]["components"] == desired.document[key]["components"]
    return [] if same else [f"outputs of component/{now}"]


def _attachment_changes(before: Deployment, desired: Desired) -> list[str]:
    was, now = attached_to(before.document), attached_to(desired.document)
    found = [] if was == now else [f"attached to {now}" if now is not None else "detached"]
    return found + (["its template"] if before.bundle != desired.bundle.id else [])


def what_differs(record: Record, desired: Desired) -> str:
    """The phrase, compared with what the target branch carries."""
    before = record.placed
    if before is None or before.destroy:
        return "create"
    changes = []
    if before.version != desired.version:
        changes.append(f"version {before.version} -> {desired.version}")
    old, new = inputs_of(desired.key.kind, before.document), inputs_of(desired.key.kind, desired.document)
    names = [name for name in [*new, *(n for n in old if n not in new)] if old.get(name) != new.get(name)]
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        changes.append(f"{'input' if len(names) == 1 else 'inputs'} {shown}")
    is_inside = desired.key.kind in (Kind.INSTANCE, Kind.COMPONENT)
    if is_inside and before.document["environment"] != desired.document["environment"]:
        changes.append(f"outputs of environment/{desired.environment}")
    if desired.key.kind is Kind.INSTANCE:
        changes += _component_changes(before, desired)
    if desired.key.kind is Kind.COMPONENT:
        changes += _attachment_changes(before, desired)
    if (
        desired.key.kind is Kind.PIPELINE
        and before.document["service_instances"] != desired.document["service_instances"]
    ):
        changes.append("service instances")
    if not changes and before.digest == desired.digest:
        return "try again"
    return "update " + " and ".join(changes or ["settings"])
