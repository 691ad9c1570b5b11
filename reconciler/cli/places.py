"""Where things are on this machine: the cache, and the repository that a command runs in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from reconciler.gitstore.base import GitRemote
from reconciler.gitstore.open import discover, open_remote, origin_of


def default_cache() -> Path:
    """The folder for mirrors and locks, as the XDG base directory specification has it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "reconciler"


@dataclass(frozen=True)
class ProvisioningRepository:
    """The repository whose branches count, and the one at hand, which may be a checkout of it."""

    remote: GitRemote
    local: GitRemote


def provisioning_repository(location: str, cache: Path) -> ProvisioningRepository:
    """The repository of a path or URL. For a checkout, what counts is its `origin`; without one, and for a bare
    repository, it counts itself. Raises `InputError` when there is none."""
    top = discover(Path(location)) if Path(location).exists() else None
    if top is None:
        remote = open_remote(location, cache=cache)
        return ProvisioningRepository(remote, remote)
    local = open_remote(str(top), cache=cache)
    origin = origin_of(top) if (top / ".git").exists() else None
    return ProvisioningRepository(open_remote(origin, cache=cache) if origin is not None else local, local)


def branch_or_default(remote: GitRemote, branch: str | None) -> str:
    """The branch that was named, else the repository's own default."""
    return branch or remote.default_branch() or "main"
