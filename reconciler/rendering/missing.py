"""What to say when a template asks for a name that is not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from reconciler.model.documents import Json
from reconciler.rendering.namespace import Hollow

# `outputs.my-output` is `outputs.my` minus `output` to Jinja (reference, NS-6).
_HYPHENATED = re.compile(r"([A-Za-z_][\w.]{0,400})\.([A-Za-z_]\w{0,100}(?:-\w{1,100}){1,10})", re.ASCII)
_MAX_NAMED = 12
_MAX_LINE = 2000


def explain_missing(name: object, owner: object, names: Mapping[str, Json], line: str) -> tuple[str, str]:
    """Message and hint for a missing `name`.

    `owner` is the value it was looked for in, or `names` itself; `line` is the line of the template, or empty.
    """
    path = next((path for path, value in _paths("", names) if value is owner), None)
    where = f"{path} has" if path else "there is" if owner is names else f"a {_kind(owner)} has"
    if isinstance(owner, list | tuple) and isinstance(name, int):
        return f"{where} no element {name}", f"it has {len(owner)}" + (", counted from 0" if owner else "")
    message = f'{where} no "{name}"' + (" here" if owner is names else "")
    return message, _hint(str(name), owner, path or "", line)


def _hint(name: str, owner: object, path: str, line: str) -> str:
    for prefix, hyphenated in _HYPHENATED.findall(line[:_MAX_LINE]):
        if name in hyphenated.split("-"):
            return f'"-" after a dot is read as minus: write {prefix}["{hyphenated}"]'
    if not isinstance(owner, Mapping):
        return ""
    if path.startswith("service_instance.components") and not owner:
        return f'no component is attached: write `{path}.{name} | default("")`, or test for it with `if`'
    close = difflib.get_close_matches(name, owner, n=1, cutoff=0.6) if len(name) <= 100 else []
    if close:
        return f'did you mean "{close[0]}"?'
    listed = ", ".join(list(owner)[:_MAX_NAMED]) + (", ..." if len(owner) > _MAX_NAMED else "")
    return f"what there is: {listed}" if listed else "there is nothing in it"


def _paths(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    yield path, value
    if isinstance(value, Mapping):
        members = {**value.hidden, **value} if isinstance(value, Hollow) else value
        for key, item in members.items():
            yield from _paths(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(f"{path}[{index}]", item)


def _kind(value: object) -> str:
    words: dict[type, str] = {str: "text", int: "number", float: "number", bool: "boolean", dict: "mapping"}
    return words.get(type(value), type(value).__name__)
