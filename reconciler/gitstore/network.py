"""A repository behind a network: a private mirror for what was fetched, and pushes that are compare-and-swap."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pygit2
from pygit2.callbacks import RemoteCallbacks
from pygit2.remotes import PushUpdate, Remote, RemoteHead

from reconciler.errors import ConflictError, TryAgainError
from reconciler.gitstore.credentials import Credentials, Login, split_login
from reconciler.gitstore.failures import explain, refused
from reconciler.gitstore.local import moved
from reconciler.gitstore.objects import PygitObjects
from reconciler.gitstore.repository import check_ref, open_repository, writing

TIMEOUT = 60.0  # seconds without a byte from the server
_ATTEMPTS = 5
_MAX_SERVER_WORDS = 2000
_ZERO = "0" * 40
_REVISION = re.compile(r"(?P<name>[^~^@:]+)(?P<rest>[~^].*)?\Z")


class NetworkRemote:
    """`GitRemote` for anything that libgit2 reaches: http, https, ssh, git.

    The mirror is `<cache>/<sha256 of the URL without credentials>.git`. Processes may share it: objects are only ever
    added, and its refs, one per ref that was fetched, do nothing but keep those objects. Each call opens its own
    connection, so threads may share one `NetworkRemote`. Raises `TryAgainError` when the mirror cannot be made.
    """

    def __init__(
        self, url: str, cache: Path, *, credentials: Credentials | None = None, timeout: float = TIMEOUT
    ) -> None:
        self._url, embedded = split_login(url)
        self._login = Login(self._url, embedded, credentials)
        self._timeout = timeout
        self._mirror = _make_mirror(cache, self._url)
        self._objects = _MirrorObjects(open_repository(self._mirror), self._url)

    @property
    def name(self) -> str:
        """The URL without credentials."""
        return self._url

    @property
    def objects(self) -> PygitObjects:
        """What was fetched, and what was written here."""
        return self._objects

    def refs(self) -> Mapping[str, str]:
        """See `GitRemote`. One connection."""
        return _names(self._heads())

    def default_branch(self) -> str | None:
        """See `GitRemote`. One connection."""
        for head in self._heads():
            if head.name == "HEAD" and head.symref_target:
                return head.symref_target.removeprefix("refs/heads/")
        return None

    def fetch(self, *refs: str) -> Mapping[str, str]:
        """See `GitRemote`. One connection, and no download when everything is at hand."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._fetch(refs)
            except ConflictError:  # another process holds a lock in the mirror
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def update(self, ref: str, *, old: str | None, new: str | None) -> None:
        """See `GitRemote`. One connection.

        The lease is checked twice: here, against what the server advertised, and by the server, which is told the old
        value and compares it under its own lock.
        """
        check_ref(ref)
        if new is not None and not self._objects.has(new):
            raise KeyError(new)
        if old == new:  # nothing would be sent, so nothing would be compared
            current = self.refs().get(ref)
            if current != old:
                raise moved(self.name, ref, old, current)
            return
        callbacks = _Push(self._login, self.name, ref, old)
        with self._talking(callbacks) as remote:
            remote.push([f"+{new}:{ref}" if new else f":{ref}"], callbacks=callbacks, proxy=True)
        if not callbacks.answered:
            raise TryAgainError(
                f"{self.name} did not say whether it moved {ref}", hint="try again; repeating it is harmless"
            )
        if new is not None:
            self._keep(ref, new)

    def _fetch(self, refs: tuple[str, ...]) -> Mapping[str, str]:
        callbacks = _Callbacks(self._login)
        with self._talking(callbacks) as remote:
            there = _names(remote.list_heads(callbacks=callbacks, proxy=True))
            found = {ref: there[ref] for ref in refs if ref in there}
            missing = [ref for ref, target in found.items() if not self._objects.has(target)]
            if missing:
                remote.fetch([f"+{ref}:{_kept(ref)}" for ref in missing], callbacks=callbacks, proxy=True)
        for ref, target in found.items():
            if ref not in missing:
                self._keep(ref, target)
        return found

    def _heads(self) -> list[RemoteHead]:
        callbacks = _Callbacks(self._login)
        with self._talking(callbacks) as remote:
            return remote.list_heads(callbacks=callbacks, proxy=True)

    def _keep(self, ref: str, target: str) -> None:
        """Holds an object for a later `git gc` of the mirror. Losing a race for the lock loses nothing else."""
        mirror = open_repository(self._mirror)
        kept = mirror.references.get(_kept(ref))
        if kept is not None and str(kept.target) == target:
            return
        try:
            mirror.references.create(_kept(ref), target, force=True)
        except (pygit2.GitError, OSError):
            return

    @contextmanager
    def _talking(self, callbacks: _Callbacks) -> Iterator[Remote]:
        pygit2.settings.server_timeout = int(self._timeout * 1000)
        pygit2.settings.server_connect_timeout = int(self._timeout * 1000)
        remote = open_repository(self._mirror).remotes.create_anonymous(self._url)
        try:
            yield remote
        except (pygit2.GitError, OSError, KeyError, ValueError) as error:
            raise explain(self.name, error, callbacks.words) from error


