"""What a person wrote, as frozen values. Each remembers its file, so that a later message can point at the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.yamlfile import DataPath, YamlFile
from reconciler.model.documents import Json
from reconciler.model.identity import RECORDS_BRANCH, Account
from reconciler.model.keys import Key, Kind, environment_key, instance_key, pipeline_key
from reconciler.model.problems import Position
from reconciler.model.trees import Tree
from reconciler.model.versions import VersionLine


@dataclass(frozen=True)
class Safety:
    """The guards of deletions: the share of live resources that one pass may delete, and the keys that have consent."""

    max_delete_percent: int = 30
    allow_deletes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PullRequestPolicy:
    """How long a pull request may stay open and a merged deployment unreported, in days; how many may be open at once
    in one repository."""

    timeout_days: int = 14
    report_timeout_days: int = 2
    max_open: int = 50


@dataclass(frozen=True)
class Settings:
    """`reconciler.yaml`."""

    name: str
    account: Account
    lineage: str = ""
    records_branch: str = RECORDS_BRANCH
    records_repository: str = ""
    pipelines_repository: str = ""
    safety: Safety = Safety()
    pull_requests: PullRequestPolicy = PullRequestPolicy()


@dataclass(frozen=True)
class Repository:
    """`repositories/<name>.yaml`: where rendered folders are proposed."""

    name: str
    provider: str
    full_name: str
    url: str
    branch: str
    reports_deletion: bool = True


@dataclass(frozen=True)
class Inputs:
    """What a person asked for, and where it stands. `tolerant`: a Proton spec file, where unknown inputs only warn."""

    values: Mapping[str, Json]
    file: YamlFile = field(repr=False)
    where: DataPath
    tolerant: bool = False

    def at(self, path: DataPath) -> Position:
        """The place of an input, or of the nearest value around it."""
        return self.file.at((*self.where, *path))

    def key_at(self, path: DataPath) -> Position:
        """The place of an input's name."""
        return self.file.key_at((*self.where, *path))


@dataclass(frozen=True)
class Environment:
    """`environments/<name>/environment.yaml`."""

    name: str
    template: str
    line: VersionLine
    repository: str
    inputs: Inputs
    file: YamlFile = field(repr=False)

    @property
    def key(self) -> Key:
        """The key of this environment."""
        return environment_key(self.name)


@dataclass(frozen=True)
class CodeSource:
    """A service's code repository, passed through to its pipeline; empty texts when the service has none."""

    connection: str = ""
    name: str = ""
    branch: str = ""


@dataclass(frozen=True)
class Instance:
    """One item of `instances:` in a service, with its own version line when it carries one. `index` is its place."""

    service: str
    name: str
    environment: str
    line: VersionLine
    inputs: Inputs
    index: int

    @property
    def key(self) -> Key:
        """The key of this service instance."""
        return instance_key(self.service, self.name)


@dataclass(frozen=True)
class Pipeline:
    """`pipeline:` of a service."""

    service: str
    line: VersionLine
    inputs: Inputs

    @property
    def key(self) -> Key:
        """The key of this service pipeline."""
        return pipeline_key(self.service)


@dataclass(frozen=True)
class Service:
    """`services/<name>/service.yaml`."""

    name: str
    template: str
    line: VersionLine
    source: CodeSource
    pipeline: Pipeline | None
    instances: tuple[Instance, ...]
    file: YamlFile = field(repr=False)


@dataclass(frozen=True)
class TemplateFolder:
    """A template as it lies in the catalog. `majors` maps the number of a `vN` folder to (its path, its tree); a folder
    without version folders is versioned by computation and has the single key None."""

    kind: Kind
    name: str
    path: str
    majors: Mapping[int | None, tuple[str, Tree]]
    publish_manually: bool = False
    published: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    file: YamlFile | None = field(default=None, repr=False)

    @property
    def key(self) -> Key:
        """The key of this template."""
        return Key(self.kind, self.name)
