"""Template versions, and the line of versions that a resource follows."""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSION_PATTERN = r"^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8}))?$"
_VERSION = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?\Z")


@dataclass(frozen=True, order=True)
class Version:
    """One immutable version of a template; compared as numbers."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def made_from(template: str, version: Version | None) -> str:
    """A template and its version, for people; a component is made from none."""
    return f"{template} {version}" if version is not None else "directly defined"


@dataclass(frozen=True)
class VersionLine:
    """What a person asked for: `"1"` follows the newest published minor of major 1, `"1.2"` is exactly that minor."""

    major: int
    minor: int | None = None

    def __str__(self) -> str:
        return str(self.major) if self.minor is None else f"{self.major}.{self.minor}"

    def allows(self, version: Version) -> bool:
        """True when a version lies on this line."""
        return version.major == self.major and self.minor in (None, version.minor)


def parse_version(text: str) -> Version | None:
    """A `major.minor`, or None for anything else."""
    match = _VERSION.match(text)
    return Version(int(match[1]), int(match[2])) if match and match[2] is not None else None


def parse_line(text: str) -> VersionLine | None:
    """A `major` or `major.minor`, or None for anything else."""
    match = _VERSION.match(text)
    return VersionLine(int(match[1]), None if match[2] is None else int(match[2])) if match else None
