from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.catalog.discovery import MAX_DEPTH, MAX_FOLDERS, Found, Note, find_template, version_folders
from reconciler.catalog.repopath import path_inside
from reconciler.model.trees import MODES, Entry, EntryKind, Tree, sorted_entries, tree_id
from tests.support.memory import link, memory_tree

SCHEMA = "schema/schema.yaml"


def find(files: Mapping[str, str | Entry], directory: str = "", name: str = "web") -> Found | Note:
    return find_template(memory_tree({**files, "README.md": "x"}), name, directory)


def found(files: Mapping[str, str | Entry], directory: str = "", name: str = "web") -> Found:
    result = find(files, directory, name)
    assert isinstance(result, Found), result
    return result


def missing(files: Mapping[str, str | Entry], directory: str = "", name: str = "web") -> str:
    result = find(files, directory, name)
    assert isinstance(result, Note), result
    assert result.code == "SYNC_MISSING"
    assert result.hint
    assert not result.hint.endswith(".")
    return f"{result.message} ({result.hint})"


def bundles(*folders: str) -> dict[str, str | Entry]:
    """A bundle in each folder; their contents differ, as they do in life."""
    return {f"{folder}/{SCHEMA}": folder for folder in folders}


def paths(template: Found) -> dict[int | None, str]:
    return {major: path for major, (path, _) in template.majors.items()}


def test_version_folders_are_majors_with_or_without_a_v() -> None:
    template = found(bundles("templates/web/v1", "templates/web/2", "templates/web/v10"))
    assert template.path == "templates/web"
    assert paths(template) == {1: "templates/web/v1", 2: "templates/web/2", 10: "templates/web/v10"}
    assert list(template.majors) == [1, 2, 10]
    assert template.majors[2][1].read(SCHEMA) == b"templates/web/2"
    assert template.notes == ()


@pytest.mark.parametrize("folder", ["v0", "v01", "V1", "v1.0", "v-1", "vi", "latest", "1a"])
def test_nothing_else_looks_like_a_major(folder: str) -> None:
    assert "has no version folder" in missing(bundles(f"web/{folder}"))


def test_a_major_is_exactly_the_number_of_its_folder() -> None:
    assert paths(found(bundles("web/v7"))) == {7: "web/v7"}


def test_a_bundle_that_lies_directly_in_the_folder_is_versioned_by_computation() -> None:
    template = found({**bundles("web"), "web/template.yaml": "ours", "web/instance_infrastructure/manifest.yaml": ""})
    assert paths(template) == {None: "web"}
    assert {entry.name for entry in template.majors[None][1].entries()} == {"schema", "instance_infrastructure"}


def test_version_folders_win_over_a_bundle_beside_them() -> None:
    assert paths(found(bundles("web", "web/v1"))) == {1: "web/v1"}
    template = found(bundles("web", "deep/down/web/v1"))
    assert template.path == "deep/down/web"
    assert [note.code for note in template.notes] == ["SYNC_AMBIGUOUS"]


def test_a_bundle_of_a_customer_managed_environment_or_a_broken_one_is_one() -> None:
    assert paths(found({"web/v1/infrastructure/manifest.yaml": ""})) == {1: "web/v1"}
    assert paths(found({"web/v1/schema/other.yaml": ""})) == {1: "web/v1"}


def test_the_first_folder_is_the_shallowest_then_the_first_by_path_and_the_others_are_named() -> None:
    template = found(bundles("z/web/v1", "b/c/web/v1", "a/web/v1"))
    assert template.path == "a/web"
    (note,) = template.notes
    assert note == Note(
        "SYNC_AMBIGUOUS",
        "a/web is used; web is found in z/web, b/c/web as well",
        "name its folder with directory: under sync",
    )


def test_folders_that_are_only_named_like_the_template_are_none() -> None:
    files = {
        **bundles("web/web/v1"),  # samples lie so: the folder around it has the same name
        "web/README.md": "x",
        "live/web/main.tf": "x",  # what was rendered from it
        "live/web/.proton/deployment-metadata.json": "{}",
    }
    template = found(files)
    assert template.path == "web/web"
    assert template.notes == ()


def test_version_folders_lie_directly_in_the_template_folder() -> None:
    text = missing(bundles("web/terraform/v1", "web/cloudformation/v1"))
    assert text == (
        "the folder web has no version folder with a bundle"
        " (put the bundle into web/v1/, with its schema in web/v1/schema/schema.yaml)"
    )


@pytest.mark.parametrize(
    "directory", ["service", "/service/", "./service", "service/web", "service/web/", "./service//web"]
)
def test_a_directory_limits_the_search_and_may_be_the_template_folder(directory: str) -> None:
    template = found(bundles("environment/web/v1", "service/web/v1"), directory)
    assert template.path == "service/web"
    assert template.notes == ()


def test_a_directory_may_name_a_template_folder_of_another_name() -> None:
    assert paths(found(bundles("service/shop/v1"), "service/shop")) == {1: "service/shop/v1"}
    assert paths(found(bundles("v1", "v2"), ".")) == {1: "v1", 2: "v2"}
    assert paths(found(bundles("v1", "web/v1"), ".")) == {1: "web/v1"}


def test_the_top_of_a_repository_is_no_template_folder_unless_it_is_named() -> None:
    assert "there is no template folder web in the repository" in missing(bundles("v1"))


