"""Records that are lost, foreign or damaged stop a pass; they are never written over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop


def test_records_of_another_catalog_are_refused(living: Workshop) -> None:
    text = (living.catalog / "reconciler.yaml").read_text()
    lineage = next(line.split()[1] for line in text.splitlines() if "lineage:" in line)
    other = "00000000-0000-4000-8000-000000000000"
    living.write("reconciler.yaml", text.replace(lineage, other))
    living.commit("another lineage")
    before = living.records()
    said = living.run("apply")
    assert said.code == 1
    assert f"holds the records of another catalog: lineage {lineage}, not {other}" in said.err
    assert "spec.records" in said.err
    assert living.records() == before


def test_lost_records_are_never_a_first_run(living: Workshop) -> None:
    living.git("update-ref", "-d", "refs/heads/reconciler/records")
    for options in ((), ("--init-records",)):
        said = living.run("apply", *options)
        assert said.code == 1
        assert "the records are lost" in said.err
        assert "from a clone that has it" in said.err
        assert living.records() == ""
    assert not living.pulls()


RECORDS = {
    "truncated": (lambda text: text[: len(text) // 2], "is damaged", "git log"),
    "empty": (lambda text: "", "is damaged", "git log"),
    "of no format": (lambda text: text.replace('"format": 1', '"format": "x"'), "is damaged", "git log"),
    "of a newer format": (lambda text: text.replace('"format": 1', '"format": 9'), "has format 9", "newer reconciler"),
    "of another resource": (
        lambda text: text.replace('"key": "environment/dev"', '"key": "environment/prod"'),
        "is the record of environment/prod",
        "restore",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_damaged_record_is_named_and_left_alone(living: Workshop, name: str) -> None:
    damage, message, way_out = RECORDS[name]
    path = next(
        line for line in living.git("ls-tree", "-r", "--name-only", "reconciler/records").splitlines()
        if line.startswith("resources/environment/") and line.endswith("/dev.json")
    )  # fmt: skip
    living.git("worktree", "add", "-q", "../damaged", "reconciler/records")
    file = living.root / "damaged" / path
    file.write_text(damage(file.read_text()))
    living.git("commit", "-q", "-a", "-m", "damage", at="damaged")
    living.git("worktree", "remove", "--force", "../damaged")
    living.edit("environments/dev/environment.yaml", "10.0.0.0/16", "10.7.0.0/16")
    living.commit("another network")
    before = living.records()
    for words in (("apply",), ("plan",), ("explain", "environment/dev"), ("status",)):
        said = living.run(*words)
        assert said.code == 1, words
        assert f"{path} on the records branch {message}" in said.err
        assert way_out in said.err
    assert living.records() == before
