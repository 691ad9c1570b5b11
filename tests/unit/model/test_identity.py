from __future__ import annotations

import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.model.identity import (
    Account,
    Target,
    account_of_arn,
    branch_name,
    deployment_id,
    desired_digest,
    instance_folder,
    key_of_arn,
    pipeline_folder,
)
from reconciler.model.keys import Key, environment_key, instance_key, pipeline_key

NAMES = st.from_regex(r"\A[0-9A-Za-z][0-9A-Za-z_\-]{0,8}\Z")
KEYS = st.one_of(
    st.builds(environment_key, NAMES), st.builds(instance_key, NAMES, NAMES), st.builds(pipeline_key, NAMES)
)
ACCOUNTS = st.builds(Account, st.from_regex(r"\A[0-9]{12}\Z"), st.from_regex(r"\A[a-z0-9-]{1,12}\Z"))
DEV = environment_key("dev")
TARGET = Target("infra", "main", "dev")


@given(ACCOUNTS, KEYS)
def test_an_arn_says_its_key_and_account(account: Account, key: Key) -> None:
    assert key_of_arn(account.arn(key)) == key
    assert account_of_arn(account.arn(key)) == account


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "environment/dev",
        "arn:aws:s3:::bucket",
        "arn:aws:proton:eu-west-1:111122223333",
        "arn:aws:proton:eu-west-1:111122223333:environment-template/net:1.0",
        "arn:aws:proton:eu-west-1:111122223333:environment/dev\n",
        "arn:aws:iam:eu-west-1:111122223333:environment/dev",
    ],
)
def test_what_is_no_arn_of_a_resource_has_no_key(arn: str) -> None:
    assert key_of_arn(arn) is None


def test_an_arn_is_the_one_that_proton_wrote() -> None:
    arn = Account("111122223333", "eu-west-1").arn(instance_key("shop", "shop-dev"))
    assert arn == "arn:aws:proton:eu-west-1:111122223333:service/shop/service-instance/shop-dev"


def test_a_deployment_id_is_a_function_of_all_four_parts() -> None:
    ids = {
        deployment_id("l", DEV, 1, "d"),
        deployment_id("m", DEV, 1, "d"),
        deployment_id("l", environment_key("dev2"), 1, "d"),
        deployment_id("l", DEV, 2, "d"),
        deployment_id("l", DEV, 1, "e"),
    }
    assert len(ids) == 5
    assert all(str(uuid.UUID(identity)) == identity for identity in ids)


@given(KEYS, KEYS, st.uuids(), st.uuids(), st.booleans(), st.booleans())
def test_branches_are_different_also_where_case_does_not_count(
    one: Key, other: Key, first: uuid.UUID, second: uuid.UUID, destroy: bool, other_destroy: bool
) -> None:
    a = branch_name(one, str(first), destroy=destroy)
    b = branch_name(other, str(second), destroy=other_destroy)
    same = (
        str(one).casefold() == str(other).casefold() and str(first)[:8] == str(second)[:8] and destroy == other_destroy
    )
    assert (a.casefold() == b.casefold()) == same
    assert not b.startswith(f"{a}/")  # Git cannot have a branch below a branch


def test_a_branch_names_the_key_and_the_deployment() -> None:
    assert branch_name(DEV, "12345678-9abc") == "reconciler/environment/dev/12345678"
    assert branch_name(DEV, "12345678-9abc", destroy=True) == "reconciler/destroy/environment/dev/12345678"


@given(NAMES, NAMES, NAMES, NAMES, NAMES, NAMES)
def test_folders_of_instances_collide_only_where_a_dash_may_belong_to_either_name(
    env: str, service: str, name: str, env2: str, service2: str, name2: str
) -> None:
    assume((env, service, name) != (env2, service2, name2))
    if instance_folder(env, service, name) == instance_folder(env2, service2, name2):
        assert env == env2
        assert "-" in service + name + service2 + name2


@given(NAMES, NAMES, NAMES, NAMES)
def test_a_pipeline_has_a_folder_of_its_own(service: str, env: str, other: str, name: str) -> None:
    assert pipeline_folder(service) not in (env, instance_folder(env, other, name))


def test_the_desired_digest_covers_content_document_and_target_and_counts_key_order() -> None:
    digests = [
        desired_digest("c", {"a": 1, "b": 2}, TARGET),
        desired_digest("d", {"a": 1, "b": 2}, TARGET),
        desired_digest("c", {"b": 2, "a": 1}, TARGET),
        desired_digest("c", {"a": 1, "b": "2"}, TARGET),
        desired_digest("c", {"a": 1, "b": 2}, Target("other", "main", "dev")),
        desired_digest("c", {"a": 1, "b": 2}, Target("infra", "other", "dev")),
        desired_digest("c", {"a": 1, "b": 2}, Target("infra", "main", "other")),
    ]
    assert len(set(digests)) == len(digests)
    assert desired_digest("c", {"a": 1, "b": 2}, TARGET) == digests[0]


def test_derived_names_never_change() -> None:
    # Other values would orphan every deployment that anybody has on record.
    assert desired_digest("c", {"a": 1}, TARGET) == PINNED_DIGEST
    assert deployment_id("l", DEV, 1, "d") == PINNED_ID


PINNED_DIGEST = "38e64bcd6bba1c7ff38dd2b82e4bceeb93556ef027cdab7908a9a8c629f41867"
PINNED_ID = "ed5a7d43-0d0a-5b04-9af3-7691fa58e1ab"
