"""`reconciler pr`: the pull requests of a local forge."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from reconciler.catalog.load import SETTINGS_FILE, Catalog
from reconciler.cli.common import (
    catalog_option,
    color_option,
    output_option,
    place_of,
    print_json,
    print_marked,
    print_table,
    say,
)
from reconciler.cli.places import default_cache
from reconciler.engine.clock import utc_now
from reconciler.engine.observe import Repositories
from reconciler.engine.place import snapshot_catalog
from reconciler.errors import InputError
from reconciler.forges.base import PullRequest, PullState
from reconciler.forges.local import LocalForge
from reconciler.gitstore.base import GitRemote
from reconciler.gitstore.open import open_remote
from reconciler.model.trees import EntryKind, Tree, changed_paths
from reconciler.planning.show import changes


@click.group()
def pr() -> None:
    """List, show, merge and close pull requests of repositories with provider: local.

    A pull request is named REPOSITORY#NUMBER: the repository by its name in the catalog or by its path.
    """


@pr.command(name="list")
@catalog_option
@click.option("--repository", help="Only this one: a name in the catalog, or a path.  [default: all local ones]")
@click.option("--all", "everything", is_flag=True, help="Merged and closed ones too.")
@output_option("text", "json")
@color_option
def list_(catalog: Path, repository: str | None, everything: bool, output: str, no_color: bool) -> None:
    """List open pull requests."""
    names = (repository,) if repository is not None else _local_names(catalog)
    found = [
        (name, pull) for name in names for pull in _forge(catalog, name)[1].list(None if everything else PullState.OPEN)
    ]
    if output == "json":
        print_json({"schema": "reconciler/pr/v1", "pullRequests": [_document(name, pull) for name, pull in found]})
        return
    if not found:
        say("No open pull requests." if not everything else "No pull requests.")
        return
    rows = [(f"{name}#{pull.number}", pull.state.value, pull.title) for name, pull in found]
    print_table(("PULL REQUEST", "STATE", "TITLE"), rows, no_color=no_color)


@pr.command()
@click.argument("pull_request", metavar="REPOSITORY#NUMBER")
@catalog_option
def show(pull_request: str, catalog: Path) -> None:
    """Show title, body, state and comments."""
    _, _, pull = _named(catalog, pull_request)
    click.echo(f"{pull.title}\n{pull.state.value}: {pull.branch} -> {pull.base}\n\n{pull.body}")
    for comment in pull.comments:
        click.echo(f"---\n{comment}")


@pr.command()
@click.argument("pull_request", metavar="REPOSITORY#NUMBER")
@catalog_option
@color_option
def diff(pull_request: str, catalog: Path, no_color: bool) -> None:
    """Show what merging would change, or what it changed."""
    remote, _, pull = _named(catalog, pull_request)
    before, after = _sides(remote, pull, pull_request)
    paths = tuple(changed_paths(before, after))
    found = changes("", _files(before, paths), _files(after, paths), everything=True)
    for change in found:
        print_marked(change.diff + "\n", no_color=no_color)
    if not found:
        say(f"{pull_request} changes nothing.")


@pr.command()
@click.argument("pull_requests", metavar="REPOSITORY#NUMBER...", nargs=-1)
@catalog_option
@click.option("--all", "everything", is_flag=True, help="Merge every open one.")
def merge(pull_requests: tuple[str, ...], catalog: Path, everything: bool) -> None:
    """Merge into the base branch."""
    names = list(pull_requests)
    if everything:
        names += [f"{n}#{p.number}" for n in _local_names(catalog) for p in _forge(catalog, n)[1].list(PullState.OPEN)]
    elif not names:
        raise click.UsageError("name a pull request, or say --all")
    for name in names:
        _, forge, pull = _named(catalog, name)
        merged = forge.merge(pull.number, at=utc_now(), delete_branch=True)
        click.echo(f"merged {name} into {merged.base}: {merged.title}")


@pr.command()
@click.argument("pull_request", metavar="REPOSITORY#NUMBER")
@catalog_option
@click.option("--comment", default="", help="Why.")
def close(pull_request: str, catalog: Path, comment: str) -> None:
    """Close without merging: the deployment is cancelled, and stays so."""
    _, forge, pull = _named(catalog, pull_request)
    closed = forge.close(pull.number, comment, at=utc_now())
    if closed.state is PullState.MERGED:
        hint = "to take it back, change the catalog and run `reconciler apply`"
        raise InputError(f"{pull_request} is merged already; it cannot be closed", hint=hint)
    click.echo(f"{closed.state.value} {pull_request}: {closed.title}")


@pr.command()
@click.argument("pull_request", metavar="REPOSITORY#NUMBER")
@catalog_option
def reopen(pull_request: str, catalog: Path) -> None:
    """Open a closed one again: the deployment goes on."""
    _, forge, pull = _named(catalog, pull_request)
    opened = forge.reopen(pull.number, at=utc_now())
    click.echo(f"{opened.state.value} {pull_request}: {opened.title}")


def _local_names(catalog: Path) -> tuple[str, ...]:
    found = snapshot_catalog(place_of(catalog), None)[0]
    repositories = ((name, found.repository(name)) for name in found.repository_names())
    return tuple(name for name, item in repositories if item is not None and item.provider == "local")


def _named(catalog: Path, text: str) -> tuple[GitRemote, LocalForge, PullRequest]:
    name, separator, number = text.rpartition("#")
    if not separator or not number.isdecimal():
        raise InputError(f'"{text}" is no pull request', hint="write REPOSITORY#NUMBER, as `reconciler pr list` does")
    remote, forge = _forge(catalog, name)
    return remote, forge, forge.get(int(number))


def _forge(catalog: Path, name: str) -> tuple[GitRemote, LocalForge]:
    """A forge by the repository's name in the catalog, else by its path."""
    if (catalog / SETTINGS_FILE).exists() or not Path(name).exists():
        place = place_of(catalog)
        found: Catalog = snapshot_catalog(place, None)[0]
        if name in found.repository_names() or not Path(name).exists():
            return Repositories(place, found).get(name)
    remote = open_remote(name, cache=default_cache())
    return remote, LocalForge(remote)


