"""Template bundles in Proton's layout (reference 2.1 to 2.4): schema, manifests, infrastructure files, registration.

A bundle is read from its own tree, wherever that tree lies: in the catalog, in a working folder, or pinned on the
records branch. Everything that registration would refuse is a problem here, with its REG-4 code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.inputschema import BundleSchema, InputType, read_schema
from reconciler.catalog.manifest import MANIFEST, read_manifest
from reconciler.catalog.registration import REGISTRATION_FILES, CompatibleEnvironment, read_registration
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.model.keys import Kind
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import EntryKind, Tree, tree_id, tree_of

SCHEMA_FILE = "schema/schema.yaml"
TEMPLATE_FILE = "template.yaml"

# Bundle quotas (reference 2.4).
MAX_BUNDLE_BYTES = 5 * 1024 * 1024
MAX_SCHEMA_BYTES = 50 * 1024
MAX_FILE_BYTES = 200 * 1024
MAX_TEMPLATE_FILES = 10

# The infrastructure folder that serves each kind of resource.
PART_FOLDERS = {
    Kind.ENVIRONMENT: "infrastructure",
    Kind.INSTANCE: "instance_infrastructure",
    Kind.PIPELINE: "pipeline_infrastructure",
}
_PARTS_OF = {
    Kind.ENVIRONMENT_TEMPLATE: (Kind.ENVIRONMENT,),
    Kind.SERVICE_TEMPLATE: (Kind.INSTANCE, Kind.PIPELINE),
}
_DECLARED = {
    Kind.ENVIRONMENT: ("environment", "proton_tags"),
    Kind.INSTANCE: ("environment", "service", "service_instance", "proton_tags"),
    Kind.PIPELINE: ("service_instances", "service", "pipeline", "proton_tags"),
}
_VARIABLE = re.compile(rb'^[ \t]*variable[ \t]+"([A-Za-z_]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One infrastructure folder of a bundle: the files that travel, as (name, blob id), in name order."""

    folder: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bundle:
    """A bundle that can be registered. `tree` identifies all of it, `content` all but its registration file."""

    kind: Kind
    tree: Tree = field(repr=False)
    content: str
    schema: BundleSchema = field(repr=False)
    parts: Mapping[Kind, Part]
    compatible: tuple[CompatibleEnvironment, ...] = ()

    def input_type(self, kind: Kind) -> InputType | None:
        """The input type for a kind of resource; None when the bundle has no such part."""
        return self.schema.pipeline if kind is Kind.PIPELINE else self.schema.inputs


def bundle_tree(folder: Tree) -> Tree:
    """The part of a template folder that is its bundle: all but our own `template.yaml`."""
    return tree_of(folder.reader, (entry for entry in folder.entries() if entry.name != TEMPLATE_FILE))


def content_id(bundle: Tree) -> str:
    """What identifies a bundle without its registration file: nothing that is rendered differs when this is equal."""
    return tree_id(entry for entry in bundle.entries() if entry.name not in REGISTRATION_FILES)


def part_files(tree: Tree, kind: Kind) -> dict[str, bytes]:
    """The infrastructure files of a registered bundle for a kind of resource, by name.

    What was registered once is rendered and destroyed for ever: only the manifest is asked, and nothing is judged.
    """
    folder = tree.subtree(PART_FOLDERS[kind])
    names = read_manifest(folder, PART_FOLDERS[kind])[0] if folder is not None else []
    return {name: folder.read(name) or b"" for name in names} if folder is not None else {}


def read_bundle(tree: Tree, path: str, kind: Kind) -> tuple[Bundle | None, tuple[Problem, ...]]:
    """The bundle of an environment or service template, and every problem in it. The bundle is None when an error
    stands between it and registration; `path` is where messages say it lies."""
    problems = list(_sizes(tree, path))
    if any(problem.is_error for problem in problems):
        return None, tuple(problems)  # nothing of an oversized bundle is read
    schema, schema_problems = _schema(tree, path, kind)
    problems += schema_problems
    has_pipeline = tree.subtree(PART_FOLDERS[Kind.PIPELINE]) is not None
    if schema is not None and kind is Kind.SERVICE_TEMPLATE:
        problems += _pipeline_agrees(schema, path, has_pipeline)
    parts: dict[Kind, Part] = {}
    for part_kind in _PARTS_OF[kind]:
        if part_kind is Kind.PIPELINE and not has_pipeline:
            continue
        part, part_problems = _part(tree, path, part_kind)
        problems += part_problems
        if part is not None:
            parts[part_kind] = part
    compatible: tuple[CompatibleEnvironment, ...] = ()
    if kind is Kind.SERVICE_TEMPLATE:
        compatible, registration_problems = read_registration(tree, path)
        problems += registration_problems
    if schema is None or any(problem.is_error for problem in problems):
        return None, tuple(sorted(problems))
    return Bundle(kind, tree, content_id(tree), schema, parts, compatible), tuple(sorted(problems))


