"""`reconciler set`: change values in a file, and nothing else in it."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.cli.common import catalog_option, color_option, place_of, print_marked, say
from reconciler.cli.keys import resource_key
from reconciler.engine.changing import change_inputs, write_change
from reconciler.engine.clock import utc_now
from reconciler.engine.workbench import Workbench
from reconciler.errors import UsageError


@click.command("set")
@click.argument("key")
@click.argument("inputs", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--unset", multiple=True, metavar="NAME", help="Remove this input; may be repeated.")
@catalog_option
@color_option
def set_input(key: str, inputs: tuple[str, ...], unset: tuple[str, ...], catalog: Path, no_color: bool) -> None:
    """Set inputs of an environment, service instance or pipeline in its file, for example image=shop:1.5.

    Everything else in the file stays as it is, byte for byte. A name may lead into a mapping (size.cpu=large), and a
    list or mapping is given as JSON. A value that the template does not take changes nothing.
    """
    if not inputs and not unset:
        raise UsageError("there is nothing to set", hint="give NAME=VALUE, or --unset NAME")
    bench = Workbench(place_of(catalog), utc_now(), syntax_problems)
    bench.require_folder()
    change = change_inputs(bench, resource_key(key), inputs, unset)
    if change.after == change.before:
        say(f"{change.path} says so already; nothing changed.")
    else:
        write_change(bench, change)
        print_marked(f"{change.diff}\n", no_color=no_color)
        say(f"Changed {change.path}. Next: `reconciler plan` shows what it means; commit it.")
    for message in change.left:
        say(f"still to mend: {message}")
