"""Folders that belong to a deployment."""

from __future__ import annotations

import json
from pathlib import Path

import pygit2
import pytest

from reconciler.automation.folders import deployment_of, find_folders, read_folder
from reconciler.gitstore.local import LocalRemote
from reconciler.model.reports import DELETED_ID
from reconciler.model.trees import Tree

ARN = "arn:aws:proton:us-east-1:111122223333:"


def _metadata(key: str, deployment: str = "d-1", *, deleted: bool = False, environment: str = "") -> bytes:
    resource = {"arn": ARN + key} | ({"environmentArn": ARN + environment} if environment else {})
    document = {"deploymentId": deployment, "isResourceDeleted": deleted, "resourceMetadata": resource}
    return json.dumps(document).encode()


@pytest.fixture
def objects(tmp_path: Path) -> LocalRemote:
    pygit2.init_repository(str(tmp_path / "r.git"), bare=True)
    return LocalRemote(tmp_path / "r.git")


def _tree(remote: LocalRemote, folders: dict[str, bytes], **files: bytes) -> Tree:
    edits = {f"{folder}/.proton/deployment-metadata.json": data for folder, data in folders.items()}
    return Tree(remote.objects, remote.objects.write_tree(None, edits | files))


def test_environments_come_first_and_are_destroyed_last(objects: LocalRemote) -> None:
    instance = "service/shop/service-instance/x"
    tree = _tree(
        objects,
        {
            "shop/pipeline": _metadata("service/shop/pipeline"),
            "dev/shop-x": _metadata(instance, environment="environment/dev"),
            "zed": _metadata("environment/zed"),
            "old": _metadata("environment/old", DELETED_ID, deleted=True),
            "old/shop-y": _metadata(instance, DELETED_ID, deleted=True),
        },
    )
    found = find_folders(tree)
    assert [folder.path for folder in found] == ["zed", "dev/shop-x", "shop/pipeline", "old/shop-y", "old"]
    assert [folder.environment for folder in found] == ["zed", "dev", "pipeline", None, "old"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "cannot be understood"),
        (_metadata("environment-template/x"), "never deployed"),
        (_metadata("environment/x", "../../evil"), "is not an id"),
        (_metadata("environment/x", DELETED_ID), "isResourceDeleted is not true"),
    ],
)
def test_metadata_that_cannot_be_used_is_said_and_not_handed_on(
    objects: LocalRemote, data: bytes, problem: str
) -> None:
    (folder,) = find_folders(_tree(objects, {"x": data}))
    assert folder.metadata is None
    assert problem in folder.problem


def test_another_resource_inside_a_folder_does_not_change_it(objects: LocalRemote) -> None:
    alone = {"dev": _metadata("environment/dev")}
    both = alone | {"dev/shop-x": _metadata("service/shop/service-instance/x")}
    before, after = (read_folder(_tree(objects, folders), "dev") for folders in (alone, both))
    assert before == after
    changed = read_folder(_tree(objects, alone, **{"dev/main.tf": b"#"}), "dev")
    assert changed != before


def test_the_folder_of_an_arn_names_its_deployment(objects: LocalRemote) -> None:
    tree = _tree(objects, {"a": _metadata("environment/dev", "d-7"), "b": _metadata("environment/b", "d-8")})
    assert deployment_of(tree, ARN + "environment/dev") == "d-7"
    assert deployment_of(tree, ARN + "environment/gone") is None
