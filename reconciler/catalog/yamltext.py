"""JSON values as YAML on one line, which YAML 1.1 and 1.2 read alike and which a file of ours reads back as given."""

from __future__ import annotations

import json
import re

from reconciler.catalog.yamlfile import parse_yaml
from reconciler.errors import InputError
from reconciler.model.documents import Json

# Text that no reader takes for a number, a date or an indicator; words like `yes` are left to `_is_text`.
_PLAIN = re.compile(r"[A-Za-z/_][\w./@:-]*(?: [A-Za-z0-9][\w./@:-]*)*|\d+\.\d+\.\d+[\w./-]*", re.ASCII)
_WORDS = ("y", "n")  # booleans to some readers of YAML 1.1, though not to ours
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def inline(value: Json, quote: str = "") -> str:
    """A value on one line, fit for block and flow context. Text that needs no quotes gets none, unless `quote` is the
    kind to keep, `'` or `"`. Raises `InputError` for text that YAML cannot hold."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(name)}: {inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, str):
        return _text(value, quote)
    if isinstance(value, float):
        # YAML 1.1 wants a point in every float: 1e+20 is text there.
        return re.sub(r"^(-?\d+)e", r"\1.0e", repr(value))
    return json.dumps(value)


def _text(value: str, quote: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise InputError("the value is not UTF-8", hint="check the encoding of the terminal")
    if not quote and _PLAIN.fullmatch(value) and value.lower() not in _WORDS and _is_text(value):
        return value
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def _is_text(value: str) -> bool:
    file, _ = parse_yaml("", f"[{value}]".encode())
    return file is not None and file.data == [value]
