"""Terraform's outputs as a report carries them: strings only, nothing sensitive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from reconciler.model.documents import Json
from reconciler.model.reports import LeftOut, check_outputs


def as_text(value: Json) -> str:
    """The value of an output: text as it is, anything else as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def reportable(pairs: Iterable[tuple[str, Json]]) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    """The outputs that can be reported, and those that cannot with the reason (NOT-1)."""
    given = list(pairs)
    kept, left_out = check_outputs((key, as_text(value)) for key, value in given if value is not None)
    nulls = tuple(LeftOut(key[:100], "its value is null") for key, value in given if value is None)
    return kept, left_out + nulls


def terraform_outputs(document: Mapping[str, Json]) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    """The same for what `terraform output -json` prints; sensitive ones are left out and named."""
    secret = tuple(LeftOut(key[:100], "it is sensitive") for key, item in document.items() if item.get("sensitive"))
    kept, left_out = reportable((key, item.get("value")) for key, item in document.items() if not item.get("sensitive"))
    return kept, secret + left_out
