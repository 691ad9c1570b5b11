"""`reconciler schema`: JSON Schemas for editors, of each kind of file and of each template's inputs."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.automation.bundles import syntax_problems
from reconciler.catalog.editorschema import inputs_schema, kind_names, kind_schema
from reconciler.catalog.shape import did_you_mean
from reconciler.cli.common import catalog_option, output_option, place_of, print_json, say
from reconciler.engine.authoring import followed_schema, followed_schema_name
from reconciler.engine.clock import utc_now
from reconciler.engine.scaffold import write_schemas
from reconciler.engine.workbench import Followed, Workbench
from reconciler.errors import InputError, UsageError
from reconciler.model.documents import Json
from reconciler.model.keys import find_key
from reconciler.model.versions import VersionLine, parse_line

_PARTS = ("inputs", "pipeline", "file")


@click.command()
@click.argument("what", required=False)
@click.option("--part", type=click.Choice(_PARTS), help="Of a template: its inputs, those of its pipeline, or a file.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write all schemas below this folder.")
@catalog_option
@output_option("text", "json")
def schema(what: str | None, part: str | None, out: Path | None, catalog: Path, output: str) -> None:
    """Print the JSON Schema of WHAT: a kind like Service, or a template like service-template/web or .../web:1.2.

    Without WHAT, list what there is. Templates are those of the catalog, in the version that would be followed.
    """
    if (what is None and part is not None) or (what is not None and out is not None):
        raise UsageError("--part goes with WHAT, --out without it", hint="see `reconciler schema --help`")
    if what in kind_names():
        print_json(kind_schema(str(what)))
        return
    bench = Workbench(place_of(catalog), utc_now(), syntax_problems)
    if what is not None:
        print_json(_of_template(bench, what, part or "inputs"))
    elif out is not None:
        _write(bench, out)
    else:
        _list(bench, output)


def _of_template(bench: Workbench, what: str, part: str) -> dict[str, Json]:
    name, colon, version = what.partition(":")
    key, line = find_key(name), parse_line(version)
    if key is None or not key.kind.is_template:
        known = [*kind_names(), *map(str, bench.catalog.templates())]
        raise InputError(f'there is no schema of "{what}"', hint=did_you_mean(what, known))
    if colon and line is None:
        raise InputError(f'"{version}" is no version', hint="write NAME:1 or NAME:1.2")
    followed = bench.followed(key, line)
    if part == "file":
        return followed_schema(followed)
    title, bundle = f"{key}:{followed.version}", followed.bundle.schema
    if part == "inputs":
        return inputs_schema(bundle.inputs, f"Inputs of {title}")
    if bundle.pipeline is None:
        raise InputError(f"{title} has no pipeline", hint="leave --part out for its inputs")
    return inputs_schema(bundle.pipeline, f"Pipeline inputs of {title}")


def _all(bench: Workbench) -> list[Followed]:
    """Every major version of every template that can be followed."""
    found = []
    for key in sorted(bench.catalog.templates(), key=lambda key: key.sort_key):
        record = bench.record(key)
        lines = [VersionLine(major) for major in sorted({item.version.major for item in record.versions})]
        found += [bench.followed(key, line) for line in lines if record.recommended(line) is not None]
    return found


def _write(bench: Workbench, out: Path) -> None:
    schemas = {kind: kind_schema(kind) for kind in kind_names()}
    schemas |= {followed_schema_name(item): followed_schema(item) for item in _all(bench)}
    written = write_schemas(out, schemas, ".")
    say(f"wrote {len(written)} of {len(schemas)} schemas to {out}; the others were up to date")


def _list(bench: Workbench, output: str) -> None:
    kinds, followed = kind_names(), _all(bench)
    if output == "json":
        templates = [{"key": f"{item.template}:{item.version}", "parts": _parts(item)} for item in followed]
        print_json({"schema": "reconciler/schema/v1", "kinds": list(kinds), "templates": templates})
        return
    for kind in kinds:
        click.echo(kind)
    for item in followed:
        click.echo(f"{item.template}:{item.version} ({', '.join(_parts(item))})")


def _parts(followed: Followed) -> list[str]:
    has_pipeline = followed.bundle.schema.pipeline is not None
    return [part for part in _PARTS if has_pipeline or part != "pipeline"]
