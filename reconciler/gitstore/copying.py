"""Bringing content from one store into another."""

from __future__ import annotations

from reconciler.gitstore.base import Edit, Objects
from reconciler.model.trees import EntryKind, Tree


def copy_tree(tree: Tree, into: Objects) -> str:
    """Writes a tree and all below it into another store and returns its id there.

    What the store has is not read. Submodules are kept as the bare entries they are. Raises what `Objects.write_tree`
    raises.
    """
    if into.has(tree.id):
        return tree.id
    edits: dict[str, Edit] = {}
    for entry in tree.entries():
        if entry.kind is EntryKind.TREE:
            copy_tree(Tree(tree.reader, entry.id), into)
        elif entry.kind is not EntryKind.SUBMODULE and not into.has(entry.id):
            into.write_blob(tree.reader.read(entry.id))
        edits[entry.name] = entry
    return into.write_tree(None, edits)
