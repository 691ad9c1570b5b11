"""Regular expressions from templates, matched in bounded time whatever their author wrote.

Python's own matcher backtracks, and a pattern such as `(a+)+$` makes it backtrack for years. So it is used only where
the ways through a pattern are few for the length at hand; else all ways are followed at once, one character after the
other, which takes pattern times text steps. Back-references cannot be matched that way and are refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

# The parse tree has no public name since 3.11 deprecated `sre_parse`; both spellings are one module.
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 4096
MAX_NESTING = 50
MAX_STATES = 20_000
MAX_WAYS = 300_000
MAX_STEPS = 500_000

_ONE_CHARACTER = {_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY}
_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
_LOOKS = {_constants.ASSERT, _constants.ASSERT_NOT}
_LENGTHS = (16, 64, 256, 1024, 4096, 16384, 65536, 1 << 20)


class PatternError(ValueError):
    """A pattern that cannot be used; the text says why."""


class TooCostly(Exception):
    """The work allowed for one question about a pattern is spent."""


@dataclass
class Fuel:
    """Work that is still allowed, in steps of the matcher. A count, not a clock: the same question, the same answer."""

    left: int = MAX_STEPS

    def burn(self, steps: int = 1) -> None:
        """Takes steps away. Raises `TooCostly` when none are left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly


@dataclass(frozen=True)
class Pattern:
    """A pattern that compiled. `trusted_length` is that of the longest text which Python's own matcher is given."""

    text: str
    trusted_length: int = field(repr=False)
    compiled: re.Pattern[str] = field(repr=False, compare=False)

    @cached_property
    def program(self) -> Program:
        """The states of this pattern. Raises `TooCostly` when there are more than `MAX_STATES`."""
        return Program(_parse(self.text))

    def found_in(self, value: str) -> bool:
        """Whether the pattern occurs anywhere in a text. Raises `TooCostly` when that takes too long to say."""
        if len(value) <= self.trusted_length:
            return self.compiled.search(value) is not None
        return self.program.found_in(value, Fuel())


_DIALECT = re.compile(
    r"""(?P<set> \[ \^? \]? (?: \\. | [^]\\] )* \] )   # brackets, in which nothing else is special
    | \(\?<(?P<name>[A-Za-z_]\w*)>
    | (?P<end> \\z )
    | \\.""",
    re.VERBOSE | re.DOTALL,
)
_HYPHEN = re.compile(r"(?<=\\[wWdDsS])-(?=[^]])|(?<=[^\\[])-(?=\\[wWdDsS])")


