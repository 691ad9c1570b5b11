"""`reconciler rollback`: bring back in the catalog what a recorded deployment was made from."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.cli.common import catalog_option, color_option, place_of, print_marked, say
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.reading import read_records
from reconciler.engine.rollback import commit_rollback, plan_rollback, require_clean, write_rollback
from reconciler.engine.workbench import Workbench


@click.command()
@click.argument("key")
@click.option("--to", metavar="DEPLOYMENT", help="The start of an id from `history`; else the success before this one.")
@click.option("--commit", is_flag=True, help="Commit the change, with a message that says why.")
@catalog_option
@color_option
def rollback(key: str, to: str | None, commit: bool, catalog: Path, no_color: bool) -> None:
    """Write back into the catalog the inputs and the version of an earlier deployment; of a component, its files.

    Everything else in the files stays as it is. Nothing is deployed: that is for `plan` and `apply`, as for any change.
    """
    place = place_of(catalog)
    bench = Workbench(place, utc_now(), syntax_problems)
    bench.require_folder()
    found = plan_rollback(bench, read_records(place), resource_key(key), to)
    back = f"{found.to.made_from}, deployment {found.to.id}"
    if not found.changes:
        say(f"The catalog says already what {key} was made from in {back}; nothing changed.")
        return
    if commit:
        require_clean(place)
    write_rollback(place, found)
    for change in found.changes:
        print_marked(f"{change.diff}\n", no_color=no_color)
    for note in found.notes:
        say(note)
    made = commit_rollback(place, found) if commit else ""
    done = f"Committed {made[:12]}" if commit else f"Changed {', '.join(change.path for change in found.changes)}"
    say(f"{done}: {key} back to {back}.")
    say(f"  -> `reconciler plan` shows what it means; then {'push it' if commit else 'commit it'}")
