from __future__ import annotations

import pytest

from reconciler.catalog.checks import check_everything, check_scope
from reconciler.catalog.entities import Settings
from reconciler.catalog.load import Catalog
from reconciler.errors import InputError
from reconciler.model.identity import Account
from reconciler.model.keys import Key, Kind
from reconciler.model.trees import Entry
from reconciler.model.versions import VersionLine
from tests.support.catalogs import CATALOG, JOB, MAIL, NET, SHOP, WEB
from tests.support.memory import MemoryReader, link, memory_tree

NET_KEY, WEB_KEY, JOB_KEY = (
    Key(Kind.ENVIRONMENT_TEMPLATE, "net"),
    Key(Kind.SERVICE_TEMPLATE, "web"),
    Key(Kind.SERVICE_TEMPLATE, "job"),
)


def catalog(**edits: str | None) -> Catalog:
    return Catalog(memory_tree({path: text for path, text in {**CATALOG, **edits}.items() if text is not None}))


def with_files(edits: dict[str, str | None]) -> Catalog:
    found = catalog(**edits)
    check_everything(found)
    return found


@pytest.mark.parametrize("files", [{}, {"README.md": "x"}, {"catalog/reconciler.yaml": "x"}])
def test_a_tree_without_settings_is_no_catalog_rather_than_an_empty_one(files: dict[str, str]) -> None:
    with pytest.raises(InputError, match="this is no catalog"):
        Catalog(memory_tree(files))


def test_settings_that_cannot_be_read_are_a_problem_and_nothing_follows_from_them() -> None:
    found = with_files({"reconciler.yaml": "a: 1"})
    assert found.settings == Settings("", Account())
    assert any(problem.position.path == "reconciler.yaml" for problem in found.problems)


def test_nothing_is_read_but_what_is_asked_for() -> None:
    found = catalog()
    reader = found.tree.reader
    assert isinstance(reader, MemoryReader)
    reader.blobs_read = 0
    assert found.environment_names() == ("dev",)
    assert found.service_names() == ("mail", "shop")
    assert found.repository_names() == ("infra",)
    assert reader.blobs_read == 0
    assert found.environment("dev") is found.environment("dev")
    assert reader.blobs_read == 1


def test_an_environment_is_what_its_file_says() -> None:
    environment = catalog().environment("dev")
    assert environment is not None
    assert (environment.template, environment.line, environment.provisioning.repository) == (
        "net",
        VersionLine(1),
        "infra",
    )
    assert environment.inputs.values == {"cidr": "10.1.0.0/16"}
    assert str(environment.inputs.at(("cidr",))) == "environments/dev/environment.yaml:9:11"
    assert catalog().environment("prod") is None


def test_instances_and_the_pipeline_carry_the_services_version_or_their_own() -> None:
    text = CATALOG["services/shop/service.yaml"].replace("environment: dev", 'environment: dev\n      version: "1.2"')
    service = catalog(**{"services/shop/service.yaml": text}).service("shop")
    assert service is not None
    assert service.pipeline is not None
    assert [service.line, service.pipeline.line, service.instances[0].line] == [
        VersionLine(1),
        VersionLine(1),
        VersionLine(1, 2),
    ]


def test_templates_are_found_anywhere_below_their_folder() -> None:
    moved = {path.replace("templates/", "templates/from/proton/"): text for path, text in CATALOG.items()}
    found = Catalog(memory_tree(moved)).templates()
    assert {str(key): template.path for key, template in found.items()} == {
        "environment-template/net": "templates/from/proton/net",
        "service-template/job": "templates/from/proton/job",
        "service-template/web": "templates/from/proton/web",
    }


@pytest.mark.parametrize(
    ("folder", "major"), [("v2", 2), ("2", 2), ("v10", 10), ("v0", None), ("v1.0", None), ("w1", None)]
)
def test_a_version_folder_is_called_by_its_number(folder: str, major: int | None) -> None:
    moved = {path.replace("/net/v1/", f"/net/{folder}/"): text for path, text in CATALOG.items()}
    template = Catalog(memory_tree(moved)).templates().get(NET_KEY)
    assert (list(template.majors) if template is not None else [None]) == [major]


def test_a_template_folder_without_versions_is_a_bundle_without_our_own_file() -> None:
    flat = {path.replace("/net/v1/", "/net/"): text for path, text in CATALOG.items()}
    plain = Catalog(memory_tree(flat)).templates()[NET_KEY].majors[None][1]
    own = "apiVersion: reconciler/v1\nkind: EnvironmentTemplate\nmetadata: {name: net}\n"
    described = Catalog(memory_tree({**flat, "templates/net/template.yaml": own})).templates()[NET_KEY].majors[None][1]
    assert plain.id == described.id
    assert plain.id == catalog().templates()[NET_KEY].majors[1][1].id


