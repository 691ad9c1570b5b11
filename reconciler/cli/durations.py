"""Lengths of time as people type them: 30m, 1h30m, 90s."""

from __future__ import annotations

import re

import click

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FORM = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s?)?")


class Duration(click.ParamType[int]):
    """A length of time in seconds. A number alone is seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """See `click.ParamType`."""
        if isinstance(value, int):
            return value
        match = _FORM.fullmatch(str(value))
        if match is None or not any(match.groups()):
            self.fail(f'"{value}" is no length of time; write 30m, 1h30m or 90s', param, ctx)
        return sum(int(count or 0) * seconds for count, seconds in zip(match.groups(), _SECONDS.values(), strict=True))
