"""Terraform's judgement of HCL: does it parse, and is it formatted?"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.automation.terraform import Completed, Terraform, terraform_environment
from reconciler.errors import TryAgainError

_SYNTAX, _UNFORMATTED = 2, 3
_ENDINGS = (".tf", ".tfvars", ".tftest.hcl")
_PLACE = re.compile(r"  on (?P<name>\d+\.[a-z.]+) line (?P<line>\d+)")


@dataclass(frozen=True)
class FormatProblem:
    """A file that Terraform does not accept (`line` counts from 1), or one that it would write differently (0)."""

    path: str
    line: int
    message: str

    @property
    def is_syntax(self) -> bool:
        """True when the file cannot be parsed."""
        return self.line > 0


def check_format(files: Mapping[str, bytes], terraform: Terraform) -> tuple[FormatProblem, ...]:
    """What `terraform fmt -check` says of these files by path, in order of path; files that are not HCL are passed
    over. One process for all of them, a second one when some do not parse. Raises `TryAgainError` when Terraform
    fails for another reason."""
    # The files get names of our own, since a path in a catalog may look like anything, also like Terraform's words.
    names = {
        f"{number}{ending}": path
        for number, path in enumerate(sorted(files))
        for ending in [next((ending for ending in _ENDINGS if path.endswith(ending)), "")]
        if ending
    }
    if not names:
        return ()
    with tempfile.TemporaryDirectory(prefix="reconciler-fmt-") as scratch:
        folder = Path(scratch)
        for name, path in names.items():
            (folder / name).write_bytes(files[path])
        found = [FormatProblem(names[name], line, words) for name, line, words in _judge(terraform, folder)]
    return tuple(sorted(found, key=lambda problem: (problem.path, problem.line)))


def _judge(terraform: Terraform, folder: Path) -> Sequence[tuple[str, int, str]]:
    result = _run(terraform, folder)
    found: list[tuple[str, int, str]] = []
    if result.code == _SYNTAX:
        # With a syntax error anywhere, Terraform keeps the list of unformatted files to itself: ask again without.
        found += _syntax_errors(result.stderr)
        for name, _, _ in found:
            (folder / name).unlink(missing_ok=True)
        if found and any(folder.iterdir()):
            result = _run(terraform, folder)
    if result.code == _UNFORMATTED:
        found += [(Path(name).name, 0, "not formatted as `terraform fmt` would") for name in result.stdout.split()]
    elif result.code != 0 and not found:
        raise TryAgainError(f"{terraform.name} fmt failed: {result.stderr.strip()}", hint="see whether it runs at all")
    return found


def _syntax_errors(stderr: str) -> list[tuple[str, int, str]]:
    """The first error of each file: (name, line, words)."""
    first: dict[str, tuple[str, int, str]] = {}
    for block in re.split(r"^Error: ", stderr, flags=re.M)[1:]:
        summary, _, rest = block.partition("\n\n")
        place, _, detail = rest.partition("\n\n")
        match = _PLACE.match(place)
        if match is not None:
            message = ": ".join(" ".join(text.split()) for text in (summary, detail) if text.strip())
            first.setdefault(match["name"], (match["name"], int(match["line"]), message))
    return list(first.values())


def _run(terraform: Terraform, folder: Path) -> Completed:
    args = ["fmt", "-check", "-list=true", "-no-color"]
    return terraform.run(args, cwd=folder, env=terraform_environment(os.environ))
