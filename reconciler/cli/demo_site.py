"""The place where the demo happens: a folder with a catalog and the bare repositories that it provisions from."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from reconciler.catalog.load import Catalog
from reconciler.engine.clock import utc_now
from reconciler.errors import InputError
from reconciler.gitstore.base import RECONCILER
from reconciler.gitstore.checkout import commit_files, create_repository
from reconciler.gitstore.folder import open_folder
from reconciler.gitstore.local import LocalRemote
from reconciler.model.moments import seconds


@dataclass(frozen=True)
class Site:
    """`home` holds everything the demo makes: the catalog, the repositories beside it, and Terraform's states."""

    home: Path

    @property
    def catalog(self) -> Path:
        """The catalog: a repository with a work tree, to look around in and to change."""
        return self.home / "catalog"

    @property
    def states(self) -> Path:
        """Where Terraform keeps its states."""
        return self.home / "state"

    def repositories(self) -> dict[str, LocalRemote]:
        """The repositories that the catalog provisions from, by name."""
        catalog = Catalog(open_folder(self.catalog))
        found = {}
        for name in catalog.repository_names():
            repository = catalog.repository(name)
            assert repository is not None, "the example is valid"
            found[name] = LocalRemote((self.catalog / repository.url).resolve())
        return found


def build_site(folder: Path | None) -> Site:
    """Copies the example into a folder, or a fresh scratch one, and makes its repositories. Raises `InputError` when
    there is something in the folder already."""
    if folder is None:
        home = Path(tempfile.mkdtemp(prefix="reconciler-demo-"))
    else:
        home = folder.absolute()
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise InputError(f"{home} is not empty", hint="name a folder that is empty, or not there yet")
        home.mkdir(parents=True, exist_ok=True)
    site = Site(home)
    shutil.copytree(example(), site.catalog)
    create_repository(site.catalog)
    files = [path for path in site.catalog.rglob("*") if path.is_file() and ".git" not in path.parts]
    commit_files(site.catalog, files, "The example catalog\n")
    catalog = Catalog(open_folder(site.catalog))
    for name in catalog.repository_names():
        repository = catalog.repository(name)
        assert repository is not None, "the example is valid"
        path = (site.catalog / repository.url).resolve()
        create_repository(path, repository.branch, bare=True)
        _first_commit(path, repository.branch, f"# {name}\n\nRendered folders are proposed here as pull requests.\n")
    return site


def example() -> Path:
    """The example catalog: beside the package in a checkout, inside it when installed."""
    package = Path(str(resources.files("reconciler")))
    for path in (package / "catalog-example", package.parent / "catalog-example"):
        if path.is_dir():
            return path
    raise InputError("this installation lacks catalog-example", hint="install reconciler again")


def _first_commit(path: Path, branch: str, readme: str) -> None:
    remote = LocalRemote(path)
    tree = remote.objects.write_tree(None, {"README.md": readme.encode()})
    commit = remote.objects.write_commit(tree, (), "First commit\n", author=RECONCILER, time=seconds(utc_now()))
    remote.update(f"refs/heads/{branch}", old=None, new=commit)
