"""A developer's day: files drafted from templates, values changed in place, schemas for the editor."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.conftest import Workshop

SHOP = "services/shop/service.yaml"
PROD = "environments/prod/environment.yaml"
WEB = ("new", "service", "api", "--template", "web")


def text_of(workshop: Workshop, path: str) -> str:
    return (workshop.catalog / path).read_text(encoding="utf-8")


def schema_of(workshop: Workshop, path: str) -> Any:
    """The schema that the first line of a file leads to."""
    line = text_of(workshop, path).splitlines()[0]
    where = line.removeprefix("# yaml-language-server: $schema=")
    return json.loads(((workshop.catalog / path).parent / where).read_text(encoding="utf-8"))


def files(workshop: Workshop) -> dict[str, bytes]:
    found = (path for path in workshop.catalog.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(workshop.catalog).as_posix(): path.read_bytes() for path in found}


def test_a_new_service_is_valid_once_its_inputs_are_given(workshop: Workshop) -> None:
    said = workshop.run(*WEB, "--environment", "dev", "--input", "image=api:1.0", "--input", "size.cpu=large")
    assert said.code == 0, said.text
    assert "wrote services/api/service.yaml" in said.err
    assert "Still to give" not in said.err
    text = text_of(workshop, "services/api/service.yaml")
    assert "        # The port that the container listens on\n        # port: 8080\n" in text
    assert schema_of(workshop, "services/api/service.yaml")["title"] == "Service made from web"
    assert workshop.run("validate").code == 0
    workshop.commit()
    actions = workshop.run("plan", "-o", "json").json
    keys = {item["key"] for item in (*actions["actions"], *actions["blocked"])}
    assert {"service/api/service-instance/api-dev", "service/api/pipeline"} <= keys


def test_a_new_service_without_its_inputs_is_pointed_at_by_validate(workshop: Workshop) -> None:
    said = workshop.run(*WEB, "--environment", "dev", "--instance", "first")
    assert said.code == 0
    assert "Still to give: image" in said.err
    said = workshop.run("validate")
    assert said.code == 1
    line = next(
        number
        for number, text in enumerate(text_of(workshop, "services/api/service.yaml").splitlines(), 1)
        if "image:" in text
    )
    assert re.search(rf"^services/api/service\.yaml:{line}:\d+: .*image is null, but must be text", said.out)
    assert workshop.run("set", "service/api/service-instance/first", "image=api:2").code == 0
    assert workshop.run("validate").code == 0


def test_a_new_environment_takes_the_only_repository_that_is_not_for_pipelines(workshop: Workshop) -> None:
    said = workshop.run("new", "environment", "test", "--template", "network", "--input", "cidr=10.9.0.0/16")
    assert said.code == 0, said.text
    text = text_of(workshop, "environments/test/environment.yaml")
    assert "    repository: infrastructure\n" in text
    assert "    cidr: 10.9.0.0/16\n" in text
    assert 'version: "1"\n' in text
    assert workshop.run("validate").code == 0


SCHEMA = """schema:
  format: {openapi: "3.0.0"}
  environment_input_type: Plain
  types:
    Plain: {type: object, properties: {zone: {type: string, description: Where}}}
"""
MANIFEST = """infrastructure:
  templates: [{file: cloudformation.yaml, rendering_engine: jinja, template_language: cloudformation}]
