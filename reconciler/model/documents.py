"""JSON as we keep it: one canonical form, so that equal values are equal bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

# A JSON value: None, bool, int, float, str, list or dict with string keys.
Json = Any


def canonical(value: Json) -> bytes:
    """The canonical bytes of a JSON value: sorted keys, two spaces, UTF-8, one final newline."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def digest(value: Json) -> str:
    """The hexadecimal SHA-256 of a JSON value. Key order counts, since it counts in what is rendered from it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
