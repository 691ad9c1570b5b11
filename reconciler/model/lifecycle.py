"""The life of a deployment: Proton's statuses and every transition between them, in one table.

No other module compares statuses; they ask the questions below (reference 1.2 and 1.14).
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """DeploymentStatus of Proton's API model, as far as a pull request can lead there."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    DELETE_FAILED = "DELETE_FAILED"

    @property
    def is_running(self) -> bool:
        """True while something may still come of this deployment by itself."""
        return self in (Status.IN_PROGRESS, Status.DELETE_IN_PROGRESS)

    @property
    def is_success(self) -> bool:
        """True when the resource is as it was asked for."""
        return self in (Status.SUCCEEDED, Status.DELETE_COMPLETE)

    @property
    def is_gone(self) -> bool:
        """True when the resource no longer exists."""
        return self is Status.DELETE_COMPLETE

    @property
    def is_cancelled(self) -> bool:
        """True when a person or a newer desire stopped the deployment."""
        return self is Status.CANCELLED


class Event(StrEnum):
    """What can happen to a deployment."""

    SUCCEED = "reported as succeeded"
    FAIL = "reported as failed"
    CLOSE = "its pull request was closed"
    CANCEL = "a person cancelled it"
    TIME_OUT = "nothing came in time"
    SUPERSEDE = "a newer desire replaced it"
    REVIVE = "its pull request was reopened, or merged after all"


_TABLE: dict[tuple[Status, Event], Status] = {
    (Status.IN_PROGRESS, Event.SUCCEED): Status.SUCCEEDED,
    (Status.IN_PROGRESS, Event.FAIL): Status.FAILED,
    (Status.IN_PROGRESS, Event.CLOSE): Status.CANCELLED,
    (Status.IN_PROGRESS, Event.CANCEL): Status.CANCELLED,
    (Status.IN_PROGRESS, Event.TIME_OUT): Status.FAILED,
    (Status.IN_PROGRESS, Event.SUPERSEDE): Status.CANCELLED,
    (Status.DELETE_IN_PROGRESS, Event.SUCCEED): Status.DELETE_COMPLETE,
    (Status.DELETE_IN_PROGRESS, Event.FAIL): Status.DELETE_FAILED,
    (Status.DELETE_IN_PROGRESS, Event.CLOSE): Status.DELETE_FAILED,
    (Status.DELETE_IN_PROGRESS, Event.CANCEL): Status.DELETE_FAILED,
    (Status.DELETE_IN_PROGRESS, Event.TIME_OUT): Status.DELETE_FAILED,
    (Status.DELETE_IN_PROGRESS, Event.SUPERSEDE): Status.DELETE_FAILED,
    (Status.CANCELLED, Event.REVIVE): Status.IN_PROGRESS,
    (Status.FAILED, Event.REVIVE): Status.IN_PROGRESS,
    (Status.DELETE_FAILED, Event.REVIVE): Status.DELETE_IN_PROGRESS,
    # A late report for what the target branch carries is a fact, whatever was concluded before (design, section 5).
    (Status.FAILED, Event.SUCCEED): Status.SUCCEEDED,
    (Status.CANCELLED, Event.SUCCEED): Status.SUCCEEDED,
    (Status.CANCELLED, Event.FAIL): Status.FAILED,
    (Status.DELETE_FAILED, Event.SUCCEED): Status.DELETE_COMPLETE,
}


def after(status: Status, event: Event) -> Status:
    """The status after an event; unchanged when the event says nothing new."""
    return _TABLE.get((status, event), status)


def started(*, destroy: bool) -> Status:
    """The status of a deployment that was just claimed."""
    return Status.DELETE_IN_PROGRESS if destroy else Status.IN_PROGRESS
