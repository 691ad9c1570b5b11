"""Terraform's own words for what went wrong, taken from its output and made safe to publish."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.automation.terraform import Completed
from reconciler.model.documents import Json
from reconciler.model.reports import MAX_MESSAGE, cut_middle

# Summaries that mean "somebody else was here", not "this is wrong". Terraform and OpenTofu have the same.
STALE_PLAN = "Saved plan is stale"
LOCKED = "Error acquiring the state lock"

# What the name of a variable with a secret has in it; too many are better than too few.
_SECRET = re.compile("TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE_KEY|ACCESS_KEY", re.I)
_SHORTEST_SECRET = 8
# The user in an ssh:// URL is no secret, and one says more with it.
_USER_INFO = re.compile(r"""((?<!ssh)://|(?<=ssh)://(?=[^/\s"'<>@]*:))[^/\s"'<>]+@""")


@dataclass(frozen=True)
class Redactor:
    """Takes known secrets, and the users and passwords in URLs, out of text that other people will read. A longer
    secret stands before one that is part of it."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Redactor:
        """The redactor for what the child process was given."""
        found = {form for name, value in env.items() if _SECRET.search(name) for form in _forms(value)}
        return cls(tuple(sorted(found, key=lambda form: (-len(form), form))))

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return _USER_INFO.sub(r"\1***@", text)

    def finds(self, text: str) -> bool:
        """True when there is something to take out."""
        return self.clean(text) != text


def _forms(value: str) -> set[str]:
    """How a secret may stand in Terraform's words: as it is, line by line, and inside JSON or HCL."""
    lines = [line.strip() for line in value.splitlines()]
    forms = {value, value.strip(), *lines, json.dumps(value, ensure_ascii=False)[1:-1]}
    return {form for form in forms if len(form) >= _SHORTEST_SECRET}


def events(stdout: str) -> Iterable[Mapping[str, Json]]:
    """The events in the output of a command run with `-json`, one a line; other lines are passed over."""
    for line in stdout.splitlines():
        event = event_of(line)
        if event is not None:
            yield event


def event_of(line: str) -> Mapping[str, Json] | None:
    """The event on one line, or None when there is none."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _errors(stdout: str) -> list[Mapping[str, Json]]:
    found = (event.get("diagnostic") for event in events(stdout))
    return [item for item in found if isinstance(item, dict) and item.get("severity") == "error"]


def has_error(result: Completed, summary: str) -> bool:
    """True when one of the errors of a `-json` run has this summary."""
    return any(item.get("summary") == summary for item in _errors(result.stdout))


def words(result: Completed, redactor: Redactor) -> str:
    """What to tell people of a run that failed: at most 5000 characters, without secrets.

    Errors from `-json` output where there are any, else what Terraform wrote to its standard error.
    """
    errors = _errors(result.stdout)
    if errors:
        text = "\n\n".join(_sentence(error) for error in errors)
    else:
        text = result.stderr.strip() or result.stdout.strip()
    if result.code < 0:
        text = f"{text}\n\nTerraform was ended by signal {-result.code}".strip()
    text = redactor.clean(text) or f"Terraform ended with code {result.code} and said nothing"
    return cut_middle(text, MAX_MESSAGE)


def _sentence(error: Mapping[str, Json]) -> str:
    place = error.get("range")
    where = f" ({place['filename']}:{place['start']['line']})" if isinstance(place, dict) else ""
    detail = str(error.get("detail", "")).strip()
    return f"Error: {error.get('summary', '')}{where}" + (f"\n{detail}" if detail else "")
