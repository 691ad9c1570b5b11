"""The local forge on real repositories: races, crashes, and what plain Git does behind its back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import InputError, TryAgainError
from reconciler.forges.base import ForgeReader, ForgeWriter, PullState
from reconciler.forges.local import LocalForge, LocalForgeReader
from reconciler.forges.pulls import PULLS_REF
from reconciler.gitstore.base import RECONCILER, GitRemote, Person
from reconciler.gitstore.local import LocalRemote
from reconciler.gitstore.network import NetworkRemote

Git = Callable[..., str]
T1, T2, T3 = (f"2026-01-31T12:00:0{n}Z" for n in range(3))
OWNER = Person("Owner", "owner@example.com")


class Crash(Exception):
    """The process died here."""


class Dying:
    """A repository whose user dies right before, or right after, the first update of a ref."""

    def __init__(self, remote: GitRemote, ref: str, *, before: bool) -> None:
        self._remote, self._ref, self._before = remote, ref, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._remote, name)

    def update(self, ref: str, *, old: str | None, new: str | None) -> None:
        if ref == self._ref and self._before:
            raise Crash
        self._remote.update(ref, old=old, new=new)
        if ref == self._ref:
            raise Crash


@pytest.fixture
def remote(tmp_path: Path, git: Git) -> LocalRemote:
    """A bare repository with a `main` of one commit."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "infra.git")
    remote = LocalRemote(tmp_path / "infra.git")
    push(remote, "main", {"README": b"hello\n"})
    return remote


@pytest.fixture
def forge(remote: LocalRemote) -> LocalForge:
    return LocalForge(remote)


def push(remote: GitRemote, branch: str, files: dict[str, bytes | None], base: str | None = None) -> str:
    """One commit on a branch, which starts at `base`."""
    ref = f"refs/heads/{branch}"
    old = remote.fetch(ref).get(ref)
    start = old or (remote.refs()[f"refs/heads/{base}"] if base else None)
    tree = remote.objects.write_tree(remote.objects.commit(start).tree if start else None, files)
    new = remote.objects.write_commit(tree, (start,) if start else (), branch, author=OWNER, time=1)
    remote.update(ref, old=old, new=new)
    return new


def topic(remote: GitRemote, name: str = "topic", path: str = "dev/main.tf", text: bytes = b"x\n") -> str:
    return push(remote, name, {path: text}, "main")


def test_the_local_forge_is_reader_and_writer_and_its_reader_writes_nothing(forge: LocalForge) -> None:
    reader: ForgeReader = forge.reader()
    writer: ForgeWriter = forge
    assert writer is forge
    assert type(reader) is LocalForgeReader
    assert not {"open", "close", "comment", "merge", "reopen"} & set(dir(reader))


def test_a_pull_request_shows_what_was_proposed(forge: LocalForge, remote: LocalRemote, git: Git) -> None:
    head = topic(remote)
    assert forge.find("topic") is None
    assert forge.list() == ()
    pull = forge.open("topic", "main", "Title ü", "Body\n", ("proton", "dev"), at=T1)
    assert (pull.number, pull.branch, pull.base, pull.title, pull.body) == (1, "topic", "main", "Title ü", "Body\n")
    assert (pull.state, pull.head, pull.merge_commit) == (PullState.OPEN, head, "")
    assert (pull.url, pull.created_at, pull.labels) == (f"{remote.name}#1", T1, ("proton", "dev"))
    assert forge.get(1) == forge.find("topic") == pull
    assert forge.list() == forge.list(PullState.OPEN) == (pull,)
    assert forge.list(PullState.MERGED) == ()
    assert git(Path(remote.name), "rev-parse", "refs/pull/1/head") == head
    assert git(Path(remote.name), "show", f"{PULLS_REF}:0/1.json").startswith('{\n  "base": "main"')
    git(Path(remote.name), "fsck", "--strict")


