from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from cfnlint.decode.decode import decode

from reconciler.automation.terraform import find_terraform, terraform_environment
from tests.golden.case import CASES, HERE, case_names, expected, is_safe, play


@pytest.mark.parametrize("name", case_names())
def test_a_case_goes_as_blessed(name: str, bless: bool) -> None:
    steps = list(play(name))
    for step in steps:
        assert is_safe(step.name)
        assert step.decisions == step.expect, f"{name}, {step.name}"
    folder = CASES / name / "expected"
    if bless:
        shutil.rmtree(folder, ignore_errors=True)
        for step in steps:
            write(folder / step.name, step.files)
    assert sorted(path.name for path in folder.glob("*")) == [step.name for step in steps]
    for step in steps:
        was = expected(name, step.name)
        if was != step.files:
            pytest.fail(f"{name}, {step.name}\n{difference(was, step.files)}\n(if this is meant: --bless)")


def test_every_generated_file_is_formatted_as_terraform_wants_it() -> None:
    program = find_terraform()
    done = program.run(["fmt", "-check", "-recursive", str(HERE)], cwd=HERE, env=terraform_environment(os.environ))
    assert (done.code, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("name", ["builds", "example", "stacks"])
def test_another_process_gives_the_same_bytes(name: str) -> None:
    """Whatever order its sets and hashes have."""
    script = f"from tests.golden.test_golden import digest; print(digest({name!r}))"
    top = HERE.parent.parent
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(top)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=top, env=environment)
    assert (done.returncode, done.stdout.strip()) == (0, digest(name)), done.stderr


def digest(name: str) -> str:
    """All that comes of a case."""
    steps = {step.name: sorted(step.files.items()) for step in play(name)}
    return hashlib.sha256(repr(steps).encode()).hexdigest()


def blessed(*suffixes: str) -> list[Path]:
    """Rendered files of all cases by the end of their names."""
    found = [path for path in CASES.glob("*/expected/*/files/**/*") if path.name.endswith(suffixes) and path.is_file()]
    assert found
    return found


def test_every_rendered_stack_can_be_decoded() -> None:
    ours = ("deployment-metadata.json", "buildspec.json", "project.json", "proton.auto.tfvars.json", "inputs.json")
    stacks = [path for path in blessed(".yaml", ".yml", ".json") if not path.name.endswith(ours)]
    assert {path.suffix for path in stacks} == {".yaml", ".yml", ".json"}
    for path in stacks:
        template, found = decode(str(path))
        assert not found, f"{path}: {found}"
        assert template["Resources"]


def test_every_buildspec_and_project_can_be_read() -> None:
    for path in blessed("buildspec.json"):
        spec = json.loads(path.read_bytes())
        assert spec["version"] == "0.2"
        assert all(isinstance(command, str) for command in spec["phases"]["build"]["commands"]), path
    for path in blessed("project.json"):
        variables = json.loads(path.read_bytes())["Environment"]["EnvironmentVariables"]
        assert [item["Name"] for item in variables if item["Name"] == "RESOURCE_ARN"] == ["RESOURCE_ARN"], path


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def difference(was: Mapping[str, bytes], now: Mapping[str, bytes]) -> str:
    lines: list[str] = []
    for path in sorted(was.keys() | now.keys()):
        old, new = (files.get(path, b"").decode().splitlines() for files in (was, now))
        if path not in was or path not in now:
            lines.append(f"{'not expected' if path not in was else 'missing'}: {path}")
        lines += difflib.unified_diff(old, new, f"expected/{path}", f"now/{path}", lineterm="")
    return "\n".join(lines[:400])
