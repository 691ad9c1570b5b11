"""`reconciler forget`: let go of a resource without destroying it."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, place_of, say
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.interventions import forget as forget_resource
from reconciler.errors import UsageError
from reconciler.planning.interventions import foreign_hint, left_behind


@click.command()
@click.argument("key")
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the history of the records.")
@catalog_option
def forget(key: str, reason: str, catalog: Path) -> None:
    """Drop the record of one resource that left the catalog, and leave its infrastructure as it is.

    Its history stays, and nothing is proposed for it any more.
    """
    if not reason.strip():
        raise UsageError("the reason is empty", hint="say in a few words why")
    record = forget_resource(place_of(catalog), resource_key(key), reason, utc_now, say)
    if not record.is_live:
        say(f"{key} is not live any more; nothing to forget.")
        return
    click.echo(f"{key}: forgotten. {left_behind(record)}")
    if record.placed is not None and record.placed.target.is_repository:
        say(f"  -> {foreign_hint(record.key)}")
