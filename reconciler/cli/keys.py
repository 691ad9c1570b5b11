"""Keys on the command line."""

from __future__ import annotations

from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind, parse_key


def resource_key(text: str) -> Key:
    """The key of something that is deployed. Raises `InputError` for any other, with what a person may have meant."""
    key = parse_key(text)
    if key.kind.is_template:
        raise InputError(f"{key} is a template, which has versions", hint=f"see `reconciler versions {key}`")
    if key.kind is Kind.SERVICE:
        hint = f"name an instance or the pipeline; `reconciler status {key}` lists them"
        raise InputError(f"{key} is deployed in parts", hint=hint)
    return key
