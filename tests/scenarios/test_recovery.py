"""What goes wrong, and the way back: failed applies, closed pull requests, templates that do not register."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

MAILER = "service/mailer/service-instance/mailer-dev"
WORKER = "templates/service/worker/v1/instance_infrastructure/main.tf"
SCHEMA = "templates/service/worker/v1/schema/schema.yaml"
SERVICE = "services/mailer/service.yaml"
# A template that refuses every queue but one, as a cloud would refuse a name that is taken.
PRECONDITION = """
resource "terraform_data" "check" {
  lifecycle {
    precondition {
      condition     = var.service_instance.inputs.queue != "mail"
      error_message = "The queue mail is taken."
    }
  }
}
"""


def _break_the_worker(living: Workshop) -> None:
    """The mailer's newest deployment has failed, and the records know."""
    living.write(WORKER, (living.catalog / WORKER).read_text() + PRECONDITION)
    living.commit("a worker that wants another queue")
    living.apply()
    living.merge_all()
    failed = living.provision()
    assert failed.code == 1
    assert "FAILED dev/mailer-mailer-dev" in failed.out
    assert "The queue mail is taken." in failed.out


def test_a_failed_apply_is_recorded_with_terraforms_words_and_not_tried_again(living: Workshop) -> None:
    _break_the_worker(living)
    told = living.apply()
    assert f"! {MAILER}  FAILED" in told.out
    assert "The queue mail is taken." in told.out
    assert living.states()[MAILER] == "FAILED"
    assert living.in_effect(MAILER) == "1.0"  # the last good one stays in effect
    assert living.run("outputs", MAILER).out.startswith("queue_id=")

    explained = living.run("explain", MAILER).out
    assert explained.count("The queue mail is taken.") == 1
    assert f"reconciler retry {MAILER}" in explained

    before = living.records()
    assert living.apply().code == 0  # an older failure is no failure of this run
    assert (living.records(), living.pulls()) == (before, {})
    assert living.provision().code == 0  # reported once, it is not tried again


def test_a_change_of_the_catalog_recovers_from_a_failure(living: Workshop) -> None:
    _break_the_worker(living)
    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    told = living.apply()  # learns of the failure and asks for the new deployment in one pass
    assert f"! {MAILER}  FAILED" in told.out
    assert list(living.pulls().values()) == [f"{MAILER}: update input queue (worker 1.1)"]
    living.work_off()
    assert living.states()[MAILER] == "SUCCEEDED"
    history = living.run("history", MAILER, "-o", "json").json["deployments"]
    assert [item["status"] for item in history] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert "The queue mail is taken." in history[1]["statusMessage"]


def test_a_change_of_the_template_recovers_from_a_failure(living: Workshop) -> None:
    _break_the_worker(living)
    living.apply()
    living.edit(WORKER, 'queue != "mail"', 'queue != "post"')
    living.commit("the queue is free now")
    living.apply()
    assert list(living.pulls().values()) == [f"{MAILER}: update version 1.1 -> 1.2 (worker 1.2)"]
    living.work_off()
    assert living.in_effect(MAILER) == "1.2"


def test_retry_deploys_the_same_once_more(living: Workshop) -> None:
    _break_the_worker(living)
    living.apply()
    failed = living.run("history", MAILER, "-o", "json").json["deployments"][0]
    retried = living.run("retry", MAILER)
    assert retried.code == 0
    assert list(living.pulls().values()) == [f"{MAILER}: try again (worker 1.1)"]
    newest = living.run("history", MAILER, "-o", "json").json["deployments"][0]
    assert (newest["number"], newest["status"]) == (failed["number"] + 1, "IN_PROGRESS")
    assert newest["id"] != failed["id"]
    living.merge_all()
    assert living.provision().code == 1  # still taken
    living.apply()
    assert living.states()[MAILER] == "FAILED"


def test_there_is_nothing_to_retry_where_nothing_failed(living: Workshop) -> None:
    before = living.records()
    said = living.run("retry", MAILER)
    assert (said.code, said.err) == (0, f"{MAILER} is as the catalog asks, so there is nothing to retry.\n")
    assert living.records() == before


