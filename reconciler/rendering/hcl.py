"""Values in Terraform's language, as `terraform fmt` would leave them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import groupby

from reconciler.model.documents import Json

_BARE_KEY = re.compile(r"(?!(?:for|true|false|null)\Z)[A-Za-z_][A-Za-z0-9_-]*\Z")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def tfvars(values: Mapping[str, Json]) -> str:
    """A `.tfvars` file that gives each variable its JSON value. Terraform reads texts in Unicode's normal form C."""
    return _attributes(values, "")


def _attributes(values: Mapping[str, Json], pad: str) -> str:
    """One attribute after the other; those of one line each have their equals signs in a column."""
    rows = [(_key(key), _value(value, pad)) for key, value in values.items()]
    lines = []
    for has_lines, group in groupby(rows, lambda row: "\n" in row[1]):
        run = list(group)
        width = 0 if has_lines else max(len(key) for key, _ in run)
        lines += [f"{pad}{key:<{width}} = {value}\n" for key, value in run]
    return "".join(lines)


def _value(value: Json, pad: str) -> str:
    if isinstance(value, dict):
        return f"{{\n{_attributes(value, pad + '  ')}{pad}}}" if value else "{}"
    if isinstance(value, list | tuple):
        items = [_value(item, pad + "  ") for item in value]
        if not any("\n" in item for item in items):
            return f"[{', '.join(items)}]"
        return "[\n" + "".join(f"{pad}  {item},\n" for item in items) + f"{pad}]"
    return _text(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)


def _key(key: str) -> str:
    """An escaped key is ASCII, so that its width is its length."""
    if _BARE_KEY.match(key):
        return key
    return "".join(character if character.isascii() else _escaped(character) for character in _text(key))


def _text(text: str) -> str:
    escaped = "".join(_ESCAPES.get(item) or (item if item.isprintable() else _escaped(item)) for item in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"
