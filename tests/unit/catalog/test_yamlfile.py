from __future__ import annotations

import time

import pytest

from reconciler.catalog import yamlfile
from reconciler.catalog.yamlfile import MAX_BYTES, MAX_DEPTH, MAX_VALUES, YamlFile, parse_yaml, too_large
from reconciler.model.problems import Position, Problem, Severity


def parsed(text: str) -> YamlFile:
    file, problems = parse_yaml("f.yaml", text.encode())
    assert problems == ()
    assert file is not None
    return file


def refused(text: str | bytes) -> Problem:
    file, problems = parse_yaml("f.yaml", text if isinstance(text, bytes) else text.encode())
    assert file is None
    assert len(problems) == 1
    assert problems[0].is_error
    assert problems[0].hint
    return problems[0]


def place(problem: Problem) -> tuple[int, int]:
    return problem.position.line, problem.position.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: 1.5", {"a": 1.5}),
        ("a: yes", {"a": True}),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: 2024-01-31", {"a": "2024-01-31"}),
        ('a: "1"', {"a": "1"}),
        ("on: {1: x, null: y}", {"on": {"1": "x", "null": "y"}}),
        ("- [a, {b: c}]", [["a", {"b": "c"}]]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: =", {"a": "="}),
        ("\ufeffa: é", {"a": "é"}),
        ("", None),
        ("# nothing\n", None),
        ("---\n", None),
    ],
)
def test_values_are_json_and_keys_are_text(text: str, value: object) -> None:
    assert parsed(text).data == value


def test_every_value_and_key_has_its_place() -> None:
    file = parsed("a:\n  - b: 1\n    c: [x, 'y z']\n")
    assert file.at(("a", 0, "b")) == Position("f.yaml", 2, 8)
    assert file.key_at(("a", 0, "c")) == Position("f.yaml", 3, 5)
    assert file.at(("a", 0, "c", 1)) == Position("f.yaml", 3, 12)
    assert file.key_at(("a", 0)) == file.at(("a", 0)) == Position("f.yaml", 2, 5)


def test_what_does_not_exist_has_the_place_of_what_is_around_it() -> None:
    file = parsed("a:\n  b: 1\n")
    assert file.at(("a", "b", "c", 3)) == file.at(("a", "b")) == Position("f.yaml", 2, 6)
    assert file.key_at(("a", "x")) == file.at(("a",)) == Position("f.yaml", 2, 3)
    assert parsed("").at(("a",)) == Position("f.yaml")


def test_a_scalar_is_kept_as_written() -> None:
    file = parsed("runtime: 1.20\nlist: []\n")
    assert file.data["runtime"] == 1.2
    assert file.text(("runtime",)) == "1.20"
    assert file.text(("list",)) is None


def test_a_tab_is_named_as_the_cause() -> None:
    problem = refused("a:\n\tb: 1\n")
    assert problem.code == "YAML_INVALID"
    assert problem.position.line == 2
    assert "not tabs" in problem.hint


def test_a_syntax_error_is_told_with_its_place() -> None:
    problem = refused("a: 1\nb: [1, 2\nc: 3\n")
    assert problem.code == "YAML_INVALID"
    assert problem.position.line == 3
    assert "tabs" not in problem.hint


def test_control_characters_are_no_yaml() -> None:
    assert refused("a: \x01").code == "YAML_INVALID"


def test_a_file_that_is_not_utf8_is_refused_at_its_line() -> None:
    problem = refused(b"a: 1\nb: \xff\n")
    assert (problem.code, problem.position.line) == ("YAML_ENCODING", 2)


def test_a_second_document_is_refused_where_it_starts() -> None:
    problem = refused("a: 1\n---\nb: 2\n")
    assert problem.code == "YAML_INVALID"
    assert place(problem) == (2, 1)


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("a: !secret x", "YAML_TAG", (1, 4)),
        ("a: !!python/object/apply:os.system [x]", "YAML_TAG", (1, 4)),
        ("a: !!set {x}", "YAML_TAG", (1, 4)),
        ("a: !!binary aGk=", "YAML_TAG", (1, 4)),
        ("? [1, 2]\n: x", "YAML_KEY", (1, 3)),
        ("a: &x {b: 1}\nc:\n  <<: *x", "YAML_MERGE", (3, 3)),
        ("a: .inf", "YAML_NUMBER", (1, 4)),
        ("a: .nan", "YAML_NUMBER", (1, 4)),
        ("a: !!int x", "YAML_NUMBER", (1, 4)),
        ("a: *x", "YAML_INVALID", (1, 4)),
    ],
)
def test_what_json_cannot_hold_is_refused(text: str, code: str, where: tuple[int, int]) -> None:
    problem = refused(text)
    assert (problem.code, place(problem)) == (code, where)


def test_a_duplicate_key_is_an_error_or_a_warning_and_the_last_one_counts() -> None:
    for severity in Severity:
        file, problems = parse_yaml("f.yaml", b"a: 1\nb: 2\na: 3\n", duplicate_keys=severity)
        assert file is not None
        assert file.data == {"a": 3, "b": 2}
        assert [(problem.code, place(problem), problem.severity) for problem in problems] == [
            ("YAML_DUPLICATE_KEY", (3, 1), severity)
        ]


def test_duplicate_keys_are_told_even_when_the_file_is_refused() -> None:
    file, problems = parse_yaml("f.yaml", b"a: 1\na: !x 2\n")
    assert file is None
    assert [problem.code for problem in problems] == ["YAML_DUPLICATE_KEY", "YAML_TAG"]


def test_an_alias_of_itself_is_refused() -> None:
    assert refused("a: &x [*x]").code == "YAML_TOO_LARGE"


def test_aliases_that_explode_are_refused_quickly() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 20)]
    started = time.monotonic()
    assert refused("\n".join(lines)).code == "YAML_TOO_LARGE"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_and_does_not_overflow(opening: str) -> None:
    assert refused(opening * 100_000).code in ("YAML_TOO_LARGE", "YAML_INVALID")


def test_depth_is_allowed_up_to_its_bound() -> None:
    assert parsed("[" * MAX_DEPTH + "]" * MAX_DEPTH).data is not None
    assert refused("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2)).code == "YAML_TOO_LARGE"


def test_values_are_allowed_up_to_their_bound() -> None:
    assert parsed("[" + "1," * (MAX_VALUES - 1) + "]").data == [1] * (MAX_VALUES - 1)
    assert refused("[" + "1," * MAX_VALUES + "]").code == "YAML_TOO_LARGE"


def test_bytes_are_allowed_up_to_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlfile, "MAX_BYTES", 10)
    assert parsed("a: 3456789").data == {"a": 3456789}
    assert refused("a: 34567890") == too_large("f.yaml", 11, MAX_BYTES)
