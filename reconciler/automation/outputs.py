"""Terraform's outputs as a report carries them: strings only, nothing sensitive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from reconciler.automation.diagnostics import Redactor
from reconciler.model.documents import Json
from reconciler.model.reports import LeftOut, check_outputs


def as_text(value: Json) -> str:
    """The value of an output: text as it is, anything else as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def reportable(pairs: Iterable[tuple[str, Json]], redactor: Redactor) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    """The outputs that can be reported, and those that cannot with the reason (NOT-1; no secret of this run)."""
    given = list(pairs)
    texts = [(key, as_text(value)) for key, value in given if value is not None]
    secret = [redactor.finds(key) or redactor.finds(text) for key, text in texts]
    kept, left_out = check_outputs(pair for pair, is_secret in zip(texts, secret, strict=True) if not is_secret)
    nulls = tuple(LeftOut(redactor.clean(key)[:100], "its value is null") for key, value in given if value is None)
    hidden = tuple(
        LeftOut(redactor.clean(key)[:100], "it holds a secret of this run's environment, or a URL with one")
        for (key, _), is_secret in zip(texts, secret, strict=True)
        if is_secret
    )
    return kept, left_out + nulls + hidden


def terraform_outputs(document: Mapping[str, Json], redactor: Redactor) -> tuple[dict[str, str], tuple[LeftOut, ...]]:
    """The same for what `terraform output -json` prints; sensitive ones are left out and named."""
    secret = tuple(LeftOut(key[:100], "it is sensitive") for key, item in document.items() if item.get("sensitive"))
    open_ones = ((key, item.get("value")) for key, item in document.items() if not item.get("sensitive"))
    kept, left_out = reportable(open_ones, redactor)
    return kept, secret + left_out
