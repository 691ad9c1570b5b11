from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.catalog.bundle import read_bundle
from reconciler.catalog.load import Catalog
from reconciler.model.keys import Key, Kind
from reconciler.model.trees import Tree
from reconciler.records.record import TemplateRecord
from reconciler.versioning.cut import Cut, Moment, cut_template
from tests.support.catalogs import CATALOG, NET, WEB
from tests.support.memory import memory_tree

NET_KEY, WEB_KEY = Key(Kind.ENVIRONMENT_TEMPLATE, "net"), Key(Kind.SERVICE_TEMPLATE, "web")
MOMENT = Moment("c" * 40, "2024-05-01T09:00:00Z")
MAIN, SCHEMA, REGISTRATION = (
    f"{NET}/infrastructure/main.tf",
    f"{NET}/schema/schema.yaml",
    f"{WEB}/.template-registration.yaml",
)
BROKEN = CATALOG[SCHEMA].replace("type: string, default: 10.0.0.0/16", "type: integer")


class Templates:
    """A template through several passes: what is pinned is remembered."""

    def __init__(self, key: Key = NET_KEY) -> None:
        self.record = TemplateRecord(key)
        self.pinned: dict[str, Tree] = {}

    def cut(self, edits: Mapping[str, str | None], *, unversioned: bool = False) -> list[Cut]:
        """The cuts of one pass over the small catalog with edits."""
        files = {**CATALOG, **edits}
        kept = {path: text for path, text in files.items() if text is not None}
        if unversioned:
            kept = {path.replace("/net/v1/", "/net/"): text for path, text in kept.items()}
        catalog = Catalog(memory_tree(kept))
        template = catalog.templates()[self.record.key]
        kind = self.record.key.kind
        self.record, cuts = cut_template(
            template,
            self.record,
            lambda major: catalog.bundle(template, major),
            lambda tree: read_bundle(self.pinned[tree], "b", kind)[0],
            MOMENT,
        )
        self.pinned |= {item.tree.id: item.tree for item in cuts if item.tree is not None}
        return list(cuts)

    def names(self, edits: Mapping[str, str | None], *, unversioned: bool = False) -> list[str]:
        """Versions and statuses of the cuts of one pass."""
        return [f"{item.record.version} {item.record.status}" for item in self.cut(edits, unversioned=unversioned)]


def template_file(spec: str) -> dict[str, str]:
    return {
        "templates/net/template.yaml": "apiVersion: reconciler/v1\nkind: EnvironmentTemplate\nmetadata: {name: net}\n"
        f"spec: {spec}\n"
    }


def test_the_first_version_of_a_major_folder_is_its_number_and_zero() -> None:
    assert Templates().names({}) == ["1.0 PUBLISHED"]
    v3 = {path.replace("/v1/", "/v3/"): text for path, text in CATALOG.items() if path.startswith(f"{NET}/")}
    assert Templates().names(v3) == ["1.0 PUBLISHED", "3.0 PUBLISHED"]


def test_unchanged_content_cuts_nothing() -> None:
    templates = Templates()
    templates.cut({})
    assert templates.names({}) == []
    assert templates.names({"templates/net/README.md": "beside the bundle"}) == []
    assert templates.names(template_file("{publish: automatic}")) == []


def test_changed_content_is_the_next_minor_and_so_is_a_reverted_one() -> None:
    templates = Templates()
    found = [templates.names(edits) for edits in ({}, {MAIN: "# other\n"}, {}, {})]
    assert found == [["1.0 PUBLISHED"], ["1.1 PUBLISHED"], ["1.2 PUBLISHED"], []]


def test_the_registration_file_counts_as_a_version_and_not_as_content() -> None:
    templates = Templates(WEB_KEY)
    first = templates.cut({})[0].record
    second = templates.cut({REGISTRATION: "compatible_environments: [net:1, net:2]\n"})[0].record
    assert (str(second.version), second.compatible) == ("1.1", ("net:1", "net:2"))
    assert second.content == first.content
    assert second.bundle != first.bundle


def test_what_breaks_a_spec_fails_to_register_and_names_the_way_out() -> None:
    templates = Templates()
    templates.cut({})
    (cut,) = templates.cut({SCHEMA: BROKEN})
    assert (cut.record.status, cut.record.code, cut.tree) == ("REGISTRATION_FAILED", "SCHEMA_INCOMPATIBLE", None)
    assert "templates/net/v2" in cut.record.message
    assert "inputs.cidr" in cut.record.message
    assert cut.breaks


