from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.catalog.codebuild import CodeBuildSettings
from reconciler.catalog.manifest import Manifest, read_manifest
from reconciler.catalog.quotas import DEFAULT, UNLIMITED, Quotas
from reconciler.model.engines import Engine
from reconciler.model.problems import Severity
from reconciler.model.trees import Entry
from tests.support.memory import link, memory_tree

TERRAFORM = "rendering_engine: hcl, template_language: terraform"
CLOUDFORMATION = "rendering_engine: jinja, template_language: cloudformation"
SETTINGS = "settings: {image: i, runtimes: {go: 1.20}, provision: [a], deprovision: [b]}"
CODEBUILD = f"rendering_engine: codebuild, {SETTINGS}"
PROTON_SAMPLE = """\
infrastructure:
  templates:
    - rendering_engine: codebuild
      settings:
        image: aws/codebuild/amazonlinux2-x86_64-standard:5.0
        runtimes:
          python: 1.20
          java: corretto17
        env:
          variables:
            TF_VERSION: 1.50
            DEBUG: yes
            DATE: 2024-01-01
            EMPTY: ""
            OCTAL: 010
          secrets_manager:
            TOKEN: "team/token:Secret"
        provision:
          - cd src
          - |
            make all
            make test
          - ./run "{{ environment.name }}"
        deprovision:
          - make clean
        project_properties:
          TimeoutInMinutes: 30
          VpcConfig:
            Subnets: "{{ environment.inputs.subnets }}"
"""


def templates(*items: str) -> str:
    return "infrastructure:\n  templates:\n" + "".join(f"    - {{{item}}}\n" for item in items)


def read(
    manifest: str | bytes,
    files: Mapping[str, str | bytes | Entry] | None = None,
    quotas: Quotas = DEFAULT,
    *,
    component: bool = False,
) -> tuple[Manifest | None, list[str]]:
    """The manifest of a folder, and its problems as text."""
    found, problems = read_manifest(
        memory_tree({"manifest.yaml": manifest, **(files or {})}), "p/infrastructure", quotas, component=component
    )
    assert all(problem.hint for problem in problems)
    return found, [str(problem).removeprefix("p/infrastructure/manifest.yaml:") for problem in problems]


def test_a_wildcard_takes_the_terraform_files_of_the_folder_itself() -> None:
    files = {"b.tf": "", "a.tf": "", "README.md": "", "values.yaml": "", "sub/c.tf": "", "d.tf": link("a.tf")}
    expected = Manifest(Engine.TERRAFORM, ("a.tf", "b.tf"))
    assert read(templates(f'file: "*", {TERRAFORM}'), files) == (expected, [])
    assert read(templates(f'file: "*.tf", {TERRAFORM}'), files) == (expected, [])


def test_terraform_files_may_be_listed_one_by_one_and_twice() -> None:
    items = [f"file: b.tf, {TERRAFORM}", f"file: a.tf, {TERRAFORM}", f"file: b.tf, {TERRAFORM}"]
    assert read(templates(*items), {"a.tf": "", "b.tf": "", "c.tf": ""}) == (
        Manifest(Engine.TERRAFORM, ("a.tf", "b.tf")),
        [],
    )


@pytest.mark.parametrize("name", ["cloudformation.yaml", "stack.yml", "s.json", "s.template", "service stack"])
def test_cloudformation_has_one_file_of_any_name(name: str) -> None:
    found = read(templates(f'file: "{name}", {CLOUDFORMATION}'), {name: "", "README.md": ""})
    assert found == (Manifest(Engine.CLOUDFORMATION, (name,)), [])


def test_a_second_cloudformation_file_is_refused() -> None:
    items = f"file: a.yaml, {CLOUDFORMATION}", f"file: b.yaml, {CLOUDFORMATION}"
    found, problems = read(templates(*items), {"a.yaml": "", "b.yaml": ""})
    assert found is not None, "what was registered under other rules stays renderable"
    assert problems == [
        "4:7: [MANIFEST_INVALID] the manifest lists a second file for CloudFormation (merge them into one)"
    ]


def test_a_wildcard_for_cloudformation_names_the_file_that_is_meant() -> None:
    assert read(templates(f'file: "*", {CLOUDFORMATION}'), {"stack.yaml": ""})[1] == [
        '3:14: [MANIFEST_INVALID] file: "*" is for Terraform; CloudFormation has one file (write file: "stack.yaml")'
    ]


