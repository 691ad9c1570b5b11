"""Where a catalog is read from, and where its records lie: from a path on this machine to commits and trees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.catalog.entities import Repository
from reconciler.catalog.load import Catalog
from reconciler.errors import InputError, ReconcilerError, RecordsError
from reconciler.gitstore.base import GitRemote, Objects
from reconciler.gitstore.folder import open_folder
from reconciler.gitstore.open import discover, head_commit, open_remote, origin_of
from reconciler.model.trees import Tree
from reconciler.records.book import RecordBook


@dataclass(frozen=True)
class Place:
    """A catalog on this machine. `top` is the repository around it, None for a plain folder; `sub` is the catalog's
    path inside that repository, usually empty; `cache` holds mirrors of repositories behind a network."""

    path: Path
    top: Path | None
    sub: str
    cache: Path

    def resolve(self, location: str) -> str:
        """A location of another repository: a relative path starts at the catalog's top folder."""
        is_path = "://" not in location and not Path(location).is_absolute() and ":" not in location.split("/")[0]
        return str((self.path / location).resolve()) if is_path else location

    def inside(self, tree: Tree) -> Tree:
        """The catalog's own tree inside the tree of a commit."""
        found = tree.subtree(self.sub) if self.sub else tree
        if found is None:
            raise InputError(f"there is no folder {self.sub} in that commit", hint="name another --revision")
        return found


def find_place(path: Path, cache: Path) -> Place:
    """The catalog at a path. Raises `InputError` for a path that does not exist."""
    if not path.exists():
        raise InputError(f"{path} does not exist", hint="name the catalog's folder with --catalog")
    top = discover(path)
    sub = ""
    if top is not None and not _is_bare(top):
        relative = path.resolve().relative_to(top.resolve()).as_posix()
        sub = "" if relative == "." else relative
    return Place(path.resolve(), top, sub, cache)


def _is_bare(top: Path) -> bool:
    return not (top / ".git").exists()


def catalog_remote(place: Place) -> GitRemote:
    """The repository that the catalog's people share. One without a remote `origin` is its own."""
    if place.top is None:
        raise InputError(f"{place.path} is not in a Git repository", hint="run `git init`, then commit the catalog")
    return open_remote(origin_of(place.top) or str(place.top), cache=place.cache)


def own_repository(place: Place) -> GitRemote | None:
    """The repository on this machine around the catalog, for reading; None for a plain folder."""
    return open_remote(str(place.top), cache=place.cache) if place.top is not None else None


def records_remote(place: Place, catalog: Catalog, fallback: GitRemote) -> GitRemote:
    """The repository that holds the records: the catalog's own, unless the settings name another."""
    name = catalog.settings.records_repository
    if not name:
        return fallback
    repository = catalog.repository(name)
    if repository is None:
        hint = f"write repositories/{name}.yaml, or correct spec.records.repository"
        raise InputError(f'reconciler.yaml keeps the records in "{name}", which is no repository here', hint=hint)
    return open_remote(location_of(place, repository), cache=place.cache)


def location_of(place: Place, repository: Repository) -> str:
    """Where a repository of the catalog lies, for Git."""
    if repository.url:
        return place.resolve(repository.url)
    if repository.provider == "local":
        hint = f"add url: with its path to repositories/{repository.name}.yaml"
        raise InputError(f"repository {repository.name} is local, and nothing says where it lies", hint=hint)
    host = "github.com" if repository.provider == "github" else "gitlab.com"
    return f"https://{host}/{repository.full_name}.git"


@dataclass(frozen=True)
class Snapshot:
    """A catalog and its records as they can be seen from this machine alone. `commit` is empty for a folder that was
    never committed; `records` is None where nothing is recorded or nothing can be seen, and `note` says which."""

    catalog: Catalog
    commit: str
    records: Tree | None
    before: Tree | None
    note: str = ""


def snapshot(place: Place, revision: str | None) -> Snapshot:
    """A look without a network: the working folder as it is, or a commit of it; records from what this clone has."""
    catalog, commit = snapshot_catalog(place, revision)
    note = (
        "The records cannot be seen from here, so this supposes that nothing is recorded; `git fetch` may bring them."
    )
    try:
        found = local_records(place, catalog)
    except ReconcilerError as error:
        found, note = None, f"{note} {error}"
    if found is None:
        if catalog.settings.lineage and place.top is not None and origin_of(place.top) is None:
            note = "The records are lost: reconciler.yaml names a lineage, but there is no records branch."
        return Snapshot(catalog, commit, None, None, note if catalog.settings.lineage else "")
    remote, tip = found
    records = remote.objects.tree(tip)
    check_lineage(catalog, records)
    return Snapshot(catalog, commit, records, _before(place, records))


def check_lineage(catalog: Catalog, records: Tree) -> None:
    """Raises `RecordsError` for the records of another catalog. A catalog that names none is only being started."""
    lineage = RecordBook(records).lineage
    if catalog.settings.lineage not in ("", lineage):
        message = f"these are the records of another catalog: lineage {lineage}, not {catalog.settings.lineage}"
        raise RecordsError(message, hint="name the right branch or repository under spec.records")


def snapshot_catalog(place: Place, revision: str | None) -> tuple[Catalog, str]:
    """The catalog of a working folder as it is, or of one commit; and the commit, empty where there is none yet."""
    repository = own_repository(place)
    if revision is None and not (place.top is not None and _is_bare(place.top)):
        return Catalog(open_folder(place.path)), head_commit(place.path) or ""
    if repository is None:
        raise InputError(f"{place.path} is not in a Git repository, so it has no revisions", hint="leave it out")
    commit = repository.objects.resolve(revision or "HEAD")
    if commit is None:
        what = f'there is no revision "{revision}" in' if revision else "there is no commit yet in"
        raise InputError(f"{what} {repository.name}", hint="check `git log`")
    return Catalog(place.inside(repository.objects.tree(commit))), commit


def local_records(place: Place, catalog: Catalog | None = None) -> tuple[GitRemote, str] | None:
    """The repository and the commit of the records as far as this machine has them: those of a repository on a path,
    else the ones that the clone fetched last. None when there are none to be seen."""
    if place.top is None:
        return None
    catalog = catalog or snapshot_catalog(place, None)[0]
    branch, origin = catalog.settings.records_branch, origin_of(place.top)
    if catalog.settings.records_repository or origin is None or is_path(origin):
        remote = records_remote(place, catalog, catalog_remote(place))
        ref = f"refs/heads/{branch}"
        if not is_path(remote.name):
            return None
    else:
        remote = open_remote(str(place.top), cache=place.cache)
        ref = f"refs/remotes/origin/{branch}"
    tip = remote.fetch(ref).get(ref)
    return (remote, tip) if tip is not None else None


def is_path(location: str) -> bool:
    """True for a location on this machine."""
    return Path(location).exists()


def _before(place: Place, records: Tree | None) -> Tree | None:
    """The catalog's tree at the cursor, when this clone has that commit."""
    own = own_repository(place)
    if records is None or own is None:
        return None
    return handled_tree(place, own.objects, RecordBook(records))


def handled_tree(place: Place, objects: Objects, book: RecordBook) -> Tree | None:
    """The catalog's tree at the cursor: what was handled last. None, and everything is looked at, when that commit is
    not at hand, or the catalog lay in another folder of its repository."""
    cursor = book.cursor
    if cursor is None or not objects.has(cursor.catalog_commit):
        return None
    tree = objects.tree(cursor.catalog_commit)
    return tree.subtree(place.sub) if place.sub else tree
