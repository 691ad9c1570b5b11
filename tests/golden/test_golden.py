from __future__ import annotations

import difflib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

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
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("there is no terraform on this machine")
    environment = {name: value for name, value in os.environ.items() if name != "TF_CLI_CONFIG_FILE"}
    done = subprocess.run(
        [terraform, "fmt", "-check", "-recursive", str(HERE)],
        capture_output=True,
        text=True,
        env={**environment, "CHECKPOINT_DISABLE": "1"},
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


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
