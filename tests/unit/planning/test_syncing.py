"""Template sync as a pure value: what a repository may hold, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from reconciler.catalog.load import Catalog
from reconciler.errors import InputError, ReconcilerError, TryAgainError
from reconciler.model.keys import Key, Kind
from reconciler.model.trees import MODES, Entry, EntryKind, Tree
from reconciler.planning.servicesync import sync_catalog
from reconciler.planning.sources import NotAtHandError, SeenBranch
from reconciler.planning.syncing import Looking, Moment, sync_problems
from reconciler.records.book import RecordBook
from tests.support.catalogs import CATALOG, NET
from tests.support.memory import MemoryReader, memory_tree

KEY = Key(Kind.ENVIRONMENT_TEMPLATE, "net")
FILES = {
    **{path: text for path, text in CATALOG.items() if not path.startswith(NET)},
    "templates/net/template.yaml": "apiVersion: reconciler/v1\nkind: EnvironmentTemplate\nmetadata: {name: net}\n"
    "spec: {sync: {repository: infra}}\n",
}
BUNDLE = {path.removeprefix("templates/"): text for path, text in CATALOG.items() if path.startswith(NET)}


class Elsewhere:
    """Implements `Sources`: the branch `main` of every repository, or an error."""

    def __init__(self, tree: Tree | ReconcilerError) -> None:
        self.tree = tree
        self.asked: list[tuple[str, ...]] = []

    def look(self, repository: str, branches: Iterable[str]) -> Mapping[str, SeenBranch]:
        """See `Sources`."""
        self.asked.append(tuple(branches))
        if isinstance(self.tree, ReconcilerError):
            raise self.tree
        return {"main": SeenBranch("c1", self.tree)}


def synced(tree: Tree | ReconcilerError) -> Looking:
    catalog = Catalog(memory_tree(FILES))
    looking = Looking(catalog, Elsewhere(tree), Moment(RecordBook(None), "2024-05-01T09:00:00Z"))
    sync_catalog(looking, (KEY,), ())
    return looking


def nested(depth: int, twice: bool) -> Tree:
    """Trees within trees, with the same content twice in each when `twice`: exponentially many paths."""
    reader = MemoryReader()
    identity = reader.write({"a": "x"})
    for _ in range(depth):
        below = [Entry(name, EntryKind.TREE, identity, MODES[EntryKind.TREE]) for name in ("a", "b")[: 1 + twice]]
        identity = reader.write({entry.name: entry for entry in below})
    schema = {f"net/v1/{path}": text for path, text in (("schema/schema.yaml", "a: 1\n"),)}
    deep = Entry("deep", EntryKind.TREE, identity, MODES[EntryKind.TREE])
    return Tree(reader, reader.write({**schema, "net/v1/deep": deep}))


def test_what_is_found_becomes_part_of_the_catalog_under_the_name_of_its_place() -> None:
    looking = synced(memory_tree(BUNDLE))
    template = looking.catalog.templates()[KEY]
    assert [(major, path) for major, (path, _) in template.majors.items()] == [(1, "infra@main:net/v1")]
    assert str(template.revision) == "infra@main:net"
    assert looking.catalog.bundle(template, 1)[0] is not None
    assert not looking.synced.news, "its versions are cut first"


@pytest.mark.parametrize(("depth", "twice"), [(60, False), (30, True)])
def test_a_tree_that_is_made_to_exhaust_its_reader_is_refused(depth: int, twice: bool) -> None:
    looking = synced(nested(depth, twice))
    (news,) = looking.synced.news
    assert news.attempt.code == "BUNDLE_TOO_LARGE"
    assert not looking.catalog.templates()[KEY].majors


@pytest.mark.parametrize(
    ("error", "code", "is_bad"),
    [(TryAgainError("no route"), "SYNC_UNREACHABLE", False), (InputError("no entry"), "SYNC_MISSING", True)],
)
def test_what_cannot_be_looked_at_is_on_record_and_in_the_problems(
    error: ReconcilerError, code: str, is_bad: bool
) -> None:
    looking = synced(error)
    (news,) = looking.synced.news
    assert (news.attempt.code, news.is_bad, bool(looking.synced.unreachable)) == (code, is_bad, not is_bad)
    (problem,) = sync_problems(looking)
    assert (str(problem.position), problem.is_error) == ("templates/net/template.yaml:4:8", False)


def test_where_nobody_looks_nothing_is_known() -> None:
    looking = synced(NotAtHandError("it was never fetched"))
    assert (looking.synced.news, looking.book.sync(KEY), len(looking.synced.unseen)) == ([], None, 1)