@lru_cache(maxsize=1024)
def parse_pattern(text: str) -> Pattern:
    """The pattern of a text. Raises `PatternError`."""
    if len(text) > MAX_PATTERN:
        raise PatternError(f"it has {len(text)} characters, and at most {MAX_PATTERN} are allowed")
    try:
        source = _DIALECT.sub(_in_python, text)
        tree = _parse(source)
        _check(tree, 0)
        trusted = max((n for n in _LENGTHS if _starts(tree, n) * _ways(tree, n) <= MAX_WAYS), default=-1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return Pattern(text, trusted, re.compile(source))
    except (re.error, OverflowError, ValueError) as error:
        raise PatternError(str(error)) from error
    except RecursionError as error:
        raise PatternError("it is nested too deeply") from error


def _in_python(match: re.Match[str]) -> str:
    """What other dialects take and Python does not: a hyphen beside a class such as `\\w` in brackets is a hyphen,
    `(?<name>` opens a named group, and `\\z` is the very end."""
    if match["name"]:
        return f"(?P<{match['name']}>"
    if match["end"]:
        return r"\Z"
    return _HYPHEN.sub(r"\\-", match["set"]) if match["set"] else match[0]


def _parse(text: str) -> Any:
    with warnings.catch_warnings():
        # `[[` and the like may change their meaning one day; today's meaning is the one that counts.
        warnings.simplefilter("ignore", FutureWarning)
        return _parser.parse(text)


def _check(items: Any, depth: int) -> None:
    if depth > MAX_NESTING:
        raise PatternError("it is nested too deeply")
    for op, argument in items:
        known = op in _ONE_CHARACTER or op in _REPEATS or op in _LOOKS
        if not (known or op in (_constants.BRANCH, _constants.SUBPATTERN, _constants.AT)):
            raise PatternError("it uses a back-reference, a condition, or an atomic or possessive group")
        for below in _bodies(op, argument):
            _check(below, depth + 1)


def _bodies(op: Any, argument: Any) -> Iterable[Any]:
    if op is _constants.BRANCH:
        return tuple(argument[1])
    if op is _constants.SUBPATTERN or op in _REPEATS or op in _LOOKS:
        return (argument[-1],)
    return ()


def _starts(tree: Any, length: int) -> int:
    """How many places a search has to start at: one when the pattern is tied to the start."""
    first = next(iter(tree), (None, None))
    return (
        1
        if first in ((_constants.AT, _constants.AT_BEGINNING), (_constants.AT, _constants.AT_BEGINNING_STRING))
        else length
    )


def _ways(items: Any, length: int) -> int:
    """An upper bound for the ways through a pattern in a text of some length, which bounds the backtracking."""
    total = 1
    for op, argument in items:
        below = [_ways(body, length) for body in _bodies(op, argument)]
        if op in _REPEATS:
            low, high, body = argument
            total *= _repeated(below[0], low, max(low, min(high, length)))
            # A body that may be empty goes round without reading, as often as it is told to.
            total *= max(low, 1) if body.getwidth()[0] == 0 else 1
        elif below:
            total *= sum(below)
        total = min(total, MAX_WAYS + 1)
    return total


def _repeated(ways: int, low: int, high: int) -> int:
    if ways == 1:
        return high - low + 1
    total, power = 0, ways ** min(low, 20)
    for _ in range(low, high + 1):
        total += power
        power *= ways
        if total > MAX_WAYS:
            break
    return total


@dataclass(frozen=True)
class Node:
    """One state. `ways` lead on without reading; `reads` is a one-character pattern; `place` must hold here; `look`
    must hold around here. The accepting state has none of these."""

    ways: tuple[int, ...] = ()
    reads: re.Pattern[str] | None = None
    place: re.Pattern[str] | None = None
    look: Look | None = None


@dataclass(frozen=True)
class Look:
    """A look around: its first state, its width when it looks back, and whether it must fail."""

    start: int
    width: int | None
    negated: bool


class Program:
    """The states of one pattern, and walks over them. State 0 accepts."""

    def __init__(self, tree: Any) -> None:
        self.nodes = [Node()]
        self.literals: dict[int, None] = {}
        self._pieces: dict[str, re.Pattern[str]] = {}
        self.start = self._sequence(tree, tree.state.flags, 0)

    def _add(self, node: Node) -> int:
        if len(self.nodes) >= MAX_STATES:
            raise TooCostly
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _sequence(self, items: Any, flags: int, after: int) -> int:
        for op, argument in reversed(list(items)):
            after = self._item(op, argument, flags, after)
        return after

    def _item(self, op: Any, argument: Any, flags: int, after: int) -> int:
        if op in _ONE_CHARACTER:
            self._remember(op, argument)
            return self._add(Node((after,), reads=self._piece(op, argument, flags)))
        if op is _constants.AT:
            return self._add(Node((after,), place=self._piece(op, argument, flags)))
        if op is _constants.BRANCH:
            return self._add(Node(tuple(self._sequence(body, flags, after) for body in argument[1])))
        if op is _constants.SUBPATTERN:
            return self._sequence(argument[3], (flags | argument[1]) & ~argument[2], after)
        if op in _REPEATS:
            low, high, body = argument
            return self._repeat(low, high, body, flags, after)
        direction, body = argument
        width = body.getwidth()[0] if direction < 0 else None
        look = Look(self._sequence(body, flags, 0), width, op is _constants.ASSERT_NOT)
        return self._add(Node((after,), look=look))

    def _repeat(self, low: int, high: int, body: Any, flags: int, after: int) -> int:
        start = after
        if high is _constants.MAXREPEAT:
            start = self._add(Node())
            self.nodes[start] = Node((self._sequence(body, flags, start), after))
        else:
            for _ in range(high - low):
                start = self._add(Node((self._sequence(body, flags, start), after)))
        for _ in range(low):
            before = self._sequence(body, flags, start)
            if before == start:
                break
            start = before
        return start

    def _piece(self, op: Any, argument: Any, flags: int) -> re.Pattern[str]:
        """One item of the pattern, compiled alone: classes, letter case and places mean just what they mean in `re`."""
        key = f"{flags} {op} {argument}"
        if key not in self._pieces:
            state = _parser.State()
            state.flags = flags
            self._pieces[key] = _compiler.compile(_parser.SubPattern(state, [(op, argument)]))
        return self._pieces[key]

    def _remember(self, op: Any, argument: Any) -> None:
        for kind, value in argument if op is _constants.IN else ((op, argument),):
            if kind in (_constants.LITERAL, _constants.NOT_LITERAL):
                self.literals[value] = None
            elif kind is _constants.RANGE:
                self.literals.update(dict.fromkeys(value))

    def reach(
        self, states: Iterable[int], text: str, at: int, fuel: Fuel, *, look: bool = True
    ) -> tuple[list[int], bool]:
        """The reading states reachable at a place without reading, and whether the accepting state is one of them.

        With `look` false, looks around are taken to hold.
        """
        todo, seen, reading, accepted = list(states), set[int](), list[int](), False
        while todo:
            index = todo.pop()
            if index in seen:
                continue
            fuel.burn()
            seen.add(index)
            node = self.nodes[index]
            if index == 0:
                accepted = True
            elif node.reads is not None:
                reading.append(index)
            elif (node.place is None or node.place.match(text, at)) and (
                node.look is None or not look or self._looks(node.look, text, at, fuel)
            ):
                todo.extend(node.ways)
        return reading, accepted

    def step(self, reading: Iterable[int], character: str) -> frozenset[int]:
        """The states after reading one character."""
        nodes = (self.nodes[index] for index in reading)
        return frozenset(node.ways[0] for node in nodes if node.reads is not None and node.reads.match(character))

    def found_in(self, text: str, fuel: Fuel) -> bool:
        """Whether the pattern occurs in a text. Raises `TooCostly`."""
        states: frozenset[int] = frozenset()
        for at in range(len(text) + 1):
            reading, accepted = self.reach((*states, self.start), text, at, fuel)
            if accepted:
                return True
            states = self.step(reading, text[at : at + 1]) if at < len(text) else states
        return False

    def _looks(self, look: Look, text: str, at: int, fuel: Fuel) -> bool:
        begin = at if look.width is None else at - look.width
        held = begin >= 0 and any(
            accepted if look.width is None else accepted and place == at
            for place, accepted in self._walk(look.start, text, begin, fuel)
        )
        return held != look.negated

    def _walk(self, start: int, text: str, begin: int, fuel: Fuel) -> Iterator[tuple[int, bool]]:
        states = frozenset({start})
        for at in range(begin, len(text) + 1):
            reading, accepted = self.reach(states, text, at, fuel)
            yield at, accepted
            states = self.step(reading, text[at : at + 1]) if at < len(text) else states
            if not states:
                return
