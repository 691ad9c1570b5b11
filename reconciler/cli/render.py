"""`reconciler render`: the files one resource would get."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.catalog.supposed import read_supposed
from reconciler.cli.common import catalog_option, place_of, revision_option, say
from reconciler.cli.keys import resource_key
from reconciler.engine.clock import utc_now
from reconciler.engine.offline import render_key
from reconciler.errors import InputError
from reconciler.planning.world import Request


@click.command()
@click.argument("key")
@catalog_option
@revision_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write the files below this folder.")
@click.option(
    "--suppose",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the outputs in this YAML file, by key, for reported.",
)
def render(key: str, catalog: Path, revision: str | None, out: Path | None, suppose: Path | None) -> None:
    """Render one resource, for example environment/dev, as its pull request would have it.

    With --suppose a template can be tried before what it reads exists.
    """
    supposed = read_supposed(str(suppose), suppose.read_bytes()) if suppose is not None else {}
    request = Request("", "", "", utc_now())
    rendered = render_key(place_of(catalog), revision, request, resource_key(key), syntax_problems, supposed)
    if out is None:
        for path, data in rendered.files.items():
            click.echo(f"==> {rendered.folder}/{path} <==")
            is_binary = b"\0" in data
            click.echo(f"({len(data)} bytes)" if is_binary else data.decode("utf-8", "replace"))
        return
    target = out / rendered.folder
    for path in rendered.files:
        inside = (target / path).relative_to(out)
        for place in (out / parent for parent in (inside, *inside.parents[:-1])):
            if place.is_symlink():
                hint = "name another folder with --out"
                raise InputError(f"{place} is a link, and links are not followed", hint=hint)
    for path, data in rendered.files.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    say(f"wrote {len(rendered.files)} files to {target}")
