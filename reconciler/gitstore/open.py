"""From what a person writes (a path, a URL) to a repository."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pygit2

from reconciler.errors import InputError
from reconciler.gitstore.base import GitRemote
from reconciler.gitstore.credentials import Credentials
from reconciler.gitstore.local import LocalRemote
from reconciler.gitstore.network import NetworkRemote
from reconciler.gitstore.repository import open_repository

_SCHEMES = ("http", "https", "ssh", "git")
_SCP_LIKE = re.compile(r"[^/\\:]+:(?!//)")


def open_remote(location: str, *, cache: Path, credentials: Credentials | None = None) -> GitRemote:
    """The repository at a path, a `file://`, `http(s)://`, `ssh://` or `git://` URL, or `user@host:path`.

    `cache` holds the mirrors of repositories behind a network. Nothing is connected to yet. Raises `InputError` for a
    path without a repository and for a scheme that is none of these.
    """
    scheme, separator, _ = location.partition("://")
    if not separator:
        is_path = Path(location).exists() or _SCP_LIKE.match(location) is None
        return LocalRemote(Path(location)) if is_path else NetworkRemote(location, cache, credentials=credentials)
    if scheme == "file":
        return LocalRemote(Path(unquote(urlsplit(location).path)))
    if scheme in _SCHEMES:
        return NetworkRemote(location, cache, credentials=credentials)
    raise InputError(f'"{scheme}://" is no way to reach a Git repository', hint=f"use one of {', '.join(_SCHEMES)}")


def discover(path: Path) -> Path | None:
    """The top of the work tree, or the bare repository, that contains a path; None outside of any."""
    repository = _around(path)
    if repository is None:
        return None
    return Path(repository.workdir or repository.path)


def origin_of(path: Path) -> str | None:
    """The URL of the remote `origin` of the repository that contains a path; a relative path is made absolute."""
    repository = _around(path)
    if repository is None or "origin" not in list(repository.remotes.names()):
        return None
    url = repository.remotes["origin"].url
    if url is None or "://" in url or Path(url).is_absolute():
        return url
    local = Path(repository.workdir or repository.path) / url
    return str(local.resolve()) if local.exists() or _SCP_LIKE.match(url) is None else url


def head_commit(path: Path) -> str | None:
    """The commit that the repository around a path has checked out; None when there is none yet."""
    repository = _around(path)
    if repository is None or repository.head_is_unborn:
        return None
    return str(repository.head.peel(pygit2.Commit).id)


def is_dirty(path: Path) -> bool:
    """True when the work tree around a path has changes that are not committed, untracked files included."""
    repository = _around(path)
    if repository is None or repository.is_bare:
        return False
    return bool(repository.status(untracked_files="normal"))


def _around(path: Path) -> pygit2.Repository | None:
    if not path.exists():
        return None
    found = pygit2.discover_repository(str(path.absolute()))
    return open_repository(Path(found)) if found else None
