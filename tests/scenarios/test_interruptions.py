"""A pass may be killed anywhere, answers may get lost, and two passes may run at once: the end is the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.engine.birth import init_records
from reconciler.engine.interventions import cancel, forget
from reconciler.engine.passes import Options
from reconciler.engine.place import Place, find_place
from reconciler.engine.scaffold import scaffold
from reconciler.engine.store import RecordStore
from reconciler.errors import ReconcilerError, TryAgainError
from reconciler.forges.base import PullState
from reconciler.gitstore.local import LocalRemote
from reconciler.model.keys import instance_key, pipeline_key
from reconciler.model.reports import ReportStatus
from tests.support.story import FILES, NOW, Story, environment, service


def _catalog(port: int = 80, cidr: str = "a", *, instance: bool = True, pipeline: bool = True) -> dict[str, str | None]:
    instances = [("one", "dev", port), *([("two", "dev", 81)] if instance else [])]
    return {**environment("dev", cidr=cidr), **service("shop", *instances, pipeline=pipeline)}


@dataclass(frozen=True)
class Edit:
    """What a person commits to the catalog; never interrupted, since it is not ours."""

    files: dict[str, str | None]


@dataclass(frozen=True)
class Refusal:
    """Somebody closes what is open; never interrupted either."""


def retry(story: Story) -> bool:
    """A person asks for another attempt, and again when the first asking was interrupted."""
    return not story.apply(Options(retry=frozenset({instance_key("shop", "one")}))).failures


def stop(story: Story) -> bool:
    """A person cancels what is under way."""
    cancel(story.place, instance_key("shop", "one"), lambda: NOW, lambda line: None)
    return True


def let_go(story: Story) -> bool:
    """A person forgets the pipeline."""
    forget(story.place, pipeline_key("shop"), "it moved", lambda: NOW, lambda line: None)
    return True


def apply(story: Story) -> bool:
    """One pass; True when everything in it was carried out."""
    return not story.apply().failures


def merge(story: Story) -> bool:
    story.merge()
    return True


def report(story: Story) -> bool:
    story.report()
    return True


def report_failure(story: Story) -> bool:
    story.report(ReportStatus.FAILED)
    return True


def report_other_outputs(story: Story) -> bool:
    story.report(value="2")
    return True


# Everything that a pass does happens in here: versions, environments, instances and pipeline in turn, a desire that
# changes while a pull request is open, a failure and its repair, a new version, a deletion, a refusal and another try,
# a cancellation and another try, and a pipeline that is let go.
STORY: tuple[Edit | Refusal | Callable[[Story], bool], ...] = (
    *(apply, merge, report, apply),
    Edit(_catalog(port=90)),  # the pull request of shop/one is open: it is superseded
    *(apply, merge, report, apply, merge, report, apply),
    Edit({"templates/environment/net/v1/infrastructure/main.tf": "# newer\n"}),
    *(apply, merge, report_failure, apply),
    Edit(_catalog(port=90, cidr="b", instance=False)),  # repairs, and removes shop/two
    *(apply, merge, report_other_outputs) * 3,
    apply,
    Edit(_catalog(port=95, cidr="b", instance=False)),
    *(apply, Refusal(), apply, retry, merge, report_other_outputs),
    *(apply, merge, report_other_outputs, apply),
    Edit(_catalog(port=96, cidr="b", instance=False)),
    *(apply, stop, apply, retry, merge, report_other_outputs, apply, merge, report_other_outputs, apply),
    Edit(_catalog(port=96, cidr="b", instance=False, pipeline=False)),
    *(let_go, apply),
)


class Killed(BaseException):
    """The process is gone. Nothing catches this but the test, as nothing catches SIGKILL."""


class Interruption:
    """Counts every ref that the program moves anywhere, and strikes at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int = 0, how: str = "") -> None:
        self.count = 0
        self.armed = False
        update = LocalRemote.update

        def striking(remote: LocalRemote, ref: str, *, old: str | None, new: str | None) -> None:
            self.count += self.armed
            strikes = self.armed and self.count == at
            if strikes and how == "killed before":
                raise Killed
            update(remote, ref, old=old, new=new)
            if strikes and how == "killed after":
                raise Killed
            if strikes and how == "answer lost":
                raise TryAgainError("the connection broke")

        monkeypatch.setattr(LocalRemote, "update", striking)


