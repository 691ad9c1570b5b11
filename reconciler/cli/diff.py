"""`reconciler diff`: rendered now against what is recorded."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.cli.common import catalog_option, color_option, place_of, print_marked, revision_option, say
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import render_key
from reconciler.planning.world import Request


@click.command()
@click.argument("key")
@catalog_option
@revision_option
@color_option
def diff(key: str, catalog: Path, revision: str | None, no_color: bool) -> None:
    """Compare what one resource would get with what was merged for it last."""
    rendered = render_key(
        place_of(catalog), revision, Request("", "", "", utc_now()), resource_key(key), syntax_problems
    )
    for change in rendered.changes:
        print_marked(change.diff + "\n", no_color=no_color)
    if not rendered.changes:
        say(f"{key}: no difference.")
