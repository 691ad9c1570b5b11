"""What became of a pull request, wherever it lives."""

from __future__ import annotations

from enum import StrEnum


class PullState(StrEnum):
    """The state of a pull request, as its forge tells it."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"
