from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.catalog.bundle import Bundle, read_bundle
from reconciler.model.keys import Kind
from tests.support.memory import memory_tree

SCHEMA = """\
schema:
  format: {openapi: "3.0.0"}
  environment_input_type: Inputs
  types:
    Inputs: {type: object, properties: {size: {type: string, default: s}}}
"""
CODEBUILD = """\
infrastructure:
  templates:
    - rendering_engine: codebuild
      settings: {image: i, runtimes: {nodejs: 20}, provision: [make up], deprovision: [make down]}
"""
TERRAFORM = 'infrastructure: {templates: [{file: "*", rendering_engine: hcl, template_language: terraform}]}'
LONG = "x" * 300 * 1024


def read(manifest: str, files: Mapping[str, str]) -> tuple[Bundle | None, list[str]]:
    everything = {"schema/schema.yaml": SCHEMA, "infrastructure/manifest.yaml": manifest, **files}
    bundle, problems = read_bundle(memory_tree(everything), "net", Kind.ENVIRONMENT_TEMPLATE)
    return bundle, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "path", ["infrastructure/package-lock.json", "docs/screen.png", "infrastructure/lib/data.json"]
)
def test_a_file_that_no_manifest_lists_may_be_large(path: str) -> None:
    bundle, problems = read(CODEBUILD, {path: LONG})
    assert bundle is not None
    assert problems == []


def test_beside_terraform_only_what_travels_is_measured() -> None:
    bundle, problems = read(
        TERRAFORM, {"infrastructure/main.tf": "# var.environment.inputs", "infrastructure/lambda.zip": LONG}
    )
    assert bundle is not None
    assert problems == []
    bundle, problems = read(TERRAFORM, {"infrastructure/main.tf": f"# inputs {LONG}"})
    assert bundle is None
    assert [problem.split(" has ")[0] for problem in problems] == [
        "net/infrastructure/main.tf: [FILE_TOO_LARGE] main.tf"
    ]


COMMENTED = """\
/* for tries without a deployment:
variable "environment" {
}
*/
# variable "environment" {}
locals {
  everything = "arn:aws:s3:::b/*"
  inputs     = var.environment.inputs
}
"""


def test_a_variable_inside_a_comment_is_not_declared() -> None:
    bundle, problems = read(TERRAFORM, {"infrastructure/main.tf": COMMENTED})
    assert bundle is not None
    assert problems == []


@pytest.mark.parametrize(
    "before",
    ["/* one */\n", 'a = "/*"\n', "# not /* one\n", "/*\n*/\n", "// nor /*\n", 'a = "\\"/*"\n'],
)
def test_a_variable_after_a_comment_is_declared_at_its_own_line(before: str) -> None:
    _, problems = read(TERRAFORM, {"infrastructure/main.tf": f'{before}variable "environment" {{\n}}\n'})
    line = before.count("\n") + 1
    assert [problem.split("]")[0] for problem in problems if "CLASH" in problem] == [
        f"net/infrastructure/main.tf:{line}:1: [VARIABLE_CLASH"
    ]


@pytest.mark.parametrize("folder", ["infra", "terraform", "infrastructur"])
def test_infrastructure_under_another_name_is_not_taken_for_an_environment_that_others_provision(folder: str) -> None:
    files = {
        "schema/schema.yaml": SCHEMA.replace(", default: s", ""),
        f"{folder}/manifest.yaml": TERRAFORM,
        f"{folder}/main.tf": "# var.environment.inputs.size",
    }
    bundle, problems = read_bundle(memory_tree(files), "net", Kind.ENVIRONMENT_TEMPLATE)
    assert bundle is None
    assert [str(problem) for problem in problems] == [
        f"net: [MISSING_DIRECTORY] the bundle has no infrastructure/ (rename {folder}/ to infrastructure/)"
    ]
