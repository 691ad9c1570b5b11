from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.catalog.load import Catalog
from reconciler.planning.scope import Scope, scope_of
from tests.support.catalogs import CATALOG, ENVIRONMENT, MAIL, NET
from tests.support.life import Life
from tests.support.memory import MemoryReader, memory_tree

DEV, SHOP, MAIL_DEV, PIPELINE = (
    "environment/dev",
    "service/shop/service-instance/shop-dev",
    "service/mail/service-instance/mail-dev",
    "service/shop/pipeline",
)


def settled() -> Life:
    life = Life(CATALOG)
    life.settle()
    return life


def scope(edits: Mapping[str, str | None], life: Life | None = None) -> Scope:
    """The scope of a pass after edits to a settled catalog."""
    life = life or settled()
    after = {path: text for path, text in {**CATALOG, **edits}.items() if text is not None}
    return scope_of(Catalog(memory_tree(after)), memory_tree(CATALOG), life.book())


@pytest.mark.parametrize(
    ("edits", "keys", "templates"),
    [
        ({}, set(), set()),
        ({"README.md": "x"}, set(), set()),
        ({"environments/dev/environment.yaml": ENVIRONMENT + "# x"}, {DEV}, set()),
        ({"services/mail/service.yaml": MAIL + "# x"}, {MAIL_DEV}, set()),
        ({"services/mail/service.yaml": None}, {MAIL_DEV}, set()),
        ({"services/shop/notes.md": "x"}, {SHOP, PIPELINE}, set()),
        ({f"{NET}/infrastructure/main.tf": "# x"}, set(), {"environment-template/net"}),
        ({"templates/README.md": "x"}, set(), set()),
        ({"environments/dev/environment.yaml": None}, {DEV}, set()),
    ],
)
def test_a_pass_looks_at_what_changed(edits: Mapping[str, str | None], keys: set[str], templates: set[str]) -> None:
    found = scope(edits)
    assert {str(key) for key in found.keys} == keys
    assert {str(key) for key in found.templates} == templates
    assert not found.everything


@pytest.mark.parametrize("path", ["reconciler.yaml", "repositories/infra.yaml"])
def test_settings_and_repositories_concern_everybody(path: str) -> None:
    found = scope({path: CATALOG[path] + "# x"})
    assert {str(key) for key in found.keys} == {DEV, SHOP, MAIL_DEV, PIPELINE}
    assert len(found.templates) == 3
    assert found.everything


def test_a_first_pass_looks_at_everything() -> None:
    found = scope_of(Catalog(memory_tree(CATALOG)), None, Life(CATALOG).book())
    assert {str(key) for key in found.keys} == {DEV, SHOP, MAIL_DEV, PIPELINE}
    assert found.everything


def test_what_is_not_settled_is_always_looked_at_and_its_file_is_checked() -> None:
    life = Life(CATALOG)
    life.apply()
    found = scope({"README.md": "x"}, life)
    assert {str(key) for key in found.keys} == {DEV, SHOP, MAIL_DEV, PIPELINE}
    assert found.services == {"shop", "mail"}


def test_who_runs_in_an_environment_that_went_is_checked() -> None:
    assert scope({"environments/dev/environment.yaml": None}).services == {"shop", "mail"}
    assert scope({"environments/dev/environment.yaml": ENVIRONMENT + "# x"}).services == frozenset()


def test_a_removed_environment_that_is_still_named_refuses_the_pass_also_before_its_first_success() -> None:
    for life in (Life(CATALOG), settled()):
        life.apply()
        del life.catalog["environments/dev/environment.yaml"]
        found = life.look()
        assert found.plan is None
        assert {problem.code for problem in found.problems} == {"ENVIRONMENT_MISSING"}


def test_work_grows_with_the_change_and_not_with_the_catalog() -> None:
    def blobs_read(count: int) -> int:
        files = dict(CATALOG)
        for number in range(count):
            name = f"m{number}"
            files[f"services/{name}/service.yaml"] = MAIL.replace("name: mail}", f"name: {name}}}")
        life = Life(files)
        life.settle()
        before, book = memory_tree(files), life.book()
        after = memory_tree({**files, "services/m0/service.yaml": files["services/m0/service.yaml"] + "# x"})
        found = scope_of(Catalog(after), before, book)
        assert len(found.keys) == 1
        assert isinstance(after.reader, MemoryReader)
        return after.reader.blobs_read

    assert blobs_read(2) == blobs_read(40)
