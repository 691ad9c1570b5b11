"""What others do to our repositories, by mistake or on purpose: no pass is stopped, nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.automation.reports import REPORTS_REF, ReportsBranch
from reconciler.engine.offline import offline_plan
from reconciler.engine.passes import Options
from reconciler.errors import InputError, RecordsError
from reconciler.forges.local import LocalForge
from reconciler.model.keys import environment_key, instance_key
from reconciler.model.lifecycle import Status
from reconciler.model.reports import DELETED_ID, Report, ReportStatus, encode_report
from reconciler.planning.reasons import Reason
from reconciler.planning.world import Request
from tests.support.story import AUTHOR, FILES, NOW, SECONDS, Story, environment, service

DEV, SHOP = environment_key("dev"), instance_key("shop", "one")
BOTH = {**environment("dev", cidr="a"), **service("shop", ("one", "dev", 80))}
METADATA = ".proton/deployment-metadata.json"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story.begin(tmp_path)
    story.commit({**FILES, **environment("dev", cidr="a")})
    return story


def _push(story: Story, ref: str, edits: Mapping[str, bytes | None]) -> str:
    """What anybody with a right to push may do."""
    remote = story.remote("infra")
    tip = remote.refs().get(ref) or (remote.refs()["refs/heads/main"] if ref != REPORTS_REF else None)
    tree = remote.objects.write_tree(remote.objects.commit(tip).tree if tip else None, dict(edits))
    commit = remote.objects.write_commit(tree, (tip,) if tip else (), "mine\n", author=AUTHOR, time=SECONDS)
    remote.update(ref, old=remote.refs().get(ref), new=commit)
    return commit


def _settled(story: Story) -> None:
    for _ in range(2):
        story.apply()
        story.merge()
        story.report()
    story.apply()


def _reasons(story: Story) -> dict[str, str]:
    plan = story.apply().plan
    assert plan is not None
    return {str(record.key): blocked.reason for record, blocked in plan.blocked}


def test_a_branch_of_our_name_with_other_content_is_not_taken_for_ours(story: Story) -> None:
    claimed = offline_plan(story.place, None, Request("", "", "", NOW)).plan
    assert claimed is not None
    assert claimed.actions[0].open is not None
    branch = claimed.actions[0].open.deployment.branch
    _push(story, f"refs/heads/{branch}", {"evil.tf": b"boo"})
    failures = story.apply().failures
    assert len(failures) == 1
    assert "holds something else (delete it: git push" in failures[0]
    assert not story.pulls()
    remote = story.remote("infra")
    remote.update(f"refs/heads/{branch}", old=remote.refs()[f"refs/heads/{branch}"], new=None)
    assert not story.apply().failures
    assert len(story.pulls()) == 1


def test_a_merge_whose_content_did_not_arrive_is_cancelled_and_can_be_retried(story: Story) -> None:
    story.apply()
    (_, pull), *_ = story.pulls()
    _push(story, f"refs/heads/{pull.branch}", {f"dev/{METADATA}": None})
    story.merge()
    assert _reasons(story) == {"environment/dev": Reason.CANCELLED}
    story.apply(Options(retry=frozenset({DEV})))
    assert len(story.pulls()) == 2


def test_a_missing_target_branch_is_said_before_anything_is_claimed(story: Story) -> None:
    text = FILES["repositories/infra.yaml"]
    story.commit({"repositories/infra.yaml": text.replace("infra.git", "infra.git, branch: mian")})
    assert _reasons(story) == {"environment/dev": Reason.NO_BRANCH}
    assert story.book().get(DEV).latest is None
    story.commit({"repositories/infra.yaml": text})
    assert not story.apply().failures
    assert len(story.pulls()) == 1


def test_a_claim_on_a_branch_that_is_gone_can_go_elsewhere(story: Story) -> None:
    story.apply()
    (_, pull), *_ = story.pulls()
    LocalForge(story.remote("infra")).close(pull.number, at=NOW)
    record = story.book().get(DEV)
    assert record.latest is not None
    # As it stands after a crash between claim and effect, on a branch that was deleted since.
    target = replace(record.latest.target, branch="old")
    lost = replace(record.latest, id="00000000-0000-4000-8000-000000000000", pull_request=None, target=target)
    book = story.book()
    book.put(replace(record, latest=lost))
    story.store.commit(story.store.tip() or "", [(book, "crash\n")], NOW)
    result = story.apply()
    assert not result.failures
    latest = story.book().get(DEV).latest
    assert latest is not None
    assert latest.target.branch == "main"
    assert latest.number == 2


def test_a_catalog_from_which_everything_is_gone_is_an_error(story: Story) -> None:
    story.commit(BOTH)
    _settled(story)
    before = story.record_files()
    story.commit(dict.fromkeys(BOTH))
    with pytest.raises(InputError, match="no environments and no services, but environment/dev, service/shop"):
        story.apply()
    assert story.record_files() == before


@pytest.mark.parametrize(
    "report",
    [
        {"%s.json/x": b"{}"},
        {"%s.json": b'{"arn":"arn:aws:proton:us-east-1:000000000000:environment/dev","deploymentId":"%s",'
                    b'"status":"FAILED","statusMessage":"\\ud800"}'},
        {"%s.json": b"[" * 100_000},
        {"%s.json": b"x" * 2_000_000},
    ],
    ids=["a folder", "a lone surrogate", "nested", "huge"],
)  # fmt: skip
def test_a_hostile_report_stops_nobody(story: Story, report: dict[str, bytes]) -> None:
    story.apply()
    story.merge()
    latest = story.book().get(DEV).latest
    assert latest is not None
    _push(
        story, REPORTS_REF, {path % latest.id: data.replace(b"%s", latest.id.encode()) for path, data in report.items()}
    )
    assert _reasons(story) == {"environment/dev": Reason.AWAITING_REPORT}


def test_a_report_of_an_earlier_destroy_does_not_finish_a_later_one(story: Story) -> None:
    story.commit(BOTH)
    _settled(story)
    story.commit(dict.fromkeys(service("shop")))
    story.apply()
    story.merge()
    latest = story.book().get(SHOP).latest
    assert latest is not None
    arn = str(latest.document["//"])
    earlier = Report(SHOP, arn, DELETED_ID, ReportStatus.SUCCEEDED, at="2025-12-31T23:59:59Z")
    _push(story, REPORTS_REF, {earlier.file: encode_report(earlier)})
    assert _reasons(story) == {str(SHOP): Reason.AWAITING_REPORT}
    _push(story, REPORTS_REF, {earlier.file: encode_report(replace(earlier, at=NOW))})
    story.apply()
    done = story.book().get(SHOP).latest
    assert done is not None
    assert done.status is Status.DELETE_COMPLETE


def test_what_is_in_flight_says_that_its_repository_is_gone(story: Story) -> None:
    story.apply()
    shutil.move(story.home / "infra.git", story.home / "elsewhere.git")
    assert _reasons(story)["environment/dev"] in (Reason.UNREACHABLE, Reason.NO_FORGE)
    shutil.move(story.home / "elsewhere.git", story.home / "infra.git")
    assert _reasons(story) == {"environment/dev": Reason.AWAITING_MERGE}


def test_a_folder_that_was_taken_over_is_not_destroyed(story: Story) -> None:
    story.commit(BOTH)
    _settled(story)
    theirs = (
        b'{"deploymentId": "7", "resourceMetadata": {"arn": "arn:aws:proton:x:1:service/shop/service-instance/one"}}'
    )
    _push(story, "refs/heads/main", {f"dev/shop-one/{METADATA}": theirs})
    story.commit(dict.fromkeys(service("shop")))
    assert _reasons(story) == {str(SHOP): Reason.FOREIGN_FOLDER}


def test_a_merge_that_was_taken_back_is_known_and_can_be_retried(story: Story) -> None:
    story.commit(BOTH)
    _settled(story)
    remote = story.remote("infra")
    before = remote.refs()["refs/heads/main"]
    story.commit(environment("dev", cidr="b"))
    story.apply()
    story.merge()
    story.report()
    story.apply()
    after = remote.refs()["refs/heads/main"]
    back = remote.objects.write_commit(
        remote.objects.commit(before).tree, (after,), "Revert\n", author=AUTHOR, time=SECONDS
    )
    remote.update("refs/heads/main", old=after, new=back)
    story.commit(environment("dev", cidr="c"))
    assert _reasons(story)["environment/dev"] == Reason.EDITED_FOLDER
    story.apply(Options(retry=frozenset({DEV})))
    assert [pull.title for _, pull in story.pulls()][-1].startswith("environment/dev: update input cidr")


def test_a_late_report_of_what_the_branch_carries_is_in_effect(story: Story) -> None:
    story.apply()
    story.merge()
    story.report(ReportStatus.FAILED)
    story.apply()
    story.commit(environment("dev", cidr="b"))
    story.apply()  # something newer is proposed
    failed = story.book().get(DEV).placed
    assert failed is not None
    report = Report(DEV, str(failed.document["//"]), failed.id, ReportStatus.SUCCEEDED, outputs={"id": "late"}, at=NOW)
    ReportsBranch(story.remote("infra")).write(report, at=SECONDS, again=True)
    story.apply()
    record = story.book().get(DEV)
    assert record.effective is not None
    assert record.effective.outputs == {"id": "late"}
    assert record.latest is not None
    assert record.latest.status is Status.IN_PROGRESS


def test_the_records_of_another_catalog_are_refused_by_plan_too(story: Story) -> None:
    story.apply()
    story.commit({"reconciler.yaml": FILES["reconciler.yaml"].replace("5a1e0d5e", "ffffffff")})
    with pytest.raises(RecordsError, match="another catalog"):
        offline_plan(story.place, None, Request("", "", "", NOW))
    with pytest.raises(RecordsError, match="another catalog"):
        story.apply()


def test_a_catalog_that_moves_inside_its_repository_goes_on(tmp_path: Path, story: Story) -> None:
    story.apply()
    remote = story.remote("infra")
    forge = LocalForge(remote)
    assert len(forge.list()) == 1
    place = replace(story.place, sub="platform")
    everything: dict[str, str | None] = {}
    for path, text in {**FILES, **environment("dev", cidr="a")}.items():
        everything |= {path: None, f"platform/{path}": text.replace("../", "../../")}
    story.commit(everything)
    result = offline_plan(place, None, Request("", "", "", NOW)).plan
    assert result is not None
    assert not result.actions
