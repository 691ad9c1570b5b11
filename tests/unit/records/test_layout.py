from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.keys import Key, Kind, environment_key, instance_key, pipeline_key
from reconciler.records.layout import (
    key_of_path,
    kind_folder,
    record_path,
    service_folder,
    shard,
    unsettled_path,
    user_path,
    users_folder,
)

NAMES = st.from_regex(r"\A[0-9A-Za-z][0-9A-Za-z_\-]{0,6}\Z") | st.sampled_from(["pipeline", "service-instance"])
KEYS = st.one_of(
    st.builds(environment_key, NAMES),
    st.builds(instance_key, NAMES, NAMES),
    st.builds(pipeline_key, NAMES),
    st.builds(Key, st.sampled_from([Kind.SERVICE_TEMPLATE, Kind.ENVIRONMENT_TEMPLATE]), NAMES),
)


@given(KEYS)
def test_a_records_path_says_its_key(key: Key) -> None:
    assert key_of_path(record_path(key)) == key
    assert record_path(key).startswith(
        kind_folder(Kind.SERVICE if key.kind in (Kind.INSTANCE, Kind.PIPELINE) else key.kind)
    )


@given(KEYS, KEYS)
def test_no_two_records_share_a_path_and_none_lies_in_anothers_way(one: Key, other: Key) -> None:
    for path in (record_path, unsettled_path, lambda key: user_path(environment_key("dev"), key)):
        assert (path(one) == path(other)) == (one == other)
        assert not path(one).startswith(f"{path(other)}/")


@given(NAMES, NAMES)
def test_what_belongs_to_a_service_lies_in_its_folder(service: str, name: str) -> None:
    for key in (instance_key(service, name), pipeline_key(service)):
        assert record_path(key).startswith(f"{service_folder(service)}/")


@given(KEYS, KEYS)
def test_the_users_of_one_are_not_among_those_of_another(used: Key, user: Key) -> None:
    assert user_path(used, user).startswith(f"{users_folder(used)}/")
    assert user_path(used, user).endswith(f"/{user}")


@given(st.text(max_size=20))
def test_a_shard_is_two_hexadecimal_digits(name: str) -> None:
    assert len(shard(name)) == 2
    assert 0 <= int(shard(name), 16) <= 255


@pytest.mark.parametrize(
    "path",
    [
        "",
        "lineage.json",
        "resources/environment/ef/dev",
        "resources/environment/dev.json",
        "resources/module/ef/dev.json",
        "index/unsettled/environment/dev",
        "resources/service/8d/shop/x.json",
    ],
)
def test_any_other_path_has_no_key(path: str) -> None:
    assert key_of_path(path) is None
