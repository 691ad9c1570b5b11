"""`reconciler wait` and deadlines: what waits, on whom, since when and until when; and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from reconciler.engine.clock import utc_now
from reconciler.engine.place import find_place
from reconciler.engine.waiting import Patience, look_freshly, wait_for
from reconciler.errors import TryAgainError
from reconciler.model.keys import environment_key
from tests.scenarios.conftest import Workshop

DEV = environment_key("dev")


class Days:
    """A clock on which sleeping takes no time, while one thing after another happens."""

    def __init__(self, *events: Callable[[], object]) -> None:
        self.seconds = 0.0
        self.events: Iterator[Callable[[], object]] = iter(events)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        next(self.events, lambda: None)()

    def patience(self, timeout: float = 1800) -> Patience:
        return Patience(timeout, 10, lambda: self.seconds, utc_now, self.sleep)


@pytest.fixture
def begun(workshop: Workshop) -> Workshop:
    workshop.apply("--init-records")
    return workshop


def test_waiting_ends_with_the_success_of_what_is_under_way(begun: Workshop) -> None:
    place = find_place(begun.catalog, begun.root / "cache")
    days = Days(begun.merge_all, begun.apply, begun.provision, begun.apply)
    before, said = begun.records(), list[str]()
    ended = wait_for(DEV, lambda: look_freshly(place), days.patience(), said.append)
    assert ended.good
    assert ended.text.startswith("SUCCEEDED, ")
    assert days.seconds == 40
    # Each new thing that it waits for is said once.
    assert [line.split(" (")[0] for line in said] == [f"{DEV} waits for a merge", f"{DEV} waits for a report"]
    assert before != begun.records()  # by the passes; a look alone changes nothing
    after = begun.records()
    assert begun.run("wait", str(DEV)).code == 0
    assert begun.records() == after


def test_what_has_ended_is_said_at_once(begun: Workshop) -> None:
    begun.run("pr", "close", "infrastructure#1")
    begun.apply()
    said = begun.run("wait", str(DEV))
    assert said.code == 1
    assert said.out == f"{DEV}: cancelled: the pull request was closed\n"
    assert said.err.startswith(f"Nothing is under way for {DEV}.\n  -> ")


def test_when_the_time_is_up_it_may_be_tried_again(begun: Workshop) -> None:
    said = begun.run("wait", str(DEV), "--timeout", "0s")
    assert said.code == 4
    assert said.err.count("waits for a merge (") == 2
    assert f"reconciler explain {DEV}" in said.err


def test_a_repository_that_does_not_answer_for_a_while_is_asked_again(begun: Workshop) -> None:
    place, days, failures = find_place(begun.catalog, begun.root / "cache"), Days(), iter([True, True])

    def look() -> object:
        if next(failures, False):
            raise TryAgainError("the network is down")
        begun.run("pr", "close", "infrastructure#1")
        begun.apply()
        return look_freshly(place)

    said: list[str] = []
    ended = wait_for(DEV, look, days.patience(), said.append)  # type: ignore[arg-type]
    assert not ended.good
    assert said == ["Could not look: the network is down"]
    failures = iter([True] * 9)
    with pytest.raises(TryAgainError, match="the network is down"):
        wait_for(DEV, look, Days().patience(30), said.append)  # type: ignore[arg-type]


def test_a_clone_sees_what_others_recorded_without_fetching(begun: Workshop) -> None:
    begun.git("clone", "-q", "catalog", "clone", at=".")
    begun.merge_all()
    begun.apply()
    said = begun.run("wait", str(DEV), "--catalog", "clone", "--timeout", "0")
    assert said.code == 4
    assert "waits for a report" in said.err


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("environment/nope",), 1, "nothing is recorded of environment/nope"),
        (("service/shop",), 1, "deployed in parts"),
        (("environment/dev", "--timeout", "soon"), 64, "is no length of time"),
        (("environment/dev", "--interval", "0s"), 64, "longer than nothing"),
    ],
)
def test_what_cannot_be_waited_for_is_said(begun: Workshop, words: tuple[str, ...], code: int, what: str) -> None:
    said = begun.run("wait", *words)
    assert said.code == code
    assert what in said.err


def test_without_records_there_is_nothing_to_wait_for(workshop: Workshop) -> None:
    said = workshop.run("wait", str(DEV))
    assert said.code == 1
    assert "there are no records yet" in said.err


def change_moment(workshop: Workshop, name: str, moment: str) -> None:
    """Lets something have happened long ago, by an edit of the record."""
    path = "resources/environment/ef/dev.json"
    workshop.git("worktree", "add", "-q", "../records", "reconciler/records")
    file = workshop.root / "records" / path
    now = json.loads(file.read_text())["latest"][name]
    file.write_text(file.read_text().replace(f'"{name}": "{now}"', f'"{name}": "{moment}"'))
    workshop.git("commit", "-q", "-a", "-m", "long ago", at="records")
    workshop.git("worktree", "remove", "--force", "../records")


def test_status_and_explain_show_the_deadline_of_a_merge(begun: Workshop) -> None:
    shown = next(item for item in begun.run("status", "-o", "json").json["resources"] if item["key"] == str(DEV))
    waits = shown["waiting"]
    assert (waits["for"], waits["overdue"]) == ("a merge", False)
    assert waits["on"] == [shown["latest"]["pullRequest"]]
    since, deadline = (datetime.fromisoformat(waits[name]) for name in ("since", "deadline"))
    assert deadline - since == timedelta(days=14)
    explained = begun.run("explain", str(DEV))
    assert f"  deadline   {waits['deadline']}; then the pull request is closed" in explained.out
    assert begun.run("explain", str(DEV), "-o", "json").json["waiting"] == waits
    header, *rows = begun.run("status", "--no-color").out.splitlines()
    assert header.split()[-1] == "DEADLINE"
    assert any(row.startswith(f"{DEV} ") and row.endswith(waits["deadline"]) for row in rows)


def test_what_waited_past_its_deadline_is_marked(begun: Workshop) -> None:
    begun.merge_all()
    begun.apply()
    change_moment(begun, "mergedAt", "2024-01-01T00:00:00Z")
    assert "2024-01-03T00:00:00Z, overdue" in begun.run("status", "--no-color").out
    assert "nothing was reported within 2 days" in begun.run("explain", str(DEV)).out  # as the next pass will say
    said = begun.run("wait", str(DEV), "--timeout", "0")
    assert "overdue since 2024-01-03T00:00:00Z" in said.err


def test_what_is_settled_waits_for_nothing(living: Workshop) -> None:
    assert all(item["waiting"] is None for item in living.run("status", "-o", "json").json["resources"])
    assert "DEADLINE" not in living.run("status").out
    explained = living.run("explain", str(DEV))
    assert "deadline" not in explained.out


def test_a_merge_that_comes_too_late_is_marked(begun: Workshop) -> None:
    begun.edit("reconciler.yaml", "spec:\n", "spec:\n  pullRequests: {timeoutDays: 1}\n")
    begun.commit()
    change_moment(begun, "claimedAt", "2024-01-01T00:00:00Z")
    explained = begun.run("explain", str(DEV))
    assert "  deadline   2024-01-02T00:00:00Z, which is past: the pull request is closed" in explained.out
    assert "`reconciler apply` will close it" in explained.out
    assert begun.run("explain", str(DEV), "-o", "json").json["waiting"]["overdue"]
