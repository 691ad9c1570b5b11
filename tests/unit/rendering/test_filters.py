from __future__ import annotations

from typing import Any

import pytest
import yaml
from cfnlint.decode import cfn_yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.rendering.filters import (
    Block,
    FilterError,
    ecs_env_vars,
    iam_policy_arns,
    lambda_env_vars,
    sanitize,
    yaml_scalar,
)
from reconciler.rendering.jinja import TemplateFault, render_text

OUTPUTS = {"Output1": "hello", "Output2": "world"}
POLICIES = {
    "Policy1": "arn:aws:iam::111122223333:policy/one",
    "Bucket": "arn:aws:s3:::bucket",
    "Policy2": "arn:aws-cn:iam::111122223333:policy/path/two",
    "Port": 80,
}
# Half of a surrogate pair is no text, and no YAML can say it.
# fmt: off
NASTY = [
    "012", "0x1F", "1e3", ".5", "-1", "1_000", "12:30:45", "2024-01-01", "yes", "No", "ON", "y", "null", "~", ".inf",
    ".NaN", "a:", "?", "{a}", "[a]", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "'a", '"a', "<<", "=", "#a", "a#b",
    "a\\b", "\x7f", "\ufeff", "\U0001f600", "\ue000", "\U000f0000",
]
# fmt: on
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    [*NASTY, "", " ", "a: b", "a #b", "- a", "a\nb", "a\tb", "\x85", "\u2028"]
)
MEMBERS = st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4)


def both(text: str) -> Any:
    """What PyYAML and cfn-lint read, which must be the same."""
    plain = yaml.safe_load(text)
    assert cfn_yaml.loads(text) == plain
    return plain


def rendered(template: str, outputs: Any) -> str:
    return render_text(template, {"outputs": outputs})


@given(TEXTS)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert both(f"key: {yaml_scalar(text)}\n") == {"key": text}


@given(MEMBERS, st.integers(0, 9))
def test_members_become_variables_wherever_the_expression_stands(members: dict[str, str], column: int) -> None:
    pad = " " * column
    text = rendered(f"A:\n {pad}{{{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}}}\nB: 1\n", members)
    assert both(text) == {"A": members, "B": 1}
    text = rendered(f"A:\n{pad}- {{{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}}}\nB: 1\n", members)
    assert both(text) == {"A": [members], "B": 1}
    text = rendered(f"A:\n{pad}{{{{ outputs | proton_cfn_ecs_task_definition_formatted_env_vars }}}}\nB: 1\n", members)
    assert both(text) == {"A": [{"Name": name, "Value": value} for name, value in members.items()], "B": 1}


def test_environment_of_an_ecs_container() -> None:
    template = """Properties:
  Environment:
    {{ outputs
        | proton_cfn_ecs_task_definition_formatted_env_vars }}
  Image: x
"""
    expected = """Properties:
  Environment:
    - Name: Output1
      Value: hello
    - Name: Output2
      Value: world
  Image: x
"""
    assert rendered(template, OUTPUTS) == expected


def test_environment_of_a_lambda_function() -> None:
    template = "Environment:\n  Variables:\n    {{ outputs | proton_cfn_lambda_function_formatted_env_vars }}\n"
    assert rendered(template, OUTPUTS) == "Environment:\n  Variables:\n    Output1: hello\n    Output2: world\n"


def test_policies_are_added_to_a_list() -> None:
    template = "ManagedPolicyArns:\n  - !Ref Base\n  {{ outputs | proton_cfn_iam_policy_arns }}\nNext: 1\n"
    expected = """ManagedPolicyArns:
  - !Ref Base
  - arn:aws:iam::111122223333:policy/one
  - arn:aws-cn:iam::111122223333:policy/path/two
Next: 1
"""
    assert rendered(template, POLICIES) == expected
    assert rendered(template, {"a": "b"}) == "ManagedPolicyArns:\n  - !Ref Base\n  \nNext: 1\n"


@pytest.mark.parametrize("formatted", [ecs_env_vars, lambda_env_vars, iam_policy_arns])
def test_nothing_to_give_is_an_empty_text(formatted: Any) -> None:
    assert formatted({}) == ""
    assert isinstance(formatted({}), Block)


