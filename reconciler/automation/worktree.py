"""A Git tree as files on disk, in a folder of its own: never the user's checkout."""

from __future__ import annotations

import errno
import posixpath
from pathlib import Path

from reconciler.model.trees import MAX_DEPTH, Entry, EntryKind, Tree

_EXECUTABLE = 0o100755


def write_out(tree: Tree, target: Path, prefix: str = "") -> None:
    """Writes a tree's files below `target`, which must be empty. Submodules are left out, as are links that lead out
    of the tree, names that Git itself would refuse to check out, folders nested deeper than `MAX_DEPTH` and paths too
    long for this machine: whoever pushed those must not keep the other folders from being written."""
    if prefix.count("/") > MAX_DEPTH:
        return
    for entry in tree.entries():
        if not _is_safe(entry.name):
            continue
        try:
            _write(tree, entry, target / entry.name, prefix + entry.name)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise


def _write(tree: Tree, entry: Entry, path: Path, inner: str) -> None:
    if entry.kind is EntryKind.TREE:
        path.mkdir()
        write_out(Tree(tree.reader, entry.id), path, inner + "/")
    elif entry.kind is EntryKind.FILE:
        path.write_bytes(tree.reader.read(entry.id))
        path.chmod(0o755 if entry.mode == _EXECUTABLE else 0o644)
    elif entry.kind is EntryKind.LINK:
        _link(tree.reader.read(entry.id), inner, path)


def _is_safe(name: str) -> bool:
    return name not in ("", ".", "..") and name.lower() != ".git" and not set(name) & {"/", "\0"}


def _link(target: bytes, inner: str, path: Path) -> None:
    text = target.decode("utf-8", "surrogateescape")
    if leads_out(text, inner):
        return
    path.symlink_to(text)


def leads_out(target: str, link: str) -> bool:
    """True when a link at the path `link` could reach out of the tree.

    A `..` after a name counts as such: the name may be a link itself, and then `..` is not where it seems to be.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    names = [index for index, part in enumerate(parts) if part != ".."]
    if not target or "\0" in target or target.startswith("/") or (names and ".." in parts[names[0] :]):
        return True
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), target)).split("/")[0] == ".."
