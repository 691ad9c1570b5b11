"""A plan as data: what would be cut, done, and left undone, and why. Every key in scope is in exactly one list."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.keys import Key
from reconciler.model.problems import Problem
from reconciler.planning.proposal import Proposal
from reconciler.planning.reasons import BAD_REASONS
from reconciler.planning.synced import SyncNews
from reconciler.planning.world import DIRECT
from reconciler.records.record import Blocked, Record, TemplateRecord
from reconciler.rendering.jinja import Jinja
from reconciler.versioning.cut import Cut


class Verb(StrEnum):
    """What an action does."""

    CREATE = "create"
    UPDATE = "update"
    DESTROY = "destroy"
    RESUME = "resume"  # a claimed deployment whose pull request is not known to exist
    CLOSE = "close"  # a pull request that is over
    RECORD = "record"  # nothing to render differs: the newer version is in effect at once
    FORGET = "forget"  # nothing was ever merged: there is nothing to destroy


# The same, once it is done.
DONE = {
    Verb.CREATE: "proposed to create",
    Verb.UPDATE: "proposed to update",
    Verb.DESTROY: "proposed to destroy",
    Verb.RESUME: "resumed",
    Verb.CLOSE: "closed",
    Verb.RECORD: "recorded",
    Verb.FORGET: "forgotten",
}

SYMBOLS = {
    Verb.CREATE: "+",
    Verb.UPDATE: "~",
    Verb.DESTROY: "-",
    Verb.RESUME: ">",
    Verb.CLOSE: "x",
    Verb.RECORD: "=",
    Verb.FORGET: "-",
}


@dataclass(frozen=True)
class Action:
    """One decision about one key. `record` is what is claimed before any effect; `close` happens, and is confirmed,
    before `open`. `reason` says why in a phrase."""

    key: Key
    verb: Verb
    reason: str
    record: Record
    open: Proposal | None = None
    close: Proposal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TemplateChange:
    """A template after this pass, and the versions cut for it."""

    record: TemplateRecord
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Plan:
    """Ordered decisions for one catalog commit. `blocked` pairs keys with their reasons; `unreachable` says which
    repositories could not be looked at; `syncs` is what is news of those that templates and services are synced from;
    `jinja` renders what is compared in diffs."""

    catalog_commit: str
    templates: tuple[TemplateChange, ...] = ()
    actions: tuple[Action, ...] = ()
    blocked: tuple[tuple[Record, Blocked], ...] = ()
    unchanged: tuple[Key, ...] = ()
    problems: tuple[Problem, ...] = ()
    unreachable: tuple[str, ...] = field(default=())
    syncs: tuple[SyncNews, ...] = ()
    jinja: Jinja = field(default=DIRECT, repr=False)

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """The versions of all templates, in order."""
        return tuple(cut for change in self.templates for cut in change.cuts)

    @property
    def is_bad(self) -> bool:
        """True when a person has to mend something that this very catalog brings: a bundle that cannot be registered,
        what is asked for and cannot be, what cannot be synced. What was so before is an older story."""
        asked = any(blocked.reason in BAD_REASONS and record.blocked is None for record, blocked in self.blocked)
        return asked or any(cut.record.is_failed for cut in self.cuts) or any(news.is_bad for news in self.syncs)

    @property
    def has_changes(self) -> bool:
        """True when applying this plan would do something."""
        return bool(self.cuts) or any(_is_driven(action) for action in self.actions)


def _is_driven(action: Action) -> bool:
    """False for what is only shown: what this version does not drive goes to no repository."""
    return action.open is None or action.open.deployment.target.is_repository
