"""YAML with places: plain JSON values, and for each of them where it stands in the file.

Files in a catalog are hostile input (design rule 8). An alias is cheap to write and explodes when it is followed, so
the expanded size is bounded; so are the bytes and the depth. Keys are always text, as written: YAML 1.1 would make
`on` and `yes` booleans. Dates stay text for the same reason. Values follow YAML 1.1, as they did in Proton.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.constructor import SafeConstructor

from reconciler.model.documents import Json
from reconciler.model.problems import Position, Problem, Severity

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

# Where a value stands inside a document: keys and list indices from the top.
DataPath = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_VALUES = 50_000
MAX_DEPTH = 60
MAX_INTEGER = 1 << 64  # beyond this no engine keeps a number exactly, and Python takes seconds to print one

_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {_TAG + "str", _TAG + "timestamp", _TAG + "value"}


@dataclass(frozen=True)
class YamlFile:
    """A parsed file. `data` holds JSON values only; places are kept by path for values and for keys."""

    path: str
    data: Json
    values: Mapping[DataPath, tuple[int, int]] = field(default_factory=dict, repr=False)
    keys: Mapping[DataPath, tuple[int, int]] = field(default_factory=dict, repr=False)
    texts: Mapping[DataPath, str] = field(default_factory=dict, repr=False)

    def at(self, where: DataPath) -> Position:
        """The place of the value at a path, or of the nearest value around it that exists."""
        while where and where not in self.values:
            where = where[:-1]
        return Position(self.path, *self.values.get(where, (0, 0)))

    def key_at(self, where: DataPath) -> Position:
        """The place of the key at a path; for a list item, of the item."""
        return Position(self.path, *self.keys[where]) if where in self.keys else self.at(where)

    def text(self, where: DataPath) -> str | None:
        """The scalar at a path exactly as written (`1.20` stays `1.20`), or None when it is no scalar."""
        return self.texts.get(where)


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _refuse(path: str, mark: tuple[int, int], code: str, message: str, hint: str) -> _Refused:
    return _Refused(Problem(Position(path, *mark), code, message, hint))


def _too_large(path: str, mark: tuple[int, int]) -> _Refused:
    what = f"more than {MAX_VALUES} values or {MAX_DEPTH} levels once aliases are expanded"
    return _refuse(path, mark, "YAML_TOO_LARGE", what, "write the values out, or split the file")


class _Composer:
    """Nodes from libyaml's events. PyYAML's own composer overflows the C stack on deeply nested input."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.loader: Any = yaml.CSafeLoader(text)
        self.anchors: dict[str, Node] = {}

    def compose(self) -> Node | None:
        """The one document of the file, or None for an empty file."""
        try:
            self._next()  # the start of the stream
            if self.loader.check_event(yaml.StreamEndEvent):
                return None
            self._next()  # the start of the document
            node = self._node(0)
            self._next()  # the end of the document
            if not self.loader.check_event(yaml.StreamEndEvent):
                mark = _mark(self.loader.peek_event())
                raise _refuse(self.path, mark, "YAML_INVALID", "a second document starts here", "use one file each")
            return node
        finally:
            self.loader.dispose()

    def _next(self) -> Any:
        return self.loader.get_event()

    def _node(self, depth: int) -> Node:
        event: Any = self._next()
        if depth > MAX_DEPTH:
            raise _too_large(self.path, _mark(event))
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                what = f"the alias *{event.anchor} has no anchor before it"
                raise _refuse(self.path, _mark(event), "YAML_INVALID", what, "define the anchor, or write the value")
            return self.anchors[event.anchor]
        node: Node
        start: Any = event.start_mark
        if isinstance(event, yaml.ScalarEvent):
            tag = event.tag or self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            node = yaml.ScalarNode(tag, event.value, start, start)
            self._remember(event, node)
            return node
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            node = yaml.SequenceNode(event.tag or _TAG + "seq", items, start)
            self._remember(event, node)
            while not self.loader.check_event(yaml.SequenceEndEvent):
                items.append(self._node(depth + 1))
        else:
            pairs: list[tuple[Node, Node]] = []
            node = yaml.MappingNode(event.tag or _TAG + "map", pairs, start)
            self._remember(event, node)
            while not self.loader.check_event(yaml.MappingEndEvent):
                key = self._node(depth + 1)
                pairs.append((key, self._node(depth + 1)))
        self._next()
        return node

    def _remember(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = node


class _Builder:
    """Turns composed nodes into JSON values, remembering places; bounded in count and depth."""

    def __init__(self, path: str, duplicate_keys: Severity) -> None:
        self.path = path
        self.duplicate_keys = duplicate_keys
        self.problems: list[Problem] = []
        self.values: dict[DataPath, tuple[int, int]] = {}
        self.keys: dict[DataPath, tuple[int, int]] = {}
        self.texts: dict[DataPath, str] = {}
        self._scalars = SafeConstructor()

    def build(self, node: Node, where: DataPath) -> Json:
        """The JSON value of a node. Raises `_Refused` when a bound is exceeded or a tag is unknown."""
        self.values[where] = _mark(node)
        if len(self.values) > MAX_VALUES or len(where) > MAX_DEPTH:
            raise _too_large(self.path, _mark(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, where)
        assert isinstance(node, yaml.ScalarNode)
        self.texts[where] = node.value
        return self._scalar(node)

    def _mapping(self, node: MappingNode, where: DataPath) -> Json:
        if node.tag != _TAG + "map":
            raise self._refuse(node, "YAML_TAG", f"the tag {node.tag} has no meaning here", "remove the tag")
        result: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._refuse(key_node, "YAML_KEY", "a key must be plain text", "use a text key")
            if key_node.tag == _TAG + "merge":
                raise self._refuse(key_node, "YAML_MERGE", "merge keys (<<) are not supported", "write the keys out")
            key = key_node.value
            below = (*where, key)
            if key in result:
                line, column = _mark(key_node)
                self.problems.append(
                    Problem(
                        Position(self.path, line, column),
                        "YAML_DUPLICATE_KEY",
                        f'the key "{key}" stands twice in one mapping; the last one counts',
                        "remove one of them",
                        self.duplicate_keys,
                    )
                )
            self.keys[below] = _mark(key_node)
            result[key] = self.build(value_node, below)
        return result

    def _sequence(self, node: SequenceNode, where: DataPath) -> Json:
        if node.tag != _TAG + "seq":
            raise self._refuse(node, "YAML_TAG", f"the tag {node.tag} has no meaning here", "remove the tag")
        return [self.build(item, (*where, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: ScalarNode) -> Json:
        try:
            if node.tag in _TEXT_TAGS:
                return node.value
            if node.tag == _TAG + "null":
                return None
            if node.tag == _TAG + "bool":
                return self._scalars.construct_yaml_bool(node)
            if node.tag == _TAG + "int":
                whole = self._scalars.construct_yaml_int(node)
                if abs(whole) < MAX_INTEGER:
                    return whole
                raise self._refuse(node, "YAML_NUMBER", "the number is too large", "quote it")
            if node.tag == _TAG + "float":
                number = self._scalars.construct_yaml_float(node)
                if math.isfinite(number):
                    return number
                raise self._refuse(node, "YAML_NUMBER", f"{node.value} is not a finite number", "write a number")
        except (ValueError, OverflowError) as error:
            raise self._refuse(node, "YAML_NUMBER", f"{node.value!r} is not a number", "quote it") from error
        raise self._refuse(node, "YAML_TAG", f"the tag {node.tag} has no meaning here", "remove the tag")

    def _refuse(self, node: Node, code: str, message: str, hint: str) -> _Refused:
        return _refuse(self.path, _mark(node), code, message, hint)


def _mark(node_or_event: Any) -> tuple[int, int]:
    mark = node_or_event.start_mark
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)


def parse_yaml(
    path: str, data: bytes, *, duplicate_keys: Severity = Severity.ERROR
) -> tuple[YamlFile | None, tuple[Problem, ...]]:
    """The file and its problems. The file is None when nothing in it can be used; an empty file has `data` None."""
    if len(data) > MAX_BYTES:
        return None, (too_large(path, len(data)),)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = Problem(Position(path, line, 1), "YAML_ENCODING", "the file is not UTF-8", "save it as UTF-8")
        return None, (problem,)
    builder = _Builder(path, duplicate_keys)
    try:
        node = _Composer(path, text).compose()
        value = None if node is None else builder.build(node, ())
    except yaml.MarkedYAMLError as error:
        return None, (_syntax_problem(path, text, error),)
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0]
        return None, (Problem(Position(path, 1, 1), "YAML_INVALID", f"not valid YAML: {reason}", "correct the file"),)
    except _Refused as refused:
        return None, (*builder.problems, refused.problem)
    parsed = YamlFile(path, value, builder.values, builder.keys, builder.texts)
    return parsed, tuple(builder.problems)


def too_large(path: str, size: int, limit: int = MAX_BYTES) -> Problem:
    """The problem of a file that is refused for its size, in bytes, before it is read."""
    return Problem(Position(path), "FILE_TOO_LARGE", f"{size} bytes; the limit is {limit}", "split or shorten the file")


def _syntax_problem(path: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    what = error.problem or "syntax error"
    context = f" {error.context}" if error.context else ""
    lines = text.splitlines()
    has_tab = "\t" in (lines[line - 1] if line <= len(lines) else "")[: max(column, 1)]
    hint = "indent with spaces, not tabs" if has_tab else "check the indentation, quotes and colons around this line"
    return Problem(Position(path, line, column), "YAML_INVALID", f"not valid YAML: {what}{context}", hint)
