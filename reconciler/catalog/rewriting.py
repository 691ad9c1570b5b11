"""Rewriting the inputs in a file so that they come to given ones, and leaving what comes to the same as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.catalog.current import keep_current
from reconciler.catalog.inputs import InputType
from reconciler.catalog.yamledit import remove_value, set_value
from reconciler.catalog.yamlfile import DataPath, parse_yaml
from reconciler.errors import InputError
from reconciler.model.documents import Json, canonical
from reconciler.model.problems import Severity


def rewrite_inputs(
    path: str, text: str, where: DataPath, inputs: InputType, current: Mapping[str, Json], wanted: Mapping[str, Json]
) -> str:
    """The text of a file in which the inputs at `where`, with defaults filled in and `current` values kept where the
    file says so, are `wanted`. What a default gives already is not written.

    Raises `InputError` when that takes more than changing single values.
    """
    written = values_at(path, text, where)
    for below, value, is_kept in list(_changes(written, _filled(inputs, current, written), wanted, ())):
        place = (*where, *below)
        text = set_value(path, text, place, value) if is_kept else remove_value(path, text, place)
    if canonical(_filled(inputs, current, values_at(path, text, where))) != canonical(dict(wanted)):
        raise InputError(f"{path} cannot be made to say these inputs value by value", hint="change the file by hand")
    return text


def _filled(inputs: InputType, current: Mapping[str, Json], written: Mapping[str, Json]) -> Json:
    return inputs.complete(keep_current(written, current)[0])


def values_at(path: str, text: str, where: DataPath) -> dict[str, Json]:
    """The mapping at a path of a file's text; what is absent is empty."""
    file, _ = parse_yaml(path, text.encode(), duplicate_keys=Severity.WARNING)
    value: Json = file.data if file is not None else {}
    for part in where:
        value = (value.get(part) or {}) if isinstance(value, dict) else value[part]
    return dict(value)


def _changes(written: Json, filled: Json, wanted: Json, where: DataPath) -> Iterator[tuple[DataPath, Json, bool]]:
    """Places with the values to set there, or, with False, to remove."""
    if canonical(filled) == canonical(wanted):
        return
    if isinstance(written, dict) and isinstance(filled, dict) and isinstance(wanted, Mapping):
        for name, value in wanted.items():
            if name in written:
                yield from _changes(written[name], filled.get(name), value, (*where, name))
            elif name not in filled or canonical(filled[name]) != canonical(value):
                yield (*where, name), value, True
        yield from (((*where, name), None, False) for name in written if name not in wanted)
    elif (
        isinstance(written, list)
        and isinstance(filled, list)
        and isinstance(wanted, list)
        and len(written) == len(filled) == len(wanted)
    ):
        for index, value in enumerate(wanted):
            yield from _changes(written[index], filled[index], value, (*where, index))
    else:
        yield where, wanted, True
