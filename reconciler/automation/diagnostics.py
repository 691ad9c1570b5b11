"""Terraform's own words for what went wrong, taken from its output and made safe to publish."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.automation.terraform import Completed
from reconciler.model.documents import Json
from reconciler.model.reports import MAX_MESSAGE, cut_middle

# Summaries that mean "somebody else was here", not "this is wrong". Terraform and OpenTofu have the same.
STALE_PLAN = "Saved plan is stale"
LOCKED = "Error acquiring the state lock"

# What AWS calls its secrets in an environment; an access key id is no secret.
SECRET_NAMES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Redactor:
    """Takes known secrets out of text that other people will read."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Redactor:
        """The redactor for what the child process was given."""
        return cls(tuple(value for name in SECRET_NAMES if len(value := env.get(name, "")) >= _SHORTEST_SECRET))

    def clean(self, text: str) -> str:
        """The text without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


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
