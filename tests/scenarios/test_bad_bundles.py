"""Bundles and components, broken, careless or hostile: each stops alone, and says what, where and the way out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.test_engines import (
    API,
    BUILD,
    CLOUDFORMATION,
    KEY,
    ROLE,
    SCHEMA,
    VPC,
    cloud,
    environment,
    template,
)

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

__all__ = ["cloud"]

VPC_V1, API_V1 = "templates/environment/vpc/v1", "templates/service/api/v1"
MANIFEST, STACK = f"{VPC_V1}/infrastructure/manifest.yaml", f"{VPC_V1}/infrastructure/stack.yaml"
VPC_SCHEMA, API_SCHEMA = f"{VPC_V1}/schema/schema.yaml", f"{API_V1}/schema/schema.yaml"
REGISTRATION = f"{API_V1}/.template-registration.yaml"
TERRAFORM = """\
infrastructure:
  templates:
    - {file: "*", rendering_engine: hcl, template_language: terraform}
"""
TEXTS = """\
      properties:
        Id: {type: string}
"""

Change = Callable[["Workshop"], object]


@dataclass(frozen=True)
class Bad:
    """What somebody does, and what is said of it, at which place."""

    change: Change
    place: str
    code: str
    words: str
    way_out: str
    severity: str = "error"


def _link(path: str) -> Change:
    def change(workshop: Workshop) -> None:
        file = workshop.catalog / path
        file.rename(workshop.root / "elsewhere")
        file.symlink_to(workshop.root / "elsewhere")

    return change


def _many(number: int, name: str, text: str, manifest: str | None = None) -> Change:
    def change(workshop: Workshop) -> None:
        for index in range(number):
            workshop.write(f"{VPC_V1}/infrastructure/{name.format(index)}", text)
        if manifest is not None:
            workshop.write(MANIFEST, manifest)

    return change


# `place` is a file with line and column where there are any.
BAD = {
    "a file that is a link": Bad(_link(STACK), STACK, "BUNDLE_LINK", "is a link", "put the file itself there"),
    "an infrastructure folder that is a link": Bad(
        _link(f"{VPC_V1}/infrastructure"),
        f"{VPC_V1}/infrastructure",
        "BUNDLE_LINK",
        "is a link",
        "put the file itself there",
    ),
    "a manifest that leads outside of its folder": Bad(
        lambda w: w.edit(MANIFEST, "stack.yaml", "../schema/schema.yaml"),
        f"{MANIFEST}:3:13",
        "MANIFEST_FILE_OUTSIDE",
        '"../schema/schema.yaml" is outside the manifest\'s folder',
        "name a file in the manifest's own folder",
    ),
    "a manifest that leads to the top of the machine": Bad(
        lambda w: w.edit(MANIFEST, "stack.yaml", "/etc/passwd"),
        f"{MANIFEST}:3:13",
        "MANIFEST_FILE_OUTSIDE",
        '"/etc/passwd" is outside',
        "name a file",
    ),
    "a manifest that lists two engines": Bad(
        lambda w: w.write(
            MANIFEST, CLOUDFORMATION + "    - {file: a.tf, rendering_engine: hcl, template_language: terraform}\n"
        ),
        f"{MANIFEST}:6:38",
        "MANIFEST_INVALID",
        "the manifest lists two engines, cloudformation and terraform",
        "keep the templates of one of them here",
    ),
    "engine: for rendering_engine:": Bad(
        lambda w: w.edit(MANIFEST, "rendering_engine:", "engine:"),
        f"{MANIFEST}:4:7",
        "MANIFEST_INVALID",
        'the key "engine" is not used',
        "rename the key to rendering_engine",
    ),
    "an engine that does not exist": Bad(
        lambda w: w.edit(MANIFEST, "jinja", "mustache"),
        f"{MANIFEST}:4:25",
        "UNSUPPORTED_ENGINE",
        "rendering_engine: mustache",
        "write rendering_engine: jinja with template_language: cloudformation",
    ),
    "a manifest with tabs": Bad(
        lambda w: w.edit(MANIFEST, "    - file", "\t- file"),
        f"{MANIFEST}:3:1",
        "YAML_INVALID",
        "not valid YAML",
        "indent with spaces, not tabs",
    ),
    "a schema with tabs": Bad(
        lambda w: w.edit(VPC_SCHEMA, "      properties", "\tproperties"),
        f"{VPC_SCHEMA}:8:1",
        "YAML_INVALID",
        "not valid YAML",
        "indent with spaces, not tabs",
    ),
    "a listed file that is not there": Bad(
        lambda w: w.edit(MANIFEST, "stack.yaml", "stak.yaml"),
        f"{MANIFEST}:3:13",
        "MANIFEST_FILE_MISSING",
        'the manifest names "stak.yaml"',
        'did you mean "stack.yaml"?',
    ),
    "a folder without a manifest": Bad(
        lambda w: w.remove(MANIFEST),
        f"{VPC_V1}/infrastructure",
        "MANIFEST_INVALID",
        "has no manifest.yaml",
        "add one with: infrastructure:",
    ),
    "a pipeline folder in a template without pipeline": Bad(
        lambda w: w.write(f"{API_V1}/pipeline_infrastructure/manifest.yaml", TERRAFORM),
        f"{API_V1}/pipeline_infrastructure",
        "UNEXPECTED_DIRECTORY",
        "the schema names no pipeline_input_type",
        "or remove pipeline_infrastructure/",
    ),
    "a pipeline in the schema without a folder": Bad(
        lambda w: w.edit(API_SCHEMA, "  service_input_type", "  pipeline_input_type: Inputs\n  service_input_type"),
        API_V1,
        "MISSING_DIRECTORY",
        "there is no pipeline_infrastructure/",
        "or remove pipeline_input_type from the schema",
    ),
    "an instance folder that is not there": Bad(
        lambda w: w.remove(f"{API_V1}/instance_infrastructure"),
        API_V1,
        "MISSING_DIRECTORY",
        "no instance_infrastructure/",
        "add instance_infrastructure/",
    ),
    "a schema that is not there": Bad(
        lambda w: w.remove(f"{VPC_V1}/schema"),
        VPC_SCHEMA,
        "MISSING_DIRECTORY",
        "the bundle has no schema",
        "write schema/schema.yaml",
    ),
    "an input type missing from types": Bad(
        lambda w: w.edit(VPC_SCHEMA, "_input_type: Inputs", "_input_type: Input"),
        f"{VPC_SCHEMA}:4:27",
        "SCHEMA_INVALID",
        'schema.environment_input_type is "Input", which types does not define',
        'did you mean "Inputs"?',
    ),
    "an input type that is no object": Bad(
        lambda w: w.edit(VPC_SCHEMA, "type: object", "type: array"),
        f"{VPC_SCHEMA}:6:5",
        "SCHEMA_INVALID",
        "not type: object",
        "write type: object",
    ),
    "a default of another type": Bad(
        lambda w: w.edit(VPC_SCHEMA, "default: 80", "default: eighty"),
        f"{VPC_SCHEMA}:13:40",
        "SCHEMA_TOLERATED",
        'the default breaks its own schema: it is "eighty", but must be a whole number',
        "correct the default",
        "warning",
    ),
    "a default that is out of range": Bad(
        lambda w: w.edit(VPC_SCHEMA, "default: 80", "maximum: 10, default: 80"),
        f"{VPC_SCHEMA}:13:53",
        "SCHEMA_TOLERATED",
        "it is 80, but must be at most 10",
        "correct the default",
        "warning",
    ),
    "a schema that nothing reads": Bad(
        lambda w: w.write(STACK, "Resources: {}\n"),
        f"{VPC_V1}/infrastructure",
        "SCHEMA_UNUSED",
        "reads any of the inputs of Inputs",
        "is this the schema of another template?",
        "warning",
    ),
    "a Jinja error in line 300": Bad(
        lambda w: w.write(STACK, "#\n" * 299 + "{{ environment.inputs.port | nope }}\n"),
        f"{STACK}:300:1",
        "TEMPLATE_SYNTAX",
        "No filter named 'nope'",
        "(",
    ),
    "a block that does not end": Bad(
        lambda w: w.edit(STACK, "{% endfor %}", ""), f"{STACK}:7:1", "TEMPLATE_SYNTAX", "'endfor'", "("
    ),
    "a template that reads another file": Bad(
        lambda w: w.write(STACK, "\n{% include '/etc/passwd' %}\n"),
        f"{STACK}:2:1",
        "TEMPLATE_SYNTAX",
        "`include` cannot read another",
        "(",
    ),
    "an expression without end": Bad(
        lambda w: w.write(STACK, "{{ " + "(" * 20_000),
        f"{STACK}:1:1",
        "TEMPLATE_SYNTAX",
        "this goes too deep",
        "brackets",
    ),
    "a template that is not UTF-8": Bad(
        lambda w: (w.catalog / STACK).write_bytes(b"# \xe9\nResources: {}\n"),
        STACK,
        "TEMPLATE_SYNTAX",
        "not UTF-8",
        "save it as UTF-8",
    ),
    "no registration file": Bad(
        lambda w: w.remove(REGISTRATION),
        API_V1,
        "COMPAT_ENV_MISSING",
        "says nowhere in which environments it may run",
        "compatible_environments: [vpc-env:1]",
    ),
    "a registration file without a major": Bad(
        lambda w: w.write(REGISTRATION, "compatible_environments: [vpc]\n"),
        f"{REGISTRATION}:1:27",
        "REGISTRATION_INVALID",
        "'vpc' is not an environment template and its major version",
        "write it like vpc-env:1",
    ),
    "a file above the quota": Bad(
        lambda w: w.write(STACK, "#" * 210_000),
        STACK,
        "FILE_TOO_LARGE",
        "210000 bytes; the limit is 204800",
        "shorten it",
    ),
    "a manifest above the quota": Bad(
        lambda w: w.write(MANIFEST, CLOUDFORMATION + "# " + "x" * 52_000),
        MANIFEST,
        "FILE_TOO_LARGE",
        "the limit is 51200",
        "shorten it",
    ),
    "a schema above the quota": Bad(
        lambda w: w.write(VPC_SCHEMA, (w.catalog / VPC_SCHEMA).read_text() + "# " + "x" * 52_000),
        VPC_SCHEMA,
        "FILE_TOO_LARGE",
        "the limit is 51200",
        "shorten it",
    ),
    "a bundle above the quota": Bad(
        _many(27, "f{}.txt", "x" * 200_000),
        VPC_V1,
        "BUNDLE_TOO_LARGE",
        "the limit is 5242880",
        "move large files out of the bundle",
    ),
    "more files than the quota": Bad(
        _many(11, "m{}.tf", "# inputs\n", TERRAFORM),
        f"{VPC_V1}/infrastructure",
        "TOO_MANY_FILES",
        "11 template files; the limit is 10",
        "merge some",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_bundle_says_what_where_and_the_way_out(cloud: Workshop, name: str) -> None:
    bad = BAD[name]
    bad.change(cloud)
    said = cloud.run("validate")
    mark = "" if bad.severity == "error" else "warning: "
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"{bad.place}: {mark}[{bad.code}]")]
    assert bad.words in line
    assert bad.way_out in line.split(bad.words)[1]
    assert said.code == (1 if bad.severity == "error" else 0)


@pytest.mark.parametrize("name", [name for name, bad in BAD.items() if bad.severity == "error"])
def test_a_bad_bundle_fails_its_own_registration_and_nothing_else(cloud: Workshop, name: str) -> None:
    bad = BAD[name]
    bad.change(cloud)
    planned = cloud.run("plan", "-o", "json")
    assert planned.code == 1
    document = planned.json
    failed = [item for item in document["versions"] if item["status"] == "REGISTRATION_FAILED"]
    assert len(failed) == 1
    assert bad.code in str(failed[0])
    assert {item["key"] for item in document["actions"]} >= {"environment/dev", "environment/prod"}


def test_an_instance_does_not_go_where_its_template_may_not_run(cloud: Workshop) -> None:
    cloud.edit(REGISTRATION, "vpc:1, ", "")
    said = cloud.run("validate")
    assert said.code == 1
    assert "services/api/service.yaml:8:32: [ENVIRONMENT_INCOMPATIBLE] environment cloud is made from vpc:1" in said.out
    assert "api runs in ours:1 (choose another environment, or list vpc:1" in said.out
    cloud.commit()
    first = cloud.run("apply", "--init-records")
    assert first.code == 1
    assert f"{KEY}  incompatible-environment" in first.out
    assert "environment/dev" in cloud.pulls()["infrastructure#1"]


def test_an_incompatible_schema_says_since_when_and_the_way_out(cloud: Workshop) -> None:
    cloud.apply("--init-records")
    cloud.edit(API_SCHEMA, "type: integer", "type: string")
    said = cloud.run("validate")
    assert said.code == 1
    assert f"{API_SCHEMA}: [SCHEMA_INCOMPATIBLE] the schema is not compatible since 1.0" in said.out
    assert "put this bundle into templates/service/api/v2, or undo the change" in said.out


# What only rendering can tell: the text of the template, the line that is named, what is said, the way out.
HOSTILE = {
    "a filter given a text": (
        "Resources:\n  A:\n    B:\n      {{ environment.name | proton_cfn_ecs_task_definition_formatted_env_vars }}\n",
        4,
        "proton_cfn_ecs_task_definition_formatted_env_vars takes a mapping, such as outputs, not a text",
        "",
    ),
    "a text that is not harmless": (
        "Resources:\n  A: {{ 'a b' | proton_cfn_sanitize }}\n",
        2,
        'Illegal character(s) detected in "a b". Must match regex ^[a-zA-Z0-9_-]*$ or be a valid ARN',
        "",
    ),
    "a hyphen after a dot": (
        "\nResources: {{ environment.inputs.my-port }}\n",
        2,
        'environment.inputs has no "my"',
        'write environment.inputs["my-port"]',
    ),
    "a misspelt input": ("A: {{ environment.inputs.prot }}\n", 1, 'has no "prot"', 'did you mean "port"?'),
    "a class of Python": (
        "\n\n{{ ''.__class__.__mro__[1].__subclasses__() }}",
        3,
        'a template may not use "__class__" of a str',
        "sandbox",
    ),
    "a class by way of a filter": ("{{ '' | attr('__class__') }}", 1, 'may not use "__class__"', "sandbox"),
    "a class by way of a format": ("{{ '{0.__class__}'.format(1) }}", 1, 'may not use "__class__"', "sandbox"),
    "the globals of a function": ("{{ cycler.__init__.__globals__ }}", 1, "may not use", "sandbox"),
    "a text that doubles": (
        "{% set ns = namespace(l='x') %}\n{% for a in range(99) %}\n{% set ns.l = ns.l ~ ns.l %}{% endfor %}",
        3,
        "more than 1024 KiB",
        "",
    ),
    "a padded text": ("\n{{ 'x' | center(999999999999) }}", 2, "too much memory", "double in size"),
    "a macro that calls itself": ("{% macro a() %}{{ a() }}{% endmacro %}\n{{ a() }}", 1, "too deep", "calls itself"),
    "more text than a stack may have": (
        "Resources:\n{% for a in range(99999) %}\n  # {{ 'x' * 10000 }}{% endfor %}\n",
        3,
        "more than 1024 KiB",
        "one megabyte",
    ),
    "a control character": ("Resources:\n  {{ '\x1b[31mRED' }}: 1\n", 2, "control characters", r"\x1b[31mRED: 1"),
    "YAML that is not well-formed": ("Resources:\n  A: 1\n   \tB: 1\n", 3, "not well-formed once rendered", "line 3"),
    "an alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{n}: &{n} [{', '.join([f'*{o}'] * 9)}]\n" for o, n in zip("abcdefgh", "bcdefghi", strict=True)),
        1,
        "YAML alias",
        "",
    ),
    "no mapping": ("- a\n", 1, "a template is a mapping, with Resources in it", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_template_that_cannot_be_rendered_names_its_line_and_stops_nobody_else(cloud: Workshop, name: str) -> None:
    text, line, message, way_out = HOSTILE[name]
    cloud.edit(VPC_SCHEMA, "port: {", "my-port: {type: string, default: a}\n        port: {")
    cloud.write(STACK, text)
    rendered = cloud.run("render", "environment/cloud")
    assert rendered.code == 1
    assert f"stack.yaml:{line} of vpc 1.0" in rendered.err
    assert message in rendered.err
    assert way_out in rendered.err.split(message)[1]
    assert all(character.isprintable() or character == "\n" for character in rendered.text)
    planned = cloud.run("plan", "-o", "json")
    assert planned.code == 1
    (blocked,) = [item for item in planned.json["blocked"] if item["key"] == "environment/cloud"]
    assert blocked["reason"] == "rendering-failed"
    assert message in blocked["message"]
    assert {item["key"] for item in planned.json["actions"]} >= {"environment/dev", "environment/prod"}


BUILD_FAULTS = {
    "a misspelt name": ("./deploy.sh {{ environment.nme }}", 'provision[0]: environment has no "nme"'),
    "a class of Python": ("{{ ''.__class__ }}", 'provision[0]: a template may not use "__class__" of a str'),
}


@pytest.mark.parametrize("name", BUILD_FAULTS)
def test_a_command_that_cannot_be_rendered_is_named_and_stops_nobody_else(cloud: Workshop, name: str) -> None:
    command, message = BUILD_FAULTS[name]
    manifest = BUILD.replace("./deploy.sh {{ service.name }}", f"|-\n            {command}")
    cloud.write(MANIFEST, manifest.replace("service_instance", "environment"))
    assert cloud.run("validate").code == 0
    assert f"manifest.yaml of vpc 1.0: {message}" in cloud.run("render", "environment/cloud").err
    planned = cloud.run("plan", "-o", "json")
    assert planned.code == 1
    (blocked,) = [item for item in planned.json["blocked"] if item["key"] == "environment/cloud"]
    assert (blocked["reason"], message in blocked["message"]) == ("rendering-failed", True)
    assert {item["key"] for item in planned.json["actions"]} >= {"environment/dev", "environment/prod"}


def test_a_template_without_end_does_not_hold_up_a_plan_for_long(
    cloud: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.engine.jail.Jail.__init__.__defaults__", (0.3,))
    cloud.write(STACK, "{% set n = 99999 %}\n{% for a in range(n) %}{% for b in range(n) %}\n{%- endfor %}{% endfor %}")
    for index in range(20):
        text = (cloud.catalog / "environments/cloud/environment.yaml").read_text()
        cloud.write(f"environments/c{index}/environment.yaml", text.replace("name: cloud", f"name: c{index}"))
    started = time.monotonic()
    document = cloud.run("plan", "-o", "json").json
    assert time.monotonic() - started < 10
    late = [item for item in document["blocked"] if item["reason"] == "rendering-failed"]
    assert len(late) == 21
    assert all("rendering took longer than 0.3 s" in item["message"] for item in late)
    assert {item["key"] for item in document["actions"]} >= {"environment/dev", "environment/prod"}


def test_outputs_that_yaml_would_read_as_numbers_are_quoted(cloud: Workshop) -> None:
    values = ["012", "1e3", "0x1F", "1_000", "12:30:45", "2020-01-01", ".inf", "~", "null", "yes", "No", "", "="]
    given = "".join(f"  k{index}: '{value}'\n" for index, value in enumerate(values))
    (cloud.root / "outputs.yaml").write_text("environment/cloud:\n" + given)
    rendered = cloud.run("render", KEY, "--suppose", "outputs.yaml")
    assert rendered.code == 0, rendered.text
    for index, value in enumerate(values):
        assert f'          k{index}: "{value}"\n' in rendered.out


def test_who_provisions_a_template_is_chosen_once(cloud: Workshop) -> None:
    text = SCHEMA.format(kind="environment").split("      properties:")[0] + TEXTS
    cloud.write("templates/environment/ours/v1/schema/schema.yaml", text)
    cloud.write("environments/ours/environment.yaml", environment("ours", inputs="{Id: a}").replace("cloud", "ours"))
    cloud.write("templates/environment/theirs/v1/schema/schema.yaml", text)
    for path in ("manifest.yaml", "stack.yaml"):
        cloud.write(f"templates/environment/theirs/v1/infrastructure/{path}", (cloud.catalog / MANIFEST).read_text())
    cloud.commit()
    cloud.apply("--init-records")

    cloud.write("templates/environment/ours/v1/infrastructure/manifest.yaml", CLOUDFORMATION)
    cloud.write("templates/environment/ours/v1/infrastructure/stack.yaml", VPC)
    cloud.remove("templates/environment/theirs/v1/infrastructure")
    cloud.commit()
    for _ in range(2):  # also when it failed in an earlier pass
        said = cloud.run("validate")
        assert said.code == 1
        assert "ours/v1: [UNEXPECTED_DIRECTORY] others provision the environments of 1.0" in said.out
        assert "theirs/v1: [MISSING_DIRECTORY] 1.0 has an infrastructure/, and this has none" in said.out
        assert said.out.count("(put this bundle into a template of another name, or undo the change)") == 2
        cloud.run("apply")
    assert cloud.versions()["environment-template/ours:1.1"] == "REGISTRATION_FAILED"
    assert cloud.in_effect("environment/ours") == "1.0"


def test_a_template_does_not_lose_its_pipeline_in_a_minor(living: Workshop) -> None:
    schema = "templates/service/web/v1/schema/schema.yaml"
    living.edit(schema, "  pipeline_input_type: WebPipeline\n", "")
    living.remove("templates/service/web/v1/pipeline_infrastructure")
    said = living.run("validate")
    assert said.code == 1
    assert f"{schema}: [SCHEMA_INCOMPATIBLE]" in said.out
    assert "pipelines that exist would lose their template (put this bundle into templates/service/web/v2" in said.out
    living.commit()
    assert living.run("apply").code == 1
    assert living.pulls() == {}


def test_what_is_written_for_aws_says_where_it_could_go(cloud: Workshop) -> None:
    cloud.edit("environments/dev/environment.yaml", "template: network", "template: vpc")
    said = cloud.run("validate")
    assert "[PROVISIONING_MISMATCH] vpc is made for CloudFormation, which needs role, and it is provisioned" in said.out
    assert "(use one made for Terraform, or another place: Terraform goes through a repository" in said.out


def test_quotas_are_settings(cloud: Workshop) -> None:
    settings = (cloud.catalog / "reconciler.yaml").read_text().rstrip()
    cloud.write("reconciler.yaml", f"{settings}\n  quotas: {{fileSize: 10, templateFiles: 1}}\n")
    said = cloud.run("validate")
    assert f"{STACK}: [FILE_TOO_LARGE]" in said.out
    assert "the limit is 10" in said.out
    cloud.write("reconciler.yaml", f"{settings}\n  quotas: {{filesize: 10}}\n")
    assert '[KEY_UNKNOWN] unknown key "filesize" in spec.quotas (did you mean "fileSize"?)' in cloud.run("validate").out
    cloud.write("reconciler.yaml", f"{settings}\n  quotas: {{fileSize: 400000}}\n")
    cloud.write(f"{VPC_V1}/infrastructure/big.txt", "x" * 210_000)
    assert cloud.run("validate").code == 0


def test_a_template_beside_another_of_its_name_is_an_error(cloud: Workshop) -> None:
    for path, text in template("environment", "vpc", "infrastructure", CLOUDFORMATION, stack_yaml=VPC).items():
        cloud.write(path.replace("templates/", "templates/copied/"), text)
    said = cloud.run("validate")
    assert said.code == 1
    assert "[NAME_TAKEN]" in said.out


COMPONENT = "components/bucket"
COMPONENT_TERRAFORM = TERRAFORM.replace('"*"', "main.tf")
SECOND = "    - {file: other.tf, rendering_engine: hcl, template_language: terraform}\n"


def _component(workshop: Workshop, manifest: str = COMPONENT_TERRAFORM, main: str = "locals {}\n") -> None:
    head = "apiVersion: reconciler/v1\nkind: Component\nmetadata: {name: bucket}\n"
    workshop.write(f"{COMPONENT}/component.yaml", f"{head}spec: {{environment: dev}}\n")
    workshop.write(f"{COMPONENT}/manifest.yaml", manifest)
    workshop.write(f"{COMPONENT}/main.tf", main)


def _two_files(workshop: Workshop) -> None:
    _component(workshop, COMPONENT_TERRAFORM + SECOND)
    workshop.write(f"{COMPONENT}/other.tf", "locals {}\n")


def _linked(workshop: Workshop) -> None:
    _component(workshop)
    _link(f"{COMPONENT}/main.tf")(workshop)


COMPONENTS = {
    "two files": (_two_files, "manifest.yaml:3:5", "MANIFEST_INVALID", "a component has one file"),
    "a link": (_linked, "main.tf", "BUNDLE_LINK", "is a link"),
    "CodeBuild": (
        lambda w: _component(w, "infrastructure:\n  templates:\n    - rendering_engine: codebuild\n"),
        "manifest.yaml:3:25",
        "UNSUPPORTED_ENGINE",
        "a component cannot be provisioned by CodeBuild",
    ),
    "a long manifest": (
        lambda w: _component(w, COMPONENT_TERRAFORM + "#" * 1000),
        "manifest.yaml",
        "FILE_TOO_LARGE",
        "the limit is 1024",
    ),
    "a variable of ours": (
        lambda w: _component(w, main='variable "environment" {}\n'),
        "main.tf:1:1",
        "VARIABLE_CLASH",
        'variable "environment" is declared',
    ),
    "CloudFormation where there is no role": (
        lambda w: _component(w, CLOUDFORMATION.replace("stack.yaml", "main.tf")),
        "component.yaml:4:21",
        "PROVISIONING_MISMATCH",
        "needs componentRole",
    ),
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_bad_component_says_what_where_and_the_way_out(workshop: Workshop, name: str) -> None:
    change, place, code, words = COMPONENTS[name]
    change(workshop)
    said = workshop.run("validate")
    assert said.code == 1
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"{COMPONENT}/{place}: [{code}]")]
    assert words in line
    assert line.endswith(")")


def test_a_component_in_aws_needs_a_role_of_its_own(cloud: Workshop) -> None:
    _component(cloud, CLOUDFORMATION.replace("stack.yaml", "main.tf"), API)
    cloud.edit(f"{COMPONENT}/component.yaml", "environment: dev", "environment: cloud")
    assert cloud.run("validate").code == 0
    cloud.edit("environments/cloud/environment.yaml", f", componentRole: '{ROLE}'", "")
    said = cloud.run("validate")
    assert "which needs componentRole" in said.out
    assert "(add componentRole, here or to the connection)" in said.out
