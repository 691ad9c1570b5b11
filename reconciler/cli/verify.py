"""`reconciler verify`: whether the records are consistent."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, finish, output_option, place_of, print_json, say
from reconciler.engine.verifying import Verification, verify_records
from reconciler.errors import ExitCode
from reconciler.model.documents import Json
from reconciler.model.problems import one_line
from reconciler.records.verify import Fault


@click.command()
@catalog_option
@output_option("text", "json")
def verify(catalog: Path, output: str) -> None:
    """Check the whole records branch: every file, id, digest, pinned bundle and index entry.

    Says of each that is wrong which commit of the branch to restore it from. Exits with 1 when something is wrong;
    changes nothing, and uses no network.
    """
    done = verify_records(place_of(catalog))
    if done.note:
        say(done.note)
    if output == "json":
        print_json(_document(done))
    else:
        for fault in done.faults:
            click.echo(_line(fault))
        looked = f"{done.resources} resources, {done.templates} templates, {done.bundles} bundles"
        wrong = f"The records are damaged: {_count(len(done.faults))}"
        say(f"{wrong if done.faults else 'The records are consistent'} at {done.commit[:12]} ({looked}).")
    finish(ExitCode.BAD if done.faults else ExitCode.OK)


def _line(fault: Fault) -> str:
    return one_line(f"{fault.path}: [{fault.check}] {fault.message} ({fault.hint})")


def _count(faults: int) -> str:
    return f"{faults} problem" if faults == 1 else f"{faults} problems"


def _document(done: Verification) -> Json:
    problems = [
        {"key": fault.path, "code": fault.check.value, "message": fault.message, "hint": fault.hint}
        for fault in done.faults
    ]
    return {
        "schema": "reconciler/verify/v1",
        "valid": not done.faults,
        "recordsCommit": done.commit,
        "resources": done.resources,
        "templates": done.templates,
        "bundles": done.bundles,
        "problems": problems,
    }
