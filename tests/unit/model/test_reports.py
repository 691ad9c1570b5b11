from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.documents import canonical
from reconciler.model.identity import Account
from reconciler.model.keys import environment_key, instance_key
from reconciler.model.reports import (
    DELETED_ID,
    MAX_MESSAGE,
    MAX_OUTPUT_CHARS,
    MAX_OUTPUTS,
    MAX_REPORT_BYTES,
    LeftOut,
    Report,
    ReportStatus,
    check_outputs,
    cut_middle,
    decode_report,
    encode_report,
)

DEV = environment_key("dev")
TEXTS = st.text(max_size=20)
LINES = st.text(max_size=20).map(lambda text: "".join(c for c in text if c.isprintable() or c in "\n\t"))
NAMES = st.text(min_size=1, max_size=20)
REPORTS = st.builds(
    Report,
    key=st.just(DEV),
    arn=st.just(Account().arn(DEV)),
    deployment_id=TEXTS,
    status=st.sampled_from(ReportStatus),
    message=LINES,
    outputs=st.none() | st.dictionaries(NAMES, NAMES, max_size=3),
    left_out=st.lists(st.builds(LeftOut, TEXTS, TEXTS), max_size=2).map(tuple),
    at=st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+02:00"]),
)


@given(REPORTS)
def test_a_report_is_read_back_from_its_file(report: Report) -> None:
    assert decode_report(encode_report(report)) == report


def test_outputs_keep_their_order() -> None:
    report = Report(DEV, Account().arn(DEV), "d", ReportStatus.SUCCEEDED, outputs={"z": "1", "a": "2"})
    assert list(decode_report(encode_report(report)).outputs or {}) == ["z", "a"]


def document(**changes: Any) -> bytes:
    report = Report(DEV, Account().arn(DEV), "d", ReportStatus.SUCCEEDED, outputs={"a": "1"})
    return canonical({**json.loads(encode_report(report)), **changes})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "not a JSON object"),
        (b"{", "Expecting"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff", "decode"),
        (b" " * (MAX_REPORT_BYTES + 1), "the limit is"),
        (document(schema="reconciler/report/v2"), "this program reads"),
        (document(arn="arn:aws:s3:::b"), "names no resource"),
        (document(arn=None), "names no resource"),
        (document(status="DONE"), "DONE"),
        (document(deploymentId=7), "must be text"),
        (document(statusMessage=None), "must be text"),
        (document(outputs={"a": "1"}), "must be a list"),
        (document(outputs=["a"]), "must be a list"),
        (document(outputs=[{"key": "a", "valueString": 1}]), "both text"),
        (document(outputs=[{"key": "a"}]), "both text"),
    ],
)
def test_a_file_that_is_no_report_is_refused_with_what_is_wrong(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode_report(data)


def test_a_destroy_is_reported_by_key_since_its_id_is_a_literal() -> None:
    key = instance_key("shop", "shop-dev")
    report = Report(key, Account().arn(key), "1-2", ReportStatus.FAILED)
    assert report.file == "1-2.json"
    assert replace(report, deployment_id=DELETED_ID).file == "destroyed/service/shop/service-instance/shop-dev.json"


def test_only_outputs_that_proton_could_carry_are_kept_and_the_others_are_named() -> None:
    kept, left_out = check_outputs([("a", "1"), ("", "x"), ("e", ""), ("l", "x" * (MAX_OUTPUT_CHARS + 1))])
    assert kept == {"a": "1"}
    assert [item.key for item in left_out] == ["", "e", "l"]
    assert all("xxx" not in item.reason for item in left_out)


def test_at_most_fifty_outputs_are_kept() -> None:
    kept, left_out = check_outputs((f"k{number}", "v") for number in range(MAX_OUTPUTS + 2))
    assert len(kept) == MAX_OUTPUTS
    assert [item.key for item in left_out] == ["k50", "k51"]


@given(st.text(max_size=300), st.integers(60, 400))
def test_a_text_is_cut_in_its_middle_to_fit(text: str, limit: int) -> None:
    cut = cut_middle(text, limit)
    assert len(cut) <= limit
    assert cut == text or (cut[0], cut[-1]) == (text[0], text[-1])


def test_a_long_message_is_cut_when_written_and_when_read() -> None:
    report = Report(DEV, Account().arn(DEV), "d", ReportStatus.FAILED, message="x" * 2 * MAX_MESSAGE)
    assert len(json.loads(encode_report(report))["statusMessage"]) <= MAX_MESSAGE
    assert len(decode_report(document(statusMessage="x" * 2 * MAX_MESSAGE)).message) <= MAX_MESSAGE


def test_only_two_statuses_are_final() -> None:
    assert [status for status in ReportStatus if status.is_final] == [ReportStatus.SUCCEEDED, ReportStatus.FAILED]


@pytest.mark.parametrize(
    "damage",
    [
        {"at": "yesterday"},
        {"at": "2026-01-01T00:00:00"},
        {"statusMessage": "\ud800"},
        {"outputs": [{"key": "a"}]},
        {"schema": "reconciler/report/v9"},
        {"arn": "arn:aws:s3:::bucket"},
        {"status": "DONE"},
    ],
)
def test_what_anybody_may_have_pushed_is_refused_with_a_reason(damage: dict[str, object]) -> None:
    document = json.loads(encode_report(Report(DEV, Account().arn(DEV), "d", ReportStatus.SUCCEEDED))) | damage
    with pytest.raises(ValueError, match=r"\S"):
        decode_report(json.dumps(document).encode())


def test_what_comes_in_is_held_to_the_limits_of_what_goes_out() -> None:
    outputs = [{"key": f"k{number}", "valueString": "v"} for number in range(51)]
    document: dict[str, object] = {
        "arn": Account().arn(DEV),
        "deploymentId": "d",
        "status": "SUCCEEDED",
        "statusMessage": "a\x1b[31mb\n",
    }
    report = decode_report(
        json.dumps({**document, "outputs": [*outputs, {"key": "x", "valueString": "v" * 2000}]}).encode()
    )
    assert report.message == "a[31mb\n"
    assert len(report.outputs or {}) == 50
    assert [item.key for item in report.left_out] == ["k50", "x"]
