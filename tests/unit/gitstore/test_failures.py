from __future__ import annotations

import pygit2
import pytest

from reconciler.errors import ConflictError, InputError, ReconcilerError, TryAgainError
from reconciler.gitstore.credentials import Login, split_login
from reconciler.gitstore.failures import explain, refused


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("cannot push non-fastforwardable reference", ConflictError),
        ("failed to lock file '/x/refs/heads/a.lock' for writing: ", ConflictError),
        ("failed to connect to example.com: Connection refused", TryAgainError),
        ("failed to resolve address for example.com: Name or service not known", TryAgainError),
        ("could not read from socket: timed out", TryAgainError),
        ("unexpected http status code: 502", TryAgainError),
        ("early EOF", TryAgainError),
        ("failed to write to '/cache/x': No space left on device", TryAgainError),
        ("unexpected http status code: 404", InputError),
        ("unexpected http status code: 403", InputError),
        ("remote error: access denied or repository not exported: /x", InputError),
        ("too many redirects or authentication replays", InputError),
        ("the SSL certificate is invalid", InputError),
        ("user rejected certificate for example.com", InputError),
    ],
)
def test_a_failed_connection_says_whose_turn_it_is(text: str, kind: type[ReconcilerError]) -> None:
    error = explain("https://example.com/a", pygit2.GitError(text), "")
    assert type(error) is kind
    assert "example.com" in error.message
    assert error.hint


def test_credentials_never_reach_a_message() -> None:
    text = "unexpected thing at https://user:secret@example.com/a and https://secret@example.com/a"
    for reason in (text, f"status code: 404: {text}", f"x: {text}"):
        assert "secret" not in str(explain("https://example.com/a", pygit2.GitError(reason), ""))


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("failed to update ref", ConflictError),
        ("cannot lock ref 'refs/heads/a': is at 1 but expected 2", ConflictError),
        ("reference already exists", ConflictError),
        ("non-fast-forward", ConflictError),
        ("stale info", ConflictError),
        ("pre-receive hook declined", InputError),
        ("protected branch hook declined", InputError),
        ("deletion prohibited", InputError),
    ],
)
def test_a_refused_ref_is_a_conflict_or_a_rule(reason: str, kind: type[ReconcilerError]) -> None:
    error = refused("repo", "refs/heads/a", reason, "GH006: ask an owner")
    assert type(error) is kind
    assert reason in error.message
    assert kind is ConflictError or "GH006: ask an owner" in error.message


def test_a_url_is_parted_from_its_credentials() -> None:
    assert split_login("https://u:p%40ss@h/x") == ("https://h/x", ("u", "p@ss"))
    assert split_login("https://token@h/x") == ("https://h/x", ("token", ""))
    assert split_login("ssh://git@h/x") == ("ssh://git@h/x", None)
    assert split_login("git@h:x") == ("git@h:x", None)
    assert split_login("https://h/x@y") == ("https://h/x@y", None)


def test_every_login_is_tried_once_and_then_it_ends() -> None:
    asked: list[str] = []

    def credentials(url: str) -> tuple[str, str]:
        asked.append(url)
        return "x", "token"

    answer = Login("https://h/x", ("u", "p"), credentials).session()
    wanted = pygit2.enums.CredentialType.USERPASS_PLAINTEXT
    assert answer(None, wanted).credential_tuple == ("u", "p")
    assert answer(None, wanted).credential_tuple == ("x", "token")
    with pytest.raises(InputError, match="https://h/x does not let us in"):
        answer(None, wanted)
    assert asked == ["https://h/x"]
