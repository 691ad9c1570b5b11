"""The ops file of service sync, taken as Proton took it (reference 5.1): for each service instance the branch and the
path of the spec file that it is updated from, in the repository that holds the ops file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.catalog.repopath import path_inside
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import DataPath, YamlFile
from reconciler.model.documents import Json
from reconciler.model.keys import Key, instance_key, is_name
from reconciler.model.problems import Position, Problem, Severity

_EXAMPLE = "write sync: services: <service>: <instance>: with branch: and spec: below"
_NAME_HINT = "names start with a letter or digit and go on with letters, digits, - and _; at most 100"
# What `git check-ref-format` refuses in any branch, as far as a person could mistype it.
_BRANCH = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|@\{))[^\s\x00-\x1f\x7f~^:?*\[\\]{1,200}(?<![/.])\Z")


@dataclass(frozen=True)
class OpsInstance:
    """One instance: the branch and the path of its spec file, from the top of the repository; and where both stand."""

    key: Key
    branch: str
    spec: str
    branch_at: Position
    spec_at: Position


@dataclass(frozen=True)
class OpsFile:
    """The usable instances by service, both in the order in which they are written (OPS-4). `faults` says of listed
    instances that are not usable why; such an instance counts as listed."""

    services: Mapping[str, tuple[OpsInstance, ...]]
    faults: Mapping[Key, tuple[Problem, ...]] = field(default_factory=dict)


def read_ops(file: YamlFile) -> tuple[OpsFile | None, tuple[Problem, ...]]:
    """The ops file and all of its problems, those of instances included; None when it lists no service at all. Unknown
    keys are warnings: the format is Proton's."""
    reader = _Reader(file)
    listed = reader.services()
    if listed is None:
        return None, tuple(reader.problems)
    services: dict[str, tuple[OpsInstance, ...]] = {}
    faults: dict[Key, tuple[Problem, ...]] = {}
    for name in reader.names(listed, ("sync", "services"), "service"):
        where: DataPath = ("sync", "services", name)
        below = reader.mapping(listed[name], where, f"service {name} lists no instances")
        found: list[OpsInstance] = []
        for instance in reader.names(below, where, "service instance"):
            key, before = instance_key(name, instance), len(reader.problems)
            item = reader.instance(key, below[instance], (*where, instance))
            if item is not None:
                found.append(item)
            else:
                faults[key] = tuple(problem for problem in reader.problems[before:] if problem.is_error)
        services[name] = tuple(found)
    return OpsFile(services, faults), tuple(reader.problems)


class _Reader:
    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self.problems: list[Problem] = []

    def services(self) -> dict[str, Json] | None:
        """What stands below `sync: services:`, or None."""
        value: Json = self._file.data
        where: DataPath = ()
        for key in ("sync", "services"):
            below = value if isinstance(value, dict) else {}
            self._unknown(below, where, {key})
            if key not in below:
                self._say(self._file.at(where), "KEY_MISSING", f'the ops file lacks the key "{key}"', _EXAMPLE)
                return None
            value, where = below[key], (*where, key)
        return self.mapping(value, where, "no services are listed") or None

    def mapping(self, value: Json, where: DataPath, empty: str) -> dict[str, Json]:
        """A mapping that should not be empty."""
        if isinstance(value, dict) and value:
            return value
        message = empty if value is None or value == {} else f"{where[-1]} must be a mapping"
        self._say(self._file.key_at(where), "VALUE_INVALID", message, _EXAMPLE)
        return {}

    def names(self, mapping: Mapping[str, Json], where: DataPath, what: str) -> Iterator[str]:
        """The keys that are names, each once however it is spelled."""
        seen: dict[str, str] = {}
        for name in mapping:
            place = self._file.key_at((*where, name))
            if not is_name(name):
                self._say(place, "NAME_INVALID", f'"{name}" is not a name for a {what}', _NAME_HINT)
            elif name.casefold() in seen:
                message = f"there is a {what} {seen[name.casefold()]} already, which differs in case only"
                self._say(place, "NAME_TAKEN", message, "rename one of them")
            else:
                seen[name.casefold()] = name
                yield name

    def instance(self, key: Key, value: Json, where: DataPath) -> OpsInstance | None:
        """One instance, or None when it cannot be used."""
        if not isinstance(value, dict):
            hint = "write branch: and spec: below it"
            self._say(self._file.key_at(where), "VALUE_INVALID", f"{key.name} must be a mapping", hint)
            return None
        self._unknown(value, where, {"branch", "spec"})
        branch, written = self._text(value, where, "branch"), self._text(value, where, "spec")
        branch_at, spec_at = (self._file.at((*where, name)) for name in ("branch", "spec"))
        if branch and not _BRANCH.match(branch):
            self._say(branch_at, "VALUE_INVALID", f'"{branch}" is not a branch', "name a branch of this repository")
            branch = ""
        spec = path_inside(written) if written else ""
        if written and not spec:
            hint = "name a file from the top of this repository"
            self._say(spec_at, "VALUE_INVALID", f'spec is "{written}", which leads to no file in the repository', hint)
        return OpsInstance(key, branch, spec, branch_at, spec_at) if branch and spec else None

    def _text(self, value: Mapping[str, Json], where: DataPath, name: str) -> str:
        """A scalar as written (a branch `1.0` is no number), or empty with a problem."""
        if value.get(name) is None:
            message = f'{where[-1]} lacks the key "{name}"'
            self._say(self._file.key_at(where), "KEY_MISSING", message, f'add "{name}:"')
            return ""
        text = self._file.text((*where, name))
        if not text:
            self._say(self._file.at((*where, name)), "VALUE_INVALID", f"{name} must be text", "write one text")
        return text or ""

    def _unknown(self, value: Mapping[str, Json], where: DataPath, known: set[str]) -> None:
        for key in sorted(value.keys() - known):
            hint = did_you_mean(key, known - value.keys(), known & value.keys())
            place = self._file.key_at((*where, key))
            self._say(place, "KEY_UNKNOWN", f'unknown key "{key}"', hint, Severity.WARNING)

    def _say(self, place: Position, code: str, message: str, hint: str, severity: Severity = Severity.ERROR) -> None:
        self.problems.append(Problem(place, code, message, hint, severity))