def test_a_closed_pull_request_cancels_and_stays_cancelled_until_retried(living: Workshop) -> None:
    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.apply()
    assert living.run("pr", "close", "infrastructure#6", "--comment", "not today").code == 0

    told = living.apply()
    assert f"x {MAILER}  CANCELLED" in told.out
    assert "the pull request was closed" in told.out
    for _ in range(2):
        assert living.states()[MAILER] == "CANCELLED"
        assert not living.pulls()
        living.apply()
    assert living.run("plan", "--detailed-exitcode").code == 0
    reason = living.blocked(MAILER)
    assert reason is not None
    assert reason["reason"] == "cancelled"
    assert f"reconciler retry {MAILER}" in reason["hint"]

    assert living.run("retry", MAILER).code == 0
    assert living.pulls() == {"infrastructure#7": f"{MAILER}: update input queue (worker 1.0)"}
    living.work_off()
    assert living.states()[MAILER] == "SUCCEEDED"


def test_a_reopened_pull_request_goes_on(living: Workshop) -> None:
    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    living.apply()
    deployment = living.run("history", MAILER, "-o", "json").json["deployments"][0]["id"]
    living.run("pr", "close", "infrastructure#6")
    living.apply()
    assert living.states()[MAILER] == "CANCELLED"

    assert living.run("pr", "reopen", "infrastructure#6").code == 0
    living.apply()
    assert living.states()[MAILER] == "IN_PROGRESS, awaiting merge"
    assert list(living.pulls()) == ["infrastructure#6"]
    living.work_off()
    newest = living.run("history", MAILER, "-o", "json").json["deployments"][0]
    assert (newest["id"], newest["status"]) == (deployment, "SUCCEEDED")


def test_a_hand_made_change_is_never_overwritten_unasked(living: Workshop) -> None:
    living.git("clone", "-q", "infrastructure.git", "elsewhere", at=".")
    (living.root / "elsewhere/dev/mailer-mailer-dev/main.tf").write_text("# by hand\n")
    living.git("commit", "-q", "-a", "-m", "by hand", at="elsewhere")
    living.git("push", "-q", at="elsewhere")
    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    said = living.apply()
    assert "changed by hand in infrastructure:dev/mailer-mailer-dev/: main.tf" in said.out
    assert not living.pulls()
    assert living.run("retry", MAILER).code == 0
    living.work_off()
    assert "# by hand" not in living.git("show", "main:dev/mailer-mailer-dev/main.tf", at="infrastructure.git")


def test_an_incompatible_schema_fails_to_register_once_and_followers_stay(living: Workshop) -> None:
    living.edit(SCHEMA, "minimum: 1", "minimum: 5")
    living.edit(WORKER, 'output "queue_id"', 'output "queue"')
    living.commit("at least five")

    planned = living.run("plan")
    assert planned.code == 1
    first = living.run("apply")
    for said in (planned, first):
        assert "! service-template/worker:1.1  REGISTRATION_FAILED" in said.out
        assert "SCHEMA_INCOMPATIBLE" in said.out
        assert "concurrency" in said.out
        assert "was valid before" in said.out  # the counter-example
        assert "Put this bundle into templates/service/worker/v2, or undo the change" in said.out
    assert first.code == 1
    before = living.records()
    second = living.apply()  # 0: it failed before, and is not tried again
    assert living.records() == before
    assert "REGISTRATION_FAILED" not in second.out
    assert living.versions()["service-template/worker:1.1"] == "REGISTRATION_FAILED"
    listed = living.run("versions", "worker")
    assert "was valid before" in listed.err
    assert (living.in_effect(MAILER), living.pulls()) == ("1.0", {})

    living.edit(SERVICE, "queue: mail", "queue: letters")
    living.commit("another queue")
    told = living.apply()
    assert "stays on 1.0: 1.1 failed to register (SCHEMA_INCOMPATIBLE)" in told.out
    assert list(living.pulls().values()) == [f"{MAILER}: update input queue (worker 1.0)"]

    living.edit(SCHEMA, "minimum: 5", "minimum: 1")
    living.commit("one will do")
    mended = living.apply()  # the number 1.1 stays taken
    assert "+ service-template/worker:1.2  PUBLISHED" in mended.out
    living.work_off()
    assert living.in_effect(MAILER) == "1.2"


def test_the_way_out_of_an_incompatible_change_is_a_new_major(living: Workshop) -> None:
    living.git("mv", "templates/service/worker/v1", "templates/service/worker/v2")
    living.git("checkout", "HEAD", "--", "templates/service/worker/v1")
    living.edit(SCHEMA.replace("v1", "v2"), "minimum: 1", "minimum: 5")
    living.edit(SERVICE, 'version: "1"', 'version: "2"')
    living.commit("worker 2")
    refused = living.run("apply")
    assert refused.code == 0  # the default became invalid, which a plan for 2.0 says
    assert "+ service-template/worker:2.0  PUBLISHED" in refused.out
    living.work_off()
    assert living.in_effect(MAILER) == "2.0"
