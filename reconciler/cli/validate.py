"""`reconciler validate`: every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.automation.bundles import file_problems, terraform_at_hand
from reconciler.catalog.load import COMPONENTS, Catalog
from reconciler.cli.common import catalog_option, finish, output_option, place_of, print_json, revision_option, say
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import check_snapshot, look_near
from reconciler.engine.place import snapshot
from reconciler.errors import ExitCode
from reconciler.model.engines import Engine
from reconciler.model.problems import Problem
from reconciler.planning.document import problem_document
from reconciler.planning.inspection import inspect_bundle
from reconciler.planning.syncing import sync_problems
from reconciler.planning.world import Inspect, Request, no_inspection
from reconciler.records.book import RecordBook


@click.command()
@catalog_option
@revision_option
@output_option("text", "json")
def validate(catalog: Path, revision: str | None, output: str) -> None:
    """Check every file of a catalog, and say everything that is wrong.

    Bundles are checked with `terraform fmt` when terraform, tofu or the extra `terraform` is there. Needs no network.
    Exits with 1 when there are errors; warnings are what Proton tolerated.
    """
    place = place_of(catalog)
    seen = snapshot(place, revision)
    found = seen.catalog
    of_files = terraform_problems(found)
    found.add_problems(of_files)
    looking = look_near(place, seen, RecordBook(seen.records), utc_now())
    for note in looking.synced.unseen:
        say(note)
    found.add_problems(sync_problems(looking))
    check_snapshot(place, seen, Request("", "", "", utc_now()), _known(of_files))
    problems = found.problems
    errors = [problem for problem in problems if problem.is_error]
    if output == "json":
        items = [problem_document(problem) for problem in problems]
        print_json({"schema": "reconciler/validate/v1", "valid": not errors, "problems": items})
    else:
        for problem in problems:
            click.echo(str(problem))
        counts = f"{_count(len(errors), 'error')}, {_count(len(problems) - len(errors), 'warning')}"
        say(f"{'The catalog has errors' if errors else 'The catalog is valid'}: {counts}.")
    finish(ExitCode.BAD if errors else ExitCode.OK)


def terraform_problems(catalog: Catalog) -> tuple[Problem, ...]:
    """What Terraform says of the bundles, in one process; that it is not at hand is said. What Jinja says of them is
    added to the catalog's problems on the way."""
    files: dict[str, bytes] = {}
    for template in catalog.templates().values():
        for major, (path, _) in template.majors.items():
            bundle = catalog.bundle(template, major)[0]
            if bundle is None:
                continue
            catalog.add_problems(inspect_bundle(no_inspection, path, bundle))
            read = bundle.tree.reader.read
            for part in bundle.parts.values():
                if part.engine is Engine.TERRAFORM:
                    files |= {f"{path}/{part.folder}/{name}": read(blob) for name, blob in part.files}
    terraform = terraform_at_hand()
    if files and terraform is None:
        say("Terraform is not here, so the syntax of .tf files was not checked.")
    return file_problems(files, terraform)


def _known(problems: tuple[Problem, ...]) -> Inspect:
    """Errors that were found already, by the file they are in; a component's file has yet to be looked at."""
    seen = {problem.position.path for problem in problems}

    def of_files(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
        if any(path.startswith(f"{COMPONENTS}/") for path in files):
            return file_problems(files, terraform_at_hand())
        return tuple(item for item in problems if item.is_error and item.position.path in files.keys() & seen)

    return of_files


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
