"""`manifest.yaml` of an infrastructure folder (reference 2.2): which engine provisions it, and which files travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.catalog.codebuild import INPUT_FILES, CodeBuildSettings, read_settings
from reconciler.catalog.quotas import DEFAULT, Quotas
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import DataPath, YamlFile, parse_yaml
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import EntryKind, Tree

MANIFEST = "manifest.yaml"
COMPONENT_FILE = "component.yaml"

# MAN-1: the pairs that exist.
_PAIR = ("rendering_engine", "template_language")
_PAIRS: dict[Engine, tuple[str, str | None]] = {
    Engine.TERRAFORM: ("hcl", "terraform"),
    Engine.CLOUDFORMATION: ("jinja", "cloudformation"),
    Engine.CODEBUILD: ("codebuild", None),
}
_EXAMPLE = 'templates: [{file: "*", rendering_engine: hcl, template_language: terraform}]'
_ENGINES = (
    "write rendering_engine: hcl with template_language: terraform, rendering_engine: jinja with"
    " template_language: cloudformation, or rendering_engine: codebuild alone"
)
_KEYS = {"file", *_PAIR}
_CODEBUILD_KEYS = {"rendering_engine", "settings", "input_type"}
# `*.tf` is how the wildcard was written while Terraform was in preview.
_WILDCARDS = ("*", "*.tf")
_ITEMS: DataPath = ("infrastructure", "templates")


@dataclass(frozen=True)
class Manifest:
    """What a folder renders: `files` are paths inside it, in order; `codebuild` is there for that engine only."""

    engine: Engine
    files: tuple[str, ...]
    codebuild: CodeBuildSettings | None = None


@dataclass(frozen=True)
class _Reading:
    """One manifest while it is read."""

    folder: Tree
    file: YamlFile
    component: bool
    problems: list[Problem]

    def say(self, where: DataPath, message: str, hint: str, code: str = "MANIFEST_INVALID") -> None:
        self.problems.append(Problem(self.file.at(where), code, message, hint))

    def unknown(self, where: DataPath, mapping: Json, known: set[str], place: str) -> None:
        for key in sorted(mapping.keys() - known):
            hint = did_you_mean(key, known - mapping.keys())
            problem = Problem(
                self.file.key_at((*where, key)), "MANIFEST_INVALID", f'unknown key "{key}" in {place}', hint
            )
            self.problems.append(problem)


def read_manifest(
    folder: Tree, path: str, quotas: Quotas = DEFAULT, *, component: bool = False
) -> tuple[Manifest | None, list[Problem]]:
    """The manifest of a folder, and what is wrong with it; `path` is where messages say the folder lies.

    The manifest is there, with the files that exist, as soon as its engine is known: what was registered once can be
    rendered under rules that have become stricter. None means that nothing can be rendered.
    """
    where = f"{path}/{MANIFEST}"
    data = folder.read(MANIFEST)
    if data is None:
        message = f"{path.rsplit('/', 1)[-1]}/ has no {MANIFEST}"
        hint = f"add one with: infrastructure: {{{_EXAMPLE}}}"
        return None, [Problem(Position(path), "MANIFEST_INVALID", message, hint)]
    if too_large := _too_large(data, quotas, component):
        return None, [Problem(Position(where), "FILE_TOO_LARGE", too_large, "shorten it")]
    file, parsed = parse_yaml(where, data, duplicate_keys=Severity.WARNING)
    problems = list(parsed)
    if file is None:
        return None, problems
    reading = _Reading(folder, file, component, problems)
    items = [(index, item) for index, item in enumerate(_items(reading)) if _is_item(reading, index, item)]
    found = [(index, item, engine) for index, item in items if (engine := _engine(reading, index, item)) is not None]
    if not found or not _agree(reading, [(index, engine) for index, _, engine in found]):
        return None, problems
    index, item, engine = found[0]
    if engine is Engine.CODEBUILD:
        return _codebuild(reading, index, item), problems
    return Manifest(engine, _files(reading, engine, [(index, item) for index, item, _ in found])), problems


def _too_large(data: bytes, quotas: Quotas, component: bool) -> str:
    size, limit, unit = len(data), quotas.manifest_bytes, "bytes"
    if component:
        size, limit, unit = len(data.decode("utf-8", "replace")), quotas.component_manifest, "characters"
    return f"the manifest has {size} {unit}; the limit is {limit}" if size > limit else ""


def _items(reading: _Reading) -> list[Json]:
    top = reading.file.data if isinstance(reading.file.data, dict) else {}
    reading.unknown((), top, {"infrastructure"}, "the manifest")
    infrastructure = top.get("infrastructure")
    inner = infrastructure if isinstance(infrastructure, dict) else {}
    reading.unknown(("infrastructure",), inner, {"templates"}, "infrastructure")
    templates = inner.get("templates")
    if not isinstance(templates, list) or not templates:
        reading.say(_ITEMS, "the manifest lists no templates", f"write infrastructure: {{{_EXAMPLE}}}")
        return []
    return templates


def _is_item(reading: _Reading, index: int, item: Json) -> bool:
    where = (*_ITEMS, index)
    if not isinstance(item, dict):
        reading.say(where, "an item must be a mapping", f"write {_EXAMPLE}")
    elif "engine" in item and "rendering_engine" not in item:
        place = reading.file.key_at((*where, "engine"))
        hint = "rename the key to rendering_engine"
        reading.problems.append(Problem(place, "MANIFEST_INVALID", 'the key "engine" is not used', hint))
    else:
        return True
    return False


def _engine(reading: _Reading, index: int, item: dict[str, Json]) -> Engine | None:
    """The engine of an item, its unknown keys said; None, and said, for a pair that does not exist."""
    where = (*_ITEMS, index)
    pair = item.get("rendering_engine"), item.get("template_language")
    engine = next((engine for engine, known in _PAIRS.items() if known == pair), None)
    if engine is None:
        written = [f"{key}: {value}" for key, value in zip(_PAIR, pair, strict=True) if value is not None]
        message = f"{' with '.join(written)} is no known engine" if written else "the template names no engine"
        reading.say((*where, _PAIR[0]), message, _way(*pair), "UNSUPPORTED_ENGINE")
    elif engine is Engine.CODEBUILD and reading.component:
        hint = "write the component in Terraform or CloudFormation"
        message = "a component cannot be provisioned by CodeBuild"
        reading.say((*where, "rendering_engine"), message, hint, "UNSUPPORTED_ENGINE")
        return None
    known = _CODEBUILD_KEYS | item.keys() & _KEYS if pair[0] == "codebuild" else _KEYS
    if pair[0] == "codebuild" and "file" in item:
        reading.say((*where, "file"), "CodeBuild has no list of files", "remove it: every file of this folder travels")
    reading.unknown(where, item, known, "a template of the manifest")
    return engine


def _way(engine: Json, language: Json) -> str:
    """What to write in place of a pair that does not exist: the other half of what is known, else all pairs."""
    known = dict(_PAIRS.values())
    if isinstance(engine, str) and engine in known:
        other = f"template_language: {known[engine]}" if known[engine] else "no template_language"
        return f"write {other} with rendering_engine: {engine}"
    for name, known_language in _PAIRS.values():
        if known_language is not None and known_language == language:
            return f"write rendering_engine: {name} with template_language: {language}"
    return _ENGINES


def _agree(reading: _Reading, engines: Sequence[tuple[int, Engine]]) -> bool:
    """One manifest, one engine; and of CloudFormation and CodeBuild, one item."""
    first = engines[0][1]
    for index, engine in engines[1:]:
        where = (*_ITEMS, index)
        if engine is not first:
            message = f"the manifest lists two engines, {first} and {engine}"
            hint = "keep the templates of one of them here, and make a template bundle of its own for the other"
            reading.say((*where, "rendering_engine"), message, hint)
            return False
        if engine is not Engine.TERRAFORM:
            what = "file for CloudFormation" if engine is Engine.CLOUDFORMATION else "template for CodeBuild"
            reading.say(where, f"the manifest lists a second {what}", "merge them into one")
            return True
    return True


def _codebuild(reading: _Reading, index: int, item: dict[str, Json]) -> Manifest | None:
    where = (*_ITEMS, index, "settings")
    settings, problems = read_settings(reading.file, where, item.get("settings"), item.get("input_type"))
    reading.problems.extend(problems)
    if settings is None:
        return None
    left_out = {MANIFEST, *INPUT_FILES.values()}
    paths = (path for path, entry in reading.folder.walk() if entry.kind is EntryKind.FILE)
    return Manifest(Engine.CODEBUILD, tuple(sorted(path for path in paths if path not in left_out)), settings)


def _files(reading: _Reading, engine: Engine, items: Sequence[tuple[int, dict[str, Json]]]) -> tuple[str, ...]:
    names: set[str] = set()
    for index, item in items:
        where = (*_ITEMS, index, "file")
        name = item.get("file")
        if engine is Engine.TERRAFORM and name in _WILDCARDS:
            names |= _terraform_files(reading, where, name)
        elif _is_file(reading, engine, where, name if isinstance(name, str) else ""):
            names.add(str(name))
    if reading.component and len(names) > 1:
        message = f"a component has one file; its manifest lists {', '.join(sorted(names))}"
        reading.say(_ITEMS, message, "merge them into one")
    return tuple(sorted(names))


def _terraform_files(reading: _Reading, where: DataPath, wildcard: str) -> set[str]:
    found = {name for name in _own_files(reading) if name.endswith(".tf")}
    if not found:
        message = f'file: "{wildcard}" finds no .tf file'
        reading.say(where, message, f"add one beside {MANIFEST}", "MANIFEST_FILE_MISSING")
    return found


def _own_files(reading: _Reading) -> set[str]:
    """The files that lie in the folder itself and may be listed."""
    ours = {MANIFEST, COMPONENT_FILE} if reading.component else {MANIFEST}
    return {entry.name for entry in reading.folder.entries() if entry.kind is EntryKind.FILE} - ours


def _is_file(reading: _Reading, engine: Engine, where: DataPath, name: str) -> bool:
    if not name:
        reading.say(where, "file names no file", "write the name of a file in this folder")
    elif "/" in name or "\\" in name or name in (".", ".."):
        hint = "name a file in the manifest's own folder: only those travel"
        reading.say(where, f'"{name}" is outside the manifest\'s folder', hint, "MANIFEST_FILE_OUTSIDE")
    elif engine is Engine.CLOUDFORMATION and "*" in name:
        reading.say(where, f'file: "{name}" is for Terraform; CloudFormation has one file', _candidate(reading))
    elif engine is Engine.TERRAFORM and not name.endswith(".tf"):
        reading.say(where, f'"{name}" is not a .tf file', "only .tf files are rendered for Terraform")
    elif name not in (own := _own_files(reading)):
        message = f'the manifest names "{name}", which is no template in its folder'
        suffix = ".tf" if engine is Engine.TERRAFORM else ""
        hint = did_you_mean(name, [other for other in own if other.endswith(suffix)])
        reading.say(where, message, hint, "MANIFEST_FILE_MISSING")
    else:
        return True
    return False


def _candidate(reading: _Reading) -> str:
    own = _own_files(reading)
    return f'write file: "{own.pop()}"' if len(own) == 1 else "write the name of the template"
