"""What came of each folder of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.keys import Key
from reconciler.model.reports import LeftOut


class Outcome(StrEnum):
    """What came of one folder."""

    APPLIED = "applied"
    DESTROYED = "destroyed"
    PLANNED = "planned"
    REPORTED = "reported"  # nothing to do: its deployment has a final report, or the folder is gone
    FAILED = "failed"  # Terraform's verdict
    REFUSED = "refused"  # the setup of this run is at fault; nothing is reported, a later run does it
    UNFINISHED = "unfinished"  # nothing is at fault; a later run does it


@dataclass(frozen=True)
class FolderResult:
    """One folder's outcome. `message` is Terraform's error, the reason of a refusal, or the plan."""

    folder: str
    outcome: Outcome
    key: Key | None = None
    message: str = ""
    outputs: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
