"""Template bundles in Proton's layout (reference 2.1 to 2.4): schema, manifests, infrastructure files, registration.

A bundle is read from its own tree, wherever that tree lies: in the catalog, in a working folder, in another repository,
or pinned on the records branch. Everything that registration would refuse is a problem here, with its REG-4 code. What
lies beside a component's file is read by the same rules: a manifest and one infrastructure file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.catalog.inputschema import BundleSchema, InputType, read_schema
from reconciler.catalog.manifest import MANIFEST, Manifest, read_manifest
from reconciler.catalog.quotas import DEFAULT, UNLIMITED, Quotas
from reconciler.catalog.registration import NO_REGISTRATION, REGISTRATION_FILES, Registration, read_registration
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.keys import Kind
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import EntryKind, Tree, tree_id, tree_of

SCHEMA_FILE = "schema/schema.yaml"
TEMPLATE_FILE = "template.yaml"

# The infrastructure folder that serves each kind of resource; a component's files lie at the top.
PART_FOLDERS = {
    Kind.ENVIRONMENT: "infrastructure",
    Kind.INSTANCE: "instance_infrastructure",
    Kind.PIPELINE: "pipeline_infrastructure",
    Kind.COMPONENT: "",
}
_PARTS_OF = {
    Kind.ENVIRONMENT_TEMPLATE: (Kind.ENVIRONMENT,),
    Kind.SERVICE_TEMPLATE: (Kind.INSTANCE, Kind.PIPELINE),
}
_DECLARED = {
    Kind.ENVIRONMENT: ("environment", "proton_tags"),
    Kind.INSTANCE: ("environment", "service", "service_instance", "proton_tags"),
    Kind.PIPELINE: ("service_instances", "service", "pipeline", "proton_tags"),
    Kind.COMPONENT: ("component", "environment", "service", "service_instance", "proton_tags"),
}
# A text, a comment to the end of its line, or one that may go on over lines: whichever begins first.
_COMMENT = re.compile(rb'"(?:\\.|[^"\\\n])*"|(?:#|//)[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_VARIABLE = re.compile(rb'^[ \t]*variable[ \t]+"([A-Za-z_]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """One infrastructure folder of a bundle: its manifest, and the files that travel, as (path, blob id), in order."""

    folder: str
    manifest: Manifest
    files: tuple[tuple[str, str], ...]

    @property
    def engine(self) -> Engine:
        """What provisions it."""
        return self.manifest.engine


@dataclass(frozen=True)
class Bundle:
    """A bundle that can be registered. `tree` identifies all of it, `content` all but its registration file."""

    kind: Kind
    tree: Tree = field(repr=False)
    content: str
    schema: BundleSchema = field(repr=False)
    parts: Mapping[Kind, Part]
    registration: Registration = NO_REGISTRATION

    @property
    def is_customer_managed(self) -> bool:
        """True for an environment bundle with a schema only: its inputs are the environment's outputs (BND-3)."""
        return self.kind is Kind.ENVIRONMENT_TEMPLATE and not self.parts

    def input_type(self, kind: Kind) -> InputType | None:
        """The input type for a kind of resource; None when the bundle has no such part."""
        return self.schema.pipeline if kind is Kind.PIPELINE else self.schema.inputs


def bundle_tree(folder: Tree) -> Tree:
    """The part of a template folder that is its bundle: all but our own `template.yaml`."""
    return tree_of(folder.reader, (entry for entry in folder.entries() if entry.name != TEMPLATE_FILE))


def content_id(bundle: Tree) -> str:
    """What identifies a bundle without its registration file: nothing that is rendered differs when this is equal."""
    return tree_id(entry for entry in bundle.entries() if entry.name not in REGISTRATION_FILES)