def test_a_bundle_has_the_parts_that_its_folders_serve() -> None:
    found = catalog()
    for key, parts in (
        (NET_KEY, [Kind.ENVIRONMENT]),
        (WEB_KEY, [Kind.INSTANCE, Kind.PIPELINE]),
        (JOB_KEY, [Kind.INSTANCE]),
    ):
        bundle, problems = found.bundle(found.templates()[key], 1)
        assert problems == ()
        assert bundle is not None
        assert list(bundle.parts) == parts
        assert [kind for kind in parts if bundle.input_type(kind) is None] == []


@pytest.mark.parametrize(
    ("edits", "compatible"),
    [
        ({}, ["net:1"]),
        ({f"{JOB}/.compatible-envs": "net:1\n\n vpc-env:v2 \n"}, ["net:1", "vpc-env:2"]),
        ({f"{JOB}/.template-registration.yaml": "compatible_environments: [b:2, a:1]"}, ["b:2", "a:1"]),
        ({f"{JOB}/.template-registration.yaml": "compatible_environment: [b:2]"}, ["b:2"]),
    ],
)
def test_compatible_environments_come_from_either_file(edits: dict[str, str | None], compatible: list[str]) -> None:
    found = catalog(**edits)
    bundle = found.bundle(found.templates()[JOB_KEY], 1)[0]
    assert bundle is not None
    assert [str(item) for item in bundle.registration.compatible] == compatible


def test_the_registration_file_is_no_content_and_everything_else_is() -> None:
    def content(edits: dict[str, str | None]) -> str:
        found = catalog(**edits)
        bundle = found.bundle(found.templates()[WEB_KEY], 1)[0]
        assert bundle is not None
        return bundle.content

    assert content({f"{WEB}/.template-registration.yaml": "compatible_environments: [x:1]"}) == content({})
    assert content({f"{WEB}/README.md": "x"}) != content({})


def test_only_the_folders_own_tf_files_travel() -> None:
    found = catalog(
        **{
            f"{NET}/infrastructure/{name}": "# x\n"
            for name in ("b.tf", "notes.md", "x.tf.json", "modules/m.tf", "v.tfvars")
        }
    )
    bundle = found.bundle(found.templates()[NET_KEY], 1)[0]
    assert bundle is not None
    assert [name for name, _ in bundle.parts[Kind.ENVIRONMENT].files] == ["b.tf", "main.tf"]


def test_an_unknown_input_is_an_error_of_ours_and_a_warning_of_a_proton_spec() -> None:
    ours = with_files({"services/mail/service.yaml": MAIL + "        prot: 1\n"})
    spec = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: mail}\nspec:\n  template: job\n"
    theirs = with_files(
        {
            "services/mail/service.yaml": spec + '  version: "1"\n  specFile: spec.yaml\n',
            "services/mail/spec.yaml": "proton: ServiceSpec\ninstances:\n"
            "  - {name: mail-dev, environment: dev, spec: {port: 25, prot: 1}}\n",
        }
    )
    assert [(problem.code, problem.is_error) for problem in ours.problems] == [("INPUT_UNKNOWN", True)]
    assert [(problem.code, problem.is_error) for problem in theirs.problems] == [("INPUT_UNKNOWN", False)]


def test_a_broken_file_spoils_nothing_but_itself() -> None:
    found = with_files({"services/mail/service.yaml": "a: ["})
    assert found.service("mail") is None
    assert found.service("shop") is not None
    assert {problem.position.path for problem in found.problems} == {"services/mail/service.yaml"}


def test_links_are_never_followed() -> None:
    files: dict[str, str | bytes | Entry] = {**CATALOG, "environments/prod": link("prod")}
    found = Catalog(memory_tree(files))
    assert found.environment("prod") is None
    assert found.environment_names() == ("dev", "prod"), "what stands there in another form was not removed"
    assert [problem.code for problem in found.problems] == ["FOLDER_REPLACED"]


def test_folders_are_compared_with_services_that_are_not_looked_at() -> None:
    shop_b = CATALOG["services/mail/service.yaml"].replace("{name: mail}", "{name: shop-b}").replace("mail-dev", "c")
    more = CATALOG["services/shop/service.yaml"].replace("shop-dev", "B-c")
    for name in ("shop", "shop-b"):
        found = catalog(**{"services/shop-b/service.yaml": shop_b, "services/shop/service.yaml": more})
        check_scope(found, (), (name,))
        assert [problem.code for problem in found.problems] == ["FOLDER_TAKEN"]


@pytest.mark.parametrize(("pipeline", "error"), [("pipeline: {test: make}\n", False), ("", True)])
def test_a_spec_may_begin_with_a_pipeline_alone(pipeline: str, error: bool) -> None:
    files = {
        "services/shop/service.yaml": SHOP[: SHOP.index("  pipeline")] + "  specFile: spec.yaml\n",
        "services/shop/spec.yaml": f"proton: ServiceSpec\n{pipeline}instances: []\n",
    }
    catalog = Catalog(memory_tree({**CATALOG, **files}))
    check_everything(catalog)
    assert [item.is_error for item in catalog.problems if item.code == "SPEC_INVALID"] == [error]
