from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import ModuleType

import pytest

from reconciler.catalog import (
    bundle,
    checks,
    codebuild,
    fits,
    inputschema,
    load,
    manifest,
    parse,
    registration,
    shape,
    templates,
    violations,
    yamlfile,
)
from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.catalog.registration import DIRECTLY_DEFINED
from reconciler.model.problems import Problem
from reconciler.model.trees import Entry
from tests.support.catalogs import (
    CATALOG,
    COMPONENT_MANIFEST,
    ENVIRONMENT,
    JOB,
    MAIL,
    NET,
    PIPELINE_SCHEMA,
    SETTINGS,
    SHOP,
    WEB,
    component_file,
)
from tests.support.memory import link, memory_tree

MODULES: tuple[ModuleType, ...] = (
    bundle, checks, codebuild, fits, inputschema, load, manifest, parse, registration, shape, templates, violations,
    yamlfile,
)  # fmt: skip

DEV, SHOP_FILE, MAIL_FILE = (
    "environments/dev/environment.yaml",
    "services/shop/service.yaml",
    "services/mail/service.yaml",
)
NET_MANIFEST, NET_SCHEMA = f"{NET}/infrastructure/manifest.yaml", f"{NET}/schema/schema.yaml"
JOB_SCHEMA = f"{JOB}/schema/schema.yaml"
REGISTRATION = f"{WEB}/.template-registration.yaml"

Edit = str | bytes | None | Entry


def problems_of(edits: Mapping[str, Edit]) -> tuple[Problem, ...]:
    """Every problem of the small catalog after edits; None removes a file."""
    files: dict[str, str | bytes | Entry] = {path: text for path, text in CATALOG.items() if path not in edits}
    files |= {path: value for path, value in edits.items() if value is not None}
    catalog = Catalog(memory_tree(files))
    check_everything(catalog)
    return catalog.problems


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def manifest_of(item: str) -> str:
    return f"infrastructure:\n  templates:\n    - {item}\n"


def spec(text: str) -> dict[str, Edit]:
    ours = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: mail}\nspec:\n"
    ours += '  template: job\n  version: "1"\n  specFile: spec.yaml\n'
    return {MAIL_FILE: ours, "services/mail/spec.yaml": text}


TERRAFORM = "rendering_engine: hcl, template_language: terraform"
LONG = "x" * (210 * 1024)


def component(spec: str, name: str = "bucket") -> dict[str, Edit]:
    """A component, and a service template that takes it."""
    return {
        f"components/{name}/component.yaml": component_file(name, spec),
        f"components/{name}/manifest.yaml": COMPONENT_MANIFEST,
        f"components/{name}/main.tf": 'resource "j" "k" {}\n',
        REGISTRATION: "compatible_environments: [net:1]\nsupported_component_sources: [DIRECTLY_DEFINED]\n",
    }


BUCKET = "components/bucket/component.yaml"
ROLE = "arn:aws:iam::111122223333:role/proton"
IN_AWS = changed(ENVIRONMENT, "{repository: infra}", f"{{role: '{ROLE}'}}")
CONNECTED = changed(ENVIRONMENT, "{repository: infra}", "{connection: other}")

