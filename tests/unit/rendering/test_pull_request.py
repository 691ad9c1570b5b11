from __future__ import annotations

from dataclasses import replace

from reconciler.model.reports import DELETED_ID
from reconciler.rendering.pull_request import Subject, body, title, what_changes

SUBJECT = Subject(
    key="environment/dev",
    arn="arn:aws:proton:eu-west-1:111122223333:environment/dev",
    deployment_id="d-1",
    made_from="net 1.2",
    folder="dev",
    catalog_commit="c-1",
    requested_by="Ada <ada@example.com>",
    what="update input cidr",
    replaces="",
    destroy=False,
    timeout_days=14,
)


def test_a_title_names_the_resource_what_happens_and_the_version() -> None:
    text = title("environment/dev", "net 1.2", "update inputs a, b (and: c)")
    assert text == "environment/dev: update inputs a, b (and: c) (net 1.2)"
    assert what_changes(text) == "update inputs a, b (and: c)"


def test_a_body_tells_a_reviewer_everything_that_the_reference_asks_for() -> None:
    text = body(SUBJECT)
    for said in (SUBJECT.what, SUBJECT.arn, "`d-1`", "net 1.2", "`dev/`", "c-1", SUBJECT.requested_by, "14 days"):
        assert said in text
    assert f"reconciler notify --resource-arn {SUBJECT.arn} --deployment-id d-1 --status SUCCEEDED" in text
    assert "close. The deployment is cancelled" in text
    assert text.endswith("<!-- reconciler\nkey: environment/dev\ndeployment: d-1\n-->\n")


def test_a_destruction_says_so_and_is_reported_with_the_literal() -> None:
    text = body(replace(SUBJECT, destroy=True))
    assert "**Merging this destroys `environment/dev`.**" in text
    assert f"--deployment-id '{DELETED_ID}'" in text


def test_without_an_author_nobody_is_named() -> None:
    assert "asked for by" not in body(replace(SUBJECT, requested_by=""))
