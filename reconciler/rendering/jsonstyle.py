"""The JSON style of Proton's files: spaces around colons, lists inline, no newline at the end.

Read off real files (reference `rendered-files.md`, section 3). Objects open a new line for each member, lists stay on
the line of their brackets: `[ "a", "b" ]`, `[ {` ... `}, {` ... `} ]`, and the empty ones are `{ }` and `[ ]`.
"""

from __future__ import annotations

import json

from reconciler.model.documents import Json


def proton_json(value: Json, indent: int = 0) -> str:
    """The text of a JSON value in Proton's style. `indent` is the depth of the line it starts on."""
    if isinstance(value, dict):
        if not value:
            return "{ }"
        pad = "  " * (indent + 1)
        members = (f"{pad}{_scalar(str(key))} : {proton_json(item, indent + 1)}" for key, item in value.items())
        return "{\n" + ",\n".join(members) + "\n" + "  " * indent + "}"
    if isinstance(value, list | tuple):
        return f"[ {', '.join(proton_json(item, indent) for item in value)} ]" if value else "[ ]"
    return _scalar(value)


def _scalar(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
