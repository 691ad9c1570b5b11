"""`reconciler validate`: every problem at once."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import bundle_files, file_problems, terraform_at_hand
from reconciler.catalog.bundle import Bundle
from reconciler.catalog.load import Catalog
from reconciler.cli.common import catalog_option, finish, output_option, place_of, print_json, revision_option, say
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import check_snapshot
from reconciler.engine.place import snapshot
from reconciler.errors import ExitCode
from reconciler.model.problems import Problem
from reconciler.planning.document import problem_document
from reconciler.planning.world import Inspect, Request


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
    """What Terraform says of the bundles, in one process; that it is not at hand is said."""
    files: dict[str, bytes] = {}
    for template in catalog.templates().values():
        for major, (path, _) in template.majors.items():
            bundle = catalog.bundle(template, major)[0]
            files |= bundle_files(path, bundle) if bundle is not None else {}
    terraform = terraform_at_hand()
    if files and terraform is None:
        say("Terraform is not here, so the syntax of .tf files was not checked.")
    return file_problems(files, terraform)


def _known(problems: tuple[Problem, ...]) -> Inspect:
    """Errors that were found already, by the bundle they are in."""

    def of_bundle(path: str, _: Bundle) -> tuple[Problem, ...]:
        return tuple(item for item in problems if item.is_error and item.position.path.startswith(path + "/"))

    return of_bundle


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