# Each row: what is wrong, the code, and the place that is named.
ROWS: list[tuple[str, str, str, dict[str, Edit]]] = [
    ("a key twice", "YAML_DUPLICATE_KEY", f"{DEV}:10:1", {DEV: ENVIRONMENT + "spec: {}\n"}),
    ("not UTF-8", "YAML_ENCODING", f"{DEV}:2:1", {DEV: b"a: 1\nb: \xff\n"}),
    ("no YAML", "YAML_INVALID", f"{DEV}:2:2", {DEV: "a: [1\nb: 2\n"}),
    ("a list as key", "YAML_KEY", f"{DEV}:1:3", {DEV: "? [a]\n: b\n"}),
    ("a merge key", "YAML_MERGE", f"{DEV}:1:1", {DEV: "<<: {a: 1}\n"}),
    ("no number", "YAML_NUMBER", f"{DEV}:9:11", {DEV: changed(ENVIRONMENT, "10.1.0.0/16", ".inf")}),
    ("a tag", "YAML_TAG", f"{DEV}:9:11", {DEV: changed(ENVIRONMENT, "10.1.0.0/16", "!Ref x")}),
    ("too deep", "YAML_TOO_LARGE", f"{DEV}:1:64", {DEV: "a: " + "[" * 100 + "]" * 100}),
    ("a file of another size", "FILE_TOO_LARGE", DEV, {DEV: "#" * (1024 * 1024 + 1)}),
    ("a large settings file", "FILE_TOO_LARGE", "reconciler.yaml", {"reconciler.yaml": "#" * (1024 * 1024 + 1)}),
    ("a large spec file", "FILE_TOO_LARGE", "services/mail/spec.yaml", spec("#" * (1024 * 1024 + 1))),
    ("an empty file", "FILE_EMPTY", DEV, {DEV: ""}),
    ("no mapping", "FILE_EMPTY", f"{DEV}:1:1", {DEV: "[]"}),
    ("a folder without its file", "FILE_MISSING", DEV, {DEV: None, "environments/dev/notes.md": ""}),
    ("a link", "FILE_MISSING", DEV, {DEV: link("environment.yaml")}),
    ("no spec file", "FILE_MISSING", f"{MAIL_FILE}:7:13", {**spec(""), "services/mail/spec.yaml": None}),
    ("a file beside folders", "FILE_MISPLACED", "environments/x.yaml", {"environments/x.yaml": "a: 1"}),
    ("a link for a folder", "FOLDER_REPLACED", "services/shop", {SHOP_FILE: None, "services/shop": link("shop")}),
    ("a misspelt top folder", "FOLDER_UNKNOWN", "servces", {"servces/shop/service.yaml": SHOP}),
    ("another kind", "KIND_WRONG", f"{DEV}:2:7", {DEV: changed(ENVIRONMENT, "kind: Environment", "kind: Service")}),
    ("an unknown key", "KEY_UNKNOWN", f"{DEV}:8:3", {DEV: changed(ENVIRONMENT, "inputs:", "input:")}),
    ("a slip in a spec file", "KEY_UNKNOWN", "services/mail/spec.yaml:2:1", spec("proton: ServiceSpec\npipelne: {}\n")),
    (
        "inputs in a spec file",
        "KEY_UNKNOWN",
        "services/mail/spec.yaml:3:31",
        spec("proton: ServiceSpec\ninstances:\n- {name: a, environment: dev, inputs: {}}\n"),
    ),
    ("a version without a bundle", "BUNDLE_NOT_FOUND", "templates/net/v2", {"templates/net/v2/README.md": ""}),
    ("a link to a template", "FOLDER_REPLACED", "templates/other", {"templates/other": link("other")}),
    ("a link to a version", "FOLDER_REPLACED", "templates/net/v2", {"templates/net/v2": link("v2")}),
    ("a missing key", "KEY_MISSING", f"{DEV}:4:1", {DEV: changed(ENVIRONMENT, '  version: "1"\n', "")}),
    ("a missing kind", "KEY_MISSING", f"{DEV}:1:1", {DEV: changed(ENVIRONMENT, "kind: Environment\n", "")}),
    ("no instances", "KEY_MISSING", f"{MAIL_FILE}:4:1", {MAIL_FILE: MAIL[: MAIL.index("  instances")]}),
    ("a number for text", "VALUE_INVALID", f"{DEV}:6:12", {DEV: changed(ENVIRONMENT, '"1"', "1.10")}),
    ("a Proton spec file for ours", "KIND_WRONG", f"{DEV}:1:1", {DEV: "proton: EnvironmentSpec\nspec: {}\n"}),
    ("no version", "VALUE_INVALID", f"{DEV}:6:12", {DEV: changed(ENVIRONMENT, '"1"', '"v1"')}),
    ("a version with a newline", "VALUE_INVALID", f"{DEV}:6:12", {DEV: changed(ENVIRONMENT, '"1"', '"1\\n"')}),
    ("a huge version", "VALUE_INVALID", f"{DEV}:6:12", {DEV: changed(ENVIRONMENT, '"1"', '"4294967296"')}),
    ("no boolean", "VALUE_INVALID", f"{DEV}:5:13", {DEV: changed(ENVIRONMENT, "template: net", "template: no")}),
    (
        "a name with a newline",
        "VALUE_INVALID",
        f"{MAIL_FILE}:8:13",
        {MAIL_FILE: changed(MAIL, "name: mail-dev", 'name: "mail-dev\\n"')},
    ),
    (
        "an empty list",
        "VALUE_INVALID",
        f"{MAIL_FILE}:7:14",
        {MAIL_FILE: MAIL[: MAIL.index("  instances")] + "  instances: []\n"},
    ),
    ("two ways at once", "KEY_CONFLICT", f"{DEV}:10:3", {DEV: ENVIRONMENT + "  specFile: spec.yaml\n"}),
    ("another name", "NAME_MISMATCH", f"{DEV}:3:18", {DEV: changed(ENVIRONMENT, "name: dev", "name: prod")}),
    (
        "no name",
        "NAME_INVALID",
        "environments/a.b/environment.yaml",
        {"environments/a.b/environment.yaml": changed(ENVIRONMENT, "name: dev", "name: a.b")},
    ),
    ("no name of a template", "NAME_INVALID", "templates/a.b", {"templates/a.b/schema/schema.yaml": ""}),
    (
        "names that differ in case",
        "NAME_TAKEN",
        "environments/dev",
        {"environments/Dev/environment.yaml": changed(ENVIRONMENT, "name: dev", "name: Dev")},
    ),
    (
        "a template twice",
        "NAME_TAKEN",
        "templates/other/NET",
        {"templates/other/NET/schema/schema.yaml": CATALOG[f"{NET}/schema/schema.yaml"]},
    ),
    (
        "an instance twice",
        "NAME_TAKEN",
        f"{SHOP_FILE}:13:13",
        {SHOP_FILE: SHOP + "    - name: Shop-Dev\n      environment: dev\n"},
    ),
    (
        "a shared folder",
        "FOLDER_TAKEN",
        f"{SHOP_FILE}:13:13",
        {
            SHOP_FILE: SHOP + "    - name: b-c\n      environment: dev\n",
            "services/shop-b/service.yaml": SHOP.replace("shop-dev", "c").replace("name: shop", "name: shop-b"),
        },
    ),
    ("no template", "TEMPLATE_MISSING", f"{DEV}:5:13", {DEV: changed(ENVIRONMENT, "template: net", "template: nets")}),
    (
        "no repository",
        "REPOSITORY_MISSING",
        f"{DEV}:7:30",
        {DEV: changed(ENVIRONMENT, "{repository: infra}", "{repository: infrb}")},
    ),
    (
        "no repository for pipelines",
        "REPOSITORY_MISSING",
        f"{SHOP_FILE}:8:5",
        {"reconciler.yaml": changed(SETTINGS, "  pipelines: {repository: infra}\n", "")},
    ),
    (
        "no environment",
        "ENVIRONMENT_MISSING",
        f"{SHOP_FILE}:11:20",
        {SHOP_FILE: changed(SHOP, "environment: dev", "environment: de")},
    ),
    (
        "another environment template",
        "ENVIRONMENT_INCOMPATIBLE",
        f"{SHOP_FILE}:11:20",
        {REGISTRATION: "compatible_environments: [net:2]"},
    ),
    ("no major version", "VERSION_MISSING", f"{DEV}:6:12", {DEV: changed(ENVIRONMENT, '"1"', '"2"')}),
    (
        "a pipeline unsaid",
        "PIPELINE_MISSING",
        f"{SHOP_FILE}:4:1",
        {SHOP_FILE: changed(SHOP, "  pipeline:\n    inputs: {test: make test}\n", "")},
    ),
    (
        "a pipeline too many",
        "PIPELINE_UNEXPECTED",
        f"{MAIL_FILE}:12:3",
        {MAIL_FILE: MAIL + "  pipeline:\n    inputs: {a: b}\n"},
    ),
    (
        "an input of another type",
        "INPUT_INVALID",
        f"{MAIL_FILE}:11:15",
        {MAIL_FILE: changed(MAIL, "port: 25", "port: many")},
    ),
    ("a missing input", "INPUT_MISSING", f"{MAIL_FILE}:10:15", {MAIL_FILE: changed(MAIL, "\n        port: 25", " {}")}),
    ("an unknown input", "INPUT_UNKNOWN", f"{MAIL_FILE}:12:9", {MAIL_FILE: MAIL + "        prot: 1\n"}),
    (
        "an unknown input of Proton",
        "INPUT_UNKNOWN",
        "services/mail/spec.yaml:2:57",
        spec("proton: ServiceSpec\ninstances: [{name: a, environment: dev, spec: {port: 1, prot: 2}}]"),
    ),
    ("another spec", "SPEC_KIND", "services/mail/spec.yaml:1:9", spec("proton: EnvironmentSpec\n")),
    ("a spec without instances", "SPEC_INVALID", "services/mail/spec.yaml:1:1", spec("proton: ServiceSpec\n")),
    (
        "a spec with a nameless one",
        "SPEC_INVALID",
        "services/mail/spec.yaml:2:13",
        spec("proton: ServiceSpec\ninstances: [{name: a}]\n"),
    ),
    (
        "a spec with odd inputs",
        "SPEC_INVALID",
        "services/mail/spec.yaml:2:47",
        spec("proton: ServiceSpec\ninstances: [{name: a, environment: dev, spec: [1]}]\n"),
    ),
    ("a template of no kind", "TEMPLATE_KIND", "templates/x", {"templates/x/schema/schema.yaml": "schema: {}"}),
    ("a link in a bundle", "BUNDLE_LINK", f"{NET}/infrastructure/l.tf", {f"{NET}/infrastructure/l.tf": link("l.tf")}),
    ("a large template", "FILE_TOO_LARGE", f"{NET}/infrastructure/a.tf", {f"{NET}/infrastructure/a.tf": f"#{LONG}"}),
    ("a large bundle", "BUNDLE_TOO_LARGE", NET, {f"{NET}/{number}.bin": "x" * 200 * 1024 for number in range(26)}),
    ("a large schema", "FILE_TOO_LARGE", JOB_SCHEMA, {JOB_SCHEMA: "#" * (51 * 1024)}),
    ("a large manifest", "FILE_TOO_LARGE", NET_MANIFEST, {NET_MANIFEST: "#" * (51 * 1024)}),
    ("no schema", "MISSING_DIRECTORY", JOB_SCHEMA, {JOB_SCHEMA: None}),
    (
        "no infrastructure",
        "MISSING_DIRECTORY",
        NET_SCHEMA,
        {
            **{path: None for path in CATALOG if path.startswith(f"{NET}/infra")},
            NET_SCHEMA: str(CATALOG[NET_SCHEMA]).replace("type: string", "type: number").replace("10.0.0.0/16", "1"),
        },
    ),
    (
        "no pipeline folder",
        "MISSING_DIRECTORY",
        WEB,
        {path: None for path in CATALOG if path.startswith(f"{WEB}/pipe")},
    ),
    (
        "a pipeline folder too many",
        "UNEXPECTED_DIRECTORY",
        f"{JOB}/pipeline_infrastructure",
        {
            f"{JOB}/pipeline_infrastructure/manifest.yaml": CATALOG[NET_MANIFEST],
            f"{JOB}/pipeline_infrastructure/a.tf": "",
        },
    ),
    (
        "too many files",
        "TOO_MANY_FILES",
        f"{NET}/infrastructure",
        {f"{NET}/infrastructure/{number}.tf": "" for number in range(11)},
    ),
    (
        "our own variable",
        "VARIABLE_CLASH",
        f"{NET}/infrastructure/main.tf:3:1",
        {f"{NET}/infrastructure/main.tf": '# ours\n\n  variable "environment" {\n  }\n'},
    ),
    ("no manifest", "MANIFEST_INVALID", f"{NET}/infrastructure", {NET_MANIFEST: None}),
    ("an empty manifest", "MANIFEST_INVALID", f"{NET_MANIFEST}:1:17", {NET_MANIFEST: "infrastructure: {}"}),
    (
        "an unknown manifest key",
        "MANIFEST_INVALID",
        f"{NET_MANIFEST}:2:1",
        {NET_MANIFEST: f"{CATALOG[NET_MANIFEST]}extra: 1\n"},
    ),
    (
        "the key engine",
        "MANIFEST_INVALID",
        f"{NET_MANIFEST}:3:22",
        {NET_MANIFEST: manifest_of('{file: "*.tf", engine: hcl}')},
    ),
    (
        "an unknown key of an item",
        "MANIFEST_INVALID",
        f"{NET_MANIFEST}:3:7",
        {NET_MANIFEST: manifest_of(f'fil: "*", {TERRAFORM}'.replace(", ", "\n      "))},
    ),
    ("no item", "MANIFEST_INVALID", f"{NET_MANIFEST}:3:7", {NET_MANIFEST: manifest_of("main.tf")}),
    (
        "a file of another kind",
        "MANIFEST_INVALID",
        f"{NET_MANIFEST}:3:14",
        {NET_MANIFEST: manifest_of(f"{{file: a.txt, {TERRAFORM}}}")},
    ),
    (
        "a file elsewhere",
        "MANIFEST_FILE_OUTSIDE",
        f"{NET_MANIFEST}:3:14",
        {NET_MANIFEST: manifest_of(f"{{file: ../a.tf, {TERRAFORM}}}")},
    ),
    (
        "a file that is not there",
        "MANIFEST_FILE_MISSING",
        f"{NET_MANIFEST}:3:14",
        {NET_MANIFEST: manifest_of(f"{{file: a.tf, {TERRAFORM}}}")},
    ),
    (
        "a bundle here and elsewhere",
        "KEY_CONFLICT",
        "templates/net/template.yaml:4:8",
        {
            "templates/net/template.yaml": "apiVersion: reconciler/v1\nkind: EnvironmentTemplate\n"
            "metadata: {name: net}\nspec: {sync: {repository: infra}}\n"
        },
    ),
    ("no file at all", "MANIFEST_FILE_MISSING", f"{NET_MANIFEST}:1:37", {f"{NET}/infrastructure/main.tf": None}),
    (
        "another engine",
        "UNSUPPORTED_ENGINE",
        f"{NET_MANIFEST}:3:43",
        {NET_MANIFEST: manifest_of('{file: "main.tf", rendering_engine: jinja, template_language: terraform}')},
    ),
    (
        "two engines",
        "MANIFEST_INVALID",
        f"{NET_MANIFEST}:4:46",
        {
            NET_MANIFEST: manifest_of(f"{{file: main.tf, {TERRAFORM}}}")
            + '    - {file: "stack.yaml", rendering_engine: jinja, template_language: cloudformation}\n'
        },
    ),
    (
        "nothing that destroys",
        "MANIFEST_TOLERATED",
        f"{NET_MANIFEST}:3:47",
        {
            NET_MANIFEST: manifest_of(
                "{rendering_engine: codebuild, settings: {image: i, runtimes: {go: 1.20}, provision: [make]}}"
            )
        },
    ),
    ("no registration file", "COMPAT_ENV_MISSING", WEB, {REGISTRATION: None}),
    (
        "no environment listed",
        "COMPAT_ENV_MISSING",
        f"{REGISTRATION}:1:1",
        {REGISTRATION: "compatible_environments: []"},
    ),
    ("an empty older file", "COMPAT_ENV_MISSING", f"{JOB}/.compatible-envs:1:1", {f"{JOB}/.compatible-envs": "\n\n"}),
    (
        "a line of another form",
        "REGISTRATION_INVALID",
        f"{JOB}/.compatible-envs:3:1",
        {f"{JOB}/.compatible-envs": "net:1\n\nnet\n"},
    ),
    (
        "an item of another form",
        "REGISTRATION_INVALID",
        f"{REGISTRATION}:1:35",
        {REGISTRATION: "compatible_environments: [net:1 , net]"},
    ),
    (
        "an unknown registration key",
        "REGISTRATION_INVALID",
        f"{REGISTRATION}:2:1",
        {REGISTRATION: "compatible_environments: [net:1]\nx: 1"},
    ),
    (
        "the older key",
        "REGISTRATION_TOLERATED",
        f"{REGISTRATION}:1:1",
        {REGISTRATION: "compatible_environment: [net:1]"},
    ),
    (
        "an odd schema",
        "SCHEMA_INVALID",
        f"{WEB}/schema/schema.yaml:3:23",
        {f"{WEB}/schema/schema.yaml": changed(PIPELINE_SCHEMA, "service_input_type: In", "service_input_type: Inn")},
    ),
    (
        "an unknown component source",
        "REGISTRATION_INVALID",
        f"{REGISTRATION}:1:66",
        {REGISTRATION: "{compatible_environments: [net:1], supported_component_sources: [X]}"},
    ),
    (
        "a schema that nobody reads",
        "SCHEMA_UNUSED",
        f"{NET}/infrastructure",
        {f"{NET}/infrastructure/main.tf": "locals {}\n"},
    ),
    ("a component nowhere", "KEY_MISSING", f"{BUCKET}:4:1", component("{}")),
    ("a component twice", "KEY_CONFLICT", f"{BUCKET}:4:33", component("{attachTo: shop/shop-dev, environment: dev}")),
    ("a component of no form", "VALUE_INVALID", f"{BUCKET}:4:18", component("{attachTo: shop}")),
    ("a component's environment", "ENVIRONMENT_MISSING", f"{BUCKET}:4:21", component("{environment: dew}")),
    ("a component's service", "SERVICE_MISSING", f"{BUCKET}:4:18", component("{attachTo: shpo/shop-dev}")),
    ("a component's instance", "INSTANCE_MISSING", f"{BUCKET}:4:18", component("{attachTo: shop/shop-prod}")),
    (
        "two components of an instance",
        "INSTANCE_TAKEN",
        "components/vault/component.yaml:4:18",
        {**component("{attachTo: shop/shop-dev}"), **component("{attachTo: shop/shop-dev}", "vault")},
    ),
    (
        "a component of a template that takes none",
        "COMPONENT_UNSUPPORTED",
        f"{BUCKET}:4:18",
        {**component("{attachTo: shop/shop-dev}"), REGISTRATION: "compatible_environments: [net:1]"},
    ),
    (
        "two ways to provision",
        "KEY_CONFLICT",
        f"{DEV}:7:37",
        {DEV: changed(IN_AWS, "{role", "{repository: infra, role")},
    ),
    ("Terraform in AWS", "PROVISIONING_MISMATCH", f"{DEV}:7:3", {DEV: IN_AWS}),
    (
        "Terraform in nothing",
        "PROVISIONING_MISMATCH",
        f"{DEV}:5:3",
        {DEV: changed(ENVIRONMENT, "  provisioning: {repository: infra}\n", "")},
    ),
    (
        "Terraform in an environment of others that is in AWS",
        "PROVISIONING_MISMATCH",
        f"{SHOP_FILE}:11:20",
        {DEV: IN_AWS, **{path: None for path in CATALOG if path.startswith(f"{NET}/infra")}},
    ),
    ("no connection", "CONNECTION_MISSING", f"{DEV}:7:30", {DEV: CONNECTED}),
    (
        "a connection of another environment",
        "CONNECTION_MISSING",
        f"{DEV}:7:30",
        {
            DEV: CONNECTED,
            "connections/other.yaml": "apiVersion: reconciler/v1\nkind: EnvironmentAccountConnection\n"
            "metadata: {name: other}\nspec: {environment: prod, account: '111122223333'}\n",
        },
    ),
    (
        "a tolerated schema",
        "SCHEMA_TOLERATED",
        f"{WEB}/schema/schema.yaml:9:40",
        {f"{WEB}/schema/schema.yaml": changed(PIPELINE_SCHEMA, "default: 80", "default: x")},
    ),
]


