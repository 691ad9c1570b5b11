"""The port to a forge: pull requests, read and written through different types.

Planning holds a `ForgeReader` only. Times are arguments in RFC 3339, UTC (`2026-01-31T12:00:00Z`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reconciler.model.pull_requests import PullState

__all__ = ["ForgeReader", "ForgeWriter", "PullRequest", "PullState"]


@dataclass(frozen=True)
class PullRequest:
    """A pull request, as it was when it was read.

    `branch` and `base` are short branch names; `head` is the commit it proposes, `merge_commit` the commit that
    brought it into its base, empty while there is none. `comments` are oldest first.
    """

    number: int
    branch: str
    base: str
    title: str
    body: str
    state: PullState
    head: str
    url: str
    merge_commit: str = ""
    created_at: str = ""
    comments: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class ForgeReader(Protocol):
    """Looks at the pull requests of one repository. Raises `TryAgainError` when the forge cannot be reached."""

    def find(self, branch: str) -> PullRequest | None:
        """The newest pull request of a head branch, in any state."""

    def get(self, number: int) -> PullRequest:
        """A pull request by number. Raises `InputError` when there is none."""

    def list(self, state: PullState | None = None) -> tuple[PullRequest, ...]:
        """All pull requests, or those in one state, by number."""


class ForgeWriter(Protocol):
    """Changes the pull requests of one repository. Repeating any of it is harmless."""

    def open(
        self, branch: str, base: str, title: str, body: str, labels: tuple[str, ...] = (), *, at: str
    ) -> PullRequest:
        """Proposes `branch` for `base`.

        A branch has at most one open pull request, which the forge itself sees to: a second call adopts the first
        one's as it stands. When the branch was merged meanwhile, the answer is that merged pull request. Raises
        `InputError` when there is no such branch, or nothing in it.
        """

    def close(self, number: int, comment: str = "", *, at: str) -> PullRequest:
        """Closes without merging, after the comment, and says what became of it: it may turn out to be merged.

        A closed one stays as it is, so a repetition finds its own result.
        """

    def comment(self, number: int, text: str, *, at: str) -> None:
        """Adds a comment, unless one with this very text is there: a repetition finds its own."""
