from __future__ import annotations

from reconciler.automation.bundles import file_problems, syntax_problems
from reconciler.catalog.bundle import read_bundle
from reconciler.model.keys import Kind
from reconciler.planning.inspection import inspect_bundle
from tests.support.catalogs import CATALOG, NET
from tests.support.memory import memory_tree

MAIN = f"{NET}/infrastructure/main.tf"


def problems_of(main: str) -> list[tuple[str, str]]:
    tree = memory_tree({**CATALOG, MAIN: main}).subtree(NET)
    assert tree is not None
    bundle, _ = read_bundle(tree, NET, Kind.ENVIRONMENT_TEMPLATE)
    assert bundle is not None
    return [(str(problem.position), problem.code) for problem in inspect_bundle(syntax_problems, NET, bundle)]


def test_a_bundle_that_terraform_can_read_has_no_problem_however_it_is_formatted() -> None:
    assert problems_of("locals {\n      a = 1\n}\n") == []


def test_a_syntax_error_is_named_at_its_place_in_the_catalog() -> None:
    assert problems_of("locals {\n  a = \n}\n") == [(f"{MAIN}:2:1", "TEMPLATE_SYNTAX")]


def test_a_byte_order_mark_is_refused_with_and_without_terraform() -> None:
    assert problems_of("\ufefflocals {}\n") == [(f"{MAIN}:1:1", "TEMPLATE_SYNTAX")]
    found = file_problems({"a.tf": b"\xef\xbb\xbflocals {}\n", "b.tf": b"locals {"}, None)
    assert [(problem.position.path, problem.code) for problem in found] == [("a.tf", "TEMPLATE_SYNTAX")]