def test_the_small_catalog_has_no_problem() -> None:
    assert problems_of({}) == ()


@pytest.mark.parametrize(("code", "place", "edits"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_each_problem_names_its_place_and_a_way_out(code: str, place: str, edits: dict[str, Edit]) -> None:
    found = [problem for problem in problems_of(edits) if problem.code == code]
    assert place in [str(problem.position) for problem in found], "\n".join(map(str, problems_of(edits)))
    assert all(problem.hint and not problem.hint.endswith(".") for problem in found)
    assert all("\n" not in str(problem) for problem in found)


def test_every_code_that_the_catalog_knows_is_tried_above() -> None:
    source = "".join(inspect.getsource(module) for module in MODULES)
    # What is on record is tried where there are records: tests/scenarios/test_specs.py.
    elsewhere = {"INPUT_NOT_RECORDED", DIRECTLY_DEFINED}
    assert set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source)) - elsewhere == {row[1] for row in ROWS}


def test_problems_are_said_all_at_once_in_file_order() -> None:
    found = problems_of({DEV: changed(ENVIRONMENT, "inputs:", "input:"), MAIL_FILE: changed(MAIL, "port: 25", "p: 1")})
    assert [str(problem.position) for problem in found] == [f"{DEV}:8:3", f"{MAIL_FILE}:11:9", f"{MAIL_FILE}:11:9"]


