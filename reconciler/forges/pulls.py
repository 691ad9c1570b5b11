"""How the local forge keeps its pull requests in Git: one JSON file each, below one ref.

    <n // 100>/<n>.json                     the pull request
    branches/<2 digits>/<sha256>.json       the numbers of a head branch's pull requests, by the branch's sha256

What a file says is what was decided; a merge is a fact of the base branch, and shows only there until it is noted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.errors import InputError
from reconciler.forges.base import PullState
from reconciler.model.documents import canonical
from reconciler.model.trees import EntryKind, Tree

PULLS_REF = "refs/reconciler/pulls"
_PER_FOLDER = 100


@dataclass(frozen=True)
class Pull:
    """A pull request's file. Empty text stands for what has not happened."""

    number: int
    title: str
    body: str
    state: PullState
    base: str
    branch: str
    head: str
    created_at: str
    merge_commit: str = ""
    closed_at: str = ""
    comments: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def head_ref(number: int) -> str:
    """The ref that keeps a pull request's head, when its branch is gone."""
    return f"refs/pull/{number}/head"


def pull_path(number: int) -> str:
    """The file of a pull request."""
    return f"{number // _PER_FOLDER}/{number}.json"


def branch_path(branch: str) -> str:
    """The file of a head branch."""
    name = hashlib.sha256(branch.encode()).hexdigest()
    return f"branches/{name[:2]}/{name}.json"


def encode_pull(pull: Pull) -> bytes:
    """The file of a pull request."""
    return canonical(
        {
            "number": pull.number,
            "title": pull.title,
            "body": pull.body,
            "state": pull.state.value,
            "base": pull.base,
            "branch": pull.branch,
            "head": pull.head,
            "mergeCommit": pull.merge_commit,
            "createdAt": pull.created_at,
            "closedAt": pull.closed_at,
            "comments": list(pull.comments),
            "labels": list(pull.labels),
        }
    )


def decode_pull(data: bytes) -> Pull:
    """A pull request from its file. Raises `InputError` when somebody else's hand made it unreadable."""
    try:
        document = json.loads(data)
        return Pull(
            number=int(document["number"]),
            title=str(document["title"]),
            body=str(document["body"]),
            state=PullState(document["state"]),
            base=str(document["base"]),
            branch=str(document["branch"]),
            head=str(document["head"]),
            merge_commit=str(document["mergeCommit"]),
            created_at=str(document["createdAt"]),
            closed_at=str(document["closedAt"]),
            comments=tuple(str(text) for text in document["comments"]),
            labels=tuple(str(label) for label in document["labels"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"a pull request in {PULLS_REF} cannot be read: {error!r}") from None


def read_pull(tree: Tree, number: int) -> Pull | None:
    """A pull request by number; one folder of at most a hundred is looked into."""
    data = tree.read(pull_path(number))
    return decode_pull(data) if data is not None else None


def read_numbers(tree: Tree, branch: str) -> tuple[int, ...]:
    """The numbers of a head branch's pull requests, oldest first."""
    data = tree.read(branch_path(branch))
    return tuple(json.loads(data)) if data is not None else ()


def all_numbers(tree: Tree) -> Iterator[int]:
    """Every number, newest first."""
    for folder in sorted(_numbered(tree, EntryKind.TREE), reverse=True):
        below = tree.subtree(str(folder))
        yield from sorted(_numbered(below, EntryKind.FILE) if below else (), reverse=True)


def next_number(tree: Tree | None) -> int:
    """The number of the next pull request, from 1."""
    return next(all_numbers(tree), 0) + 1 if tree is not None else 1


def _numbered(tree: Tree, kind: EntryKind) -> Iterator[int]:
    for entry in tree.entries():
        name = entry.name.removesuffix(".json")
        if entry.kind is kind and name.isdecimal():
            yield int(name)
