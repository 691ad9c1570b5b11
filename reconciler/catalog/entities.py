"""What a person wrote, as frozen values. Each remembers its file, so that a later message can point at the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.quotas import DEFAULT, Quotas
from reconciler.catalog.yamlfile import DataPath, YamlFile
from reconciler.model.documents import Json
from reconciler.model.identity import RECORDS_BRANCH, Account
from reconciler.model.keys import Key, Kind, component_key, environment_key, instance_key, pipeline_key
from reconciler.model.problems import Position
from reconciler.model.revisions import Revision
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
class Provisioning:
    """How resources are provisioned: through pull requests to a repository, or by this program with roles in AWS, given
    here or by a connection to another account (reference, ENV-1). All texts are empty where nothing is said."""

    repository: str = ""
    role: str = ""
    codebuild_role: str = ""
    component_role: str = ""
    connection: str = ""

    @property
    def is_said(self) -> bool:
        """True when anything is said at all."""
        return self != Provisioning()

    @property
    def words(self) -> str:
        """How, in a phrase for messages."""
        if self.repository:
            return f"through pull requests to {self.repository}"
        if self.connection:
            return f"in AWS, through the connection {self.connection}"
        return "in AWS" if self.is_said else "nowhere"


@dataclass(frozen=True)
class Connection:
    """`connections/<name>.yaml`: an environment account connection, with the roles that the other account gives."""

    name: str
    environment: str
    account: str
    role: str
    codebuild_role: str
    component_role: str
    file: YamlFile = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """`reconciler.yaml`."""

    name: str
    account: Account
    lineage: str = ""
    records_branch: str = RECORDS_BRANCH
    records_repository: str = ""
    pipelines: Provisioning = Provisioning()
    safety: Safety = Safety()
    pull_requests: PullRequestPolicy = PullRequestPolicy()
    quotas: Quotas = DEFAULT


@dataclass(frozen=True)
class Repository:
    """`repositories/<name>.yaml`: where rendered folders are proposed."""

    name: str
    provider: str
    full_name: str
    url: str
    branch: str
    reports_deletion: bool = True
    environments_folder: str = ""


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
    provisioning: Provisioning
    inputs: Inputs
    file: YamlFile = field(repr=False)

    @property
    def key(self) -> Key:
        """The key of this environment."""
        return environment_key(self.name)


@dataclass(frozen=True)
class Component:
    """`components/<name>/component.yaml`: attached to a service instance, given as (service, instance), or detached in
    an environment. `bundle` is what lies beside it: the manifest and one file. `inputs` come from a spec file; without
    one an attached component reads those of its instance."""

    name: str
    path: str
    attach_to: tuple[str, str] | None
    environment: str
    inputs: Inputs | None
    bundle: Tree = field(repr=False)
    file: YamlFile = field(repr=False)

    @property
    def key(self) -> Key:
        """The key of this component."""
        return component_key(self.name)

    @property
    def instance(self) -> Key | None:
        """The key of the service instance that it is attached to."""
        return instance_key(*self.attach_to) if self.attach_to is not None else None


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

    def at(self, key: str) -> Position:
        """The place of one of its keys, such as `environment`."""
        return self.inputs.file.at((*self.inputs.where[:-1], key))


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
class Sync:
    """Where something is kept outside of the catalog: a Repository of the catalog by name, a branch (empty: the one
    that the Repository names), and a path there: the folder of a template, or the ops file of a service."""

    repository: str
    branch: str
    path: str


@dataclass(frozen=True)
class Service:
    """`services/<name>/service.yaml`. With `sync`, instances and pipeline are those of its ops file elsewhere."""

    name: str
    template: str
    line: VersionLine
    source: CodeSource
    pipeline: Pipeline | None
    instances: tuple[Instance, ...]
    file: YamlFile = field(repr=False)
    sync: Sync | None = None


@dataclass(frozen=True)
class TemplateFolder:
    """A template as it lies in the catalog. `majors` maps the number of a `vN` folder to (its path, its tree); a folder
    without version folders is versioned by computation and has the single key None. With `sync` its bundles are kept in
    another repository, and `majors` is empty until they are fetched; `revision` then says where from."""

    kind: Kind
    name: str
    path: str
    majors: Mapping[int | None, tuple[str, Tree]]
    publish_manually: bool = False
    published: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    sync: Sync | None = None
    file: YamlFile | None = field(default=None, repr=False)
    revision: Revision | None = None

    @property
    def key(self) -> Key:
        """The key of this template."""
        return Key(self.kind, self.name)