def test_codebuild_takes_every_file_but_the_manifest_and_samples_of_the_inputs() -> None:
    files = {
        "proton-inputs.json": "{}", "proton-inputs.tfvars": "", "bin/app.ts": "", "sub/manifest.yaml": "",
        "sub/proton-inputs.json": "", "run.sh": "", "l": link("run.sh"), ".npmrc": "",
    }  # fmt: skip
    found, problems = read(templates(CODEBUILD), files)
    assert problems == []
    assert found is not None
    assert found.engine is Engine.CODEBUILD
    assert found.files == (".npmrc", "bin/app.ts", "run.sh", "sub/manifest.yaml", "sub/proton-inputs.json")


def test_codebuild_settings_are_texts_as_written() -> None:
    found, problems = read(PROTON_SAMPLE)
    assert problems == []
    assert found is not None
    assert found.codebuild == CodeBuildSettings(
        image="aws/codebuild/amazonlinux2-x86_64-standard:5.0",
        runtimes={"python": "1.20", "java": "corretto17"},
        env={
            "variables": {"TF_VERSION": "1.50", "DEBUG": "yes", "DATE": "2024-01-01", "EMPTY": "", "OCTAL": "010"},
            "secrets_manager": {"TOKEN": "team/token:Secret"},
        },
        provision=("cd src", "make all\nmake test\n", './run "{{ environment.name }}"'),
        deprovision=("make clean",),
        project_properties={"TimeoutInMinutes": 30, "VpcConfig": {"Subnets": "{{ environment.inputs.subnets }}"}},
        input_type="JSON",
    )


def test_variables_may_be_spelt_as_in_a_buildspec() -> None:
    settings = SETTINGS[:-1] + ", env: {secrets-manager: {A: a}, secrets_manager: {B: b}}}"
    found, problems = read(templates(f"rendering_engine: codebuild, {settings}"))
    assert problems == []
    assert found is not None
    assert found.codebuild is not None
    assert found.codebuild.env == {"secrets_manager": {"A": "a", "B": "b"}}


@pytest.mark.parametrize(
    "item",
    [
        f"{CODEBUILD}, input_type: HCL",
        f"rendering_engine: codebuild, {SETTINGS[:-1]}, input_type: HCL}}",
        f"rendering_engine: codebuild, {SETTINGS[:-1]}, input_type: HCL}}, input_type: HCL",
    ],
)
def test_the_input_type_stands_beside_the_settings_or_inside(item: str) -> None:
    found, problems = read(templates(item))
    assert problems == []
    assert found is not None
    assert found.codebuild is not None
    assert found.codebuild.input_type == "HCL"


def test_what_proton_took_and_we_would_not_is_a_warning() -> None:
    _, problems = read_manifest(
        memory_tree(
            {"manifest.yaml": templates("rendering_engine: codebuild, settings: {image: i, provision: [make]}")}
        ),
        "p",
    )
    assert [(problem.code, problem.severity) for problem in problems] == [("MANIFEST_TOLERATED", Severity.WARNING)] * 2
    assert "deprovision" in problems[0].message
    assert "runtimes" in problems[1].message


def test_two_engines_in_one_manifest_are_refused_by_name() -> None:
    found, problems = read(
        templates(f"file: a.tf, {TERRAFORM}", f"file: s.yaml, {CLOUDFORMATION}"), {"a.tf": "", "s.yaml": ""}
    )
    assert found is None
    assert problems == [
        "4:40: [MANIFEST_INVALID] the manifest lists two engines, terraform and cloudformation"
        " (keep the templates of one of them here, and make a template bundle of its own for the other)"
    ]


