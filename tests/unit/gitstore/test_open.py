from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import InputError
from reconciler.gitstore.local import LocalRemote
from reconciler.gitstore.network import NetworkRemote
from reconciler.gitstore.open import discover, head_commit, is_dirty, open_remote, origin_of

Git = Callable[..., str]


@pytest.fixture
def work(tmp_path: Path, git: Git) -> Path:
    path = tmp_path / "my work"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    return path


def test_paths_and_file_urls_are_opened_in_place(work: Path, tmp_path: Path) -> None:
    for location in (str(work), work.as_uri()):
        remote = open_remote(location, cache=tmp_path / "cache")
        assert isinstance(remote, LocalRemote)
        assert remote.name == str(work)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://example.com/a/b.git", "https://example.com/a/b.git"),
        ("https://user:secret@example.com/a/b", "https://example.com/a/b"),
        ("https://secret@example.com/a/b", "https://example.com/a/b"),
        ("http://u:secret@[::1]:8080/a", "http://[::1]:8080/a"),
        ("ssh://git@example.com:22/a", "ssh://git@example.com:22/a"),
        ("ssh://git:secret@example.com/a", "ssh://git@example.com/a"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        ("git://example.com/a", "git://example.com/a"),
    ],
)
def test_urls_are_opened_without_their_credentials_in_the_name(tmp_path: Path, location: str, name: str) -> None:
    remote = open_remote(location, cache=tmp_path)
    assert isinstance(remote, NetworkRemote)
    assert remote.name == name
    assert "secret" not in remote.name


def test_one_mirror_serves_a_url_whatever_the_token(tmp_path: Path) -> None:
    for token in ("one", "two"):
        open_remote(f"https://x:{token}@example.com/a", cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_repository_is_named(tmp_path: Path) -> None:
    for location in (str(tmp_path), str(tmp_path / "nothing"), f"file://{tmp_path}"):
        with pytest.raises(InputError, match=f"{tmp_path}.* is not a Git repository"):
            open_remote(location, cache=tmp_path)
    with pytest.raises(InputError, match="ftp://"):
        open_remote("ftp://example.com/a", cache=tmp_path)


def test_the_top_of_a_work_tree_is_found_from_anywhere_inside(work: Path, tmp_path: Path) -> None:
    (work / "a" / "b").mkdir(parents=True)
    (work / "a" / "file").write_text("")
    for path in (work, work / "a" / "b", work / "a" / "file"):
        assert discover(path) == work
    assert discover(tmp_path) is None
    assert discover(work / "nothing") is None


def test_a_bare_repository_is_found(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    assert discover(tmp_path / "bare.git" / "refs") == tmp_path / "bare.git"
    assert not is_dirty(tmp_path / "bare.git")
    assert head_commit(tmp_path / "bare.git") is None


def test_the_commit_that_is_checked_out_and_changes_on_top(work: Path, git: Git, tmp_path: Path) -> None:
    assert head_commit(work) is None
    assert not is_dirty(work)
    (work / "a").write_text("1")
    assert is_dirty(work)
    git(work, "add", "a")
    assert is_dirty(work)
    git(work, "commit", "-q", "-m", "one")
    assert not is_dirty(work)
    assert head_commit(work) == git(work, "rev-parse", "HEAD")
    (work / ".gitignore").write_text("*\n")
    (work / "ignored").write_text("")
    assert not is_dirty(work)
    (work / "a").write_text("2")
    assert is_dirty(work)
    git(work, "checkout", "-q", "-f", "--detach")
    assert head_commit(work) == git(work, "rev-parse", "HEAD")
    assert head_commit(tmp_path) is None
    assert not is_dirty(tmp_path)


def test_a_linked_work_tree_is_a_repository_of_its_own(work: Path, git: Git, tmp_path: Path) -> None:
    git(work, "commit", "-q", "--allow-empty", "-m", "one")
    git(work, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    assert discover(tmp_path / "side") == tmp_path / "side"
    assert LocalRemote(tmp_path / "side").refs() == LocalRemote(work).refs()
    commit = LocalRemote(work).refs()["refs/heads/side"]
    with pytest.raises(InputError, match="refs/heads/side is checked out"):
        LocalRemote(work).update("refs/heads/side", old=commit, new=None)


@pytest.mark.parametrize(
    "url", ["https://example.com/a", "git@example.com:a/b", "ssh://git@example.com/a", "/srv/a.git", "file:///srv/a"]
)
def test_an_origin_elsewhere_is_told_as_it_is(work: Path, git: Git, url: str) -> None:
    assert origin_of(work) is None
    git(work, "remote", "add", "origin", url)
    assert origin_of(work) == url


def test_a_relative_origin_counts_from_the_repository(work: Path, git: Git, tmp_path: Path) -> None:
    git(work, "remote", "add", "origin", "../up.git")
    assert origin_of(work) == str(tmp_path / "up.git")
    assert origin_of(tmp_path) is None
