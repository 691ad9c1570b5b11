"""`reconciler cancel`: stop a deployment before it is merged."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, place_of, say
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.interventions import cancel as cancel_deployment


@click.command()
@click.argument("key")
@catalog_option
def cancel(key: str, catalog: Path) -> None:
    """Close the open pull request of one resource, and remember that a person wanted that.

    It stays cancelled until something else is asked for, or `reconciler retry`. What is merged cannot be cancelled.
    """
    deployment = cancel_deployment(place_of(catalog), resource_key(key), utc_now, say)
    click.echo(f"{key}: deployment {deployment.id} is {deployment.status}: {deployment.message}")
    say(f"  -> change what is asked for, or `reconciler retry {key}`")
