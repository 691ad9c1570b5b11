from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.opsfile import OpsFile, read_ops
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.model.keys import Key, instance_key
from reconciler.model.problems import Problem

PATH = "apps@main:proton-ops.yaml"
ONE = "sync:\n  services:\n    shop:\n      dev:\n"
TWO_LINES = "        branch: dev\n        spec: ./shop/dev.yaml\n"
DEV = instance_key("shop", "dev")


def read(text: str) -> tuple[OpsFile | None, tuple[Problem, ...]]:
    file, problems = parse_yaml(PATH, text.encode())
    assert file is not None
    ops, more = read_ops(file)
    for problem in more:
        assert problem.hint
        assert not problem.hint.endswith(".")
    return ops, (*problems, *more)


def good(text: str) -> OpsFile:
    ops, problems = read(text)
    assert ops is not None
    assert problems == ()
    return ops


def said(text: str) -> list[str]:
    return [str(problem).removeprefix(f"{PATH}:") for problem in read(text)[1]]


def lists(ops: OpsFile, key: Key) -> bool:
    """Whether an instance is listed, usable or not."""
    return key in ops.faults or any(item.key == key for item in ops.services.get(key.service, ()))


def test_instances_are_read_in_the_order_in_which_they_are_written() -> None:
    ops = good(
        """
sync:
  services:
    shop:
      prod: {branch: prod, spec: ./shop/prod.yaml}
      alpha: {branch: dev, spec: shop/alpha.yaml}
    mail:
      dev: {branch: feature/mail, spec: /mail.yaml}
"""
    )
    assert list(ops.services) == ["shop", "mail"]
    assert [(str(item.key), item.branch, item.spec) for below in ops.services.values() for item in below] == [
        ("service/shop/service-instance/prod", "prod", "shop/prod.yaml"),
        ("service/shop/service-instance/alpha", "dev", "shop/alpha.yaml"),
        ("service/mail/service-instance/dev", "feature/mail", "mail.yaml"),
    ]
    assert lists(ops, instance_key("mail", "dev"))
    assert not lists(ops, instance_key("mail", "prod"))
    assert not lists(ops, instance_key("queue", "dev"))


def test_an_instance_says_where_its_branch_and_spec_stand() -> None:
    item = good(ONE + TWO_LINES).services["shop"][0]
    assert (str(item.branch_at), str(item.spec_at)) == (f"{PATH}:5:17", f"{PATH}:6:15")


def test_a_branch_that_looks_like_a_number_is_the_text_as_written() -> None:
    ops = good(ONE + "        branch: 1.20\n        spec: 007\n")
    assert (ops.services["shop"][0].branch, ops.services["shop"][0].spec) == ("1.20", "007")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ' [KEY_MISSING] the ops file lacks the key "sync"'),
        ("[]", '1:1: [KEY_MISSING] the ops file lacks the key "sync"'),
        ("sync:\n", '1:6: [KEY_MISSING] the ops file lacks the key "services"'),
        ("sync: {services: }\n", "1:8: [VALUE_INVALID] no services are listed"),
        ("sync: {services: {}}\n", "1:8: [VALUE_INVALID] no services are listed"),
        ("sync: {services: [shop]}\n", "1:8: [VALUE_INVALID] services must be a mapping"),
    ],
)
def test_a_file_without_services_is_no_ops_file(text: str, problem: str) -> None:
    ops, _ = read(text)
    assert ops is None
    (line,) = said(text)
    assert line.startswith(problem)
    assert "(write sync: services:" in line


def test_unknown_keys_are_warnings_that_name_what_was_meant() -> None:
    assert said("syncs:\n  services: {}\n") == [
        '1:1: warning: [KEY_UNKNOWN] unknown key "syncs" (did you mean "sync"?)',
        '1:1: [KEY_MISSING] the ops file lacks the key "sync"'
        " (write sync: services: <service>: <instance>: with branch: and spec: below)",
    ]
    ops, problems = read(ONE + TWO_LINES + "        order: 1\n")
    assert ops is not None
    assert len(ops.services["shop"]) == 1
    assert [str(problem) for problem in problems] == [
        f'{PATH}:7:9: warning: [KEY_UNKNOWN] unknown key "order" (remove it)'
    ]


