"""Counter-examples: an inputs document that an old schema takes and a new one does not.

Candidates are guessed from both schemas (defaults, listed values, edges of bounds, texts between two patterns), put
where the schema changed into the smallest document around them, and judged by the real validators. The number of
guesses is bounded, so a missing example proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any

from reconciler.catalog.dialect import INTEGER_BITS, TYPES, effective, exact, frozen, required_inputs, validator
from reconciler.catalog.inputs import InputType
from reconciler.catalog.patterns import Fuel, PatternError, parse_pattern
from reconciler.catalog.yamlfile import DataPath
from reconciler.model.documents import Json
from reconciler.versioning.strings import strings

Schema = Mapping[str, Json]

# Schemas that are looked up by identity, like those of the input types.
_ANYTHING: Schema = {}
_TEXT: Schema = {"type": "string"}


class Step(Enum):
    """A step into a schema that no property names: the items of a list, or the further properties of an object."""

    ITEMS = "items"
    ADDITIONAL = "additional"


ITEMS, ADDITIONAL = Step.ITEMS, Step.ADDITIONAL
Path = tuple[str | Step, ...]

# All bounds are for one pair of input types.
MAX_CHANGES = 100
MAX_GUESSES = 80
MAX_TRIALS = 1_000
MAX_STEPS = 3_000_000
_STEPS_PER_GUESS = 50
MAX_LENGTH = 2_000
MAX_ITEMS = 100
MAX_DEPTH = 30

_TEXTS = {
    "date": ("2024-01-31",),
    "date-time": ("2024-01-31T12:00:00Z",),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000",),
    "ipv4": ("10.0.0.1",),
    "ipv6": ("fd00::1",),
}


class Witness:
    """Looks for counter-examples between two input types."""

    def __init__(self, old: InputType, new: InputType) -> None:
        self.old = old
        self.new = new
        self.fuel = Fuel(MAX_STEPS)
        self.changes = 0
        self.trials = 0
        self.samples: dict[int, tuple[Json, ...]] = {}

    def find(self, path: Path, old: Schema, new: Schema, blamed: Path | None) -> Json | None:
        """A document valid under the old type in which the value at `path` shows the change from `old` to `new`.

        The new type finds fault with it at `blamed` or below, and `new` with the value; None for `blamed` leaves the
        opinion of both out.
        """
        self.changes += 1
        if self.changes > MAX_CHANGES:
            return None
        checker = validator(new)
        for value in islice(self._guesses(old, new, len(path)), MAX_GUESSES):
            if blamed is not None and checker.is_valid(value):
                continue
            self.trials += 1
            if self.trials > MAX_TRIALS:
                return None
            for document in self._around(self.old.schema, path, value):
                if self.old.violations(document):
                    continue
                found = (violation.path for violation in self.new.violations(document))
                if blamed is None or any(_leads(blamed, place) for place in found):
                    return document
        return None

    def _around(self, schema: Schema, path: Path, value: Json) -> Iterator[Json]:
        """The smallest document with a value at a path; nothing when none can be made."""
        if not path:
            yield value
            return
        step, rest = path[0], path[1:]
        if step is ITEMS:
            for item in self._around(schema.get("items", _ANYTHING), rest, value):
                others = [
                    other for other in self._samples(schema.get("items", _ANYTHING), 1) if frozen(other) != frozen(item)
                ]
                if not schema.get("uniqueItems"):
                    others = [item] * MAX_ITEMS
                yield [item, *others[: max(schema.get("minItems", 0) - 1, 0)]]
            return
        properties = schema.get("properties", {})
        extra = schema.get("additionalProperties")
        name = step if isinstance(step, str) else _fresh(properties)
        below = properties.get(name, extra if isinstance(extra, dict) else _ANYTHING)
        for item in self._around(below, rest, value):
            for base in islice(self._objects(schema, {}, 1), 3):
                yield {**base, name: item}

    def _samples(self, schema: Schema, depth: int) -> tuple[Json, ...]:
        """Some valid values of a schema, all different, the simplest first."""
        if id(schema) not in self.samples:
            checker = validator(schema)
            found: dict[Any, Json] = {}
            if depth <= MAX_DEPTH:
                for value in islice(self._guesses(schema, _ANYTHING, depth), MAX_GUESSES):
                    self.fuel.left -= _STEPS_PER_GUESS
                    if self.fuel.left < 0:
                        break
                    if checker.is_valid(value):
                        found.setdefault(frozen(value), value)
            self.samples[id(schema)] = tuple(sorted(found.values(), key=lambda value: value is None))
        return self.samples[id(schema)]

    def _guesses(self, old: Schema, new: Schema, depth: int) -> Iterator[Json]:
        """Values that may be valid under `old`, those that may not be under `new` early."""
        old, new = effective(old), effective(new)
        listed = [*old.get("enum", ()), *(schema["default"] for schema in (old, new) if "default" in schema)]
        listed += [schema["example"] for schema in (old, new) if "example" in schema]
        kinds = [old["type"]] if "type" in old else TYPES
        yield from sorted(listed, key=lambda value: _among(value, new.get("enum", ())))
        if old.get("nullable") is True or "type" not in old:
            yield None
        if "enum" in old:
            return
        for kind in kinds:
            match kind:
                case "string":
                    yield from self._texts(old, new)
                case "number" | "integer":
                    yield from _numbers(old, new)
                case "boolean":
                    yield from (True, False)
                case "array":
                    yield from self._lists(old, new, depth)
                case _:
                    yield from self._objects(old, new, depth)

    def _texts(self, old: Schema, new: Schema) -> Iterator[str]:
        try:
            inside, outside = (
                parse_pattern(schema["pattern"]) if "pattern" in schema else None for schema in (old, new)
            )
        except PatternError:
            return
        low, high = old.get("minLength", 0), min(old.get("maxLength", MAX_LENGTH), MAX_LENGTH)
        if outside is not None:
            yield from islice(strings(inside, outside, low, high, self._share()), 10)
        yield from _TEXTS.get(old.get("format", ""), ())
        yield "a"
        for length in _edges(old, new, "Length", MAX_LENGTH):
            if inside is None:
                yield "a" * length
            else:
                yield from islice(strings(inside, None, length, high, self._share()), 2)
        yield from ("A", "0", "a b", "-", "")
        yield from islice(strings(inside, None, low, high, self._share()), 30)

    def _share(self) -> Fuel:
        """A part of what is left, so that one pattern cannot use up the work of all."""
        return _Shared(self.fuel)

    def _lists(self, old: Schema, new: Schema, depth: int) -> Iterator[list[Json]]:
        items = self._samples(old.get("items", _ANYTHING), depth + 1)
        for length in _edges(old, new, "Items", MAX_ITEMS):
            different = list(items[:length])
            if len(different) == length:
                yield different
            if length and items:
                yield [items[0]] * length
        if items:
            yield [items[0], items[0]]

    def _objects(self, old: Schema, new: Schema, depth: int) -> Iterator[dict[str, Json]]:
        """The smallest object, then larger ones up to each edge of a bound, then one with a further property."""
        properties = old.get("properties", {})
        extra = old.get("additionalProperties")
        further = self._samples(extra if isinstance(extra, dict) else _TEXT, depth + 1)
        smallest: dict[str, Json] = {}
        for name in required_inputs(old):
            values = self._samples(properties.get(name, _ANYTHING), depth + 1)
            if not values:
                return
            smallest[name] = values[0]
        yield smallest
        optional = {name: self._samples(below, depth + 1) for name, below in properties.items() if name not in smallest}
        largest = smallest | {name: values[0] for name, values in optional.items() if values}
        if extra is not False and further:
            yield smallest | {_fresh(properties): further[0]}
        for size in _edges(old, new, "Properties", MAX_ITEMS):
            filled = dict(islice(largest.items(), max(size, len(smallest))))
            while len(filled) < size and extra is not False and further:
                filled[_fresh({**properties, **filled})] = further[0]
            yield filled
        yield largest


class _Shared(Fuel):
    """Fuel of one search that is burnt from a common store too."""

    def __init__(self, store: Fuel) -> None:
        super().__init__(min(store.left // 4, 200_000))
        self.store = store

    def burn(self, steps: int = 1) -> None:
        self.store.left -= steps
        super().burn(steps)


def _edges(old: Schema, new: Schema, what: str, limit: int) -> Iterable[int]:
    """Sizes at which one of two schemas may change its mind, and those the old one surely takes."""
    low, high = old.get(f"min{what}", 0), old.get(f"max{what}", math.inf)
    wanted = (new.get(f"min{what}", 0) - 1, new.get(f"max{what}", limit) + 1, low, min(high, low + 1), high)
    return [int(size) for size in dict.fromkeys(wanted) if low <= size <= min(high, limit)]


def _numbers(old: Schema, new: Schema) -> Iterator[float]:
    bounds = [schema[key] for schema in (new, old) for key in ("minimum", "maximum") if key in schema]
    points = [exact(bound) + step for bound in bounds for step in (0, -1, 1)] + [
        exact(number) for number in (0, 1, 0.5, -1)
    ]
    if "multipleOf" in new:
        points.insert(0, exact(new["multipleOf"]) / 2)
    if new.get("format") in INTEGER_BITS:
        points.insert(0, exact(2 ** (INTEGER_BITS[new["format"]] - 1)))
    unit = exact(old.get("multipleOf", 1))
    if len(bounds) > 1:
        points.append((exact(bounds[-1]) + exact(bounds[-2])) / 2)
    multiples = [math.floor(point / unit + step) * unit for point in points for step in (0, 1)]
    multiples += [(math.floor(points[0] / unit) + step) * unit for step in range(2, 40)]
    for point in dict.fromkeys([*points, *multiples]):
        try:
            yield point.numerator if point.denominator == 1 else float(point)
        except OverflowError:
            continue


def _among(value: Json, listed: Iterable[Json]) -> bool:
    return frozen(value) in {frozen(item) for item in listed}


def _fresh(taken: Mapping[str, Json]) -> str:
    """A property name that is not taken."""
    return next(name for number in range(len(taken) + 1) if (name := f"extra{number or ''}") not in taken)


def _leads(schema_path: Path, data_path: DataPath) -> bool:
    """Whether a place in a document is at, or below, a place in a schema."""
    return len(data_path) >= len(schema_path) and all(
        isinstance(part, int) if step is ITEMS else step is ADDITIONAL or step == part
        for step, part in zip(schema_path, data_path, strict=False)
    )