def test_opening_again_adopts_the_open_one_and_writes_nothing(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    pull = forge.open("topic", "main", "first", "", at=T1)
    before = remote.refs()
    assert forge.open("topic", "main", "second", "other", at=T2) == pull
    assert remote.refs() == before


def test_numbers_count_up_over_the_folders(forge: LocalForge, remote: LocalRemote) -> None:
    for number in range(1, 103):
        topic(remote, f"b{number}")
        assert forge.open(f"b{number}", "main", "t", "", at=T1).number == number
    assert [pull.number for pull in forge.list()] == list(range(1, 103))
    reader = LocalForge(LocalRemote(Path(remote.name)))
    objects = reader._remote.objects
    assert reader.find("b57") is not None
    assert objects.blobs_read == 2  # type: ignore[attr-defined]


def test_eight_threads_that_open_one_branch_make_one_pull_request(remote: LocalRemote) -> None:
    topic(remote)
    start = threading.Barrier(8)

    def create(name: int) -> int:
        forge = LocalForge(LocalRemote(Path(remote.name)))
        start.wait()
        return forge.open("topic", "main", f"by {name}", "", at=T1).number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(create, range(8))) == [1] * 8
    assert len(LocalForge(remote).list()) == 1


def test_eight_threads_that_open_eight_branches_make_eight_pull_requests(remote: LocalRemote) -> None:
    for name in range(8):
        topic(remote, f"b{name}")
    forge = LocalForge(remote)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda name: forge.open(f"b{name}", "main", "t", "", at=T1).number, range(8)))
    assert sorted(numbers) == list(range(1, 9))
    assert {pull.branch for pull in forge.list()} == {f"b{name}" for name in range(8)}


def test_what_cannot_be_proposed_is_said(forge: LocalForge, remote: LocalRemote) -> None:
    for branch, base in (("none", "main"), ("main", "none")):
        with pytest.raises(InputError, match="has no branch none"):
            forge.open(branch, base, "t", "", at=T1)
    with pytest.raises(InputError, match="main has no commit that main lacks"):
        forge.open("main", "main", "t", "", at=T1)
    topic(remote)
    with pytest.raises(InputError, match='"yesterday" is not a time'):
        forge.open("topic", "main", "t", "", at="yesterday")
    with pytest.raises(InputError, match="no pull request #7"):
        forge.get(7)
    with pytest.raises(InputError, match="no pull request #7"):
        forge.comment(7, "hello", at=T1)