def _begin(home: Path) -> Story:
    story = Story.begin(home)
    story.commit({**FILES, **_catalog()})
    return story


def _play(story: Story, interruption: Interruption) -> None:
    """Every step until it is carried out: what was interrupted is simply run again, as a new process would."""
    for step in STORY:
        if isinstance(step, Edit):
            story.commit(step.files)
            continue
        if isinstance(step, Refusal):
            story.refuse()
            continue
        for _ in range(4):
            interruption.armed = True
            try:
                done = step(story)
            except (Killed, ReconcilerError):
                done = False
            interruption.armed = False
            assert all(count == 1 for _, count in story.open_by_key())
            if done:
                break
        else:
            pytest.fail(f"{step.__name__} never ended")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, object]]:
    """How many effects the story has, and how it ends."""
    story = _begin(tmp_path_factory.mktemp("undisturbed"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        interruption = Interruption(monkeypatch)
        _play(story, interruption)
    assert not story.apply().plan.has_changes
    return interruption.count, story.end_state()


def test_the_story_ends_well(undisturbed: tuple[int, dict[str, object]], tmp_path: Path) -> None:
    count, end = undisturbed
    states = [state for _, _, state, _ in end["pulls"]]
    assert count > 60
    assert states.count(PullState.CLOSED) == 3, "the superseded, the refused and the cancelled one"
    assert states.count(PullState.OPEN) == 0
    assert not [path for path in end["records"] if path.startswith("index/unsettled/")]


HOWS = ("killed before", "killed after", "answer lost")
# A prime step, so that the sample wanders over all kinds of effects and all three ways.
SAMPLE = 7
EFFECTS = 140


@pytest.mark.parametrize("number", range(1, 3 * EFFECTS, SAMPLE))
def test_an_interruption_anywhere_changes_nothing_in_the_end(
    number: int, undisturbed: tuple[int, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupt(number, undisturbed, tmp_path, monkeypatch)


@pytest.mark.matrix
@pytest.mark.parametrize("number", [n for n in range(1, 3 * EFFECTS) if (n - 1) % SAMPLE])
def test_an_interruption_anywhere_changes_nothing_in_the_end_complete(
    number: int, undisturbed: tuple[int, dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupt(number, undisturbed, tmp_path, monkeypatch)


def _interrupt(
    number: int, undisturbed: tuple[int, dict[str, object]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, end = undisturbed
    assert count <= EFFECTS, "raise EFFECTS: the story has grown"
    at, how = (number + 2) // 3, HOWS[number % 3]
    if at > count:
        return
    story = _begin(home)
    _play(story, Interruption(monkeypatch, at, how))
    assert story.end_state() == end


@pytest.mark.parametrize("passes", [2, 6])
def test_passes_at_the_same_time_end_like_one(
    passes: int, undisturbed: tuple[int, dict[str, object]], tmp_path: Path
) -> None:
    story = _begin(tmp_path)
    for step in STORY:
        if isinstance(step, Edit):
            story.commit(step.files)
        elif isinstance(step, Refusal):
            story.refuse()
        elif step is not apply:
            step(story)
        else:
            _at_once(passes, story)
            assert all(count == 1 for _, count in story.open_by_key())
    assert story.end_state() == undisturbed[1]


def _at_once(passes: int, story: Story) -> None:
    start = threading.Barrier(passes)
    errors: list[BaseException] = []

    def one() -> None:
        start.wait()
        try:
            story.apply()
        except TryAgainError:
            pass  # lost every time; the others did it
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(passes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_init_killed_after_the_branch_was_made_takes_it_over(tmp_path: Path) -> None:
    def begin(place: Place) -> bool:
        return init_records(place, NOW, lambda line: None)

    folder = tmp_path / "catalog"
    scaffold(folder)
    place = find_place(folder, tmp_path / "cache")
    with pytest.MonkeyPatch.context() as monkeypatch:
        interruption = Interruption(monkeypatch, 1, "killed after")
        interruption.armed = True
        with pytest.raises(Killed):
            begin(place)
    store = RecordStore(LocalRemote(folder), "reconciler/records")
    lineage = store.book(store.tip()).lineage
    assert lineage not in (folder / "reconciler.yaml").read_text()
    assert begin(place)
    assert lineage in (folder / "reconciler.yaml").read_text()
    assert not begin(place), "a third time there is nothing to do"