@pytest.mark.parametrize("name", ["servces", "Services", "service"])
def test_a_top_folder_under_another_name_is_an_error_before_anything_is_looked_up(name: str) -> None:
    files = {path.replace("services/", f"{name}/"): text for path, text in CATALOG.items()}
    found = [problem for problem in Catalog(memory_tree(files)).problems if problem.code == "FOLDER_UNKNOWN"]
    assert [(str(problem.position), problem.is_error) for problem in found] == [(name, True)]
    assert "did you mean services/?" in found[0].hint


def test_a_folder_of_almost_the_same_name_beside_the_right_one_is_a_warning() -> None:
    assert [str(problem) for problem in problems_of({"servces/a": ""})] == [
        "servces: warning: [FOLDER_UNKNOWN] nothing looks into the folder servces/"
        " (did you mean services/? Rename it, or give it a name of another kind)"
    ]


def test_a_top_folder_that_is_a_link_is_an_error() -> None:
    found = problems_of(
        {**{path: None for path in CATALOG if path.startswith("services/")}, "services": link("services")}
    )
    assert [str(problem.position) for problem in found if problem.code == "FOLDER_REPLACED"] == ["services"]


def hint_of(code: str, edits: dict[str, Edit]) -> str:
    (hint,) = {problem.hint for problem in problems_of(edits) if problem.code == code}
    return hint


