"""`reconciler status`: what is, by the records."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, color_option, output_option, place_of, print_json, print_table, say
from reconciler.cli.documents import record_document, record_state
from reconciler.cli.keys import resource_key
from reconciler.engine.reading import Reading, read_records
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind, parse_key
from reconciler.records.record import Record

_PARTS = (Kind.INSTANCE, Kind.PIPELINE)


@click.command()
@click.argument("key", required=False)
@catalog_option
@output_option("text", "json")
@color_option
def status(key: str | None, catalog: Path, output: str, no_color: bool) -> None:
    """Show every resource with its deployment status and template version; or one, or the parts of service/NAME."""
    reading = read_records(place_of(catalog))
    records = _chosen(reading, parse_key(key)) if key is not None else reading.records()
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
    if any(record.latest is not None and record.latest.status.is_running for record in records):
        say("As of the last pass; `reconciler explain KEY` looks at this moment.")


def _chosen(reading: Reading, key: Key) -> tuple[Record, ...]:
    if key.kind is not Kind.SERVICE:
        return (reading.record(resource_key(str(key))),)
    found = tuple(record for record in reading.records() if record.key.kind in _PARTS and record.key.owner == key.name)
    if not found:
        raise InputError(f"nothing is recorded of {key}", hint="`reconciler status` lists what is recorded")
    return found