def test_a_block_that_is_worked_on_further_is_a_text() -> None:
    template = "    {{ outputs | proton_cfn_lambda_function_formatted_env_vars | indent(6) }}"
    assert rendered(template, OUTPUTS) == "    Output1: hello\n      Output2: world"


def test_a_macro_gives_its_lines_the_column_where_it_is_called() -> None:
    template = (
        "{% macro env() %}{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}{% endmacro %}A:\n  {{ env() }}"
    )
    assert rendered(template, OUTPUTS) == "A:\n  Output1: hello\n  Output2: world"


def test_two_blocks_on_a_line_have_a_column_each() -> None:
    block = "{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}"
    assert rendered(f"é {block}|{block}", {"a": "b", "c": "d"}) == "é a: b\n  c: d|a: b\n       c: d"


def test_numbers_and_booleans_are_written_as_jinja_prints_them() -> None:
    assert lambda_env_vars({"Port": 80, "On": True}) == 'Port: "80"\nOn: "True"'.replace("On:", '"On":')


def test_a_raw_value_is_checked_on_demand() -> None:
    assert lambda_env_vars({"a": "b_c-1"}, raw=False) == "a: b_c-1"
    for formatted in (lambda_env_vars, ecs_env_vars):
        assert "b c" in formatted({"a": "b c"})
        with pytest.raises(FilterError) as caught:
            formatted({"a": "b c"}, raw=False)
        assert str(caught.value) == 'Illegal character(s) detected in "b c". Must match regex ^[a-zA-Z0-9_-]*$'
        with pytest.raises(FilterError):
            formatted({"a": "b\n"}, raw=False)


@pytest.mark.parametrize(
    "text", ["This-is_valid_37", "", "arn:aws:s3:::bucket/key", "arn:aws:sns::111122223333:topic/a"]
)
def test_what_is_sane_passes(text: str) -> None:
    assert sanitize(text) == text


@pytest.mark.parametrize("text", ["this::is::incorrect", "a b", "a\n", "arn:aws:s3:::bucket\nx", "arn:aws:s3:::{x}"])
def test_what_is_not_sane_fails_in_protons_words(text: str) -> None:
    with pytest.raises(FilterError) as caught:
        sanitize(text)
    expected = f'Illegal character(s) detected in "{text}". Must match regex ^[a-zA-Z0-9_-]*$ or be a valid ARN'
    assert str(caught.value) == expected


def test_a_filter_says_its_line_and_what_it_was_given() -> None:
    with pytest.raises(TemplateFault) as caught:
        rendered("a: 1\nb: {{ outputs | proton_cfn_iam_policy_arns }}", ["x"])
    assert (caught.value.line, caught.value.message) == (
        2,
        "proton_cfn_iam_policy_arns takes a mapping, such as outputs, not a list",
    )
    with pytest.raises(FilterError, match="proton_cfn_sanitize takes a text, not a number"):
        sanitize(1)
    with pytest.raises(FilterError, match='takes texts, and "a" is nothing'):
        lambda_env_vars({"a": None})
    with pytest.raises(FilterError, match='takes texts, and "a" is a mapping'):
        ecs_env_vars({"a": {}})


def test_a_mark_inside_a_value_stays_what_it_is() -> None:
    nasty = "".join(map(chr, range(0xF0000, 0xF0005)))
    block = "{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}"
    text = rendered(f"  {block}\nc: {{{{ outputs.b }}}}\n", {"a": "1", "b": nasty})
    assert text.endswith(f"\nc: {nasty}\n")
    assert text.count("\n") == 3


def test_a_mark_that_a_template_makes_itself_breaks_only_its_own_indentation() -> None:
    block = "{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}"
    text = rendered("{{ '\\U000f0001' }}  " + block + "{{ '\\U000f0000' }}", OUTPUTS)
    assert text.split() == ["\U000f0001", "Output1:", "hello", "Output2:", "world"]


def test_a_block_far_to_the_right_has_its_bounds() -> None:
    outputs = {f"k{number}": "v" for number in range(2000)}
    with pytest.raises(TemplateFault, match="more than 1024 KiB"):
        rendered("x" * 1000 + "{{ outputs | proton_cfn_lambda_function_formatted_env_vars }}", outputs)
