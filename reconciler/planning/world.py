"""Everything that a plan is made from, with the few lookups that several planners need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.catalog.bundle import Bundle, read_bundle
from reconciler.catalog.load import Catalog
from reconciler.model.keys import Key, Kind
from reconciler.model.problems import Problem
from reconciler.planning.observations import Observer
from reconciler.records.book import RecordBook
from reconciler.records.record import Record

Inspect = Callable[[str, Bundle], tuple[Problem, ...]]


def no_inspection(path: str, bundle: Bundle) -> tuple[Problem, ...]:
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
    """Desired, recorded and observed. Bundles are read once each, however many resources follow them. `inspect` says
    what else, at a path, stands between a new bundle and its registration: Terraform's own judgement, which takes a
    process."""

    catalog: Catalog
    book: RecordBook
    observer: Observer
    request: Request
    inspect: Inspect = no_inspection
    _bundles: dict[tuple[str, Kind], Bundle | None] = field(default_factory=dict)

    def pinned(self, tree: str, template_kind: Kind) -> Bundle | None:
        """The bundle that a version was cut from, or None when it cannot be read."""
        if (tree, template_kind) not in self._bundles:
            found = self.book.bundle(tree)
            bundle = read_bundle(found, f"bundles/{tree}", template_kind)[0] if found is not None else None
            self._bundles[tree, template_kind] = bundle
        return self._bundles[tree, template_kind]

    def environment_major(self, record: Record) -> tuple[str, int] | None:
        """The template and major version that an environment is made of: what is in effect, else what is on its way."""
        deployment = record.effective or record.latest
        return (deployment.template, deployment.version.major) if deployment is not None else None
