"""Whether Terraform can read the files of a bundle: what is broken must never reach a pull request."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.automation.fmt import check_format
from reconciler.automation.terraform import Terraform, find_terraform
from reconciler.errors import InputError
from reconciler.model.problems import Position, Problem, Severity

_BOM = b"\xef\xbb\xbf"


def syntax_problems(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """What Terraform could not read in these files by path: errors only. One process for all of them, and none where
    Terraform is not at hand. Raises `TryAgainError` when Terraform fails for a reason of its own."""
    return tuple(problem for problem in file_problems(files, terraform_at_hand()) if problem.is_error)


def terraform_at_hand() -> Terraform | None:
    """Terraform, or None where it is not installed."""
    try:
        return find_terraform()
    except InputError:
        return None


def file_problems(files: Mapping[str, bytes], terraform: Terraform | None) -> tuple[Problem, ...]:
    """What is wrong with these files by path: errors of syntax, and warnings about their format."""
    problems = []
    for path, data in sorted(files.items()):
        # `terraform fmt` lets it pass, but the generated header comes before it in what is rendered.
        if path.endswith(".tf") and data.startswith(_BOM):
            hint = "save it as UTF-8 without a byte order mark"
            problems.append(Problem(Position(path, 1, 1), "TEMPLATE_SYNTAX", "it starts with a byte order mark", hint))
    for found in check_format(files, terraform) if terraform is not None and files else ():
        if found.is_syntax:
            place = Position(found.path, found.line, 1)
            problems.append(Problem(place, "TEMPLATE_SYNTAX", found.message, "correct it: Terraform cannot read it"))
        else:
            hint = "run `terraform fmt` in that folder: workflows that check the format would refuse it"
            message = "not formatted as `terraform fmt` would"
            problems.append(Problem(Position(found.path), "TEMPLATE_FORMAT", message, hint, Severity.WARNING))
    return tuple(problems)
