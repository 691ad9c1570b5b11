"""`reconciler plan`: what a pass would do, and why."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.cli.common import (
    catalog_option,
    color_option,
    finish,
    output_option,
    place_of,
    print_json,
    print_marked,
    print_problems,
    revision_option,
    say,
)
from reconciler.cli.documents import ended_document, print_ended
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import offline_plan
from reconciler.errors import ExitCode
from reconciler.planning.document import plan_document
from reconciler.planning.result import Plan
from reconciler.planning.show import as_markdown, as_text
from reconciler.planning.world import Request


@click.command()
@catalog_option
@revision_option
@output_option("text", "json", "markdown")
@color_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there is something to do.")
@click.option("--no-diff", is_flag=True, help="Leave the rendered diffs out.")
def plan(
    catalog: Path, revision: str | None, output: str, no_color: bool, detailed_exitcode: bool, no_diff: bool
) -> None:
    """Show what `apply` would do: versions, pull requests, deletions, and what waits for what.

    Without --revision the folder is planned as it is, committed or not. Nothing is written, and nothing is fetched:
    records and repositories are seen as far as this machine has them.
    """
    made = offline_plan(place_of(catalog), revision, Request("", "", "", utc_now()), syntax_problems)
    if made.note:
        say(made.note)
    print_problems(made.catalog.problems)
    if made.plan is None:
        say("Nothing was planned, because the catalog has errors.")
        if output == "json":
            print_json(plan_document(Plan("", problems=made.catalog.problems), made.book))
        finish(ExitCode.BAD)
        return
    if output == "json":
        ended = [ended_document(deployment) for deployment in made.book.ended]
        print_json({**plan_document(made.plan, made.book), "ended": ended})
    elif output == "markdown":
        click.echo(as_markdown(made.plan, made.book), nl=False)
    else:
        print_ended(made.book.ended, no_color=no_color)
        print_marked(as_text(made.plan, made.book, diffs=not no_diff), no_color=no_color)
    if made.plan.is_bad or made.is_unfit:
        finish(ExitCode.BAD)
    finish(ExitCode.CHANGES if detailed_exitcode and made.plan.has_changes else ExitCode.OK)
