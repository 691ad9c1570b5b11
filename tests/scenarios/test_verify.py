"""`reconciler verify`: a living branch is consistent, and what is edited by hand is found and can be restored."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.scenarios.conftest import RECORDS, Said, Workshop

DEV = "resources/environment/ef/dev.json"


def tamper(workshop: Workshop, change: Callable[[], object]) -> str:
    """A commit on the records branch, as a person makes one. Returns the commit before it."""
    before = workshop.records()
    workshop.git("worktree", "add", "-q", "-f", "../records", "reconciler/records")
    change()
    workshop.git("add", "--all", at="records")
    workshop.git("commit", "-q", "-m", "by hand [skip ci]", at="records")
    workshop.git("worktree", "remove", "--force", "../records")
    return before


def restore(workshop: Workshop, command: str) -> None:
    """What the hint of a fault says, in a checkout of the branch."""
    tamper(workshop, lambda: workshop.git(*command.split()[1:], at="records"))


def problems(said: Said) -> set[tuple[str, str]]:
    return {(item["code"], item["key"]) for item in said.json["problems"]}


def test_the_records_of_a_living_catalog_are_consistent(living: Workshop) -> None:
    said = living.run("verify")
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("The records are consistent at ")
    before = living.records()
    document = living.run("verify", "-o", "json").json
    assert document["valid"]
    assert document["problems"] == []
    assert document["recordsCommit"] == before == living.records()
    assert min(document["resources"], document["templates"], document["bundles"]) > 0


def test_they_are_consistent_while_something_is_open_and_after_a_deletion(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit()
    living.apply()
    assert living.run("verify").code == 0
    living.work_off()
    assert living.run("verify").code == 0


def test_without_records_there_is_nothing_to_verify(workshop: Workshop) -> None:
    said = workshop.run("verify")
    assert said.code == 1
    assert "there are no records here yet" in said.err


def test_an_edited_record_is_named_with_the_commit_to_restore_it_from(living: Workshop) -> None:
    def forge() -> None:
        file = living.root / "records" / DEV
        file.write_text(file.read_text().replace("10.", "11."))

    tamper(living, forge)
    said = living.run("verify")
    assert said.code == 1
    line = next(line for line in said.out.splitlines() if line.startswith(DEV))
    assert "[digest]" in line
    commit = living.git("log", "-1", "--skip=1", "--format=%H", RECORDS, "--", DEV)
    command = line.rpartition("(restore it: ")[2].removesuffix(")")
    # The newest commit that has the right file, which need not be the one that wrote it.
    words = command.split()
    assert (words[:2], words[3:]) == (["git", "checkout"], ["--", DEV])
    assert living.git("rev-parse", f"{words[2]}:{DEV}") == living.git("rev-parse", f"{commit}:{DEV}")
    restore(living, command)
    assert living.run("verify").code == 0
    living.apply()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (DEV, "missing"),
        ("lineage.json", "lineage"),
        ("cursor.json", "cursor"),
        ("index/users/environment-template", "index"),
        ("resources/service-template", "missing"),
        ("bundles", "bundle"),
    ],
)
def test_what_was_removed_is_found_and_restored(living: Workshop, path: str, code: str) -> None:
    tamper(living, lambda: living.git("rm", "-r", "-q", path, at="records"))
    said = living.run("verify", "-o", "json")
    assert said.code == 1
    found = said.json["problems"]
    assert {item["code"] for item in found} == {code}
    assert all(item["key"].startswith(path) for item in found)
    for item in found:
        if code == "index":
            assert item["hint"] == "add it: an empty file"
        else:
            restore(living, item["hint"].removeprefix("restore it: "))
    assert living.run("verify").code == (1 if code == "index" else 0)


def test_a_cursor_that_names_no_commit_is_found(living: Workshop) -> None:
    def lose() -> None:
        file = living.root / "records" / "cursor.json"
        document = json.loads(file.read_text())
        text = file.read_text().replace(document["catalogCommit"], "0" * 40)
        file.write_text(text)

    tamper(living, lose)
    said = living.run("verify", "-o", "json")
    assert problems(said) == {("cursor", "cursor.json")}


def test_what_does_not_belong_there_is_found(living: Workshop) -> None:
    tamper(living, lambda: (living.root / "records" / "notes.txt").write_text("hello"))
    assert problems(living.run("verify", "-o", "json")) == {("unknown-file", "notes.txt")}


def test_a_clone_verifies_what_it_fetched(living: Workshop) -> None:
    living.git("clone", "-q", "catalog", "clone", at=".")
    said = living.run("verify", "--catalog", "clone")
    assert said.code == 0, said.text
