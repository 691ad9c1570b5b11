"""What a person meets at the terminal: closed streams, wrong folders, and answers that must not mislead."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.main import run
from reconciler.engine.birth import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenarios.conftest import Workshop

MAILER = "service/mailer/service-instance/mailer-dev"
SERVICE = "services/mailer/service.yaml"
READERS = (("status",), ("history", MAILER), ("outputs", MAILER), ("versions",))


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("verb", ["status", "plan", "apply"])
def test_a_closed_stream_is_no_error(living: Workshop, verb: str, closed: str) -> None:
    said = subprocess.run(
        f"{sys.executable} -m reconciler {verb} --catalog catalog {closed}",
        shell=True, executable="/bin/bash", cwd=living.root, capture_output=True, text=True,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("text", ["spec: {}\n", "half of it, then \ud800"])
def test_settings_are_written_whole_or_not_at_all_and_keep_their_mode(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reconciler.yaml"
    file.write_text("old\n", encoding="utf-8")
    file.chmod(0o644)
    try:
        replace_file(file, text)
    except UnicodeEncodeError:  # as a disk that is full: the write itself fails
        assert file.read_text(encoding="utf-8") == "old\n"
    else:
        assert file.read_text(encoding="utf-8") == text
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_beginning_the_records_keeps_the_mode_of_the_settings(workshop: Workshop) -> None:
    settings = workshop.catalog / "reconciler.yaml"
    settings.chmod(0o664)
    workshop.apply("--init-records")
    assert settings.stat().st_mode & 0o777 == 0o664
    assert "lineage:" in settings.read_text(encoding="utf-8")


def _proposed(living: Workshop) -> str:
    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.apply()
    (name,) = living.pulls()
    return name


def test_a_merged_pull_request_cannot_be_closed(living: Workshop) -> None:
    name = _proposed(living)
    living.merge_all()
    said = living.run("pr", "close", name)
    assert said.code == 1
    assert f"{name} is merged already; it cannot be closed" in said.err
    assert said.out == ""


def _push_on_top(living: Workshop, path: str, text: str, branch: str) -> None:
    """One more commit on a branch of the infrastructure repository."""
    living.git("clone", "-q", "infrastructure.git", f"on-{branch.replace('/', '-')}", at=".")
    clone = f"on-{branch.replace('/', '-')}"
    living.git("checkout", "-q", branch, at=clone)
    (living.root / clone / path).write_text(text, encoding="utf-8")
    living.git("add", "--all", at=clone)
    living.git("commit", "-q", "-m", "by hand", at=clone)
    living.git("push", "-q", "origin", branch, at=clone)


def test_the_diff_of_a_pull_request_is_all_that_merging_changes(living: Workshop) -> None:
    name = _proposed(living)
    (branch,) = (item["branch"] for item in living.run("pr", "list", "-o", "json").json["pullRequests"])
    _push_on_top(living, "NOTES.md", "by hand\n", branch)
    _push_on_top(living, "ELSEWHERE.md", "not ours\n", "main")
    shown = living.run("pr", "diff", name).out
    assert '+      "queue" : "letters"' in shown  # the first commit
    assert "+++ b/NOTES.md" in shown  # the second one
    assert "ELSEWHERE.md" not in shown  # what the base has by now is no part of it

    living.merge_all()
    assert living.run("pr", "diff", name).out == shown


def test_the_diff_of_a_pull_request_that_conflicts_says_so(living: Workshop) -> None:
    name = _proposed(living)
    _push_on_top(living, "dev/mailer-mailer-dev/proton.auto.tfvars.json", "{}\n", "main")
    said = living.run("pr", "diff", name)
    assert said.code == 1
    assert f"{name} conflicts with main" in said.err
    assert said.out == ""


def test_history_is_newest_first_by_number(living: Workshop) -> None:
    for old, new in (("mail", "letters"), ("letters", "mail"), ("mail", "cards")):
        living.edit(SERVICE, f"queue: {old}", f"queue: {new}")
        living.commit(new)
        living.apply()
        numbers = [item["number"] for item in living.run("history", MAILER, "-o", "json").json["deployments"]]
        assert len(numbers) >= 2
        assert numbers == sorted(numbers, reverse=True)


def test_outputs_of_what_was_deleted_say_that_it_was(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mailer")
    living.work_off()
    said = living.run("outputs", MAILER)
    assert said.code == 1
    assert f"{MAILER} was deleted" in said.err
    assert "not succeeded yet" not in said.err


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
def test_reading_verbs_in_a_folder_that_is_no_catalog_say_so(workshop: Workshop, words: tuple[str, ...]) -> None:
    (workshop.root / "empty").mkdir()
    said = workshop.run(*words, "--catalog", "empty")
    assert said.code == 1
    assert "there is no reconciler.yaml here" in said.err
    assert "apply" not in said.err


@pytest.mark.parametrize("words", [*READERS, ("plan",), ("apply",), ("validate",)], ids=lambda words: words[0])
def test_a_folder_inside_a_catalog_names_the_catalog_and_does_not_use_it(
    living: Workshop, words: tuple[str, ...]
) -> None:
    said = living.run(*words, "--catalog", "catalog/services/shop")
    assert said.code == 1
    assert "there is no reconciler.yaml here" in said.err
    assert f"{living.catalog.resolve()} has one" in said.err


def test_status_says_that_it_may_lag_only_while_something_is_in_progress(living: Workshop) -> None:
    assert living.run("status").err == ""
    _proposed(living)
    said = living.run("status")
    assert said.err == "As of the last pass; `reconciler explain KEY` looks at this moment.\n"
    assert living.run("status", "environment/dev").err == ""


def test_a_superseded_commit_is_told_how_to_be_handled_all_the_same(living: Workshop) -> None:
    old = living.git("rev-parse", "HEAD")
    living.edit(SERVICE, "queue: mail", "queue: letters")
    new = living.commit("another queue")
    living.apply()
    said = living.apply("--revision", old)
    assert f"Commit {old[:12]} is superseded by {new[:12]}, which" in said.err
    assert "--rewind" in said.err


_INTERRUPTED = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from reconciler.cli.main import main
main(["status"])
"""


@pytest.mark.parametrize("module", ["click", "reconciler.errors", "reconciler.cli.status", "pygit2", "rich.table"])
def test_ctrl_c_while_modules_are_imported_is_quiet(tmp_path: Path, module: str) -> None:
    program = [sys.executable, "-c", _INTERRUPTED, module]
    said = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 130, said.stderr
    assert "Traceback" not in said.stderr


def test_a_misspelt_verb_names_the_closest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["staus"]) == 64
    assert 'Did you mean "status"?' in capsys.readouterr().err