def test_a_directory_that_is_not_there_or_leads_out_is_said() -> None:
    files = {**bundles("web/v1"), "file": "x", "link": link("link")}
    for directory in ("nowhere", "file", "link", "web/v1/schema/schema.yaml"):
        assert f"there is no folder {directory}" in missing(files, directory)
    for directory in ("..", "web/../../x", "../web"):
        result = find(files, directory)
        assert isinstance(result, Note)
        assert result.code == "VALUE_INVALID"


def test_links_and_submodules_are_never_followed() -> None:
    module = Entry("web", EntryKind.SUBMODULE, "0" * 40, MODES[EntryKind.SUBMODULE])
    assert "templates/web is a link" in missing({"templates/web": link("web")})
    assert "templates/web is a submodule" in missing({"templates/web": module})
    assert paths(found({**bundles("web/v1"), "web/v2": link("v2")})) == {1: "web/v1"}
    assert "has no version folder" in missing({"web/schema/schema.yaml": link("schema.yaml")})


def test_what_looks_like_a_major_and_is_not_used_is_said() -> None:
    template = found({**bundles("web/v1", "web/1"), "web/v2/README.md": "x", "web/v3": "a file"})
    assert paths(template) == {1: "web/v1"}
    assert [(note.code, note.message) for note in template.notes] == [
        ("SYNC_AMBIGUOUS", "web/v1 is used as major 1, and web/1 is not"),
        ("MISSING_DIRECTORY", "web/v2 holds no bundle"),
    ]


def test_what_lies_in_bundles_is_not_looked_into() -> None:
    files = {**bundles("web/v1", "other/v1"), "other/v1/infrastructure/web/v1/schema/schema.yaml": "x"}
    template = found(files)
    assert template.path == "web"
    assert template.notes == ()


def test_a_name_that_is_close_is_offered() -> None:
    assert 'did you mean "web"?' in missing(bundles("templates/web/v1"), name="wbe")
    assert "known here: mail, web" in missing(bundles("web/v1", "mail/v1"), name="queue")
    assert "add web/v1/ with a bundle" in missing({})


def test_names_are_compared_exactly() -> None:
    assert 'did you mean "Web"?' in missing(bundles("Web/v1"))


def test_a_folder_is_found_though_an_equal_one_of_another_name_comes_first() -> None:
    files = {"copy/v1/schema/schema.yaml": "same", "web/v1/schema/schema.yaml": "same"}
    assert found(files).path == "web"


def test_the_search_ends_at_a_depth() -> None:
    deep = "/".join("a" * (MAX_DEPTH - 1))
    assert found(bundles(f"{deep}/web/v1")).path == f"{deep}/web"
    assert "there is no template folder" in missing(bundles(f"{deep}/a/web/v1"))
    assert found(bundles(f"{deep}/a/web/v1"), "a").path == f"{deep}/a/web"


class Endless:
    """A tree of folders without end, each with many others in it, all equal or all different."""

    def __init__(self, *, equal: bool) -> None:
        self.looked = 0
        self._equal = equal

    def entries(self, tree: str) -> tuple[Entry, ...]:
        self.looked += 1
        below = (tree if self._equal else tree_id([Entry(name, EntryKind.TREE, tree, 0o40000)]) for name in NAMES)
        return sorted_entries(Entry(n, EntryKind.TREE, i, 0o40000) for n, i in zip(NAMES, below, strict=True))

    def size(self, blob: str) -> int:
        raise AssertionError(blob)

    def read(self, blob: str) -> bytes:
        raise AssertionError(blob)


NAMES = [f"f{number}" for number in range(200)]


def test_a_tree_that_repeats_itself_is_looked_into_once() -> None:
    reader = Endless(equal=True)
    assert isinstance(find_template(Tree(reader, "0" * 40), "web"), Note)
    assert reader.looked < 10


def test_a_tree_without_end_is_given_up_with_a_way_out() -> None:
    reader = Endless(equal=False)
    result = find_template(Tree(reader, "0" * 40), "web")
    assert isinstance(result, Note)
    assert str(MAX_FOLDERS) in result.message
    assert "directory:" in result.hint
    assert reader.looked < 2 * MAX_FOLDERS


FOLDERS = st.lists(
    st.sampled_from(["a", "b", "web", "v1", "2", "schema", "infrastructure"]), min_size=1, max_size=5
).map("/".join)


@given(st.lists(FOLDERS, max_size=6), st.sampled_from(["", "a", "a/b", "web"]))
def test_whatever_is_found_is_there_and_holds_what_it_says(folders: list[str], directory: str) -> None:
    root = memory_tree({f"{folder}/{name}": folder for folder in folders for name in (SCHEMA, "main.tf")})
    result = find_template(root, "web", directory)
    if isinstance(result, Note):
        return
    assert result.path.startswith(directory)
    assert result.path == directory or result.path.rpartition("/")[2] == "web"
    folder = root.subtree(result.path)
    assert folder is not None
    for major, (path, tree) in result.majors.items():
        if major is None:
            assert tree.id == folder.id
        else:
            assert root.subtree(path) == tree
            assert version_folders(folder, result.path)[major] == (path, tree)


@given(st.text(alphabet="ab./\0", max_size=12))
def test_a_path_inside_never_leads_outside(text: str) -> None:
    path = path_inside(text)
    if path is None:
        assert ".." in text.split("/") or "\0" in text
    else:
        assert not {"", ".", ".."} & set(path.split("/")) or path == ""
        assert path_inside(path) == path
