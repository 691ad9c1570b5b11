"""What if: resources taken for deployed, with outputs that a person supposes. Only for showing what would be rendered;
a plan never invents a value (design, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import InputError
from reconciler.model.keys import DEPLOYMENT_ORDER, Key
from reconciler.model.lifecycle import Event, after
from reconciler.planning.decide import decide_anew
from reconciler.planning.desired import desired_of
from reconciler.planning.world import World
from reconciler.records.record import Blocked, Record


def suppose(world: World, outputs: Mapping[Key, Mapping[str, str]]) -> None:
    """Puts a success with these outputs into the record book of the world, for each key in deployment order. Raises
    `InputError` for a key that the catalog does not ask for, or that something stands in the way of."""
    for key in sorted(outputs, key=lambda key: (DEPLOYMENT_ORDER.index(key.kind), str(key))):
        desired = desired_of(world, key)
        if desired is None:
            raise InputError(f"the catalog has no {key}, whose outputs are supposed", hint="check the name")
        if isinstance(desired, Blocked):
            raise InputError(f"{key} could not be deployed as supposed: {desired.message}", hint=desired.hint)
        made = decide_anew(world, Record(key), desired)
        now = world.request.now
        done = replace(made, status=after(made.status, Event.SUCCEED), finished_at=now, outputs=dict(outputs[key]))
        world.book.put(replace(world.book.get(key), latest=done, effective=done, blocked=None))