class _MirrorObjects(PygitObjects):
    """Objects of a mirror, in which a branch or tag that was fetched can be named as it is called on the server."""

    def resolve(self, revision: str) -> str | None:
        """See `Objects`."""
        found = super().resolve(revision)
        match = _REVISION.match(revision)
        if found is not None or match is None:
            return found
        name, rest = match["name"], match["rest"] or ""
        for ref in [name] if name.startswith("refs/") else [f"refs/tags/{name}", f"refs/heads/{name}"]:
            found = found or super().resolve(_kept(ref) + rest)
        return found


class _Callbacks(RemoteCallbacks):
    """Answers the server: who we are, whether we believe it, and what it said."""

    def __init__(self, login: Login) -> None:
        super().__init__()
        self._answer = login.session()
        self._said = ""

    @property
    def words(self) -> str:
        """What the server printed, without control characters."""
        return "".join(char for char in self._said if char.isprintable() or char == "\n").strip()

    def sideband_progress(self, string: str) -> None:
        self._said = (self._said + string)[-_MAX_SERVER_WORDS:]

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: pygit2.enums.CredentialType
    ) -> pygit2.Username | pygit2.UserPass | pygit2.Keypair:
        return self._answer(username_from_url, allowed_types)

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:
        # libgit2's default takes unknown and even wrong SSH host keys.
        return valid


class _Push(_Callbacks):
    """A push of one ref that must be at `old`."""

    def __init__(self, login: Login, name: str, ref: str, old: str | None) -> None:
        super().__init__(login)
        self._name = name
        self._ref = ref
        self._old = old
        self.answered = False

    def push_negotiation(self, updates: list[PushUpdate]) -> None:
        for update in updates:
            current = None if str(update.src) == _ZERO else str(update.src)
            if update.dst_refname != self._ref or current != self._old:
                raise moved(self._name, self._ref, self._old, current)

    def push_update_reference(self, refname: str, message: str | None) -> None:
        if message is not None:
            raise refused(self._name, refname, message, self.words)
        self.answered = self.answered or refname == self._ref


def _names(heads: list[RemoteHead]) -> dict[str, str]:
    return {
        head.name: str(head.oid)
        for head in heads
        if head.name and head.name.startswith("refs/") and not head.name.endswith("^{}")
    }


def _kept(ref: str) -> str:
    """The mirror's own name for a ref: hashed, since `a` of yesterday must not forbid `a/b` of today."""
    return f"refs/fetched/{hashlib.sha1(ref.encode(), usedforsecurity=False).hexdigest()}"


def _make_mirror(cache: Path, url: str) -> Path:
    """Creates the mirror beside its place and renames it: whoever comes second finds the first one's."""
    mirror = cache / f"{hashlib.sha256(url.encode()).hexdigest()}.git"
    if mirror.is_dir():
        return mirror
    with writing(str(cache)):
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=cache))
        try:
            pygit2.init_repository(str(fresh), bare=True)
            fresh.rename(mirror)
        except OSError:
            if not mirror.is_dir():
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return mirror
