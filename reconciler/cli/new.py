"""`reconciler new`: a new file, drafted from the template that it is made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.cli.common import catalog_option, place_of, say
from reconciler.engine.authoring import Draft, Template, new_component, new_environment, new_repository, new_service
from reconciler.engine.clock import utc_now
from reconciler.engine.scaffold import write_draft
from reconciler.engine.workbench import Workbench
from reconciler.errors import UsageError
from reconciler.model.versions import VersionLine, parse_line

# Kind -> the options that it takes, those that it needs first.
_OPTIONS = {
    "environment": (("template",), ("version", "repository", "inputs")),
    "service": (("template",), ("version", "environment", "instance", "inputs", "pipeline_inputs")),
    "component": ((), ("attach_to", "environment")),
    "repository": (("full_name",), ("provider", "branch", "url")),
}
_FLAGS = {"inputs": "--input", "pipeline_inputs": "--pipeline-input"}


@click.command()
@click.argument("kind", type=click.Choice(tuple(_OPTIONS)))
@click.argument("name")
@click.option("--template", metavar="NAME", help="The template that it is made from.")
@click.option("--version", metavar="VERSION", help="A version or major version, by default the newest published major.")
@click.option("--repository", metavar="NAME", help="Where an environment is proposed; needed when there are several.")
@click.option("--environment", metavar="NAME", help="Where a service, or a detached component, runs.")
@click.option("--instance", metavar="NAME", help="The service's first instance, by default SERVICE-ENVIRONMENT.")
@click.option("--attach-to", metavar="SERVICE/INSTANCE", help="The instance that a component belongs to.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An input's value; may be repeated.")
@click.option("--pipeline-input", "pipeline_inputs", multiple=True, metavar="NAME=VALUE", help="One of the pipeline.")
@click.option("--provider", type=click.Choice(("github", "gitlab", "local")), help="A repository's host.")
@click.option("--full-name", metavar="OWNER/NAME", help="A repository's name on its host.")
@click.option("--branch", metavar="NAME", help="The branch that a repository's folders are proposed to.")
@click.option("--url", metavar="URL", help="Where a repository is, if not on the public host.")
@catalog_option
def new(kind: str, name: str, catalog: Path, **options: Any) -> None:
    """Write the file of a new environment, service, component or repository.

    Required inputs come first, with their descriptions; all others are there as comments, with their defaults. Nothing
    that exists is overwritten.
    """
    given = {option: value for option, value in options.items() if value}
    _check(kind, given)
    bench = Workbench(place_of(catalog), utc_now(), syntax_problems)
    bench.require_folder()
    draft = _draft(bench, kind, name, given)
    for path in write_draft(bench.path, draft.files, draft.schemas):
        say(f"wrote {path.relative_to(bench.path)}")
    if draft.missing:
        say(f"Still to give: {', '.join(draft.missing)}; `reconciler validate` says where.")
    say("Next: look it over, then `reconciler validate`, `reconciler plan`, and commit it.")


def _draft(bench: Workbench, kind: str, name: str, given: dict[str, Any]) -> Draft:
    inputs, environment = given.get("inputs", ()), given.get("environment")
    if kind == "repository":
        spec = {"provider": given.get("provider", "github"), "name": given["full_name"]}
        return new_repository(bench, name, spec | {key: given[key] for key in ("branch", "url") if key in given})
    if kind == "component":
        return new_component(bench, name, given.get("attach_to"), environment)
    template = Template(given["template"], _line(given.get("version")))
    if kind == "environment":
        return new_environment(bench, name, template, given.get("repository"), inputs)
    return new_service(
        bench, name, template, (environment, given.get("instance")), inputs, given.get("pipeline_inputs", ())
    )


def _check(kind: str, given: dict[str, Any]) -> None:
    """Raises `UsageError` for options that a kind does not take, or lacks."""
    needed, allowed = _OPTIONS[kind]
    extra = [_flag(name) for name in given if name not in (*needed, *allowed)]
    if extra:
        takes = ", ".join(map(_flag, (*needed, *allowed)))
        raise UsageError(f"{', '.join(extra)} is not for a {kind}", hint=f"it takes {takes}")
    lacking = [_flag(name) for name in needed if name not in given]
    if lacking:
        raise UsageError(f"{', '.join(lacking)} is missing", hint="see `reconciler new --help`")
    if kind == "component" and ("attach_to" in given) is ("environment" in given):
        raise UsageError("a component is attached or detached", hint="give either --attach-to or --environment")


def _flag(name: str) -> str:
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def _line(text: str | None) -> VersionLine | None:
    line = parse_line(text) if text is not None else None
    if text is not None and line is None:
        raise UsageError(f'"{text}" is no version', hint='give "1" for a major version, or "1.2" for exactly that one')
    return line
