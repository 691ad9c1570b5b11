"""Terraform itself accepts what is rendered: init, fmt, validate and apply in every folder of the example."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.automation.terraform import find_terraform, terraform_environment
from reconciler.cli.main import run
from reconciler.errors import InputError
from reconciler.gitstore.local import LocalRemote
from tests.support.story import FILES, environment

try:
    TERRAFORM = find_terraform()
except InputError as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's repositories after its whole life, as one folder of rendered folders."""
    home = tmp_path_factory.mktemp("demo") / "demo"
    assert run(["demo", "--dir", str(home), "--no-color"]) == 0
    out = tmp_path_factory.mktemp("rendered")
    for name in ("infrastructure", "pipelines"):
        remote = LocalRemote(home / f"{name}.git")
        tree = remote.objects.tree(remote.refs()["refs/heads/main"])
        for path, entry in tree.walk():
            file = out / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(remote.objects.read(entry.id))
    return out


FOLDERS = ("dev", "prod", "dev/mailer-mailer-dev", "dev/shop-shop-dev", "prod/shop-shop-prod", "shop/pipeline")


@pytest.mark.parametrize("folder", FOLDERS)
def test_terraform_accepts_every_rendered_folder(rendered: Path, folder: str) -> None:
    environment = terraform_environment(os.environ)
    for arguments in (
        ("init", "-input=false", "-no-color"),
        ("fmt", "-check", "-diff", "-no-color"),
        ("validate", "-no-color"),
        ("apply", "-auto-approve", "-input=false", "-no-color"),
    ):
        done = TERRAFORM.run(arguments, cwd=rendered / folder, env=environment)
        assert done.code == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"


# Where a machine keeps a mirror of provider binaries; tests fetch nothing.
MIRRORS = [path.parents[2] for path in Path("/").glob("*/*/registry.terraform.io/hashicorp/aws")]

AWS_MAIN = """terraform {
  backend "s3" {}
}

variable "aws_region" {
  type    = string
  default = "eu-west-1"
}

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = var.proton_tags
  }
}

resource "aws_s3_bucket" "data" {
  bucket = "${var.environment.name}-${var.environment.inputs.cidr}"
}

output "bucket" {
  value = aws_s3_bucket.data.bucket
}
"""


@pytest.mark.skipif(not MIRRORS, reason="no mirror of the hashicorp/aws provider on this machine")
def test_terraform_accepts_a_bundle_with_a_real_provider(tmp_path: Path) -> None:
    files = {**FILES, **environment("dev"), "templates/environment/net/v1/infrastructure/main.tf": AWS_MAIN}
    for path, text in files.items():
        file = tmp_path / "catalog" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert run(["render", "environment/dev", "--catalog", str(tmp_path / "catalog"), "--out", str(tmp_path)]) == 0
    environ = terraform_environment(os.environ)
    for arguments in (
        ("init", "-backend=false", "-input=false", "-no-color", f"-plugin-dir={MIRRORS[0]}"),
        ("fmt", "-check", "-diff", "-no-color"),
        ("validate", "-no-color"),
    ):
        done = TERRAFORM.run(arguments, cwd=tmp_path / "dev", env=environ)
        assert done.code == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"


def test_the_demo_refuses_a_folder_with_something_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    assert run(["demo", "--dir", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
