"""The schemas that editors are given: they help to write what `validate` accepts, and flag what it would not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.catalog.editorschema import DRAFT, file_schema, inputs_schema, kind_names, kind_schema
from reconciler.catalog.inputs import BundleSchema, InputType
from reconciler.catalog.inputschema import read_schema
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.model.keys import Kind

EXAMPLE = Path(__file__).parents[3] / "catalog-example"
SIZE = {"type": "object", "properties": {"cpu": {"type": "string", "enum": ["small", "large"], "default": "small"}}}
INPUTS = InputType(
    "Web",
    {
        "type": "object",
        "description": "A web service",
        "required": ["image", "port"],
        "properties": {
            "image": {"type": "string", "title": "Image", "example": "web:1.0", "minLength": 1},
            "port": {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "default": 80, "xml": {"name": "p"}},
            "size": SIZE,
            "sizes": {"type": "array", "items": SIZE},
            "labels": {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
            "open": {"type": "object"},
            "loose": {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": True},
        },
    },
)


def read(path: Path) -> Any:
    file, _ = parse_yaml(path.name, path.read_bytes())
    assert file is not None
    return file.data


def example(kind: Kind, name: str) -> BundleSchema:
    path = EXAMPLE / "templates" / kind.value.split("-")[0] / name / "v1/schema/schema.yaml"
    file, _ = parse_yaml("schema.yaml", path.read_bytes())
    assert file is not None
    schema, _ = read_schema(file, kind)
    assert schema is not None
    return schema


def accepts(schema: dict[str, Any], document: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(document))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", kind_names())
def test_the_schema_of_a_kind_stands_alone_and_says_what_it_is(kind: str) -> None:
    schema = kind_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DRAFT
    assert schema["title"] == kind
    assert schema["description"]
    assert "$id" not in json.dumps(schema)
    assert schema["properties"]["metadata"]["properties"]["name"]["description"].startswith("Equal to")


def test_describing_a_schema_leaves_the_one_that_judges_alone() -> None:
    assert kind_schema("Service") == kind_schema("Service")
    name = kind_schema("Service")["properties"]["spec"]["properties"]["instances"]["items"]["properties"]["name"]
    assert name["description"] == "The name of the service instance"


def test_the_example_fits_the_schemas_of_its_kinds_and_templates() -> None:
    network, web = example(Kind.ENVIRONMENT_TEMPLATE, "network"), example(Kind.SERVICE_TEMPLATE, "web")
    for name in ("dev", "prod"):
        document = read(EXAMPLE / "environments" / name / "environment.yaml")
        assert accepts(kind_schema("Environment"), document)
        assert accepts(file_schema(Kind.ENVIRONMENT_TEMPLATE, "network", network), document)
    shop = read(EXAMPLE / "services/shop/service.yaml")
    assert accepts(kind_schema("Service"), shop)
    assert accepts(file_schema(Kind.SERVICE_TEMPLATE, "web", web), shop)
    assert accepts(kind_schema("Settings"), read(EXAMPLE / "reconciler.yaml"))


def test_a_typo_in_a_file_is_flagged_wherever_it_stands() -> None:
    schema = file_schema(Kind.SERVICE_TEMPLATE, "web", example(Kind.SERVICE_TEMPLATE, "web"))
    for edit in (
        lambda spec: spec.update(verison="1"),
        lambda spec: spec.update(template="wbe"),
        lambda spec: spec["pipeline"]["inputs"].update(unit_test="x"),
        lambda spec: spec["instances"][0]["inputs"].update(prot=1),
        lambda spec: spec["instances"][1]["inputs"]["size"].update(cpus="small"),
        lambda spec: spec["instances"][0]["inputs"].pop("image"),
        lambda spec: spec["instances"][0]["inputs"].update(port="80"),
    ):
        document = read(EXAMPLE / "services/shop/service.yaml")
        edit(document["spec"])
        assert not accepts(schema, document)


def test_a_template_without_a_pipeline_offers_none() -> None:
    schema = file_schema(Kind.SERVICE_TEMPLATE, "worker", example(Kind.SERVICE_TEMPLATE, "worker"))
    assert "pipeline" not in schema["properties"]["spec"]["properties"]


def test_inputs_keep_what_people_read() -> None:
    schema = inputs_schema(INPUTS, "Inputs of web")
    Draft202012Validator.check_schema(schema)
    assert (schema["title"], schema["description"]) == ("Inputs of web", "A web service")
    assert schema["required"] == ["image"]
    assert schema["additionalProperties"] is False
    image, port = schema["properties"]["image"], schema["properties"]["port"]
    assert image == {"type": "string", "title": "Image", "examples": ["web:1.0"], "minLength": 1}
    assert port == {"type": "integer", "exclusiveMinimum": 0, "default": 80}
    assert schema["properties"]["sizes"]["items"]["properties"]["cpu"]["enum"] == ["small", "large"]


VALUES = st.recursive(
    st.sampled_from([None, True, 0, 1, 80, 1.5, "", "small", "x"]),
    lambda below: (
        st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(["cpu", "a", "other"]), below, max_size=2)
    ),
    max_leaves=4,
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("image", "port", "size", "sizes", "labels", "open", "loose", "prot"), VALUES)
)


@given(DOCUMENTS, st.booleans())
def test_an_editor_flags_what_validate_refuses_and_nothing_else(document: dict[str, Any], complete: bool) -> None:
    if complete:
        document = {**document, "image": "web:1"}
    judged = not INPUTS.violations(document) and not INPUTS.unknown(document)
    assert accepts(inputs_schema(INPUTS, ""), document) is judged
