"""Committing to a person's own checkout: only what a command was asked to write there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import pygit2

from reconciler.errors import InputError
from reconciler.gitstore.base import Person
from reconciler.gitstore.repository import open_repository, writing


def create_repository(path: Path, branch: str = "main", *, bare: bool = False) -> None:
    """An empty repository at a path; one that exists stays as it is."""
    with writing(str(path)):
        if pygit2.discover_repository(str(path), False, str(path.parent)) is None:
            pygit2.init_repository(str(path), bare=bare, initial_head=branch)


def commit_files(top: Path, paths: Iterable[Path], message: str) -> str:
    """Commits the named files, and nothing else, on the branch that is checked out. Returns the commit id. One that is
    not there any more is removed.

    The author is the person that Git's configuration names. Raises `InputError` when something is staged, since that
    would be committed along.
    """
    repository = open_repository(top)
    with writing(str(top)):
        unborn = repository.head_is_unborn
        parents = [] if unborn else [repository.head.target]
        staged = [] if unborn else list(repository.index.diff_to_tree(repository.head.peel(pygit2.Tree)))
        if staged or (unborn and len(repository.index)):
            raise InputError(f"changes are staged in {top}", hint="commit them, or unstage them with `git reset`")
        for path in paths:
            name = path.resolve().relative_to(top.resolve()).as_posix()
            repository.index.add(name) if path.exists() else repository.index.remove(name)
        repository.index.write()
        tree = repository.index.write_tree()
        person = _signature(repository)
        return str(repository.create_commit("HEAD", person, person, message, tree, parents))


def person_of(top: Path) -> Person:
    """Who works in the repository at a path: the person that Git's configuration names."""
    signature = _signature(open_repository(top))
    return Person(signature.name, signature.email)


def _signature(repository: pygit2.Repository) -> pygit2.Signature:
    name, email = os.environ.get("GIT_AUTHOR_NAME"), os.environ.get("GIT_AUTHOR_EMAIL")
    if name and email:
        return pygit2.Signature(name, email, int(time.time()), 0)
    try:
        return repository.default_signature
    except (KeyError, pygit2.GitError):
        # As `git` itself would refuse here; a demo or a container has no identity, and the commit is ours to sign.
        return pygit2.Signature("reconciler", "reconciler@localhost", int(time.time()), 0)
