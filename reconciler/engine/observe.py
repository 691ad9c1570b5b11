"""Looking at forges and target branches: one look per repository and pass, whatever the number of resources."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.catalog.entities import Repository
from reconciler.catalog.load import Catalog
from reconciler.engine.place import Place, is_path, location_of
from reconciler.errors import InputError
from reconciler.forges.base import ForgeReader, PullRequest, PullState
from reconciler.forges.local import LocalForge
from reconciler.gitstore.base import GitRemote
from reconciler.gitstore.open import open_remote
from reconciler.model.identity import REPORTS_BRANCH, Target
from reconciler.model.keys import Key
from reconciler.model.reports import MAX_REPORT_BYTES, Report, decode_report, report_file
from reconciler.model.trees import EntryKind, Tree
from reconciler.planning.observations import SeenFolder, SeenPull
from reconciler.rendering.metadata import MAX_METADATA_BYTES, METADATA_FILE, read_metadata

_REPORTS = f"refs/heads/{REPORTS_BRANCH}"


@dataclass
class Repositories:
    """The repositories of a catalog, each opened once. Relative locations start at `place`."""

    place: Place
    catalog: Catalog

    def __post_init__(self) -> None:
        self._remotes: dict[str, GitRemote] = {}
        self._opened: dict[str, tuple[GitRemote, LocalForge]] = {}

    def is_near(self, name: str) -> bool:
        """True for a repository on this machine, which can be looked at without a network."""
        repository = self.catalog.repository(name)
        return repository is not None and repository.provider == "local" and self.is_on_path(name)

    def is_on_path(self, name: str) -> bool:
        """True for a repository whose Git data lie on this machine, whatever forge its pull requests are on."""
        return is_path(location_of(self.place, self._found(name)))

    def remote(self, name: str) -> GitRemote:
        """A repository by its name in the catalog, for Git alone. Raises `InputError` when it cannot be opened."""
        if name not in self._remotes:
            self._remotes[name] = open_remote(location_of(self.place, self._found(name)), cache=self.place.cache)
        return self._remotes[name]

    def get(self, name: str) -> tuple[GitRemote, LocalForge]:
        """A repository and its forge. Raises `InputError` when it cannot be used."""
        if name not in self._opened:
            repository = self._found(name)
            if repository.provider != "local":
                message = f"repository {name} is on {repository.provider}, which this version cannot talk to yet"
                raise InputError(message, hint="use provider: local")
            remote = self.remote(name)
            self._opened[name] = (remote, LocalForge(remote))
        return self._opened[name]

    def _found(self, name: str) -> Repository:
        repository = self.catalog.repository(name)
        if repository is None:
            raise InputError(f'there is no repository "{name}" in the catalog', hint=f"add repositories/{name}.yaml")
        return repository


class ForgeObserver:
    """Implements `planning.observations.Observer` on real repositories."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories
        self._trees: dict[tuple[str, str], Tree | None] = {}

    def pull_request(self, target: Target, branch: str) -> SeenPull | None:
        """See `Observer`."""
        forge: ForgeReader = self._repositories.get(target.repository)[1]
        found = forge.find(branch)
        return seen(found) if found is not None else None

    def folder(self, target: Target, *, fresh: bool = False) -> SeenFolder | None:
        """See `Observer`."""
        if fresh:
            self._trees.pop((target.repository, f"refs/heads/{target.branch}"), None)
        root = self._tree(target.repository, f"refs/heads/{target.branch}")
        folder = root.subtree(target.folder) if root is not None else None
        if folder is None:
            return SeenFolder({})
        files = {entry.name: entry.id for entry in folder.entries() if entry.kind is EntryKind.FILE}
        metadata = folder.entry(METADATA_FILE)
        if metadata is None or metadata.kind is not EntryKind.FILE:
            return SeenFolder(files)
        files[METADATA_FILE] = metadata.id
        if folder.reader.size(metadata.id) > MAX_METADATA_BYTES:
            return SeenFolder(files)
        return SeenFolder(files, read_metadata(folder.reader.read(metadata.id)))

    def has_branch(self, target: Target) -> bool:
        """See `Observer`."""
        if self._tree(target.repository, f"refs/heads/{target.branch}") is not None:
            return True
        refs = self._repositories.get(target.repository)[0].refs()
        return not any(ref.startswith("refs/heads/") for ref in refs)

    def report(self, target: Target, key: Key, deployment_id: str) -> Report | None:
        """See `Observer`. A file that is no report, or of another resource, is as good as none."""
        root = self._tree(target.repository, _REPORTS)
        entry = root.entry(report_file(key, deployment_id)) if root is not None else None
        if root is None or entry is None or entry.kind is not EntryKind.FILE:
            return None
        if root.reader.size(entry.id) > MAX_REPORT_BYTES:
            return None
        try:
            report = decode_report(root.reader.read(entry.id))
        except ValueError:
            return None
        return report if report.key == key and report.deployment_id == deployment_id else None

    def open_count(self, repository: str) -> int:
        """See `Observer`."""
        return len(self._repositories.get(repository)[1].list(PullState.OPEN))

    def _tree(self, repository: str, ref: str) -> Tree | None:
        if (repository, ref) not in self._trees:
            remote = self._repositories.get(repository)[0]
            tip = remote.fetch(ref).get(ref)
            self._trees[repository, ref] = remote.objects.tree(tip) if tip is not None else None
        return self._trees[repository, ref]


def seen(pull: PullRequest) -> SeenPull:
    """A pull request as planning sees it."""
    return SeenPull(pull.number, pull.url, pull.head, pull.state)
