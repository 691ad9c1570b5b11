"""CloudFormation, CodeBuild, and environments that others provision: rendered and planned, not yet carried out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cfnlint.decode.decode import decode_str

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

ROLE = "arn:aws:iam::111122223333:role/proton"
CLOUDFORMATION = """\
infrastructure:
  templates:
    - file: stack.yaml
      rendering_engine: jinja
      template_language: cloudformation
"""
SCHEMA = """\
schema:
  format:
    openapi: "3.0.0"
  {kind}_input_type: Inputs
  types:
    Inputs:
      type: object
      properties:
        names:
          type: array
          items: {{type: string}}
          default: [a, b]
        port: {{type: integer, default: 80}}
"""
VPC = """\
# {{ environment.name }}
Resources:
  {% for name in environment.inputs.names %}
  Topic{{ loop.index }}:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: "{{ environment.name }}-{{ name }}"
  {% endfor %}
"""
API = """\
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: {{ service.name }}-{{ service_instance.name }}
      MemorySize: {{ service_instance.inputs.port }}
      Environment:
        Variables:
          {{ environment.outputs | proton_cfn_lambda_function_formatted_env_vars }}
"""
BUILD = """\
infrastructure:
  templates:
    - rendering_engine: codebuild
      settings:
        image: aws/codebuild/amazonlinux2-x86_64-standard:4.0
        runtimes: {python: 3.10}
        provision:
          - ./deploy.sh {{ service.name }}
        deprovision:
          - ./destroy.sh
        project_properties:
          VpcConfig:
            Subnets: "{{ service_instance.inputs.names }}"
