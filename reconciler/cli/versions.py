"""`reconciler versions`: what was cut from the bundles."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import catalog_option, color_option, output_option, place_of, print_json, print_table, say
from reconciler.cli.documents import version_document
from reconciler.cli.syncs import sync_document, sync_lines
from reconciler.engine.reading import read_records
from reconciler.errors import InputError
from reconciler.model.keys import Key, parse_key
from reconciler.model.versions import VersionLine
from reconciler.records.record import TemplateRecord
from reconciler.records.sync import SyncRecord


@click.command()
@click.argument("template", required=False)
@catalog_option
@output_option("text", "json")
@color_option
def versions(template: str | None, catalog: Path, output: str, no_color: bool) -> None:
    """List the versions of every template, or of one, for example service-template/web or just web."""
    book = read_records(place_of(catalog)).book
    synced = {key for key in book.sync_keys() if key.kind.is_template}
    keys = sorted(book.template_keys() | synced, key=lambda key: key.sort_key)
    if template is not None:
        keys = _named(keys, template)
    records = [book.template(key) for key in keys]
    if output == "json":
        items = [_document(record, book.sync(record.key)) for record in records]
        print_json({"schema": "reconciler/versions/v1", "templates": items})
        return
    rows = [
        (
            f"{record.key}:{item.version}",
            item.status,
            _marks(record, str(item.version)),
            item.at,
            item.catalog_commit[:12],
        )
        for record in records
        for item in record.versions
    ]
    if rows:
        print_table(("VERSION", "STATUS", "", "CUT", "COMMIT"), rows, no_color=no_color)
    else:
        say("No versions are recorded yet.")
    for record in records:
        for item in record.versions:
            if item.is_failed:
                say(f"{record.key}:{item.version} {item.code}: {item.message}")
        sync = book.sync(record.key)
        for line in sync_lines(sync) if sync is not None else ():
            say(line)


def _named(keys: list[Key], text: str) -> list[Key]:
    found = [key for key in keys if key.name == text] if "/" not in text else [k for k in keys if k == parse_key(text)]
    if not found:
        known = ", ".join(map(str, keys)) or "none yet"
        raise InputError(f'no versions are recorded of "{text}"', hint=f"recorded templates: {known}")
    return found


def _marks(record: TemplateRecord, version: str) -> str:
    recommended = record.recommended()
    if recommended is not None and str(recommended.version) == version:
        return "recommended"
    if version in _recommended_minors(record).values():
        return "recommended minor"
    return "withdrawn" if version in record.withdrawn else ""


def _recommended_minors(record: TemplateRecord) -> dict[str, str]:
    """The version that whoever follows a major is on, by major (reference, VER-7)."""
    majors = sorted({item.version.major for item in record.versions})
    found = ((major, record.recommended(VersionLine(major))) for major in majors)
    return {str(major): str(item.version) for major, item in found if item is not None}


def _document(record: TemplateRecord, sync: SyncRecord | None) -> dict[str, object]:
    recommended = record.recommended()
    return {
        "key": str(record.key),
        "recommendedVersion": str(recommended.version) if recommended is not None else None,
        "recommendedMinorVersions": _recommended_minors(record),
        "withdrawn": list(record.withdrawn),
        "sync": sync_document(sync) if sync is not None else None,
        "versions": [version_document(str(record.key), item) for item in record.versions],
    }
