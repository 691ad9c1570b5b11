"""`reconciler sync`: what is synced from other repositories, and how that went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from reconciler.cli.common import catalog_option, color_option, output_option, place_of, print_json, print_table, say
from reconciler.cli.syncs import repository_documents, sync_document, sync_lines
from reconciler.engine.clock import utc_now
from reconciler.engine.reading import read_records
from reconciler.engine.resolving import resolve_blocker
from reconciler.errors import InputError
from reconciler.model.keys import Key, Kind, parse_key
from reconciler.records.sync import SyncRecord


@click.command()
@click.argument("key", required=False)
@catalog_option
@output_option("text", "json")
@color_option
@click.option("--resolve", metavar="ID", help="Say that a blocker stands in the way no more: Git wins.")
@click.option("--reason", metavar="TEXT", help="Why, for the record; goes with --resolve.")
def sync(key: str | None, catalog: Path, output: str, no_color: bool, resolve: str | None, reason: str | None) -> None:
    """Show what is synced from other repositories, as of the last pass; or one template, service or instance.

    With --resolve, let the next pass go on with what somebody changed elsewhere than in Git.
    """
    if resolve is not None:
        if not reason:
            raise click.UsageError("say why with --reason")
        done = resolve_blocker(place_of(catalog), resolve, reason, utc_now())
        say(f"{done} is synced from Git again, by the next `reconciler apply`.")
        return
    book = read_records(place_of(catalog)).book
    found = (book.sync(item) for item in sorted(book.sync_keys(), key=lambda item: item.sort_key))
    records = [record for record in found if record is not None]
    if key is not None:
        records = _chosen(records, parse_key(key))
    if output == "json":
        items = [sync_document(record) for record in records]
        document = {"schema": "reconciler/sync/v1", "repositories": repository_documents(records), "resources": items}
        print_json(document)
        return
    if not records:
        say("Nothing is synced from other repositories.")
        return
    print_table(("SYNCED", "FROM", "STATUS", "COMMIT", "SINCE"), _rows(records), no_color=no_color)
    for record in records:
        for line in sync_lines(record):
            say(line)


def _chosen(records: Iterable[SyncRecord], key: Key) -> list[SyncRecord]:
    found = [
        record for record in records if record.key == key or (key.kind is Kind.SERVICE and record.key.owner == key.name)
    ]
    if not found:
        hint = "`reconciler sync` lists what is synced"
        raise InputError(f"{key} is not synced from another repository", hint=hint)
    return found


def _rows(records: Iterable[SyncRecord]) -> Iterator[tuple[str, ...]]:
    for record in records:
        states = {"": record.state, **{f":{major}": state for major, state in record.majors.items()}}
        for suffix, state in states.items():
            latest = state.latest
            if latest is not None:
                yield (
                    f"{record.key}{suffix}",
                    latest.target.place,
                    latest.status,
                    latest.target.sha[:12],
                    latest.started_at,
                )
