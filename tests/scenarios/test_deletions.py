"""What leaves the catalog is destroyed, and never by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

SHOP_PROD = "service/shop/service-instance/shop-prod"
MAILER = "service/mailer/service-instance/mailer-dev"


def _without_shop_prod(living: Workshop) -> None:
    text = (living.catalog / "services/shop/service.yaml").read_text()
    living.write("services/shop/service.yaml", text[: text.index("    - name: shop-prod")])


def test_a_removed_instance_is_destroyed_and_can_be_made_again(living: Workshop) -> None:
    made = living.run("history", MAILER, "-o", "json").json["deployments"]
    living.remove("services/mailer")
    living.commit("no mail")
    planned = living.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert f"- {MAILER}  it is not in the catalog any more" in planned.out

    living.apply()
    assert living.pulls() == {"infrastructure#6": f"{MAILER}: destroy (worker 1.0)"}
    assert living.states()[MAILER] == "DELETE_IN_PROGRESS, awaiting merge"
    living.merge_all()
    destroyed = living.provision()
    assert destroyed.code == 0
    assert "destroyed dev/mailer-mailer-dev" in destroyed.out
    told = living.apply()
    assert f"{MAILER}  DELETE_COMPLETE" in told.out
    assert MAILER not in living.states()
    assert living.run("plan", "--detailed-exitcode").code == 0

    history = living.run("history", MAILER, "-o", "json").json["deployments"]
    assert [item["status"] for item in history] == ["DELETE_COMPLETE", "SUCCEEDED"]

    living.git("checkout", "-q", "HEAD~1", "--", "services/mailer")
    living.commit("mail again")
    living.apply()
    assert list(living.pulls().values()) == [f"{MAILER}: create (worker 1.0)"]
    living.work_off()
    assert living.states()[MAILER] == "SUCCEEDED"
    again = living.run("history", MAILER, "-o", "json").json["deployments"]
    assert (again[0]["number"], made[0]["number"]) == (3, 1)
    assert living.run("outputs", MAILER).out.startswith("queue_id=")


def test_a_closed_destroy_pull_request_keeps_the_resource(living: Workshop) -> None:
    living.remove("services/mailer")
    living.commit("no mail")
    living.apply()
    living.run("pr", "close", "infrastructure#6")
    living.apply()
    assert living.states()[MAILER].startswith("DELETE_FAILED")
    assert not living.pulls()

    living.git("checkout", "-q", "HEAD~1", "--", "services/mailer")
    living.commit("mail after all")
    living.apply()
    assert not living.pulls()  # nothing was destroyed, so nothing has to be made
    assert "nothing: it is as the catalog asks" in living.run("explain", MAILER).out
    assert living.run("outputs", MAILER).out.startswith("queue_id=")
    assert living.run("plan", "--detailed-exitcode").code == 0


def test_a_resource_that_was_never_merged_is_forgotten(workshop: Workshop) -> None:
    workshop.apply("--init-records")
    workshop.remove("services/shop")
    workshop.remove("environments/prod")
    workshop.commit("no prod")
    said = workshop.apply("--allow-deletes", "environment/prod")
    assert "- environment/prod" in said.out
    assert "forgotten" in said.out
    assert list(workshop.pulls().values()) == ["environment/dev: create (network 1.0)"]
    assert "environment/prod" not in workshop.states()


def test_an_environment_is_only_destroyed_with_consent_and_when_it_is_empty(living: Workshop) -> None:
    _without_shop_prod(living)
    living.remove("environments/prod")
    living.commit("no prod")

    held = living.apply()
    assert "environment/prod  deletion-needs-consent" in held.out
    assert "--allow-deletes environment/prod" in held.out
    assert f"{SHOP_PROD}: destroy (web 1.0)" in living.pulls().values()

    agreed = living.apply("--allow-deletes", "environment/prod")
    assert f"{SHOP_PROD} still runs in it" in agreed.out
    living.merge_all()
    assert living.provision().code == 0
    assert living.provision("pipelines").code == 0
    living.apply()  # consent was typed for that pass, not for this one
    assert "environment/prod: destroy (network 1.0)" not in living.pulls().values()

    living.apply("--allow-deletes", "environment/prod")
    assert "environment/prod: destroy (network 1.0)" in living.pulls().values()
    living.work_off()
    assert not any("prod" in key for key in living.states())


def test_consent_in_the_settings_is_reviewed_like_everything_else(living: Workshop) -> None:
    _without_shop_prod(living)
    living.remove("environments/prod")
    living.edit(
        "reconciler.yaml",
        "spec:\n",
        "spec:\n  safety:\n    allowDeletes: [environment/prod]\n    maxDeletePercent: 50\n",
    )
    living.commit("no prod, on purpose")
    living.work_off()
    assert not any("prod" in key for key in living.states())


def test_consent_to_what_does_not_exist_is_a_typing_error(living: Workshop) -> None:
    before = living.records()
    said = living.run("apply", "--allow-deletes", "environment/porp")
    assert said.code == 1
    assert "neither the catalog nor the records have environment/porp" in said.err
    assert living.records() == before


def test_a_consent_that_agrees_to_nothing_is_a_warning(living: Workshop) -> None:
    living.edit(
        "reconciler.yaml", "spec:\n", "spec:\n  safety: {allowDeletes: [environment/dew, dev, environment/dev]}\n"
    )
    living.commit()
    said = living.apply()
    assert "warning: [CONSENT_IDLE] allowDeletes has environment/dew, and nothing of that name is there" in said.err
    assert 'warning: [CONSENT_IDLE] allowDeletes has "dev", which is no key' in said.err
    assert "allowDeletes has environment/dev," not in said.err
