"""One contract for repositories, on a path and behind a real Git server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ConflictError, InputError, TryAgainError
from reconciler.gitstore import local as local_module
from reconciler.gitstore.base import RECONCILER, GitRemote
from reconciler.gitstore.local import LocalRemote
from reconciler.gitstore.network import NetworkRemote

Git = Callable[..., str]
MAIN = "refs/heads/main"
TOPIC = "refs/heads/topic"


@dataclass
class Store:
    """One repository and as many independent clients of it as a test wants."""

    path: Path
    connect: Callable[[int], GitRemote]
    _clients: Iterator[int] = field(default_factory=count)

    def client(self) -> GitRemote:
        return self.connect(next(self._clients))


@pytest.fixture(params=["local", "network"])
def store(request: pytest.FixtureRequest, tmp_path: Path, git_daemon: Any) -> Store:
    path = git_daemon.create("store.git")
    if request.param == "local":
        return Store(path, lambda _: LocalRemote(path))
    return Store(path, lambda n: NetworkRemote(git_daemon.url("store.git"), tmp_path / f"cache{n}"))


@pytest.fixture
def served(git_daemon: Any, tmp_path: Path) -> NetworkRemote:
    git_daemon.create("store.git")
    return NetworkRemote(git_daemon.url("store.git"), tmp_path / "cache", timeout=20)


@pytest.fixture
def local(tmp_path: Path, git: Git) -> LocalRemote:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "local.git")
    return LocalRemote(tmp_path / "local.git")


def commit(remote: GitRemote, text: str, *parents: str) -> str:
    tree = remote.objects.write_tree(None, {"file": text.encode()})
    return remote.objects.write_commit(tree, parents, text, author=RECONCILER, time=1)


def test_a_ref_is_created_moved_sideways_and_deleted(store: Store, git: Git) -> None:
    remote = store.client()
    one = commit(remote, "1")
    two, other = commit(remote, "2", one), commit(remote, "other", one)
    states: list[str | None] = [None, one, two, other, None]
    for old, new in pairwise(states):
        remote.update(TOPIC, old=old, new=new)
        assert remote.refs() == ({TOPIC: new} if new else {})
        assert git(store.path, "for-each-ref", "--format=%(objectname)") == (new or "")
    git(store.path, "fsck", "--strict")


@pytest.mark.parametrize("ref", [MAIN, "refs/reconciler/pulls", "refs/pull/1/head", "refs/tags/v1"])
def test_any_ref_can_be_written(store: Store, ref: str) -> None:
    remote = store.client()
    one = commit(remote, "1")
    remote.update(ref, old=None, new=one)
    assert store.client().fetch(ref) == {ref: one}


def test_a_ref_that_is_not_where_it_was_seen_is_a_conflict(store: Store) -> None:
    remote = store.client()
    one, two = commit(remote, "1"), commit(remote, "2")
    remote.update(MAIN, old=None, new=one)
    for old, new in ((None, one), (None, two), (two, one), (two, None), (two, two)):
        with pytest.raises(ConflictError, match=r"refs/heads/main .* was expected"):
            remote.update(MAIN, old=old, new=new)
    with pytest.raises(ConflictError, match="and is absent"):
        remote.update("refs/heads/none", old=one, new=two)
    with pytest.raises(ConflictError, match="and is absent"):
        remote.update("refs/heads/none", old=one, new=None)
    remote.update(MAIN, old=one, new=one)
    assert remote.refs() == {MAIN: one}


def test_the_second_of_two_clients_with_one_view_loses(store: Store) -> None:
    first, second = store.client(), store.client()
    one = commit(first, "1")
    first.update(MAIN, old=None, new=one)
    assert second.fetch(MAIN) == {MAIN: one}
    second.update(MAIN, old=one, new=(two := commit(second, "2", one)))
    with pytest.raises(ConflictError):
        first.update(MAIN, old=one, new=commit(first, "3", one))
    assert first.refs() == {MAIN: two}


def test_of_many_creators_of_one_ref_exactly_one_wins(store: Store) -> None:
    clients = [store.client() for _ in range(6)]
    start = threading.Barrier(len(clients))

    def create(client: GitRemote) -> str | None:
        made = commit(client, str(id(client)))
        start.wait()
        try:
            client.update(MAIN, old=None, new=made)
        except ConflictError:
            return None
        return made

    with ThreadPoolExecutor(len(clients)) as pool:
        won = [made for made in pool.map(create, clients) if made]
    assert won == [clients[0].refs()[MAIN]]


def test_no_update_is_lost_among_threads(store: Store) -> None:
    shared = store.client()
    zero = commit(shared, "0")
    shared.update(MAIN, old=None, new=zero)

    def add(name: int) -> None:
        client = shared if name % 2 else store.client()
        done = 0
        while done < 5:
            tip = client.fetch(MAIN)[MAIN]
            try:
                client.update(MAIN, old=tip, new=commit(client, f"{name} {done}", tip))
            except ConflictError:
                continue
            done += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    tip = shared.fetch(MAIN)[MAIN]
    assert len(list(shared.objects.history(tip, ""))) == 1 + 4 * 5


def test_fetching_brings_objects_and_leaves_out_what_is_not_there(store: Store) -> None:
    writer, reader = store.client(), store.client()
    one = commit(writer, "1")
    two = commit(writer, "2", one)
    writer.update(MAIN, old=None, new=two)
    assert reader.fetch() == {}
    assert reader.fetch(MAIN, "refs/heads/none") == {MAIN: two}
    assert reader.fetch(MAIN) == {MAIN: two}
    assert reader.objects.tree(two).read("file") == b"2"
    assert reader.objects.has(one)
    assert reader.objects.resolve("main~1") == one
    assert reader.objects.resolve(MAIN) == two
    assert reader.objects.resolve("none") is None


def test_a_branch_can_give_way_to_a_folder_of_branches(store: Store) -> None:
    writer, reader = store.client(), store.client()
    one = commit(writer, "1")
    writer.update("refs/heads/a", old=None, new=one)
    assert reader.fetch("refs/heads/a")
    with pytest.raises((ConflictError, InputError)):
        writer.update("refs/heads/a/b", old=None, new=one)
    writer.update("refs/heads/a", old=one, new=None)
    writer.update("refs/heads/a/b", old=None, new=(two := commit(writer, "2", one)))
    assert reader.fetch("refs/heads/a/b") == {"refs/heads/a/b": two}


def test_the_default_branch_is_the_one_that_head_names(store: Store, git: Git) -> None:
    remote = store.client()
    remote.update("refs/heads/trunk", old=None, new=commit(remote, "1"))
    git(store.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert remote.default_branch() == "trunk"


def test_tags_are_seen_as_the_objects_they_are(store: Store, git: Git) -> None:
    remote = store.client()
    remote.update(MAIN, old=None, new=commit(remote, "1"))
    git(store.path, "tag", "-a", "-m", "t", "v1", "main")
    git(store.path, "pack-refs", "--all")
    assert remote.refs()["refs/tags/v1"] == git(store.path, "rev-parse", "v1")
    assert set(remote.refs()) == {MAIN, "refs/tags/v1"}
    remote.fetch("refs/tags/v1")
    assert remote.objects.resolve("v1") == remote.refs()[MAIN]


@pytest.mark.parametrize("ref", ["main", "HEAD", "refs/heads/a..b", "refs/heads/", "refs/heads/a b"])
def test_what_cannot_be_a_ref_is_refused(store: Store, ref: str) -> None:
    remote = store.client()
    with pytest.raises(InputError, match="cannot be the name of a Git ref"):
        remote.update(ref, old=None, new=commit(remote, "1"))


def test_an_object_that_is_not_at_hand_cannot_become_a_ref(store: Store) -> None:
    with pytest.raises(KeyError):
        store.client().update(MAIN, old=None, new="1" * 40)


# On a path


def test_a_ref_that_another_program_holds_is_waited_for(local: LocalRemote, monkeypatch: pytest.MonkeyPatch) -> None:
    one = commit(local, "1")
    lock = Path(local.name) / "refs" / "heads" / "main.lock"
    lock.touch()
    monkeypatch.setattr(local_module, "LOCK_PATIENCE", 0.05)
    with pytest.raises(ConflictError, match=f"is locked by another program.*{lock}"):
        local.update(MAIN, old=None, new=one)
    monkeypatch.setattr(local_module, "LOCK_PATIENCE", 10)
    timer = threading.Timer(0.1, lock.unlink)
    timer.start()
    local.update(MAIN, old=None, new=one)
    timer.join()
    assert local.refs() == {MAIN: one}


def test_what_git_itself_writes_meanwhile_is_seen(local: LocalRemote, git: Git) -> None:
    path = Path(local.name)
    one, two = commit(local, "1"), commit(local, "2")
    local.update(MAIN, old=None, new=one)
    git(path, "pack-refs", "--all")
    git(path, "update-ref", MAIN, two)
    assert local.refs() == {MAIN: two}
    local.update(MAIN, old=two, new=one)
    git(path, "pack-refs", "--all")
    local.update(MAIN, old=one, new=None)
    assert git(path, "for-each-ref") == ""
    git(path, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert local.refs() == {}


def test_a_ref_below_a_packed_ref_is_refused(local: LocalRemote, git: Git) -> None:
    one = commit(local, "1")
    local.update("refs/heads/a/b", old=None, new=one)
    git(Path(local.name), "pack-refs", "--all")
    for ref in ("refs/heads/a", "refs/heads/a/b/c"):
        with pytest.raises(InputError, match="refs/heads/a/b exists"):
            local.update(ref, old=None, new=one)


def test_a_branch_that_is_checked_out_is_left_alone(tmp_path: Path, git: Git) -> None:
    work = tmp_path / "work"
    git(tmp_path, "init", "-q", "-b", "main", "work")
    git(work, "commit", "-q", "--allow-empty", "-m", "one")
    remote = LocalRemote(work)
    one = remote.refs()[MAIN]
    two = commit(remote, "2", one)
    with pytest.raises(InputError, match=r"is checked out in .*use a bare repository"):
        remote.update(MAIN, old=one, new=two)
    remote.update("refs/heads/other", old=None, new=two)
    git(work, "config", "receive.denyCurrentBranch", "ignore")
    remote.update(MAIN, old=one, new=two)


# Behind a network


def hook(path: Path, name: str, script: str) -> None:
    file = path / "hooks" / name
    file.write_text("#!/bin/sh\n" + script)
    file.chmod(0o755)


@pytest.mark.parametrize("name", ["pre-receive", "update"])
def test_a_hook_that_refuses_is_quoted(served: NetworkRemote, git_daemon: Any, name: str) -> None:
    hook(git_daemon.base / "store.git", name, 'printf "only \\033[31mrobots\\n" >&2\nexit 1\n')
    with pytest.raises(InputError, match=r"refused to move refs/heads/main \(.*hook declined\): only \[31mrobots"):
        served.update(MAIN, old=None, new=commit(served, "1"))
    assert served.refs() == {}


def test_a_server_that_forbids_deletion_is_quoted(served: NetworkRemote, git_daemon: Any, git: Git) -> None:
    one = commit(served, "1")
    served.update(MAIN, old=None, new=one)
    git(git_daemon.base / "store.git", "config", "receive.denyDeletes", "true")
    with pytest.raises(InputError, match=r"refused to move refs/heads/main .*deletion prohibited"):
        served.update(MAIN, old=one, new=None)


def test_a_race_that_only_the_server_sees_is_a_conflict(served: NetworkRemote, git_daemon: Any) -> None:
    one, two = commit(served, "1"), commit(served, "2")
    served.update(MAIN, old=None, new=one)
    served.update("refs/heads/other", old=None, new=two)
    script = f"unset GIT_QUARANTINE_PATH; git update-ref {MAIN} {two}\n"
    hook(git_daemon.base / "store.git", "pre-receive", script)
    with pytest.raises(ConflictError):
        served.update(MAIN, old=one, new=commit(served, "3", one))
    assert served.refs()[MAIN] == two


def test_a_push_whose_answer_is_lost_can_be_repeated(served: NetworkRemote, git_daemon: Any) -> None:
    hook(git_daemon.base / "store.git", "post-receive", "kill -9 $PPID\n")
    one = commit(served, "1")
    with pytest.raises(TryAgainError) as caught:
        served.update(MAIN, old=None, new=one)
    assert not isinstance(caught.value, ConflictError)
    with pytest.raises(ConflictError):
        served.update(MAIN, old=None, new=one)
    assert served.refs() == {MAIN: one}


def test_a_server_that_is_down_means_try_again(served: NetworkRemote, git_daemon: Any) -> None:
    one = commit(served, "1")
    git_daemon.stop()
    for use in (
        served.refs,
        served.default_branch,
        lambda: served.fetch(MAIN),
        lambda: served.update(MAIN, old=None, new=one),
    ):
        with pytest.raises(TryAgainError, match=f"could not reach {served.name}: .*try again"):
            use()
    git_daemon.start()
    served.update(MAIN, old=None, new=one)


def test_a_server_that_hangs_means_try_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = NetworkRemote(f"git://127.0.0.1:{silent.getsockname()[1]}/a", tmp_path, timeout=0.3)
        started = time.monotonic()
        with pytest.raises(TryAgainError, match="could not reach"):
            remote.refs()
        assert time.monotonic() - started < 10


def test_a_repository_that_the_server_does_not_have_is_named(git_daemon: Any, tmp_path: Path) -> None:
    remote = NetworkRemote(git_daemon.url("none.git"), tmp_path / "cache")
    with pytest.raises(InputError, match=f"{git_daemon.url('none.git')} was not found"):
        remote.refs()


def test_many_threads_share_one_cache(git_daemon: Any, tmp_path: Path) -> None:
    path = git_daemon.create("store.git")
    writer = LocalRemote(path)
    tips = {f"refs/heads/b{n}": commit(writer, str(n)) for n in range(4)}
    for ref, tip in tips.items():
        writer.update(ref, old=None, new=tip)
    start = threading.Barrier(6)

    def read(_: int) -> None:
        start.wait()
        remote = NetworkRemote(git_daemon.url("store.git"), tmp_path / "cache")
        assert remote.fetch(*tips) == tips
        assert all(remote.objects.has(tip) for tip in tips.values())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(read, range(6)))
    assert [entry.suffix for entry in (tmp_path / "cache").iterdir()] == [".git"]


def test_what_was_fetched_survives_a_collection_of_the_mirror(store: Store, git: Git, tmp_path: Path) -> None:
    writer = store.client()
    writer.update(MAIN, old=None, new=(one := commit(writer, "1")))
    reader = store.client()
    reader.fetch(MAIN)
    for mirror in tmp_path.glob("cache*/*.git"):
        git(mirror, "gc", "-q", "--prune=now")
    assert store.connect(1).objects.tree(one).read("file") == b"1"


def test_what_is_at_hand_is_not_downloaded_again(served: NetworkRemote, git_daemon: Any, tmp_path: Path) -> None:
    served.update(MAIN, old=None, new=commit(served, "1"))
    served.fetch(MAIN)
    packs = list((tmp_path / "cache").glob("*.git/objects/pack/*.pack"))
    served.fetch(MAIN)
    assert list((tmp_path / "cache").glob("*.git/objects/pack/*.pack")) == packs == []


class _Locked(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.seen.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return


def test_a_refused_token_is_tried_once_and_never_shown(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Locked) as server:
        server.seen = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://x:verysecret@127.0.0.1:{server.server_port}/a.git"
            with pytest.raises(InputError, match="does not let us in") as caught:
                NetworkRemote(url, tmp_path).refs()
        finally:
            server.shutdown()
            thread.join()
    assert "verysecret" not in str(caught.value)
    assert server.seen == [None, "Basic eDp2ZXJ5c2VjcmV0"]  # type: ignore[attr-defined]
