"""Texts that one pattern finds and another does not: shortest first, in a fixed order, within a bounded search.

Both patterns are followed at once, character by character, over the few characters that can make a difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.catalog.patterns import Fuel, Pattern, Program, TooCostly

MAX_CHARACTERS = 40
_USUAL = "a0A-_ ./:b1"


@dataclass(frozen=True)
class _Place:
    """Where a search in one pattern has come to; `done` when the pattern was found."""

    program: Program
    states: frozenset[int] = frozenset()
    done: bool = False

    def after(self, text: str, fuel: Fuel) -> _Place:
        """The place once the last character of a text is read too."""
        if self.done:
            return self
        start = (*self.states, self.program.start)
        reading, found = self.program.reach(start, text, len(text) - 1, fuel, look=False)
        if found:
            return _Place(self.program, done=True)
        return _Place(self.program, self.program.step(reading, text[-1]))

    def found(self, text: str, fuel: Fuel) -> bool:
        """Whether the pattern is found when the text ends here."""
        if self.done:
            return True
        return self.program.reach((*self.states, self.program.start), text, len(text), fuel, look=False)[1]


def strings(inside: Pattern | None, outside: Pattern | None, low: int, high: int, fuel: Fuel) -> Iterator[str]:
    """Texts of `low` to `high` characters that `inside` finds and `outside` does not; either may be left out.

    Looks around are taken to hold, so with them a text may be wrong: check it. Ends when the fuel is burnt.
    """
    try:
        yield from _search(inside, outside, low, high, fuel)
    except TooCostly:
        return


def _search(inside: Pattern | None, outside: Pattern | None, low: int, high: int, fuel: Fuel) -> Iterator[str]:
    wanted = _Place(inside.program) if inside is not None else None
    unwanted = _Place(outside.program) if outside is not None else None
    alphabet = _alphabet([place.program for place in (wanted, unwanted) if place is not None])
    todo = deque([("", wanted, unwanted)])
    seen: set[object] = set()
    while todo:
        text, wanted, unwanted = todo.popleft()
        is_out = unwanted is None or not unwanted.found(text, fuel)
        if low <= len(text) and is_out and (wanted is None or wanted.found(text, fuel)):
            yield text
        for character in alphabet if len(text) < high else ():
            fuel.burn()
            longer = text + character
            inner = wanted.after(longer, fuel) if wanted is not None else None
            outer = unwanted.after(longer, fuel) if unwanted is not None else None
            # Word boundaries look at the character before; counting stops to matter at the lower bound.
            key = (inner, outer, character.isalnum() or character == "_", min(len(longer), low))
            if key not in seen and not (outer is not None and outer.done):
                seen.add(key)
                todo.append((longer, inner, outer))


def _alphabet(programs: list[Program]) -> list[str]:
    """The characters worth trying: those the patterns name, some usual ones, and the neighbours of ranges."""
    named = [value for program in programs for value in program.literals]
    near = [value + step for value in named for step in (1, -1)]
    values = dict.fromkeys([*named, *map(ord, _USUAL), *near])
    readable = [chr(value) for value in values if 32 <= value < 0xD800]
    return sorted(readable[:MAX_CHARACTERS], key=lambda character: (not character.islower(), not character.isalnum()))
