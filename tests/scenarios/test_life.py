"""The life of a catalog: from nothing to everything, and what changes afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

SHOP_DEV, SHOP_PROD = "service/shop/service-instance/shop-dev", "service/shop/service-instance/shop-prod"
MAILER = "service/mailer/service-instance/mailer-dev"
EVERYTHING = {"environment/dev", "environment/prod", SHOP_DEV, SHOP_PROD, MAILER, "service/shop/pipeline"}


def test_a_catalog_comes_to_life_in_deployment_order(workshop: Workshop) -> None:
    begun = workshop.apply("--init-records")
    assert workshop.pulls() == {
        "infrastructure#1": "environment/dev: create (network 1.0)",
        "infrastructure#2": "environment/prod: create (network 1.0)",
    }
    assert "environment/dev has not been provisioned yet" in begun.out
    assert workshop.states()[SHOP_DEV] == "not deployed, waiting-for-environment"

    workshop.merge_all()
    assert workshop.provision().code == 0
    workshop.apply()
    assert sorted(workshop.pulls().values()) == [f"{key}: create ({made})" for key, made in [
        (MAILER, "worker 1.0"), (SHOP_DEV, "web 1.0"), (SHOP_PROD, "web 1.0"),
    ]]  # fmt: skip

    workshop.merge_all()
    assert workshop.provision().code == 0
    workshop.apply()
    assert workshop.pulls() == {"pipelines#1": "service/shop/pipeline: create (web 1.0)"}

    workshop.merge_all()
    assert workshop.provision("pipelines").code == 0
    last = workshop.apply()
    assert workshop.states() == dict.fromkeys(EVERYTHING, "SUCCEEDED")
    assert "service/shop/pipeline" in last.out  # what came of a deployment is said
    assert "SUCCEEDED" in last.out


def test_where_everything_is_as_asked_nothing_is_done_and_nothing_is_written(living: Workshop) -> None:
    before = living.records()
    planned = living.run("plan", "--detailed-exitcode")
    assert (planned.code, planned.out) == (0, "Nothing to do.\n")
    assert living.apply().out == "Nothing to do.\n"
    assert living.apply("--init-records").out == "Nothing to do.\n"
    assert living.records() == before
    for repository in ("infrastructure", "pipelines"):
        assert "applied" not in living.provision(repository).out


def test_what_was_reported_is_what_others_read(living: Workshop) -> None:
    outputs = living.run("outputs", "environment/dev", "-o", "json").json["outputs"]
    network = next(item["valueString"] for item in outputs if item["key"] == "network_id")
    rendered = living.run("render", SHOP_DEV)
    assert network in rendered.out
    assert "infrastructure/dev/shop-shop-dev" not in rendered.out  # folders are the repository's own
    assert living.run("outputs", SHOP_DEV).out == "url=http://shop-shop-dev.example.internal:8080\n"


def test_a_changed_template_is_a_new_minor_that_its_followers_get(living: Workshop) -> None:
    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", "queue_id", "queue")
    commit = living.commit("rename an output")

    planned = living.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "+ service-template/worker:1.1  PUBLISHED" in planned.out
    assert f"~ {MAILER}  update version 1.0 -> 1.1" in planned.out
    assert '-output "queue_id" {' in planned.out
    assert '+output "queue" {' in planned.out
    assert living.run("plan", "--detailed-exitcode", "-o", "json").json["catalogCommit"] == commit

    living.apply()
    assert living.pulls() == {"infrastructure#6": f"{MAILER}: update version 1.0 -> 1.1 (worker 1.1)"}
    assert living.in_effect(MAILER) == "1.0"  # until it is reported
    living.work_off()
    assert living.in_effect(MAILER) == "1.1"
    assert living.run("outputs", MAILER).out.startswith("queue=")
    assert [item["version"] for item in living.run("history", MAILER, "-o", "json").json["deployments"]] == [
        "1.1",
        "1.0",
    ]
    assert living.run("plan", "--detailed-exitcode").code == 0


def test_new_outputs_reach_those_who_read_them(living: Workshop) -> None:
    outputs = "templates/environment/network/v1/infrastructure/outputs.tf"
    living.write(outputs, (living.catalog / outputs).read_text() + '\noutput "zone" {\n  value = "a"\n}\n')
    living.commit("one more output")
    living.apply()
    assert set(living.pulls().values()) == {
        f"environment/{name}: update version 1.0 -> 1.1 (network 1.1)" for name in ("dev", "prod")
    }
    living.merge_all()
    assert living.provision().code == 0
    living.apply()
    assert living.pulls() == {
        "infrastructure#8": f"{MAILER}: update outputs of environment/dev (worker 1.0)",
        "infrastructure#9": f"{SHOP_DEV}: update outputs of environment/dev (web 1.0)",
        "infrastructure#10": f"{SHOP_PROD}: update outputs of environment/prod (web 1.0)",
    }
    living.work_off()
    assert living.states() == dict.fromkeys(EVERYTHING, "SUCCEEDED")


def test_changed_inputs_are_one_update_and_the_diff_shows_them(living: Workshop) -> None:
    living.edit("services/shop/service.yaml", "shop:1.4.0", "shop:1.5.0")
    compared = living.run("diff", SHOP_DEV)
    assert '-      "image" : "shop:1.4.0",' in compared.out
    assert '+      "image" : "shop:1.5.0",' in compared.out
    assert living.run("diff", SHOP_PROD).err == f"{SHOP_PROD}: no difference.\n"

    uncommitted = living.apply()
    assert "Uncommitted changes are not part of this pass." in uncommitted.err
    assert not living.pulls()

    living.commit("a new image")
    living.apply()
    assert f"{SHOP_DEV}: update input image (web 1.0)" in living.pulls().values()
    shown = living.run("pr", "diff", next(iter(living.pulls()))).out
    assert '+      "image" : "shop:1.5.0",' in shown
    living.work_off()
    assert living.states() == dict.fromkeys(EVERYTHING, "SUCCEEDED")


def test_while_a_pull_request_is_open_a_newer_wish_replaces_it(living: Workshop) -> None:
    living.edit("services/shop/service.yaml", "shop:1.4.0", "shop:1.5.0")
    living.commit("1.5.0")
    living.apply()
    living.edit("services/shop/service.yaml", "shop:1.5.0", "shop:1.6.0")
    living.commit("1.6.0")
    living.apply()
    assert list(living.pulls()) == ["infrastructure#7"]
    assert "superseded" in living.run("pr", "show", "infrastructure#6").out
    newest, older, *_ = living.run("history", SHOP_DEV, "-o", "json").json["deployments"]
    assert (newest["status"], older["status"]) == ("IN_PROGRESS", "CANCELLED")
    assert older["statusMessage"] == f"superseded by {newest['id']}"
    living.work_off()
    assert '"image" : "shop:1.6.0"' in living.git(
        "show", "main:dev/shop-shop-dev/proton.auto.tfvars.json", at="infrastructure.git"
    )


def test_while_a_merged_deployment_runs_a_newer_wish_waits(living: Workshop) -> None:
    living.edit("services/shop/service.yaml", "shop:1.4.0", "shop:1.5.0")
    living.commit("1.5.0")
    living.apply()
    living.merge_all()
    living.edit("services/shop/service.yaml", "shop:1.5.0", "shop:1.6.0")
    living.commit("1.6.0")
    waiting = living.apply()
    assert not living.pulls()
    assert "the newer desire waits until it is reported" in waiting.out
    reason = living.blocked(SHOP_DEV)
    assert reason is not None
    assert reason["reason"] == "running"
    living.provision()
    living.apply()
    assert f"{SHOP_DEV}: update input image (web 1.0)" in living.pulls().values()


def test_the_history_of_the_records_names_commit_author_and_deployment(living: Workshop) -> None:
    deployment = living.run("history", MAILER, "-o", "json").json["deployments"][0]
    log = living.git("log", "--format=%s%n%b", "reconciler/records")
    assert all("[skip ci]" in line for line in living.git("log", "--format=%s", "reconciler/records").splitlines())
    assert f"Reconciler-Deployment: {MAILER} {deployment['id']}" in log
    assert f"Reconciler-Catalog-Commit: {deployment['catalogCommit']}" in log
    assert f"Reconciler-Outcome: {MAILER} {deployment['id']} SUCCEEDED" in log
    assert deployment["requestedBy"] == "Ada <ada@example.com>"


def test_every_document_names_its_schema(living: Workshop) -> None:
    verbs = ("validate", "plan", "apply", "status", "versions")
    for verb in verbs:
        assert living.run(verb, "-o", "json").json["schema"] == f"reconciler/{verb}/v1"
    for verb in ("explain", "history", "outputs"):
        document = json.loads(living.run(verb, "environment/dev", "-o", "json").out)
        assert (document["schema"], document["key"]) == (f"reconciler/{verb}/v1", "environment/dev")
