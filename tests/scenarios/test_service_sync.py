"""Services whose specs are kept in the application's repository, on the command line (reference, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.elsewhere import Elsewhere
from tests.support.gateway import git_over_http

if TYPE_CHECKING:
    from tests.conftest import GitDaemon
    from tests.scenarios.conftest import Workshop

SERVICE, PIPELINE = "service/app", "service/app/pipeline"
DEV, PROD = (f"{SERVICE}/service-instance/{name}" for name in ("dev", "prod"))
OPS = """\
sync:
  services:
    app:
      dev: {branch: dev, spec: ./app/spec.yaml}
      prod: {branch: main, spec: app/spec.yaml}
"""


def service_file(more: str = "", opsfile: str = "proton-ops.yaml", sync: bool = True) -> str:
    lines = f"  sync: {{repository: app, opsFile: {opsfile}}}\n" if sync else ""
    return (
        "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: app}\nspec:\n"
        f'  template: worker\n  version: "1"\n{lines}{more}'
    )


def spec(*names: str, queue: str = "mail", environment: str = "dev", more: str = "") -> str:
    items = "".join(f"  - {{name: {name}, environment: {environment}, spec: {{queue: {queue}}}}}\n" for name in names)
    return f"proton: ServiceSpec\n{more}instances:\n{items}"


def begin(workshop: Workshop, url: str = "../app.git", bare: str = "app.git") -> Elsewhere:
    """An application with two instances, each on a branch of its own, and a service that is synced from it."""
    app = Elsewhere.begin(workshop.root / "app", workshop.root / bare, url)
    app.write("app/spec.yaml", spec("dev", "prod"))
    app.push("specs", branch="dev")
    app.write("proton-ops.yaml", OPS)
    app.push("ops file")
    workshop.write("repositories/app.yaml", app.repository_file("app"))
    workshop.write("services/app/service.yaml", service_file())
    workshop.commit("sync the app")
    return app


def status(workshop: Workshop, key: str) -> Any:
    (found,) = workshop.run("sync", key, "-o", "json").json["resources"]
    return found["latest"]


@pytest.fixture
def app(living: Workshop) -> Elsewhere:
    """The same, with everything in it deployed."""
    elsewhere = begin(living)
    living.work_off()
    return elsewhere


def test_instances_come_from_the_ops_file_and_follow_their_branches(living: Workshop) -> None:
    app = begin(living)
    first = living.apply()
    assert f"{SERVICE}  app@main:proton-ops.yaml at " in first.out
    assert set(living.pulls().values()) == {f"{key}: create (worker 1.0)" for key in (DEV, PROD)}
    living.work_off()
    before = living.records()
    app.write("README.md", "words")
    app.push("words")
    living.apply()
    assert living.records() == before

    app.write("app/spec.yaml", spec("dev", "prod", queue="post"))
    commit = app.push("another queue", branch="dev")
    changed = living.apply()
    assert list(living.pulls().values()) == [f"{DEV}: update input queue (worker 1.0)"]
    assert f"{DEV}  app@dev:app/spec.yaml at {commit[:12]}  SUCCEEDED" in changed.out
    log = living.git("log", "-1", "--format=%b", "reconciler/records~1")
    assert f"Reconciler-Source: {DEV} app@dev:app/spec.yaml {commit}" in log
    assert living.run("plan").out.endswith("1 waiting or blocked.\n")
    assert living.run("verify").code == 0


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("proton: ServiceSpec\ninstances: [", "YAML_INVALID", "app@dev:app/spec.yaml:"),
        ("proton: EnvironmentSpec\nspec: {}\n", "SPEC_KIND", "proton: ServiceSpec"),
        (spec("deev"), "SPEC_INVALID", "has no instance dev"),
        (spec("dev", environment="nowhere"), "ENVIRONMENT_MISSING", "app@dev:app/spec.yaml:3:30"),
        (None, "FILE_MISSING", "app@dev:app/spec.yaml does not exist"),
    ],
)
def test_a_spec_that_cannot_be_used_leaves_the_instance_on_its_last_good_one(
    living: Workshop, app: Elsewhere, text: str | None, code: str, words: str
) -> None:
    if text is None:
        (app.work / "app/spec.yaml").unlink()
    else:
        app.write("app/spec.yaml", text)
    app.push("a slip", branch="dev")
    done = living.run("apply")
    assert (done.code, words in done.out) == (1, True), done.out
    assert status(living, DEV)["code"] == code
    assert status(living, PROD)["status"] == "SUCCEEDED"
    before = living.records()
    assert (living.apply().code, living.records()) == (0, before)
    assert living.run("validate").code == 0
    assert not living.pulls()
    assert (living.states()[DEV], living.states()[PROD]) == ("SUCCEEDED", "SUCCEEDED")

    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", "queue_id", "queue")
    living.commit("the template goes on")
    living.apply()
    assert f"{DEV}: update version 1.0 -> 1.1 (worker 1.1)" in living.pulls().values()

    app.write("app/spec.yaml", spec("dev", queue="post"))
    app.push("mended", branch="dev")
    living.work_off()
    assert status(living, DEV)["status"] == "SUCCEEDED"


def test_an_instance_that_never_had_a_spec_waits_for_one(living: Workshop) -> None:
    app = begin(living)
    app.write("proton-ops.yaml", OPS + "      next: {branch: next, spec: app/spec.yaml}\n")
    app.push("one more")
    done = living.run("apply")
    assert (done.code, "app has no branch next" in done.out) == (1, True)
    blocked = living.blocked(f"{SERVICE}/service-instance/next")
    assert blocked is not None
    assert blocked["reason"] == "sync-failed"
    assert len(living.pulls()) == 2, "its siblings go on"
    app.write("app/spec.yaml", spec("next"))
    app.push("at last", branch="next")
    living.apply()
    assert f"{SERVICE}/service-instance/next: create (worker 1.0)" in living.pulls().values()


def test_what_git_lists_no_more_is_left_alone_until_somebody_consents(living: Workshop, app: Elsewhere) -> None:
    app.write("proton-ops.yaml", OPS[: OPS.index("      prod")])
    app.push("no prod")
    done = living.run("apply")
    assert (done.code, "SYNC_UNLISTED" in done.out) == (1, True)
    assert not living.pulls()
    assert living.states()[PROD] == "SUCCEEDED, sync-failed"
    before = living.records()
    assert (living.apply().code, living.records()) == (0, before)

    agreed = living.apply("--allow-deletes", PROD)
    assert f"- {PROD}" in agreed.out
    living.work_off()
    assert PROD not in living.states()
    assert living.run("sync", PROD).code == 1, "nothing is known of it any more"

    app.write("proton-ops.yaml", OPS)
    app.push("prod again")
    living.work_off()
    assert living.states()[PROD] == "SUCCEEDED"


def test_what_is_listed_again_goes_on_as_if_nothing_had_been(living: Workshop, app: Elsewhere) -> None:
    app.write("proton-ops.yaml", OPS.replace("    app:", "    apq:"))
    app.push("a slip")
    done = living.run("apply")
    assert (done.code, 'did you mean "apq"?' in done.out) == (1, True)
    app.write("proton-ops.yaml", OPS)
    app.push("undone")
    living.apply()
    assert not living.pulls()
    assert (living.states()[DEV], living.states()[PROD]) == ("SUCCEEDED", "SUCCEEDED")


@pytest.mark.parametrize("text", ["sync: {}\n", "[", "sync: {services: {app: {dev: {branch: a..b, spec: x}}}}\n", None])
def test_an_ops_file_that_cannot_be_used_changes_nothing(living: Workshop, app: Elsewhere, text: str | None) -> None:
    if text is None:
        (app.work / "proton-ops.yaml").unlink()
    else:
        app.write("proton-ops.yaml", text)
    app.push("a slip")
    assert living.run("apply").code == 1
    before = living.records()
    assert (living.apply().code, living.records()) == (0, before)
    assert not living.pulls()
    assert not [key for key in (DEV, PROD) if not living.states()[key].startswith("SUCCEEDED")]


def test_without_sync_instances_stay_as_they_are_or_become_the_catalogs_own(living: Workshop, app: Elsewhere) -> None:
    own = "  instances:\n    - {name: dev, environment: dev, inputs: {queue: mail}}\n"
    living.write("services/app/service.yaml", service_file(own, sync=False))
    living.commit("no sync any more")
    done = living.run("apply")
    assert (done.code, f"{PROD}  sync-failed" in done.out) == (1, True)
    assert not living.pulls()
    assert living.states()[DEV] == "SUCCEEDED"
    assert living.run("sync", DEV).code == 1

    living.remove("services/app")
    living.commit("no app any more")
    living.apply()
    assert sorted(living.pulls().values()) == [f"{key}: destroy (worker 1.0)" for key in (DEV, PROD)]
    assert living.run("sync", SERVICE).code == 1


def test_a_repository_that_does_not_answer_changes_nothing(living: Workshop, git_daemon: GitDaemon) -> None:
    app = begin(living, git_daemon.url("app.git"), str(git_daemon.base / "app.git"))
    living.work_off()
    app.write("app/spec.yaml", spec("dev", queue="post"))
    app.push("another queue", branch="dev")
    git_daemon.stop()
    living.edit("templates/service/worker/v1/instance_infrastructure/main.tf", "queue_id", "queue")
    living.commit("the template goes on")
    away = living.run("apply")
    assert (away.code, away.out.count("SYNC_UNREACHABLE")) == (4, 1)
    git_daemon.start()
    assert f"{DEV}: update version 1.0 -> 1.1 (worker 1.1)" in living.pulls().values()
    living.apply()
    assert [title for title in living.pulls().values() if title.startswith(DEV) and "input queue" in title]


def test_the_repository_is_asked_for_the_ops_file_and_once_more_for_other_branches(living: Workshop) -> None:
    with git_over_http(living.root / "served") as gateway:
        begin(living, gateway.url("app.git"), "served/app.git")
        living.apply()
        gateway.asked.clear()
        living.apply()
        assert sum(gateway.asked.values()) == gateway.asked["GET /app.git/info/refs"] == 2


def test_the_pipeline_is_that_of_the_first_spec_that_has_one(living: Workshop) -> None:
    app = Elsewhere.begin(living.root / "app", living.root / "app.git", "../app.git")
    for name in ("dev", "prod"):
        text = f"proton: ServiceSpec\npipeline: {{dockerfile: {name}/Dockerfile}}\n"
        app.write(f"{name}.yaml", text + f"instances: [{{name: {name}, environment: {name}, spec: {{image: a}}}}]\n")
    app.write("ops.yaml", OPS.replace("branch: dev, spec: ./app/spec.yaml", "branch: main, spec: dev.yaml"))
    app.edit("ops.yaml", "app/spec.yaml", "prod.yaml")
    app.push()
    living.write("repositories/app.yaml", app.repository_file("app"))
    living.write("services/app/service.yaml", service_file(opsfile="ops.yaml").replace("worker", "web"))
    living.commit("sync the app")
    assert "app@main:dev.yaml says what the pipeline is; app@main:prod.yaml says something else" in living.apply().out
    living.work_off()
    assert living.states()[PIPELINE] == "SUCCEEDED"
    assert "dev/Dockerfile" in living.run("render", PIPELINE).out


def blockers(workshop: Workshop, key: str) -> list[tuple[str, str, str]]:
    (found,) = workshop.run("sync", key, "-o", "json").json["resources"]
    return [(item["cause"], item["status"], item["id"]) for item in found["blockers"]]


def test_an_instance_that_is_listed_twice_waits_for_a_persons_word(living: Workshop, app: Elsewhere) -> None:
    own = "  instances:\n    - {name: dev, environment: dev, inputs: {queue: mine}}\n"
    living.write("services/app/service.yaml", service_file(own))
    living.commit("this instance is mine")
    done = living.apply()
    assert "services/app/service.yaml:9:14: warning: [SYNC_BLOCKED] dev is listed here and at app@main" in done.err
    assert list(living.pulls().values()) == [f"{DEV}: update input queue (worker 1.0)"], "the catalog counts"
    ((cause, state, identity),) = blockers(living, DEV)
    assert (cause, state) == ("listed-twice", "ACTIVE")
    living.work_off()
    before = living.records()
    living.apply()
    assert living.records() == before

    assert living.run("sync", "--resolve", identity).code == 64
    assert "there is no blocker nonsense" in living.run("sync", "--resolve", "nonsense", "--reason", "x").err
    said = living.run("sync", "--resolve", identity, "--reason", "the team decided so")
    assert (said.code, "is synced from Git again" in said.err) == (0, True)
    living.apply()
    assert list(living.pulls().values()) == [f"{DEV}: update input queue (worker 1.0)"], "Git wins"
    assert blockers(living, DEV) == [("listed-twice", "RESOLVED", identity)]
    assert "Reconciler-Reason: the team decided so" in living.git("log", "--format=%b", "reconciler/records")

    living.edit("services/app/service.yaml", "queue: mine", "queue: hers")
    living.commit("but")
    living.apply()
    assert [state for _, state, _ in blockers(living, DEV)] == ["RESOLVED", "ACTIVE"], "another word, another question"


@pytest.mark.parametrize("way", ["resolve", "retry", "undo"])
def test_a_folder_that_was_edited_by_hand_blocks_the_sync_of_its_instance_alone(
    living: Workshop, app: Elsewhere, way: str
) -> None:
    living.git("clone", "-q", "../infrastructure.git", "../clone")
    main = living.root / "clone/dev/app-dev/main.tf"
    main.write_text(main.read_text() + "# by hand\n")
    living.git("commit", "-q", "-a", "-m", "by hand", at="clone")
    living.git("push", "-q", "origin", "main", at="clone")
    for branch in ("dev", "main"):
        app.write("app/spec.yaml", spec("dev", "prod", queue="post"))
        app.push("another queue", branch=branch)
    living.run("apply")
    assert list(living.pulls().values()) == [f"{PROD}: update input queue (worker 1.0)"]
    ((cause, state, identity),) = blockers(living, DEV)
    assert (cause, state) == ("edited-folder", "ACTIVE")
    before = living.records()
    living.apply()
    assert living.records() == before

    if way == "resolve":
        assert living.run("sync", "--resolve", identity, "--reason", "it was an experiment").code == 0
        living.apply()
    elif way == "retry":
        assert living.run("retry", DEV).code == 0
    else:
        living.git("revert", "--no-edit", "HEAD", at="clone")
        living.git("push", "-q", "origin", "main", at="clone")
        living.apply()
    assert f"{DEV}: update input queue (worker 1.0)" in living.pulls().values()
    assert blockers(living, DEV) == [("edited-folder", "RESOLVED", identity)]
    living.work_off()
    assert living.states()[DEV] == "SUCCEEDED"
