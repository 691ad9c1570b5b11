"""The reports branch, on real repositories."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.automation.reports import REPORTS_REF, ReportsBranch
from reconciler.errors import ConflictError
from reconciler.gitstore.base import RECONCILER, Edit, GitRemote, Objects
from reconciler.gitstore.local import LocalRemote
from reconciler.model.keys import Key, environment_key
from reconciler.model.reports import DELETED_ID, MAX_REPORT_BYTES, Report, ReportStatus, encode_report
from reconciler.model.trees import MODES, Entry, EntryKind

AT = 1_700_000_000


def _report(name: str = "dev", deployment: str = "d-1", status: str = "SUCCEEDED", **fields: object) -> Report:
    key = environment_key(name)
    arn = f"arn:aws:proton:us-east-1:111122223333:{key}"
    return replace(Report(key, arn, deployment, ReportStatus(status), at="2026-01-01T00:00:00Z"), **fields)  # type: ignore[arg-type]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    path = tmp_path / "infra.git"
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    return path


def _log(bare: Path) -> list[str]:
    command = ["git", "-C", str(bare), "log", "--reverse", "--format=%s", REPORTS_REF]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_the_first_report_gives_birth_to_the_branch(bare: Path) -> None:
    branch = ReportsBranch(LocalRemote(bare))
    assert branch.read(environment_key("dev"), "d-1") is None
    assert branch.write(_report(outputs={"a": "b"}), at=AT)
    seen = ReportsBranch(LocalRemote(bare)).read(environment_key("dev"), "d-1")
    assert seen == _report(outputs={"a": "b"})
    assert _log(bare) == ["report environment/dev SUCCEEDED [skip ci]"]


def test_repeating_a_report_makes_no_commit(bare: Path) -> None:
    branch = ReportsBranch(LocalRemote(bare))
    branch.write(_report(), at=AT)
    assert branch.write(_report(at="2027-01-01T00:00:00Z"), at=AT + 9)
    assert len(_log(bare)) == 1


def test_a_report_that_is_not_final_never_replaces_a_final_one_unless_asked(bare: Path) -> None:
    branch = ReportsBranch(LocalRemote(bare))
    branch.write(_report(status="FAILED", message="no"), at=AT)
    assert not ReportsBranch(LocalRemote(bare)).write(_report(status="IN_PROGRESS"), at=AT)
    assert branch.write(_report(status="IN_PROGRESS"), at=AT, again=True)
    assert branch.read(environment_key("dev"), "d-1") == _report(status="IN_PROGRESS")


def test_a_deployment_removes_the_report_of_an_earlier_destroy_in_the_same_commit(bare: Path) -> None:
    branch = ReportsBranch(LocalRemote(bare))
    branch.write(_report(deployment=DELETED_ID), at=AT)
    branch.write(_report("prod", DELETED_ID), at=AT)
    branch.write(_report(deployment="d-2", status="IN_PROGRESS"), at=AT)
    assert branch.read(environment_key("dev"), DELETED_ID) is None
    assert branch.read(environment_key("prod"), DELETED_ID) is not None
    assert len(_log(bare)) == 3


def test_success_keeps_the_outputs_reported_before_it(bare: Path) -> None:
    branch = ReportsBranch(LocalRemote(bare))
    branch.write(_report(status="IN_PROGRESS", outputs={"a": "b"}), at=AT)
    branch.write(_report(), at=AT)
    assert branch.read(environment_key("dev"), "d-1") == _report(outputs={"a": "b"})


@pytest.mark.parametrize("data", [b"{", b"\xff", b'{"arn": "x"}', b"[]"])
def test_a_damaged_report_counts_as_none_and_is_replaced(bare: Path, data: bytes) -> None:
    remote = LocalRemote(bare)
    branch = ReportsBranch(remote)
    branch.write(_report("prod"), at=AT)
    objects = remote.objects
    tip = remote.refs()[REPORTS_REF]
    tree = objects.write_tree(objects.commit(tip).tree, {"d-1.json": data})
    author = objects.commit(tip).author
    remote.update(REPORTS_REF, old=tip, new=objects.write_commit(tree, (tip,), "x", author=author, time=AT))
    branch.refresh()
    assert branch.read(environment_key("dev"), "d-1") is None
    branch.write(_report(), at=AT)
    assert branch.read(environment_key("dev"), "d-1") == _report()


def _push(remote: LocalRemote, edits: Mapping[str, Edit]) -> None:
    tip, objects = remote.refs().get(REPORTS_REF), remote.objects
    tree = objects.write_tree(None, edits)
    new = objects.write_commit(tree, (), "x", author=RECONCILER, time=AT)
    remote.update(REPORTS_REF, old=tip, new=new)


def test_what_is_no_plain_file_of_a_reports_size_counts_as_none_and_is_replaced(bare: Path) -> None:
    remote = LocalRemote(bare)
    good = encode_report(_report())
    link = Entry("d-1.json", EntryKind.LINK, remote.objects.write_blob(good), MODES[EntryKind.LINK])
    module = Entry("d-1.json", EntryKind.SUBMODULE, "1" * 40, MODES[EntryKind.SUBMODULE])
    bad: list[Mapping[str, Edit]] = [
        {"d-1.json/x": good},
        {"d-1.json": link},
        {"d-1.json": module},
        {"d-1.json": good + b" " * MAX_REPORT_BYTES},
    ]
    for edits in bad:
        _push(remote, edits)
        branch = ReportsBranch(remote)
        assert branch.read(environment_key("dev"), "d-1") is None
        assert branch.write(_report(), at=AT)
        assert branch.read(environment_key("dev"), "d-1") == _report()


def test_a_deep_tree_on_the_branch_hides_no_report(bare: Path) -> None:
    remote = LocalRemote(bare)
    tree = remote.objects.write_tree(None, {"x": b""})
    for _ in range(1100):
        tree = remote.objects.write_tree(None, {"d": Entry("d", EntryKind.TREE, tree, MODES[EntryKind.TREE])})
    deep = Entry("destroyed", EntryKind.TREE, tree, MODES[EntryKind.TREE])
    _push(remote, {"destroyed": deep, "d-1.json": encode_report(_report())})
    assert ReportsBranch(remote).read(environment_key("dev"), "d-1") == _report()


@pytest.mark.parametrize("at", ["2026-01-01T00:00:00Z", ""])
def test_a_report_from_before_counts_as_none_and_is_replaced(bare: Path, at: str) -> None:
    since = int(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp())
    key, branch = environment_key("dev"), ReportsBranch(LocalRemote(bare))
    branch.write(_report(deployment=DELETED_ID, at=at), at=AT)
    assert branch.read(key, DELETED_ID) is not None
    assert branch.read(key, DELETED_ID, since=since) is None
    newer = _report(deployment=DELETED_ID, at="2026-01-01T00:00:01Z")
    assert branch.write(replace(newer, status=ReportStatus.IN_PROGRESS), at=AT, since=since)
    assert branch.write(newer, at=AT, since=since)
    assert branch.read(key, DELETED_ID, since=since) == newer


def test_a_report_about_another_resource_counts_as_none(bare: Path) -> None:
    branch = ReportsBranch(LocalRemote(bare))
    branch.write(_report("prod"), at=AT)
    branch.refresh()
    assert branch.read(Key(environment_key("dev").kind, "dev"), "d-1") is None


def test_writers_at_the_same_time_lose_nothing(bare: Path) -> None:
    def write(number: int) -> bool:
        return ReportsBranch(LocalRemote(bare)).write(_report(f"e{number}", f"d-{number}"), at=AT)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write, range(12)))
    reader = ReportsBranch(LocalRemote(bare))
    assert all(reader.read(environment_key(f"e{number}"), f"d-{number}") for number in range(12))
    assert len(_log(bare)) == 12


class _Restless:
    """A repository in which somebody else always is faster, `times` times."""

    def __init__(self, remote: GitRemote, times: int) -> None:
        self._remote, self._times = remote, times
        self.name = remote.name
        self.objects: Objects = remote.objects

    def refs(self) -> Mapping[str, str]:
        return self._remote.refs()

    def default_branch(self) -> str | None:
        return self._remote.default_branch()

    def fetch(self, *refs: str) -> Mapping[str, str]:
        return self._remote.fetch(*refs)

    def update(self, ref: str, *, old: str | None, new: str | None) -> None:
        if self._times:
            self._times -= 1
            ReportsBranch(self._remote).write(_report("other", f"o-{self._times}"), at=AT)
        self._remote.update(ref, old=old, new=new)


def test_a_lost_race_is_run_again_on_what_is_there_now(bare: Path) -> None:
    remote = LocalRemote(bare)
    assert ReportsBranch(_Restless(remote, 3)).write(_report(), at=AT)
    reader = ReportsBranch(remote)
    assert reader.read(environment_key("dev"), "d-1") is not None
    assert len(_log(bare)) == 4


def test_races_without_an_end_are_a_conflict(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.automation.reports.time.sleep", lambda seconds: None)
    with pytest.raises(ConflictError, match="moved 12 times"):
        ReportsBranch(_Restless(LocalRemote(bare), 99)).write(_report(), at=AT)