def test_a_number_is_shown_as_it_was_written() -> None:
    assert hint_of("VALUE_INVALID", {DEV: changed(ENVIRONMENT, '"1"', "1.10")}) == 'put it in quotes: "1.10"'


def test_hints_name_what_was_meant() -> None:
    assert hint_of("FILE_MISSING", {DEV: None, "environments/dev/environment.yml": ENVIRONMENT}) == (
        "rename environment.yml to environment.yaml"
    )
    assert hint_of("ENVIRONMENT_MISSING", {DEV: None}) == "write environments/dev/environment.yaml"
    assert hint_of("REGISTRATION_INVALID", {REGISTRATION: "compatible_environments: net:1"}) == (
        "write it as a list: compatible_environments: [net:1]"
    )
    twice = changed(ENVIRONMENT, "  template: net\n", "  template: net\n  templat: net\n")
    assert hint_of("KEY_UNKNOWN", {DEV: twice}) == 'did you mean "template", which is there already? Keep one'


def test_an_environment_of_no_template_is_said_once() -> None:
    found = problems_of({DEV: changed(ENVIRONMENT, "template: net", "template: nett")})
    assert [problem.code for problem in found] == ["TEMPLATE_MISSING"]


def test_a_schema_of_blank_lines_is_found_out_at_once() -> None:
    assert "FILE_TOO_LARGE" in {problem.code for problem in problems_of({JOB_SCHEMA: "\n" * 4_000_000})}
