"""Whatever is wrong, one message says what, where, and the way out; nothing is half-done."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Said, Workshop

MAILER = "service/mailer/service-instance/mailer-dev"
ENVIRONMENT = "environments/dev/environment.yaml"
SERVICE = "services/mailer/service.yaml"
WORKER = "templates/service/worker/v1"
MANIFEST = f"{WORKER}/instance_infrastructure/manifest.yaml"
SCHEMA = f"{WORKER}/schema/schema.yaml"

Change = Callable[["Workshop"], object]

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def _another(name: str, *instances: tuple[str, str]) -> str:
    lines = [f"    - {{name: {item}, environment: {home}, inputs: {{queue: q}}}}\n" for item, home in instances]
    return (
        f"apiVersion: reconciler/v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        f'spec:\n  template: worker\n  version: "1"\n  instances:\n{"".join(lines)}'
    )


def _sharing(workshop: Workshop) -> None:
    workshop.write("services/a-b/service.yaml", _another("a-b", ("c", "dev")))
    workshop.write("services/a/service.yaml", _another("a", ("b-c", "dev")))


def _differing_in_case(workshop: Workshop) -> None:
    shutil.copytree(workshop.catalog / "environments/dev", workshop.catalog / "environments/Dev")
    workshop.edit("environments/Dev/environment.yaml", "name: dev", "name: Dev")


def _unfinished(workshop: Workshop) -> None:
    workshop.write("services/mailer/notes.md", "to be removed\n")
    workshop.remove(SERVICE)


def _huge(path: str) -> Change:
    def change(workshop: Workshop) -> None:
        with (workshop.catalog / path).open("ab") as file:
            file.truncate(100_000_000)

    return change


def _second_kind_of_environment(workshop: Workshop) -> None:
    shutil.copytree(workshop.catalog / "templates/environment/network", workshop.catalog / "templates/environment/mesh")
    shutil.copytree(workshop.catalog / "environments/dev", workshop.catalog / "environments/lab")
    workshop.edit("environments/lab/environment.yaml", "name: dev", "name: lab")
    workshop.edit("environments/lab/environment.yaml", "template: network", "template: mesh")
    workshop.edit(SERVICE, "instances:\n", "instances:\n    - {name: m, environment: lab, inputs: {queue: q}}\n")


def _elsewhere(workshop: Workshop) -> None:
    (workshop.catalog / "services/mailer").rename(workshop.root / "mailer")
    (workshop.catalog / "services/mailer").symlink_to(workshop.root / "mailer")


CATALOGS: dict[str, tuple[Change, str, str, str]] = {
    # name: what somebody does, the place that is named, what is said, the way out
    "broken YAML": (lambda w: w.write(ENVIRONMENT, "metadata: [\n"), f"{ENVIRONMENT}:2:1", "YAML", "("),
    "an alias bomb": (lambda w: w.write(ENVIRONMENT, BOMB), f"{ENVIRONMENT}:", "alias", "("),
    "a file of 100 MB": (_huge(SERVICE), SERVICE, "the limit is", "("),
    "no YAML at all": (lambda w: (w.catalog / SERVICE).write_bytes(b"\x00\xff\xfe"), SERVICE, "YAML", "("),
    "an empty file": (lambda w: w.write(SERVICE, ""), SERVICE, "kind", "("),
    "a misspelt key": (lambda w: w.edit(SERVICE, "template:", "tempalte:"), f"{SERVICE}:7:3", "tempalte", '"template"'),
    "a value of the wrong type": (lambda w: w.edit(SERVICE, 'version: "1"', "version: 1"), f"{SERVICE}:8:", '"1"', "("),
    "a name that climbs": (lambda w: w.edit(SERVICE, "name: mailer-dev", "name: ../x"), f"{SERVICE}:10:", "../x", "("),
    "a name with a slash": (lambda w: w.edit(SERVICE, "name: mailer-dev", "name: a/b"), f"{SERVICE}:10:", "a/b", "("),
    "another name than the folder's": (lambda w: w.edit(SERVICE, "name: mailer", "name: post"), SERVICE, "post", "("),
    "two that share a folder": (
        _sharing,
        "services/a-b/service.yaml:8:",
        "would share the folder dev/a-b-c/",
        "rename",
    ),
    "two that differ in case": (_differing_in_case, "environments/dev", "upper and lower case", "rename"),
    "an unknown environment": (
        lambda w: w.edit(SERVICE, "environment: dev", "environment: devv"),
        f"{SERVICE}:11:",
        'no environment "devv"',
        '"dev"',
    ),
    "an unknown template": (
        lambda w: w.edit(SERVICE, "template: worker", "template: wroker"),
        f"{SERVICE}:7:",
        'no service template "wroker"',
        '"worker"',
    ),
    "an unknown repository": (
        lambda w: w.edit(ENVIRONMENT, "repository: infrastructure", "repository: infra"),
        f"{ENVIRONMENT}:10:",
        '"infra"',
        "(",
    ),
    "an unfinished removal": (_unfinished, SERVICE, "missing", "write its file"),
    "a folder that is a link": (_elsewhere, "services/mailer", "this is a link, not a folder", "put the folder"),
    "a top folder under another name": (
        lambda w: (w.catalog / "services").rename(w.catalog / "servces"),
        "servces",
        "nothing looks into",
        "did you mean services/?",
    ),
    "settings that are broken": (lambda w: w.write("reconciler.yaml", "kind: [\n"), "reconciler.yaml:2:1", "YAML", "("),
}
# What only the schemas of templates can tell: an apply goes on without those that do not fit.
UNFIT: dict[str, tuple[Change, str, str, str]] = {
    "an unknown input": (
        lambda w: w.edit(SERVICE, "queue: mail", "queue: mail\n        concurency: 2"),
        f"{SERVICE}:14:9",
        "concurency",
        "concurrency",
    ),
    "an input that is out of range": (
        lambda w: w.edit(SERVICE, "queue: mail", "queue: mail\n        concurrency: 0"),
        f"{SERVICE}:14:",
        "concurrency",
        "",
    ),
    "an input that is missing": (lambda w: w.edit(SERVICE, "queue: mail", "{}"), f"{SERVICE}:", "queue", ""),
    "an environment that does not fit": (
        _second_kind_of_environment,
        f"{SERVICE}:10:",
        "mesh:1",
        "registration file",
    ),
}
BUNDLES: dict[str, tuple[Change, str, str]] = {
    "a schema that is none": (lambda w: w.write(SCHEMA, "schema: 5\n"), f"{SCHEMA}:1:", "schema"),
    "a schema with a broken pattern": (
        lambda w: w.edit(SCHEMA, "description: The name of the queue", "pattern: '('"),
        f"{SCHEMA}:13:",
        "pattern",
    ),
    "a manifest that is broken": (lambda w: w.write(MANIFEST, "a: [\n"), f"{MANIFEST}:2:1", "YAML"),
    "a manifest that names a missing file": (
        lambda w: w.edit(MANIFEST, '"*"', "nope.tf"),
        f"{MANIFEST}:3:",
        "nope.tf",
    ),
    "a manifest that climbs out of its folder": (
        lambda w: w.edit(MANIFEST, '"*"', "../../schema/schema.yaml"),
        f"{MANIFEST}:3:",
        "../../schema/schema.yaml",
    ),
    "a link": (
        lambda w: (w.catalog / f"{WORKER}/instance_infrastructure/secrets.tf").symlink_to("/etc/passwd"),
        f"{WORKER}/instance_infrastructure/secrets.tf",
        "link",
    ),
    "HCL that cannot be read": (
        lambda w: w.edit(f"{WORKER}/instance_infrastructure/main.tf", "input = {\n    name ", "input = {{\n    name "),
        f"{WORKER}/instance_infrastructure/main.tf:5:1",
        "TEMPLATE_SYNTAX",
    ),
    "a byte order mark": (
        lambda w: w.edit(f"{WORKER}/instance_infrastructure/main.tf", "resource ", "\ufeffresource "),
        f"{WORKER}/instance_infrastructure/main.tf:1:1",
        "TEMPLATE_SYNTAX",
    ),
    "a file of 100 MB": (_huge(f"{WORKER}/instance_infrastructure/main.tf"), WORKER, "the limit is"),
}


def _one_message(said: Said, place: str, words: str, way_out: str) -> None:
    lines = [line for line in said.text.splitlines() if place in line]
    assert lines, said.text
    assert any(words in line and way_out in line for line in lines), said.text


@pytest.mark.parametrize("name", CATALOGS)
def test_a_catalog_with_errors_is_not_carried_out_at_all(living: Workshop, name: str) -> None:
    change, place, words, way_out = CATALOGS[name]
    change(living)
    for verb in ("validate", "plan"):
        said = living.run(verb)
        assert said.code == 1
        _one_message(said, place, words, way_out)
    living.commit(name)
    before, files = living.records(), _files(living)
    said = living.run("apply")
    assert said.code == 1
    _one_message(said, place, words, way_out)
    assert "Nothing was done, because the catalog has errors." in said.err
    assert (living.records(), living.pulls_of("infrastructure"), _files(living)) == (before, [], files)
    document = living.run("apply", "-o", "json").json
    assert document["actions"] == []
    assert any(place in f"{item['key']}:{item['line']}:{item['column']}" for item in document["problems"])


@pytest.mark.parametrize("name", UNFIT)
def test_inputs_that_do_not_fit_stop_their_resource_and_nobody_else(living: Workshop, name: str) -> None:
    change, place, words, way_out = UNFIT[name]
    change(living)
    living.edit("services/shop/service.yaml", "shop:1.4.0", "shop:1.5.0")
    said = living.run("validate")
    assert said.code == 1
    _one_message(said, place, words, way_out)
    living.commit(name)
    first = living.run("apply")
    assert first.code == 1
    assert words in first.out
    assert [title.split(":")[0] for title in living.pulls().values() if "mailer" in title] == []
    assert "service/shop/service-instance/shop-dev: update input image (web 1.0)" in living.pulls().values()
    assert living.run("apply").code == 0  # said once; what is blocked since earlier is no failure of this run


@pytest.mark.parametrize("name", BUNDLES)
def test_a_bundle_with_errors_is_not_registered_and_followers_stay(living: Workshop, name: str) -> None:
    change, place, words = BUNDLES[name]
    change(living)
    said = living.run("validate")
    assert said.code == 1
    _one_message(said, place, words, "(")
    living.commit(name)
    first = living.run("apply")
    assert first.code == 1
    assert "service-template/worker:1.1  REGISTRATION_FAILED" in first.out
    assert words in first.out
    assert living.versions()["service-template/worker:1.1"] == "REGISTRATION_FAILED"
    assert (living.in_effect(MAILER), living.pulls()) == ("1.0", {})
    assert living.run("apply").code == 0


def test_an_incompatible_schema_is_blamed_on_the_schema_and_not_on_who_follows(living: Workshop) -> None:
    living.edit(SCHEMA, "required: [queue]", "required: [queue, owner]")
    living.edit(SCHEMA, "properties:\n", "properties:\n        owner:\n          type: string\n")
    for number in range(2):  # also when it failed in an earlier pass
        said = living.run("validate")
        assert said.code == 1
        _one_message(said, SCHEMA, "SCHEMA_INCOMPATIBLE", "worker/v2, or undo the change")
        assert "INPUT_MISSING" not in said.text
        planned = living.run("plan")
        assert "Nothing was planned" not in planned.text
        assert "SCHEMA_INCOMPATIBLE" in planned.text
        if number == 0:
            living.commit("owner")
            living.run("apply")
    assert (living.in_effect(MAILER), living.pulls()) == ("1.0", {})


@pytest.mark.parametrize("version", ["7", "1.9"])
def test_a_version_that_is_not_there_is_an_error_which_names_those_that_are(living: Workshop, version: str) -> None:
    living.edit(SERVICE, 'version: "1"', f'version: "{version}"')
    for verb in ("validate", "plan"):
        said = living.run(verb)
        assert said.code == 1
        _one_message(said, f"{SERVICE}:8:", f"has no version {version}", "it has 1.0")


def test_a_broken_bundle_of_a_new_template_is_waited_for(workshop: Workshop) -> None:
    workshop.edit(MANIFEST, '"*"', "nope.tf")
    workshop.commit()
    said = workshop.run("apply", "--init-records")
    assert said.code == 1
    assert "service-template/worker has no version 1 that could be used: 1.0 failed to register" in said.out
    assert len(workshop.pulls()) == 2  # the environments do not wait for it


def test_hcl_that_terraform_cannot_read_is_found_by_validate(workshop: Workshop) -> None:
    main = f"{WORKER}/instance_infrastructure/main.tf"
    workshop.edit(main, "input = {\n    name ", "input = {{\n    name ")
    said = workshop.run("validate")
    assert said.code == 1
    _one_message(said, f"{main}:5:1", "TEMPLATE_SYNTAX", "(")


def test_hcl_that_is_not_formatted_is_a_warning(workshop: Workshop) -> None:
    main = f"{WORKER}/instance_infrastructure/main.tf"
    workshop.edit(main, "  input = {", "      input = {")
    said = workshop.run("validate")
    assert said.code == 0
    _one_message(said, main, "TEMPLATE_FORMAT", "terraform fmt")


def test_every_problem_is_said_at_once(workshop: Workshop) -> None:
    for path in (ENVIRONMENT, SERVICE, MANIFEST):
        workshop.write(path, "a: [\n")
    said = workshop.run("validate", "-o", "json")
    assert {item["key"] for item in said.json["problems"]} >= {ENVIRONMENT, SERVICE, MANIFEST}


USAGE = {
    "no verb of ours": (("aply",), "aply"),
    "a missing argument": (("render",), "KEY"),
    "an unknown option": (("plan", "--nope"), "--nope"),
    "an unknown format": (("plan", "-o", "xml"), "xml"),
    "nothing to merge": (("pr", "merge"), "--all"),
}
REFUSED = {
    "no key": (("render", "dev"), '"dev" is not a key', "environment/dev"),
    "an unknown key": (("render", "environment/nope"), "no environment/nope", "check the name"),
    "an unknown key in explain": (("explain", "environment/nope"), "environment/nope", "reconciler status"),
    "an unknown key in history": (("history", "environment/nope"), "environment/nope", "reconciler status"),
    "an unknown key in retry": (("retry", "environment/nope"), "environment/nope", "check the name"),
    "a template's key": (("status", "environment-template/network"), "is a template", "reconciler versions"),
    "a template's key in render": (("render", "service-template/web"), "is a template", "reconciler versions"),
    "a template's key in retry": (("retry", "service-template/web"), "is a template", "reconciler versions"),
    "a service's key": (("outputs", "service/shop"), "deployed in parts", "reconciler status service/shop"),
    "a version that is not there": (("versions", "nope"), 'no versions are recorded of "nope"', "service-template/web"),
    "an unknown revision": (("plan", "--revision", "v9"), 'no revision "v9"', "git log"),
    "an unknown revision in apply": (("apply", "--revision", "v9"), 'no revision "v9"', "git log"),
    "an unknown folder": (("plan", "--catalog", "nowhere"), "nowhere does not exist", "--catalog"),
    "an unknown pull request": (("pr", "show", "infrastructure#99"), "no pull request #99", "check the number"),
    "no pull request": (("pr", "show", "infrastructure"), "is no pull request", "REPOSITORY#NUMBER"),
    "an unknown deployment": (("outputs", "environment/dev", "--deployment", "f00"), 'no deployment "f00"', "history"),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_command_that_makes_no_sense_is_64(living: Workshop, name: str) -> None:
    words, named = USAGE[name]
    said = living.run(*words)
    assert (said.code, said.out) == (64, "")
    assert named in said.err


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_exist_is_named_with_a_way_on(living: Workshop, name: str) -> None:
    words, message, way_out = REFUSED[name]
    before = living.records()
    said = living.run(*words)
    assert (said.code, said.out) == (1, "")
    assert message in said.err
    assert way_out in said.err
    assert living.records() == before


def test_what_waits_cannot_be_rendered_and_says_for_what(workshop: Workshop) -> None:
    said = workshop.run("render", MAILER)
    assert said.code == 1
    assert f"{MAILER} cannot be rendered yet: environment/dev has not been provisioned yet" in said.err


def test_a_folder_that_is_no_catalog_is_never_an_empty_one(living: Workshop) -> None:
    (living.root / "empty").mkdir()
    for verb in ("validate", "plan"):
        said = living.run(verb, "--catalog", "empty")
        assert said.code == 1
        assert "no catalog" in said.err
        assert "reconciler init" in said.err
    said = living.run("apply", "--catalog", "empty")
    assert said.code == 1
    assert "not in a Git repository" in said.err


def test_a_live_catalog_without_its_settings_destroys_nothing(living: Workshop) -> None:
    living.remove("reconciler.yaml")
    living.commit("oops")
    before = living.records()
    said = living.run("apply")
    assert said.code == 1
    assert "there is no reconciler.yaml" in said.err
    assert living.records() == before


def test_a_live_catalog_without_its_lineage_destroys_nothing(living: Workshop) -> None:
    for path in ("environments", "services", "templates"):
        living.remove(path)
    living.git("checkout", "HEAD~1", "--", "reconciler.yaml")  # as it was before there were records
    living.commit("start over")
    before = living.records()
    said = living.run("apply")
    assert said.code == 1
    assert "names no lineage" in said.err
    assert living.records() == before


def test_a_catalog_from_which_all_is_gone_is_an_error_and_destroys_nothing(living: Workshop) -> None:
    for path in ("environments", "services"):
        living.remove(path)
    living.commit("all gone")
    for verb in ("plan", "apply"):
        said = living.run(verb)
        assert said.code == 1
        assert "the catalog has no environments and no services, but environment/dev" in said.err
        assert "safety.allowDeletes" in said.err
    assert not living.pulls()


def test_a_removed_template_that_is_in_use_is_an_error_and_destroys_nothing(living: Workshop) -> None:
    living.remove("templates/service/worker")
    said = living.run("validate")
    assert said.code == 1
    _one_message(said, f"{SERVICE}:7:", 'no service template "worker"', "(")
    living.commit("no worker")
    living.run("apply")
    assert not living.pulls()
    assert living.states()[MAILER] == "SUCCEEDED"


def _files(living: Workshop) -> list[str]:
    found = (path for path in living.root.rglob("*") if ".git" not in path.parts and path.parent.name != "locks")
    return sorted(str(path) for path in found if not any(part.endswith(".git") for part in path.parts))
