"""Edits of YAML files: the value is the one asked for, and every other byte is the one that was there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.yamledit import remove_value, set_value
from reconciler.catalog.yamlfile import DataPath, parse_yaml
from reconciler.catalog.yamltext import inline
from reconciler.errors import InputError

FILE = """\
# yaml-language-server: $schema=../../x.json
kind: Service   # ours
spec:
    pipeline: {inputs: {tag: 'a', list: [1, 2,]}, }
    instances:
    -   name: "shop-dev"
        inputs:
            # How many
            port: 8080    # not 80
            empty:
            text: |  # kept
                one

                two

            last: x
    - {name: b, flag, inputs: {}}
# the end
"""


def read(text: str) -> Any:
    file, problems = parse_yaml("f", text.encode())
    assert file is not None, problems
    return file.data


INPUTS: DataPath = ("spec", "instances", 0, "inputs")
# What stands in the file, and what stands there afterwards.
EDITS: dict[str, tuple[DataPath, Any, tuple[str, str]]] = {
    "a number": ((*INPUTS, "port"), 9090, ("port: 8080 ", "port: 9090 ")),
    "text that looks like a number": ((*INPUTS, "port"), "8081", (": 8080 ", ': "8081" ')),
    "single quotes are kept": (("spec", "pipeline", "inputs", "tag"), "it's", ("'a'", "'it''s'")),
    "double quotes are kept": (("spec", "instances", 0, "name"), "b c", ('"shop-dev"', '"b c"')),
    "quotes go with the text": (("spec", "instances", 0, "name"), 5, ('"shop-dev"', "5")),
    "an empty value": ((*INPUTS, "empty"), True, ("empty:", "empty: true")),
    "a key without a colon": (("spec", "instances", 1, "flag"), 1, ("flag", "flag: 1")),
    "a block of text": (
        (*INPUTS, "text"),
        "z",
        ("|  # kept\n                one\n\n                two\n", "z  # kept\n"),
    ),
    "an item of a list": (("spec", "pipeline", "inputs", "list", 1), 3, ("[1, 2,]", "[1, 3,]")),
    "a list in brackets": (("spec", "pipeline", "inputs", "list"), [], ("[1, 2,]", "[]")),
    "a new key in braces": (("spec", "pipeline", "inputs", "new"), "x y", ("2,]", "2,], new: x y")),
    "a first key in braces": (("spec", "instances", 1, "inputs", "a"), 1.5, ("inputs: {}", "inputs: {a: 1.5}")),
    "a new key in a block": ((*INPUTS, "new"), None, ("last: x\n", "last: x\n            new: null\n")),
    "what is missing on the way": (
        (*INPUTS, "size", "cpu"),
        "large",
        ("last: x\n", "last: x\n            size:\n              cpu: large\n"),
    ),
    "below nothing": ((*INPUTS, "empty", "cpu"), "large", ("empty:", "empty: {cpu: large}")),
    "a block, whose comments above stay": (
        INPUTS,
        {"a": [1]},
        (
            FILE[FILE.index("        inputs:\n") : FILE.index("    - {name: b")],
            "        inputs: {a: [1]}\n            # How many\n",
        ),
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_only_the_value_is_touched(name: str) -> None:
    where, value, (old, new) = EDITS[name]
    assert FILE.count(old) == 1
    assert set_value("f", FILE, where, value) == FILE.replace(old, new)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_stay(ending: str, start: str) -> None:
    text = start + FILE.replace("\n", ending)
    for where, value, _ in EDITS.values():
        new = set_value("f", text, where, value)
        assert new.startswith(start)
        assert new.count("\n") == new.count(ending)
        assert new.replace(ending, "\n").removeprefix(start) == set_value("f", FILE, where, value)


def test_a_file_without_a_last_line_break_gets_none() -> None:
    assert set_value("f", "a:\n  b: 1", ("a", "c"), 2) == "a:\n  b: 1\n  c: 2"
    assert set_value("f", "a: {b: 1}", ("a", "b"), 2) == "a: {b: 2}"


def test_the_same_value_changes_nothing_however_it_is_written() -> None:
    assert set_value("f", "a: 0x10  # hex\n", ("a",), 16) == "a: 0x10  # hex\n"
    assert set_value("f", "a: 1\n", ("a",), True) == "a: true\n"
    assert set_value("f", "a: 1\n", ("a",), 1.0) == "a: 1.0\n"


def test_of_keys_that_stand_twice_the_one_that_counts_is_changed() -> None:
    assert set_value("f", "a: 1\na: 2\n", ("a",), 3) == "a: 1\na: 3\n"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: &x {p: 1}\nb: *x\n", ("a", "p")),  # b would change, too
        ("a: &x {p: 1}\nb: *x\n", ("b", "p")),
        ("a: &x 1\nb: *x\n", ("a",)),
        ("a: text\n", ("a", "b")),
        ("a: [1]\n", ("a", 1)),
        ("a: [1]\n", ("a", "b")),
    ],
)
def test_what_cannot_be_changed_by_itself_is_refused(text: str, where: DataPath) -> None:
    with pytest.raises(InputError, match=r"^f: .*") as caught:
        set_value("f", text, where, 5)
    assert "by hand" in caught.value.hint


def test_an_alias_is_replaced_without_touching_its_anchor() -> None:
    assert set_value("f", "a: &x {p: 1}\nb: *x\n", ("b",), 5) == "a: &x {p: 1}\nb: 5\n"


def test_blank_lines_that_a_block_of_text_keeps_stay_its_own() -> None:
    text = "a: |+\n  x\n\nb: 1\n\nc: 2\n"
    assert set_value("f", text, ("b",), 5) == text.replace("1", "5")
    assert set_value("f", "m:\n  a: |+\n    x\n\n", ("m", "b"), 1) == "m:\n  a: |+\n    x\n\n  b: 1\n"
    with pytest.raises(InputError, match="cannot be changed"):  # the blank line below would become part of a
        remove_value("f", text, ("b",))


def test_a_broken_file_is_not_edited() -> None:
    with pytest.raises(InputError, match="YAML_INVALID"):
        set_value("f", "a: [\n", ("a",), 5)


REMOVALS: dict[str, tuple[DataPath, str]] = {
    "a line": ((*INPUTS, "port"), "            port: 8080    # not 80\n"),
    "a block of text": ((*INPUTS, "text"), "            text: |  # kept\n                one\n\n                two\n"),
    "the last line of a block": ((*INPUTS, "last"), "            last: x\n"),
    "the first key of an item": (("spec", "instances", 0, "name"), 'name: "shop-dev"\n        '),
    "the first key in braces": (("spec", "instances", 1, "name"), "name: b, "),
    "the last key in braces": (("spec", "instances", 1, "inputs"), ", inputs: {}"),
    "the first line": (("kind",), "kind: Service   # ours\n"),
}


@pytest.mark.parametrize("name", REMOVALS)
def test_a_key_is_removed_with_its_line_and_no_other(name: str) -> None:
    where, gone = REMOVALS[name]
    new = remove_value("f", FILE, where)
    assert FILE.count(gone) == 1
    assert new == FILE.replace(gone, "")


def test_the_first_line_of_a_file_can_be_removed() -> None:
    assert remove_value("f", "a: 1\nb: 2\n", ("a",)) == "b: 2\n"


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert remove_value("f", FILE, ("spec", "instances", 0, "inputs", "nope")) == FILE


def test_a_mapping_that_loses_its_only_key_is_empty_not_nothing() -> None:
    assert remove_value("f", "a:\n  b: 1\nc: 2\n", ("a", "b")) == "a: {}\nc: 2\n"
    assert remove_value("f", "a: { b: 1, }\n", ("a", "b")) == "a: {  }\n"


def test_what_an_alias_brings_is_not_removed() -> None:
    with pytest.raises(InputError, match="alias"):
        remove_value("f", "a: &x {p: 1}\nb: *x\n", ("b", "p"))


TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(["yes", "1.20", "0o7", "12:30", "n", "2024-01-31", "a: b", "#"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 10**12), st.floats(-1e30, 1e30), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3), max_leaves=6
)


@given(VALUES)
def test_a_value_on_one_line_reads_back_as_it_is(value: Any) -> None:
    text = inline(value)
    assert len(text.splitlines()) == 1
    for document in (f"a: {text}\n", f"[{text}]\n", f"{{a: {text}, b: 1}}\n"):
        found = read(document)
        found = found["a"] if isinstance(found, dict) else found[0]
        assert json.dumps(found) == json.dumps(value)


@dataclass
class Layout:
    """A document as somebody may have laid it out. Every scalar and comment is a token of its own."""

    draw: Any
    tokens: dict[DataPath, tuple[str, str]] = field(default_factory=dict)  # how it is written, and its quotes
    owners: dict[str, DataPath] = field(default_factory=dict)

    def choice(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def token(self, owner: DataPath) -> str:
        token = f"t{len(self.owners)}t"
        self.owners[token] = owner
        return token

    def comment(self, owner: DataPath) -> str:
        return f"  # {self.token(owner)}" if self.choice(False, True) else self.choice("", "  ")

    def scalar(self, where: DataPath) -> str:
        quote, token = self.choice("", "'", '"'), self.token(where)
        self.tokens[where] = (f"{quote}{token}{quote}", quote)
        return f"{quote}{token}{quote}"

    def flow(self, where: DataPath, depth: int) -> str:
        shape = self.choice("scalar", "map", "list") if depth else "scalar"
        if shape == "scalar":
            return self.scalar(where)
        size, space, comma = self.draw(st.integers(0, 2)), self.choice("", " "), self.choice(", ", ",\n       ", ",")
        if shape == "list":
            return f"[{space}{comma.join(self.flow((*where, index), depth - 1) for index in range(size))}{space}]"
        items = (f"k{index}: {self.flow((*where, f'k{index}'), depth - 1)}" for index in range(size))
        return f"{{{space}{comma.join(items)}{space}}}"

    def value(self, where: DataPath, indent: int, depth: int) -> list[str]:
        """Lines; the first one goes on behind a colon or a dash."""
        shape = self.choice("flow", "flow", "text", "map", "list") if depth else "flow"
        if shape == "flow":
            text = self.flow(where, min(depth, 2))
            return [f" {text}{self.comment(where)}"]
        if shape == "text":
            first, second = (f"{' ' * indent}{self.token(where)}" for _ in range(2))
            return [
                f" {self.choice('|', '>-', '|-', '>')}{self.comment(where)}",
                first,
                "",
                second,
                *self.choice([], [""]),
            ]
        return [self.comment(where), *self.block(where, indent, depth - 1, shape)]

    def block(self, where: DataPath, indent: int, depth: int, shape: str) -> list[str]:
        lines = []
        for index in range(self.draw(st.integers(1, 3))):
            part: str | int = f"k{index}" if shape == "map" else index
            lines += [f"{' ' * indent}# {self.token(where)}"] if self.choice(False, True) else self.choice([], [""])
            head = f"{' ' * indent}{part}:" if shape == "map" else f"{' ' * indent}-"
            first, *rest = self.value((*where, part), indent + self.choice(2, 4), depth)
            lines += [head + first, *rest]
        return lines


def paths(data: Any, where: DataPath = ()) -> list[DataPath]:
    found: list[DataPath] = [where] if where else []
    if isinstance(data, dict | list):
        items = data.items() if isinstance(data, dict) else enumerate(data)
        found += [path for part, item in items for path in paths(item, (*where, part))]
    return found


@st.composite
def documents(draw: Any) -> tuple[str, Layout]:
    layout = Layout(draw)
    lines = layout.block((), 0, 3, "map")
    return layout.choice("\n", "\r\n").join([*lines, *layout.choice([""], ["# end", ""])]), layout


def placed(data: Any, where: DataPath, value: Any) -> Any:
    """A copy of plain data with one value in another place, put there the simplest way."""
    result = json.loads(json.dumps(data))
    node = result
    for part in where[:-1]:
        node = node[part]
    node[where[-1]] = value
    return result


@given(documents(), st.data(), VALUES)
def test_after_set_the_document_says_what_it_said_with_one_value_changed(
    document: tuple[str, Layout], data: st.DataObject, value: Any
) -> None:
    text, layout = document
    where = data.draw(st.sampled_from(paths(read(text))))
    new = set_value("f", text, where, value)
    assert json.dumps(read(new)) == json.dumps(placed(read(text), where, value))
    if where in layout.tokens:
        token, quote = layout.tokens[where]
        assert text.count(token) == 1
        assert new == text.replace(token, inline(value, quote if isinstance(value, str) else ""))
    inside = [token for token, owner in layout.owners.items() if owner[: len(where)] == where]
    assert all(token in new for token in layout.owners if token not in inside)


def node_at(data: Any, where: DataPath) -> Any:
    for part in where:
        data = data[part]
    return data


@given(documents(), st.data(), VALUES)
def test_what_is_added_is_added_and_all_else_stays(
    document: tuple[str, Layout], data: st.DataObject, value: Any
) -> None:
    text, _ = document
    mappings = [(), *(path for path in paths(read(text)) if isinstance(node_at(read(text), path), dict))]
    where = (*data.draw(st.sampled_from(mappings)), "added")
    new = set_value("f", text, where, value)
    assert json.dumps(read(new)) == json.dumps(placed(read(text), where, value))
    assert remove_value("f", new, where) == text


@given(documents(), st.data())
def test_what_is_removed_takes_nothing_else_along(document: tuple[str, Layout], data: st.DataObject) -> None:
    text, layout = document
    where = data.draw(st.sampled_from([path for path in paths(read(text)) if isinstance(path[-1], str)]))
    new = remove_value("f", text, where)
    wanted = json.loads(json.dumps(read(text)))
    del node_at(wanted, where[:-1])[where[-1]]
    assert json.dumps(read(new)) == json.dumps(wanted)
    assert all(token in new for token, owner in layout.owners.items() if owner[: len(where)] != where)
