"""Components: attached to a service instance or alone in an environment, from their folder to their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

BUCKET, SHOP_DEV = "component/bucket", "service/shop/service-instance/shop-dev"
FOLDER = "dev/components/bucket"
MANIFEST = """\
infrastructure:
  templates:
    - file: main.tf
      rendering_engine: hcl
      template_language: terraform
"""
ATTACHED = """\
resource "terraform_data" "bucket" {
  input = "${var.environment.name}-${var.component.name}-${var.service_instance.inputs.port}"
}

output "bucket" {
  value = terraform_data.bucket.output
}
"""
DETACHED = ATTACHED.replace("${var.service_instance.inputs.port}", "${var.environment.outputs.network_id}")
READS = """
output "bucket" {
  value = try(var.service_instance.components.default.outputs.bucket, "none")
}
"""
REGISTRATION = "templates/service/web/v1/.template-registration.yaml"


def component(workshop: Workshop, spec: str, main: str = ATTACHED) -> None:
    """Writes the component `bucket`."""
    head = "apiVersion: reconciler/v1\nkind: Component\nmetadata: {name: bucket}\n"
    workshop.write("components/bucket/component.yaml", f"{head}spec: {spec}\n")
    workshop.write("components/bucket/manifest.yaml", MANIFEST)
    workshop.write("components/bucket/main.tf", main)


@pytest.fixture
def taking(living: Workshop) -> Workshop:
    """Everything has succeeded, and the template of the shop takes components and reads their outputs."""
    living.write(REGISTRATION, (living.catalog / REGISTRATION).read_text() + "supported_component_sources:\n"
                 "  - DIRECTLY_DEFINED\n")  # fmt: skip
    outputs = "templates/service/web/v1/instance_infrastructure/main.tf"
    living.write(outputs, (living.catalog / outputs).read_text() + READS)
    living.commit()
    living.work_off()
    return living


def outputs(workshop: Workshop, key: str) -> dict[str, str]:
    found = workshop.run("outputs", key, "-o", "json").json["outputs"]
    return {item["key"]: item["valueString"] for item in found}


def test_an_attached_component_comes_first_and_its_instance_reads_its_outputs(taking: Workshop) -> None:
    component(taking, "{attachTo: shop/shop-dev}")
    taking.commit()
    said = taking.apply()
    assert list(taking.pulls().values()) == ["component/bucket: create (directly defined)"]
    assert f"{SHOP_DEV}  waiting-for-component" in said.out
    taking.merge_all()
    assert taking.provision().code == 0
    assert outputs(taking, SHOP_DEV)["bucket"] == "none"
    taking.apply()
    assert list(taking.pulls().values()) == [f"{SHOP_DEV}: update with component/bucket (web 1.1)"]
    taking.merge_all()
    assert taking.provision().code == 0
    taking.work_off()
    assert outputs(taking, SHOP_DEV)["bucket"] == outputs(taking, BUCKET)["bucket"] == "dev-bucket-8080"
    assert taking.states()[BUCKET] == "SUCCEEDED"

    rendered = taking.run("render", BUCKET).out
    for name in ("main.tf", "proton.component.variables.tf", "proton.auto.tfvars.json"):
        assert f"{FOLDER}/{name}" in rendered
    assert '"componentType" : "default"' in rendered
    assert '"serviceInstanceArn" : "arn:aws:proton:' in rendered
    before = taking.records()
    assert taking.apply().out == "Nothing to do.\n"
    assert taking.records() == before


def test_inputs_of_the_instance_reach_its_component_and_come_back_as_outputs(attached: Workshop) -> None:
    attached.edit("services/shop/service.yaml", "        image: shop:1.4.0\n", "        image: shop:1.4.0\n"
                  "        port: 9000\n")  # fmt: skip
    attached.commit()
    attached.apply()
    assert f"{BUCKET}: update input port (directly defined)" in attached.pulls().values()
    attached.work_off()
    assert outputs(attached, SHOP_DEV)["bucket"] == "dev-bucket-9000"


@pytest.fixture
def attached(taking: Workshop) -> Workshop:
    """The component is there, and its instance reads it."""
    component(taking, "{attachTo: shop/shop-dev}")
    taking.commit()
    taking.work_off()
    return taking


def test_a_detached_component_lives_in_its_environment_and_changes_with_its_file(living: Workshop) -> None:
    component(living, "{environment: dev}", DETACHED)
    living.commit()
    living.work_off()
    assert outputs(living, BUCKET)["bucket"].startswith("dev-bucket-")
    assert "service_instance" not in living.run("render", BUCKET).out.split('"component" :')[1].split("proton_tags")[0]
    component(living, "{environment: dev}", DETACHED + "\nlocals {}\n")
    living.commit()
    living.apply()
    assert list(living.pulls().values()) == ["component/bucket: update its template (directly defined)"]


def test_a_component_is_detached_from_its_instance_before_it_is_destroyed(attached: Workshop) -> None:
    attached.remove("components")
    attached.commit()
    said = attached.apply()
    assert list(attached.pulls().values()) == [f"{SHOP_DEV}: update without component/bucket (web 1.1)"]
    assert f"{BUCKET}  in-use" in said.out
    attached.merge_all()
    assert attached.provision().code == 0
    attached.apply()
    assert f"{BUCKET}: destroy (directly defined)" in attached.pulls().values()
    attached.work_off()
    assert BUCKET not in attached.states()
    assert outputs(attached, SHOP_DEV)["bucket"] == "none"


def test_a_service_goes_with_its_component_and_the_environment_stays_until_both_are_gone(attached: Workshop) -> None:
    attached.remove("components")
    attached.remove("services/shop")
    attached.commit()
    attached.work_off()
    assert not {key for key in attached.states() if "shop" in key or "component" in key}


def test_a_component_goes_from_one_instance_to_another_by_way_of_its_environment(attached: Workshop) -> None:
    attached.edit("components/bucket/component.yaml", "attachTo: shop/shop-dev", "attachTo: shop/shop-prod")
    attached.commit()
    said = attached.run("apply")
    assert said.code == 1
    assert f"{BUCKET}  immutable-change" in said.out
    assert "detach it first, with environment: in place of attachTo:" in said.out


def test_a_template_that_takes_no_components_says_so(living: Workshop) -> None:
    component(living, "{attachTo: shop/shop-dev}")
    living.commit()
    assert "[COMPONENT_UNSUPPORTED] template web takes no components" in living.run("validate").out
    said = living.run("apply")
    assert said.code == 1
    assert f"{BUCKET}  components-not-supported" in said.out


def test_a_component_that_terraform_cannot_read_is_an_error_of_the_catalog(living: Workshop) -> None:
    component(living, "{environment: dev}", "resource {\n")
    living.commit()
    for verb in ("validate", "plan", "apply"):
        said = living.run(verb)
        assert said.code == 1
        assert "components/bucket/main.tf:1:1: [TEMPLATE_SYNTAX]" in said.text
    assert living.pulls() == {}


def test_environments_may_have_a_top_folder_of_their_own(workshop: Workshop) -> None:
    workshop.edit("repositories/infrastructure.yaml", "spec:\n", "spec:\n  environmentsFolder: environments\n")
    component(workshop, "{environment: dev}", DETACHED)
    workshop.commit()
    workshop.apply("--init-records")
    workshop.work_off()
    paths = workshop.git("ls-tree", "-r", "--name-only", "main", at="infrastructure.git").splitlines()
    assert {"/".join(path.split("/")[:2]) for path in paths} == {"environments/dev", "environments/prod"}
    assert "environments/dev/components/bucket/main.tf" in paths
    assert "environments/dev/shop-shop-dev/.proton/deployment-metadata.json" in paths
    assert "shop/pipeline/main.tf" in workshop.git("ls-tree", "-r", "--name-only", "main", at="pipelines.git")
    assert workshop.run("verify").code == 0
