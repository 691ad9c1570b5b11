"""Changing one value of a YAML file, and no other byte of it: comments, order, quotes and line ends stay.

The text is cut at the marks of the parser. What comes out is read again: it says what the file said before, with that
one value changed, or the change is refused. So a value that cannot be cut out cleanly (an anchor that others use, a
part of an alias) is never half-changed.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import yaml

from reconciler.catalog.violations import dotted
from reconciler.catalog.yamlfile import DataPath, YamlFile, parse_yaml
from reconciler.catalog.yamltext import inline
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.problems import Severity

_BREAK = re.compile(r"\r\n|\n|\r|\Z")
_BLANK = " \t\r\n"
_NOTHING = ("", "~", "null", "Null", "NULL")
_STEP = 2
_BOM = "\ufeff"

_Edit = tuple[int, int, str]  # from, to, and what comes there


def set_value(path: str, text: str, where: DataPath, value: Json) -> str:
    """The text of a file with the value at `where` set. What is missing on the way is made.

    Raises `InputError`, naming `path`, when that cannot be done without changing anything else.
    """
    before = _parsed(path, text)
    edits = _Cutter(path, text).setting(where, value)
    changed = _with(before.data, where, value)
    return text if _same(changed, before.data) else _checked(path, text, where, edits, changed)


def remove_value(path: str, text: str, where: DataPath) -> str:
    """The text of a file without the key at `where`; the same text when it has none. Raises as `set_value`."""
    before = _parsed(path, text)
    changed = _without(before.data, where)
    if _same(changed, before.data):
        return text
    return _checked(path, text, where, _Cutter(path, text).removing(where), changed)


def _parsed(path: str, text: str) -> YamlFile:
    file, problems = parse_yaml(path, text.encode(), duplicate_keys=Severity.WARNING)
    if file is None:
        raise InputError(str(problems[-1]), hint="correct the file first")
    return file


def _checked(path: str, text: str, where: DataPath, edits: list[_Edit], wanted: Json) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    file, _ = parse_yaml(path, text.encode(), duplicate_keys=Severity.WARNING)
    if file is None or not _same(file.data, wanted):
        raise _by_hand(path, where, "cannot be changed without changing something else, such as what an anchor serves")
    return text


def _by_hand(path: str, where: DataPath, what: str) -> InputError:
    return InputError(f"{path}: {dotted(where)} {what}", hint="change the file by hand")


def _same(one: Json, other: Json) -> bool:
    """Equal in types and in order, too: 1 is neither 1.0 nor true."""
    return json.dumps(one) == json.dumps(other)


def _with(data: Json, where: DataPath, value: Json) -> Json:
    if not where:
        return value
    head, *rest = where
    if isinstance(data, list):
        return [_with(item, tuple(rest), value) if i == head else copy.deepcopy(item) for i, item in enumerate(data)]
    below = data if isinstance(data, dict) else {}
    return {**copy.deepcopy(below), head: _with(below.get(head), tuple(rest), value)}


def _without(data: Json, where: DataPath) -> Json:
    if not where:
        return data
    head, *rest = where
    if isinstance(data, dict) and head in data:
        kept = {key: _without(item, tuple(rest)) if key == head else item for key, item in data.items()}
        return kept if rest else {key: item for key, item in data.items() if key != head}
    if isinstance(data, list):
        return [_without(item, tuple(rest)) if index == head else item for index, item in enumerate(data)]
    return data


class _Form(Enum):
    SCALAR = auto()  # in one piece: plain, quoted, or empty
    TEXT = auto()  # a block scalar, `|` or `>`
    ALIAS = auto()
    BLOCK = auto()  # a mapping or list by indentation
    FLOW = auto()  # a mapping or list in brackets


@dataclass(frozen=True)
class _Node:
    """A node and the span of its text; of a block, up to the end of what is last in it. `value` is a scalar's text, and
    `pairs` are the children, whose keys are None in a list."""

    form: _Form
    start: int
    end: int
    value: str = ""
    quote: str = ""
    is_mapping: bool = False
    pairs: tuple[tuple[_Node | None, _Node], ...] = ()

    def child(self, part: str | int) -> tuple[_Node | None, _Node] | None:
        """The key and value at a part of a path; of equal keys the last one, which counts."""
        if self.is_mapping:
            return next((pair for pair in reversed(self.pairs) if pair[0] and pair[0].value == part), None)
        return self.pairs[part] if isinstance(part, int) and part < len(self.pairs) else None


class _Reader:
    """Nodes with their spans, from a text that was parsed before, so that its depth is bounded."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.shift = len(_BOM) if text.startswith(_BOM) else 0
        self.events: Iterator[Any] = yaml.parse(text[self.shift :], Loader=yaml.CSafeLoader)

    def root(self) -> _Node:
        """The node of the document."""
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                break
        return self.node(next(self.events))

    def node(self, event: Any) -> _Node:
        """The node that begins with an event."""
        start, end = self.span(event)
        if isinstance(event, yaml.AliasEvent):
            return _Node(_Form.ALIAS, start, end)
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            if style in ("|", ">"):
                return _Node(_Form.TEXT, start, self.text_end(start, end), event.value)
            return _Node(_Form.SCALAR, start, end, event.value, style)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        pairs: list[tuple[_Node | None, _Node]] = []
        while not isinstance(below := next(self.events), yaml.CollectionEndEvent):
            key = self.node(below) if is_mapping else None
            pairs.append((key, self.node(next(self.events) if is_mapping else below)))
        if event.flow_style:
            return _Node(_Form.FLOW, start, self.span(below)[1], "", "", is_mapping, tuple(pairs))
        return _Node(_Form.BLOCK, start, pairs[-1][1].end, "", "", is_mapping, tuple(pairs))

    def span(self, event: Any) -> tuple[int, int]:
        """Where the text of an event starts and ends."""
        return event.start_mark.index + self.shift, event.end_mark.index + self.shift

    def text_end(self, start: int, end: int) -> int:
        """Where the last line of a block scalar ends; blank lines after it count only when they are kept (`+`)."""
        span = self.text[start:end]
        if "+" in span.splitlines()[0].split("#")[0]:
            return start + len(re.sub(r"(\r\n|\n|\r)\Z", "", span))
        return start + len(span.rstrip(_BLANK))