def pinned_part(tree: Tree, kind: Kind) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of a registered bundle for a kind of resource, and the files that travel, by path.

    What was registered once is rendered and destroyed for ever: only the manifest is asked, and no quota counts.
    Raises `KeyError` when there is no such part any more.
    """
    name = PART_FOLDERS[kind]
    folder = tree.subtree(name) if name else tree
    manifest = None
    if folder is not None:
        manifest = read_manifest(folder, name or ".", UNLIMITED, component=kind is Kind.COMPONENT)[0]
    if folder is None or manifest is None:
        raise KeyError(name)
    return manifest, {path: folder.read(path) or b"" for path in manifest.files}


def read_bundle(
    tree: Tree, path: str, kind: Kind, quotas: Quotas = DEFAULT
) -> tuple[Bundle | None, tuple[Problem, ...]]:
    """The bundle of an environment or service template, and every problem in it. The bundle is None when an error
    stands between it and registration; `path` is where messages say it lies."""
    problems = list(_sizes(tree, path, quotas))
    if any(problem.is_error for problem in problems):
        return None, tuple(problems)  # nothing of an oversized bundle is read
    schema, schema_problems = _schema(tree, path, kind, quotas)
    problems += schema_problems
    has_pipeline = tree.subtree(PART_FOLDERS[Kind.PIPELINE]) is not None
    if schema is not None and kind is Kind.SERVICE_TEMPLATE:
        problems += _pipeline_agrees(schema, path, has_pipeline)
    parts: dict[Kind, Part] = {}
    if not (schema is not None and kind is Kind.ENVIRONMENT_TEMPLATE and _has_schema_only(tree)):
        for part_kind in _PARTS_OF[kind]:
            if part_kind is Kind.PIPELINE and not has_pipeline:
                continue
            part, part_problems = _part(tree, path, part_kind, schema, quotas)
            problems += part_problems
            if part is not None:
                parts[part_kind] = part
    elif schema is not None:
        problems += _outputs_only(schema, path)
    registration = NO_REGISTRATION
    if kind is Kind.SERVICE_TEMPLATE:
        registration, registration_problems = read_registration(tree, path)
        problems += registration_problems
    if schema is None or any(problem.is_error for problem in problems):
        return None, tuple(sorted(problems))
    return Bundle(kind, tree, content_id(tree), schema, parts, registration), tuple(sorted(problems))


def read_component(tree: Tree, path: str, quotas: Quotas = DEFAULT) -> tuple[Part | None, tuple[Problem, ...]]:
    """What lies beside a component's file: its one part, and every problem in it."""
    problems = list(_sizes(tree, path, quotas))
    if any(problem.is_error for problem in problems):
        return None, tuple(problems)
    part, found = _read_part(tree, path, Kind.COMPONENT, quotas)
    problems += found
    return (None if any(problem.is_error for problem in problems) else part), tuple(sorted(problems))


def _sizes(tree: Tree, path: str, quotas: Quotas) -> list[Problem]:
    problems = []
    total = 0
    for name, entry in tree.walk():
        where = Position(f"{path}/{name}")
        if entry.kind in (EntryKind.LINK, EntryKind.SUBMODULE):
            hint = "put the file itself there: links and submodules are never followed"
            problems.append(Problem(where, "BUNDLE_LINK", f"{name} is a {entry.kind.value}, not a file", hint))
            continue
        total += tree.reader.size(entry.id)
    if total > quotas.bundle_bytes:
        message = f"the bundle has {total} bytes; the limit is {quotas.bundle_bytes}"
        problems.append(Problem(Position(path), "BUNDLE_TOO_LARGE", message, "move large files out of the bundle"))
    return problems


def _too_large(where: Position, what: str, limit: int) -> Problem:
    return Problem(where, "FILE_TOO_LARGE", f"{what}; the limit is {limit}", "shorten it, or move it elsewhere")


def _schema(tree: Tree, path: str, kind: Kind, quotas: Quotas) -> tuple[BundleSchema | None, tuple[Problem, ...]]:
    where = f"{path}/{SCHEMA_FILE}"
    data = tree.read(SCHEMA_FILE)
    if data is None:
        hint = f"write {SCHEMA_FILE} with the inputs of this template"
        return None, (Problem(Position(where), "MISSING_DIRECTORY", "the bundle has no schema", hint),)
    if len(data) > quotas.schema_bytes:
        return None, (_too_large(Position(where), f"the schema has {len(data)} bytes", quotas.schema_bytes),)
    file, problems = parse_yaml(where, data, duplicate_keys=Severity.WARNING)
    if file is None:
        return None, problems
    schema, more = read_schema(file, kind)
    return schema, (*problems, *more)


def _has_schema_only(tree: Tree) -> bool:
    """True for a bundle that brings no infrastructure, nor a folder that was probably meant to."""
    return not _meant_as(tree, PART_FOLDERS[Kind.ENVIRONMENT])


def _meant_as(tree: Tree, folder: str) -> str:
    """The folder that stands for a missing one under another name: a slip of it, or one with a manifest; or empty."""
    names = [entry.name for entry in tree.entries() if entry.kind is EntryKind.TREE]
    slips = (name for name in names if "did you mean" in did_you_mean(name, [folder]))
    known = set(PART_FOLDERS.values()) - {folder}
    others = (name for name in names if name not in known and tree.entry(f"{name}/{MANIFEST}") is not None)
    return next(slips, "") or next(others, "")


