"""`rollback`: the catalog says again what a recorded deployment was made from, and `plan` shows exactly that."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.scenarios.test_components import BUCKET, component

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

DEV, PIPELINE = "environment/dev", "service/shop/pipeline"
SHOP_DEV, SHOP_PROD = "service/shop/service-instance/shop-dev", "service/shop/service-instance/shop-prod"
SERVICE, HOME = "services/shop/service.yaml", "environments/dev/environment.yaml"
WEB = "templates/service/web/v1/instance_infrastructure/main.tf"
NETWORK = "templates/environment/network/v1/infrastructure/main.tf"


def _text(workshop: Workshop, path: str = SERVICE) -> str:
    return (workshop.catalog / path).read_text(encoding="utf-8")


def _actions(workshop: Workshop) -> list[tuple[str, str]]:
    planned = workshop.run("plan", "-o", "json").json
    return [(item["key"], item["reason"]) for item in planned["actions"]]


def _history(workshop: Workshop, key: str) -> list[Any]:
    found: list[Any] = workshop.run("history", key, "-o", "json").json["deployments"]
    return found


@pytest.fixture
def moved(living: Workshop) -> Workshop:
    """`shop-dev` has another image, more room and a comment since it was made."""
    living.edit(
        SERVICE,
        "        image: shop:1.4.0\n",
        "        image: shop:1.5.0  # the new one\n        size: {instances: 2}\n        port: 9090\n",
    )
    living.commit("the new shop")
    living.work_off()
    return living


def test_inputs_come_back_and_every_other_byte_stays(moved: Workshop) -> None:
    before = _text(moved)
    said = moved.run("rollback", SHOP_DEV)
    assert said.code == 0, said.text
    assert "-        image: shop:1.5.0  # the new one" in said.out
    assert "+        image: shop:1.4.0  # the new one" in said.out
    after = before.replace("shop:1.5.0", "shop:1.4.0").replace("{instances: 2}", "{instances: 1}")
    assert _text(moved) == after.replace("port: 9090", "port: 8080")
    assert [key for key, _ in _actions(moved)] == [SHOP_DEV]
    again = moved.run("rollback", SHOP_DEV)
    assert again.code == 0
    assert "nothing changed" in again.err

    moved.commit("back")
    moved.work_off()
    newest, _, first = _history(moved, SHOP_DEV)
    assert (newest["number"], newest["status"]) == (3, "SUCCEEDED")
    assert moved.run("render", SHOP_DEV).out.count("shop:1.4.0") == 1
    assert first["number"] == 1


def test_the_change_can_be_committed_with_the_reason(moved: Workshop) -> None:
    first, newest = _history(moved, SHOP_DEV)[-1], _history(moved, SHOP_DEV)[0]
    moved.write("README.md", "not committed\n")
    before = _text(moved)
    refused = moved.run("rollback", SHOP_DEV, "--commit")
    assert refused.code == 1
    assert "changes that are not committed" in refused.err
    assert _text(moved) == before
    moved.commit("committed")

    said = moved.run("rollback", SHOP_DEV, "--commit")
    assert said.code == 0, said.text
    assert moved.git("status", "--porcelain") == ""
    message = moved.git("log", "-1", "--format=%B")
    assert message.startswith(f"{SHOP_DEV}: roll back to web 1.0, deployment {first['id'][:8]}\n")
    assert f"in place of deployment {newest['id']} (web 1.0, SUCCEEDED)" in message
    assert f"Reconciler-Rollback-To: {first['id']}" in message
    moved.apply()
    assert [title for title in moved.pulls().values() if title.startswith(SHOP_DEV)]


def test_a_failed_deployment_gives_way_to_what_is_in_effect(living: Workshop) -> None:
    before = _text(living)
    living.edit(SERVICE, "shop:1.4.0", "shop:1.5.0")
    living.commit("a bad one")
    living.apply()
    living.run("cancel", SHOP_DEV)
    said = living.run("rollback", SHOP_DEV, "--commit")
    assert said.code == 0, said.text
    assert _text(living) == before
    message = living.git("log", "-1", "--format=%B")
    assert "CANCELLED: User initiated cancellation.)" in message
    living.apply()
    assert living.states()[SHOP_DEV] == "SUCCEEDED"
    assert not living.pulls()


def test_the_version_is_pinned_exactly_where_it_differs(living: Workshop) -> None:
    living.write(WEB, _text(living, WEB) + '\n# a comment\noutput "more" {\n  value = 1\n}\n')
    living.commit("a newer web")
    living.work_off()
    assert living.in_effect(SHOP_DEV) == "1.1"
    before = _text(living)
    said = living.run("rollback", SHOP_DEV)
    assert said.code == 0, said.text
    assert 'Newer versions are not followed any more, until the file says "1" again.' in said.err
    added = '        image: shop:1.4.0\n      version: "1.0"\n'
    assert _text(living) == before.replace("        image: shop:1.4.0\n", added)
    assert [key for key, _ in _actions(living)] == [SHOP_DEV]
    living.commit("back")
    living.work_off()
    assert (living.in_effect(SHOP_DEV), living.in_effect(SHOP_PROD)) == ("1.0", "1.1")


def test_an_environment_goes_back_to_a_version_that_is_withdrawn_and_says_so(living: Workshop) -> None:
    living.write(NETWORK, _text(living, NETWORK) + "\n# newer\n")
    living.commit("a newer network")
    living.work_off()
    living.write(
        "templates/environment/network/template.yaml",
        'apiVersion: reconciler/v1\nkind: EnvironmentTemplate\nmetadata: {name: network}\nspec: {withdrawn: ["1.0"]}\n',
    )
    living.commit("withdrawn")
    living.apply()
    said = living.run("rollback", DEV, "--to", _history(living, DEV)[-1]["id"][:8])
    assert said.code == 0, said.text
    assert "environment-template/network:1.0 is withdrawn" in said.err
    assert '  version: "1.0"   # the newest published minor of major 1\n' in _text(living, HOME)
    assert DEV in [key for key, _ in _actions(living)]


def test_another_major_version_is_said(living: Workshop) -> None:
    folder = living.catalog / "templates/environment/network"
    shutil.copytree(folder / "v1", folder / "v2")
    (folder / "v2/infrastructure/main.tf").write_text(_text(living, NETWORK) + "\n# two\n")
    registration = "templates/service/{}/v1/.template-registration.yaml"
    for name in ("web", "worker"):
        text = _text(living, registration.format(name))
        living.write(registration.format(name), text.replace("network:1", "network:1\n  - network:2"))
    living.edit(HOME, 'version: "1"', 'version: "2"')
    living.commit("network 2")
    living.work_off()
    assert living.in_effect(DEV) == "2.0"
    said = living.run("rollback", DEV)
    assert said.code == 0, said.text
    assert "environment-template/network:1.0 is of another major version than 2" in said.err
    assert 'version: "1.0"   #' in _text(living, HOME)


def test_a_pipeline_and_a_proton_spec_file_go_back_too(living: Workshop) -> None:
    head = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: shop}\n"
    source = "source: {name: example/shop, branch: main}"
    living.write(SERVICE, f'{head}spec: {{template: web, version: "1", {source}, specFile: spec.yaml}}\n')
    spec = """\
