"""A working folder as a Git tree, before anything is committed."""

from __future__ import annotations

import hashlib
import os
import stat
from functools import cached_property
from pathlib import Path

import pygit2

from reconciler.errors import InputError, TryAgainError
from reconciler.gitstore.repository import open_repository
from reconciler.model.trees import MODES, Entry, EntryKind, Tree, blob_id, check_depth, sorted_entries, tree_id

STREAM_ABOVE = 10 * 1024 * 1024  # bytes
_CHUNK = 1024 * 1024
_EXECUTABLE = 0o100755


def open_folder(path: Path) -> Tree:
    """The folder as `git add --all` would record it, read at once for its ids and again, file by file, on demand.

    Left out: `.git`, empty folders, and inside a work tree what `.gitignore` excludes and the index does not hold.
    Links are recorded, never followed; a repository inside is a submodule. Bytes are taken as they stand on disk: no
    line-ending conversion and no filter. Raises `InputError` naming what cannot be read.
    """
    if not path.is_dir():
        raise InputError(f"{path} is not a folder", hint="check the path")
    reader = FolderReader(path)
    return Tree(reader, reader.root)


class FolderReader:
    """`TreeReader` over a folder on disk. It answers for the moment in which it was made."""

    def __init__(self, path: Path) -> None:
        self._trees: dict[str, tuple[Entry, ...]] = {}
        self._blobs: dict[str, tuple[Path, int, bool]] = {}  # id to path, size, is a link
        self._top = path
        self._ignores = _Ignores(path)
        self.blobs_read = 0
        self.root = self._scan(path)[0]

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """See `TreeReader`."""
        return self._trees[tree]

    def size(self, blob: str) -> int:
        """See `TreeReader`."""
        return self._blobs[blob][1]

    def read(self, blob: str) -> bytes:
        """See `TreeReader`. Raises `TryAgainError` when the file is no longer what it was."""
        path, _, link = self._blobs[blob]
        try:
            data = os.fsencode(path.readlink()) if link else path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from None
        self.blobs_read += 1
        if blob_id(data) != blob:
            raise TryAgainError(f"{path} changed while it was being read", hint="try again")
        return data

    def _scan(self, folder: Path) -> tuple[str, bool]:
        """The tree id of a folder, and whether there is anything in it."""
        check_depth(folder.relative_to(self._top).as_posix())
        found: list[Entry] = []
        try:
            with os.scandir(folder) as listing:
                items = [item for item in listing if item.name != ".git"]
        except OSError as error:
            raise _unreadable(folder, error) from None
        for item in items:
            try:
                entry = self._entry(item.name, Path(item.path), item.stat(follow_symlinks=False))
            except OSError as error:
                raise _unreadable(Path(item.path), error) from None
            if entry is not None:
                found.append(entry)
        entries = sorted_entries(found)
        tree = tree_id(entries)
        self._trees[tree] = entries
        return tree, bool(entries)

    def _entry(self, name: str, path: Path, status: os.stat_result) -> Entry | None:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise InputError(f"the name of {os.fsencode(path)!r} is not UTF-8", hint="rename it") from None
        is_folder = stat.S_ISDIR(status.st_mode)
        if self._ignores.skips(path, is_folder):
            return None
        if is_folder:
            return self._folder(name, path)
        if stat.S_ISLNK(status.st_mode):
            return self._link(name, path)
        if stat.S_ISREG(status.st_mode):
            return self._file(name, path, status)
        return None  # Git does not record sockets, pipes and devices

    def _folder(self, name: str, path: Path) -> Entry | None:
        if (path / ".git").exists():
            return _submodule(name, path)
        tree, filled = self._scan(path)
        return Entry(name, EntryKind.TREE, tree, MODES[EntryKind.TREE]) if filled else None

    def _link(self, name: str, path: Path) -> Entry:
        data = os.fsencode(path.readlink())
        blob = blob_id(data)
        self._blobs[blob] = (path, len(data), True)
        return Entry(name, EntryKind.LINK, blob, MODES[EntryKind.LINK])

    def _file(self, name: str, path: Path, status: os.stat_result) -> Entry:
        blob = _stream_id(path, status.st_size) if status.st_size > STREAM_ABOVE else blob_id(path.read_bytes())
        self._blobs[blob] = (path, status.st_size, False)
        mode = _EXECUTABLE if status.st_mode & stat.S_IXUSR else MODES[EntryKind.FILE]
        return Entry(name, EntryKind.FILE, blob, mode)


class _Ignores:
    """What Git would not add, in the work tree that holds a folder; nothing when there is none."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self._repository: pygit2.Repository | None = None
        self._prefix = ""
        found = pygit2.discover_repository(str(folder.absolute()))
        if found is None:
            return
        repository = open_repository(Path(found))
        top, inside = Path(repository.workdir or found).resolve(), folder.resolve()
        if repository.is_bare or not inside.is_relative_to(top):
            return
        prefix = inside.relative_to(top).as_posix()
        self._prefix = "" if prefix == "." else prefix + "/"
        # A folder that is itself ignored, and was asked for by name, is taken as if it stood alone.
        if not (self._prefix and repository.path_is_ignored(self._prefix)):
            self._repository = repository

    def skips(self, path: Path, is_folder: bool) -> bool:
        """True for what is ignored and holds nothing that Git tracks all the same."""
        if self._repository is None:
            return False
        inside = self._prefix + path.relative_to(self._root).as_posix()
        ignored = self._repository.path_is_ignored(inside + "/" if is_folder else inside)
        return ignored and inside not in self._tracked

    @cached_property
    def _tracked(self) -> frozenset[str]:
        """The paths in the index and all folders above them."""
        assert self._repository is not None
        found: set[str] = set()
        for entry in self._repository.index:
            path = entry.path
            while path and path not in found:
                found.add(path)
                path = path.rpartition("/")[0]
        return frozenset(found)


def _submodule(name: str, path: Path) -> Entry | None:
    """The commit that a repository inside the folder is at, or None while it has none."""
    try:
        commit = str(open_repository(path).head.target)
    except (pygit2.GitError, InputError):
        return None
    return Entry(name, EntryKind.SUBMODULE, commit, MODES[EntryKind.SUBMODULE])


def _stream_id(path: Path, size: int) -> str:
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be read: {error.strerror or error}", hint="check its permissions")
