"""Whether something may be deleted (design, section 5): nothing runs away, and no environment goes without consent."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalog.load import SETTINGS_FILE
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind, find_key
from reconciler.model.problems import Position, Problem, Severity
from reconciler.planning.reasons import Reason
from reconciler.planning.world import World
from reconciler.records.record import Blocked

# Below this many live resources a share says nothing.
MIN_LIVE_FOR_SHARE = 10


def has_consent(world: World, key: Key) -> bool:
    """True when a person agreed to this very deletion, in the settings or on the command line."""
    return key in world.request.allow_deletes or str(key) in world.catalog.settings.safety.allow_deletes


def idle_consents(world: World) -> Iterator[Problem]:
    """Entries of `safety.allowDeletes` that agree to nothing: a misspelt one leaves a deletion waiting, and one that
    was left behind would agree to the next deletion under that name."""
    for text in world.catalog.settings.safety.allow_deletes:
        key = find_key(text)
        if key is None:
            message = f'allowDeletes has "{text}", which is no key'
            hint = "write keys like environment/dev or service/shop/service-instance/shop-dev"
        elif not world.book.get(key).is_live:
            message = f"allowDeletes has {key}, and nothing of that name is there to be deleted"
            hint = "check the name, or remove the entry: it would agree to the next deletion under that name"
        else:
            continue
        yield Problem(Position(SETTINGS_FILE), "CONSENT_IDLE", message, hint, Severity.WARNING)


def live_count(world: World) -> int:
    """How many resources are live."""
    return len(world.book.live_keys())


def guard(world: World, deletions: tuple[Key, ...], under_way: int) -> dict[Key, Blocked]:
    """The deletions that are held back, each with its reason. Those with consent count for the share, but pass it; so
    do the `under_way`, or else a held-back rest would slip through as soon as a part of it was agreed to."""
    held: dict[Key, Blocked] = {}
    unasked = [key for key in deletions if not has_consent(world, key)]
    for key in unasked:
        if key.kind is Kind.ENVIRONMENT:
            message = f"{key} is not in the catalog any more, and an environment is only destroyed with consent"
            held[key] = Blocked(Reason.NEEDS_CONSENT, message, _consent(key))
    limit = world.catalog.settings.safety.max_delete_percent
    if deletions:
        live = live_count(world)
        going = len(deletions) + under_way
        if live >= MIN_LIVE_FOR_SHARE and going * 100 > live * limit:
            message = f"{going} of {live} live resources would be destroyed, which is more than {limit} percent"
            for key in unasked:
                held.setdefault(key, Blocked(Reason.TOO_MANY_DELETIONS, message, _consent(key)))
    return held


def refuse_empty(world: World) -> None:
    """Raises `InputError` for a catalog without any resource while some are live: nobody empties a catalog in one go,
    but many have named the wrong folder or branch."""
    if world.catalog.environment_names() or world.catalog.service_names() or world.catalog.component_names():
        return
    live = world.book.live_keys()
    unasked = sorted(str(key) for key in live if not (has_consent(world, key) or _is_going(world, key)))
    if unasked:
        message = f"the catalog has no environments and no services, but {', '.join(unasked[:5])} are recorded as live"
        hint = "is this the right folder and branch? To remove everything, consent to each in safety.allowDeletes"
        raise InputError(message, hint=hint)


def _is_going(world: World, key: Key) -> bool:
    latest = world.book.get(key).latest
    return latest is not None and latest.destroy


def in_use(world: World, key: Key, going: frozenset[Key]) -> Blocked | None:
    """What others read stays until they do not any more (reference, 1.15): an environment while anything runs in it, a
    component while an instance has it. An instance does not wait for its component: that is destroyed after it."""
    if key.kind not in (Kind.ENVIRONMENT, Kind.COMPONENT):
        return None
    users = sorted(str(user) for user in world.book.users(key) if user not in going or world.book.get(user).is_live)
    if not users:
        return None
    verb, last = ("runs", "in it") if key.kind is Kind.ENVIRONMENT else ("reads", "its outputs")
    message = f"{', '.join(users)} still {verb if len(users) == 1 else verb[:-1]} {last}"
    hint = f"remove them from the catalog first, or put the {key.kind.words} back"
    if key.kind is Kind.COMPONENT:
        hint = "nothing to do: it goes on by itself once they have been deployed without it"
    return Blocked(Reason.IN_USE, message, hint, tuple(users))


def _consent(key: Key) -> str:
    return f"put it back, or agree with safety.allowDeletes: [{key}] in reconciler.yaml, or with --allow-deletes {key}"
