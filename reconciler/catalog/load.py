"""A catalog: what a Git tree, or a working folder, says should exist.

Files are found by place and read when they are asked for, each once, so that a pass over a small change reads a small
part of a large catalog. Every problem met on the way is kept.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from reconciler.catalog import parse
from reconciler.catalog.bundle import Bundle, Part, read_bundle, read_component
from reconciler.catalog.entities import (
    Component,
    Connection,
    Environment,
    Repository,
    Service,
    Settings,
    TemplateFolder,
)
from reconciler.catalog.manifest import COMPONENT_FILE
from reconciler.catalog.shape import check_shape
from reconciler.catalog.templates import find_templates
from reconciler.catalog.yamlfile import MAX_BYTES, YamlFile, parse_yaml, too_large
from reconciler.errors import InputError
from reconciler.model.identity import Account
from reconciler.model.keys import Key, Kind, is_name
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import Entry, EntryKind, Tree, tree_of

SETTINGS_FILE = "reconciler.yaml"
ENVIRONMENTS = "environments"
SERVICES = "services"
COMPONENTS = "components"
REPOSITORIES = "repositories"
CONNECTIONS = "connections"
TEMPLATES = "templates"
TOP_FOLDERS = (ENVIRONMENTS, SERVICES, COMPONENTS, REPOSITORIES, CONNECTIONS, TEMPLATES)
UNREADABLE = ""  # the name of settings that cannot be used; what follows from them is not a problem of its own

_T = TypeVar("_T")


class Catalog:
    """A catalog over one tree. Accessors return None for what is absent or cannot be used; `problems` says why."""

    def __init__(self, tree: Tree) -> None:
        """Reads the settings. Raises `InputError` for a tree that is no catalog: an empty or foreign one must never
        look like one in which everything was removed."""
        self.tree = tree
        self._problems: dict[Problem, None] = {}
        self._environments: dict[str, Environment | None] = {}
        self._services: dict[str, Service | None] = {}
        self._components: dict[str, Component | None] = {}
        self._parts: dict[str, tuple[Part | None, tuple[Problem, ...]]] = {}
        self._repositories: dict[str, Repository | None] = {}
        self._connections: dict[str, Connection | None] = {}
        self._bundles: dict[tuple[Key, int | None], tuple[Bundle | None, tuple[Problem, ...]]] = {}
        self._templates: dict[Key, TemplateFolder] | None = None
        if tree.entry(SETTINGS_FILE) is None:
            raise InputError(
                f"there is no {SETTINGS_FILE} here, so this is no catalog",
                hint="name the catalog's top folder with --catalog, or start one with `reconciler init`",
            )
        self.add_problems(_top_folders(tree))
        self.settings = self._settings()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem met so far, in file order."""
        return tuple(sorted(self._problems))

    @property
    def account(self) -> Account:
        """The account and region for ARNs."""
        return self.settings.account

    def add_problems(self, problems: Iterable[Problem]) -> None:
        """Keeps problems that a check found."""
        self._problems.update(dict.fromkeys(problems))

    def environment_names(self) -> tuple[str, ...]:
        """The names of all environments, by their folders; nothing is read."""
        return self._folder_names(ENVIRONMENTS)

    def service_names(self) -> tuple[str, ...]:
        """The names of all services, by their folders; nothing is read."""
        return self._folder_names(SERVICES)

    def component_names(self) -> tuple[str, ...]:
        """The names of all components, by their folders; nothing is read."""
        return self._folder_names(COMPONENTS)

    def repository_names(self) -> tuple[str, ...]:
        """The names of all repositories, by their files; nothing is read."""
        return self._file_names(REPOSITORIES)

    def connection_names(self) -> tuple[str, ...]:
        """The names of all environment account connections, by their files; nothing is read."""
        return self._file_names(CONNECTIONS)

    def environment(self, name: str) -> Environment | None:
        """An environment by name."""
        return self._once(self._environments, name, self._load_environment)

    def service(self, name: str) -> Service | None:
        """A service by name, with its instances and pipeline."""
        return self._once(self._services, name, self._load_service)

    def component(self, name: str) -> Component | None:
        """A component by name."""
        return self._once(self._components, name, self._load_component)

    def component_part(self, component: Component) -> tuple[Part | None, tuple[Problem, ...]]:
        """What lies beside a component's file, and its problems; see `read_component`."""
        if component.name not in self._parts:
            self._parts[component.name] = read_component(component.bundle, component.path, self.settings.quotas)
        return self._parts[component.name]

    def has(self, key: Key) -> bool:
        """True for a resource that the catalog asks for. A file with errors is never taken for a removed one."""
        if key.kind is Kind.ENVIRONMENT:
            return key.name in self.environment_names()
        if key.kind is Kind.COMPONENT:
            return key.name in self.component_names()
        service = self.service(key.owner)
        if service is None:
            return key.owner in self.service_names()
        if key.kind is Kind.PIPELINE:
            return service.pipeline is not None
        return any(instance.key == key for instance in service.instances)

    def connection(self, name: str) -> Connection | None:
        """An environment account connection by name."""
        return self._once(self._connections, name, self._load_connection)

    def repository(self, name: str) -> Repository | None:
        """A repository by the name that other files use for it."""
        return self._once(self._repositories, name, self._load_repository)

    def templates(self) -> dict[Key, TemplateFolder]:
        """All template folders by key. Looks at trees, and reads one small file a template at most."""
        if self._templates is None:
            folder = self.tree.subtree(TEMPLATES)
            self._templates, problems = find_templates(folder, TEMPLATES) if folder else ({}, ())
            self.add_problems(problems)
        return self._templates

    def put_template(self, template: TemplateFolder) -> None:
        """Replaces a template by one whose bundles were fetched from where it is synced from."""
        self.templates()[template.key] = template
        self._bundles = {where: found for where, found in self._bundles.items() if where[0] != template.key}

    def put_service(self, service: Service) -> None:
        """Replaces a service by one whose instances were fetched from where it is synced from."""
        self._services[service.name] = service

    def bundle(self, template: TemplateFolder, major: int | None) -> tuple[Bundle | None, tuple[Problem, ...]]:
        """The bundle in one version folder of a template, and its problems, which are not added to the catalog's:
        a bundle that cannot be registered stops nobody but its own template."""
        where = (template.key, major)
        if where not in self._bundles:
            path, tree = template.majors[major]
            self._bundles[where] = read_bundle(tree, path, template.kind, self.settings.quotas)
        return self._bundles[where]

    def _once(self, cache: dict[str, _T | None], name: str, load: Callable[[str], _T | None]) -> _T | None:
        if name not in cache:
            cache[name] = load(name)
        return cache[name]

    def _file_names(self, top: str) -> tuple[str, ...]:
        folder = self.tree.subtree(top)
        entries = folder.entries() if folder else ()
        return tuple(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml"))

    def _folder_names(self, top: str) -> tuple[str, ...]:
        folder = self.tree.subtree(top)
        if folder is None:
            return ()
        names = []
        for entry in folder.entries():
            if entry.kind is EntryKind.TREE:
                names.append(entry.name)
            elif is_name(entry.name):
                # It counts as present: what stands here in another form was not removed.
                names.append(entry.name)
                self.add_problems([_no_folder(f"{top}/{entry.name}", entry)])
            elif entry.name.endswith((".yaml", ".yml")):
                hint = f"put it in a folder of its own: {top}/<name>/{top[:-1]}.yaml"
                message = f"{entry.name} lies directly in {top}/, where only folders are looked into"
                self.add_problems([Problem(Position(f"{top}/{entry.name}"), "FILE_MISPLACED", message, hint)])
        return tuple(names)

    def _file(self, path: str, kind: str, name: str | None) -> YamlFile | None:
        entry = self.tree.entry(path)
        if entry is None or entry.kind is not EntryKind.FILE:
            what = "is missing" if entry is None else f"is a {entry.kind.value}, not a file"
            hint = self._missing_hint(path)
            self.add_problems([Problem(Position(path), "FILE_MISSING", f"the file {what}", hint)])
            return None
        size = self.tree.reader.size(entry.id)
        if size > MAX_BYTES:
            self.add_problems([too_large(path, size)])
            return None
        file, problems = parse_yaml(path, self.tree.reader.read(entry.id))
        if file is not None:
            problems = (*problems, *check_shape(file, kind, name))
        if name is not None and not is_name(name):
            hint = "names start with a letter or digit and go on with letters, digits, - and _; at most 100"
            problems = (*problems, Problem(Position(path), "NAME_INVALID", f'"{name}" is not a name', hint))
        self.add_problems(problems)
        return None if any(problem.is_error for problem in problems) else file

    def _missing_hint(self, path: str) -> str:
        folder, _, name = path.rpartition("/")
        tree = self.tree.subtree(folder) if folder else self.tree
        beside = [entry.name for entry in tree.entries() if entry.kind is EntryKind.FILE] if tree is not None else []
        close = _closest(name, [item for item in beside if item != name])
        return f"rename {close} to {name}" if close else "write its file, or remove the folder"

    def _settings(self) -> Settings:
        file = self._file(SETTINGS_FILE, "Settings", None)
        return parse.settings(file) if file is not None else Settings(UNREADABLE, Account())

    def _load_environment(self, name: str) -> Environment | None:
        folder = f"{ENVIRONMENTS}/{name}"
        if self.tree.subtree(folder) is None:
            return None
        file = self._file(f"{folder}/environment.yaml", "Environment", name)
        if file is None:
            return None
        spec = self._spec_file(file, folder, "EnvironmentSpec")
        found, problems = parse.environment(file, name, spec)
        self.add_problems(problems)
        return found

    def _load_service(self, name: str) -> Service | None:
        folder = f"{SERVICES}/{name}"
        if self.tree.subtree(folder) is None:
            return None
        file = self._file(f"{folder}/service.yaml", "Service", name)
        if file is None:
            return None
        spec = self._spec_file(file, folder, "ServiceSpec")
        found, problems = parse.service(file, name, spec)
        self.add_problems(problems)
        return found

    def _load_component(self, name: str) -> Component | None:
        folder = f"{COMPONENTS}/{name}"
        tree = self.tree.subtree(folder)
        file = self._file(f"{folder}/{COMPONENT_FILE}", "Component", name) if tree is not None else None
        if tree is None or file is None:
            return None
        spec = self._spec_file(file, folder, "ServiceSpec")
        ours = (COMPONENT_FILE, file.data["spec"].get("specFile"))
        bundle = tree_of(tree.reader, (entry for entry in tree.entries() if entry.name not in ours))
        found, problems = parse.component(file, name, bundle, spec)
        self.add_problems(problems)
        return found

    def _load_connection(self, name: str) -> Connection | None:
        path = f"{CONNECTIONS}/{name}.yaml"
        if self.tree.entry(path) is None:
            return None
        file = self._file(path, "EnvironmentAccountConnection", name)
        return parse.connection(file, name) if file is not None else None

    def _load_repository(self, name: str) -> Repository | None:
        path = f"{REPOSITORIES}/{name}.yaml"
        if self.tree.entry(path) is None:
            return None
        file = self._file(path, "Repository", name)
        return parse.repository(file, name) if file is not None else None

    def _spec_file(self, file: YamlFile, folder: str, proton_kind: str) -> YamlFile | None:
        """The Proton spec file that `specFile:` names, or None when there is none or it cannot be used."""
        name = file.data["spec"].get("specFile")
        if name is None:
            return None
        path = f"{folder}/{name}"
        entry = self.tree.entry(path)
        if entry is None or entry.kind is not EntryKind.FILE:
            hint = "name a file in the same folder"
            place = file.at(("spec", "specFile"))
            self.add_problems([Problem(place, "FILE_MISSING", f"specFile names {name}, which is not there", hint)])
            return None
        spec, problems = parse.spec_file(path, self.tree.reader, entry.id, proton_kind)
        self.add_problems(problems)
        return spec


def _top_folders(tree: Tree) -> Iterator[Problem]:
    """A top folder under another name, or in another form, must never look like one from which all was removed."""
    entries = {entry.name: entry for entry in tree.entries()}
    for top in TOP_FOLDERS:
        if top in entries and entries[top].kind is not EntryKind.TREE:
            yield _no_folder(top, entries[top])
    for name, entry in entries.items():
        meant = "" if name in TOP_FOLDERS or entry.kind is EntryKind.FILE else _closest(name, TOP_FOLDERS)
        if meant:
            severity = Severity.WARNING if meant in entries else Severity.ERROR
            message = f"nothing looks into the folder {name}/"
            hint = f"did you mean {meant}/? Rename it, or give it a name of another kind"
            yield Problem(Position(name), "FOLDER_UNKNOWN", message, hint, severity)


def _no_folder(path: str, entry: Entry) -> Problem:
    hint = "put the folder itself there, or remove it: links and submodules are never followed"
    return Problem(Position(path), "FOLDER_REPLACED", f"this is a {entry.kind.value}, not a folder", hint)


def _closest(name: str, known: Iterable[str]) -> str:
    """The known name that this one is a slip of, in spelling or in case; empty when there is none."""
    folded = {item.casefold(): item for item in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.75)
    return folded[close[0]] if close else ""
