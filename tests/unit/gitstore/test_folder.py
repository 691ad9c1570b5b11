from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import InputError, TryAgainError
from reconciler.gitstore import folder as folder_module
from reconciler.gitstore.folder import FolderReader, open_folder
from reconciler.model.trees import EntryKind, tree_id

Git = Callable[..., str]


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def work(tmp_path: Path, git: Git) -> Path:
    path = tmp_path / "work"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    return path


def recorded(git: Git, work: Path) -> str:
    git(work, "add", "--all")
    return git(work, "write-tree")


def test_a_folder_has_the_id_that_git_would_give_it(work: Path, git: Git) -> None:
    write(work, a="1", b__c="2", b__d__e="3", ü="4")
    (work / "b.x").write_text("sorts before b/")
    (work / "tool").write_text("#!/bin/sh\n")
    (work / "tool").chmod(0o755)
    (work / "link").symlink_to("b/c")
    (work / "dangling").symlink_to("/nowhere")
    (work / "to-folder").symlink_to("b")
    (work / "empty" / "deeper").mkdir(parents=True)
    os.mkfifo(work / "pipe")
    tree = open_folder(work)
    assert tree.id == recorded(git, work)
    assert tree.read("b/d/e") == b"3"
    assert tree.entry("to-folder").kind is EntryKind.LINK  # type: ignore[union-attr]
    assert tree.reader.read(tree.entry("link").id) == b"b/c"  # type: ignore[union-attr]
    assert tree.reader.size(tree.entry("tool").id) == 10  # type: ignore[union-attr]
    assert tree.entry("empty") is None


def test_ignored_files_are_left_out_unless_git_tracks_them(work: Path, git: Git) -> None:
    write(work, build__kept="k", build__out="o", notes="n", sub__x="x", sub__local="l", logs__a="a")
    git(work, "add", "build/kept", "notes")
    (work / ".gitignore").write_text("build/\nnotes\n/logs\n")
    (work / "sub" / ".gitignore").write_text("local\n")
    (work / ".git" / "info" / "exclude").write_text("*.swp\n")
    write(work, **{"x.swp": ""})
    tree = open_folder(work)
    assert sorted(path for path, _ in tree.walk()) == [".gitignore", "build/kept", "notes", "sub/.gitignore", "sub/x"]
    assert tree.id == recorded(git, work)


def test_a_folder_inside_a_work_tree_obeys_the_rules_above_it(work: Path, git: Git) -> None:
    write(work, sub__a="1", sub__skip="2", sub__deep__skip="3", other="4")
    (work / ".gitignore").write_text("/sub/skip\n")
    tree = open_folder(work / "sub")
    assert sorted(path for path, _ in tree.walk()) == ["a", "deep/skip"]
    git(work, "add", "--all")
    assert tree.id == git(work, "write-tree", "--prefix=sub/")


def test_an_ignored_folder_that_is_asked_for_is_taken_whole(work: Path) -> None:
    write(work, tmp__a="1", tmp__b="2")
    (work / ".gitignore").write_text("tmp/\n")
    assert sorted(path for path, _ in open_folder(work / "tmp").walk()) == ["a", "b"]


def test_a_folder_outside_of_git_is_read_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "plain", **{".gitignore": "a\n", "a": "1"})
    assert sorted(path for path, _ in open_folder(tmp_path / "plain").walk()) == [".gitignore", "a"]
    (tmp_path / "void").mkdir()
    assert open_folder(tmp_path / "void").id == tree_id([])


def test_a_repository_inside_is_a_submodule_at_its_commit(work: Path, git: Git) -> None:
    inner = work / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    assert open_folder(work).entry("inner") is None
    git(inner, "commit", "-q", "--allow-empty", "-m", "one")
    write(work, a="1")
    tree = open_folder(work)
    entry = tree.entry("inner")
    assert entry is not None
    assert (entry.kind, entry.id) == (EntryKind.SUBMODULE, git(inner, "rev-parse", "HEAD"))
    git(work, "-c", "advice.addEmbeddedRepo=false", "add", "--all")
    assert tree.id == git(work, "write-tree")


def test_a_large_file_is_hashed_piece_by_piece(work: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "STREAM_ABOVE", 1000)
    monkeypatch.setattr(folder_module, "_CHUNK", 64)
    (work / "large").write_bytes(bytes(range(256)) * 5)

    def unread(path: Path) -> bytes:
        raise AssertionError(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", unread)
        tree = open_folder(work)
    assert tree.id == recorded(git, work)
    assert tree.read("large") == bytes(range(256)) * 5


def test_a_file_that_changes_or_vanishes_meanwhile_is_noticed(work: Path) -> None:
    write(work, a="1", b="2")
    tree = open_folder(work)
    (work / "a").write_text("other")
    (work / "b").unlink()
    with pytest.raises(TryAgainError, match="a changed while it was being read"):
        tree.read("a")
    with pytest.raises(InputError, match="b cannot be read: No such file"):
        tree.read("b")


def test_nothing_is_read_again_but_what_is_asked_for(work: Path) -> None:
    write(work, a="1", b="2")
    reader = FolderReader(work)
    assert reader.blobs_read == 0
    open_folder(work).read("a")
    reader.read(reader.entries(reader.root)[0].id)
    assert reader.blobs_read == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(work: Path) -> None:
    write(work, secret="1", d__e="2")
    (work / "secret").chmod(0)
    with pytest.raises(InputError, match="secret cannot be read: Permission denied"):
        open_folder(work)
    (work / "secret").chmod(0o600)
    (work / "d").chmod(0)
    with pytest.raises(InputError, match="d cannot be read: Permission denied"):
        open_folder(work)
    (work / "d").chmod(0o700)


def test_a_name_that_is_not_utf8_is_refused(work: Path) -> None:
    Path(os.fsdecode(os.fsencode(work) + b"/caf\xe9")).write_text("")
    with pytest.raises(InputError, match="is not UTF-8"):
        open_folder(work)


def test_only_a_folder_can_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("file", "nothing"):
        with pytest.raises(InputError, match=f"{name} is not a folder"):
            open_folder(tmp_path / name)


def test_folders_that_are_nested_without_end_are_refused(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(150):
        deep = deep / "d"
    deep.mkdir(parents=True)
    with pytest.raises(InputError, match="nested more than 100 deep"):
        open_folder(tmp_path)
