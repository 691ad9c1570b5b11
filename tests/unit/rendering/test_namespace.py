from __future__ import annotations

import json
from typing import Any

from reconciler.model.identity import Account
from reconciler.model.keys import Kind
from reconciler.rendering.document import (
    CodeRepository,
    EnvironmentFacts,
    InstanceFacts,
    environment_document,
    instance_document,
    pipeline_document,
)
from reconciler.rendering.jinja import render_text
from reconciler.rendering.namespace import namespace_of, with_hollow

ACCOUNT = Account("111122223333", "us-east-1")
ENVIRONMENT = EnvironmentFacts("dev", "111122223333", {"VpcId": "vpc-1"})
ENVIRONMENT_NAMES = {"account_id": "111122223333", "name": "dev", "outputs": {"VpcId": "vpc-1"}}
CODE = CodeRepository("arn:c", "acme/shop", "main")
SERVICE_NAMES = {
    "name": "shop",
    "repository_connection_arn": "arn:c",
    "repository_id": "acme/shop",
    "branch_name": "main",
}


def instance(components: Any = None) -> dict[str, Any]:
    document = instance_document(ACCOUNT, "web", "shop", "a", {"port": 80}, ENVIRONMENT, CODE)
    document["service_instance"]["components"] = components or {}
    return namespace_of(Kind.INSTANCE, document)


def test_an_environment_sees_its_inputs_and_its_name() -> None:
    names = namespace_of(Kind.ENVIRONMENT, environment_document(ACCOUNT, "vpc", "dev", {"cidr": "10"}))
    assert names == {"environment": {"name": "dev", "inputs": {"cidr": "10"}}}


def test_an_instance_sees_its_environment_under_two_names() -> None:
    assert instance() == {
        "environment": ENVIRONMENT_NAMES,
        "service": SERVICE_NAMES,
        "service_instance": {
            "name": "a",
            "inputs": {"port": 80},
            "components": {},
            "environment": ENVIRONMENT_NAMES,
        },
    }


def test_a_pipeline_sees_each_instance_with_its_environment() -> None:
    facts = InstanceFacts("a", {"port": 80}, {"Url": "u"}, ENVIRONMENT)
    names = namespace_of(Kind.PIPELINE, pipeline_document(ACCOUNT, "web", "shop", {"file": "D"}, [facts], CODE))
    assert names == {
        "pipeline": {"inputs": {"file": "D"}},
        "service": SERVICE_NAMES,
        "service_instances": [
            {"name": "a", "inputs": {"port": 80}, "outputs": {"Url": "u"}, "environment": ENVIRONMENT_NAMES}
        ],
    }


def test_a_component_sees_the_service_only_while_attached() -> None:
    document = {
        "component": {"name": "bucket"},
        "environment": ENVIRONMENT_NAMES,
        "service": {"name": "shop"},
        "service_instance": {"name": "a", "inputs": {"port": 80}},
        "proton_tags": {"proton:account": "111122223333"},
        "//": "arn:aws:proton:us-east-1:111122223333:component/bucket",
    }
    names = ["component", "environment", "service", "service_instance"]
    assert namespace_of(Kind.COMPONENT, document) == {name: document[name] for name in names}
    del document["service"], document["service_instance"]
    assert list(namespace_of(Kind.COMPONENT, document)) == names[:2]


def test_without_a_component_there_is_still_something_to_ask() -> None:
    template = """{% set c = service_instance.components.default %}
{{ c }} {{ c.outputs }} {{ c | length }} {{ c.outputs | length }} {{ service_instance.components }}
{% if c %}attached{% endif %}{{ c.outputs.Arn | default("none") }}{{ "yes" if c.outputs.Arn is defined else "no" }}"""
    names = instance()
    assert render_text(template, names) == "\n{} {} 0 0 {}\nnoneno"
    # The same from JSON, as it comes through a pipe.
    assert render_text(template, json.loads(json.dumps(names))) == "\n{} {} 0 0 {}\nnoneno"


def test_an_attached_component_has_a_name_and_outputs() -> None:
    names = instance({"default": {"name": "bucket", "outputs": {"Arn": "arn:b"}}})
    template = (
        "{% set c = service_instance.components.default %}{{ c.name }} {{ c.outputs.Arn }} {{ c.outputs | length }}"
    )
    assert render_text(template, names) == "bucket arn:b 1"


def test_a_name_of_that_kind_from_elsewhere_is_left_alone() -> None:
    assert with_hollow({"service_instance": "x"}) == {"service_instance": "x"}
    assert with_hollow({"a": 1}) == {"a": 1}
