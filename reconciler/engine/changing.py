"""`reconciler set`: other values for inputs that stand in a file of the working folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.catalog.inputs import InputType
from reconciler.catalog.inputtext import find_input, find_value, read_input
from reconciler.catalog.violations import Violation
from reconciler.catalog.yamledit import remove_value, set_value
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.engine.birth import replace_file
from reconciler.engine.workbench import Asked, Workbench
from reconciler.errors import InputError
from reconciler.model.documents import Json
from reconciler.model.keys import Key
from reconciler.model.problems import Severity


@dataclass(frozen=True)
class Change:
    """The text of a file before and after. `left` is what was wrong with the inputs before, and still is."""

    path: str
    before: str
    after: str
    left: tuple[str, ...]

    @property
    def diff(self) -> str:
        """The difference, without colours; empty when nothing changes."""
        old, new = self.before.splitlines(), self.after.splitlines()
        return "\n".join(difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}", lineterm="", n=1))


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
    now = inputs.violations(_values(asked, text))
    new = [item for item in now if item not in earlier]
    if new:
        hint = f"see `reconciler schema {asked.template}:{asked.line}`; nothing was changed"
        raise InputError("; ".join(_message(item) for item in new), hint=hint)
    return tuple(map(_message, now))


def _message(violation: Violation) -> str:
    return violation.message


def _values(asked: Asked, text: str) -> Json:
    file, _ = parse_yaml(asked.inputs.file.path, text.encode(), duplicate_keys=Severity.WARNING)
    value: Json = file.data if file is not None else {}
    for part in asked.inputs.where:
        value = (value.get(part) or {}) if isinstance(value, dict) else value[part]
    return value
