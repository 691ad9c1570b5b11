"""A forge in memory: branches, pull requests and reports that a test changes, and a pass looks at.

What is opened, closed and merged here follows `reconciler/provisioners/pull_request.py`: a branch is never reused, a
pull request that exists is taken as it is, and whoever closes one that is not there opens it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.errors import TryAgainError
from reconciler.model.identity import Target
from reconciler.model.keys import Key
from reconciler.model.reports import DELETED_ID, Report, ReportStatus, destroyed_file, report_file
from reconciler.model.trees import blob_id
from reconciler.planning.observations import PullState, SeenFolder, SeenPull
from reconciler.planning.proposal import Proposal
from reconciler.rendering.metadata import METADATA_FILE, read_metadata


@dataclass
class Pull:
    """One pull request: what was proposed, where, and what became of it."""

    repository: str
    number: int
    proposal: Proposal
    state: PullState = PullState.OPEN

    @property
    def key(self) -> Key:
        """The resource it is about."""
        return self.proposal.deployment.key

    @property
    def branch(self) -> str:
        """Its branch."""
        return self.proposal.deployment.branch

    @property
    def seen(self) -> SeenPull:
        """The pull request as planning sees it. Branch tips are named after the branch: nothing depends on them."""
        url = f"https://forge.example/{self.repository}/{self.number}"
        return SeenPull(self.number, url, blob_id(self.branch.encode()), self.state)


@dataclass
class MemoryForge:
    """Implements `Observer`, and does what people and automation do. `files` holds each repository's target branch,
    `unreachable` the repositories that do not answer."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    pulls: list[Pull] = field(default_factory=list)
    reports: dict[tuple[str, str], Report] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    def copy(self) -> MemoryForge:
        """A forge in the same state that can go another way."""
        return MemoryForge(
            {name: dict(files) for name, files in self.files.items()},
            [replace(pull) for pull in self.pulls],
            dict(self.reports),
            set(self.unreachable),
            list(self.log),
        )

    # What a pass sees.

    def pull_request(self, target: Target, branch: str) -> SeenPull | None:
        """See `Observer`."""
        self._reach(target.repository)
        pull = self._find(target.repository, branch)
        return pull.seen if pull is not None else None

    def has_branch(self, target: Target) -> bool:
        return True

    def folder(self, target: Target, *, fresh: bool = False) -> SeenFolder | None:
        """See `Observer`."""
        self._reach(target.repository)
        prefix = target.folder + "/"
        inside = {
            path.removeprefix(prefix): data
            for path, data in self.files.get(target.repository, {}).items()
            if path.startswith(prefix)
        }
        own = {path: blob_id(data) for path, data in inside.items() if "/" not in path or path == METADATA_FILE}
        metadata = inside.get(METADATA_FILE)
        return SeenFolder(own, read_metadata(metadata) if metadata is not None else None)

    def report(self, target: Target, key: Key, deployment_id: str) -> Report | None:
        """See `Observer`."""
        self._reach(target.repository)
        found = self.reports.get((target.repository, report_file(key, deployment_id)))
        return found if found is not None and found.key == key else None

    def open_count(self, repository: str) -> int:
        """See `Observer`."""
        self._reach(repository)
        return sum(pull.repository == repository and pull.state is PullState.OPEN for pull in self.pulls)

    # What a pass does.

    def open(self, proposal: Proposal) -> SeenPull:
        """Opens a pull request, or finds the one that is there."""
        repository = proposal.deployment.target.repository
        self._reach(repository)
        pull = self._find(repository, proposal.deployment.branch)
        if pull is None:
            number = 1 + sum(pull.repository == repository for pull in self.pulls)
            pull = Pull(repository, number, proposal)
            self.pulls.append(pull)
            self.log.append(f"opened {repository}#{number} {pull.branch}")
        return pull.seen

    def close(self, proposal: Proposal) -> SeenPull:
        """Closes a pull request that is open, and tells what became of it."""
        self.open(proposal)
        pull = self._find(proposal.deployment.target.repository, proposal.deployment.branch)
        assert pull is not None
        if pull.state is PullState.OPEN:
            pull.state = PullState.CLOSED
            self.log.append(f"closed {pull.repository}#{pull.number} {pull.branch}")
        return pull.seen

    # What people and automation do.

    def newest(self, key: Key) -> Pull:
        """The newest pull request about a resource."""
        found = [pull for pull in self.pulls if pull.key == key]
        assert found, f"no pull request about {key}; there are {', '.join(str(pull.key) for pull in self.pulls)}"
        return found[-1]

    def open_pulls(self) -> list[Pull]:
        """Those that are open, in the order in which they were opened."""
        return [pull for pull in self.pulls if pull.state is PullState.OPEN]

    def merge(self, pull: Pull) -> None:
        """A person merges a pull request that is not merged yet: its files are on the target branch then."""
        assert pull.state is not PullState.MERGED, f"{pull.branch} is merged already"
        pull.state = PullState.MERGED
        files, folder = self.files.setdefault(pull.repository, {}), pull.proposal.deployment.target.folder
        for path in pull.proposal.remove:
            files.pop(f"{folder}/{path}", None)
        files.update({f"{folder}/{path}": data for path, data in pull.proposal.files.items()})

    def refuse(self, pull: Pull) -> None:
        """A person closes a pull request."""
        assert pull.state is PullState.OPEN, f"{pull.branch} is {pull.state}"
        pull.state = PullState.CLOSED

    def reopen(self, pull: Pull) -> None:
        """A person opens a closed pull request again."""
        assert pull.state is PullState.CLOSED, f"{pull.branch} is {pull.state}"
        pull.state = PullState.OPEN

    def tell(
        self, pull: Pull, status: ReportStatus, outputs: dict[str, str] | None = None, message: str = "", at: str = ""
    ) -> None:
        """Automation reports what came of a merged pull request; as ours does, it removes the report of an earlier
        destroy of the same resource."""
        deployment = pull.proposal.deployment
        identity = DELETED_ID if deployment.destroy else deployment.id
        arn = str(deployment.document["//"])
        report = Report(deployment.key, arn, identity, status, message, outputs, at=at)
        self.reports[pull.repository, report.file] = report
        if not deployment.destroy:
            self.reports.pop((pull.repository, destroyed_file(deployment.key)), None)

    def _find(self, repository: str, branch: str) -> Pull | None:
        found = [pull for pull in self.pulls if pull.repository == repository and pull.branch == branch]
        return found[-1] if found else None

    def _reach(self, repository: str) -> None:
        if repository in self.unreachable:
            raise TryAgainError(f"{repository} does not answer", hint="try again later")