def _sides(remote: GitRemote, pull: PullRequest, name: str) -> tuple[Tree | None, Tree]:
    """The base without the pull request and with it. Raises `InputError` when they conflict, or the base is gone."""
    objects, base = remote.objects, f"refs/heads/{pull.base}"
    tip = remote.fetch(base).get(base)
    if tip is None:
        raise InputError(f"the base branch {pull.base} of {name} is gone", hint="push it again")
    if pull.state is PullState.MERGED:
        parents = objects.commit(pull.merge_commit).parents
        return objects.tree(parents[0]) if parents else None, objects.tree(pull.merge_commit)
    merged = objects.merge(tip, pull.head)
    if merged is None:
        hint = f"merge {pull.base} into {pull.branch}, resolve the conflict and push; or close it"
        raise InputError(f"{name} conflicts with {pull.base}, so it cannot be merged", hint=hint)
    return objects.tree(tip), Tree(objects, merged)


def _files(tree: Tree | None, paths: Iterable[str]) -> dict[str, bytes]:
    """The bytes of those of the paths that a tree has; of a link its target."""
    if tree is None:
        return {}
    entries = ((path, tree.entry(path)) for path in paths)
    return {
        path: tree.reader.read(e.id)
        for path, e in entries
        if e is not None and e.kind in (EntryKind.FILE, EntryKind.LINK)
    }


def _document(name: str, pull: PullRequest) -> dict[str, object]:
    return {
        "key": f"{name}#{pull.number}",
        "number": pull.number,
        "state": pull.state.value,
        "title": pull.title,
        "branch": pull.branch,
        "base": pull.base,
        "head": pull.head,
        "mergeCommit": pull.merge_commit,
        "createdAt": pull.created_at,
        "labels": list(pull.labels),
    }
