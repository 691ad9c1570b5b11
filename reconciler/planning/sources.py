"""Other repositories that templates and services are synced from, and the port through which a pass looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.errors import ReconcilerError
from reconciler.model.trees import Tree


class NotAtHandError(ReconcilerError):
    """A repository that this machine has not seen, for whoever looks at nothing else. It says nothing about it."""


@dataclass(frozen=True)
class SeenBranch:
    """A branch as it was seen in this pass: its commit, and all that is in it."""

    sha: str
    tree: Tree


class Sources(Protocol):
    """Looks at branches of the catalog's repositories. Each branch is looked at once, so that whatever is synced from
    it in one pass comes from one commit."""

    def look(self, repository: str, branches: Iterable[str]) -> Mapping[str, SeenBranch]:
        """Those of the named branches that exist. Raises `TryAgainError` for a repository that cannot be reached,
        `InputError` for one that cannot be used, `NotAtHandError` where nothing is fetched and nothing is here."""
