"""`env_config.json`, as workflows written for Proton have it."""

from __future__ import annotations

import pytest

from reconciler.automation.credentials import child_environment
from reconciler.automation.env_config import PIPELINES, EnvSettings, read_env_config, settings_for
from reconciler.errors import InputError

FILE = b"""{
  "*": {"region": "eu-west-1"},
  "dev": {"role": "arn:aws:iam::111122223333:role/dev", "region": "us-west-2", "state_bucket": "b", "theirs": 1},
  "pipeline": {"role": null}
}"""


def test_an_environment_has_its_own_entry() -> None:
    settings = settings_for(read_env_config(FILE), "dev")
    assert settings == EnvSettings("arn:aws:iam::111122223333:role/dev", "us-west-2", "b")


@pytest.mark.parametrize("name", ["prod", None])
def test_an_environment_without_an_entry_falls_back_to_the_star(name: str | None) -> None:
    assert settings_for(read_env_config(FILE), name) == EnvSettings(region="eu-west-1")


def test_pipelines_have_an_entry_of_their_own() -> None:
    assert settings_for(read_env_config(FILE), PIPELINES) == EnvSettings()


def test_without_a_file_nothing_is_configured() -> None:
    assert settings_for(read_env_config(None), "dev") == EnvSettings()


def test_a_file_without_an_entry_is_refused() -> None:
    with pytest.raises(InputError, match='neither an entry "prod" nor'):
        settings_for(read_env_config(b'{"dev": {}}'), "prod")


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{\n  "dev": {,}\n}', "env_config.json:2:11: not valid JSON"),
        (b"[]", "env_config.json:1:1: must be an object"),
        (b'{\n  "dev": 3}', 'env_config.json:2:10: "dev" must be an object'),
        (b'{"dev": {\n "region": 3}}', 'env_config.json:2:12: "region" of "dev" must be text'),
        (b'{"dev": {\n\t"region": 3}}', 'env_config.json(:2:12)?: "region" of "dev" must be text'),
        (b"\xff", "env_config.json: the file is not UTF-8"),
        (b"[" * 100_000, "env_config.json: nested too deeply"),
    ],
)
def test_a_broken_file_is_named_with_line_and_column(data: bytes, place: str) -> None:
    with pytest.raises(InputError, match=place):
        read_env_config(data)


def test_a_state_bucket_fills_in_the_backend() -> None:
    arguments = EnvSettings(region="us-west-2", state_bucket="b").backend_arguments("dev/shop-x")
    assert arguments == (
        "-backend-config=bucket=b",
        "-backend-config=key=dev/shop-x/terraform.tfstate",
        "-backend-config=region=us-west-2",
    )
    assert EnvSettings(region="us-west-2").backend_arguments("dev") == ()


def test_the_region_reaches_providers_and_templates() -> None:
    env = child_environment({"PATH": "/bin"}, EnvSettings(region="us-west-2"), folder="dev", assume_role=True)
    assert {env[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "TF_VAR_aws_region")} == {"us-west-2"}
    assert env["PATH"] == "/bin"


def test_with_a_web_identity_the_role_is_only_named() -> None:
    base = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}
    env = child_environment(base, EnvSettings(role="arn:aws:iam::1:role/x"), folder="dev", assume_role=True)
    assert env["AWS_ROLE_ARN"] == "arn:aws:iam::1:role/x"
    assert "AWS_SESSION_TOKEN" not in env


def test_no_role_is_assumed_when_that_is_not_wanted() -> None:
    env = child_environment({}, EnvSettings(role="arn:aws:iam::1:role/x"), folder="dev", assume_role=False)
    assert not {name for name in env if name.startswith("AWS_")}
