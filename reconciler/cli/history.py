"""`reconciler history`: every deployment of a resource, from the history of its record."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, color_option, output_option, place_of, print_json, print_table
from reconciler.cli.documents import deployment_document
from reconciler.cli.keys import resource_key
from reconciler.engine.reading import read_records


@click.command()
@click.argument("key")
@catalog_option
@output_option("text", "json")
@color_option
def history(key: str, catalog: Path, output: str, no_color: bool) -> None:
    """List the deployments of one resource, newest first."""
    reading = read_records(place_of(catalog))
    record = reading.record(resource_key(key))
    deployments = reading.deployments(record.key)
    if output == "json":
        items = [deployment_document(deployment) for deployment in deployments]
        print_json({"schema": "reconciler/history/v1", "key": key, "deployments": items})
        return
    rows = [
        (
            str(deployment.number),
            deployment.id,
            deployment.status.value,
            deployment.made_from,
            deployment.claimed_at,
            deployment.catalog_commit[:12],
            deployment.requested_by,
            deployment.message.splitlines()[0] if deployment.message else "",
        )
        for deployment in deployments
    ]
    columns = ("#", "DEPLOYMENT", "STATUS", "VERSION", "CLAIMED", "COMMIT", "REQUESTED BY", "MESSAGE")
    print_table(columns, rows, no_color=no_color)
