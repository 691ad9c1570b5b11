"""Proton's spec files, taken as they are: all their spellings, what is wrong in them, and values that are kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.scenarios.test_engines import KEY, cloud

if TYPE_CHECKING:
    from tests.scenarios.conftest import Workshop

__all__ = ["cloud"]

SHOP = "services/shop"
SHOP_DEV, PIPELINE = "service/shop/service-instance/shop-dev", "service/shop/pipeline"
SCHEMA = "templates/service/web/v1/schema/schema.yaml"
CURRENT = '"${Proton::CURRENT_VAL}"'
SERVICE = """\
apiVersion: reconciler/v1
kind: Service
metadata: {name: shop}
spec:
  template: web
  version: "1"
  source: {name: example/shop, branch: main}
  specFile: spec.yaml
"""
SPEC = """\
proton: ServiceSpec
pipeline:
  unit_tests: make test
instances:
  - name: shop-dev
    environment: dev
    spec:
      image: shop:1.4.0
  - name: "shop-prod"
    environment: "prod"
    spec:
      image: 'shop:1.3.2'
      size:
        instances: 3
"""
AS_JSON = """\
{
\t"proton": "ServiceSpec",
\t"pipeline": {"unit_tests": "make test"},
\t"instances": [
\t\t{"name": "shop-dev", "environment": "dev", "spec": {"image": "shop:1.4.0"}},
\t\t{"name": "shop-prod", "environment": "prod", "spec": {"image": "shop:1.3.2", "size": {"instances": 3}}}
\t]
}
"""
SPELLINGS = {
    "plain": SPEC,
    "in double quotes": SPEC.replace("ServiceSpec", '"ServiceSpec"'),
    "in single quotes": SPEC.replace("ServiceSpec", "'ServiceSpec'"),
    "with the key in quotes": SPEC.replace("proton:", '"proton":'),
    "as a document with an end": f"---\n{SPEC}...\n",
    "as JSON": AS_JSON,
    "in one line": json.dumps(json.loads(AS_JSON)),
    "with Windows' ends of lines": SPEC.replace("\n", "\r\n"),
}


def spec(workshop: Workshop, text: str) -> None:
    """Gives the shop a Proton spec file."""
    workshop.write(f"{SHOP}/service.yaml", SERVICE)
    (workshop.catalog / SHOP / "spec.yaml").write_bytes(text.encode())


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spec_file_means_what_our_own_keys_mean(living: Workshop, name: str) -> None:
    spec(living, SPELLINGS[name])
    said = living.run("validate")
    assert (said.code, said.text) == (0, "The catalog is valid: 0 errors, 0 warnings.\n")
    planned = living.run("plan", "-o", "json").json
    assert (planned["actions"], planned["blocked"]) == ([], [])
    assert {item["key"] for item in planned["unchanged"]} >= {SHOP_DEV, PIPELINE}


@pytest.mark.parametrize("said", ["EnvironmentSpec", '"EnvironmentSpec"', "'EnvironmentSpec'"])
def test_an_environment_has_a_spec_file_too(living: Workshop, said: str) -> None:
    head = "apiVersion: reconciler/v1\nkind: Environment\nmetadata: {name: dev}\n"
    common = (
        'spec: {template: network, version: "1", provisioning: {repository: infrastructure}, specFile: spec.yaml}\n'
    )
    living.write("environments/dev/environment.yaml", head + common)
    living.write("environments/dev/spec.yaml", f"proton: {said}\nspec:\n  cidr: 10.0.0.0/16\n")
    assert living.run("validate").code == 0
    planned = living.run("plan", "-o", "json").json
    assert (planned["actions"], planned["unchanged"]) == ([], [{"key": "environment/dev"}])


def test_an_instance_whose_inputs_all_have_defaults_needs_no_inputs(cloud: Workshop) -> None:
    head = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: api}\n"
    cloud.write("services/api/service.yaml", f'{head}spec: {{template: api, version: "1", specFile: spec.yaml}}\n')
    (cloud.root / "outputs.yaml").write_text("environment/cloud: {Id: a}\n")
    for inputs in ("", ", spec: {}", ", spec: null"):
        cloud.write(
            "services/api/spec.yaml", f"proton: ServiceSpec\ninstances: [{{name: one, environment: cloud{inputs}}}]\n"
        )
        assert cloud.run("validate").code == 0
        assert "MemorySize: 80" in cloud.run("render", KEY, "--suppose", "outputs.yaml").out


WRONG = {
    "the other kind": (SPEC.replace("ServiceSpec", "EnvironmentSpec"), "1:9", "SPEC_KIND", "write proton: ServiceSpec"),
    "no kind": (SPEC.replace("proton: ServiceSpec\n", ""), "1:1", "SPEC_KIND", "write proton: ServiceSpec"),
    "no instances": (SPEC.split("instances:")[0], "", "SPEC_INVALID", "instance"),
    "inputs that are no mapping": (
        SPEC.replace("    spec:\n      image: shop:1.4.0\n", "    spec: [shop]\n"),
        "7:11",
        "SPEC_INVALID",
        "write name: value lines",
    ),
    "YAML with tabs": (SPEC.replace("  - name: shop-dev", "\t- name: shop-dev"), "5:1", "YAML_INVALID", "not tabs"),
    "an input of the wrong type": (
        SPEC.replace("image: shop:1.4.0", "image: shop:1.4.0\n      port: '80'"),
        "9:13",
        "INPUT_INVALID",
        f"see {SCHEMA}",
    ),
    "an input that is missing": (
        SPEC.replace("    spec:\n      image: shop:1.4.0\n", ""),
        "5:5",
        "INPUT_MISSING",
        f"see {SCHEMA}",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_spec_file_is_said_at_its_place(workshop: Workshop, name: str) -> None:
    text, place, code, way_out = WRONG[name]
    spec(workshop, text)
    said = workshop.run("validate")
    assert said.code == 1
    lines = [line for line in said.out.splitlines() if line.startswith(f"{SHOP}/spec.yaml:{place}") and code in line]
    assert len(lines) == 1, said.out
    assert way_out in lines[0]


def test_an_unknown_input_is_a_warning_in_a_spec_file(workshop: Workshop) -> None:
    spec(workshop, SPEC.replace("image: shop:1.4.0", "image: shop:1.4.0\n      prot: 80"))
    said = workshop.run("validate")
    assert said.code == 0
    assert (
        f'{SHOP}/spec.yaml:9:7: warning: [INPUT_UNKNOWN] the template has no input "prot" (did you mean "port"?)'
        in (said.out)
    )


@pytest.fixture
def kept(living: Workshop) -> Workshop:
    """The shop has a spec file, a list of texts, and everything has been deployed."""
    living.edit(
        SCHEMA, "        size:\n", "        hosts: {type: array, items: {type: string}, default: []}\n        size:\n"
    )
    text = SPEC.replace("image: shop:1.4.0", "image: shop:1.4.0\n      port: 9000\n      hosts: [a, b]")
    spec(living, text.replace("shop:1.4.0", "shop:1.4.0\n      size: {cpu: large, instances: 2}"))
    living.commit()
    living.work_off()
    return living


def keep(workshop: Workshop, dev: str, pipeline: str = "{unit_tests: make test}") -> None:
    """Writes the inputs of the instance in dev, and of the pipeline."""
    prod = SPEC[SPEC.index('  - name: "shop-prod"') :]
    head = f"proton: ServiceSpec\npipeline: {pipeline}\ninstances:\n  - name: shop-dev\n    environment: dev\n"
    spec(workshop, f"{head}    spec: {dev}\n{prod}")


def given(workshop: Workshop) -> Any:
    """The inputs that the instance in dev would be rendered with."""
    rendered = workshop.run("render", SHOP_DEV)
    assert rendered.code == 0, rendered.text
    tfvars = rendered.out.split("==> dev/shop-shop-dev/proton.auto.tfvars.json <==\n")[1].split("==> ")[0]
    return json.loads(tfvars)["service_instance"]["inputs"]


def test_a_value_that_is_on_record_is_kept_wherever_it_stands(kept: Workshop) -> None:
    before = given(kept)
    keep(kept, f"{{image: {CURRENT}, port: {CURRENT}, hosts: [{CURRENT}, b], size: {{cpu: {CURRENT}, instances: 2}}}}")
    assert kept.run("validate").text == "The catalog is valid: 0 errors, 0 warnings.\n"
    assert given(kept) == before
    kept.commit()
    assert kept.apply().out == "Nothing to do: 3 unchanged.\n"

    keep(kept, f"{{image: shop:2.0, port: {CURRENT}, hosts: {CURRENT}, size: {CURRENT}}}", f"{{unit_tests: {CURRENT}}}")
    assert given(kept) == before | {"image": "shop:2.0"}
    kept.commit()
    kept.apply()
    assert list(kept.pulls().values()) == [f"{SHOP_DEV}: update input image (web 1.1)"]


def test_a_value_that_is_not_on_record_is_an_error_at_its_line(kept: Workshop) -> None:
    dev = f"{{image: shop:2.0, nothing: {CURRENT}, hosts: [a, b, {CURRENT}], size: {{disk: {CURRENT}}}}}"
    keep(kept, dev, f"{{lint: {CURRENT}}}")
    said = kept.run("validate")
    assert said.code == 1
    start = 11
    for place, path in (
        (f"6:{start + dev.index(CURRENT)}", "nothing"),
        (f"6:{start + dev.index(CURRENT, dev.index('hosts'))}", "hosts[2]"),
        (f"6:{start + dev.index(CURRENT, dev.index('disk'))}", "size.disk"),
        ("2:18", "lint"),
    ):
        line = f'{SHOP}/spec.yaml:{place}: [INPUT_NOT_RECORDED] "{path}" keeps its current value, but there is none on'
        assert line in said.out, said.out
    assert "on record (write the value itself)" in said.out
    kept.commit()
    applied = kept.run("apply")
    assert applied.code == 1
    assert f"{SHOP_DEV}  invalid-inputs" in applied.out
    assert kept.pulls() == {}


def test_a_new_instance_has_nothing_to_keep(kept: Workshop) -> None:
    text = (kept.catalog / SHOP / "spec.yaml").read_text()
    spec(kept, f"{text}  - name: shop-two\n    environment: dev\n    spec: {{image: {CURRENT}}}\n")
    line = len(text.splitlines()) + 3
    assert f"{SHOP}/spec.yaml:{line}:19: [INPUT_NOT_RECORDED]" in kept.run("validate").out


def test_before_anything_is_recorded_a_plan_says_that_there_is_nothing_to_keep(workshop: Workshop) -> None:
    keep(workshop, f"{{image: {CURRENT}}}")
    assert workshop.run("validate").code == 0  # what is recorded elsewhere cannot be seen here
    said = workshop.run("plan")
    assert said.code == 1
    assert f"{SHOP}/spec.yaml:6:19: no current value of image is on record" in said.out
    assert "-> write the value itself: there is nothing yet that could be kept" in said.out


def test_what_is_put_back_is_not_destroyed_though_something_is_wrong_with_it(kept: Workshop) -> None:
    before = (kept.catalog / SHOP / "spec.yaml").read_text()
    spec(kept, before.replace(before[before.index("  - name: shop-dev") : before.index('  - name: "shop-prod"')], ""))
    kept.commit()
    kept.apply()
    assert f"{SHOP_DEV}: destroy (web 1.1)" in kept.pulls().values()
    spec(kept, before.replace("port: 9000", "port: no"))
    kept.commit()
    said = kept.run("apply")
    assert f"x {SHOP_DEV}  it is in the catalog again; then: invalid-inputs" in said.out
    assert kept.pulls() == {}
    assert f"{SHOP_DEV}  invalid-inputs" in kept.run("apply").out
    assert "must be a whole number" in kept.blocked(SHOP_DEV)["message"]  # type: ignore[index]
    spec(kept, before)
    kept.commit()
    kept.apply()
    assert (kept.pulls(), kept.states()[SHOP_DEV]) == ({}, "SUCCEEDED")


def test_what_is_proposed_is_current_and_after_a_failure_what_is_in_effect(kept: Workshop) -> None:
    keep(kept, "{image: shop:2.0, port: 9001}")
    kept.commit()
    kept.apply()
    keep(kept, f"{{image: shop:2.1, port: {CURRENT}}}")
    assert given(kept)["port"] == 9001
    (pull,) = kept.pulls()
    assert kept.run("pr", "close", pull).code == 0
    kept.apply()
    assert given(kept)["port"] == 9000
