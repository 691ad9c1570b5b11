"""Reports by hand, as a workflow that does not use `provision` makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

ARN = "arn:aws:proton:eu-west-1:111122223333:environment/dev"


@pytest.fixture
def merged(workshop: Workshop) -> Workshop:
    """Both environments are merged, and nobody has reported yet."""
    workshop.apply("--init-records")
    workshop.merge_all()
    workshop.apply()
    assert workshop.states()["environment/dev"] == "IN_PROGRESS, awaiting report"
    return workshop


def _notify(workshop: Workshop, *options: str, arn: str = ARN) -> Any:
    return workshop.run("notify", "--repository", "infrastructure.git", "--resource-arn", arn, *options)


def _deployment(workshop: Workshop) -> str:
    text = workshop.git("show", "main:dev/.proton/deployment-metadata.json", at="infrastructure.git")
    return str(json.loads(text)["deploymentId"])


def test_a_report_by_hand_counts_like_any_other(merged: Workshop) -> None:
    outputs = [{"key": "network_id", "valueString": "net-1"}, {"key": "subnets", "valueString": '{"a":"s-1"}'}]
    (merged.root / "outputs.json").write_text(json.dumps(outputs))
    said = _notify(merged, "--status", "SUCCEEDED", "--outputs", f"file://{merged.root}/outputs.json")
    assert said.code == 0
    assert f"reported SUCCEEDED for environment/dev, deployment {_deployment(merged)}" in said.out

    told = merged.apply()
    assert "= environment/dev  SUCCEEDED" in told.out
    assert merged.run("outputs", "environment/dev").out == 'network_id=net-1\nsubnets={"a":"s-1"}\n'
    assert sorted(title.split(":")[0] for title in merged.pulls().values()) == [
        "service/mailer/service-instance/mailer-dev",
        "service/shop/service-instance/shop-dev",
    ]


def test_a_report_in_progress_is_a_message_and_no_end(merged: Workshop) -> None:
    assert _notify(merged, "--status-message", "half way").code == 0
    merged.apply()
    assert merged.states()["environment/dev"] == "IN_PROGRESS, awaiting report"
    assert "half way" in merged.run("explain", "environment/dev").out


def test_a_reported_failure_is_shown_with_its_message(merged: Workshop) -> None:
    assert _notify(merged, "--status", "FAILED", "--status-message", "no more addresses").code == 0
    told = merged.apply()
    assert "! environment/dev  FAILED" in told.out
    assert "no more addresses" in merged.run("explain", "environment/dev").out
    assert merged.run("outputs", "environment/dev").code == 1


def test_a_report_of_another_deployment_changes_nothing(merged: Workshop) -> None:
    other = "00000000-0000-5000-8000-000000000000"
    said = _notify(merged, "--status", "SUCCEEDED", "--deployment-id", other)
    assert said.code == 0
    assert f"{other} is not the deployment that main carries for environment/dev" in said.err
    merged.apply()
    assert merged.states()["environment/dev"] == "IN_PROGRESS, awaiting report"


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (ARN.replace("environment/dev", "environment/nope"), "no folder, or more than one, on main"),
        (ARN.replace("environment/dev", "environment-template/network"), "names no environment, service instance"),
        ("environment/dev", "names no environment, service instance"),
        ("", "names no environment, service instance"),
    ],
)
def test_an_unknown_arn_is_named(merged: Workshop, arn: str, words: str) -> None:
    said = _notify(merged, "--status", "SUCCEEDED", arn=arn)
    assert said.code == 1
    assert words in said.err
    assert not merged.git("branch", "--list", "reconciler/reports", at="infrastructure.git")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--status", "DONE"), '--status: "DONE" cannot be reported'),
        (("--deployment-id", "../42"), '"../42" is no deployment id'),
        (("--outputs", "file:///nowhere.json"), "/nowhere.json cannot be read"),
        (("--outputs", "[1"), "not valid JSON"),
        (("--outputs", '{"a": "b"}'), "must be a list of objects with key and valueString"),
        (("--output", "a"), '"a" has no "="'),
    ],
)
def test_what_cannot_be_reported_is_refused(merged: Workshop, options: tuple[str, ...], words: str) -> None:
    said = _notify(merged, *options)
    assert said.code == 1
    assert words in said.err
    assert not merged.git("branch", "--list", "reconciler/reports", at="infrastructure.git")