def _outputs_only(schema: BundleSchema, path: str) -> list[Problem]:
    """SCH-4: the inputs of a customer-managed environment are its outputs, and outputs are text."""
    where = Position(f"{path}/{SCHEMA_FILE}")
    problems = []
    for name, below in schema.inputs.schema.get("properties", {}).items():
        if below.get("type") != "string":
            message = f'there is no infrastructure/, so "{name}" would be an output, and outputs are text'
            hint = "add infrastructure/ with its manifest; or write type: string, when others provision the environment"
            problems.append(Problem(where, "MISSING_DIRECTORY", message, hint))
        elif "default" in below:
            message = f'"{name}" is an output of an environment that others provision, and has a default'
            hint = "remove it, so that everybody gives the real value"
            problems.append(Problem(where, "SCHEMA_TOLERATED", message, hint, Severity.WARNING))
    return problems


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


def _part(
    tree: Tree, path: str, kind: Kind, schema: BundleSchema | None, quotas: Quotas
) -> tuple[Part | None, list[Problem]]:
    folder = PART_FOLDERS[kind]
    subtree = tree.subtree(folder)
    if subtree is None:
        close = _meant_as(tree, folder)
        hint = f"rename {close}/ to {folder}/" if close else f"add {folder}/ with {MANIFEST} and its files"
        return None, [Problem(Position(path), "MISSING_DIRECTORY", f"the bundle has no {folder}/", hint)]
    part, problems = _read_part(subtree, f"{path}/{folder}", kind, quotas)
    inputs = (schema.pipeline if kind is Kind.PIPELINE else schema.inputs) if schema is not None else None
    if part is not None and inputs is not None and part.engine is not Engine.CODEBUILD:
        files = (subtree.reader.read(blob) for _, blob in part.files)
        if not _reads_any(files, inputs.schema):
            message = f"nothing in {folder}/ reads any of the inputs of {inputs.name}"
            hint = "is this the schema of another template? Inputs that nobody reads can be removed"
            problems.append(Problem(Position(f"{path}/{folder}"), "SCHEMA_UNUSED", message, hint, Severity.WARNING))
    return part, problems


def _reads_any(files: Iterable[bytes], schema: Mapping[str, Json]) -> bool:
    """SCH-3, as a search for names: what is read in a roundabout way is read as well."""
    names = [re.escape(name.encode()) for name in ("inputs", *schema.get("properties", {}))]
    pattern = re.compile(rb"\b(" + b"|".join(names) + rb")\b")
    return any(pattern.search(data) for data in files)


def _read_part(folder: Tree, path: str, kind: Kind, quotas: Quotas) -> tuple[Part | None, list[Problem]]:
    manifest, problems = read_manifest(folder, path, quotas, component=kind is Kind.COMPONENT)
    if manifest is None:
        return None, problems
    is_listed = manifest.engine is not Engine.CODEBUILD  # which brings any supporting files (reference 2.4)
    if is_listed and len(manifest.files) > quotas.template_files:
        message = f"{len(manifest.files)} template files; the limit is {quotas.template_files}"
        problems.append(Problem(Position(path), "TOO_MANY_FILES", message, "merge some of them"))
    files = []
    for name in manifest.files:
        entry = folder.entry(name)
        assert entry is not None
        size = folder.reader.size(entry.id)
        # The quota is for template files: what commands need, such as a package lock, grows beyond it (reference 2.4).
        if is_listed and size > quotas.file_bytes:
            problems.append(_too_large(Position(f"{path}/{name}"), f"{name} has {size} bytes", quotas.file_bytes))
        elif manifest.engine is Engine.TERRAFORM:
            problems += _clashes(f"{path}/{name}", name, folder.reader.read(entry.id), kind)
        files.append((name, entry.id))
    return Part(PART_FOLDERS[kind], manifest, tuple(files)), problems


def _clashes(path: str, name: str, data: bytes, kind: Kind) -> list[Problem]:
    """A bundle that declares a variable which the generated file declares too could never be applied."""
    if name.startswith("proton.") and name.endswith(".variables.tf"):
        return []  # a sample of the generated file: the generated one takes its place
    data = _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n") if found[0].startswith(b"/*") else found[0], data)
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
