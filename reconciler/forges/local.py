"""A forge without a server: pull requests kept in the repository itself.

It serves a person alone at a machine, the demo and the tests. Every decision is one compare-and-swap on
`refs/reconciler/pulls`, or, for a merge, on the base branch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.errors import ConflictError, InputError
from reconciler.forges.base import PullRequest, PullState
from reconciler.forges.pulls import (
    PULLS_REF,
    Pull,
    all_numbers,
    branch_path,
    encode_pull,
    head_ref,
    next_number,
    pull_path,
    read_numbers,
    read_pull,
)
from reconciler.gitstore.base import RECONCILER, Edit, GitRemote, Person
from reconciler.model.documents import canonical
from reconciler.model.moments import seconds
from reconciler.model.trees import Tree

ATTEMPTS = 100
_PAUSE = 0.005  # seconds, times the attempt, at most 20 times


class LocalForgeReader:
    """`ForgeReader` over a repository.

    While a pull request is open, its head is its branch's tip. It is merged as soon as its base reaches that head,
    whoever moved the base and whatever its file says; and closed when its branch is gone without that.
    """

    def __init__(self, remote: GitRemote) -> None:
        self._remote = remote

    def find(self, branch: str) -> PullRequest | None:
        """See `ForgeReader`."""
        _, tree = self._pulls()
        pull = _newest(tree, branch)
        return self._view(pull) if pull is not None else None

    def get(self, number: int) -> PullRequest:
        """See `ForgeReader`."""
        _, tree = self._pulls()
        return self._view(self._known(tree, number))

    def list(self, state: PullState | None = None) -> tuple[PullRequest, ...]:
        """See `ForgeReader`. Reads every pull request there ever was."""
        _, tree = self._pulls()
        pulls = (self._view(self._known(tree, number)) for number in reversed(_numbers(tree)))
        return tuple(pull for pull in pulls if state is None or pull.state is state)

    def _pulls(self) -> tuple[str | None, Tree | None]:
        """The tip of the pull requests' ref, and its tree."""
        tip = self._remote.fetch(PULLS_REF).get(PULLS_REF)
        return tip, self._remote.objects.tree(tip) if tip else None

    def _known(self, tree: Tree | None, number: int) -> Pull:
        pull = read_pull(tree, number) if tree is not None else None
        if pull is None:
            raise InputError(f"there is no pull request #{number} in {self._remote.name}", hint="check the number")
        return pull

    def _view(self, pull: Pull) -> PullRequest:
        return self._shown(self._current(pull))

    def _shown(self, pull: Pull) -> PullRequest:
        return PullRequest(
            number=pull.number,
            branch=pull.branch,
            base=pull.base,
            title=pull.title,
            body=pull.body,
            state=pull.state,
            head=pull.head,
            url=f"{self._remote.name}#{pull.number}",
            merge_commit=pull.merge_commit,
            created_at=pull.created_at,
            comments=pull.comments,
            labels=pull.labels,
        )

    def _current(self, pull: Pull) -> Pull:
        """The pull request as the branches show it now."""
        if pull.state is PullState.MERGED:
            return pull
        branch, base, kept = _branch(pull.branch), _branch(pull.base), head_ref(pull.number)
        tips = self._remote.fetch(branch, base, kept)
        if pull.state is PullState.OPEN:
            pull = replace(pull, head=tips.get(branch) or tips.get(kept) or pull.head)
        if base in tips and self._remote.objects.is_ancestor(pull.head, tips[base]):
            commit = self._merge_commit(pull.head, tips[base])
            return replace(pull, state=PullState.MERGED, merge_commit=commit)
        if pull.state is PullState.OPEN and branch not in tips:
            return replace(pull, state=PullState.CLOSED)
        return pull

    def _merge_commit(self, head: str, tip: str) -> str:
        """The commit that brought `head` into the base: the oldest on its first-parent line that reaches it."""
        objects = self._remote.objects
        while (parents := objects.commit(tip).parents) and objects.is_ancestor(head, parents[0]):
            tip = parents[0]
        return tip


