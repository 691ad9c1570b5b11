from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.rendering.jinja import DirectJinja, TemplateFault, check_template, render_text, render_value
from reconciler.rendering.wellformed import check_stack

NAMES: dict[str, Any] = {
    "environment": {
        "name": "dev",
        "account_id": "111122223333",
        "outputs": {"VpcId": "vpc-1", "my-output": "mine"},
    },
    "service": {"name": "shop", "branch_name": "main"},
    "service_instance": {
        "name": "shop-dev",
        "inputs": {"port": 8080, "on": True, "items": "an input", "subnets": ["a", "b"], "size": 2.5},
        "components": {},
    },
    "service_instances": [
        {"name": "one", "inputs": {"port": 1}, "environment": {"name": "dev"}},
        {"name": "two", "inputs": {"port": 2}, "environment": {"name": "prod"}},
    ],
}
JINJA = DirectJinja(check_stack)


def text(source: str, **names: Any) -> str:
    return render_text(source, {**NAMES, **names})


def fault(source: str, **names: Any) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        text(source, **names)
    return caught.value


def stack_fault(source: str) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        JINJA.stack(source, NAMES)
    return caught.value


# What templates are made of.


def test_values_are_printed_as_python_prints_them() -> None:
    source = "{{ service_instance.inputs.port }} {{ service_instance.inputs.on }} {{ service_instance.inputs.size }}"
    assert text(source) == "8080 True 2.5"
    assert text("{{ service_instance.inputs.subnets }} {{ none }}") == "['a', 'b'] None"


def test_white_space_is_kept_byte_for_byte() -> None:
    source = """Resources:
  {% if true %}
  A:   {# a remark #}
    {%- for name in ["x", "y"] %}
    - {{ name }}
    {%- endfor %}
  {% else %}
  B: 1
  {% endif %}\t

"""
    assert text(source) == "Resources:\n  \n  A:   \n    - x\n    - y\n  \t\n\n"


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n", " \n\t"])
def test_the_end_of_the_text_is_the_end_of_the_template(end: str) -> None:
    assert text("a: {{ service.name }}" + end) == "a: shop" + end


@given(st.text(alphabet="ab \t\r\n\x0b\x1c\x1d\x1e\x85\u2028{}%#-~", max_size=30))
def test_whatever_has_no_expression_comes_back_as_it_is(source: str) -> None:
    if not any(sign in source for sign in ("{{", "{%", "{#")):
        assert text(source) == source
        assert text("{% raw %}" + source + "{% endraw %}") == source


def test_ends_of_lines_survive_in_texts_and_between_tags() -> None:
    assert text("a\r\n{{ 'b\r\nc' }}\r\n{% if true -%}\r\n d\re{% endif %}\n") == "a\r\nb\r\nc\r\nd\re\n"


def test_a_member_wins_over_a_method_of_its_name() -> None:
    assert text("{{ service_instance.inputs.items }}") == "an input"
    assert text("{% for name, value in environment.outputs.items() %}{{ name }}={{ value }};{% endfor %}") == (
        "VpcId=vpc-1;my-output=mine;"
    )
    assert text("{{ environment.outputs.keys() | list }}{{ environment.outputs.values() | first }}") == (
        "['VpcId', 'my-output']vpc-1"
    )
    assert text("{{ environment.outputs.get('VpcId') }} {{ environment.outputs.get('no', 'none') }}") == "vpc-1 none"
    assert text("{{ environment.outputs.values | default('missing') }}") == "missing"


def test_a_loop_may_take_the_name_of_what_it_loops_over() -> None:
    source = """{% for service_instance in service_instances %}
  Deploy{{ loop.index }}of{{ loop.length }}: {{ service_instance.name }}@{{ service_instance.environment.name }}
{%- if not loop.last %}{{ loop.index0 }}{% endif %}{% endfor %}
{{ service_instance.name }}"""
    assert text(source) == "\n  Deploy1of2: one@dev0\n  Deploy2of2: two@prod\nshop-dev"


def test_the_rest_of_what_real_templates_use() -> None:
    assert text("{% set owner, name = 'acme/shop'.split('/') %}{{ name }} of {{ owner }}") == "shop of acme"
    assert text("{{ {'b': service.name, 'a': '<'} | tojson | safe }}") == '{"a": "\\u003c", "b": "shop"}'
    assert text("{{ ('x' * 40) | truncate(10) }} {{ ' A ' | trim | lower }} {{ [1, 2] | length }}") == "xxxxxxx... a 2"
    assert text("{{ service.name ~ '-' ~ 1 ~ true }}") == "shop-1True"
    assert text("{{ '%s-%03d' % ('a', 7) }} {{ '%s' | format('b') }} {{ '{0}/{1}'.format('c', 'd') }}") == "a-007 b c/d"
    assert text("# {{ service.name }} is evaluated inside of a remark of YAML\n").startswith("# shop is")
    assert text("{{ 'a' if false }}|{{ [3, 4] | map('string') | join(',') }}") == "|3,4"


