from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.inputs import InputType
from reconciler.catalog.rewriting import rewrite_inputs
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.errors import InputError
from reconciler.model.documents import Json

SIZE = {"type": "object", "properties": {"cpu": {"default": "small"}, "count": {}}, "default": {}}
TYPE = InputType("In", {"type": "object", "properties": {"image": {}, "port": {"default": 80}, "size": SIZE}})
FILE = """\
# of ours
spec:
  inputs:
    image: "shop:1"  # released
    size:
      # large enough
      cpu: large
  after: stays
"""


def back(text: str, wanted: dict[str, Json], current: dict[str, Json] | None = None) -> str:
    return rewrite_inputs("f.yaml", text, ("spec", "inputs"), TYPE, current or {}, wanted)


def test_only_what_differs_is_written() -> None:
    wanted = {"image": "shop:2", "port": 80, "size": {"cpu": "large"}}
    assert back(FILE, wanted) == FILE.replace("shop:1", "shop:2")


def test_what_was_not_there_is_removed_and_what_is_missing_is_added() -> None:
    wanted = {"port": 81, "size": {"cpu": "large", "count": 2}}
    after = FILE.replace('    image: "shop:1"  # released\n', "").replace(
        "cpu: large\n", "cpu: large\n      count: 2\n"
    )
    assert back(FILE, wanted) == after.replace("  after:", "    port: 81\n  after:")


def test_equal_numbers_of_another_type_differ() -> None:
    text = "spec: {inputs: {image: 1}}\n"
    assert back(text, {"image": 1.0, "port": 80, "size": {"cpu": "small"}}) == "spec: {inputs: {image: 1.0}}\n"
    assert back(text, {"image": True, "port": 80, "size": {"cpu": "small"}}) == "spec: {inputs: {image: true}}\n"


def test_a_value_that_is_kept_stays_a_reference_when_it_comes_to_the_same() -> None:
    text = 'spec: {inputs: {image: "${Proton::CURRENT_VAL}", port: "${Proton::CURRENT_VAL}"}}\n'
    wanted = {"image": "shop:1", "port": 9, "size": {"cpu": "small"}}
    assert back(text, wanted, {"image": "shop:1", "port": 8}) == text.replace(
        'port: "${Proton::CURRENT_VAL}"', "port: 9"
    )


def test_items_of_a_list_of_the_same_length_are_changed_one_by_one() -> None:
    text = "spec:\n  inputs:\n    image:\n      - a  # first\n      - b\n"
    rest = {"port": 80, "size": {"cpu": "small"}}
    assert back(text, {"image": ["a", "c"], **rest}) == text.replace("- b", "- c")
    assert back(text, {"image": ["a"], **rest}) == "spec:\n  inputs:\n    image: [a]\n"


def test_inputs_that_are_missing_altogether_are_written() -> None:
    assert back("spec:\n  a: 1\n", {"image": "x", "port": 80, "size": {"cpu": "small"}}) == (
        "spec:\n  a: 1\n  inputs:\n    image: x\n"
    )


def test_what_an_anchor_serves_is_left_to_a_person() -> None:
    text = "x: &x {cpu: large}\nspec:\n  inputs: {size: *x}\n"
    with pytest.raises(InputError, match="change the file by hand"):
        back(text, {"port": 80, "size": {"cpu": "medium"}})


_NAMES = st.sampled_from(["image", "port", "size", "more"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab:# '\"", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["cpu", "count", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=4), st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_whatever_stood_there_comes_to_what_is_wanted(written: dict[str, Json], wanted: dict[str, Json]) -> None:
    complete = TYPE.complete(wanted)
    text = f"# head\nspec:\n  inputs: {json.dumps(written)}\n  after: 1  # stays\n"
    after = back(text, complete)
    file, _ = parse_yaml("f.yaml", after.encode())
    assert file is not None
    found = file.data["spec"].get("inputs") or {}
    assert json.dumps(TYPE.complete(found), sort_keys=True) == json.dumps(complete, sort_keys=True)
    assert after.startswith("# head\n")
    assert after.endswith("\n  after: 1  # stays\n")
    assert back(after, complete) == after
