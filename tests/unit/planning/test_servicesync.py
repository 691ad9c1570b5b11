"""Service sync as a pure value: repositories are dictionaries, and whatever they hold, nothing gets lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.errors import TryAgainError
from reconciler.model.keys import instance_key
from reconciler.planning.servicesync import sync_catalog
from reconciler.planning.sources import SeenBranch
from reconciler.planning.syncing import Looking, Moment
from reconciler.records.book import RecordBook
from reconciler.records.layout import bundle_path
from tests.support.catalogs import CATALOG
from tests.support.memory import files_of_tree, memory_tree

NOW = "2024-05-01T09:00:00Z"
FILES = {
    **CATALOG,
    "repositories/app.yaml": "apiVersion: reconciler/v1\nkind: Repository\nmetadata: {name: app}\n"
    "spec: {provider: github, name: acme/app}\n",
    "services/app/service.yaml": "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: app}\n"
    'spec: {template: job, version: "1", sync: {repository: app, opsFile: ops.yaml}}\n',
}
OPS = "sync: {services: {app: {dev: {branch: main, spec: dev.yaml}, prod: {branch: main, spec: prod.yaml}}}}\n"
GOOD = {
    "ops.yaml": OPS,
    "dev.yaml": "proton: ServiceSpec\ninstances: [{name: dev, environment: dev, spec: {port: 1}}]\n",
    "prod.yaml": "proton: ServiceSpec\ninstances: [{name: prod, environment: dev, spec: {port: 2}}]\n",
}
DEV, PROD = instance_key("app", "dev"), instance_key("app", "prod")
BEGUN = "proton: ServiceSpec\npipeline: {}\ninstances: []\n"
TEXTS = st.sampled_from(
    [*GOOD.values(), "", "[", "a: 1\n", BEGUN, "sync: {services: {app: {}}}\n", OPS.replace("app:", "apq:")]
)


class App:
    """Implements `Sources`: one repository with one branch; None does not answer."""

    def __init__(self, files: Mapping[str, str] | None) -> None:
        self.files = files

    def look(self, repository: str, branches: Iterable[str]) -> Mapping[str, SeenBranch]:
        """See `Sources`."""
        if self.files is None:
            raise TryAgainError("app does not answer")
        return {"main": SeenBranch(f"{len(self.files):040x}", memory_tree(self.files))} if "main" in branches else {}


def sync(records: dict[str, bytes], files: Mapping[str, str] | None) -> tuple[Looking, dict[str, bytes]]:
    """One sync, and the records after it."""
    book = RecordBook(memory_tree(records))
    looking = Looking(Catalog(memory_tree(FILES)), App(files), Moment(book, NOW, "lineage"))
    sync_catalog(looking, (), ("app",))
    after = {path: data for path, data in records.items() if book.edits.get(path, b"") is not None}
    after |= {path: data for path, data in book.edits.items() if data is not None}
    for identity, tree in book.pins.items():
        after |= {f"{bundle_path(identity)}/{path}": data for path, data in files_of_tree(tree).items()}
    return looking, after


def names(looking: Looking) -> list[str]:
    service = looking.catalog.service("app")
    assert service is not None
    return [instance.name for instance in service.instances]


def test_instances_come_in_the_order_of_the_ops_file() -> None:
    looking, records = sync({}, GOOD)
    assert names(looking) == ["dev", "prod"]
    assert looking.synced.keys == {DEV, PROD}
    again, after = sync(records, GOOD)
    assert (names(again), again.synced.news, after) == (["dev", "prod"], [], records)


@settings(max_examples=60)
@given(st.none() | st.dictionaries(st.sampled_from(list(GOOD)), TEXTS))
def test_whatever_the_repository_holds_each_instance_is_used_or_blocked_and_the_catalog_stays_valid(
    files: dict[str, str] | None,
) -> None:
    _, records = sync({}, GOOD)
    looking, after = sync(records, files)
    check_everything(looking.catalog)
    assert not [problem for problem in looking.catalog.problems if problem.is_error]
    found = {instance_key("app", name) for name in names(looking)}
    assert looking.synced.blocked.keys().isdisjoint(found)
    nobody_deployed = {DEV, PROD} - found - looking.synced.blocked.keys()
    assert not [key for key in nobody_deployed if looking.book.sync(key)], "only what is nowhere is forgotten"
    settled, last = sync(after, files)
    assert (last, settled.synced.news) == (after, []), "the same again is no news"


@settings(max_examples=30)
@given(st.none() | st.dictionaries(st.sampled_from(["dev.yaml", "prod.yaml"]), TEXTS.filter(lambda text: text != OPS)))
def test_specs_that_are_lost_are_those_of_before(files: dict[str, str] | None) -> None:
    _, records = sync({}, GOOD)
    looking, _ = sync(records, files)
    assert names(looking) == ["dev", "prod"], "the ops file is gone, or nobody answers"
