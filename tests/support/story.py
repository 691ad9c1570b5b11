"""A small catalog and the people around it, for tests that interrupt or race the engine in its own process.

Time stands still, and so does the lineage: two runs of one story that end alike end with the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.automation.reports import ReportsBranch
from reconciler.engine.passes import Options, PassResult, run_pass
from reconciler.engine.place import Place, find_place
from reconciler.engine.store import RecordStore
from reconciler.forges.base import PullRequest, PullState
from reconciler.forges.local import LocalForge
from reconciler.gitstore.base import Person
from reconciler.gitstore.checkout import create_repository
from reconciler.gitstore.local import LocalRemote
from reconciler.model.reports import DELETED_ID, Report, ReportStatus
from reconciler.records.book import RecordBook
from reconciler.rendering.metadata import METADATA_FILE, read_metadata

_PULL = re.compile(r'"pullRequest": \{[^}]*\}')
NOW = "2026-01-01T00:00:00Z"
SECONDS = 1767225600
LINEAGE = "5a1e0d5e-0000-4000-8000-000000000001"
AUTHOR = Person("Ada", "ada@example.com")
MANIFEST = 'infrastructure:\n  templates:\n    - {file: "*", rendering_engine: hcl, template_language: terraform}\n'


def schema(kind: str, inputs: str, pipeline: str = "") -> str:
    """A schema file with one input type, and one for the pipeline when it is given."""
    types = f"    In: {{type: object, properties: {{{inputs}}}}}\n"
    more = ""
    if pipeline:
        more = "  pipeline_input_type: Pipe\n"
        types += f"    Pipe: {{type: object, properties: {{{pipeline}}}}}\n"
    return f'schema:\n  format: {{openapi: "3.0.0"}}\n  {kind}_input_type: In\n{more}  types:\n{types}'


FILES = {
    "reconciler.yaml": f"""apiVersion: reconciler/v1
kind: Settings
metadata: {{name: story}}
spec:
  records: {{lineage: {LINEAGE}}}
  pipelines: {{repository: pipes}}
""",
    **{
        f"repositories/{name}.yaml": f"""apiVersion: reconciler/v1
kind: Repository
metadata: {{name: {name}}}
spec: {{provider: local, name: acme/{name}, url: ../{name}.git}}
"""
        for name in ("infra", "pipes")
    },
    "templates/environment/net/v1/schema/schema.yaml": schema("environment", 'cidr: {type: string, default: "10/8"}'),
    "templates/environment/net/v1/infrastructure/manifest.yaml": MANIFEST,
    "templates/environment/net/v1/infrastructure/main.tf": "# net\n",
    "templates/service/web/v1/schema/schema.yaml": schema("service", "port: {type: integer, default: 80}", "x: {}"),
    "templates/service/web/v1/.template-registration.yaml": 'compatible_environments: ["net:1"]\n',
    "templates/service/web/v1/instance_infrastructure/manifest.yaml": MANIFEST,
    "templates/service/web/v1/instance_infrastructure/main.tf": "# web\n",
    "templates/service/web/v1/pipeline_infrastructure/manifest.yaml": MANIFEST,
    "templates/service/web/v1/pipeline_infrastructure/main.tf": "# pipe\n",
}


def environment(name: str, **inputs: str) -> dict[str, str]:
    """The file of an environment."""
    lines = "".join(f"    {key}: {value}\n" for key, value in inputs.items())
    text = f"""apiVersion: reconciler/v1
kind: Environment
metadata: {{name: {name}}}
spec:
  template: net
  version: "1"
  provisioning: {{repository: infra}}
"""
    return {f"environments/{name}/environment.yaml": text + (f"  inputs:\n{lines}" if lines else "")}


def service(name: str, *instances: tuple[str, str, int], pipeline: bool = False) -> dict[str, str]:
    """The file of a service; instances are (name, environment, port)."""
    lines = "".join(f"    - {{name: {n}, environment: {e}, inputs: {{port: {p}}}}}\n" for n, e, p in instances)
    pipe = "  pipeline: {}\n" if pipeline else ""
    text = f"""apiVersion: reconciler/v1
