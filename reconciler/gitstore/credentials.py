"""Who we are to a server. Nothing here is ever part of a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pygit2
from pygit2.enums import CredentialType

from reconciler.errors import InputError

# Asked with a URL without credentials; answers with a user and a password or token, or None.
Credentials = Callable[[str], tuple[str, str] | None]
_Answer = pygit2.Username | pygit2.UserPass | pygit2.Keypair
_SSH_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


def split_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """A URL without its credentials, and the user and password it carried. An SSH user is no secret and stays."""
    if "://" not in url:
        return url, None
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    name, colon, password = user.partition(":")
    keep = f"{name}@{host}" if parts.scheme not in ("http", "https") else host
    bare = urlunsplit(parts._replace(netloc=keep))
    # A token alone may stand in the place of the user.
    return bare, (unquote(name), unquote(password)) if colon or parts.scheme in ("http", "https") else None


class Login:
    """How to log in to one URL."""

    def __init__(self, url: str, embedded: tuple[str, str] | None, credentials: Credentials | None) -> None:
        self._url = url
        self._embedded = embedded
        self._credentials = credentials

    def session(self) -> Callable[[str | None, CredentialType], _Answer]:
        """Answers for one connection: each thing we know once, then an `InputError`, since a server asks for ever."""
        passwords, keys = self._passwords(), _ssh_keys()

        def answer(user: str | None, allowed: CredentialType) -> _Answer:
            if allowed & CredentialType.USERPASS_PLAINTEXT and (found := next(passwords, None)):
                return pygit2.UserPass(*found)
            if allowed & CredentialType.SSH_KEY and (key := next(keys, None)):
                return key(user or "git")
            if allowed & CredentialType.USERNAME:
                return pygit2.Username(user or "git")
            raise InputError(
                f"{self._url} does not let us in", hint="check the token or key, and that it may use this repository"
            )

        return answer

    def _passwords(self) -> Iterator[tuple[str, str]]:
        if self._embedded:
            yield self._embedded
        if self._credentials and (found := self._credentials(self._url)):
            yield found


def _ssh_keys() -> Iterator[Callable[[str], pygit2.Keypair]]:
    """The agent's keys, then the usual files."""
    yield pygit2.KeypairFromAgent
    for name in _SSH_KEYS:
        private = Path.home() / ".ssh" / name
        if private.is_file():
            yield partial(_keypair, private)


def _keypair(private: Path, user: str) -> pygit2.Keypair:
    return pygit2.Keypair(user, f"{private}.pub", str(private), "")
