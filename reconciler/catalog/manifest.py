"""`manifest.yaml` of an infrastructure folder (reference 2.2): which files travel, and to which engine."""

from __future__ import annotations

from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import DataPath, YamlFile, parse_yaml
from reconciler.model.documents import Json
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import EntryKind, Tree

MANIFEST = "manifest.yaml"
MAX_MANIFEST_BYTES = 50 * 1024
_EXAMPLE = 'templates: [{file: "*", rendering_engine: hcl, template_language: terraform}]'
_ITEM_KEYS = {"file", "rendering_engine", "template_language"}


def read_manifest(folder: Tree, path: str) -> tuple[list[str], list[Problem]]:
    """The names of the Terraform files that a folder renders, in name order, and what is wrong with its manifest."""
    where = f"{path}/{MANIFEST}"
    data = folder.read(MANIFEST)
    if data is None:
        message = f"{path.rsplit('/', 1)[-1]}/ has no {MANIFEST}"
        return [], [
            Problem(Position(path), "MANIFEST_INVALID", message, f"add one with: infrastructure: {{{_EXAMPLE}}}")
        ]
    if len(data) > MAX_MANIFEST_BYTES:
        message = f"the manifest has {len(data)} bytes; the limit is {MAX_MANIFEST_BYTES}"
        return [], [Problem(Position(where), "FILE_TOO_LARGE", message, "shorten it")]
    file, parsed = parse_yaml(where, data, duplicate_keys=Severity.WARNING)
    problems = list(parsed)
    if file is None:
        return [], problems
    items = _items(file, problems)
    names: set[str] = set()
    for index, item in enumerate(items):
        names |= _files(folder, file, ("infrastructure", "templates", index), item, problems)
    return sorted(names), problems


def _items(file: YamlFile, problems: list[Problem]) -> list[Json]:
    top = file.data if isinstance(file.data, dict) else {}
    for key in sorted(top.keys() - {"infrastructure"}):
        hint = did_you_mean(key, {"infrastructure"})
        problems.append(Problem(file.key_at((key,)), "MANIFEST_INVALID", f'unknown key "{key}" in the manifest', hint))
    infrastructure = top.get("infrastructure")
    inner = infrastructure if isinstance(infrastructure, dict) else {}
    for key in sorted(inner.keys() - {"templates"}):
        hint = did_you_mean(key, {"templates"})
        place = file.key_at(("infrastructure", key))
        problems.append(Problem(place, "MANIFEST_INVALID", f'unknown key "{key}" in infrastructure', hint))
    templates = inner.get("templates")
    if not isinstance(templates, list) or not templates:
        message = "the manifest lists no templates"
        place = file.at(("infrastructure", "templates"))
        problems.append(Problem(place, "MANIFEST_INVALID", message, f"write infrastructure: {{{_EXAMPLE}}}"))
        return []
    return templates


def _files(folder: Tree, file: YamlFile, where: DataPath, item: Json, problems: list[Problem]) -> set[str]:
    if not isinstance(item, dict):
        problems.append(Problem(file.at(where), "MANIFEST_INVALID", "an item must be a mapping", f"write {_EXAMPLE}"))
        return set()
    if "engine" in item and "rendering_engine" not in item:
        hint = "rename the key to rendering_engine"
        problems.append(
            Problem(file.key_at((*where, "engine")), "MANIFEST_INVALID", 'the key "engine" is not used', hint)
        )
        return set()
    if not _is_terraform(file, where, item, problems):
        return set()
    for key in sorted(item.keys() - _ITEM_KEYS):
        hint = did_you_mean(key, _ITEM_KEYS - item.keys())
        place = file.key_at((*where, key))
        problems.append(Problem(place, "MANIFEST_INVALID", f'unknown key "{key}" in a template of the manifest', hint))
    name = item.get("file")
    if name == "*":
        found = {
            entry.name for entry in folder.entries() if entry.kind is EntryKind.FILE and entry.name.endswith(".tf")
        }
        if not found:
            place = file.at((*where, "file"))
            problems.append(
                Problem(place, "MANIFEST_FILE_MISSING", 'file: "*" finds no .tf file', f"add one beside {MANIFEST}")
            )
        return found
    return {str(name)} if _is_file(folder, file, (*where, "file"), name, problems) else set()


def _is_terraform(file: YamlFile, where: DataPath, item: dict[str, Json], problems: list[Problem]) -> bool:
    engine, language = item.get("rendering_engine"), item.get("template_language")
    if (engine, language) == ("hcl", "terraform"):
        return True
    if (engine, language) in (("jinja", "cloudformation"), ("codebuild", None)):
        message = f"rendering_engine: {engine} is not supported by this version"
        hint = "this version renders Terraform: rendering_engine: hcl, template_language: terraform"
    else:
        message = f"rendering_engine: {engine} with template_language: {language} is no known engine"
        hint = "write rendering_engine: hcl and template_language: terraform"
    problems.append(Problem(file.at((*where, "rendering_engine")), "UNSUPPORTED_ENGINE", message, hint))
    return False


def _is_file(folder: Tree, file: YamlFile, where: DataPath, name: Json, problems: list[Problem]) -> bool:
    place = file.at(where)
    if not isinstance(name, str) or not name:
        problems.append(Problem(place, "MANIFEST_INVALID", "file names no file", 'write file: "*" or a file name'))
    elif "/" in name or "\\" in name or name in (".", ".."):
        hint = "name a file in the manifest's own folder: only those travel"
        problems.append(Problem(place, "MANIFEST_FILE_OUTSIDE", f'"{name}" is outside the manifest\'s folder', hint))
    elif not name.endswith(".tf"):
        hint = "only .tf files are rendered by Terraform"
        problems.append(Problem(place, "MANIFEST_INVALID", f'"{name}" is not a .tf file', hint))
    elif (entry := folder.entry(name)) is None or entry.kind is not EntryKind.FILE:
        names = [entry.name for entry in folder.entries() if entry.name.endswith(".tf")]
        message = f'the manifest names "{name}", which is not in its folder'
        problems.append(Problem(place, "MANIFEST_FILE_MISSING", message, did_you_mean(name, names)))
    else:
        return True
    return False
