from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import InputError
from reconciler.gitstore import objects as objects_module
from reconciler.gitstore.base import RECONCILER, Edit, Person
from reconciler.gitstore.copying import copy_tree
from reconciler.gitstore.objects import PygitObjects
from reconciler.model.trees import Entry, EntryKind, Tree, blob_id, tree_id

Git = Callable[..., str]
EMPTY_TREE = tree_id([])


def files(objects: PygitObjects, tree: str) -> dict[str, bytes]:
    return {path: objects.read(entry.id) for path, entry in Tree(objects, tree).walk()}


def commit(objects: PygitObjects, tree: str, *parents: str, message: str = "m", time: int = 1) -> str:
    return objects.write_commit(tree, parents, message, author=RECONCILER, time=time)


def test_a_tree_is_the_one_that_git_would_write(objects: PygitObjects, git: Git, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    content = {"a/b/c": b"1", "a.b": b"2", "a-b": b"3", "ab/x": b"4", "é": b"5", "a0": b"6"}
    for path, data in content.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(data)
    git(work, "add", "-A")
    assert objects.write_tree(None, content) == git(work, "write-tree")
    assert objects.write_blob(b"1") == git(work, "hash-object", "a/b/c") == blob_id(b"1")


def test_entries_read_back_as_written_with_kinds_and_modes(objects: PygitObjects) -> None:
    blob = objects.write_blob(b"to")
    edits: dict[str, Edit] = {
        "file": b"x",
        "tool": Entry("", EntryKind.FILE, blob, 0o100755),
        "link": Entry("", EntryKind.LINK, blob, 0o120000),
        "module": Entry("", EntryKind.SUBMODULE, "1" * 40, 0o160000),
        "folder/file": b"y",
    }
    tree = objects.write_tree(None, edits)
    found = {entry.name: (entry.kind, entry.mode) for entry in objects.entries(tree)}
    assert found == {
        "file": (EntryKind.FILE, 0o100644),
        "tool": (EntryKind.FILE, 0o100755),
        "link": (EntryKind.LINK, 0o120000),
        "module": (EntryKind.SUBMODULE, 0o160000),
        "folder": (EntryKind.TREE, 0o040000),
    }
    assert tree_id(objects.entries(tree)) == tree


def test_folders_that_become_empty_vanish_all_the_way_up(objects: PygitObjects) -> None:
    tree = objects.write_tree(None, {"a/b/c/d": b"1", "a/x": b"2", "k": b"3"})
    tree = objects.write_tree(tree, {"a/b/c/d": None})
    assert files(objects, tree) == {"a/x": b"2", "k": b"3"}
    assert objects.write_tree(tree, {"a": None, "k": None}) == EMPTY_TREE


def test_removing_what_is_not_there_changes_nothing(objects: PygitObjects) -> None:
    tree = objects.write_tree(None, {"a": b"1", "d/e": b"2"})
    for path in ("x", "x/y/z", "a/b", "a/b/c", "d/x", "d/e/f"):
        assert objects.write_tree(tree, {path: None}) == tree, path


def test_a_file_gives_way_to_a_folder_and_back(objects: PygitObjects) -> None:
    tree = objects.write_tree(None, {"a": b"1"})
    tree = objects.write_tree(tree, {"a/b": b"2"})
    assert files(objects, tree) == {"a/b": b"2"}
    assert files(objects, objects.write_tree(tree, {"a": b"3"})) == {"a": b"3"}


def test_a_folder_is_replaced_as_a_whole_by_removing_it_and_writing_below_it(objects: PygitObjects) -> None:
    tree = objects.write_tree(None, {"a/old": b"1", "a/deep/old": b"1", "k": b"k"})
    for edits in ({"a": None, "a/new": b"2"}, {"a/new": b"2", "a": None}):
        assert files(objects, objects.write_tree(tree, edits)) == {"a/new": b"2", "k": b"k"}
    assert files(objects, objects.write_tree(tree, {"a": None, "a/old": None})) == {"k": b"k"}


def test_a_whole_tree_is_placed_by_id_and_edited_below(objects: PygitObjects) -> None:
    bundle = objects.write_tree(None, {"x": b"1", "y/z": b"2"})
    entry = Entry("ignored", EntryKind.TREE, bundle, 0o040000)
    assert files(objects, objects.write_tree(None, {"bundles/b": entry})) == {
        "bundles/b/x": b"1",
        "bundles/b/y/z": b"2",
    }
    assert files(objects, objects.write_tree(None, {"b": entry, "b/y/z": None, "b/n": b"3"})) == {
        "b/x": b"1",
        "b/n": b"3",
    }


def test_one_path_cannot_be_file_and_folder_at_once(objects: PygitObjects) -> None:
    with pytest.raises(InputError, match="a cannot be a file and a folder"):
        objects.write_tree(None, {"a": b"1", "a/b": b"2"})


def test_an_object_that_is_not_at_hand_cannot_be_placed(objects: PygitObjects) -> None:
    with pytest.raises(KeyError):
        objects.write_tree(None, {"a": Entry("", EntryKind.FILE, "1" * 40, 0o100644)})
    with pytest.raises(KeyError):
        objects.write_tree("1" * 40, {"a": b""})
    with pytest.raises(KeyError):
        objects.write_commit("1" * 40, (), "m", author=RECONCILER, time=0)
    with pytest.raises(KeyError):
        objects.write_commit(objects.write_tree(None, {}), ("1" * 40,), "m", author=RECONCILER, time=0)


REFUSED = ["", "/a", "a/", "a//b", ".", "./a", "a/..", "../a", ".git/config", "a/.git", "a/.GIT/x", "git~1", "a\0b"]
REFUSED += [".g\u200cit/hooks", ".git /x", ".git.", ".git::$INDEX_ALLOCATION/x", "x/" * 100 + "x", "x" * 5000]


@pytest.mark.parametrize("path", REFUSED)
def test_paths_that_cannot_stand_in_a_tree_are_refused(objects: PygitObjects, path: str) -> None:
    with pytest.raises(InputError, match="cannot stand in a Git tree"):
        objects.write_tree(None, {path: b""})


PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "c"]), min_size=1, max_size=3).map("/".join)
EDITS = st.lists(st.tuples(PATHS, st.none() | st.binary(max_size=2)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, max_size=4))
def test_any_edits_give_the_tree_of_what_is_left(rounds: list[list[tuple[str, bytes | None]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        objects = PygitObjects(pygit2.init_repository(folder, bare=True))
        model: dict[str, bytes] = {}
        tree: str | None = None
        for edits in rounds:
            for path, data in edits:  # one at a time: the order is the list's
                tree = objects.write_tree(tree, {path: data})
                gone = [old for old in model if old == path or old.startswith(path + "/")]
                above = [old for old in model if path.startswith(old + "/")]
                for old in gone + (above if data is not None else []):
                    del model[old]
                if data is not None:
                    model[path] = data
        assert (files(objects, tree) if tree else {}) == model
        assert objects.write_tree(None, model) == (tree or EMPTY_TREE)


def test_an_edit_in_ten_thousand_files_touches_only_the_trees_on_the_way(objects: PygitObjects, tmp_path: Path) -> None:
    tree = objects.write_tree(None, {f"{n % 100}/{n}/file": b"%d" % (n % 7) for n in range(10_000)})
    before = sum(len(names) for _, _, names in os.walk(tmp_path / "store.git" / "objects"))
    fresh = PygitObjects(pygit2.Repository(str(tmp_path / "store.git")))
    seen: list[str] = []
    read = fresh.entries

    def counted(tree: str) -> tuple[Entry, ...]:
        seen.append(tree)
        return read(tree)

    fresh.entries = counted  # type: ignore[method-assign]
    after = fresh.write_tree(tree, {"42/4242/file": b"new"})
    assert len(seen) == 3
    assert fresh.blobs_read == 0
    assert sum(len(names) for _, _, names in os.walk(tmp_path / "store.git" / "objects")) == before + 4
    assert files(fresh, Tree(fresh, after).subtree("42/4242").id) == {"file": b"new"}  # type: ignore[union-attr]
    assert fresh.blobs_read == 1


def test_parsed_trees_are_kept_within_a_bound(objects: PygitObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects_module, "MAX_CACHED_ENTRIES", 20)
    trees = [objects.write_tree(None, {f"{n}-{m}": b"" for m in range(8)}) for n in range(5)]
    for tree in trees * 2:
        assert len(objects.entries(tree)) == 8
    assert len(objects._trees._trees) == 2


def test_blobs_are_sized_without_being_read(objects: PygitObjects) -> None:
    blob = objects.write_blob(b"12345")
    assert objects.size(blob) == 5
    assert objects.blobs_read == 0
    assert objects.read(blob) == b"12345"
    assert objects.blobs_read == 1


@pytest.mark.parametrize("object_id", ["1" * 40, "nonsense", ""])
def test_what_is_not_at_hand_is_a_key_error(objects: PygitObjects, object_id: str) -> None:
    for look in (objects.entries, objects.read, objects.size, objects.commit, objects.tree):
        with pytest.raises(KeyError):
            look(object_id)
    assert not objects.has(object_id)


def test_an_object_of_another_kind_is_a_key_error(objects: PygitObjects) -> None:
    blob, tree = objects.write_blob(b""), objects.write_tree(None, {"a": b""})
    made = commit(objects, tree)
    for look, object_id in (
        (objects.entries, blob),
        (objects.read, tree),
        (objects.size, made),
        (objects.commit, tree),
    ):
        with pytest.raises(KeyError):
            look(object_id)


def test_a_damaged_object_is_named(objects: PygitObjects, tmp_path: Path) -> None:
    blob = objects.write_blob(b"whole")
    path = tmp_path / "store.git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o644)
    path.write_bytes(b"broken")
    with pytest.raises(InputError, match=f"{blob} .* cannot be read.*git fsck"):
        PygitObjects(pygit2.Repository(str(tmp_path / "store.git"))).read(blob)


def test_equal_commits_have_equal_ids_and_read_back(objects: PygitObjects, git: Git, tmp_path: Path) -> None:
    tree = objects.write_tree(None, {"a": b"1"})
    first = commit(objects, tree, time=1_700_000_000)
    author = Person("Zoë <x>\n", "zoe@example.com")
    made = objects.write_commit(tree, (first,), "title\n\nbody ü\n", author=author, time=1_700_000_001)
    assert made == objects.write_commit(tree, (first,), "title\n\nbody ü\n", author=author, time=1_700_000_001)
    found = objects.commit(made)
    assert (found.parents, found.tree, found.time) == ((first,), tree, 1_700_000_001)
    assert found.author == Person("Zoë x", "zoe@example.com")
    assert found.message == "title\n\nbody ü\n"
    assert objects.tree(made) == Tree(objects, tree)
    shown = git(tmp_path / "store.git", "log", "-1", "--format=%an|%cn|%ae|%ad|%cd", "--date=raw", made)
    assert shown == "Zoë x|Zoë x|zoe@example.com|1700000001 +0000|1700000001 +0000"
    git(tmp_path / "store.git", "fsck", "--strict")


def test_a_nameless_author_is_called_unknown(objects: PygitObjects) -> None:
    made = objects.write_commit(objects.write_tree(None, {}), (), "m\0", author=Person("", " "), time=0)
    assert objects.commit(made).author == Person("unknown", "unknown")


def test_ancestors_are_seen_and_strangers_are_not(objects: PygitObjects) -> None:
    tree = objects.write_tree(None, {})
    a = commit(objects, tree)
    b = commit(objects, tree, a)
    c = commit(objects, tree, a, message="other")
    assert objects.is_ancestor(a, a)
    assert objects.is_ancestor(a, b)
    assert not objects.is_ancestor(b, a)
    assert not objects.is_ancestor(b, c)
    assert not objects.is_ancestor("1" * 40, c)
    assert not objects.is_ancestor(a, "1" * 40)


def test_a_merge_gives_the_merged_tree_or_none_on_conflict(objects: PygitObjects) -> None:
    base = objects.write_tree(None, {"a": b"1\n", "b": b"1\n"})
    root = commit(objects, base)
    ours = commit(objects, objects.write_tree(base, {"a": b"2\n"}), root)
    theirs = commit(objects, objects.write_tree(base, {"b": b"2\n", "c/d": b"3\n"}), root)
    other = commit(objects, objects.write_tree(base, {"a": b"3\n"}), root)
    merged = objects.merge(ours, theirs)
    assert merged is not None
    assert files(objects, merged) == {"a": b"2\n", "b": b"2\n", "c/d": b"3\n"}
    assert objects.merge(ours, other) is None


def test_history_follows_first_parents_of_a_path(objects: PygitObjects) -> None:
    tree = objects.write_tree(None, {"k": b"0"})
    zero = commit(objects, tree)
    one = commit(objects, t1 := objects.write_tree(tree, {"d/a": b"1"}), zero)
    two = commit(objects, t2 := objects.write_tree(t1, {"d/b": b"2"}), one)
    side = commit(objects, objects.write_tree(t1, {"d/a": b"side"}), one)
    three = commit(objects, objects.write_tree(t2, {"d/a": b"side"}), two, side)
    four = commit(objects, objects.write_tree(t2, {"d/a": None}), three)
    assert [c.id for c in objects.history(four, "d/a")] == [four, three, one]
    assert [c.id for c in objects.history(four, "d")] == [four, three, two, one]
    assert [c.id for c in objects.history(four, "k")] == [zero]
    assert [c.id for c in objects.history(four, "")] == [four, three, two, one, zero]
    assert list(objects.history(four, "nothing/here")) == []


def test_revisions_are_resolved_to_commits(objects: PygitObjects, git: Git, tmp_path: Path) -> None:
    store = tmp_path / "store.git"
    one = commit(objects, objects.write_tree(None, {"a": b""}))
    two = commit(objects, objects.write_tree(None, {"b": b""}), one)
    git(store, "update-ref", "refs/heads/main", two)
    git(store, "tag", "-a", "-m", "t", "v1", one)
    expected = {"main": two, "main~1": one, "v1": one, two: two, two[:10]: two, "refs/heads/main^": one}
    assert {revision: objects.resolve(revision) for revision in expected} == expected
    for revision in ("nope", "", "@{", "a..b", "-x", "main:a", f"{two}^{{tree}}", "1" * 40):
        assert objects.resolve(revision) is None, revision


def test_names_that_are_not_utf8_are_shown_and_kept(objects: PygitObjects, git: Git, tmp_path: Path) -> None:
    store = tmp_path / "store.git"
    blob = objects.write_blob(b"x")
    tree = git(store, "mktree", "-z", data=b"100644 blob " + blob.encode() + b"\tcaf\xe9\0")
    assert [entry.name for entry in objects.entries(tree)] == ["caf\\xe9"]
    after = objects.write_tree(tree, {"new": b""})
    assert git(store, "ls-tree", "--name-only", after) == '"caf\\351"\nnew'


def test_copying_a_tree_reads_only_what_the_other_store_lacks(objects: PygitObjects, tmp_path: Path) -> None:
    other = PygitObjects(pygit2.init_repository(str(tmp_path / "other.git"), bare=True))
    tool = Entry("", EntryKind.FILE, objects.write_blob(b"#!"), 0o100755)
    tree = objects.write_tree(None, {"a/b": b"1", "a/c": b"2", "t": tool, "z/y/x": b"3"})
    other.write_tree(None, {"a/b": b"1", "a/c": b"2"})
    assert copy_tree(Tree(objects, tree), other) == tree
    assert objects.blobs_read == 2
    assert files(other, tree) == files(objects, tree)


FULL_DISK = """
import resource, sys, pygit2
from reconciler.errors import TryAgainError
from reconciler.gitstore.base import RECONCILER
from reconciler.gitstore.objects import PygitObjects
objects = PygitObjects(pygit2.Repository(sys.argv[1]), "the store")
tree = objects.write_tree(None, {"kept": b"kept"})
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
for write in (
    lambda: objects.write_blob(b"new"),
    lambda: objects.write_tree(tree, {"a/b": b"new"}),
    lambda: objects.write_commit(tree, (), "m", author=RECONCILER, time=0),
):
    try:
        write()
    except TryAgainError as error:
        print(error.message)
"""


def test_a_full_disk_means_try_again_and_leaves_nothing_half_written(
    objects: PygitObjects, git: Git, tmp_path: Path
) -> None:
    store = tmp_path / "store.git"
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(store)], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["could not write to the store: File too large"] * 3
    git(store, "fsck", "--strict")
    assert not list(store.glob("objects/**/tmp*"))
    assert PygitObjects(pygit2.Repository(str(store))).has(blob_id(b"kept"))
    assert not objects.has(blob_id(b"new"))
