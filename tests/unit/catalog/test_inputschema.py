from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.inputs import MAX_COMPLETED, BundleSchema, InputType, Unknown
from reconciler.catalog.inputschema import read_schema
from reconciler.catalog.violations import Violation, ViolationCode
from reconciler.catalog.yamlfile import parse_yaml
from reconciler.errors import InputError
from reconciler.model.keys import Kind
from reconciler.model.problems import Problem, Severity

ENVIRONMENT = """\
schema:
  format:
    openapi: "3.0.0"
  environment_input_type: "EnvIn"
  types:
    EnvIn:
      type: object
      description: Inputs of the environment
      required: [cidr]
      properties:
        cidr: {type: string, pattern: '^[0-9./]+$'}
        size: {type: string, enum: [s, m], default: s}
        subnet-ids: {type: array, minItems: 1, items: {$ref: "#/Subnet"}}
    Subnet:
      type: object
      properties: {id: {type: string}, public: {type: boolean, default: false}}
"""
SERVICE = """\
schema:
  format: {openapi: 3.0.3}
  service_input_type: In
  pipeline_input_type: Pipe
  types:
    In: {type: object, properties: {port: {type: number}}}
    Pipe: {type: object, properties: {dockerfile: {type: string, default: Dockerfile}}}
"""


def read(text: str, kind: Kind = Kind.ENVIRONMENT_TEMPLATE) -> tuple[BundleSchema | None, tuple[Problem, ...]]:
    file, problems = parse_yaml("schema.yaml", text.encode(), duplicate_keys=Severity.WARNING)
    assert file is not None
    assert problems == ()
    return read_schema(file, kind)


def inputs_of(text: str, kind: Kind = Kind.ENVIRONMENT_TEMPLATE) -> InputType:
    schema, problems = read(text, kind)
    assert problems == ()
    assert schema is not None
    return schema.inputs


def with_property(text: str) -> str:
    """An environment schema whose only property, `p`, stands at line 8."""
    head = (
        'schema:\n  format: {openapi: "3.0.0"}\n  environment_input_type: In\n  types:\n    In:\n      type: object\n'
    )
    return f"{head}      properties:\n        p: {text}\n"


def typed(schema: dict[str, Any]) -> InputType:
    return InputType("In", {"type": "object", "properties": {"p": schema}})


def test_an_environment_schema_is_read_with_its_references_resolved() -> None:
    schema, problems = read(ENVIRONMENT)
    assert problems == ()
    assert schema is not None
    assert schema.pipeline is None
    assert schema.inputs.name == "EnvIn"
    subnets = schema.inputs.schema["properties"]["subnet-ids"]
    assert subnets["items"]["properties"]["public"] == {"type": "boolean", "default": False}


def test_a_service_schema_has_inputs_and_perhaps_a_pipeline() -> None:
    schema, problems = read(SERVICE, Kind.SERVICE_TEMPLATE)
    assert problems == ()
    assert schema is not None
    assert schema.pipeline is not None
    assert (schema.inputs.name, schema.pipeline.name) == ("In", "Pipe")
    without = SERVICE.replace("  pipeline_input_type: Pipe\n", "")
    schema, problems = read(without, Kind.SERVICE_TEMPLATE)
    assert schema is not None
    assert schema.pipeline is None


BROKEN_HEADS = [
    ("schema:", "Schema:", 1, "schema"),
    ('"3.0.0"', '"3.1.0"', 3, "3.1.0"),
    ('"3.0.0"', "3.0", 3, "3.0, not 3.0.x"),
    ("  format:\n    openapi", "  formats:\n    openapi", 1, "format is missing"),
    ("environment_input_type", "environmentInputType", 4, "environmentInputType"),
    ("environment_input_type", "service_input_type", 4, "service_input_type stands in the schema of an environment"),
    ('"EnvIn"', '"EnvInn"', 4, "EnvInn"),
    ('"EnvIn"', "[EnvIn]", 4, "not the name of a type"),
    ("  types:", "  typs:", 5, "typs"),
    ("    EnvIn:\n      type: object", "    EnvIn:\n      type: string", 6, "is not type: object"),
    ('"#/Subnet"', '"#/Subnets"', 13, "#/Subnets"),
    ('"#/Subnet"', '"other.yaml#/Subnet"', 13, "other.yaml"),
    ('"#/Subnet"', '"#/EnvIn"', 13, "EnvIn -> EnvIn"),
    ("public: {type: boolean, default: false}", 'up: {$ref: "#/Subnet"}', 16, "Subnet -> Subnet"),
]


