"""Drafts of new files: they can be read, whatever a template's authors wrote, and ask for what has to be given."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.draft import document, inputs_lines
from reconciler.catalog.inputs import InputType
from reconciler.catalog.yamlfile import parse_yaml

LONG = "word " * 100
INPUTS = InputType(
    "Web",
    {
        "type": "object",
        "required": ["image", "network", "tier", "port"],
        "properties": {
            "port": {"type": "integer", "description": "The port", "default": 80},
            "image": {"type": "string", "description": "What runs\n\n- first\x85# second\x00"},
            "note": {"type": "string", "title": "A note"},
            "network": {"type": "object", "required": ["cidr"], "properties": {"cidr": {"example": "10.0.0.0/16"}}},
            "tier": {"type": "string", "enum": ["a", "no"], "description": LONG},
        },
    },
)


def read(lines: list[str]) -> Any:
    file, problems = parse_yaml("f", "\n".join(lines).encode())
    assert file is not None, problems
    return file.data


def test_required_inputs_come_first_and_the_others_as_comments() -> None:
    lines = inputs_lines(INPUTS, {})
    assert [line for line in lines if "word" not in line] == [
        "inputs:",
        "  # What runs - first # second",
        "  image:  # required: text",
        "  network:",
        "    cidr: 10.0.0.0/16  # an example: make it yours",
        '  tier:  # required: one of a, "no"',
        "  # The port",
        "  # port: 80",
        "  # A note",
        "  # note:  # optional: text",
    ]
    assert max(map(len, lines)) <= 110
    assert INPUTS.violations(read(lines)["inputs"])


def test_given_inputs_stand_where_they_belong() -> None:
    lines = inputs_lines(INPUTS, {"image": "x", "tier": "no", "note": "n", "network": {"cidr": "c"}, "port": 8080})
    assert not any(line.lstrip().startswith("# port") for line in lines)
    assert not INPUTS.violations(read(lines)["inputs"])
    assert read(lines)["inputs"]["port"] == 8080


def test_when_nothing_is_required_the_whole_block_can_be_switched_on() -> None:
    inputs = InputType("Web", {"type": "object", "properties": {"port": {"description": "The port", "default": 80}}})
    lines = inputs_lines(inputs, {})
    assert read(lines) is None
    assert lines == ["# inputs:", "#   # The port", "#   port: 80"]
    assert read([line.removeprefix("# ") for line in lines]) == {"inputs": {"port": 80}}


@given(st.text(max_size=40), st.text(min_size=1, max_size=10), st.none() | st.text() | st.lists(st.floats(-1, 1)))
def test_no_description_name_or_default_of_a_template_breaks_out_of_its_comment(
    words: str, name: str, default: Any
) -> None:
    properties = {name: {"description": words, "default": default}, "must": {"title": words, "type": "string"}}
    inputs = InputType("Web", {"type": "object", "required": ["must"], "properties": properties})
    assert read(inputs_lines(inputs, {})) == {"inputs": {"must": None}}
    assert read(inputs_lines(inputs, {"must": words}))["inputs"] == {"must": words}


def test_a_document_leads_its_editor_to_the_schema() -> None:
    text = document("../../x.json", "Environment", "on", ["template: web"])
    assert text.splitlines()[0] == "# yaml-language-server: $schema=../../x.json"
    assert read([text])["metadata"] == {"name": "on"}
    assert text.endswith("spec:\n  template: web\n")
