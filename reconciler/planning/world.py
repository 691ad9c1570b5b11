"""Everything that a plan is made from, with the few lookups that several planners need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.catalog.bundle import Bundle, read_bundle
from reconciler.catalog.entities import Component
from reconciler.catalog.load import Catalog
from reconciler.catalog.quotas import UNLIMITED
from reconciler.model.engines import Engine
from reconciler.model.keys import Key, Kind
from reconciler.model.problems import Problem
from reconciler.planning.observations import Observer
from reconciler.planning.synced import Synced
from reconciler.planning.syncing import Looking
from reconciler.records.book import RecordBook
from reconciler.records.record import Record
from reconciler.rendering.jinja import DirectJinja, Jinja

# In this process, unbounded and unchecked: whoever renders what is not theirs brings a jail.
DIRECT = DirectJinja(lambda _: None)
# What a pass of this version carries out; everything else is rendered and planned.
DRIVEN = frozenset({Engine.TERRAFORM})
Inspect = Callable[[Mapping[str, bytes]], tuple[Problem, ...]]


def no_inspection(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """Finds nothing."""
    return ()


@dataclass(frozen=True)
class Request:
    """Whose wish is carried out: the catalog commit and its author, the lineage of the records, and the time of this
    pass (RFC 3339, UTC). `retry` and `allow_deletes` are keys that a person named on the command line; `look_at` are
    keys to decide about whether or not anything changed."""

    catalog_commit: str
    author: str
    lineage: str
    now: str
    retry: frozenset[Key] = frozenset()
    look_at: frozenset[Key] = frozenset()
    allow_deletes: frozenset[Key] = frozenset()


@dataclass
class World:
    """Desired, recorded and observed. Bundles are read once each, however many resources follow them.

    `looking` is what was seen in repositories that templates and services are synced from; its book is this one.
    `inspect` says what Terraform makes of infrastructure files by path, which takes a process; `jinja` renders;
    `engines` are those that can be carried out, and `new_components` the keys of components whose files may say
    something else than what is recorded.
    """

    catalog: Catalog
    book: RecordBook
    observer: Observer
    request: Request
    jinja: Jinja = DIRECT
    inspect: Inspect = no_inspection
    engines: frozenset[Engine] = frozenset(Engine)
    new_components: frozenset[Key] = frozenset()
    looking: Looking | None = None
    _bundles: dict[tuple[str, Kind], Bundle | None] = field(default_factory=dict)

    @property
    def synced(self) -> Synced:
        """What came of syncing, as far as it is known."""
        return self.looking.synced if self.looking is not None else Synced()

    def pinned(self, tree: str, template_kind: Kind) -> Bundle | None:
        """The bundle that a version was cut from, or None when it cannot be read."""
        if (tree, template_kind) not in self._bundles:
            found = self.book.bundle(tree)
            bundle = read_bundle(found, f"bundles/{tree}", template_kind, UNLIMITED)[0] if found is not None else None
            self._bundles[tree, template_kind] = bundle
        return self._bundles[tree, template_kind]

    def components_of(self, instance: Key) -> list[Component]:
        """The components that the catalog attaches to an instance: no file is read but those of components that were
        attached to it before, and of those that changed."""
        keys = {key for key in self.book.users(instance) if key.kind is Kind.COMPONENT} | self.new_components
        found = (self.catalog.component(key.name) for key in keys)
        return [component for component in found if component is not None and component.instance == instance]

    def environment_major(self, record: Record) -> tuple[str, int] | None:
        """The template and major version that an environment is made of: what is in effect, else what is on its way."""
        deployment = record.effective or record.latest
        if deployment is None or deployment.version is None:
            return None
        return deployment.template, deployment.version.major
