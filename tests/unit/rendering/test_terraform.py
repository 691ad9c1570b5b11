from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.identity import Account
from reconciler.model.keys import Key, environment_key, instance_key, pipeline_key
from reconciler.rendering.document import (
    CodeRepository,
    EnvironmentFacts,
    InstanceFacts,
    environment_document,
    inputs_of,
    instance_document,
    pipeline_document,
)
from reconciler.rendering.metadata import METADATA_FILE
from reconciler.rendering.terraform import TFVARS_FILE, Rendering, render

ACCOUNT = Account("111122223333", "eu-west-1")
DEV = EnvironmentFacts("dev", "111122223333", {"network_id": "n-1"})
DOCUMENTS: dict[Key, dict[str, Any]] = {
    environment_key("dev"): environment_document(ACCOUNT, "net", "dev", {"z": 1, "a": 2}),
    instance_key("shop", "shop-dev"): instance_document(
        ACCOUNT, "web", "shop", "shop-dev", {"port": 80}, DEV, CodeRepository()
    ),
    pipeline_key("shop"): pipeline_document(
        ACCOUNT,
        "web",
        "shop",
        {},
        [InstanceFacts("shop-dev", {"port": 80}, {"url": "u"}, DEV)],
        CodeRepository("arn:c", "acme/shop", "main"),
    ),
}
NAMES = {"environment": "proton.environment.variables.tf", "service-instance": "proton.service_instance.variables.tf"}


def rendered(key: Key, files: Mapping[str, bytes], *, deleted: bool = False) -> dict[str, bytes]:
    rendering = Rendering(ACCOUNT, key, "web", "1.0", "dev", DOCUMENTS[key], files)
    return render(rendering, "d-1", deleted=deleted)


@pytest.mark.parametrize("key", DOCUMENTS, ids=str)
def test_a_folder_has_the_templates_files_one_of_variables_the_values_and_the_metadata(key: Key) -> None:
    files = rendered(key, {"main.tf": b"a", "outputs.tf": b"b"})
    variables = NAMES.get(key.kind, "proton.pipeline.variables.tf")
    assert set(files) == {"main.tf", "outputs.tf", variables, TFVARS_FILE, METADATA_FILE}
    assert list(files) == sorted(files)
    assert json.loads(files[TFVARS_FILE]) == DOCUMENTS[key]


@given(st.binary(), st.booleans())
def test_every_tf_file_starts_with_a_comment_and_then_has_the_templates_bytes(data: bytes, deleted: bool) -> None:
    key = environment_key("dev")
    for name, content in rendered(key, {"main.tf": data}, deleted=deleted).items():
        if name.endswith(".tf"):
            assert content.startswith(b"/*\n")
            head, _, rest = content.partition(b"\n*/\n\n")
            assert ACCOUNT.arn(key).encode() in head.split(b"\n")  # on a line of its own
            assert b"*/" not in head
            assert name != "main.tf" or rest == data


def test_generated_blocks_are_one_blank_line_apart_and_end_with_one_newline() -> None:
    for key in DOCUMENTS:
        data = next(data for name, data in rendered(key, {}).items() if name.endswith(".variables.tf"))
        assert b"\n\n\n" not in data
        assert data.endswith(b"}\n")


@pytest.mark.parametrize(
    ("key", "variables"),
    [
        (environment_key("dev"), ["environment", "proton_tags"]),
        (instance_key("shop", "shop-dev"), ["environment", "service", "service_instance", "proton_tags"]),
        (pipeline_key("shop"), ["service_instances", "service", "pipeline", "proton_tags"]),
    ],
    ids=str,
)
def test_the_variables_are_those_of_proton_in_its_order(key: Key, variables: list[str]) -> None:
    text = next(data for name, data in rendered(key, {}).items() if name.endswith(".variables.tf")).decode()
    assert [line.split('"')[1] for line in text.splitlines() if line.startswith("variable ")] == variables


def test_a_sample_of_the_generated_file_in_a_bundle_is_replaced() -> None:
    files = rendered(environment_key("dev"), {"proton.environment.variables.tf": b"sample"})
    assert b"sample" not in files["proton.environment.variables.tf"]


def test_a_deletion_changes_headers_and_metadata_and_removes_nothing() -> None:
    key = environment_key("dev")
    before, after = rendered(key, {"main.tf": b"a"}), rendered(key, {"main.tf": b"a"}, deleted=True)
    assert before.keys() == after.keys()
    assert before[TFVARS_FILE] == after[TFVARS_FILE]
    assert b"no longer managed" in after["main.tf"]
    assert json.loads(after[METADATA_FILE])["deploymentId"] == "<proton-resource-deleted>"


@pytest.mark.parametrize(
    ("key", "top"),
    [
        (environment_key("dev"), ["environment", "proton_tags", "//"]),
        (instance_key("shop", "shop-dev"), ["environment", "service", "service_instance", "proton_tags", "//"]),
        (pipeline_key("shop"), ["pipeline", "service", "service_instances", "proton_tags", "//"]),
    ],
    ids=str,
)
def test_the_order_of_values_is_fixed(key: Key, top: list[str]) -> None:
    assert list(DOCUMENTS[key]) == top
    assert DOCUMENTS[key]["//"] == ACCOUNT.arn(key)


def test_values_have_the_shapes_of_proton() -> None:
    instance, pipeline = DOCUMENTS[instance_key("shop", "shop-dev")], DOCUMENTS[pipeline_key("shop")]
    environment = {"account_id": "111122223333", "name": "dev", "outputs": {"network_id": "n-1"}}
    assert instance["environment"] == environment
    assert instance["service"] == {
        "name": "shop",
        "repository_connection_arn": "",
        "repository_id": "",
        "branch_name": "",
    }
    assert instance["service_instance"] == {"name": "shop-dev", "inputs": {"port": 80}, "components": {}}
    assert pipeline["service_instances"] == [
        {"name": "shop-dev", "inputs": {"port": 80}, "outputs": {"url": "u"}, "environment": environment}
    ]
    assert list(DOCUMENTS[environment_key("dev")]["environment"]["inputs"]) == ["z", "a"]
    assert all(inputs_of(key.kind, document) is not None for key, document in DOCUMENTS.items())


@pytest.mark.parametrize(
    ("key", "tags"),
    [
        (environment_key("dev"), ["account", "template", "environment"]),
        (instance_key("shop", "shop-dev"), ["account", "template", "service", "environment", "service-instance"]),
        (pipeline_key("shop"), ["account", "template", "service"]),
    ],
    ids=str,
)
def test_tags_are_the_account_and_arns_without_versions(key: Key, tags: list[str]) -> None:
    found = DOCUMENTS[key]["proton_tags"]
    assert list(found) == [f"proton:{tag}" for tag in tags]
    assert found["proton:account"] == "111122223333"
    assert all(value.startswith("arn:aws:proton:eu-west-1:") for tag, value in found.items() if tag != "proton:account")