kind: Service
metadata: {{name: {name}}}
spec:
  template: web
  version: "1"
{pipe}  instances:
{lines}"""
    return {f"services/{name}/service.yaml": text}


@dataclass
class Story:
    """A catalog that is its own remote, and two bare repositories beside it."""

    home: Path

    @classmethod
    def begin(cls, home: Path, *, repositories: tuple[str, ...] = ("infra", "pipes")) -> Story:
        """Makes the repositories and the records."""
        story = cls(home)
        create_repository(home / "catalog", bare=True)
        for name in repositories:
            create_repository(home / f"{name}.git", bare=True)
            remote = story.remote(name)
            tree = remote.objects.write_tree(None, {"README.md": b"first\n"})
            commit = remote.objects.write_commit(tree, (), "First\n", author=AUTHOR, time=SECONDS)
            remote.update("refs/heads/main", old=None, new=commit)
        story.store.birth(LINEAGE, NOW)
        return story

    @property
    def place(self) -> Place:
        """The catalog."""
        return find_place(self.home / "catalog", self.home / "cache")

    @property
    def store(self) -> RecordStore:
        """The records."""
        return RecordStore(LocalRemote(self.home / "catalog"), "reconciler/records")

    def remote(self, name: str) -> LocalRemote:
        """A repository beside the catalog."""
        return LocalRemote(self.home / f"{name}.git")

    def commit(self, files: dict[str, str | None]) -> str:
        """Changes the catalog; None removes a file."""
        remote = LocalRemote(self.home / "catalog")
        tip = remote.refs().get("refs/heads/main")
        base = remote.objects.commit(tip).tree if tip is not None else None
        edits = {path: text.encode() if text is not None else None for path, text in files.items()}
        tree = remote.objects.write_tree(base, edits)
        parents = (tip,) if tip is not None else ()
        commit = remote.objects.write_commit(tree, parents, "Change\n", author=AUTHOR, time=SECONDS)
        remote.update("refs/heads/main", old=tip, new=commit)
        return commit

    def apply(self, options: Options | None = None) -> PassResult:
        """One pass."""
        result = run_pass(self.place, options or Options(), lambda: NOW, lambda line: None)
        assert not result.problems, result.problems
        return result

    def pulls(self, state: PullState | None = None) -> list[tuple[str, PullRequest]]:
        """Pull requests, with the name of their repository."""
        return [(name, pull) for name in ("infra", "pipes") for pull in LocalForge(self.remote(name)).list(state)]

    def merge(self) -> None:
        """Merges everything that is open."""
        for name, pull in self.pulls(PullState.OPEN):
            LocalForge(self.remote(name)).merge(pull.number, at=NOW)

    def refuse(self) -> None:
        """Closes everything that is open, as a person would."""
        for name, pull in self.pulls(PullState.OPEN):
            LocalForge(self.remote(name)).close(pull.number, "No.", at=NOW)

    def report(self, status: ReportStatus = ReportStatus.SUCCEEDED, *, value: str = "1") -> None:
        """What automation would say of every folder: outputs follow from the key and `value`."""
        for name in ("infra", "pipes"):
            remote = self.remote(name)
            tip = remote.refs()["refs/heads/main"]
            for path, entry in remote.objects.tree(tip).walk():
                metadata = read_metadata(remote.objects.read(entry.id)) if path.endswith(METADATA_FILE) else None
                if metadata is not None:
                    outputs = {"id": f"{metadata.key}-{value}"} if metadata.deployment_id != DELETED_ID else None
                    report = Report(metadata.key, metadata.arn, metadata.deployment_id, status, outputs=outputs, at=NOW)
                    ReportsBranch(remote).write(report, at=SECONDS)

    def book(self) -> RecordBook:
        """The records now."""
        return self.store.book(self.store.tip())

    def record_files(self) -> dict[str, str]:
        """Every file of the records. Numbers and heads of pull requests are left out: they say who came first."""
        tip = self.store.tip()
        assert tip is not None
        tree = self.store.remote.objects.tree(tip)
        files = {path: tree.reader.read(entry.id).decode() for path, entry in tree.walk()}
        return {path: _PULL.sub('"pullRequest": {}', text) for path, text in files.items()}

    def end_state(self) -> dict[str, object]:
        """Everything that has to be the same however often the story was interrupted."""
        branches = {}
        for name in ("infra", "pipes"):
            tree = LocalRemote(self.home / f"{name}.git").objects.tree(self.remote(name).refs()["refs/heads/main"])
            branches[name] = {path: entry.id for path, entry in tree.walk()}
        pulls = [(name, pull.branch, pull.state, pull.title) for name, pull in self.pulls()]
        return {"records": self.record_files(), "branches": branches, "pulls": sorted(pulls)}

    def open_by_key(self) -> Iterator[tuple[str, int]]:
        """How many pull requests are open for each key."""
        counts: dict[str, int] = {}
        for _, pull in self.pulls(PullState.OPEN):
            key = pull.branch.removeprefix("reconciler/").removeprefix("destroy/").rpartition("/")[0]
            counts[key] = counts.get(key, 0) + 1
        yield from counts.items()
