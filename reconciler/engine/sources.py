"""Branches that templates and services are synced from: fetched in a pass, or as far as this machine has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.engine.observe import Repositories
from reconciler.errors import InputError, ReconcilerError
from reconciler.gitstore.base import GitRemote
from reconciler.gitstore.repository import check_ref
from reconciler.planning.sources import NotAtHandError, SeenBranch


class FetchedSources:
    """Implements `planning.sources.Sources` with one fetch for all the branches that are asked for at once. What was
    seen counts for the whole pass, a repository that did not answer included."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories
        self._seen: dict[tuple[str, str], SeenBranch | None] = {}
        self._failed: dict[str, ReconcilerError] = {}

    def look(self, repository: str, branches: Iterable[str]) -> Mapping[str, SeenBranch]:
        """See `Sources`."""
        wanted = set(branches)
        new = sorted(branch for branch in wanted if (repository, branch) not in self._seen)
        if repository in self._failed:
            raise self._failed[repository]
        try:
            found = self._look(repository, new) if new else {}
        except ReconcilerError as error:
            self._failed[repository] = error
            raise
        self._seen |= {(repository, branch): found.get(branch) for branch in new}
        there = ((branch, self._seen[repository, branch]) for branch in wanted)
        return {branch: seen for branch, seen in there if seen is not None}

    def _look(self, repository: str, branches: list[str]) -> Mapping[str, SeenBranch]:
        remote = self._repositories.remote(repository)
        tips = remote.fetch(*filter(_is_ref, map(_ref, branches)))
        return {branch: _seen(remote, tips[_ref(branch)]) for branch in branches if _ref(branch) in tips}


class NearSources(FetchedSources):
    """The same without a network: repositories on this machine as they are, all others as they were fetched last."""

    def _look(self, repository: str, branches: list[str]) -> Mapping[str, SeenBranch]:
        try:
            remote = self._repositories.remote(repository)
        except ReconcilerError as error:
            raise NotAtHandError(error.message, hint=error.hint) from error
        tips = {branch: remote.objects.resolve(_ref(branch)) if _is_ref(_ref(branch)) else None for branch in branches}
        if None in tips.values() and not self._repositories.is_on_path(repository):
            raise NotAtHandError(f"{repository} was not fetched to this machine", hint="`reconciler apply` fetches it")
        return {branch: _seen(remote, tip) for branch, tip in tips.items() if tip is not None}


def _ref(branch: str) -> str:
    return f"refs/heads/{branch}"


def _is_ref(ref: str) -> bool:
    """False for what no branch can be called."""
    try:
        check_ref(ref)
    except InputError:
        return False
    return True


def _seen(remote: GitRemote, commit: str) -> SeenBranch:
    return SeenBranch(commit, remote.objects.tree(commit))
