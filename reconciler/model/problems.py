"""Problems found in files: a stable code, the place, what is wrong and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops what depends on the file; a warning is said and tolerated, as Proton did."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file. `line` and `column` count from 1; `0` means the file as a whole."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong at one place. `hint` says what to do, as a phrase without a final period."""

    position: Position
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def is_error(self) -> bool:
        """True when what depends on the file cannot go on."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        mark = "" if self.is_error else "warning: "
        advice = f" ({self.hint})" if self.hint else ""
        return one_line(f"{self.position}: {mark}[{self.code}] {self.message}{advice}")


def one_line(text: str) -> str:
    """The text without characters that could start a new line or otherwise pose as output of ours."""
    return "".join(item if item.isprintable() else item.encode("unicode_escape").decode() for item in text)
