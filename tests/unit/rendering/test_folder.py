from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.catalog.codebuild import CodeBuildSettings
from reconciler.catalog.manifest import Manifest
from reconciler.model.documents import Json
from reconciler.model.engines import Engine
from reconciler.model.identity import Account
from reconciler.model.keys import instance_key
from reconciler.rendering.document import CodeRepository, ComponentFacts, EnvironmentFacts, instance_document
from reconciler.rendering.folder import RenderingError, given_to_engine, render_folder
from reconciler.rendering.jinja import DirectJinja
from reconciler.rendering.terraform import Rendering
from reconciler.rendering.wellformed import check_stack

ACCOUNT = Account("111122223333", "eu-west-1")
KEY = instance_key("shop", "shop-dev")
JINJA = DirectJinja(check_stack)
STACK = b"""\
Resources: {}
Metadata:
  Inputs: {{ service_instance.inputs | tojson }}
  Environment:
    {{ environment.outputs | proton_cfn_ecs_task_definition_formatted_env_vars }}
  Component:
    {{ service_instance.components.default.outputs | proton_cfn_lambda_function_formatted_env_vars }}
  {% for name in environment.outputs %}
  Output{{ loop.index }}: {{ [name, environment.outputs[name]] | tojson }}
  {% endfor %}
"""
COMMANDS = CodeBuildSettings(
    "image", provision=("{{ environment.outputs | tojson }}", "{{ service_instance.inputs | length }}")
)
BUNDLES = [
    (Manifest(Engine.TERRAFORM, ("main.tf",)), {"main.tf": b"locals {}\n"}),
    (Manifest(Engine.CLOUDFORMATION, ("stack.yaml",)), {"stack.yaml": STACK}),
    (Manifest(Engine.CODEBUILD, ("run",), COMMANDS), {"run": b"\x00\xff"}),
    (Manifest(Engine.CODEBUILD, (), CodeBuildSettings("image", provision=("x",), input_type="HCL")), {}),
]

# Of anything beyond, `tojson` makes two escapes, as JSON has it, and YAML refuses them.
TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(TEXTS, below, max_size=3)),
    max_leaves=8,
)
OUTPUTS = st.dictionaries(TEXTS, TEXTS, max_size=4)


def document(inputs: dict[str, Json], outputs: dict[str, str], component: dict[str, str] | None) -> dict[str, Json]:
    facts = EnvironmentFacts("dev", ACCOUNT.id, outputs)
    attached = ComponentFacts("bucket", component) if component is not None else None
    return instance_document(ACCOUNT, "web", "shop", "shop-dev", inputs, facts, CodeRepository(), attached)


def folder(manifest: Manifest, files: dict[str, bytes], values: dict[str, Json]) -> dict[str, bytes]:
    rendering = Rendering(ACCOUNT, KEY, "web", "1.0", "dev", values, files)
    return render_folder(rendering, manifest, "0" * 36, JINJA)


@pytest.mark.parametrize(("manifest", "files"), BUNDLES)
@settings(deadline=None, max_examples=40)
@given(st.dictionaries(TEXTS, VALUES, max_size=4), OUTPUTS, st.one_of(st.none(), OUTPUTS))
def test_the_same_values_give_the_same_bytes_and_so_do_those_on_record(
    manifest: Manifest,
    files: dict[str, bytes],
    inputs: dict[str, Json],
    outputs: dict[str, str],
    component: dict[str, str] | None,
) -> None:
    values = document(inputs, outputs, component)
    first = folder(manifest, files, values)
    recorded = json.loads(json.dumps(values))
    assert folder(manifest, files, recorded) == first
    where = (JINJA, "web 1.0")
    assert given_to_engine(KEY, values, manifest, files, *where) == given_to_engine(
        KEY, recorded, manifest, files, *where
    )


def test_a_template_that_is_not_text_is_refused() -> None:
    manifest, values = Manifest(Engine.CLOUDFORMATION, ("stack.yaml",)), document({}, {}, None)
    with pytest.raises(RenderingError, match=r"stack\.yaml of web 1\.0 is not UTF-8"):
        folder(manifest, {"stack.yaml": b"\xff"}, values)


def test_a_fault_names_the_file_and_its_line() -> None:
    manifest, values = Manifest(Engine.CLOUDFORMATION, ("stack.yaml",)), document({}, {}, None)
    with pytest.raises(RenderingError, match=r'stack\.yaml:2 of web 1\.0: service has no "nme"'):
        folder(manifest, {"stack.yaml": b"Resources: {}\nx: {{ service.nme }}\n"}, values)
