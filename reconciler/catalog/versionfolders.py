"""Version folders of a template, `v1` or `1`, wherever the template lies (reference, SYN-6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.catalog.bundle import PART_FOLDERS
from reconciler.model.trees import EntryKind, Tree

_VERSION = re.compile(r"(v?)([1-9][0-9]{0,8})\Z")
_BUNDLE = {"schema", *PART_FOLDERS.values()}


def version_folders(folder: Tree, path: str) -> dict[int, tuple[str, Tree]]:
    """The bundles in `vN` and `N` folders as (path, tree) by major, in order (SYN-6). `v1` wins over `1`."""
    found = {}
    for _, major, name, identity in sorted(_numbered(folder)):
        tree = Tree(folder.reader, identity)
        if {entry.name for entry in tree.entries()} & _BUNDLE:
            found[major] = (join(path, name), tree)
    return dict(sorted(found.items()))


def _numbered(folder: Tree) -> Iterator[tuple[bool, int, str, str]]:
    """The folders that look like a major: whether written with a `v`, the major, the name, the tree id."""
    for entry in folder.entries():
        match = _VERSION.match(entry.name)
        if match and entry.kind is EntryKind.TREE:
            yield bool(match[1]), int(match[2]), entry.name, entry.id


def is_version(name: str) -> bool:
    """True for what a version folder may be called."""
    return _VERSION.match(name) is not None


def unused_folders(folder: Tree, path: str) -> Iterator[tuple[str, int, str]]:
    """The paths of folders that look like a major and are none: each with its major, and the path that is used in its
    place, empty when it holds no bundle."""
    versions = version_folders(folder, path)
    used = {where for where, _ in versions.values()}
    for _, major, name, _ in _numbered(folder):
        where = join(path, name)
        if where not in used:
            yield where, major, versions[major][0] if major in versions else ""


def join(path: str, name: str) -> str:
    """A path below a folder; the top of a repository is the empty path."""
    return f"{path}/{name}" if path else name
