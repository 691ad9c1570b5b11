"""What is seen right now, as values, and the port through which a pass looks.

Reading changes nothing. A pass looks at a pull request before it looks at the branch it would be merged into, so that
what the branch says is never older than what the forge says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.identity import Target
from reconciler.model.keys import Key
from reconciler.model.pull_requests import PullState
from reconciler.model.reports import Report
from reconciler.rendering.metadata import Metadata

__all__ = ["Observer", "PullState", "SeenFolder", "SeenPull"]


@dataclass(frozen=True)
class SeenPull:
    """A pull request as seen. `head` is the tip of its branch, `url` leads a person there."""

    number: int
    url: str
    head: str
    state: PullState


@dataclass(frozen=True)
class SeenFolder:
    """A folder on its target branch: the blob ids of its files by path, sub-folders of other resources left out, and
    what its metadata file says. `metadata` is None for a folder without one; an absent folder has no files."""

    files: Mapping[str, str]
    metadata: Metadata | None = None


class Observer(Protocol):
    """Looks at forges and target branches. Raises `TryAgainError` when a repository cannot be reached, `InputError`
    when this program cannot talk to its forge."""

    def pull_request(self, target: Target, branch: str) -> SeenPull | None:
        """The newest pull request of a branch, in any state."""

    def folder(self, target: Target, *, fresh: bool = False) -> SeenFolder | None:
        """A folder on the tip of its target branch; None when it cannot be seen from here. `fresh` looks at the branch
        again, though it was looked at before in this pass."""

    def has_branch(self, target: Target) -> bool:
        """False when the target branch is missing from a repository that has others."""

    def report(self, target: Target, key: Key, deployment_id: str) -> Report | None:
        """The report of a deployment on the reports branch; for a destroy, the id is the literal of deletions."""

    def open_count(self, repository: str) -> int:
        """How many pull requests of ours are open in a repository."""
