"""What went wrong between us and a Git server: whose turn it is now.

Neither libgit2 nor the servers have error codes for this, so that texts decide. Anything unknown is a `TryAgainError`:
the caller repeats the update, which its compare-and-swap makes harmless.
"""

from __future__ import annotations

import re

import pygit2

from reconciler.errors import ConflictError, InputError, ReconcilerError, TryAgainError
from reconciler.gitstore.repository import reason_of

_CONFLICT = re.compile(
    r"non-fast-?forward|fetch first|stale info|failed to lock|(cannot|unable to) lock|reference already exists"
    r"|failed to update ref|incorrect old value|already locked|failed to create locked file",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"access denied|not exported|not found|does not appear to be a git repository|status code: (404|410)", re.IGNORECASE
)
_UNAUTHORIZED = re.compile(r"status code: (401|403)|authentication|too many redirects|permission denied", re.IGNORECASE)
_CERTIFICATE = re.compile(r"certificate|host ?key", re.IGNORECASE)
_DISK = re.compile(r"no space left|quota exceeded|read-only file system|file too large", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def refused(name: str, ref: str, reason: str, words: str) -> ReconcilerError:
    """The error for a ref that the server did not move. `words` is what its hooks printed."""
    if _CONFLICT.search(reason):
        return ConflictError(f"{ref} of {name} was moved by somebody else ({reason})", hint="look again and try again")
    said = f": {words}" if words else ""
    return InputError(
        f"{name} refused to move {ref} ({reason}){said}", hint="check the rules and hooks that protect it"
    )


def explain(name: str, error: Exception, words: str) -> ReconcilerError:
    """The error for a connection that failed."""
    text = _USER_INFO.sub("", str(error))
    if _DISK.search(text):
        return TryAgainError(
            f"could not write what {name} sent: {reason_of(error)}", hint="make room in the cache, then try again"
        )
    if _CONFLICT.search(text):
        return ConflictError(f"{name}: {text}", hint="try again")
    if isinstance(error, pygit2.CertificateError) or _CERTIFICATE.search(text):
        return InputError(
            f"{name} cannot be trusted: {text}", hint="check its certificate, or add its SSH host key to known_hosts"
        )
    if isinstance(error, pygit2.AuthError) or _UNAUTHORIZED.search(text):
        return InputError(
            f"{name} does not let us in: {text}", hint="check the token or key, and that it may use this repository"
        )
    if _ABSENT.search(text):
        return InputError(
            f"{name} was not found, or may not be seen: {text}", hint="check the address and the rights of the token"
        )
    said = f" ({words})" if words else ""
    reason = _USER_INFO.sub("", reason_of(error))
    return TryAgainError(f"could not reach {name}: {reason}{said}", hint="check the network and try again")