def test_what_cloudformation_resolves_is_written_as_a_text() -> None:
    assert text("a: \"{{ '{{resolve:ssm:/a/b}}' }}\"") == 'a: "{{resolve:ssm:/a/b}}"'
    assert text("a: {% raw %}'{{resolve:ssm:/a/b}}'{% endraw %}") == "a: '{{resolve:ssm:/a/b}}'"


# Names that are not there.


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("{{ enviroment.name }}", 'there is no "enviroment" here', 'did you mean "environment"?'),
        ("{{ {'id': environment.outputs.VpcID} | tojson }}", 'environment.outputs has no "VpcID"', '"VpcId"?'),
        ("{{ environment.outputs.VpcID }}", 'environment.outputs has no "VpcID"', 'did you mean "VpcId"?'),
        (
            "{{ service.branch }}",
            'service has no "branch"',
            'did you mean "branch_name"?',
        ),
        (
            "{{ environment.outputs.my-output }}",
            'environment.outputs has no "my"',
            '"-" after a dot is read as minus: write environment.outputs["my-output"]',
        ),
        (
            "{{ environment.outputs.VpcId-zone | default('a') }}",
            "unsupported operand type(s) for -: 'str' and 'str'",
            "",
        ),
        (
            "{{ service_instances[0].url }}",
            'service_instances[0] has no "url"',
            "what there is: name, inputs, environment",
        ),
        ("{{ service_instance.inputs.subnets[2] }}", "service_instance.inputs.subnets has no element 2", "it has 2"),
        ("{{ service.name.first }}", 'service.name has no "first"', ""),
        ("{{ [service.nme] }}", 'service has no "nme"', 'did you mean "name"?'),
        ("{% if service.nme %}{% endif %}", 'service has no "nme"', 'did you mean "name"?'),
        ("{{ service.nme ~ 'x' }}", 'service has no "nme"', 'did you mean "name"?'),
        (
            "{{ service_instance.components.default.outputs.Arn }}",
            'service_instance.components.default.outputs has no "Arn"',
            'write `service_instance.components.default.outputs.Arn | default("")`',
        ),
    ],
)
def test_a_missing_name_says_what_there_is(source: str, message: str, hint: str) -> None:
    found = fault("a: 1\n" + source)
    assert (found.line, found.message) == (2, message)
    assert hint in found.hint
    assert bool(found.hint) == bool(hint)


def test_a_missing_name_may_have_a_default() -> None:
    assert text("{{ service.nme | default('x') }}{{ service.nme | default }}{{ nothing | default(1) }}") == "x1"
    assert text("{{ service.nme is defined }} {{ service.name is defined }}") == "False True"
    assert text('{{ environment.outputs["my-output"] | default("17") }}') == "mine"


def test_a_fault_names_the_line_it_is_in() -> None:
    filler = "".join(f"line{number}: {{{{ service.name }}}}\n" for number in range(1, 300))
    assert fault(filler + "line300: {{ service.nme }}\n").line == 300
    assert fault("{% macro m(x) %}\n{{ x.y }}\n{% endmacro %}\n\n{{ m(service) }}").line == 2
    assert fault("a: 1\r\nb: {{ service.nme }}\r\n").line == 2
    assert (
        fault("{# one\ntwo #}\n{% for x in\n  service_instances %}\n  {{ x.name }}\n  {{ x.nme }}\n{% endfor %}").line
        == 6
    )


# Syntax.


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("a: 1\nb: {{ x", 2, "unexpected end of template"),
        ("{% if x %}\n", 1, "endif"),
        ("\n{{ x | nothing_like_it }}", 2, "No filter named 'nothing_like_it'"),
        ("\n{{ x | random }}", 2, "No filter named 'random'"),
        ("\n\n{% include 'a.yaml' %}", 3, "a template is one file: `include` cannot read another"),
        ("\n{% extends 'a.yaml' %}", 2, "`extends`"),
        ("{% import 'a.yaml' as a %}", 1, "`import`"),
        ("{% from 'a.yaml' import a %}", 1, "`from ... import`"),
        ("\n{% nonsense %}", 2, "unknown tag 'nonsense'"),
        ("{{ " + "(" * 5000, 1, "too deep"),
        ("{{ 1" + " + 1" * 5000 + " }}", 1, "too deep"),
        ("{{ 1" + "0" * 5000 + " }}", 1, "4300 digits"),
        ("{% for i in [1] %}" * 30 + "{% endfor %}" * 30, 1, "nested blocks"),
    ],
)
def test_broken_syntax_is_found_without_values(source: str, line: int, message: str) -> None:
    found = check_template(source)
    assert found is not None
    assert found.line == line
    assert message in found.message
    assert fault(source).message == found.message