def test_the_head_of_an_open_one_follows_its_branch(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    new = push(remote, "topic", {"more": b""})
    assert forge.get(1).head == new


def test_a_merge_makes_a_merge_commit_on_the_base(forge: LocalForge, remote: LocalRemote, git: Git) -> None:
    head = topic(remote)
    forge.open("topic", "main", "Deploy dev", "", at=T1)
    base = push(remote, "main", {"other": b"1"})
    pull = forge.merge(1, at=T2, author=OWNER, delete_branch=True)
    commit = remote.objects.commit(remote.refs()["refs/heads/main"])
    assert (pull.state, pull.head, pull.merge_commit) == (PullState.MERGED, head, commit.id)
    assert commit.parents == (base, head)
    assert commit.message == "Merge pull request #1 from topic\n\nDeploy dev\n"
    assert (commit.author, commit.time) == (OWNER, 1769860801)
    assert sorted(path for path, _ in remote.objects.tree(commit.id).walk()) == ["README", "dev/main.tf", "other"]
    assert "refs/heads/topic" not in remote.refs()
    assert forge.get(1) == pull
    git(Path(remote.name), "gc", "-q", "--prune=now")
    git(Path(remote.name), "fsck", "--strict")


def test_merging_again_changes_nothing(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    pull = forge.merge(1, at=T2)
    before = remote.refs()
    assert forge.merge(1, at=T3) == pull
    assert remote.refs() == before
    assert forge.open("topic", "main", "t", "", at=T3) == pull


def test_a_branch_that_moved_on_after_its_merge_is_proposed_anew_and_not_deleted(
    forge: LocalForge, remote: LocalRemote
) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    forge.merge(1, at=T2)
    new = push(remote, "topic", {"more": b""})
    assert forge.merge(1, at=T3, delete_branch=True).state is PullState.MERGED
    assert remote.refs()["refs/heads/topic"] == new
    pull = forge.open("topic", "main", "t", "", at=T3)
    assert (pull.number, pull.head) == (2, new)
    assert forge.find("topic") == pull


def test_a_conflict_says_what_to_do_and_changes_nothing(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote, path="README", text=b"theirs\n")
    forge.open("topic", "main", "t", "", at=T1)
    push(remote, "main", {"README": b"ours\n"})
    before = remote.refs()
    with pytest.raises(InputError, match=r"#1 of .* conflicts with main \(merge main into topic"):
        forge.merge(1, at=T2)
    assert remote.refs() == before


def test_merges_of_several_pull_requests_at_once_all_arrive(forge: LocalForge, remote: LocalRemote) -> None:
    for name in range(4):
        topic(remote, f"b{name}", f"d{name}/main.tf")
        forge.open(f"b{name}", "main", "t", "", at=T1)
    with ThreadPoolExecutor(4) as pool:
        pulls = list(pool.map(lambda n: forge.merge(n, at=T2), range(1, 5)))
    assert {pull.state for pull in pulls} == {PullState.MERGED}
    assert len({pull.merge_commit for pull in pulls}) == 4
    assert len(list(remote.objects.history(remote.refs()["refs/heads/main"], ""))) == 5


def test_closing_keeps_the_head_and_repeating_it_changes_nothing(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    head = push(remote, "topic", {"more": b""})
    pull = forge.close(1, "superseded by #2", at=T2)
    assert (pull.state, pull.head, pull.comments) == (PullState.CLOSED, head, ("superseded by #2",))
    before = remote.refs()
    assert forge.close(1, "superseded by #2", at=T3) == pull
    assert remote.refs() == before
    push(remote, "topic", {"even more": b""})
    assert forge.get(1).head == head


def test_closing_one_that_was_merged_says_so(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    merged = forge.merge(1, at=T2)
    assert forge.close(1, "too late", at=T3) == merged


def test_a_closed_one_is_not_merged_but_reopened_or_followed(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    forge.close(1, at=T2)
    with pytest.raises(InputError, match=r"#1 of .* is closed .*reopen"):
        forge.merge(1, at=T3)
    assert forge.reopen(1, at=T3).state is PullState.OPEN
    assert forge.reopen(1, at=T3).state is PullState.OPEN
    forge.close(1, at=T2)
    assert forge.open("topic", "main", "again", "", at=T3).number == 2
    with pytest.raises(InputError, match="#2 is open for topic"):
        forge.reopen(1, at=T3)
    forge.merge(2, at=T3, delete_branch=True)
    with pytest.raises(InputError, match=r"#2 .* is merged"):
        forge.reopen(2, at=T3)


def test_a_pull_request_whose_branch_is_gone_is_closed(forge: LocalForge, remote: LocalRemote, git: Git) -> None:
    head = topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    remote.update("refs/heads/topic", old=head, new=None)
    git(Path(remote.name), "gc", "-q", "--prune=now")
    pull = forge.get(1)
    assert (pull.state, pull.head) == (PullState.CLOSED, head)
    with pytest.raises(InputError, match=r"the branch topic of .* is gone"):
        forge.reopen(1, at=T2)
    assert forge.close(1, "gone", at=T2) == replace(pull, comments=("gone",))
    remote.update("refs/heads/topic", old=None, new=head)
    assert forge.reopen(1, at=T3).state is PullState.OPEN


def test_a_comment_is_written_once(forge: LocalForge, remote: LocalRemote) -> None:
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    for text in ("one", "two", "one"):
        forge.comment(1, text, at=T2)
    assert forge.get(1).comments == ("one", "two")


def test_what_plain_git_merges_is_merged(forge: LocalForge, remote: LocalRemote, tmp_path: Path, git: Git) -> None:
    head = topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    git(tmp_path, "clone", "-q", remote.name, "work")
    git(tmp_path / "work", "merge", "-q", "--no-ff", "-m", "by hand", "origin/topic")
    by_hand = git(tmp_path / "work", "rev-parse", "HEAD")
    git(tmp_path / "work", "commit", "-q", "--allow-empty", "-m", "later")
    git(tmp_path / "work", "push", "-q", "origin", "main", ":topic")
    pull = forge.get(1)
    assert (pull.state, pull.head, pull.merge_commit) == (PullState.MERGED, head, by_hand)
    assert forge.close(1, at=T2) == pull


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("ref", ["refs/heads/main", PULLS_REF, "refs/heads/topic"])
def test_a_merge_that_dies_is_completed_by_repeating_it(remote: LocalRemote, ref: str, before: bool) -> None:
    forge = LocalForge(remote)
    topic(remote)
    forge.open("topic", "main", "t", "", at=T1)
    with pytest.raises(Crash):
        LocalForge(Dying(remote, ref, before=before)).merge(1, at=T2, delete_branch=True)
    moved = not (before and ref == "refs/heads/main")
    assert forge.get(1).state is (PullState.MERGED if moved else PullState.OPEN)
    merged = forge.merge(1, at=T3, delete_branch=True)
    commit = remote.objects.commit(remote.refs()["refs/heads/main"])
    assert (merged.state, merged.merge_commit) == (PullState.MERGED, commit.id)
    assert len(commit.parents) == 2
    assert "refs/heads/topic" not in remote.refs()
    assert len(list(remote.objects.history(commit.id, ""))) == 2


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("ref", [PULLS_REF, "refs/pull/1/head"])
def test_an_opening_that_dies_is_completed_by_repeating_it(remote: LocalRemote, ref: str, before: bool) -> None:
    head = topic(remote)
    with pytest.raises(Crash):
        LocalForge(Dying(remote, ref, before=before)).open("topic", "main", "t", "", at=T1)
    forge = LocalForge(remote)
    assert forge.open("topic", "main", "t", "", at=T1).number == 1
    assert remote.refs()["refs/pull/1/head"] == head
    assert len(forge.list()) == 1


def test_a_close_that_loses_to_a_merge_says_merged(remote: LocalRemote) -> None:
    topic(remote)
    forge = LocalForge(remote)
    forge.open("topic", "main", "t", "", at=T1)

    class Raced(Dying):
        def update(self, ref: str, *, old: str | None, new: str | None) -> None:
            if ref == PULLS_REF:
                with pytest.raises(Crash):
                    LocalForge(Dying(remote, "refs/heads/main", before=False)).merge(1, at=T2)
            remote.update(ref, old=old, new=new)

    closed = LocalForge(Raced(remote, "", before=True)).close(1, "superseded", at=T2)
    assert closed.state is PullState.MERGED
    assert forge.merge(1, at=T3).state is PullState.MERGED


def test_the_local_forge_works_behind_a_network(git_daemon: Any, tmp_path: Path) -> None:
    path = git_daemon.create("infra.git")
    push(LocalRemote(path), "main", {"README": b""})
    forge = LocalForge(NetworkRemote(git_daemon.url("infra.git"), tmp_path / "cache"))
    topic(LocalRemote(path))
    forge.open("topic", "main", "t", "", at=T1)
    assert LocalForge(LocalRemote(path)).list(PullState.OPEN)[0].number == 1
    assert forge.merge(1, at=T2, delete_branch=True, author=RECONCILER).state is PullState.MERGED
    git_daemon.stop()
    with pytest.raises(TryAgainError):
        forge.list()