@pytest.mark.parametrize(("before", "after", "line", "message"), BROKEN_HEADS)
def test_what_cannot_be_run_is_an_error_at_its_line(before: str, after: str, line: int, message: str) -> None:
    assert before in ENVIRONMENT
    schema, problems = read(ENVIRONMENT.replace(before, after))
    assert schema is None
    errors = [problem for problem in problems if problem.is_error]
    assert any(problem.position.line == line and message in problem.message for problem in errors), problems
    assert {problem.code for problem in errors} == {"SCHEMA_INVALID"}
    assert all(problem.hint for problem in errors)


@pytest.mark.parametrize("text", ["", "[]", "schema:", "schema: 3", "{}"])
def test_a_file_that_is_no_schema_is_an_error(text: str) -> None:
    schema, problems = read(text)
    assert schema is None
    assert problems


BROKEN_PROPERTIES = [
    ("{type: strng}", "type is"),
    ("{type: [string]}", "type is"),
    ("{type: string, patern: x}", 'unknown keyword "patern"'),
    ("{type: string, pattern: '['}", "the pattern cannot be used"),
    (r"{type: string, pattern: '(a)\1'}", "back-reference"),
    ("{type: string, minLength: '3'}", "minLength is"),
    ("{type: string, minLength: -1}", "minLength is -1"),
    ("{type: number, minimum: '3'}", "minimum is"),
    ("{type: number, exclusiveMinimum: 3}", "exclusiveMinimum is 3"),
    ("{type: number, multipleOf: 0}", "multipleOf is 0"),
    ("{type: string, enum: []}", "enum is an empty list"),
    ("{type: string, nullable: 'true'}", "nullable is"),
    ("{type: string, required: true}", "required is true"),
    ("{type: array, items: [{type: string}]}", "items is a list of 1"),
    ("{type: object, properties: {q: null}}", "must be a mapping"),
    ("{oneOf: [{type: string}]}", "oneOf is not supported"),
    ("text", "must be a mapping"),
    (f"{{type: object, properties: {{{'q' * 101}: {{}}}}}}", "101 characters"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN_PROPERTIES)
def test_a_broken_property_is_an_error_at_its_line(text: str, message: str) -> None:
    schema, problems = read(with_property(text))
    assert schema is None
    assert len(problems) == 1, problems
    assert problems[0].code == "SCHEMA_INVALID"
    assert problems[0].position.line == 8
    assert message in problems[0].message
    assert problems[0].hint


def test_a_misspelt_keyword_gets_a_suggestion() -> None:
    _, problems = read(with_property("{type: string, patern: x}"))
    assert problems[0].hint == 'did you mean "pattern"?'
    assert problems[0].position.column == 27


TOLERATED = [
    ("{type: string, enum: [s, m], default: x}", "the default breaks its own schema"),
    ("{type: string, minimum: 3}", "minimum has no effect on type string"),
    ("{type: number, maxLength: 3}", "maxLength has no effect on type number"),
    ("{type: number, minimum: 3, maximum: 2}", "minimum is above maximum"),
    ("{type: number, exclusiveMaximum: true}", "no effect without maximum"),
    ("{type: string, enum: [1, a]}", "the enum value 1 is not of type string"),
    ("{type: string, enum: [a, a]}", "enum names a value twice"),
    ("{type: object, properties: {q: {type: string, default: x}}, required: [q]}", '"q" is required and has a default'),
    ("{type: object, properties: {q: {type: string}}, required: [w]}", 'required names "w"'),
]


@pytest.mark.parametrize(("text", "message"), TOLERATED)
def test_what_proton_tolerated_is_a_warning(text: str, message: str) -> None:
    schema, problems = read(with_property(text))
    assert schema is not None
    assert [(problem.code, problem.severity) for problem in problems] == [("SCHEMA_TOLERATED", Severity.WARNING)]
    assert message in problems[0].message
    assert problems[0].position.line == 8


def test_keywords_beside_a_reference_are_told_to_have_no_effect() -> None:
    schema, problems = read(
        ENVIRONMENT.replace('{$ref: "#/Subnet"}', '{$ref: "#/Subnet", description: d, default: {}}')
    )
    assert schema is not None
    assert [problem.message for problem in problems] == ["default beside a $ref has no effect"]


def test_every_problem_is_told_at_once_and_only_once() -> None:
    text = ENVIRONMENT.replace("minItems: 1", "minItems: x").replace("type: boolean", "type: bool")
    text = text.replace("items: {$ref", "x-note: 1, items: {$ref").replace(
        "subnet-ids", "other: {$ref: '#/Subnet'}\n        subnet-ids"
    )
    _, problems = read(text)
    assert [problem.position.line for problem in problems] == [14, 17]


def test_references_that_explode_are_refused() -> None:
    types = {f"T{n}": {"type": "object", "properties": {k: {"$ref": f"#/T{n + 1}"} for k in "abcd"}} for n in range(20)}
    types["T20"] = {"type": "object", "properties": {"p": {"type": "string"}}}
    head = {"format": {"openapi": "3.0.0"}, "environment_input_type": "T0", "types": types}
    schema, problems = read(yaml.safe_dump({"schema": head}))
    assert schema is None
    assert "with its references" in problems[0].message


def test_defaults_that_explode_are_refused() -> None:
    node: dict[str, Any] = {"type": "string", "default": "x"}
    for _ in range(6):
        node = {"type": "object", "properties": {"a": {"type": "array", "items": node, "default": [{}] * 20}}}
    head = {"format": {"openapi": "3.0.0"}, "environment_input_type": "In", "types": {"In": node}}
    schema, problems = read(yaml.dump({"schema": head}, Dumper=NoAliases))
    assert schema is None
    assert "the default is too large" in problems[0].message


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


VIOLATIONS = [
    ({"type": "number"}, "x", 'p is "x", but must be a number'),
    ({"type": "number"}, True, "p is true, but must be a number"),
    ({"type": "string"}, 8080, "p is 8080, but must be text (put it in quotes)"),
    ({"type": "string"}, None, "p is null, but must be text"),
    ({"type": "boolean", "nullable": True}, 1, "p is 1, but must be true or false or null"),
    ({"type": "integer"}, 1.5, "p is 1.5, but must be a whole number"),
    ({"type": "array"}, {"a": 1}, "p is a mapping of 1, but must be a list"),
    ({"type": "string", "enum": ["s", "m"]}, "l", 'p is "l", but must be one of "s", "m"'),
    ({"type": "string", "enum": ["s"]}, 3, "p is 3, but must be text (put it in quotes)"),
    ({"enum": [1]}, True, "p is true, but must be one of 1"),
    ({"type": "string", "pattern": "^a"}, "b", 'p is "b", but must match the pattern ^a'),
    ({"type": "string", "minLength": 2}, "b", 'p is "b", 1 characters long, but must have at least 2 characters'),
    ({"type": "number", "minimum": 1}, 0, "p is 0, but must be at least 1"),
    ({"type": "number", "maximum": 1, "exclusiveMaximum": True}, 1, "p is 1, but must be less than 1"),
    ({"type": "number", "multipleOf": 0.1}, 0.35, "p is 0.35, but must be a multiple of 0.1"),
    ({"type": "integer", "format": "int8"}, 128, "p is 128, but must be in the range of int8"),
    ({"type": "string", "format": "date"}, "20240131", 'p is "20240131", but must be a date like 2024-01-31'),
    (
        {"type": "string", "format": "uuid"},
        "x",
        'p is "x", but must be a UUID like 123e4567-e89b-12d3-a456-426614174000',
    ),
    ({"type": "array", "maxItems": 1}, [1, 2], "p has 2 items, but must have at most 1 item"),
    ({"type": "array", "uniqueItems": True}, [1, 1.0], "p has equal items, but all must differ"),
    ({"type": "object", "minProperties": 1}, {}, "p has 0 keys, but must have at least 1 key"),
]


@pytest.mark.parametrize(("schema", "value", "message"), VIOLATIONS)
def test_a_violation_says_what_was_given_and_what_is_wanted(schema: dict[str, Any], value: Any, message: str) -> None:
    assert typed(schema).violations({"p": value}) == (Violation(("p",), message, ViolationCode.INVALID),)


VALID = [
    ({"type": "string", "pattern": "b"}, "abc"),
    ({"type": "number", "multipleOf": 0.1}, 0.3),
    ({"type": "integer"}, 1.0),
    ({"type": "string", "nullable": True, "enum": ["a"]}, None),
    ({"type": "number", "minimum": 1, "exclusiveMinimum": False}, 1),
    ({"type": "number", "minLength": 3}, 1),
    ({"type": "array", "uniqueItems": True}, [1, True, "1", [1], [True]]),
    ({"type": "string", "format": "date-time"}, "2024-01-31t12:00:00.5z"),
    ({"type": "string", "format": "anything"}, "x"),
    ({"type": "object"}, {"unknown": 1}),
    ({}, None),
]


@pytest.mark.parametrize(("schema", "value"), VALID)
def test_openapi_means_what_it_says(schema: dict[str, Any], value: Any) -> None:
    assert typed(schema).violations({"p": value}) == ()


def test_a_missing_input_is_a_violation_unless_it_has_a_default() -> None:
    inputs = InputType("In", {"required": ["a", "b"], "properties": {"a": {"default": 1}, "b": {"type": "string"}}})
    assert inputs.violations({}) == (Violation(("b",), "b is missing, and it has no default", ViolationCode.MISSING),)


def test_a_path_leads_into_lists_and_mappings() -> None:
    found = inputs_of(ENVIRONMENT).violations({"cidr": "1", "subnet-ids": [{}, {"public": "no"}]})
    assert [(violation.path, violation.message) for violation in found] == [
        (("subnet-ids", 1, "public"), 'subnet-ids[1].public is "no", but must be true or false')
    ]


def test_a_document_that_is_no_mapping_is_a_violation() -> None:
    message = inputs_of(ENVIRONMENT).violations(None)[0].message
    assert message == "the inputs document is null, but must be a mapping"


@pytest.mark.parametrize(
    "value", ["x" * 10_000, 2**1_000, ["x"] * 9_999, {"x" * 5_000: 1}], ids=["text", "number", "list", "mapping"]
)
def test_long_values_are_never_printed(value: Any) -> None:
    schema = {"type": "boolean", "enum": ["y" * 10_000]}
    for violation in typed(schema).violations({"p": value}):
        assert len(violation.message) < 250


def test_unknown_properties_are_tolerated_and_told_with_a_suggestion() -> None:
    inputs = inputs_of(ENVIRONMENT)
    document = {"cidr": "1", "sise": "m", "zzz": 1, "subnet-ids": [{"idd": "x"}]}
    assert inputs.violations(document) == ()
    assert inputs.unknown(document) == (
        Unknown(("sise",), "size"),
        Unknown(("zzz",), None),
        Unknown(("subnet-ids", 0, "idd"), "id"),
    )


def test_properties_are_not_unknown_where_more_are_invited_and_refused_where_none_are() -> None:
    invited = typed({"type": "object", "properties": {"q": {}}, "additionalProperties": {"type": "string"}})
    assert invited.unknown({"p": {"r": "x"}}) == ()
    assert [violation.path for violation in invited.violations({"p": {"r": 1}})] == [("p", "r")]
    closed = typed({"type": "object", "properties": {"q": {}}, "additionalProperties": False})
    assert closed.unknown({"p": {"r": "x"}}) == ()
    assert closed.violations({"p": {"r": 1}}) == (
        Violation(("p", "r"), "p.r is not an input of this template", ViolationCode.UNKNOWN),
    )
    assert typed({"type": "object"}).unknown({"p": {"free": 1}}) == ()


def test_completing_fills_defaults_in_at_any_depth_in_schema_order() -> None:
    document = {"zzz": 1, "subnet-ids": [{"x": 1, "id": "a"}, {"public": True}], "cidr": "10/8"}
    before = copy.deepcopy(document)
    done = inputs_of(ENVIRONMENT).complete(document)
    assert document == before
    assert done == {
        "cidr": "10/8",
        "size": "s",
        "subnet-ids": [{"id": "a", "public": False, "x": 1}, {"public": True}],
        "zzz": 1,
    }
    assert list(done) == ["cidr", "size", "subnet-ids", "zzz"]
    assert list(done["subnet-ids"][0]) == ["id", "public", "x"]


def test_an_absent_object_without_a_default_of_its_own_stays_absent() -> None:
    inner = {"type": "object", "properties": {"q": {"default": 1}}}
    assert typed(inner).complete({}) == {}
    assert typed(inner).complete({"p": {}}) == {"p": {"q": 1}}
    assert typed({**inner, "default": {}}).complete({}) == {"p": {"q": 1}}


def test_what_completing_gives_shares_nothing_with_the_schema() -> None:
    inputs = typed({"type": "array", "default": [{"a": []}]})
    inputs.complete({})["p"][0]["a"].append(1)
    assert inputs.complete({}) == {"p": [{"a": []}]}


def test_completing_is_bounded() -> None:
    inputs = typed({"items": {"properties": {"q": {"default": [0] * 1_000}}}})
    with pytest.raises(InputError, match=str(MAX_COMPLETED)):
        inputs.complete({"p": [{}] * 200})


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)


DEFAULTS = st.sampled_from([None, 1, [], {}, [{}], {"a": {}}, {"d": [{"b": {}}]}])


def _grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    parts: dict[str, st.SearchStrategy[Any]] = {
        "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        "items": inner,
        "default": DEFAULTS,
        "additionalProperties": st.one_of(st.booleans(), inner),
    }
    return st.fixed_dictionaries({}, optional=parts)


SCHEMAS = st.recursive(st.fixed_dictionaries({}, optional={"default": DEFAULTS}), _grown, max_leaves=6)


@given(SCHEMAS, st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4))
def test_completing_twice_changes_nothing_and_drops_nothing(schema: dict[str, Any], document: dict[str, Any]) -> None:
    inputs, before = InputType("In", schema), copy.deepcopy(document)
    once = inputs.complete(document)
    assert document == before
    assert document.keys() <= once.keys()
    again = inputs.complete(once)
    assert again == once
    assert list(again) == list(once)
