"""Moments as they stand in records and reports: RFC 3339 with a time zone."""

from __future__ import annotations

from datetime import datetime


def seconds(moment: str) -> int:
    """A moment as seconds since the epoch, as Git counts. Raises `ValueError` for anything that is none."""
    parsed = datetime.fromisoformat(moment)
    if parsed.tzinfo is None:
        raise ValueError(f"{moment!r} names no time zone")
    return int(parsed.timestamp())
