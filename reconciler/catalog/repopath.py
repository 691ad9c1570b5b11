"""Paths inside a repository, as people write them in files."""

from __future__ import annotations


def path_inside(text: str) -> str | None:
    """The path from the top of a repository, without slashes at the ends: `./a/b/` and `/a/b` are `a/b`, `.` is empty.
    None for a path that could lead elsewhere."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    return None if ".." in parts or "\0" in text else "/".join(parts)