def test_failed_content_is_not_tried_again_and_its_number_stays_taken() -> None:
    templates = Templates()
    found = [
        templates.names(edits) for edits in ({}, {SCHEMA: BROKEN}, {SCHEMA: BROKEN}, {SCHEMA: "a: ["}, {MAIN: "# x\n"})
    ]
    assert found == [
        ["1.0 PUBLISHED"],
        ["1.1 REGISTRATION_FAILED"],
        [],
        ["1.2 REGISTRATION_FAILED"],
        ["1.3 PUBLISHED"],
    ]


def test_a_bundle_with_errors_fails_with_the_code_of_the_first_and_all_messages() -> None:
    (cut,) = Templates().cut({f"{NET}/infrastructure/manifest.yaml": "a: 1\nb: 2\n"})
    assert cut.record.code == "MANIFEST_INVALID"
    assert cut.record.message.count("manifest.yaml:") == 3, "and the code, which stands beside it, is not repeated"
    assert cut.name == "environment-template/net:1.0"


def test_without_version_folders_what_breaks_a_spec_is_the_next_major() -> None:
    templates = Templates()
    found = [
        templates.names(edits, unversioned=True)
        for edits in ({}, {MAIN: "# x\n"}, {SCHEMA: BROKEN}, {SCHEMA: BROKEN, MAIN: "# y\n"}, {SCHEMA: "a: ["})
    ]
    assert found == [
        ["1.0 PUBLISHED"],
        ["1.1 PUBLISHED"],
        ["2.0 PUBLISHED"],
        ["2.1 PUBLISHED"],
        ["2.2 REGISTRATION_FAILED"],
    ]


def test_a_first_failure_without_version_folders_takes_its_number() -> None:
    templates = Templates()
    found = [templates.names(edits, unversioned=True) for edits in ({SCHEMA: "a: ["}, {})]
    assert found == [["1.0 REGISTRATION_FAILED"], ["1.1 PUBLISHED"]]


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ("{publish: manual}", "DRAFT"),
        ('{publish: manual, published: ["1.0"]}', "PUBLISHED"),
        ('{publish: manual, published: ["1.1"]}', "DRAFT"),
        ('{withdrawn: ["1.0"]}', "PUBLISHED"),
    ],
)
def test_publishing_follows_the_templates_file(spec: str, status: str) -> None:
    assert Templates().names(template_file(spec)) == [f"1.0 {status}"]


def test_a_draft_is_published_when_listed_and_never_un_published() -> None:
    templates = Templates()
    found = [
        templates.names(template_file(spec))
        for spec in ("{publish: manual}", '{publish: manual, published: ["1.0"]}', "{publish: manual}")
    ]
    assert found == [["1.0 DRAFT"], ["1.0 PUBLISHED"], []]


def test_a_failed_version_is_not_published_by_listing_it() -> None:
    templates = Templates()
    templates.cut({SCHEMA: "a: ["})
    assert templates.names({SCHEMA: "a: [", **template_file('{publish: manual, published: ["1.0"]}')}) == []


def test_what_was_cut_never_changes() -> None:
    templates = Templates()
    templates.cut({})
    before = templates.record.versions
    templates.cut({MAIN: "# x\n", **template_file('{withdrawn: ["1.0"]}')})
    assert templates.record.versions[:1] == before
    assert templates.record.withdrawn == ("1.0",)
    assert replace(templates.record, versions=before, withdrawn=()) == TemplateRecord(NET_KEY, before)


def test_a_template_that_others_provision_stays_so_and_one_that_they_do_not_as_well() -> None:
    nothing: dict[str, str | None] = {path: None for path in CATALOG if path.startswith(f"{NET}/infrastructure")}
    templates = Templates()
    assert templates.names(nothing) == ["1.0 PUBLISHED"]
    (cut,) = templates.cut({})
    assert (cut.record.status, cut.record.code) == ("REGISTRATION_FAILED", "UNEXPECTED_DIRECTORY")
    templates = Templates()
    assert templates.names({}) == ["1.0 PUBLISHED"]
    (cut,) = templates.cut(nothing)
    assert (cut.record.status, cut.record.code) == ("REGISTRATION_FAILED", "MISSING_DIRECTORY")
    assert "1.0 has an infrastructure/, and this has none" in cut.record.message