INVALID, UNSUPPORTED = "[MANIFEST_INVALID]", "[UNSUPPORTED_ENGINE]"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("file: a.tf, engine: hcl", f'3:20: {INVALID} the key "engine" is not used (rename the key'),
        ("file: a.tf, rendering_engine: hcl", f"3:38: {UNSUPPORTED} rendering_engine: hcl is no known engine (write t"),
        (
            "file: a.tf, template_language: terraform",
            f"3:7: {UNSUPPORTED} template_language: terraform is no known engine (write rendering_engine: hcl with",
        ),
        (
            "file: a.tf, rendering_engine: jinja, template_language: terraform",
            f"3:38: {UNSUPPORTED} rendering_engine: jinja with template_language: terraform is no known engine",
        ),
        ("file: a.tf", f"3:7: {UNSUPPORTED} the template names no engine (write rendering_engine: hcl with"),
        ("rendering_engine: [hcl], file: a.tf", f"3:26: {UNSUPPORTED} rendering_engine: ['hcl'] is no known engine"),
        (
            f"{CODEBUILD}, template_language: terraform",
            f"3:26: {UNSUPPORTED} rendering_engine: codebuild with template_language: terraform is no known engine"
            " (write no template_language with rendering_engine: codebuild)",
        ),
        (
            f"{CODEBUILD}, file: a.tf",
            f"3:121: {INVALID} CodeBuild has no list of files (remove it: every file of this folder travels)",
        ),
        (f"fle: a.tf, {TERRAFORM}", f'3:8: {INVALID} unknown key "fle" in a template of the manifest (did you mean'),
        (f"file: a.tf, {TERRAFORM}, settings: {{}}", f'{INVALID} unknown key "settings" in a template'),
        ("rendering_engine: codebuild", f"{INVALID} rendering_engine: codebuild needs settings (add settings:"),
        ("rendering_engine: codebuild, settings: [a]", f"{INVALID} rendering_engine: codebuild needs settings"),
    ],
)
def test_each_pair_that_does_not_exist_says_what_to_write(item: str, said: str) -> None:
    problems = read(templates(item), {"a.tf": ""})[1]
    assert [problem for problem in problems if said in problem], problems


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("image: [i]", "image is no text (name a container image"),
        ("image: ''", "settings name no image"),
        ("imge: i", 'unknown key "imge" in settings (did you mean "image"?)'),
        ("image: i, provision: make", "provision is no list (write each command as an item"),
        ("image: i, provision: [{echo: a}]", "command 1 of provision is no text (put the command in quotes"),
        ("image: i, provision: [a, 1]", "command 2 of provision is no text"),
        ("image: i, provision: []", "settings have no provision commands"),
        ("image: i, provision: [a], runtimes: [go]", "runtimes is no mapping"),
        ("image: i, provision: [a], runtimes: {go: [1]}", "runtimes.go is no text"),
        ("image: i, provision: [a], runtimes: {go: }", "runtimes.go is no text"),
        ("image: i, provision: [a], env: {variables: [a]}", "env.variables is no mapping"),
        ("image: i, provision: [a], env: {variables: {A: {b: c}}}", "env.variables.A is no text"),
        ("image: i, provision: [a], env: {variable: {A: a}}", 'unknown key "variable" in env (did you mean "variables'),
        ("image: i, provision: [a], project_properties: [a]", "project_properties is no mapping"),
        ("image: i, provision: [a], input_type: YAML", "input_type is YAML (write input_type: JSON or"),
        ("image: i, provision: [a], input_type: {a: b}", "input_type is no text"),
    ],
)
def test_each_setting_that_is_wrong_says_so(settings: str, said: str) -> None:
    problems = read(templates(f"rendering_engine: codebuild, settings: {{{settings}}}"))[1]
    assert [problem for problem in problems if f"{INVALID} {said}" in problem], problems


def test_two_input_types_that_differ_are_refused() -> None:
    item = f"rendering_engine: codebuild, {SETTINGS[:-1]}, input_type: HCL}}, input_type: JSON"
    assert "input_type is HCL here and JSON beside settings (keep one of them)" in read(templates(item))[1][0]


@pytest.mark.parametrize("name", ["../a.tf", "sub/a.tf", "/a.tf", "..", ".", "sub\\\\a.tf"])
@pytest.mark.parametrize("engine", [TERRAFORM, CLOUDFORMATION])
def test_no_file_outside_the_folder_travels(name: str, engine: str) -> None:
    found, problems = read(templates(f'file: "{name}", {engine}'), {"a.tf": "", "sub/a.tf": ""})
    assert found is not None
    assert found.files == ()
    assert ["MANIFEST_FILE_OUTSIDE" in problem for problem in problems] == [True]