class LocalForge(LocalForgeReader):
    """`ForgeReader` and `ForgeWriter`, and the buttons that a person would press."""

    def reader(self) -> LocalForgeReader:
        """The same forge for those who may only look."""
        return LocalForgeReader(self._remote)

    def open(
        self, branch: str, base: str, title: str, body: str, labels: tuple[str, ...] = (), *, at: str
    ) -> PullRequest:
        """See `ForgeWriter`. Two creators meet at the compare-and-swap; the second one looks again and adopts."""

        def decide(tree: Tree | None) -> tuple[Pull, dict[str, Edit]]:
            newest = _newest(tree, branch)
            existing = self._current(newest) if newest is not None else None
            tips = self._remote.fetch(_branch(branch), _branch(base))
            if existing is not None and existing.state is PullState.OPEN:
                return existing, {}
            if existing is not None and existing.state is PullState.MERGED and existing.base == base:
                moved_on = tips.get(_branch(branch), existing.head) != existing.head
                if not moved_on:
                    return existing, {}
            head = self._proposed(tips, branch, base)
            number = next_number(tree)
            pull = Pull(number, title, body, PullState.OPEN, base, branch, head, created_at=at, labels=labels)
            numbers = (*(read_numbers(tree, branch) if tree is not None else ()), number)
            return pull, {pull_path(number): encode_pull(pull), branch_path(branch): canonical(list(numbers))}

        pull = self._decide(f"Open a pull request for {branch}", at, decide)
        if pull.state is PullState.OPEN:
            self._keep_head(pull)
        return self._shown(pull)

    def close(self, number: int, comment: str = "", *, at: str) -> PullRequest:
        """See `ForgeWriter`."""

        def decide(pull: Pull) -> Pull:
            if pull.state is PullState.MERGED or pull.closed_at:
                return pull
            comments = _with(pull.comments, comment) if comment else pull.comments
            return replace(pull, state=PullState.CLOSED, closed_at=at, comments=comments)

        self._keep_head(self._current(self._known(self._pulls()[1], number)))
        self._change(number, f"Close pull request #{number}", at, decide)
        return self.get(number)  # a merge may have moved the base while we closed

    def comment(self, number: int, text: str, *, at: str) -> None:
        """See `ForgeWriter`."""
        self._change(
            number,
            f"Comment on pull request #{number}",
            at,
            lambda pull: replace(pull, comments=_with(pull.comments, text)),
        )

    def reopen(self, number: int, *, at: str) -> PullRequest:
        """Opens a closed pull request again; an open one stays as it is.

        Raises `InputError` when it was merged, its branch is gone, or another one is open for the branch.
        """

        def decide(pull: Pull) -> Pull:
            if pull.state is PullState.MERGED:
                raise InputError(f"{self._label(pull)} is merged", hint="open a new pull request")
            if pull.state is PullState.OPEN:
                return pull
            newest = self.find(pull.branch)
            if newest is not None and newest.number != number and newest.state is PullState.OPEN:
                raise InputError(f"#{newest.number} is open for {pull.branch}", hint="close it first")
            if _branch(pull.branch) not in self._remote.fetch(_branch(pull.branch)):
                raise InputError(f"the branch {pull.branch} of {self._label(pull)} is gone", hint="push it again")
            return replace(pull, state=PullState.OPEN, closed_at="")

        self._change(number, f"Reopen pull request #{number}", at, decide)
        return self.get(number)

    def merge(self, number: int, *, at: str, author: Person = RECONCILER, delete_branch: bool = False) -> PullRequest:
        """Merges with a merge commit, in memory; moving the base is the one step that counts.

        What a crash leaves undone after it, any reader sees and a repetition completes. A merged pull request stays as
        it is. Raises `InputError` for a closed one, and when the branches conflict.
        """
        pull = self._retry(lambda: self._move_base(number, at, author), f"merge #{number}")
        self._change(number, f"Merge pull request #{number}", at, lambda now: _merged(now, pull, at))
        if delete_branch:
            self._delete_branch(pull)
        return self.get(number)

    def _move_base(self, number: int, at: str, author: Person) -> Pull:
        """The pull request as merged; moves the base unless it already holds the head."""
        pull = self._current(self._known(self._pulls()[1], number))
        if pull.state is PullState.MERGED:
            return pull
        if pull.state is PullState.CLOSED:
            raise InputError(f"{self._label(pull)} is closed", hint="reopen it first")
        self._keep_head(pull)
        base = self._remote.fetch(_branch(pull.base)).get(_branch(pull.base))
        if base is None:
            raise InputError(f"the base branch {pull.base} of {self._label(pull)} is gone", hint="push it again")
        tree = self._remote.objects.merge(base, pull.head)
        if tree is None:
            raise InputError(
                f"{self._label(pull)} conflicts with {pull.base}",
                hint=f"merge {pull.base} into {pull.branch}, resolve the conflict, push, and merge again; or close it",
            )
        message = f"Merge pull request #{number} from {pull.branch}\n\n{pull.title}\n"
        commit = self._remote.objects.write_commit(tree, (base, pull.head), message, author=author, time=_seconds(at))
        self._remote.update(_branch(pull.base), old=base, new=commit)
        return replace(pull, state=PullState.MERGED, merge_commit=commit)

    def _delete_branch(self, pull: Pull) -> None:
        """Deletes the head branch, unless it has moved on: then it holds work that nobody merged."""
        if self._remote.fetch(_branch(pull.branch)).get(_branch(pull.branch)) != pull.head:
            return
        try:
            self._remote.update(_branch(pull.branch), old=pull.head, new=None)
        except ConflictError:
            return

    def _change(self, number: int, message: str, at: str, decide: Callable[[Pull], Pull]) -> Pull:
        """Replaces one pull request by what `decide` makes of its current state."""

        def edit(tree: Tree | None) -> tuple[Pull, dict[str, Edit]]:
            stored = self._known(tree, number)
            after = decide(self._current(stored))
            return after, {pull_path(number): encode_pull(after)} if after != stored else {}

        return self._decide(message, at, edit)

    def _decide(self, message: str, at: str, decide: Callable[[Tree | None], tuple[Pull, dict[str, Edit]]]) -> Pull:
        """One commit on the pull requests' ref; decided anew whenever somebody else was faster."""

        def attempt() -> Pull:
            tip, tree = self._pulls()
            pull, edits = decide(tree)
            if edits:
                objects = self._remote.objects
                after = objects.write_tree(tree.id if tree else None, edits)
                parents = (tip,) if tip else ()
                commit = objects.write_commit(after, parents, message + "\n", author=RECONCILER, time=_seconds(at))
                self._remote.update(PULLS_REF, old=tip, new=commit)
            return pull

        return self._retry(attempt, message)

    def _retry(self, attempt: Callable[[], Pull], what: str) -> Pull:
        for number in range(1, ATTEMPTS + 1):
            try:
                return attempt()
            except ConflictError:
                time.sleep(_PAUSE * min(number, 20))
        raise ConflictError(f"{self._remote.name} is too busy to {what[0].lower()}{what[1:]}", hint="try again")

    def _keep_head(self, pull: Pull) -> None:
        """Keeps the head from being collected, for when its branch is deleted."""
        ref = head_ref(pull.number)
        kept = self._remote.fetch(ref).get(ref)
        if kept == pull.head:
            return
        try:
            self._remote.update(ref, old=kept, new=pull.head)
        except ConflictError:
            return  # another program keeps a head of the same pull request at this moment

    def _proposed(self, tips: Mapping[str, str], branch: str, base: str) -> str:
        for name in (branch, base):
            if _branch(name) not in tips:
                raise InputError(f"{self._remote.name} has no branch {name}", hint="push it first")
        head = tips[_branch(branch)]
        if self._remote.objects.is_ancestor(head, tips[_branch(base)]):
            raise InputError(f"{branch} has no commit that {base} lacks", hint="commit something to it first")
        return head

    def _label(self, pull: Pull) -> str:
        return f"pull request #{pull.number} of {self._remote.name}"


def _merged(now: Pull, merged: Pull, at: str) -> Pull:
    """The file after a merge: the fact, and when it was noted."""
    return replace(
        now, state=PullState.MERGED, head=merged.head, merge_commit=merged.merge_commit, closed_at=now.closed_at or at
    )


def _newest(tree: Tree | None, branch: str) -> Pull | None:
    numbers = read_numbers(tree, branch) if tree is not None else ()
    return read_pull(tree, numbers[-1]) if tree is not None and numbers else None


def _numbers(tree: Tree | None) -> tuple[int, ...]:
    return tuple(all_numbers(tree)) if tree is not None else ()


def _with(comments: tuple[str, ...], text: str) -> tuple[str, ...]:
    return comments if text in comments else (*comments, text)


def _branch(name: str) -> str:
    return f"refs/heads/{name}"


def _seconds(at: str) -> int:
    """Seconds since the epoch of an RFC 3339 time. Raises `InputError` for anything else."""
    try:
        return seconds(at)
    except ValueError:
        raise InputError(f'"{at}" is not a time', hint="write it like 2026-01-31T12:00:00Z") from None
