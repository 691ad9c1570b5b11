from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.identity import Account
from reconciler.model.keys import Key, environment_key, instance_key, pipeline_key
from reconciler.model.reports import DELETED_ID
from reconciler.rendering.metadata import Metadata, metadata_text, read_metadata

ACCOUNT = Account("111122223333", "us-east-1")
KEYS = st.sampled_from([environment_key("dev"), instance_key("shop", "shop-dev"), pipeline_key("shop")])


def text(key: Key, deployment: str = "d-1", *, deleted: bool = False) -> str:
    return metadata_text(ACCOUNT, key, deployment, template="web", version="1.0", environment="dev", deleted=deleted)


@given(KEYS, st.uuids().map(str), st.booleans())
def test_what_is_written_is_read_back(key: Key, deployment: str, deleted: bool) -> None:
    found = read_metadata(text(key, deployment, deleted=deleted).encode())
    assert found == Metadata(key, ACCOUNT.arn(key), DELETED_ID if deleted else deployment, deleted)


def test_the_file_is_the_one_that_workflows_read() -> None:
    # Word for word the sample of the reference, with our deployment id.
    expected = """{
  "deploymentId" : "731e4fae-4f94-4362-bad7-84a50f5c3671",
  "isResourceDeleted" : false,
  "resourceMetadata" : {
    "arn" : "arn:aws:proton:us-east-1:111122223333:service/shop/service-instance/shop-dev",
    "templateArn" : "arn:aws:proton:us-east-1:111122223333:service-template/web",
    "templateMajorVersion" : "1",
    "templateMinorVersion" : "0",
    "environmentArn" : "arn:aws:proton:us-east-1:111122223333:environment/dev"
  }
}"""
    assert text(instance_key("shop", "shop-dev"), "731e4fae-4f94-4362-bad7-84a50f5c3671") == expected


def test_only_an_instance_names_its_environment() -> None:
    assert "environmentArn" not in text(environment_key("dev"))
    assert "environmentArn" not in text(pipeline_key("shop"))
    assert "environment-template/web" in text(environment_key("dev"))


def test_protons_own_files_are_read_too() -> None:
    resource = {"arn": "arn:aws:proton:us-east-1:1:environment/dev"}
    early = json.dumps({"deploymentId": "d", "resourceMetadata": resource}).encode()
    assert read_metadata(early) == Metadata(environment_key("dev"), resource["arn"], "d")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"deploymentId": "d"}',
        b'{"deploymentId": "d", "resourceMetadata": "x"}',
        b'{"deploymentId": 1, "resourceMetadata": {"arn": "arn:aws:proton:us-east-1:1:environment/dev"}}',
        b'{"deploymentId": "d", "resourceMetadata": {"arn": "arn:aws:proton:us-east-1:1:module/c"}}',
        b'{"deploymentId": "d", "resourceMetadata": {"arn": 1}}',
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_understood_is_none(data: bytes) -> None:
    assert read_metadata(data) is None
