"""`reconciler retry`: another attempt at what was asked for already."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.apply import carry_out
from reconciler.cli.common import catalog_option, color_option, place_of, revision_option
from reconciler.cli.keys import resource_key
from reconciler.engine.passes import Options


@click.command()
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@catalog_option
@revision_option
@color_option
def retry(keys: tuple[str, ...], catalog: Path, revision: str | None, no_color: bool) -> None:
    """Deploy again what was cancelled or failed, although nothing new is asked for.

    Also overwrites a folder that was changed by hand on its target branch. One pass, like `apply`.
    """
    options = Options(revision=revision, retry=frozenset(resource_key(key) for key in keys))
    carry_out(place_of(catalog), options, no_color=no_color)
