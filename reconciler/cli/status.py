"""`reconciler status`: what is, by the records."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, color_option, output_option, place_of, print_json, print_table, say
from reconciler.cli.documents import record_document, record_state
from reconciler.engine.reading import read_records
from reconciler.model.keys import parse_key


@click.command()
@click.argument("key", required=False)
@catalog_option
@output_option("text", "json")
@color_option
def status(key: str | None, catalog: Path, output: str, no_color: bool) -> None:
    """Show every resource, or one, with its deployment status and template version."""
    reading = read_records(place_of(catalog))
    records = (reading.record(parse_key(key)),) if key is not None else reading.records()
    if output == "json":
        items = [record_document(record) for record in records]
        print_json({"schema": "reconciler/status/v1", "resources": items})
        return
    if not records:
        say("Nothing is recorded yet.")
        return
    rows = [
        (
            str(record.key),
            record_state(record),
            f"{record.effective.template} {record.effective.version}" if record.effective is not None else "-",
            record.latest.finished_at or record.latest.claimed_at if record.latest is not None else "-",
        )
        for record in records
    ]
    print_table(("RESOURCE", "STATUS", "IN EFFECT", "SINCE"), rows, no_color=no_color)