"""


def test_a_new_environment_asks_for_the_role_that_its_engine_needs(workshop: Workshop) -> None:
    bundle = "templates/environment/plain/v1"
    workshop.write(f"{bundle}/schema/schema.yaml", SCHEMA)
    workshop.write(f"{bundle}/infrastructure/manifest.yaml", MANIFEST)
    workshop.write(f"{bundle}/infrastructure/cloudformation.yaml", "Resources: {T: {Type: AWS::SNS::Topic}}\n")
    assert workshop.run("new", "environment", "cloud", "--template", "plain").code == 0
    said = workshop.run("validate")
    assert said.code == 1
    assert re.search(r"^environments/cloud/environment\.yaml:\d+:\d+: .*spec\.provisioning\.role is empty", said.out)
    workshop.edit("environments/cloud/environment.yaml", "role:", "role: arn:aws:iam::111122223333:role/proton")
    assert workshop.run("validate").code == 0


def test_a_new_environment_whose_template_only_has_a_schema_is_provisioned_by_nobody(workshop: Workshop) -> None:
    workshop.write("templates/environment/plain/v1/schema/schema.yaml", SCHEMA)
    said = workshop.run("new", "environment", "legacy", "--template", "plain", "--input", "zone=a")
    assert said.code == 0, said.text
    assert text_of(workshop, "environments/legacy/environment.yaml").endswith(
        'spec:\n  template: plain\n  version: "1"\n  inputs:\n    # Where\n    zone: a\n'
    )
    assert workshop.run("validate").code == 0


def test_a_new_component_is_valid_attached_and_detached(workshop: Workshop) -> None:
    registration = "templates/service/web/v1/.template-registration.yaml"
    if "supported_component_sources" not in text_of(workshop, registration):
        text = text_of(workshop, registration).rstrip("\n")
        workshop.write(registration, f"{text}\nsupported_component_sources: [DIRECTLY_DEFINED]\n")
    for name, option, home in (("bucket", "--attach-to", "shop/shop-dev"), ("logs", "--environment", "dev")):
        said = workshop.run("new", "component", name, option, home)
        assert said.code == 0, said.text
        assert schema_of(workshop, f"components/{name}/component.yaml")["title"] == "Component"
    assert "service_instance.inputs" in text_of(workshop, "components/bucket/main.tf")
    assert "service_instance.inputs" not in text_of(workshop, "components/logs/main.tf")
    said = workshop.run("validate")
    assert said.code == 0, said.text
    for words, message in (
        (("bucket", "--environment", "dev"), "components/ has bucket already"),
        (("queue", "--attach-to", "shop/shop-dve"), 'did you mean "shop-dev"?'),
        (("queue", "--attach-to", "shop"), "SERVICE/INSTANCE"),
        (("queue", "--environment", "dve"), 'did you mean "dev"?'),
    ):
        said = workshop.run("new", "component", *words)
        assert said.code == 1, said.text
        assert message in said.err


def test_a_new_repository_is_valid(workshop: Workshop) -> None:
    said = workshop.run("new", "repository", "more", "--full-name", "acme/more", "--branch", "live")
    assert said.code == 0, said.text
    assert schema_of(workshop, "repositories/more.yaml")["title"] == "Repository"
    assert workshop.run("validate").code == 0
    said = workshop.run("new", "environment", "test", "--template", "network", "--input", "cidr=10.9.0.0/16")
    assert said.code == 1
    assert "infrastructure, more" in said.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("service", "shop", "--template", "web"), 1, "services/ has shop already"),
        (("service", "Shop", "--template", "web"), 1, "services/ has shop already"),
        (("service", "a b", "--template", "web"), 1, '"a b" is not a name'),
        (("service", "api", "--template", "wbe"), 1, 'did you mean "web"?'),
        (("service", "api", "--template", "web"), 1, "web can run in dev, prod"),
        (("service", "api", "--template", "web", "--environment", "dve"), 1, 'did you mean "dev"?'),
        (("service", "api", "--template", "web", "--version", "2"), 1, "no version 2 to follow"),
        (("service", "api", "--template", "web", "--version", "x"), 64, '"x" is no version'),
        (("service", "api", "--template", "web", "--environment", "dev", "--input", "prot=1"), 1, "did you mean"),
        (("service", "api", "--template", "web", "--environment", "dev", "--input", "port=0"), 1, "at least 1"),
        (("service", "api", "--template", "worker", "--environment", "dev", "--pipeline-input", "a=b"), 1, "pipeline"),
        (("service", "api"), 64, "--template is missing"),
        (("service", "api", "--template", "web", "--url", "x"), 64, "--url is not for a service"),
        (("environment", "dev", "--template", "network"), 1, "environments/ has dev already"),
        (("environment", "new", "--template", "network", "--repository", "infrastructur"), 1, 'mean "infrastructure"?'),
        (("component", "bucket"), 64, "attached or detached"),
        (("repository", "x"), 64, "--full-name is missing"),
        (("cluster", "x"), 64, "cluster"),
    ],
)
def test_what_cannot_be_drafted_is_said_and_nothing_is_written(
    workshop: Workshop, words: tuple[str, ...], code: int, message: str
) -> None:
    before = files(workshop)
    said = workshop.run("new", *words)
    assert said.code == code, said.text
    assert message in said.err
    assert files(workshop) == before


def test_without_an_environment_to_run_in_the_way_to_one_is_named(workshop: Workshop) -> None:
    for name in ("services", "environments"):
        workshop.remove(name)
    said = workshop.run(*WEB)
    assert said.code == 1
    assert "no environment here is made from what web runs in: network:1" in said.err
    assert "reconciler new environment" in said.err


def test_a_folder_that_is_a_link_is_not_written_into(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (workshop.catalog / ".reconciler").symlink_to(tmp_path / "elsewhere")
    said = workshop.run("new", "repository", "more", "--full-name", "acme/more")
    assert said.code == 1
    assert "is a link" in said.err
    assert not any((tmp_path / "elsewhere").iterdir())
    assert not (workshop.catalog / "repositories/more.yaml").exists()


def test_set_changes_one_value_and_shows_it(workshop: Workshop) -> None:
    before = text_of(workshop, SHOP)
    said = workshop.run("set", "service/shop/service-instance/shop-dev", "image=shop:1.5.0")
    assert said.code == 0, said.text
    assert text_of(workshop, SHOP) == before.replace("shop:1.4.0", "shop:1.5.0")
    assert [line for line in said.out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-        image: shop:1.4.0",
        "+        image: shop:1.5.0",
    ]
    again = workshop.run("set", "service/shop/service-instance/shop-dev", "image=shop:1.5.0")
    assert (again.code, again.out) == (0, "")


def test_the_type_of_the_input_says_what_a_text_is(workshop: Workshop) -> None:
    key = "service/shop/service-instance/shop-dev"
    said = workshop.run("set", key, "image=8080", "port=8080", "size.instances=2", "size.cpu=medium")
    assert said.code == 0, said.text
    text = text_of(workshop, SHOP)
    for line in ('image: "8080"', "port: 8080", "instances: 2", "cpu: medium"):
        assert f"{line}\n" in text
    assert workshop.run("set", "service/shop/pipeline", "unit_tests=true").code == 0
    assert '      unit_tests: "true"\n' in text_of(workshop, SHOP)
    assert workshop.run("set", "environment/prod", 'zones=["a", "b"]', "logging.enabled=false").code == 0
    assert "    zones: [a, b]\n    logging:\n      enabled: false\n" in text_of(workshop, PROD)
    assert workshop.run("validate").code == 0


def test_unset_brings_the_default_back(workshop: Workshop) -> None:
    before = text_of(workshop, PROD)
    assert workshop.run("set", "environment/prod", "--unset", "zones", "--unset", "logging.retention_days").code == 0
    gone = before.replace("    zones: [a, b, c]\n", "").replace("      retention_days: 90\n", "")
    assert text_of(workshop, PROD) == gone
    workshop.edit(PROD, "inputs:", "inputs:\n    typo: 1")
    assert workshop.run("set", "environment/prod", "--unset", "typo").code == 0
    assert text_of(workshop, PROD) == gone


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("service/shop/service-instance/shop-dev", "prot=1"), 1, 'did you mean "port"?'),
        (("service/shop/service-instance/shop-dev", "port=0"), 1, "port is 0, but must be at least 1"),
        (("service/shop/service-instance/shop-dev", "port=many"), 1, "whole number"),
        (("service/shop/service-instance/shop-dev", "--unset", "image"), 1, "image is missing"),
        (("service/shop/service-instance/shop-dev", "size=[a"), 1, "size cannot be read"),
        (("service/shop/service-instance/shop-dve", "port=1"), 1, 'did you mean "shop-dev"?'),
        (("service/shpo/pipeline", "port=1"), 1, 'did you mean "shop"?'),
        (("service/mailer/pipeline", "port=1"), 1, "has no pipeline"),
        (("environment/dve", "cidr=1"), 1, 'did you mean "dev"?'),
        (("environment/prod", "zones.5=a"), 1, "give all of it"),
        (("environment/prod", "cidr"), 64, '"cidr" is no input'),
        (("environment/prod",), 64, "nothing to set"),
        (("service/shop", "port=1"), 1, "deployed in parts"),
    ],
)
def test_what_cannot_be_set_is_said_and_nothing_changes(
    workshop: Workshop, words: tuple[str, ...], code: int, message: str
) -> None:
    before = files(workshop)
    said = workshop.run("set", *words)
    assert said.code == code, said.text
    assert message in said.err
    assert files(workshop) == before


def test_what_was_wrong_before_does_not_stop_a_value_from_being_mended(workshop: Workshop) -> None:
    workshop.edit(PROD, "zones: [a, b, c]", "zones: [q]")
    workshop.edit(PROD, "cidr: 10.1.0.0/16", "cidr:")
    said = workshop.run("set", "environment/prod", "cidr=10.1.0.0/16")
    assert said.code == 0, said.text
    assert 'still to mend: zones[0] is "q"' in said.err


def test_inputs_are_judged_by_the_version_that_is_followed(workshop: Workshop) -> None:
    workshop.apply("--init-records")
    schema = "templates/service/worker/v1/schema/schema.yaml"
    workshop.edit(schema, "          minimum: 1\n", "          minimum: 3\n")  # incompatible: it will not register
    assert workshop.run("set", "service/mailer/service-instance/mailer-dev", "concurrency=2").code == 0
    assert "concurrency" in workshop.run("schema", "service-template/worker").out
    assert workshop.run("schema", "service-template/worker").json["properties"]["concurrency"]["minimum"] == 1


def test_set_keeps_a_proton_spec_file_as_it_is(workshop: Workshop) -> None:
    spec = "# the spec\r\nproton: ServiceSpec\r\ninstances:\r\n  - {name: m, environment: dev, spec: {queue: 'q'}}\r\n"
    spec += "  - name: n\r\n    environment: dev   # also\r\n    spec:\r\n      queue: r"
    (workshop.catalog / "services/mailer/spec.yaml").write_bytes(spec.encode())
    workshop.write(
        "services/mailer/service.yaml",
        "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: mailer}\n"
        'spec: {template: worker, version: "1", specFile: spec.yaml}\n',
    )
    assert workshop.run("set", "service/mailer/service-instance/m", "queue=it's", "concurrency=2").code == 0
    assert workshop.run("set", "service/mailer/service-instance/n", "queue=s").code == 0
    wanted = spec.replace("{queue: 'q'}", "{queue: 'it''s', concurrency: 2}").replace("queue: r", "queue: s")
    assert (workshop.catalog / "services/mailer/spec.yaml").read_bytes() == wanted.encode()
    assert workshop.run("validate").code == 0


def test_inputs_that_were_never_written_are_made(workshop: Workshop) -> None:
    workshop.write(
        "services/mailer/service.yaml",
        "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: mailer}\nspec:\n  template: worker\n"
        '  version: "1"\n  instances:\n  - name: one\n    environment: dev\n  - {name: two, environment: dev}\n',
    )
    for name in ("one", "two"):
        assert workshop.run("set", f"service/mailer/service-instance/{name}", "queue=q").code == 0
    assert text_of(workshop, "services/mailer/service.yaml").endswith(
        "  - name: one\n    environment: dev\n    inputs:\n      queue: q\n"
        "  - {name: two, environment: dev, inputs: {queue: q}}\n"
    )
    assert workshop.run("validate").code == 0


def test_schema_lists_what_there_is_and_prints_each(workshop: Workshop) -> None:
    listed = workshop.run("schema", "-o", "json").json
    assert listed["schema"] == "reconciler/schema/v1"
    assert {"key": "service-template/web:1.0", "parts": ["inputs", "pipeline", "file"]} in listed["templates"]
    for kind in listed["kinds"]:
        assert workshop.run("schema", kind).json["title"] == kind
    for template in listed["templates"]:
        for part in template["parts"]:
            assert workshop.run("schema", template["key"], "--part", part).json["type"] == "object"
        assert template["key"] in workshop.run("schema").out
    assert workshop.run("schema", "service-template/web").json["title"] == "Inputs of service-template/web:1.0"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("Servce",), 1, 'did you mean "Service"?'),
        (("service-template/wbe",), 1, 'did you mean "web"?'),
        (("service-template/web:2",), 1, "no version 2"),
        (("service-template/web:x",), 1, '"x" is no version'),
        (("service-template/worker", "--part", "pipeline"), 1, "has no pipeline"),
        (("--part", "file"), 64, "--part goes with WHAT"),
        (("Service", "--out", "x"), 64, "--out without it"),
    ],
)
def test_a_schema_that_is_not_there_is_said(
    workshop: Workshop, words: tuple[str, ...], code: int, message: str
) -> None:
    said = workshop.run("schema", *words)
    assert said.code == code, said.text
    assert message in said.err


def test_all_schemas_are_written_where_new_files_look_for_them(workshop: Workshop) -> None:
    assert workshop.run("schema", "--out", "catalog/.reconciler/schemas").code == 0
    written = files(workshop)
    assert ".reconciler/schemas/Service.json" in written
    assert ".reconciler/schemas/environment-template/network/1.json" in written
    assert "wrote 0 of" in workshop.run("schema", "--out", "catalog/.reconciler/schemas").err
    assert workshop.run("new", "repository", "more", "--full-name", "acme/more").code == 0
    assert files(workshop).keys() - written.keys() == {"repositories/more.yaml"}
    assert workshop.run("validate").out == ""


def test_a_new_catalog_comes_with_its_schemas_committed(workshop: Workshop) -> None:
    assert workshop.run("init", "fresh").code == 0
    first = (workshop.root / "fresh/reconciler.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=.reconciler/schemas/Settings.json"
    assert ".reconciler/schemas/Settings.json" in workshop.git("ls-files", at="fresh").splitlines()
    assert workshop.git("status", "--porcelain", at="fresh") == ""
    assert workshop.run("validate", "--catalog", "fresh").text.startswith("The catalog is valid: 0 errors, 0 warnings")
