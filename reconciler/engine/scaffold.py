"""Writing new files into a working folder: a new catalog (`reconciler init`), and what `reconciler new` drafts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from reconciler.catalog.draft import SCHEMA_LINE
from reconciler.catalog.editorschema import kind_names, kind_schema
from reconciler.catalog.load import COMPONENTS, ENVIRONMENTS, REPOSITORIES, SERVICES, SETTINGS_FILE, TEMPLATES
from reconciler.engine.birth import replace_file
from reconciler.errors import InputError
from reconciler.gitstore.checkout import create_repository
from reconciler.gitstore.open import discover
from reconciler.model.documents import Json
from reconciler.model.keys import is_name

# JSON Schemas for editors, committed with the catalog so that a clone has them. Nothing else looks in there.
SCHEMAS = ".reconciler/schemas"

_SETTINGS = """{line}
apiVersion: reconciler/v1
kind: Settings
metadata:
  name: {name}
spec:
  account: "000000000000"   # stands in the ARNs of everything; nothing needs it to exist
  region: us-east-1
"""

_PLACES = {
    REPOSITORIES: "One file for each repository that folders are proposed to: repositories/<name>.yaml",
    TEMPLATES: "Template bundles in Proton's layout: templates/environment/<name>/v1/, templates/service/<name>/v1/",
    ENVIRONMENTS: "One folder for each environment: environments/<name>/environment.yaml",
    SERVICES: "One folder for each service: services/<name>/service.yaml",
    COMPONENTS: "One folder for each component: components/<name>/component.yaml, a manifest and one file",
}


def scaffold(path: Path) -> list[Path]:
    """Writes what is missing and returns it; what is there stays as it is. Makes the folder a Git repository."""
    name = path.resolve().name
    if not is_name(name):
        raise InputError(f'the folder "{name}" cannot give the catalog its name', hint="use letters, digits, - and _")
    path.mkdir(parents=True, exist_ok=True)
    written = []
    if not (path / SETTINGS_FILE).exists():
        line = SCHEMA_LINE + schema_path(SETTINGS_FILE, "Settings")
        written += write_new(path, {SETTINGS_FILE: _SETTINGS.format(line=line, name=name)})
        written += write_schemas(path, {kind: kind_schema(kind) for kind in kind_names()}, SCHEMAS)
    for place, purpose in _PLACES.items():
        if not (path / place).exists():
            written += write_new(path, {f"{place}/README.md": f"{purpose}\n"})
    if discover(path) is None:
        create_repository(path)
    return written


def schema_path(file: str, schema: str) -> str:
    """The way from a file of the catalog to a schema in it, as the file's first line names it."""
    return f"{'../' * file.count('/')}{SCHEMAS}/{schema}.json"


def write_new(top: Path, files: Mapping[str, str]) -> list[Path]:
    """Writes files, by their paths below `top`. Raises `InputError`, and writes none, when one of them is there."""
    for name in files:
        _refuse_links(top, name)
        if (top / name).exists():
            raise InputError(f"{name} is there already", hint="choose another name, or edit that file")
    written = []
    for name, text in files.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
        written.append(file)
    return written


def write_draft(top: Path, files: Mapping[str, str], schemas: Mapping[str, Json]) -> list[Path]:
    """Writes new files, and beside them the schemas that they point at. Raises as `write_new`."""
    for name in schemas:
        _refuse_links(top, f"{SCHEMAS}/{name}.json")
    return [*write_new(top, files), *write_schemas(top, schemas, SCHEMAS)]


def write_schemas(top: Path, schemas: Mapping[str, Json], folder: str) -> list[Path]:
    """Writes schemas as `<name>.json` into a folder below `top`, in place of older ones; returns those that changed."""
    written = []
    for name, schema in schemas.items():
        path = f"{folder}/{name}.json"
        _refuse_links(top, path)
        text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        if not (top / path).exists():
            written += write_new(top, {path: text})
        elif (top / path).read_text(encoding="utf-8", errors="replace") != text:
            replace_file(top / path, text)
            written.append(top / path)
    return written


def _refuse_links(top: Path, name: str) -> None:
    for place in (top / name, *(top / above for above in Path(name).parents)):
        if place != top and place.is_symlink():
            raise InputError(f"{place} is a link, and links are not followed", hint="put a folder or file there")