@pytest.mark.parametrize(
    ("name", "engine", "said"),
    [
        ("a.tf", TERRAFORM, '[MANIFEST_FILE_MISSING] the manifest names "a.tf", which is no template in its folder'),
        ("minn.tf", TERRAFORM, 'did you mean "main.tf"?'),
        ("stak.yaml", CLOUDFORMATION, 'did you mean "stack.yaml"?'),
        ("manifest.yaml", CLOUDFORMATION, "[MANIFEST_FILE_MISSING]"),
        ("l.tf", TERRAFORM, "[MANIFEST_FILE_MISSING]"),
        ("main.tf.json", TERRAFORM, '[MANIFEST_INVALID] "main.tf.json" is not a .tf file'),
        ("", TERRAFORM, "[MANIFEST_INVALID] file names no file"),
    ],
)
def test_a_listed_file_must_be_a_template_in_the_folder(name: str, engine: str, said: str) -> None:
    files = {"main.tf": "", "stack.yaml": "", "l.tf": link("main.tf"), "main.tf.json": ""}
    found, problems = read(templates(f'file: "{name}", {engine}'), files)
    assert found is not None
    assert found.files == ()
    assert len(problems) == 1
    assert said in problems[0]


def test_every_item_is_judged_at_once() -> None:
    items = f"fil: a.tf, {TERRAFORM}", "file: a.tf, engine: hcl", f"file: b.tf, {TERRAFORM}", f"file: c.tf, {TERRAFORM}"
    found, problems = read(templates(*items), {"c.tf": ""})
    assert found == Manifest(Engine.TERRAFORM, ("c.tf",))
    assert sorted(problem.split(":")[0] for problem in problems) == ["3", "3", "4", "5"]


def test_a_component_has_one_file_and_its_own_file_never_counts() -> None:
    one = {"component.yaml": "", "bucket.tf": ""}
    wildcard = templates(f'file: "*", {TERRAFORM}')
    assert read(wildcard, one, component=True) == (Manifest(Engine.TERRAFORM, ("bucket.tf",)), [])
    stack = read(templates(f"file: s.yaml, {CLOUDFORMATION}"), {**one, "s.yaml": ""}, component=True)
    assert stack == (Manifest(Engine.CLOUDFORMATION, ("s.yaml",)), [])
    (problem,) = read(wildcard, {**one, "queue.tf": ""}, component=True)[1]
    assert "a component has one file; its manifest lists bucket.tf, queue.tf (merge them into one)" in problem
    (problem,) = read(templates(f"file: component.yaml, {CLOUDFORMATION}"), one, component=True)[1]
    assert 'the manifest names "component.yaml", which is no template in its folder' in problem
    (problem,) = read(templates(f'file: "*", {CLOUDFORMATION}'), {"component.yaml": "", "s.yaml": ""}, component=True)[
        1
    ]
    assert 'write file: "s.yaml"' in problem


def test_a_component_is_never_provisioned_by_codebuild() -> None:
    found, problems = read(templates(CODEBUILD), component=True)
    assert found is None
    assert problems == [
        "3:26: [UNSUPPORTED_ENGINE] a component cannot be provisioned by CodeBuild"
        " (write the component in Terraform or CloudFormation)"
    ]


def test_the_manifest_of_a_component_is_short_in_characters_that_of_a_bundle_in_bytes() -> None:
    text = templates(f"file: a.tf, {TERRAFORM}")
    full = text + "#" + "ä" * (1023 - len(text))
    assert read(full, {"a.tf": ""}, component=True)[1] == []
    (problem,) = read(full + "ä", {"a.tf": ""}, component=True)[1]
    assert "[FILE_TOO_LARGE] the manifest has 1025 characters; the limit is 1024" in problem
    large = text + "#" + "x" * (50 * 1024)
    (problem,) = read(large, {"a.tf": ""})[1]
    assert f"[FILE_TOO_LARGE] the manifest has {len(large)} bytes; the limit is 51200" in problem
    assert read(large, {"a.tf": ""}, UNLIMITED)[1] == []


@pytest.mark.parametrize("manifest", ["", "[]", "infrastructure:\n", "infrastructure: {templates: x}\n", "a: [\n"])
def test_a_manifest_of_another_shape_renders_nothing(manifest: str) -> None:
    found, problems = read(manifest)
    assert found is None
    assert problems
