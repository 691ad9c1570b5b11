"""Finding template folders anywhere below `templates/`, as a repository that Proton synced may have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.catalog.bundle import PART_FOLDERS, SCHEMA_FILE, TEMPLATE_FILE, bundle_tree
from reconciler.catalog.entities import TemplateFolder
from reconciler.catalog.parse import sync
from reconciler.catalog.quotas import DEFAULT
from reconciler.catalog.shape import check_shape
from reconciler.catalog.versionfolders import is_version, unused_folders, version_folders
from reconciler.catalog.yamlfile import MAX_BYTES, YamlFile, parse_yaml, too_large
from reconciler.model.keys import Key, Kind, is_name
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import Entry, EntryKind, Tree

MAX_DEPTH = 8
_KIND_NAMES = {"EnvironmentTemplate": Kind.ENVIRONMENT_TEMPLATE, "ServiceTemplate": Kind.SERVICE_TEMPLATE}


def find_templates(folder: Tree, path: str) -> tuple[dict[Key, TemplateFolder], tuple[Problem, ...]]:
    """All templates below a folder, by key, and what is wrong with them. Two with one name and kind are an error."""
    found: dict[Key, TemplateFolder] = {}
    names: dict[tuple[Kind, str], TemplateFolder] = {}
    problems: list[Problem] = []
    for where, tree in _folders(folder, path, 0, problems):
        template = _read(tree, where, problems)
        if template is None:
            continue
        twin = names.setdefault((template.kind, template.name.casefold()), template)
        if twin is not template:
            message = f"there is another {template.kind.words} of this name in {twin.path}"
            problems.append(Problem(Position(where), "NAME_TAKEN", message, "rename one of them"))
            continue
        found[template.key] = template
    return found, tuple(problems)


def _folders(folder: Tree, path: str, depth: int, problems: list[Problem]) -> Iterator[tuple[str, Tree]]:
    """Folders that look like a template: with a template file, a schema, or version folders that hold one."""
    for entry in folder.entries():
        problems += _link(entry, f"{path}/{entry.name}")
        if entry.kind is not EntryKind.TREE or depth > MAX_DEPTH:
            continue
        tree = Tree(folder.reader, entry.id)
        where = f"{path}/{entry.name}"
        names = {item.name for item in tree.entries()}
        if TEMPLATE_FILE in names or "schema" in names or version_folders(tree, where):
            yield where, tree
        else:
            yield from _folders(tree, where, depth + 1, problems)


def _link(entry: Entry, path: str) -> list[Problem]:
    if entry.kind is EntryKind.TREE or entry.kind is EntryKind.FILE:
        return []
    hint = "put the folder itself there: links and submodules are never followed"
    message = f"this is a {entry.kind.value}, so no template is found behind it"
    return [Problem(Position(path), "FOLDER_REPLACED", message, hint, Severity.WARNING)]


def _not_used(tree: Tree, path: str) -> Iterator[Problem]:
    """Version folders in which nothing of a bundle lies, that are no folders, or that another one stands for."""
    for entry in tree.entries():
        if is_version(entry.name):
            yield from _link(entry, f"{path}/{entry.name}")
    for where, major, instead in unused_folders(tree, path):
        message = f"{where} holds no bundle: there is neither a schema/ nor any infrastructure"
        if instead:
            message = f"{instead} is used as major {major}, and {where} is not"
        yield Problem(
            Position(where), "BUNDLE_NOT_FOUND", message, "put a bundle there, or remove it", Severity.WARNING
        )


def _read(tree: Tree, path: str, problems: list[Problem]) -> TemplateFolder | None:
    name = path.rsplit("/", 1)[-1]
    if not is_name(name):
        hint = "names start with a letter or digit and go on with letters, digits, - and _; at most 100"
        problems.append(Problem(Position(path), "NAME_INVALID", f'"{name}" is not a name for a template', hint))
        return None
    versions = version_folders(tree, path)
    problems += _not_used(tree, path)
    majors: dict[int | None, tuple[str, Tree]] = dict(versions.items())
    if not majors:
        majors = {None: (path, bundle_tree(tree))}
    file, kind = _template_file(tree, path, name, problems)
    if kind is None:
        kind = _kind_of(next(iter(majors.values()))[1])
    if kind is None:
        hint = f"name an environment_input_type or a service_input_type in {SCHEMA_FILE}, or write {TEMPLATE_FILE}"
        problems.append(Problem(Position(path), "TEMPLATE_KIND", "nothing says what kind of template this is", hint))
        return None
    spec = file.data.get("spec", {}) if file is not None else {}
    elsewhere = sync(spec, "directory")
    if elsewhere is not None and file is not None:
        if versions or "schema" in {entry.name for entry in tree.entries()}:
            message = f"the bundles of {name} are kept in {elsewhere.repository}, and here as well"
            hint = "keep one of them: remove sync: here, or the bundles beside this file"
            problems.append(Problem(file.key_at(("spec", "sync")), "KEY_CONFLICT", message, hint))
        majors = {}
    return TemplateFolder(
        kind=kind,
        name=name,
        path=path,
        majors=majors,
        publish_manually=spec.get("publish") == "manual",
        published=tuple(spec.get("published", ())),
        withdrawn=tuple(spec.get("withdrawn", ())),
        sync=elsewhere,
        file=file,
    )


def _template_file(tree: Tree, path: str, name: str, problems: list[Problem]) -> tuple[YamlFile | None, Kind | None]:
    entry = tree.entry(TEMPLATE_FILE)
    if entry is None:
        return None, None
    where = f"{path}/{TEMPLATE_FILE}"
    if entry.kind is not EntryKind.FILE or tree.reader.size(entry.id) > MAX_BYTES:
        problems.append(too_large(where, tree.reader.size(entry.id) if entry.kind is EntryKind.FILE else 0))
        return None, None
    file, found = parse_yaml(where, tree.reader.read(entry.id))
    problems += found
    if file is None:
        return None, None
    wanted = file.data.get("kind") if isinstance(file.data, dict) else None
    kind = _KIND_NAMES.get(wanted) if isinstance(wanted, str) else None
    shape = check_shape(file, str(wanted) if kind is not None else "EnvironmentTemplate", name)
    problems += shape
    return (None if any(problem.is_error for problem in shape) else file), kind


def _kind_of(bundle: Tree) -> Kind | None:
    """The kind that a bundle's schema names; the layout decides where the schema cannot be read."""
    entry = bundle.entry(SCHEMA_FILE)
    if entry is not None and entry.kind is EntryKind.FILE and bundle.reader.size(entry.id) <= DEFAULT.schema_bytes:
        data = bundle.reader.read(entry.id)
        # A search, not a parse: the schema itself is judged, with all its problems, when the bundle is read.
        if re.search(rb"^[ \t]*[\"']?service_input_type[\"']?\s*:", data, re.MULTILINE):
            return Kind.SERVICE_TEMPLATE
        if re.search(rb"^[ \t]*[\"']?environment_input_type[\"']?\s*:", data, re.MULTILINE):
            return Kind.ENVIRONMENT_TEMPLATE
    names = {entry.name for entry in bundle.entries()}
    if PART_FOLDERS[Kind.INSTANCE] in names:
        return Kind.SERVICE_TEMPLATE
    return Kind.ENVIRONMENT_TEMPLATE if PART_FOLDERS[Kind.ENVIRONMENT] in names else None