"""


def template(kind: str, name: str, folder: str, manifest: str, **files: str) -> dict[str, str]:
    """A bundle below `templates/<kind>/<name>/v1`."""
    top = f"templates/{kind}/{name}/v1"
    found = {f"{top}/schema/schema.yaml": SCHEMA.format(kind=kind), f"{top}/{folder}/manifest.yaml": manifest}
    if kind == "service":
        found[f"{top}/.template-registration.yaml"] = "compatible_environments: [vpc:1, ours:1]\n"
    return found | {f"{top}/{folder}/{file.replace('_', '.')}": text for file, text in files.items()}


def environment(template: str, provisioning: str = "", inputs: str = "{}") -> str:
    lines = f"  provisioning: {provisioning}\n" if provisioning else ""
    return (
        "apiVersion: reconciler/v1\nkind: Environment\nmetadata: {name: cloud}\n"
        f"spec:\n  template: {template}\n  version: '1'\n{lines}  inputs: {inputs}\n"
    )


def service(template: str) -> str:
    return (
        f"apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: api}}\nspec:\n  template: {template}\n"
        "  version: '1'\n  instances:\n    - {name: one, environment: cloud}\n"
    )


@pytest.fixture
def cloud(workshop: Workshop) -> Workshop:
    """An environment and a service for CloudFormation, beside the Terraform of the example."""
    files = template("environment", "vpc", "infrastructure", CLOUDFORMATION, stack_yaml=VPC)
    files |= template("service", "api", "instance_infrastructure", CLOUDFORMATION, stack_yaml=API)
    roles = f"{{role: '{ROLE}', codebuildRole: '{ROLE}', componentRole: '{ROLE}'}}"
    files["environments/cloud/environment.yaml"] = environment("vpc", roles)
    files["services/api/service.yaml"] = service("api")
    for path, text in files.items():
        workshop.write(path, text)
    workshop.commit()
    return workshop


def test_a_stack_is_rendered_and_planned_and_apply_says_that_nothing_drives_it_yet(cloud: Workshop) -> None:
    assert cloud.run("validate").code == 0
    rendered = cloud.run("render", "environment/cloud", "--out", "out")
    assert rendered.code == 0, rendered.text
    text = (cloud.root / "out/cloud/stack.yaml").read_text()
    assert text.startswith("# cloud\nResources:\n")
    stack, found = decode_str(text)
    assert found == []
    names = [item["Properties"]["TopicName"] for item in stack["Resources"].values()]
    assert names == ["cloud-a", "cloud-b"]

    planned = cloud.run("plan", "-o", "json").json
    (action,) = [item for item in planned["actions"] if item["key"] == "environment/cloud"]
    assert action["action"] == "create"
    assert "+# cloud" in action["files"][0]["diff"]
    assert "`apply` will say provisioner-not-available" in action["notes"][0]
    said = cloud.apply("--init-records")
    assert "environment/cloud  provisioner-not-available" in said.out
    assert "environment/cloud" not in str(cloud.pulls())
    assert cloud.states()["environment/cloud"] == "not deployed, provisioner-not-available"
    assert "provisioner-not-available" in cloud.run("explain", "environment/cloud").out
    assert cloud.run("plan", "--detailed-exitcode").code == 0, "nothing that a pass would do"


def test_a_stack_can_be_tried_with_outputs_that_are_supposed(cloud: Workshop) -> None:
    assert "environment/cloud has not been provisioned yet" in cloud.run("render", KEY).err
    (cloud.root / "outputs.yaml").write_text("environment/cloud:\n  Id: 012\n  Name: yes\n")
    rendered = cloud.run("render", KEY, "--suppose", "outputs.yaml")
    assert rendered.code == 0, rendered.text
    assert '          Id: "012"\n          Name: "yes"\n' in rendered.out
    assert "FunctionName: api-one" in rendered.out


KEY = "service/api/service-instance/one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("environment/clod: {}", "the catalog has no environment/clod, whose outputs are supposed"),
        ("cloud: {}", "outputs.yaml:1:1: cloud is no key of something with outputs"),
        ("environment/cloud: {a: [b]}", "the outputs of environment/cloud are not a mapping of texts"),
        ("environment/cloud: {a: b", "outputs.yaml:2:1: [YAML_INVALID]"),
    ],
)
def test_what_is_supposed_is_checked(cloud: Workshop, text: str, message: str) -> None:
    (cloud.root / "outputs.yaml").write_text(text)
    said = cloud.run("render", KEY, "--suppose", "outputs.yaml")
    assert said.code == 1
    assert message in said.err


def test_an_environment_of_others_has_its_inputs_for_outputs_at_once(cloud: Workshop) -> None:
    schema = "templates/environment/ours/v1/schema/schema.yaml"
    only_text = SCHEMA.format(kind="environment").split("      properties:")[0]
    cloud.write(schema, only_text + "      required: [Id]\n      properties:\n        Id: {type: string}\n")
    cloud.write("environments/cloud/environment.yaml", environment("ours", f"{{role: '{ROLE}'}}", "{Id: vpc-1}"))
    cloud.commit()
    said = cloud.apply("--init-records")
    assert "= environment/cloud  its inputs are its outputs" in said.out
    assert cloud.states()["environment/cloud"] == "SUCCEEDED"
    assert "Id: vpc-1" in cloud.run("render", KEY).out
    assert cloud.run("outputs", "environment/cloud", "-o", "json").json["outputs"] == [
        {"key": "Id", "valueString": "vpc-1"}
    ]
    before = cloud.records()
    cloud.apply()
    assert cloud.records() == before

    cloud.edit("environments/cloud/environment.yaml", "vpc-1", "vpc-2")
    cloud.commit()
    cloud.apply()
    assert "Id: vpc-2" in cloud.run("render", KEY).out
    cloud.remove("environments/cloud")
    cloud.remove("services/api")
    cloud.commit()
    assert "environment/cloud  deletion-needs-consent" in cloud.run("apply").out
    cloud.apply("--allow-deletes", "environment/cloud")
    assert "environment/cloud" not in cloud.states()


def test_codebuild_is_rendered_into_a_folder_and_a_project(cloud: Workshop) -> None:
    files = template("service", "job", "instance_infrastructure", BUILD, deploy_sh="echo {{ untouched }}\n")
    for path, text in files.items():
        cloud.write(path, text)
    cloud.write("services/api/service.yaml", service("job"))
    cloud.commit()
    (cloud.root / "outputs.yaml").write_text("environment/cloud: {}\n")
    said = cloud.run("render", KEY, "--suppose", "outputs.yaml", "--out", "out")
    assert said.code == 0, said.text
    folder = cloud.root / "out/cloud/api-one"
    assert (folder / "deploy.sh").read_text() == "echo {{ untouched }}\n"
    inputs = json.loads((folder / "proton-inputs.json").read_text())
    assert inputs["service_instance"] == {"name": "one", "inputs": {"names": ["a", "b"], "port": 80}}
    project = json.loads((folder / ".proton/project.json").read_text())
    assert project["VpcConfig"] == {"Subnets": ["a", "b"]}
    build = json.loads((folder / ".proton/provision.buildspec.json").read_text())
    assert build["phases"]["install"]["runtime-versions"] == {"python": "3.10"}
    assert "./deploy.sh api" in str(build["phases"])


def test_a_template_that_jinja_cannot_read_fails_its_registration_with_the_line(cloud: Workshop) -> None:
    path = "templates/environment/vpc/v1/infrastructure/stack.yaml"
    cloud.write(path, "#\n" * 299 + "{% for x in %}\n")
    cloud.commit()
    assert f"{path}:300:1: [TEMPLATE_SYNTAX]" in cloud.run("validate").out
    assert "environment-template/vpc:1.0 " in cloud.run("apply", "--init-records").out


def test_a_missing_name_blocks_with_file_and_line(cloud: Workshop) -> None:
    cloud.edit(
        "templates/environment/vpc/v1/infrastructure/stack.yaml", "environment.inputs.names", "environment.inputs.nams"
    )
    cloud.commit()
    said = cloud.run("apply", "--init-records")
    assert said.code == 1
    assert "environment/cloud  rendering-failed" in said.out
    assert "stack.yaml:3 of vpc 1.0" in said.out
    assert "names" in said.out


def test_terraform_does_not_go_where_cloudformation_is(cloud: Workshop) -> None:
    cloud.edit("environments/cloud/environment.yaml", "template: vpc", "template: network")
    assert "[PROVISIONING_MISMATCH]" in cloud.run("validate").out


def test_inputs_that_do_not_fit_are_blocked_in_a_plan_as_in_a_pass_and_stop_nobody_else(cloud: Workshop) -> None:
    cloud.edit("services/api/service.yaml", "environment: cloud}", "environment: cloud, inputs: {port: x}}")
    cloud.commit()
    said = cloud.run("plan")
    assert said.code == 1
    assert "services/api/service.yaml:8:54: [INPUT_INVALID]" in said.err
    assert "+ environment/cloud  create" in said.out
    assert f"{KEY}  invalid-inputs" in said.out
