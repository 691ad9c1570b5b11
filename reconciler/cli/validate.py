"""`reconciler validate`: every problem at once."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.fmt import check_format
from reconciler.automation.terraform import find_terraform
from reconciler.catalog.bundle import PART_FOLDERS
from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.cli.common import catalog_option, finish, output_option, place_of, print_json, revision_option, say
from reconciler.engine.place import snapshot
from reconciler.errors import ExitCode, InputError
from reconciler.model.problems import Position, Problem, Severity
from reconciler.planning.document import problem_document
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
    seen = snapshot(place_of(catalog), revision)
    found = seen.catalog
    check_everything(found, RecordBook(seen.records).template_keys())
    found.add_problems(terraform_problems(found))
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


def terraform_problems(catalog: Catalog) -> list[Problem]:
    """What `terraform fmt` says of the bundles; nothing where the program is not at hand, which is said."""
    files: dict[str, bytes] = {}
    for template in catalog.templates().values():
        for major, (path, _) in template.majors.items():
            bundle = catalog.bundle(template, major)[0]
            for kind, part in bundle.parts.items() if bundle is not None else ():
                for name, blob in part.files:
                    files[f"{path}/{PART_FOLDERS[kind]}/{name}"] = catalog.tree.reader.read(blob)
    if not files:
        return []
    try:
        terraform = find_terraform()
    except InputError:
        say("Terraform is not here, so the syntax of .tf files was not checked.")
        return []
    problems = []
    for found in check_format(files, terraform):
        if found.is_syntax:
            place = Position(found.path, found.line, 1)
            problems.append(Problem(place, "TEMPLATE_SYNTAX", found.message, "correct it: Terraform cannot read it"))
        else:
            hint = "run `terraform fmt` in that folder: workflows that check the format would refuse it"
            message = "not formatted as `terraform fmt` would"
            place = Position(found.path)
            problems.append(Problem(place, "TEMPLATE_FORMAT", message, hint, Severity.WARNING))
    return problems


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
