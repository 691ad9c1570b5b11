"""`reconciler set`: other values for inputs that stand in a file of the working folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.catalog.inputs import InputType
from reconciler.catalog.inputtext import find_input, find_value, read_input
from reconciler.catalog.rewriting import values_at
from reconciler.catalog.yamledit import remove_value, set_value
from reconciler.engine.birth import replace_file
from reconciler.engine.workbench import Asked, Workbench
from reconciler.errors import InputError
from reconciler.model.keys import Key


@dataclass(frozen=True)
class TextChange:
    """The text of a file before and after; None where there is none."""

    path: str
    before: str | None
    after: str | None

    @property
    def diff(self) -> str:
        """The difference, without colours; empty when nothing changes."""
        old, new = ((text or "").splitlines() for text in (self.before, self.after))
        return "\n".join(difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}", lineterm="", n=1))


@dataclass(frozen=True)
class Change(TextChange):
    """Other inputs in a file that is there. `left` is what was wrong with them before, and still is."""

    after: str
    left: tuple[str, ...]


def change_inputs(bench: Workbench, key: Key, assignments: Iterable[str], unset: Iterable[str]) -> Change:
    """Reads the file with the inputs of a resource, and says what it would become. Writes nothing.

    Raises `InputError` for an unknown input, for a value that the template does not take, and for a file in which
    these values cannot be changed by themselves.
    """
    asked = bench.asked(key)
    path = asked.inputs.file.path
    inputs = bench.followed(asked.template, asked.line).bundle.input_type(key.kind)
    if inputs is None:
        raise InputError(f"{asked.template} has no inputs for {key}", hint=f"see `reconciler schema {asked.template}`")
    data = (bench.path / path).read_bytes()
    before = after = data.decode("utf-8")
    for name in unset:
        where = find_value(asked.inputs.values, name) or find_input(inputs, name)[0]
        after = remove_value(path, after, (*asked.inputs.where, *where))
    for assignment in assignments:
        where, value = read_input(inputs, assignment)
        after = set_value(path, after, (*asked.inputs.where, *where), value)
    return Change(path, before, after, _judged(inputs, asked, after))


def write_change(bench: Workbench, change: Change) -> None:
    """Puts the new text in the place of the old one, whole or not at all."""
    replace_file(bench.path / change.path, change.after)


def _judged(inputs: InputType, asked: Asked, text: str) -> tuple[str, ...]:
    """What was wrong before and is still wrong. Raises `InputError` for what is wrong only now."""
    earlier = inputs.violations(asked.inputs.values)
    now = inputs.violations(values_at(asked.inputs.file.path, text, asked.inputs.where))
    new = [item for item in now if item not in earlier]
    if new:
        hint = f"see `reconciler schema {asked.template}:{asked.line}`; nothing was changed"
        raise InputError("; ".join(item.message for item in new), hint=hint)
    return tuple(item.message for item in now)