def test_a_misspelt_key_fails_its_instance_and_no_other() -> None:
    ops, problems = read(ONE + "        brnach: dev\n        spec: a.yaml\n      prod: {branch: main, spec: a.yaml}\n")
    assert ops is not None
    assert [item.key.name for item in ops.services["shop"]] == ["prod"]
    assert [problem.code for problem in problems] == ["KEY_UNKNOWN", "KEY_MISSING"]
    assert 'did you mean "branch"?' in problems[0].hint
    assert ops.faults == {DEV: (problems[1],)}
    assert lists(ops, DEV)


@pytest.mark.parametrize(
    ("lines", "where", "words"),
    [
        ("        branch: dev\n", "4:7", 'dev lacks the key "spec"'),
        ("        branch:\n        spec: a\n", "4:7", 'dev lacks the key "branch"'),
        ("        branch: [a]\n        spec: a\n", "5:17", "branch must be text"),
        ("        branch: ''\n        spec: a\n", "5:17", "branch must be text"),
        ("        branch: dev\n        spec: {a: b}\n", "6:15", "spec must be text"),
        ("        branch: dev\n        spec: ../a.yaml\n", "6:15", "leads to no file in the repository"),
        ("        branch: dev\n        spec: ./\n", "6:15", "leads to no file in the repository"),
        ("        branch: a b\n        spec: a\n", "5:17", "is not a branch"),
        ("        - branch\n", "4:7", "dev must be a mapping"),
    ],
)
def test_what_is_wrong_with_an_instance_is_said_at_its_place(lines: str, where: str, words: str) -> None:
    ops, problems = read(ONE + lines)
    assert ops is not None
    assert ops.services == {"shop": ()}
    assert ops.faults == {DEV: problems}
    assert any(str(problem).startswith(f"{PATH}:{where}: [") and words in problem.message for problem in problems)


@pytest.mark.parametrize(
    "branch",
    ["-a", "/a", "a/", ".a", "a..b", "a//b", "a@{1}", "a:b", "+a*", "a~1", "a^", "a?", "a[", "a\\b", "x" * 201],
)
def test_what_git_takes_for_no_branch_is_none(branch: str) -> None:
    ops, _ = read(ONE + f"        branch: '{branch}'\n        spec: a\n")
    assert ops is not None
    assert list(ops.faults) == [DEV]


def test_names_are_checked_and_differ_in_more_than_case() -> None:
    ops, problems = read(
        "sync: {services: {a b: {x: {}}, shop: {Dev: {branch: b, spec: s}, dev: {branch: b, spec: s}}}}"
    )
    assert ops is not None
    assert [(problem.code, problem.position.column) for problem in problems] == [
        ("NAME_INVALID", 19),
        ("NAME_TAKEN", 67),
    ]
    assert [item.key.name for item in ops.services["shop"]] == ["Dev"]


def test_an_instance_that_is_listed_twice_is_an_error() -> None:
    _, problems = read(ONE + TWO_LINES + "      dev:\n" + TWO_LINES)
    assert [(problem.code, problem.position.line) for problem in problems] == [("YAML_DUPLICATE_KEY", 7)]
    assert problems[0].is_error


def test_a_service_without_instances_is_said_and_stops_no_other() -> None:
    ops, problems = read("sync:\n  services:\n    mail:\n    shop: {dev: {branch: b, spec: s}}\n")
    assert ops is not None
    assert list(ops.services) == ["mail", "shop"]
    assert [(problem.position.line, problem.message) for problem in problems] == [
        (3, "service mail lists no instances")
    ]


JSON = st.recursive(
    st.sampled_from(["null", "1", "text", "../x", "''"]),
    lambda below: st.one_of(
        st.lists(below, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(["sync", "services", "shop", "dev", "branch", "spec", "a b"]), below).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_file_is_read_or_refused_and_what_is_read_is_usable(text: str) -> None:
    ops, problems = read(text)
    assert ops is not None or problems
    for items in ops.services.values() if ops is not None else ():
        assert all(item.branch and item.spec and ".." not in item.spec for item in items)
