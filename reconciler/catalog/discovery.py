"""Finding the folder of one template in a repository that it is synced from (reference 4.2, SYN-4 to SYN-8).

The repository is somebody else's: it may hold anything, at any depth. So the search is bounded, never follows links,
and never looks into bundles. Folders that are only named like the template (a rendered environment, the folder around
it) are no templates: Proton looked for `<name>/<major>/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.catalog.bundle import SCHEMA_FILE, bundle_tree
from reconciler.catalog.repopath import path_inside
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.versionfolders import join, unused_folders, version_folders
from reconciler.errors import ReconcilerError, TryAgainError
from reconciler.model.trees import EntryKind, Tree

MAX_DEPTH = 8
MAX_FOLDERS = 20_000
MAX_LEVELS = 40
_DIRECTORY = "name its folder with directory: under sync"


@dataclass(frozen=True)
class Note:
    """Something to say about a synced repository: a problem without a place, since its place is the `sync:` that led
    there."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class Found:
    """The folder of a template: its path, empty for the top of the repository, and its bundles as in `TemplateFolder`:
    (path, tree) by major, or by None when the one bundle lies directly in the folder. `notes` are warnings."""

    path: str
    majors: Mapping[int | None, tuple[str, Tree]] = field(repr=False)
    notes: tuple[Note, ...] = ()


@dataclass
class _Search:
    """What a search met: folders named like the template, nearest first, and the names of all template folders."""

    named: list[tuple[str, Tree]] = field(default_factory=list)
    templates: set[str] = field(default_factory=set)
    link: str = ""
    is_complete: bool = True


def no_branch(repository: str, branch: str) -> Note:
    """A branch that a repository does not have."""
    return Note("SYNC_MISSING", f"{repository} has no branch {branch}", "push it, or correct branch: under sync")


def unreachable(error: ReconcilerError) -> Note:
    """A repository that could not be read: now, or until a person mends something."""
    code = "SYNC_UNREACHABLE" if isinstance(error, TryAgainError) else "SYNC_MISSING"
    return Note(code, error.message, error.hint)


def find_template(root: Tree, name: str, directory: str = "") -> Found | Note:
    """The template folder `name` in the tree of a repository, or why there is none.

    The first one counts: with version folders before without, then the shallowest, then by path. `directory` limits the
    search to a folder, which may be the template folder itself, under any name (`.` is the top of the repository).
    """
    start = path_inside(directory)
    if start is None:
        return Note("VALUE_INVALID", f'directory "{directory}" leads out of the repository', "name a folder in it")
    tree = root.subtree(start) if start else root
    if tree is None:
        hint = "correct directory: under sync, or leave it out to search everywhere"
        return Note("SYNC_MISSING", f"there is no folder {start}", hint)
    search = _search(tree, start, name)
    found = [template for path, below in search.named if (template := _template(below, path)) is not None]
    found.sort(key=lambda template: None in template.majors)
    if not found:
        given = _template(tree, start) if directory else None
        return given or _missing(search, name, start)
    first, *others = found
    if not others:
        return first
    paths = ", ".join(other.path for other in others)
    note = Note("SYNC_AMBIGUOUS", f"{first.path} is used; {name} is found in {paths} as well", _DIRECTORY)
    return Found(first.path, first.majors, (note, *first.notes))


def out_of_bounds(found: Found) -> Note | None:
    """A bundle that is made to exhaust whoever reads it: one tree may name another a million times."""
    for path, tree in found.majors.values():
        left, todo = MAX_FOLDERS, [(tree, 0)]
        while todo:
            folder, depth = todo.pop()
            entries = folder.entries()
            left -= len(entries)
            if left < 0 or depth > MAX_LEVELS:
                message = f"{path} holds more than {MAX_FOLDERS} files and folders, or {MAX_LEVELS} levels of them"
                return Note("BUNDLE_TOO_LARGE", message, "move what does not belong there elsewhere")
            below = (entry for entry in entries if entry.kind is EntryKind.TREE)
            todo += [(Tree(folder.reader, entry.id), depth + 1) for entry in below]
    return None


def _template(folder: Tree, path: str) -> Found | None:
    versions = version_folders(folder, path)
    if versions:
        return Found(path, dict(versions.items()), tuple(_unused(folder, path)))
    schema = folder.entry(SCHEMA_FILE)
    if schema is None or schema.kind is not EntryKind.FILE:
        return None
    return Found(path, {None: (path, bundle_tree(folder))})


def _unused(folder: Tree, path: str) -> Iterator[Note]:
    """What looks like a major and is not used."""
    for where, major, instead in unused_folders(folder, path):
        if instead:
            message = f"{instead} is used as major {major}, and {where} is not"
            yield Note("SYNC_AMBIGUOUS", message, "remove one of them")
        else:
            yield Note("MISSING_DIRECTORY", f"{where} holds no bundle", "put schema/ and its infrastructure there")


def _search(start: Tree, path: str, name: str) -> _Search:
    """Looks through all folders below `start`, a level at a time, so that a bound cuts off what is deepest. Content
    that was met before is not looked into again: it costs nothing to repeat a tree a million times."""
    search = _Search()
    if path.rpartition("/")[2] == name:
        search.named.append((path, start))
    level, seen = [(path, start)], {start.id}
    for _ in range(MAX_DEPTH):
        met: list[tuple[str, Tree]] = []
        for where, folder in level:
            met += _below(folder, where, name, search)
            search.is_complete = len(met) <= MAX_FOLDERS
            if not search.is_complete:
                break
        level = []
        for where, folder in sorted(met, key=lambda item: item[0]):
            if where.rpartition("/")[2] == name:
                search.named.append((where, folder))
            if folder.id not in seen:
                seen.add(folder.id)
                level.append((where, folder))
        if not search.is_complete:
            break
    return search


def _below(folder: Tree, path: str, name: str, search: _Search) -> Iterator[tuple[str, Tree]]:
    """The folders in a folder, bundles left out."""
    bundles = {where for where, _ in version_folders(folder, path).values()}
    if bundles:
        search.templates.add(path.rpartition("/")[2])
    for entry in folder.entries():
        where = join(path, entry.name)
        if entry.kind is EntryKind.TREE and where not in bundles:
            yield where, Tree(folder.reader, entry.id)
        elif entry.name == name and entry.kind in (EntryKind.LINK, EntryKind.SUBMODULE):
            search.link = f"{where} is a {entry.kind.value}"


def _missing(search: _Search, name: str, start: str) -> Note:
    if search.named:
        path = search.named[0][0]
        hint = f"put the bundle into {path}/v1/, with its schema in {path}/v1/{SCHEMA_FILE}"
        return Note("SYNC_MISSING", f"the folder {path} has no version folder with a bundle", hint)
    message = f"there is no template folder {name} in {start or 'the repository'}"
    if search.link:
        return Note("SYNC_MISSING", f"{message}; {search.link}", "put the folder itself there: links are not followed")
    if not search.is_complete:
        return Note("SYNC_MISSING", f"{message} among the first {MAX_FOLDERS} folders", _DIRECTORY)
    hint = did_you_mean(name, search.templates - {""}) if search.templates - {""} else f"add {name}/v1/ with a bundle"
    return Note("SYNC_MISSING", message, hint)
