"""`reconciler apply`: one pass."""

from __future__ import annotations

from dataclasses import replace
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
from reconciler.engine.birth import init_records
from reconciler.engine.clock import utc_now
from reconciler.engine.passes import Options, PassResult, run_pass
from reconciler.engine.place import Place
from reconciler.errors import ExitCode, TryAgainError
from reconciler.gitstore.open import is_dirty, origin_of
from reconciler.model.keys import parse_key
from reconciler.planning.document import plan_document
from reconciler.planning.result import Plan
from reconciler.planning.show import as_text


@click.command()
@catalog_option
@revision_option
@output_option("text", "json")
@color_option
@click.option(
    "--init-records", "init_records_first", is_flag=True, help="Begin the records first, if the catalog has none."
)
@click.option("--allow-deletes", metavar="KEY", multiple=True, help="Agree to the deletion of this key.")
@click.option("--rewind", is_flag=True, help="Handle a commit although the catalog's history was rewritten.")
def apply(
    catalog: Path,
    revision: str | None,
    output: str,
    no_color: bool,
    init_records_first: bool,
    allow_deletes: tuple[str, ...],
    rewind: bool,
) -> None:
    """Carry out one commit of the catalog: cut versions, open pull requests, take in what was reported.

    Handles the commit that is checked out, or --revision, and says what it did and what it waits for. May be killed and
    run again at any time, and run twice at once.
    """
    place = place_of(catalog)
    if init_records_first and not _begin(place):
        return
    options = Options(
        revision=revision, rewind=rewind, allow_deletes=frozenset(parse_key(key) for key in allow_deletes)
    )
    carry_out(place, options, output=output, no_color=no_color)


def _begin(place: Place) -> bool:
    """Begins the records. False when the pass has to wait until the settings are pushed."""
    made = init_records(place, utc_now(), say)
    return not made or place.top is None or origin_of(place.top) is None


def carry_out(place: Place, options: Options, *, output: str = "text", no_color: bool = False) -> None:
    """One pass, told on the terminal, and the exit code that speaks of it."""
    if options.revision is None and place.top is not None and is_dirty(place.path):
        say("Uncommitted changes are not part of this pass.")
    result = run_pass(place, replace(options, inspect=syntax_problems), utc_now, say)
    print_problems(result.problems or (result.plan.problems if result.plan is not None else ()))
    if result.superseded_by:
        handled = result.superseded_by[:12]
        say(f"Commit {result.commit[:12]} is superseded by {handled}, which was handled already. Nothing done.")
        say("  -> --rewind handles it all the same")
    elif result.plan is None:
        say("Nothing was done, because the catalog has errors.")
    if output == "json":
        print_json(result_document(result))
    elif result.plan is not None:
        print_ended(result.ended, no_color=no_color)
        # Diffs are for the decision before; here the pull requests are what a reader needs.
        print_marked(as_text(result.plan, result.book, diffs=False, done=True), no_color=no_color)
        for key, url in result.pulls.items():
            click.echo(f"{key}  {url}")
    for key in sorted(options.retry & set(result.plan.unchanged if result.plan is not None else ()), key=str):
        say(f"{key} is as the catalog asks, so there is nothing to retry.")
    for key, error in result.errors:
        say(f"Error: {key}: {error.message}")
        if error.hint:
            say(f"  -> {error.hint}")
    finish(exit_code(result))


def result_document(result: PassResult) -> dict[str, object]:
    """What a pass did, as a document: the plan it carried out, what came of earlier deployments, the pull requests, and
    what failed."""
    plan = result.plan or Plan(result.commit, problems=result.problems)
    document = plan_document(plan, result.book)
    pulls = [{"key": str(key), "url": url} for key, url in result.pulls.items()]
    failures = [{"key": str(key), "message": error.message, "hint": error.hint} for key, error in result.errors]
    ended = [ended_document(deployment) for deployment in result.ended]
    new = {"schema": "reconciler/apply/v1", "ended": ended, "pullRequests": pulls, "failures": failures}
    return {**document, **new, "supersededBy": result.superseded_by or None}


def exit_code(result: PassResult) -> ExitCode:
    """1 for what is bad in this run: the catalog, a bundle that failed to register now, inputs that are wrong since
    now. 4 for what may work later. What is blocked or failed before is no failure of this run."""
    if result.superseded_by:
        return ExitCode.OK
    if result.plan is None:
        return ExitCode.BAD
    if result.plan.is_bad:
        return ExitCode.BAD
    if any(not isinstance(error, TryAgainError) for _, error in result.errors):
        return ExitCode.BAD
    return ExitCode.TRY_AGAIN if result.errors or result.plan.unreachable else ExitCode.OK
