"""`reconciler wait`: until a deployment has ended."""

from __future__ import annotations

import time
from pathlib import Path

import click

from reconciler.cli.common import catalog_option, finish, place_of, say
from reconciler.cli.durations import Duration
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.waiting import Patience, look_freshly, wait_for
from reconciler.errors import ExitCode, UsageError


@click.command()
@click.argument("key")
@catalog_option
@click.option("--timeout", type=Duration(), default="30m", show_default=True, help="How long to wait at most.")
@click.option("--interval", type=Duration(), default="10s", show_default=True, help="How long between two looks.")
def wait(key: str, catalog: Path, timeout: int, interval: int) -> None:
    """Wait until what is under way for one resource has ended, and say how.

    Looks at the records again and again, and changes nothing: passes of `apply` move it on. Exits with 0 when it
    succeeded or is gone, with 1 when it failed, was cancelled or is blocked until a person mends something, and with 4
    when the time is up.
    """
    if interval <= 0:
        raise UsageError("--interval has to be longer than nothing", hint="leave it out, or write 10s")
    place, wanted = place_of(catalog), resource_key(key)
    patience = Patience(timeout, interval, time.monotonic, utc_now, time.sleep)
    ended = wait_for(wanted, lambda: look_freshly(place), patience, say)
    click.echo(f"{wanted}: {ended.text}")
    if ended.hint:
        say(f"  -> {ended.hint}")
    finish(ExitCode.OK if ended.good else ExitCode.BAD)
