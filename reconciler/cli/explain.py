"""`reconciler explain`: where a resource stands, why, and what moves it on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.cli.common import catalog_option, output_option, place_of, print_json, say
from reconciler.cli.documents import record_document, record_state
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import offline_plan
from reconciler.errors import InputError
from reconciler.model.keys import Key
from reconciler.planning.document import blocked_document
from reconciler.planning.outlook import Waiting, waiting
from reconciler.planning.result import Plan
from reconciler.planning.world import DRIVEN, Request
from reconciler.records.book import RecordBook
from reconciler.records.record import Blocked, Record


@click.command()
@click.argument("key")
@catalog_option
@output_option("text", "json")
def explain(key: str, catalog: Path, output: str) -> None:
    """Say where one resource stands, what it waits for, since when, and the command that moves it on."""
    place, wanted = place_of(catalog), resource_key(key)
    # The plan of this moment knows more than the records: what was merged or reported since the last pass.
    request = Request("", "", "", utc_now(), look_at=frozenset({wanted}))
    made = offline_plan(place, None, request, syntax_problems, DRIVEN)
    if made.note:
        say(made.note)
    record = RecordBook(made.book.tree).get(wanted)
    if record == Record(wanted) and made.plan is not None and wanted in made.plan.unchanged:
        hint = "check the name; `reconciler status` lists what is recorded"
        raise InputError(f"neither the catalog nor the records have {key}", hint=hint)
    blocked, next_step = _now(made.plan, wanted, record)
    if made.plan is not None:
        # What is blocked was looked at: a merge or a report that came since the last pass is in this record.
        record = next((seen for seen, _ in made.plan.blocked if seen.key == wanted), record)
    waits = waiting(replace(record, blocked=blocked), made.catalog.settings.pull_requests, request.now)
    if output == "json":
        document = record_document(record, waits)
        document["blocked"] = blocked_document(record, blocked) if blocked is not None else None
        print_json({"schema": "reconciler/explain/v1", **document, "next": next_step})
        return
    click.echo(f"{key}: {record_state(record)}")
    if record.effective is not None:
        click.echo(f"  in effect  {record.effective.made_from}, deployment {record.effective.id}")
    if record.latest is not None:
        click.echo(f"  newest     {record.latest.title}")
        if record.latest.pull_request is not None:
            click.echo(f"  proposed   {record.latest.pull_request.url}")
        if record.latest.message:
            first, *rest = record.latest.message.splitlines()
            click.echo("\n".join([f"  message    {first}", *(f"             {line}" for line in rest)]))
    if blocked is not None:
        why = blocked.message.removeprefix(f"{blocked.reason}: ")
        shown = record.latest is not None and why == record.latest.message
        click.echo(f"  reason     {blocked.reason}" + ("" if shown else f": {why}"))
        click.echo(f"  since      {blocked.since}")
    if waits is not None:
        _say_waits(waits, with_since=blocked is None)
    click.echo(f"  next       {next_step}")


def _say_waits(waits: Waiting, *, with_since: bool) -> None:
    if with_since:
        click.echo(f"  since      {waits.since}")
    if waits.on:
        what = f", for {waits.what}" if waits.deadline else ""
        click.echo(f"  waits on   {', '.join(waits.on)}{what}")
    if waits.overdue:
        click.echo(f"  deadline   {waits.deadline}, which is past: {waits.then} with the next pass")
    elif waits.deadline:
        click.echo(f"  deadline   {waits.deadline}; then {waits.then}")


def _now(plan: Plan | None, key: Key, record: Record) -> tuple[Blocked | None, str]:
    if plan is None:
        return record.blocked, "the catalog has errors: `reconciler validate`"
    for other, blocked in plan.blocked:
        if other.key == key:
            return blocked, blocked.hint
    for action in plan.actions:
        if action.key == key:
            return None, f"`reconciler apply` will {action.verb.value} it: {action.reason}"
    return None, "nothing: it is as the catalog asks"
