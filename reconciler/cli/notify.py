"""`reconciler notify`: report a deployment onto the reports branch of the repository that provisions it."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler.automation.diagnostics import Redactor
from reconciler.automation.folders import deleted_at, deployment_of, is_deployment_id
from reconciler.automation.outputs import reportable
from reconciler.automation.reports import ReportsBranch
from reconciler.cli.places import branch_or_default, default_cache, provisioning_repository
from reconciler.errors import InputError
from reconciler.gitstore.base import GitRemote
from reconciler.model.documents import Json
from reconciler.model.identity import REPORTS_BRANCH, key_of_arn
from reconciler.model.keys import DEPLOYMENT_ORDER, Key
from reconciler.model.reports import DELETED_ID, Report, ReportStatus

_MAX_ARN = 200  # NOT-1


@click.command()
@click.option("--resource-arn", required=True, help="The resource, as .proton/deployment-metadata.json names it.")
@click.option("--status", default="IN_PROGRESS", show_default=True, help="IN_PROGRESS, SUCCEEDED or FAILED.")
@click.option("--deployment-id", help="The deployment.  [default: the one the resource's folder carries]")
@click.option("--status-message", default="", help="What to say about it; shortened to 5000 characters.")
@click.option("--outputs", help="The outputs as JSON, [{key, valueString}, ...], or file:// and the path of it.")
@click.option("--output", "pairs", multiple=True, metavar="KEY=VALUE", help="One output; may be repeated.")
@click.option("--repository", default=".", show_default=True, help="Path or URL of the infrastructure repository.")
@click.option("--branch", help="The branch with the folders.  [default: the repository's default branch]")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder for mirrors.")
def notify(
    *,
    resource_arn: str,
    status: str,
    deployment_id: str | None,
    status_message: str,
    outputs: str | None,
    pairs: tuple[str, ...],
    repository: str,
    branch: str | None,
    cache: Path | None,
) -> None:
    """Report the status and the outputs of a deployment.

    Takes the flags of `aws proton notify-resource-deployment-status-change`, and writes the report as a file to the
    branch reconciler/reports of the repository it runs in, where the next pass of the reconciler reads it.
    """
    key = _key(resource_arn)
    verdict = _status(status)
    given = [*(_outputs(outputs) if outputs is not None else []), *(_pair(pair) for pair in pairs)]
    redactor = Redactor.of(os.environ)
    kept, left_out = reportable(given, redactor)
    remote = provisioning_repository(repository, cache or default_cache()).remote
    if deployment_id is not None and not is_deployment_id(deployment_id):
        raise InputError(f'"{deployment_id}" is no deployment id', hint="take it from .proton/deployment-metadata.json")
    branch = branch_or_default(remote, branch)
    tip = _tip(remote, branch)
    carried = deployment_of(remote.objects.tree(tip), resource_arn) if tip is not None else None
    deployment = deployment_id or _the_one(carried, remote, branch, resource_arn)
    now = datetime.now(UTC)
    report = Report(
        key=key,
        arn=resource_arn,
        deployment_id=deployment,
        status=verdict,
        message=redactor.clean(status_message),
        outputs=kept if outputs is not None or pairs else None,
        left_out=left_out,
        at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    since = deleted_at(remote.objects, tip, resource_arn) if tip is not None and deployment == DELETED_ID else None
    written = ReportsBranch(remote).write(report, at=int(now.timestamp()), since=since)
    for item in left_out:
        click.echo(f"output {item.key} is not reported: {item.reason}", err=True)
    if carried is not None and carried != deployment:
        # Not an error: somebody may have applied the branch of a pull request that is not merged yet.
        text = f"{deployment} is not the deployment that {branch} carries for {key}, which is {carried}"
        click.echo(f"{text}; a report counts for the deployment on record only", err=True)
    if written:
        click.echo(f"reported {verdict} for {key}, deployment {deployment}, on {REPORTS_BRANCH} of {remote.name}")
    else:
        click.echo(f"{key}, deployment {deployment}, has a final report already; {verdict} was not written")


def _key(arn: str) -> Key:
    key = key_of_arn(arn) if len(arn) <= _MAX_ARN else None
    if key is None or key.kind not in DEPLOYMENT_ORDER:
        raise InputError(
            f'--resource-arn: "{arn[:_MAX_ARN]}" names no environment, service instance or service pipeline',
            hint="take it from .proton/deployment-metadata.json",
        )
    return key


def _status(text: str) -> ReportStatus:
    try:
        return ReportStatus(text)
    except ValueError:
        raise InputError(
            f'--status: "{text}" cannot be reported', hint=f"use one of {', '.join(ReportStatus)}"
        ) from None


def _outputs(text: str) -> list[tuple[str, Json]]:
    source = "--outputs"
    if text.startswith("file://"):
        source = text.removeprefix("file://")
        try:
            text = Path(source).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"--outputs: {source} cannot be read: {error}", hint="check the path") from error
    try:
        items = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f":{error.lineno}:{error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{source}{where}: not valid JSON", hint='write [{"key": "a", "valueString": "b"}]') from error
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("key"), str) and "valueString" in item for item in items
    ):
        hint = 'write [{"key": "a", "valueString": "b"}]'
        raise InputError(f"{source}: must be a list of objects with key and valueString", hint=hint)
    return [(item["key"], item["valueString"]) for item in items]


def _pair(text: str) -> tuple[str, Json]:
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f'--output: "{text}" has no "="', hint="write KEY=VALUE")
    return key, value


def _tip(remote: GitRemote, branch: str) -> str | None:
    ref = f"refs/heads/{branch}"
    return remote.fetch(ref).get(ref)


def _the_one(found: str | None, remote: GitRemote, branch: str, arn: str) -> str:
    if found is None:
        raise InputError(
            f"no folder, or more than one, on {branch} of {remote.name} is {arn}'s",
            hint="name the deployment with --deployment-id",
        )
    return found
