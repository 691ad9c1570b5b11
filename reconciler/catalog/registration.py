"""The file beside a service bundle that says in which environments it may run, and with which components (4.4).

`.template-registration.yaml`, or the older `.compatible-envs` with one `name:major` a line; the first wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import YamlFile, parse_yaml
from reconciler.model.documents import Json
from reconciler.model.keys import is_name
from reconciler.model.problems import Position, Problem, Severity
from reconciler.model.trees import Tree

REGISTRATION_FILE = ".template-registration.yaml"
OLDER_FILE = ".compatible-envs"
REGISTRATION_FILES = (REGISTRATION_FILE, OLDER_FILE)
_SOURCES = "supported_component_sources"
_KEYS = {"compatible_environments", _SOURCES}
_EXAMPLE = "compatible_environments: [vpc-env:1]"
# The one kind of component there is (reference, VER-20).
DIRECTLY_DEFINED = "DIRECTLY_DEFINED"
_PAIR = re.compile(r"([^:\s]+):v?([1-9][0-9]*)\Z")


@dataclass(frozen=True, order=True)
class CompatibleEnvironment:
    """An environment template, by name and major version, in whose environments a service template may run."""

    template: str
    major: int

    def __str__(self) -> str:
        return f"{self.template}:{self.major}"


@dataclass(frozen=True)
class Registration:
    """What the file says: compatible environments in the order in which they are written, and component sources."""

    compatible: tuple[CompatibleEnvironment, ...] = ()
    component_sources: tuple[str, ...] = ()


NO_REGISTRATION = Registration()


def read_registration(tree: Tree, path: str) -> tuple[Registration, list[Problem]]:
    """The registration of a service bundle, and what is wrong with its file."""
    data = tree.read(REGISTRATION_FILE)
    if data is not None:
        return _read_yaml(f"{path}/{REGISTRATION_FILE}", data)
    older = tree.read(OLDER_FILE)
    if older is not None:
        return _read_lines(f"{path}/{OLDER_FILE}", older)
    message = f"the bundle says nowhere in which environments it may run: there is no {REGISTRATION_FILE}"
    hint = f"write {REGISTRATION_FILE} with {_EXAMPLE}"
    return NO_REGISTRATION, [Problem(Position(path), "COMPAT_ENV_MISSING", message, hint)]


def _read_yaml(path: str, data: bytes) -> tuple[Registration, list[Problem]]:
    file, parsed = parse_yaml(path, data, duplicate_keys=Severity.WARNING)
    problems = list(parsed)
    if file is None:
        return NO_REGISTRATION, problems
    top = file.data if isinstance(file.data, dict) else {}
    key = "compatible_environments"
    if key not in top and "compatible_environment" in top:
        key = "compatible_environment"  # stands so in samples that Proton took
        hint = "rename it to compatible_environments"
        message = 'the key "compatible_environment" is read as compatible_environments'
        problems.append(Problem(file.key_at((key,)), "REGISTRATION_TOLERATED", message, hint, Severity.WARNING))
    for unknown in sorted(top.keys() - _KEYS - {key}):
        hint = did_you_mean(unknown, _KEYS - top.keys(), _KEYS & top.keys())
        problems.append(Problem(file.key_at((unknown,)), "REGISTRATION_INVALID", f'unknown key "{unknown}"', hint))
    items = top.get(key)
    if isinstance(items, str) and _PAIR.match(items):
        message, hint = f"{key} is a text, not a list", f"write it as a list: {key}: [{items}]"
        return NO_REGISTRATION, [*problems, Problem(file.at((key,)), "REGISTRATION_INVALID", message, hint)]
    if not isinstance(items, list) or not items:
        place = file.key_at((key,)) if key in top else file.at(())
        message = "no compatible environment is listed"
        return NO_REGISTRATION, [*problems, Problem(place, "COMPAT_ENV_MISSING", message, f"write {_EXAMPLE}")]
    found = [_pair(item, file.at((key, index)), problems) for index, item in enumerate(items)]
    return Registration(tuple(pair for pair in found if pair is not None), _sources(file, top, problems)), problems


def _sources(file: YamlFile, top: dict[str, Json], problems: list[Problem]) -> tuple[str, ...]:
    items = top.get(_SOURCES)
    if items is None:
        return ()
    if isinstance(items, list) and all(item == DIRECTLY_DEFINED for item in items):
        return tuple(dict.fromkeys(items))
    message = f"{_SOURCES} lists something other than {DIRECTLY_DEFINED}"
    place = file.at((_SOURCES,))
    if isinstance(items, list):
        wrong = next(index for index, item in enumerate(items) if item != DIRECTLY_DEFINED)
        place = file.at((_SOURCES, wrong))
    problems.append(Problem(place, "REGISTRATION_INVALID", message, f"write {_SOURCES}: [{DIRECTLY_DEFINED}]"))
    return ()


def _read_lines(path: str, data: bytes) -> tuple[Registration, list[Problem]]:
    problems: list[Problem] = []
    found = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if line.strip():
            found.append(_pair(line.strip(), Position(path, number, 1), problems))
    if not found:
        message = "no compatible environment is listed"
        problems.append(Problem(Position(path, 1, 1), "COMPAT_ENV_MISSING", message, "write one name:major a line"))
    return Registration(tuple(pair for pair in found if pair is not None)), problems


def _pair(item: Json, place: Position, problems: list[Problem]) -> CompatibleEnvironment | None:
    match = _PAIR.match(item) if isinstance(item, str) else None
    if match and is_name(match[1]):
        return CompatibleEnvironment(match[1], int(match[2]))
    message = f"{item!r} is not an environment template and its major version"
    problems.append(Problem(place, "REGISTRATION_INVALID", message, "write it like vpc-env:1"))
    return None
