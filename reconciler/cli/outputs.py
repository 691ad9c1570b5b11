"""`reconciler outputs`: what a deployment reported back."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, output_option, place_of, print_json, say
from reconciler.cli.keys import resource_key
from reconciler.engine.reading import Reading, read_records
from reconciler.errors import InputError
from reconciler.records.record import Deployment, Record


@click.command()
@click.argument("key")
@catalog_option
@output_option("text", "json")
@click.option("--deployment", metavar="ID", help="The outputs of an earlier deployment; a prefix of its id will do.")
def outputs(key: str, catalog: Path, output: str, deployment: str | None) -> None:
    """Print the outputs in effect of one resource as KEY=VALUE lines."""
    reading = read_records(place_of(catalog))
    found = _deployment(reading, reading.record(resource_key(key)), deployment)
    if output == "json":
        items = [{"key": name, "valueString": value} for name, value in found.outputs.items()]
        left_out = [{"key": name, "reason": reason} for name, reason in found.left_out.items()]
        document = {"schema": "reconciler/outputs/v1", "key": key, "deployment": found.id}
        print_json({**document, "outputs": items, "leftOut": left_out})
        return
    for name, value in found.outputs.items():
        click.echo(f"{name}={value}")
    for name, reason in found.left_out.items():
        say(f"{name} was left out: {reason}")


def _deployment(reading: Reading, record: Record, wanted: str | None) -> Deployment:
    if wanted is None:
        if record.latest is not None and record.latest.status.is_gone:
            hint = f"`reconciler history {record.key}` lists its deployments; --deployment ID shows what one reported"
            raise InputError(f"{record.key} was deleted, so it has no outputs", hint=hint)
        if record.effective is None:
            hint = f"`reconciler explain {record.key}` says what it waits for"
            raise InputError(f"{record.key} has not succeeded yet, so it has no outputs", hint=hint)
        return record.effective
    for deployment in reading.deployments(record.key):
        if deployment.id.startswith(wanted):
            return deployment
    hint = f"`reconciler history {record.key}` lists them"
    raise InputError(f'{record.key} has no deployment "{wanted}"', hint=hint)
