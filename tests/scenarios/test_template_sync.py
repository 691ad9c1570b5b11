"""Templates whose bundles are kept in other repositories, on the command line (reference, section 4)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.store import RecordStore
from tests.support.elsewhere import Elsewhere
from tests.support.gateway import git_over_http

if TYPE_CHECKING:
    from tests.conftest import GitDaemon
    from tests.scenarios.conftest import Workshop

WORKER, WEB, NETWORK = "service-template/worker", "service-template/web", "environment-template/network"
MAILER = "service/mailer/service-instance/mailer-dev"
KINDS = {"environment": "EnvironmentTemplate", "service": "ServiceTemplate"}
MAIN = "worker/v1/instance_infrastructure/main.tf"
SCHEMA = "worker/v1/schema/schema.yaml"


def template_file(kind: str, name: str, sync: str = "{repository: templates}", more: str = "") -> str:
    return (
        f"apiVersion: reconciler/v1\nkind: {KINDS[kind]}\nmetadata: {{name: {name}}}\nspec:\n  sync: {sync}\n"
        + "".join(f"  {line}\n" for line in more.splitlines())
    )


def begin(workshop: Workshop, url: str = "../templates.git", bare: str = "templates.git") -> Elsewhere:
    """The templates of the example, moved to a repository of their own and synced from there."""
    elsewhere = Elsewhere.begin(workshop.root / "templates", workshop.root / bare, url)
    for path in ("environment/network", "service/web", "service/worker"):
        kind, _, name = path.partition("/")
        elsewhere.copy(workshop.catalog / "templates" / path, name)
        shutil.rmtree(workshop.catalog / "templates" / path)
        workshop.write(f"templates/{path}/template.yaml", template_file(kind, name))
    workshop.write("repositories/templates.yaml", elsewhere.repository_file("templates"))
    elsewhere.push("the templates")
    workshop.commit("keep templates elsewhere")
    return elsewhere


def sync_of(workshop: Workshop, template: str) -> Any:
    (found,) = workshop.run("versions", template, "-o", "json").json["templates"]
    return found["sync"]


@pytest.fixture(params=["path", "daemon", "http"])
def templates(request: pytest.FixtureRequest, workshop: Workshop) -> Iterator[Elsewhere]:
    if request.param == "path":
        yield begin(workshop)
    elif request.param == "daemon":
        daemon = request.getfixturevalue("git_daemon")
        yield begin(workshop, daemon.url("templates.git"), "served/templates.git")
    else:
        with git_over_http(workshop.root / "served") as gateway:
            yield begin(workshop, gateway.url("templates.git"), "served/templates.git")


def test_versions_are_cut_from_wherever_the_bundles_lie(workshop: Workshop, templates: Elsewhere) -> None:
    commit = templates.git("rev-parse", "HEAD")
    first = workshop.apply("--init-records")
    assert f"{NETWORK}  templates@main:network at {commit[:12]}  SUCCEEDED" in first.out
    assert workshop.versions() == {f"{key}:1.0": "PUBLISHED" for key in (NETWORK, WEB, WORKER)}
    assert len(workshop.pulls()) == 2, "an environment template and a service template that needs it, in one commit"

    before = workshop.records()
    templates.write("README.md", "Nothing of this is a template.\n")
    templates.push("words")
    assert workshop.apply().code == 0
    assert workshop.records() == before, "what was synced has not changed"

    templates.edit(MAIN, "queue_id", "queue")
    commit = templates.push("rename an output")
    second = workshop.apply()
    assert workshop.versions()[f"{WORKER}:1.1"] == "PUBLISHED"
    assert f"+ {WORKER}:1.1" in second.out
    assert sync_of(workshop, WORKER)["majors"]["1"]["latest"]["sha"] == commit
    log = workshop.git("log", "-1", "--format=%b", "reconciler/records")
    assert f"Reconciler-Source: {WORKER}:1.1 templates@main:worker {commit}" in log
    assert workshop.run("verify").code == 0


def test_several_templates_and_majors_may_arrive_in_one_commit(workshop: Workshop) -> None:
    templates = begin(workshop)
    workshop.apply("--init-records")
    shutil.copytree(templates.work / "worker/v1", templates.work / "worker/v7")
    templates.edit(MAIN, "queue_id", "queue")
    templates.edit("network/v1/infrastructure/main.tf", "resource", "# changed\nresource")
    templates.push("much at once")
    workshop.apply()
    assert {key for key in workshop.versions() if not key.endswith(":1.0")} == {
        f"{WORKER}:1.1", f"{WORKER}:7.0", f"{NETWORK}:1.1",
    }  # fmt: skip
    assert sorted(sync_of(workshop, WORKER)["majors"]) == ["1", "7"]


def test_a_bundle_that_fails_stops_its_own_major_only_and_is_told_once(workshop: Workshop) -> None:
    templates = begin(workshop)
    workshop.apply("--init-records")
    shutil.copytree(templates.work / "worker/v1", templates.work / "worker/v2")
    templates.edit(SCHEMA, "type: object", "type: objekt")
    commit = templates.push("a slip")
    failed = workshop.run("apply")
    assert failed.code == 1
    assert f"templates@main:{SCHEMA}:" in failed.out, "the place is named where it lies"
    assert workshop.versions() == {
        **{f"{key}:1.0": "PUBLISHED" for key in (NETWORK, WEB, WORKER)},
        f"{WORKER}:1.1": "REGISTRATION_FAILED",
        f"{WORKER}:2.0": "PUBLISHED",
    }
    one = sync_of(workshop, WORKER)["majors"]["1"]
    assert (one["latest"]["status"], one["latest"]["code"], one["latest"]["sha"]) == (
        "FAILED", "SCHEMA_INVALID", commit,
    )  # fmt: skip
    assert one["latestSuccessful"]["sha"] != commit
    said = workshop.run("versions").err
    assert f"{WORKER}:1: templates@main:worker/v1 FAILED [SCHEMA_INVALID]" in said
    assert "; last good " in said

    before = workshop.records()
    assert workshop.apply().code == 0
    validated = workshop.run("validate")
    assert (validated.code, "warning: [SCHEMA_INVALID]" in validated.out) == (0, True), "it is no fault of the catalog"
    assert workshop.records() == before

    templates.edit(SCHEMA, "type: objekt", "type: object")
    templates.edit(MAIN, "queue_id", "queue")
    templates.push("mended")
    workshop.apply()
    assert workshop.versions()[f"{WORKER}:1.2"] == "PUBLISHED"
    assert sync_of(workshop, WORKER)["majors"]["1"]["latest"]["status"] == "SUCCEEDED"


def test_a_repository_that_does_not_answer_changes_nothing_and_is_tried_again(
    workshop: Workshop, git_daemon: GitDaemon
) -> None:
    templates = begin(workshop, git_daemon.url("templates.git"), "served/templates.git")
    workshop.apply("--init-records")
    pulls, versions = workshop.pulls(), workshop.versions()
    templates.edit(MAIN, "queue_id", "queue")
    templates.push("rename an output")
    git_daemon.stop()
    away = workshop.run("apply")
    assert away.code == 4
    assert "SYNC_UNREACHABLE" in away.out
    assert workshop.versions() == versions
    before = workshop.records()
    again = workshop.run("apply")
    assert (again.code, workshop.records()) == (4, before), "the same is no news"

    planned = workshop.run("plan")
    assert planned.code == 0, "offline there is what was fetched last"
    git_daemon.start()
    assert workshop.pulls() == pulls
    assert workshop.apply().code == 0
    assert f"{WORKER}:1.1" in workshop.versions()
    assert sync_of(workshop, WORKER)["latest"]["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("sync", "code", "words"),
    [
        ("{repository: templates, branch: release}", "SYNC_MISSING", "templates has no branch release"),
        ("{repository: templates, branch: a..b}", "SYNC_MISSING", "templates has no branch a..b"),
        ("{repository: templates, directory: stable}", "SYNC_MISSING", "there is no folder stable"),
        ("{repository: templates, directory: ../x}", "VALUE_INVALID", "leads out of the repository"),
        ("{repository: templates, directory: web/v1/schema}", "SYNC_MISSING", "there is no template folder worker"),
    ],
)
def test_what_cannot_be_found_is_said_and_nobody_else_waits(
    workshop: Workshop, sync: str, code: str, words: str
) -> None:
    begin(workshop)
    workshop.apply("--init-records")
    workshop.write("templates/service/worker/template.yaml", template_file("service", "worker", sync))
    workshop.edit("environments/dev/environment.yaml", "10.0.0.0/16", "10.9.0.0/16")
    workshop.commit("look elsewhere")
    done = workshop.run("apply")
    assert (done.code, code in done.out, words in done.out) == (1, True, True)
    assert "environment/dev" in done.out, "others go on"
    assert workshop.versions()[f"{WORKER}:1.0"] == "PUBLISHED"
    assert sync_of(workshop, WORKER)["latest"]["code"] == code
    before = workshop.records()
    assert (workshop.apply().code, workshop.records()) == (0, before)
    validated = workshop.run("validate")
    place = "templates/service/worker/template.yaml:5:3"
    assert (validated.code, f"{place}: warning: [{code}] {WORKER}: " in validated.out) == (0, True), validated.text


def test_the_first_of_two_folders_counts_and_the_other_is_named(workshop: Workshop) -> None:
    templates = begin(workshop)
    templates.copy(templates.work / "worker", "old/worker")
    templates.push("a copy")
    done = workshop.apply("--init-records")
    assert "worker is used; worker is found in old/worker as well" in done.out
    assert len(sync_of(workshop, WORKER)["latest"]["warnings"]) == 1


def test_a_synced_repository_that_is_none_of_the_catalogs_is_an_error_of_the_catalog(workshop: Workshop) -> None:
    begin(workshop)
    workshop.apply("--init-records")
    workshop.write(
        "templates/service/worker/template.yaml", template_file("service", "worker", "{repository: tempates}")
    )
    workshop.commit("a slip")
    done = workshop.run("apply")
    assert done.code == 1
    assert (
        'templates/service/worker/template.yaml:5:22: [REPOSITORY_MISSING] sync.repository names "tempates"' in done.err
    )
    assert "Nothing was done" in done.err


def test_another_branch_is_read_at_once(workshop: Workshop) -> None:
    templates = begin(workshop)
    workshop.apply("--init-records")
    templates.edit(MAIN, "queue_id", "queue")
    commit = templates.push("for later", branch="next")
    assert workshop.apply().code == 0
    assert f"{WORKER}:1.1" not in workshop.versions()
    sync = "{repository: templates, branch: next}"
    workshop.write("templates/service/worker/template.yaml", template_file("service", "worker", sync))
    workshop.commit("follow next")
    workshop.apply()
    assert workshop.versions()[f"{WORKER}:1.1"] == "PUBLISHED"
    latest = sync_of(workshop, WORKER)["latest"]
    assert (latest["branch"], latest["sha"]) == ("next", commit)
    repositories = workshop.run("sync", "-o", "json").json["repositories"]
    assert [(item["branch"], item["status"]) for item in repositories] == [("main", "SUCCEEDED"), ("next", "SUCCEEDED")]


def test_a_template_that_is_not_synced_any_more_keeps_its_versions(workshop: Workshop) -> None:
    templates = begin(workshop)
    workshop.apply("--init-records")
    workshop.remove("templates/service/worker/template.yaml")
    shutil.copytree(templates.work / "worker", workshop.catalog / "templates/service/worker", dirs_exist_ok=True)
    workshop.commit("keep it here")
    workshop.apply()
    assert [key for key in workshop.versions() if key.startswith(WORKER)] == [f"{WORKER}:1.0"]
    assert sync_of(workshop, WORKER) is None
    assert sync_of(workshop, WEB) is not None


def test_each_repository_is_asked_once_in_a_pass(workshop: Workshop) -> None:
    with git_over_http(workshop.root / "served") as gateway:
        templates = begin(workshop, gateway.url("templates.git"), "served/templates.git")
        workshop.apply("--init-records")
        for commit in (False, True):
            if commit:
                templates.edit(MAIN, "queue_id", "queue")
                templates.push()
            gateway.asked.clear()
            workshop.apply()
            assert gateway.asked["GET /templates.git/info/refs"] == 1
            assert gateway.asked["POST /templates.git/git-upload-pack"] <= 2 * commit


def test_a_crash_after_the_fetch_leaves_nothing_behind(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = begin(workshop)
    workshop.apply("--init-records")
    templates.edit(MAIN, "queue_id", "queue")
    templates.push()
    before = workshop.records()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RecordStore, "commit", stop)
        assert workshop.run("apply").code == 130
    assert workshop.records() == before
    workshop.apply()
    assert workshop.versions()[f"{WORKER}:1.1"] == "PUBLISHED"


def test_offline_what_was_never_fetched_is_not_judged(
    workshop: Workshop, git_daemon: GitDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(workshop, git_daemon.url("templates.git"), "served/templates.git")
    validated = workshop.run("validate")
    assert (validated.code, "templates was not fetched to this machine" in validated.err) == (0, True), validated.text
    workshop.apply("--init-records")
    monkeypatch.setenv("XDG_CACHE_HOME", str(workshop.root / "other"))
    planned = workshop.run("plan")
    assert planned.code == 0
    assert "templates was not fetched to this machine" in planned.err
    assert "Synced from Git" not in planned.out
    assert workshop.run("validate").code == 0, "recorded versions serve"


def test_a_followed_major_is_never_jumped_over(living: Workshop) -> None:
    """Reference, VER-15: `version: "1"` stays on major 1, whatever is the newest of all."""
    shutil.copytree(living.catalog / "templates/service/worker/v1", living.catalog / "templates/service/worker/v2")
    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", "queue_id", "queue")
    living.commit("a new major, and a minor of the old one")
    living.apply()
    assert living.versions()[f"{WORKER}:2.0"] == "PUBLISHED"
    assert list(living.pulls().values()) == [f"{MAILER}: update version 1.0 -> 1.1 (worker 1.1)"]


def test_a_missing_older_minor_breaks_no_update(living: Workshop) -> None:
    """Reference, VER-15: in Proton an update failed because a deleted minor was looked up."""
    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", "queue_id", "queue")
    living.commit("1.1")
    living.work_off()
    path = living.git("ls-tree", "-r", "--name-only", "reconciler/records", "--", "resources/service-template")
    path = next(name for name in path.splitlines() if name.endswith("/worker.json"))
    document = json.loads(living.git("show", f"reconciler/records:{path}"))
    lost = document["versions"].pop(0)
    living.git("switch", "-q", "reconciler/records")
    (living.catalog / path).write_text(json.dumps(document), encoding="utf-8")
    living.git("rm", "-q", "-r", f"bundles/{lost['bundle']}")
    living.commit("1.0 is lost")
    living.git("switch", "-q", "main")

    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", 'output "queue"', 'output "the_queue"')
    living.commit("1.2")
    living.work_off()
    assert living.in_effect(MAILER) == "1.2"
    assert [key for key in living.versions() if key.startswith(WORKER)] == [f"{WORKER}:1.1", f"{WORKER}:1.2"]


def test_who_runs_a_withdrawn_version_goes_back_to_the_newest_that_is_left(living: Workshop) -> None:
    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", "queue_id", "queue")
    living.commit("1.1")
    living.work_off()
    living.write(
        "templates/service/worker/template.yaml",
        'apiVersion: reconciler/v1\nkind: ServiceTemplate\nmetadata: {name: worker}\nspec: {withdrawn: ["1.1"]}\n',
    )
    living.commit("1.1 is no good")
    done = living.apply()
    assert f"~ {MAILER}  update version 1.1 -> 1.0" in done.out
    assert "worker 1.1 is withdrawn: back to 1.0, the newest that is left" in done.out
    living.work_off()
    assert living.in_effect(MAILER) == "1.0"
    assert not [key for key in living.versions() if key == f"{WORKER}:1.2"], "unchanged content is no new version"
