"""`reconciler status`: what is, by the records."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, color_option, output_option, place_of, print_json, print_table, say
from reconciler.cli.documents import record_document, record_state
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.reading import Reading, read_records
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind, parse_key
from reconciler.planning.outlook import Waiting, waiting
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
    now, policy = utc_now(), reading.settings.pull_requests
    waits = {record.key: waiting(record, policy, now) for record in records}
    if output == "json":
        items = [record_document(record, waits[record.key]) for record in records]
        print_json({"schema": "reconciler/status/v1", "resources": items})
        return
    if not records:
        say("Nothing is recorded yet.")
        return
    columns: tuple[str, ...] = ("RESOURCE", "STATUS", "IN EFFECT", "SINCE")
    if any(waits.values()):
        columns += ("WAITS ON", "DEADLINE")
    rows = [_row(record, waits[record.key])[: len(columns)] for record in records]
    print_table(columns, rows, no_color=no_color)
    if any(record.latest is not None and record.latest.status.is_running for record in records):
        say("As of the last pass; `reconciler explain KEY` looks at this moment.")


def _row(record: Record, waits: Waiting | None) -> tuple[str, ...]:
    latest = record.latest
    since = (latest.finished_at or latest.claimed_at) if latest is not None else ""
    deadline = ""
    if waits is not None:
        since = waits.since
        deadline = f"{waits.deadline}, overdue" if waits.overdue else waits.deadline
    return (
        str(record.key),
        record_state(record),
        record.effective.made_from if record.effective is not None else "-",
        since or "-",
        ", ".join(waits.on) if waits is not None else "",
        deadline,
    )


def _chosen(reading: Reading, key: Key) -> tuple[Record, ...]:
    if key.kind is not Kind.SERVICE:
        return (reading.record(resource_key(str(key))),)
    found = tuple(record for record in reading.records() if record.key.kind in _PARTS and record.key.owner == key.name)
    if not found:
        raise InputError(f"nothing is recorded of {key}", hint="`reconciler status` lists what is recorded")
    return found
