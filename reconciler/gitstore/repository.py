"""Opening repositories, and saying in our own errors what libgit2 says in its."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.enums import RepositoryOpenFlag

from reconciler.errors import InputError, TryAgainError


def open_repository(path: Path) -> pygit2.Repository:
    """The repository on a path: bare, or the top of a work tree. Raises `InputError` when there is none."""
    try:
        # Without the search, a folder inside some work tree would pass for a repository: the one around it.
        return pygit2.Repository(str(path), RepositoryOpenFlag.NO_SEARCH)
    except (pygit2.GitError, OSError) as error:
        if "not owned by" in str(error):
            raise InputError(
                f"{path} belongs to another user, so Git does not trust it",
                hint=f"run: git config --global --add safe.directory {path}",
            ) from None
        if "not found" in str(error).lower():
            raise InputError(
                f"{path} is not a Git repository", hint="check the path; one that was there has to be brought back"
            ) from None
        raise InputError(f"the Git repository {path} cannot be opened: {error}") from None


def check_ref(ref: str) -> None:
    """Raises `InputError` unless this is the full name of a ref."""
    if not ref.startswith("refs/") or not pygit2.reference_is_valid_name(ref):
        raise InputError(f'"{ref}" cannot be the name of a Git ref', hint="see: git help check-ref-format")


def reason_of(error: Exception) -> str:
    """The system's own words at the end of a libgit2 message ("failed to write x: No space left on device")."""
    return (str(error).rsplit(": ", 1)[-1] or type(error).__name__).strip("'\"")


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Says what could not be written. libgit2 writes aside and renames, so nothing half-written stays behind."""
    try:
        yield
    except (pygit2.GitError, OSError) as error:
        raise TryAgainError(
            f"could not write to {name}: {reason_of(error)}", hint="make room or give write access, then try again"
        ) from error
