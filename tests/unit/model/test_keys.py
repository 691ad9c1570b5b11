from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InputError
from reconciler.model.keys import (
    MAX_NAME,
    Key,
    Kind,
    environment_key,
    find_key,
    instance_key,
    is_name,
    parse_key,
    pipeline_key,
)

NAMES = st.from_regex(r"\A[0-9A-Za-z][0-9A-Za-z_\-]{0,8}\Z") | st.sampled_from(
    ["pipeline", "service-instance", "service"]
)
KEYS = st.one_of(
    st.builds(environment_key, NAMES),
    st.builds(instance_key, NAMES, NAMES),
    st.builds(pipeline_key, NAMES),
    st.builds(Key, st.sampled_from([Kind.SERVICE, Kind.SERVICE_TEMPLATE, Kind.ENVIRONMENT_TEMPLATE]), NAMES),
)


@given(KEYS)
def test_a_key_is_read_back_from_its_text(key: Key) -> None:
    assert parse_key(str(key)) == key


@given(KEYS, KEYS)
def test_different_keys_have_different_texts(one: Key, other: Key) -> None:
    assert (str(one) == str(other)) == (one == other)


@given(KEYS, KEYS)
def test_no_key_is_a_folder_above_another_one_but_for_a_service(one: Key, other: Key) -> None:
    # Keys are paths: of index entries, of branches. A file cannot lie where a folder is.
    if str(other).startswith(f"{one}/"):
        assert one.kind is Kind.SERVICE


@given(st.text(max_size=30))
def test_a_text_is_a_key_or_refused_with_the_forms_that_exist(text: str) -> None:
    key = find_key(text)
    if key is not None:
        assert str(key) == text
    else:
        with pytest.raises(InputError, match="is not a key") as error:
            parse_key(text)
        assert "service/shop/pipeline" in error.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "environment",
        "environment/",
        "environment/a/b",
        "environment/a\n",
        "environment/-a",
        "environment/ä",
        "environment-template/net:1.0",
        "service/a/instance/b",
        "service/a/service-instance",
        "service/a/service-instance/b/c",
        "component/a/b",
        f"environment/{'a' * (MAX_NAME + 1)}",
        "Environment/dev",
    ],
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert find_key(text) is None


def test_services_and_instances_called_pipeline_are_told_from_pipelines() -> None:
    assert find_key("service/pipeline/pipeline") == pipeline_key("pipeline")
    assert find_key("service/pipeline/service-instance/pipeline") == instance_key("pipeline", "pipeline")
    assert find_key("service/service-instance/pipeline") == pipeline_key("service-instance")


def test_a_name_has_one_to_a_hundred_characters_and_starts_with_a_letter_or_digit() -> None:
    assert all(is_name(name) for name in ("a", "0", "A-b_c", "a" * MAX_NAME))
    assert not any(is_name(name) for name in ("", "_a", "-a", "a b", "a.b", "a/b", "a\n", "a" * (MAX_NAME + 1)))


def test_the_owner_is_the_service_of_what_belongs_to_one() -> None:
    assert [instance_key("shop", "x").owner, pipeline_key("shop").owner] == ["shop", "shop"]
    assert environment_key("dev").owner == "dev"


def test_keys_are_ordered_as_a_pass_handles_them() -> None:
    keys = [pipeline_key("a"), instance_key("a", "b"), environment_key("z"), Key(Kind.ENVIRONMENT_TEMPLATE, "t")]
    assert sorted(keys, key=lambda key: key.sort_key) == keys[::-1]


def test_only_templates_have_versions() -> None:
    assert [kind for kind in Kind if kind.is_template] == [Kind.ENVIRONMENT_TEMPLATE, Kind.SERVICE_TEMPLATE]
    assert [Kind.PIPELINE.words, Kind.INSTANCE.words] == ["service pipeline", "service instance"]
