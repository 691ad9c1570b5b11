from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from reconciler.catalog.codebuild import CodeBuildSettings
from reconciler.model.documents import Json
from reconciler.model.identity import Account
from reconciler.model.keys import Kind, environment_key, instance_key, pipeline_key
from reconciler.rendering.codebuild import DEPROVISION_FILE, PROJECT_FILE, PROVISION_FILE, codebuild_files, stack_name
from reconciler.rendering.document import (
    CodeRepository,
    EnvironmentFacts,
    InstanceFacts,
    environment_document,
    instance_document,
    pipeline_document,
)
from reconciler.rendering.jinja import DirectJinja, TemplateFault

ACCOUNT = Account("111122223333", "eu-west-1")
ARN = ACCOUNT.arn(environment_key("dev"))
INPUTS: Json = {"subnets": ["subnet-1", "subnet-2"], "minutes": 45, "name": 'it\'s "ours"'}
DOCUMENT = environment_document(ACCOUNT, "net", "dev", INPUTS)
SETTINGS = CodeBuildSettings(
    image="aws/codebuild/amazonlinux2-x86_64-standard:5.0",
    runtimes={"python": "3.10"},
    env={"variables": {"TF_VERSION": "1.50"}, "secrets_manager": {"TOKEN": "team/token:Secret"}},
    provision=(
        "cd src",
        "make all\nmake test\n",
        "./run '{{ environment.name }}' $HOME",
        'echo "${#name}"',
        "./notify $RESOURCE_ARN",
    ),
    deprovision=("make clean",),
    project_properties={
        "TimeoutInMinutes": "{{ environment.inputs.minutes }}",
        "Description": "for {{ environment.name }}",
        "VpcConfig": {"VpcId": "vpc-1", "Subnets": "{{ environment.inputs.subnets }}"},
        "Environment": {
            "PrivilegedMode": True,
            "EnvironmentVariables": [{"Name": "A", "Value": "{{ environment.name }}"}, {"Name": "RESOURCE_ARN"}],
        },
    },
)
JINJA = DirectJinja(lambda _: None)


def rendered(settings: CodeBuildSettings, **files: bytes) -> dict[str, str]:
    folder = codebuild_files(settings, files, Kind.ENVIRONMENT, DOCUMENT, ARN, JINJA)
    return {path: data.decode() for path, data in folder.items()}


def test_a_whole_folder() -> None:
    folder = codebuild_files(
        SETTINGS, {"run.sh": b"\xff", "proton-inputs.json": b"sample"}, Kind.ENVIRONMENT, DOCUMENT, ARN, JINJA
    )
    assert list(folder) == [DEPROVISION_FILE, PROJECT_FILE, PROVISION_FILE, "proton-inputs.json", "run.sh"]
    assert folder["run.sh"] == b"\xff"
    assert (
        folder["proton-inputs.json"].decode()
        == r"""{
  "environment" : {
    "name" : "dev",
    "inputs" : {
      "subnets" : [ "subnet-1", "subnet-2" ],
      "minutes" : 45,
      "name" : "it's \"ours\""
    }
  }
}"""
    )
    assert (
        folder[PROVISION_FILE].decode()
        == r"""{
  "version": "0.2",
  "env": {
    "variables": {
      "STACK_NAME": "environment-dev-78aef305",
      "TF_VERSION": "1.50"
    },
    "secrets-manager": {
      "TOKEN": "team/token:Secret"
    }
  },
  "phases": {
    "install": {
      "runtime-versions": {
        "python": "3.10"
      }
    },
    "build": {
      "commands": [
        "cd src",
        "make all\nmake test\n",
        "./run 'dev' $HOME",
        "echo \"${#name}\"",
        "./notify $RESOURCE_ARN"
      ]
    }
  }
}
"""
    )
    assert (
        folder[PROJECT_FILE].decode()
        == """{
  "Artifacts": {
    "Type": "NO_ARTIFACTS"
  },
  "Environment": {
    "ComputeType": "BUILD_GENERAL1_SMALL",
    "Image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
    "ImagePullCredentialsType": "CODEBUILD",
    "Type": "LINUX_CONTAINER",
    "EnvironmentVariables": [
      {
        "Name": "A",
        "Value": "dev"
      },
      {
        "Name": "RESOURCE_ARN",
        "Type": "PLAINTEXT",
        "Value": "arn:aws:proton:eu-west-1:111122223333:environment/dev"
      }
    ],
    "PrivilegedMode": true
  },
  "TimeoutInMinutes": 45,
  "Description": "for dev",
  "VpcConfig": {
    "VpcId": "vpc-1",
    "Subnets": [
      "subnet-1",
      "subnet-2"
    ]
  }
}
"""
    )


def test_the_inputs_of_an_instance_are_its_variables_without_tags_marker_and_components() -> None:
    document = instance_document(
        ACCOUNT,
        "web",
        "shop",
        "dev",
        {"port": 80},
        EnvironmentFacts("dev", ACCOUNT.id, {"vpc-id": "v"}),
        CodeRepository(),
    )
    arn = ACCOUNT.arn(instance_key("shop", "dev"))
    folder = codebuild_files(SETTINGS_OF_NOTHING, {}, Kind.INSTANCE, document, arn, JINJA)
    assert json.loads(folder["proton-inputs.json"]) == {
        "environment": {"account_id": "111122223333", "name": "dev", "outputs": {"vpc-id": "v"}},
        "service": {"name": "shop", "repository_connection_arn": "", "repository_id": "", "branch_name": ""},
        "service_instance": {"name": "dev", "inputs": {"port": 80}},
    }


