"""A repository on a path, opened directly. No hooks run, so nothing but the compare-and-swap decides."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pygit2

from reconciler.errors import ConflictError, InputError
from reconciler.gitstore.objects import PygitObjects
from reconciler.gitstore.repository import check_ref, open_repository, writing

LOCK_PATIENCE = 3.0  # seconds
_LOCK_PAUSE = 0.01


class LocalRemote:
    """`GitRemote` for a path. Other processes may write to the repository at the same time, Git itself included.

    Refs are read and written through a handle of their own each time: what others wrote is seen, and threads may
    share one `LocalRemote`. Raises `InputError` when the path is no repository.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._objects = PygitObjects(open_repository(self._path), str(self._path))

    @property
    def name(self) -> str:
        """The absolute path."""
        return str(self._path)

    @property
    def objects(self) -> PygitObjects:
        """All objects of the repository."""
        return self._objects

    def refs(self) -> Mapping[str, str]:
        """See `GitRemote`. Symbolic refs are followed; broken ones are left out."""
        repository = open_repository(self._path)
        found: dict[str, str] = {}
        for reference in repository.references.objects:
            target = _target(reference)
            if target is not None:
                found[reference.name] = target
        return found

    def default_branch(self) -> str | None:
        """See `GitRemote`."""
        head = open_repository(self._path).references.get("HEAD")
        target = head.target if head is not None else None
        return target.removeprefix("refs/heads/") if isinstance(target, str) else None

    def fetch(self, *refs: str) -> Mapping[str, str]:
        """See `GitRemote`. Nothing has to be brought here."""
        repository = open_repository(self._path)
        found = {ref: _current(repository, ref) for ref in refs}
        return {ref: target for ref, target in found.items() if target is not None}

    def update(self, ref: str, *, old: str | None, new: str | None) -> None:
        """See `GitRemote`. Waits up to `LOCK_PATIENCE` seconds for a lock that somebody else holds.

        A branch that is checked out is refused, as Git refuses a push to it, unless `receive.denyCurrentBranch` says
        `ignore` or `warn`.
        """
        check_ref(ref)
        if new is not None and not self._objects.has(new):
            raise KeyError(new)
        deadline = time.monotonic() + LOCK_PATIENCE
        while not self._try_update(ref, old, new):
            if time.monotonic() > deadline:
                raise ConflictError(
                    f"{ref} of {self.name} is locked by another program",
                    hint=f"try again; if no Git is running there, remove {open_repository(self._path).path}{ref}.lock",
                )
            time.sleep(_LOCK_PAUSE)

    def _try_update(self, ref: str, old: str | None, new: str | None) -> bool:
        """One attempt; False when the ref was locked."""
        repository = open_repository(self._path)
        _refuse_checked_out(repository, ref, self.name)
        if old is None and new is not None:
            _refuse_nesting(repository, ref, self.name)
        with writing(self.name):
            try:
                # `references.create` looks before it locks, so that two creators could both succeed.
                with repository.transaction() as transaction:
                    transaction.lock_ref(ref)
                    current = _current(repository, ref)
                    if current != old:
                        raise moved(self.name, ref, old, current)
                    if new is None:
                        transaction.remove(ref)
                    else:
                        transaction.set_target(ref, new, message="reconciler")
            except pygit2.GitError as error:
                if _is_passing(str(error)):
                    return False
                raise
        return True


def moved(name: str, ref: str, old: str | None, current: str | None) -> ConflictError:
    """The error for a ref that is not where the caller saw it."""
    was, now = (f"at {value[:10]}" if value else "absent" for value in (old, current))
    return ConflictError(f"{ref} of {name} was expected {was} and is {now}", hint="look again and try again")


def _is_passing(message: str) -> bool:
    # The second one: a folder of refs that another deletion removed between its creation and its use.
    return "failed to lock file" in message or "failed to create locked file" in message


def _current(repository: pygit2.Repository, ref: str) -> str | None:
    reference = repository.references.get(ref)
    return _target(reference) if reference is not None else None


def _target(reference: pygit2.Reference) -> str | None:
    try:
        return str(reference.resolve().target)
    except (KeyError, pygit2.GitError):
        return None


def _refuse_nesting(repository: pygit2.Repository, ref: str, name: str) -> None:
    """libgit2's transactions would let `a` and `a/b` exist at once when one of them is packed; Git does not."""
    for other in repository.references:
        if other.startswith(ref + "/") or ref.startswith(other + "/"):
            raise InputError(f"{ref} cannot be created in {name}: {other} exists", hint="use another name")


def _refuse_checked_out(repository: pygit2.Repository, ref: str, name: str) -> None:
    if not ref.startswith("refs/heads/"):
        return
    branch = repository.branches.local.get(ref.removeprefix("refs/heads/"))
    if branch is None or not branch.is_checked_out():
        return
    try:
        setting = str(repository.config["receive.denyCurrentBranch"]).lower()
    except KeyError:
        setting = "refuse"
    if setting not in ("ignore", "warn", "false"):
        raise InputError(
            f"{ref} is checked out in {name}, so its files would no longer match it",
            hint="use a bare repository, or check out another branch there",
        )