proton: ServiceSpec

pipeline: {unit_tests: 'make check'}   # faster
instances:
  - name: shop-dev
    environment: dev
    spec:
      image: "shop:1.5.0"
  - {name: shop-prod, environment: prod, spec: {image: shop:1.3.2, size: {instances: 3}}}
"""
    living.write("services/shop/spec.yaml", spec)
    living.commit("a spec file")
    living.work_off()
    assert len(_history(living, PIPELINE)) >= 2
    first = _history(living, PIPELINE)[-1]["id"]
    assert living.run("rollback", PIPELINE, "--to", first).code == 0
    assert living.run("rollback", SHOP_DEV).code == 0
    after = spec.replace("'make check'", "'make test'").replace("1.5.0", "1.4.0")
    assert _text(living, "services/shop/spec.yaml") == after

    living.write("services/shop/spec.yaml", spec)
    living.write(WEB, _text(living, WEB) + "\n# newer\n")
    living.commit("a newer web")
    living.work_off()
    before = _text(living)
    refused = living.run("rollback", SHOP_DEV)
    assert refused.code == 1
    assert "services/shop/service.yaml has one version for all that is in services/shop/spec.yaml" in refused.err
    assert (_text(living), _text(living, "services/shop/spec.yaml")) == (before, spec)


def test_the_files_of_a_component_come_back(living: Workshop) -> None:
    first = 'output "bucket" {\n  value = 1\n}\n'
    component(living, "{environment: dev}", first)
    living.commit("a component")
    living.work_off()
    component(living, "{environment: dev}", first.replace("1", "2"))
    folder = "components/bucket"
    living.write(f"{folder}/manifest.yaml", _text(living, f"{folder}/manifest.yaml").replace("main.tf", "other.tf"))
    (living.catalog / folder / "main.tf").rename(living.catalog / folder / "other.tf")
    living.commit("a newer component")
    living.work_off()
    said = living.run("rollback", BUCKET, "--commit")
    assert said.code == 0, said.text
    assert _text(living, f"{folder}/main.tf") == first
    assert not (living.catalog / folder / "other.tf").exists()
    assert living.git("status", "--porcelain") == ""
    living.work_off()
    assert living.run("outputs", BUCKET).out == "bucket=1\n"


def test_nothing_to_go_back_to_is_an_error_that_lists_what_there_is(moved: Workshop) -> None:
    before = _text(moved)
    only = _history(moved, DEV)[0]["id"][:8]
    said = moved.run("rollback", DEV)
    assert said.code == 1
    assert f"there is nothing to roll {DEV} back to" in said.err
    assert f"{only} SUCCEEDED (network 1.0)" in said.err
    unknown = moved.run("rollback", SHOP_DEV, "--to", "zzz")
    assert unknown.code == 1
    assert 'has no deployment "zzz"' in unknown.err
    assert unknown.err.count("SUCCEEDED (web 1.0)") == 2
    assert 'has no deployment ""' in moved.run("rollback", SHOP_DEV, "--to", "").err
    assert moved.run("rollback", "environment/tset").code == 1
    assert _text(moved) == before


def test_only_what_succeeded_comes_back(living: Workshop) -> None:
    living.edit(SERVICE, "shop:1.4.0", "shop:1.5.0")
    living.commit("cancelled soon")
    living.apply()
    living.run("cancel", SHOP_DEV)
    cancelled = _history(living, SHOP_DEV)[0]["id"]
    said = living.run("rollback", SHOP_DEV, "--to", cancelled)
    assert said.code == 1
    assert f"deployment {cancelled} is CANCELLED: only what succeeded can be brought back" in said.err


def test_a_synced_service_goes_back_where_its_spec_is_kept(living: Workshop) -> None:
    head = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: shop}\n"
    sync = "sync: {repository: infrastructure, branch: main, opsFile: proton-ops.yaml}"
    living.edit(SERVICE, "shop:1.4.0", "shop:1.5.0")
    living.commit("another")
    living.work_off()
    living.write(SERVICE, f'{head}spec: {{template: web, version: "1", {sync}}}\n')
    said = living.run("rollback", SHOP_DEV)
    assert said.code == 1
    assert "the spec of service shop is kept in another repository" in said.err
    assert "proton-ops.yaml of infrastructure" in said.err