def test_hcl_inputs_of_a_pipeline() -> None:
    environment = EnvironmentFacts("dev", ACCOUNT.id, {"VpcId": "vpc-1"})
    instance = InstanceFacts("a", {"port": 80, "tags": {"x-y": "${z}"}}, {"Url": "u"}, environment)
    document = pipeline_document(ACCOUNT, "web", "shop", {"test": "make"}, [instance], CodeRepository())
    settings = CodeBuildSettings("i", provision=("a",), input_type="HCL")
    folder = codebuild_files(settings, {}, Kind.PIPELINE, document, ACCOUNT.arn(pipeline_key("shop")), JINJA)
    assert "proton-inputs.json" not in folder
    assert (
        folder["proton-inputs.tfvars"].decode()
        == """\
pipeline = {
  inputs = {
    test = "make"
  }
}
service = {
  name                      = "shop"
  repository_connection_arn = ""
  repository_id             = ""
  branch_name               = ""
}
service_instances = [
  {
    name = "a"
    inputs = {
      port = 80
      tags = {
        x-y = "$${z}"
      }
    }
    outputs = {
      Url = "u"
    }
    environment = {
      account_id = "111122223333"
      name       = "dev"
      outputs = {
        VpcId = "vpc-1"
      }
    }
  },
]
"""
    )


SETTINGS_OF_NOTHING = CodeBuildSettings("123.dkr.ecr.eu-west-1.amazonaws.com/tools:aarch64", provision=("true",))


def test_what_is_not_set_is_not_written() -> None:
    folder = rendered(SETTINGS_OF_NOTHING)
    assert list(folder) == [PROJECT_FILE, PROVISION_FILE, "proton-inputs.json"], "nothing to run, no buildspec"
    buildspec = json.loads(folder[PROVISION_FILE])
    assert buildspec["phases"] == {"build": {"commands": ["true"]}}
    assert buildspec["env"] == {"variables": {"STACK_NAME": stack_name(ARN)}}
    environment = json.loads(folder[PROJECT_FILE])["Environment"]
    assert (environment["ImagePullCredentialsType"], environment["Type"]) == ("SERVICE_ROLE", "ARM_CONTAINER")


def test_the_bundle_has_its_own_way_with_stack_name() -> None:
    settings = CodeBuildSettings("i", env={"parameter_store": {"STACK_NAME": "/a"}, "variables": {}}, provision=("a",))
    assert json.loads(rendered(settings)[PROVISION_FILE])["env"] == {"parameter-store": {"STACK_NAME": "/a"}}


def test_stack_names_are_cloudformations_and_no_two_are_the_same() -> None:
    long = "x" * 100
    keys = [environment_key("a-b"), environment_key("a_b"), instance_key(long, long), instance_key(long, long[:-1])]
    names = [stack_name(ACCOUNT.arn(key)) for key in keys]
    assert len(set(names)) == len(keys)
    assert all(len(name) <= 128 and name.replace("-", "").isalnum() and name[0].isalpha() for name in names)


def test_a_fault_names_the_command_or_the_property() -> None:
    settings = CodeBuildSettings("i", provision=("a", "b\n{{ environment.inputs.nothing }}"))
    with pytest.raises(TemplateFault) as fault:
        rendered(settings)
    assert fault.value.message.startswith("provision[1]: ")
    assert fault.value.line == 2
    properties: Json = {"VpcConfig": {"Subnets": ["a", "{{ environment.outputs.x }}"]}}
    with pytest.raises(TemplateFault, match=r"project_properties\.VpcConfig\.Subnets\[1\]: "):
        rendered(CodeBuildSettings("i", provision=("a",), project_properties=properties))


@pytest.mark.parametrize(
    "environment",
    ["x", None, {"EnvironmentVariables": {"A": "b"}}, {"EnvironmentVariables": ["A"]}, {"EnvironmentVariables": None}],
)
def test_an_environment_of_another_shape_is_said(environment: Json) -> None:
    settings = CodeBuildSettings("i", provision=("a",), project_properties={"Environment": environment})
    with pytest.raises(TemplateFault, match=r"^project_properties\.Environment") as fault:
        rendered(settings)
    assert "AWS::CodeBuild::Project" in fault.value.hint


def test_only_commands_and_properties_are_templates() -> None:
    braces = "{{ environment.name }}"
    settings = CodeBuildSettings(braces, runtimes={"go": braces}, env={"variables": {"A": braces}}, provision=("a",))
    folder = rendered(settings, **{"a.txt": braces.encode()})
    assert folder["a.txt"] == braces
    assert folder[PROVISION_FILE].count(braces) == 2
    assert json.loads(folder[PROJECT_FILE])["Environment"]["Image"] == braces


def test_a_buildspec_is_yaml_and_its_commands_share_one_shell(tmp_path: Path) -> None:
    """CodeBuild reads buildspecs as YAML; whatever stands in a command comes out of a YAML parser as it went in."""
    odd = "printf '%s' 'é 😀 \x7f\x85\u2028\ufeff\\n\t\"' > odd"
    settings = CodeBuildSettings("i", provision=("mkdir src\ncd src\n", "export A=a", odd, 'echo "$A $PWD" > "$A"'))
    text = rendered(settings)[PROVISION_FILE]
    commands = yaml.load(text, yaml.CSafeLoader)["phases"]["build"]["commands"]
    assert commands == list(settings.provision)
    subprocess.run(["sh", "-e", "-c", "\n".join(commands)], cwd=tmp_path, check=True)
    assert (tmp_path / "src" / "a").read_text() == f"a {tmp_path}/src\n"
