"""Work grows with the change, not with the catalog: blobs read, refs moved and commits made, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.gitstore.local import LocalRemote
from reconciler.gitstore.objects import PygitObjects
from reconciler.model.identity import environment_folder
from reconciler.model.keys import environment_key
from tests.support.story import FILES, NOW, Story, environment


class Counts:
    """What was done, by kind."""

    def __init__(self) -> None:
        self.blobs = 0
        self.updates = 0


@contextmanager
def counted() -> Iterator[Counts]:
    counts = Counts()
    read, update = PygitObjects.read, LocalRemote.update

    def counting_read(objects: PygitObjects, blob: str) -> bytes:
        counts.blobs += 1
        return read(objects, blob)

    def counting_update(remote: LocalRemote, ref: str, *, old: str | None, new: str | None) -> None:
        counts.updates += 1
        update(remote, ref, old=old, new=new)

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(PygitObjects, "read", counting_read)
        monkeypatch.setattr(LocalRemote, "update", counting_update)
        yield counts


def _settled(home: Path, others: int) -> Story:
    """One environment that went through its life, and `others` that are recorded just like it."""
    story = Story.begin(home)
    story.commit({**FILES, **environment("dev", cidr="a")})
    story.apply()
    story.merge()
    story.report()
    story.apply()
    names = [f"e{number:05}" for number in range(others)]
    files: dict[str, str | None] = {}
    for name in names:
        files |= environment(name, cidr="a")
    commit = story.commit(files)
    tip = story.store.tip()
    assert tip is not None
    book = story.store.book(tip)
    model = book.get(environment_key("dev")).latest
    cursor = book.cursor
    assert model is not None
    assert cursor is not None
    for name in names:
        key = environment_key(name)
        target = replace(model.target, folder=environment_folder(name))
        same = replace(model, key=key, id=model.id[:-5] + name[1:], target=target)
        book.put(replace(book.get(key), count=1, latest=same, effective=same, placed=same))
    book.put_cursor(replace(cursor, catalog_commit=commit))
    story.store.commit(tip, [(book, "many more\n")], NOW)
    return story


def _one_change(story: Story) -> tuple[int, int]:
    story.commit(environment("dev", cidr="b"))
    with counted() as counts:
        result = story.apply()
    assert result.plan is not None
    assert [str(action.key) for action in result.plan.actions] == ["environment/dev"]
    assert not result.plan.unchanged, "nobody else was looked at"
    return counts.blobs, counts.updates


def test_a_change_of_one_file_reads_as_much_among_ten_thousand_as_among_ten(tmp_path: Path) -> None:
    few, many = _settled(tmp_path / "few", 10), _settled(tmp_path / "many", 10_000)
    blobs, updates = _one_change(few)
    assert (blobs, updates) == _one_change(many)
    assert blobs <= 40


def test_a_pass_with_nothing_to_do_moves_no_ref_and_reads_a_handful(tmp_path: Path) -> None:
    story = _settled(tmp_path, 200)
    with counted() as counts:
        result = story.apply()
    assert result.plan is not None
    assert not result.plan.has_changes
    assert counts.updates == 0
    assert counts.blobs <= 10


def test_one_deployment_moves_five_refs(tmp_path: Path) -> None:
    story = _settled(tmp_path, 0)
    _, updates = _one_change(story)
    assert updates == 5, "claim, branch, pull request, its head, outcome"
