"""`"${Proton::CURRENT_VAL}"` in a spec: keep the value that is recorded for this very input (reference, SPC-7)."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.catalog.yamlfile import DataPath
from reconciler.model.documents import Json

CURRENT_VALUE = "${Proton::CURRENT_VAL}"
_NOTHING = object()


def keep_current(
    values: Mapping[str, Json], current: Mapping[str, Json] | None
) -> tuple[dict[str, Json], tuple[DataPath, ...]]:
    """The inputs with every such text replaced by the value at the same path of the recorded inputs, and the paths at
    which nothing is recorded; there the text stays."""
    missing: list[DataPath] = []
    result: dict[str, Json] = {}
    for name, item in values.items():
        result[name] = _keep(item, _below(current, name), (name,), missing)
    return result, tuple(missing)


def _keep(value: Json, current: Json | object, path: DataPath, missing: list[DataPath]) -> Json:
    if value == CURRENT_VALUE:
        if current is _NOTHING:
            missing.append(path)
            return value
        return current
    if isinstance(value, dict):
        return {name: _keep(item, _below(current, name), (*path, name), missing) for name, item in value.items()}
    if isinstance(value, list):
        return [_keep(item, _below(current, index), (*path, index), missing) for index, item in enumerate(value)]
    return value


def _below(current: Json | object, part: str | int) -> Json | object:
    if isinstance(current, Mapping):
        return current.get(part, _NOTHING)
    if isinstance(current, list) and isinstance(part, int) and part < len(current):
        return current[part]
    return _NOTHING