def test_what_is_fine_without_values_has_no_fault() -> None:
    assert check_template("") is None
    assert check_template("{% for x in y %}{{ x.z | default('') | proton_cfn_sanitize }}{% endfor %}") is None
    assert check_template("{{ 1 / 0 }}{{ 'x' | center(10 ** 12) }}") is None


def test_a_dynamic_reference_is_told_how_to_hide_from_jinja() -> None:
    found = check_template("a: 1\nb: '{{resolve:secretsmanager:x:SecretString:y}}'\n")
    assert found is not None
    assert (found.line, found.message) == (2, "Jinja reads {{resolve:...}} as an expression of its own")
    assert "{{ '{{resolve:ssm:/a/b}}' }}" in found.hint
    assert "{% raw %}" in found.hint


# Values for CodeBuild.


def test_one_expression_gives_its_value() -> None:
    for source, value in {
        "{{ service_instance.inputs.subnets }}": ["a", "b"],
        "{{ service_instance.inputs.port }}": 8080,
        "{{ service_instance.inputs.on }}": True,
        "{{ service.name }}": "shop",
        "{{ '8080' }}": "8080",
        "{{ none }}": None,
        "{{ environment.outputs }}": {"VpcId": "vpc-1", "my-output": "mine"},
        "{{ service_instance.inputs.subnets | map('upper') | list }}": ["A", "B"],
        "{{ ('a', 1) }}": ["a", 1],
        "{{ environment.outputs.items() }}": [["VpcId", "vpc-1"], ["my-output", "mine"]],
        "{{ environment.outputs | proton_cfn_iam_policy_arns }}": "",
        "{{ [1, 2] | tojson }}": "[1, 2]",
    }.items():
        assert render_value(source, NAMES) == value
        assert type(render_value(source, NAMES)) is type(value)


def test_any_other_text_gives_a_text() -> None:
    assert render_value("{{ service_instance.inputs.port }}{{ 1 }}", NAMES) == "80801"
    assert render_value(" {{ service_instance.inputs.port }}", NAMES) == " 8080"
    assert render_value("plain", NAMES) == "plain"
    assert render_value("", NAMES) == ""
    assert render_value("{% if true %}{{ 1 }}{% endif %}", NAMES) == "1"


def test_a_value_has_its_faults_too() -> None:
    for source in ("{{ service.nme }}", "{{ [service.nme] }}", "{{ service.nme", "{{ [1] | map('upper') }}"):
        with pytest.raises(TemplateFault) as caught:
            JINJA.value(source, NAMES)
        assert caught.value.line == 1


# Well-formed stacks.


def test_a_stack_is_the_text_untouched() -> None:
    source = "Resources: {}\nA: !Ref 'x'\nB: !Sub\n  - ${x}\n  - x: {{ service.name }}\nC: 2012-10-17\nD: !GetAtt a.b\n"
    assert JINJA.stack(source, NAMES) == source.replace("{{ service.name }}", "shop")
    assert JINJA.text(source, NAMES) == JINJA.stack(source, NAMES)
    assert JINJA.stack('{"Resources": {\n\t"A": "{{ service.name }}"}}', NAMES).count("shop") == 1


def test_what_is_not_well_formed_names_the_line_of_the_template() -> None:
    source = """Resources:
{%- for service_instance in service_instances %}
  A{{ loop.index }}:
    Name: {{ service_instance.name }}
    {{ environment.outputs
        | proton_cfn_lambda_function_formatted_env_vars }}
{%- endfor %}
  {% if true %}
  Broken: {{ service.name }}: {{ environment.name }}
  {% endif %}
"""
    found = stack_fault(source)
    assert found.line == 9
    assert found.message == "not well-formed once rendered: mapping values are not allowed in this context"
    assert found.hint == "line 11 of what it gives is: Broken: shop: dev"