class _Cutter:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.root = _Reader(text).root()

    def setting(self, where: DataPath, value: Json) -> list[_Edit]:
        """The edits that set a value."""
        key: _Node | None = None
        node = self.root
        for depth, part in enumerate(where):
            found = node.child(part)
            if found is None:
                return self.insertion(where, depth, key, node, value)
            key, node = found
        return self.replacement(key, node, inline(value, node.quote if isinstance(value, str) else ""))

    def insertion(self, where: DataPath, depth: int, key: _Node | None, parent: _Node, value: Json) -> list[_Edit]:
        """The edits that add what is missing from `depth` on."""
        names = where[depth:]
        if any(isinstance(name, int) for name in names):
            raise _by_hand(self.path, where[: depth + 1], "is not there: to make a list longer, give all of it")
        if parent.is_mapping and parent.form is _Form.BLOCK and parent.pairs[0][0] is not None:
            return [self.lines(parent, tuple(map(str, names)), value)]
        for name in reversed(names[1:]):
            value = {name: value}
        entry = f"{inline(names[0])}: {inline(value)}"
        if parent.is_mapping:
            at = parent.pairs[-1][1].end if parent.pairs else parent.end - 1
            return [(at, at, f", {entry}" if parent.pairs else entry)]
        if parent.form is _Form.SCALAR and not parent.quote and parent.value in _NOTHING:
            return self.replacement(key, parent, "{" + entry + "}")
        raise _by_hand(self.path, where[:depth], "is no mapping that could be added to")

    def lines(self, parent: _Node, names: tuple[str, ...], value: Json) -> _Edit:
        """New lines below the last ones of a block mapping, in its indentation."""
        first = parent.pairs[0][0]
        assert first is not None
        indent = first.start - self.line_start(first.start)
        at = self.line_end(parent.end)
        entry = ""
        for level, name in enumerate(names):
            entry += f"{self.line_break(at)}{' ' * (indent + level * _STEP)}{inline(name)}:"
        return at, at, f"{entry} {inline(value)}"

    def replacement(self, key: _Node | None, node: _Node, new: str) -> list[_Edit]:
        """The edits that put a text in the place of a node."""
        if node.form is _Form.TEXT:
            header = re.compile(r"[^#\r\n]*[|>][-+0-9]*").match(self.text, node.start)
            assert header is not None
            return [(node.start, header.end(), new), (self.line_end(header.end()), node.end, "")]
        begins = self.line_start(node.start)
        if node.form is _Form.BLOCK and key is not None and not self.text[begins : node.start].strip():
            colon = self.text.index(":", key.end) + 1
            return [(colon, colon, f" {new}"), (self.previous_end(begins), self.line_end(node.end), "")]
        if node.start == node.end:
            return [(node.start, node.start, self.gap(key, node) + new)]
        return [(node.start, node.end, new)]

    def gap(self, key: _Node | None, node: _Node) -> str:
        """What has to stand between a key, or a dash, and a value where there was none."""
        if key is not None and ":" not in self.text[key.end : node.start]:
            return ": "
        return "" if self.text[node.start - 1].isspace() else " "

    def removing(self, where: DataPath) -> list[_Edit]:
        """The edits that remove a key which is there."""
        parent_key, parent = None, self.root
        for part in where[:-1]:
            found = parent.child(part)
            if found is None:
                raise _by_hand(self.path, where, "is part of an alias")
            parent_key, parent = found
        index = next((i for i, pair in enumerate(parent.pairs) if pair[0] and pair[0].value == where[-1]), None)
        if index is None or not parent.is_mapping:
            raise _by_hand(self.path, where, "is part of an alias, or no key")
        key, value = parent.pairs[index]
        assert key is not None
        if len(parent.pairs) == 1 and parent.form is _Form.BLOCK:
            return self.replacement(parent_key, parent, "{}")
        if len(parent.pairs) == 1:
            comma = re.compile(r"\s*,").match(self.text, max(value.end, key.end))
            return [(key.start, comma.end() if comma is not None else max(value.end, key.end), "")]
        following = parent.pairs[index + 1][0] if index + 1 < len(parent.pairs) else None
        begins = self.line_start(key.start)
        if parent.form is _Form.BLOCK and not self.text[begins : key.start].strip():
            return [(self.previous_end(begins), self.line_end(value.end), "")] if begins else [self.first_lines(value)]
        if following is not None:
            return [(key.start, following.start, "")]
        return [(parent.pairs[index - 1][1].end, max(value.end, key.end), "")]

    def first_lines(self, value: _Node) -> _Edit:
        end = _BREAK.search(self.text, value.end)
        assert end is not None
        return (0, end.end(), "")

    def line_start(self, at: int) -> int:
        """Where the line of a place begins."""
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def line_end(self, at: int) -> int:
        """Where the line of a place ends, before its line break."""
        found = _BREAK.search(self.text, at)
        assert found is not None
        return found.start()

    def previous_end(self, line_start: int) -> int:
        """Where the line before one ends."""
        broken = self.text[:line_start]
        return line_start - (2 if broken.endswith("\r\n") else 1)

    def line_break(self, at: int) -> str:
        """The line break at the end of a line; on the last line, the one that the file uses."""
        for found in (_BREAK.match(self.text, at), _BREAK.search(self.text)):
            if found is not None and found[0]:
                return found[0]
        return "\n"