def _sizes(tree: Tree, path: str) -> list[Problem]:
    problems = []
    total = 0
    for name, entry in tree.walk():
        where = Position(f"{path}/{name}")
        if entry.kind in (EntryKind.LINK, EntryKind.SUBMODULE):
            hint = "put the file itself there: links and submodules are never followed"
            problems.append(Problem(where, "BUNDLE_LINK", f"{name} is a {entry.kind.value}, not a file", hint))
            continue
        size = tree.reader.size(entry.id)
        total += size
        if size > MAX_FILE_BYTES:
            problems.append(_too_large(where, f"{name} has {size} bytes", MAX_FILE_BYTES))
    if total > MAX_BUNDLE_BYTES:
        message = f"the bundle has {total} bytes; the limit is {MAX_BUNDLE_BYTES}"
        problems.append(Problem(Position(path), "BUNDLE_TOO_LARGE", message, "move large files out of the bundle"))
    return problems


def _too_large(where: Position, what: str, limit: int) -> Problem:
    return Problem(where, "FILE_TOO_LARGE", f"{what}; the limit is {limit}", "shorten it, or move it elsewhere")


def _schema(tree: Tree, path: str, kind: Kind) -> tuple[BundleSchema | None, tuple[Problem, ...]]:
    where = f"{path}/{SCHEMA_FILE}"
    data = tree.read(SCHEMA_FILE)
    if data is None:
        hint = f"write {SCHEMA_FILE} with the inputs of this template"
        return None, (Problem(Position(where), "MISSING_DIRECTORY", "the bundle has no schema", hint),)
    if len(data) > MAX_SCHEMA_BYTES:
        return None, (_too_large(Position(where), f"the schema has {len(data)} bytes", MAX_SCHEMA_BYTES),)
    file, problems = parse_yaml(where, data, duplicate_keys=Severity.WARNING)
    if file is None:
        return None, problems
    schema, more = read_schema(file, kind)
    return schema, (*problems, *more)


def _pipeline_agrees(schema: BundleSchema, path: str, has_pipeline: bool) -> list[Problem]:
    """BND-4: `pipeline_input_type` and the pipeline folder come together or not at all."""
    folder = PART_FOLDERS[Kind.PIPELINE]
    if schema.pipeline is not None and not has_pipeline:
        hint = f"add {folder}/ with a manifest, or remove pipeline_input_type from the schema"
        message = f"the schema has a pipeline_input_type, but there is no {folder}/"
        return [Problem(Position(path), "MISSING_DIRECTORY", message, hint)]
    if schema.pipeline is None and has_pipeline:
        hint = f"name a pipeline_input_type in {SCHEMA_FILE}, or remove {folder}/"
        message = f"there is a {folder}/, but the schema names no pipeline_input_type"
        return [Problem(Position(f"{path}/{folder}"), "UNEXPECTED_DIRECTORY", message, hint)]
    return []


def _part(tree: Tree, path: str, kind: Kind) -> tuple[Part | None, list[Problem]]:
    folder = PART_FOLDERS[kind]
    subtree = tree.subtree(folder)
    if subtree is None:
        hint = f"add {folder}/ with {MANIFEST} and the Terraform files"
        return None, [Problem(Position(path), "MISSING_DIRECTORY", f"the bundle has no {folder}/", hint)]
    names, problems = read_manifest(subtree, f"{path}/{folder}")
    if len(names) > MAX_TEMPLATE_FILES:
        message = f"{len(names)} template files; the limit is {MAX_TEMPLATE_FILES}"
        problems.append(Problem(Position(f"{path}/{folder}"), "TOO_MANY_FILES", message, "merge some of them"))
    files = []
    for name in names:
        entry = subtree.entry(name)
        assert entry is not None
        problems += _clashes(f"{path}/{folder}/{name}", name, subtree.reader.read(entry.id), kind)
        files.append((name, entry.id))
    return Part(folder, tuple(files)), problems


def _clashes(path: str, name: str, data: bytes, kind: Kind) -> list[Problem]:
    """A bundle that declares a variable which the generated file declares too could never be applied."""
    if name.startswith("proton.") and name.endswith(".variables.tf"):
        return []  # a sample of the generated file: the generated one takes its place
    return [
        Problem(
            Position(path, data.count(b"\n", 0, match.start(1)) + 1, 1),
            "VARIABLE_CLASH",
            f'variable "{match[1].decode()}" is declared in the generated variables file as well',
            "remove this declaration: every rendered folder gets its own",
        )
        for match in _VARIABLE.finditer(data)
        if match[1].decode() in _DECLARED[kind]
    ]
