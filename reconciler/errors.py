"""What can go wrong, sorted by who can mend it, and the exit code that says so.

The exit code speaks of this run only: what is blocked, waiting or failed earlier is no failure of this run.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The one table of exit codes, for every verb."""

    OK = 0
    BAD = 1  # the input, or a deployment of this run, is bad
    CHANGES = 2  # only `plan --detailed-exitcode`: there is something to do
    DEFECT = 3  # a defect in this program
    TRY_AGAIN = 4  # could not finish now: a conflict, the network, a full disk
    USAGE = 64  # wrong usage of the command line
    INTERRUPTED = 130


class ReconcilerError(Exception):
    """Something the user should read: what happened, and what to do about it.

    `message` says what happened and where; `hint` says what to do, in one sentence without a final period.
    """

    exit_code = ExitCode.BAD

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(ReconcilerError):
    """What a person wrote, or asked for, cannot be done."""


class UsageError(ReconcilerError):
    """The command line itself is wrong."""

    exit_code = ExitCode.USAGE


class TryAgainError(ReconcilerError):
    """Nothing is wrong with the input: the same command may succeed later."""

    exit_code = ExitCode.TRY_AGAIN


class ConflictError(TryAgainError):
    """Somebody else changed what we were about to change; look again and decide anew."""


class RecordsError(ReconcilerError):
    """The records branch is missing, foreign or damaged."""