def test_of_equal_keys_that_a_loop_gives_the_last_one_counts() -> None:
    assert JINJA.stack("{% for n in [1, 2] %}A: {{ n }}\n{% endfor %}", {}) == "A: 1\nA: 2\n"


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("{% if true %}\nA: [{{ service.name }}\n{% endif %}\n\n", 2, "did not find expected ',' or ']'"),
        ("- {{ service.name }}", 1, "a template is a mapping"),
        ("{{ service.name }}", 1, "a template is a mapping"),
        ("{% if false %}A: 1{% endif %}", 0, "this one is empty"),
        ("A: 1\n---\nB: 2\n", 2, "expected a single document"),
        ("A: 1\nB: !!python/object:os.system {}\n", 2, "could not determine a constructor"),
        ("A: 1\nB: *nothing\n", 2, "found undefined alias"),
        ("A: {{ '\\x01' }}\n", 1, "control characters are not allowed"),
        ("A: 1\n~: 2\n", 2, "Null key"),
        ("? {a: 1}\n: 2\n", 1, "Unhashable"),
        ('{"A": 1,\n\t"B" 2}', 2, "did not find expected ',' or '}'"),
        ("A:\n\t- 1\n", 2, "cannot start any token"),
    ],
)
def test_what_is_wrong_with_a_stack(source: str, line: int, message: str) -> None:
    found = stack_fault(source)
    assert message in found.message
    assert found.line == line


def test_a_line_that_cannot_be_found_is_left_out() -> None:
    # The length of what is printed changes with the marks that lead back to the template.
    source = "{% set x %}a\nb{% endset %}A: {{ x | length }}: {{ x | length }}\n"
    found = stack_fault(source)
    assert found.line == 0
    assert "line 1 of what it gives is: A: 3: 3" in found.hint


# Hostile templates.


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ '{0.__class__}'.format(service) }}",
        "{{ '{0.__class__.__init__}'.format(range) }}",
        "{{ '{x.__class__}'.format_map({'x': 1}) }}",
        "{{ [''] | map(attribute='__class__') | list }}",
        "{{ [''] | map('attr', '__class__') | list }}",
        "{{ range.__init__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% macro m() %}{% endmacro %}{{ m.__init__ }}",
        "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
        "{{ service.update({'name': 'x'}) }}",
        "{{ service_instance.inputs.subnets.append('x') }}",
        "{{ namespace.__class__ }}",
    ],
)
def test_nothing_of_the_program_can_be_reached(source: str) -> None:
    found = fault("\n" + source)
    assert found.line == 2
    assert "a template may not use" in found.message
    assert "sandbox" in found.hint


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ 'a' * 10 ** 9 }}", "more than 1024 KiB of text"),
        ("{{ 10 ** 9 * 'a' }}", "more than 1024 KiB of text"),
        ("{{ [0] * 10 ** 9 }}", "more than 1024 KiB of text"),
        ("{{ '%999999999d' % 1 }}", "more than 1024 KiB of text"),
        ("{{ '%999999999d' | format(1) }}", "more than 1024 KiB of text"),
        ("{{ '%*d' % (999999999, 1) }}", "more than 1024 KiB of text"),
        ("{{ 2 ** (2 ** 40) }}", "a number of more than 4096 bits"),
        ("{% set x = 2 ** 4000 %}{{ x * x }}", "a number of more than 4096 bits"),
        ("{{ range(10 ** 12) }}", "Range too big"),
        ("{% set x = 'a' * 1000000 %}{{ x ~ x }}", "more than 1024 KiB of text"),
        ("{% set x = 'a' * 1000000 %}{{ x + x }}", "more than 1024 KiB of text"),
        ("{% for i in range(99999) %}{{ 'a' * 99 }}{% endfor %}", "more than 1024 KiB of text"),
        ("{% set x %}{% for i in range(99999) %}{{ 'a' * 99 }}{% endfor %}{% endset %}", "more than 1024 KiB of text"),
        ("{{ 'ä' * 600000 }}", "more than 1024 KiB of text"),
        ("{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}", "more than 1024 KiB of text"),
        ("{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x ~ 'a' }}", "more than 1024 KiB of text"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "this goes too deep"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1 + 'a' }}", "unsupported operand"),
        ("{{ 'a' | int(default=none) + 1 }}", "unsupported operand"),
        ("{{ service.name() }}", "not callable"),
        ("{{ [1, 'a'] | sort }}", "not supported between"),
        ("{{ '\\ud800' }}", "not text"),
        ("{{ range }}", "a function has no text of its own"),
        ("{{ [1] | map('string') }}", "a generator has no text of its own"),
        ("{{ self }}", "has no text of its own"),
        ("{{ lipsum() }}", 'there is no "lipsum" here'),
    ],
)
def test_what_goes_wrong_is_a_fault_and_no_traceback(source: str, message: str) -> None:
    assert message in fault(source).message


def test_a_message_is_no_longer_than_a_message() -> None:
    assert len(fault("{{ [1, 'a' * 100000] | sum }}{{ {}['a' * 100000] }}").message) <= 500
    assert len(fault("{{ service['x' * 100000] }}").message) <= 500
