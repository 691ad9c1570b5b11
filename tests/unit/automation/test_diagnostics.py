"""Terraform's words, ready to publish."""

from __future__ import annotations

import json

import pytest

from reconciler.automation.diagnostics import LOCKED, Redactor, has_error, words
from reconciler.automation.outputs import terraform_outputs
from reconciler.automation.terraform import Completed
from reconciler.model.reports import LeftOut


def _diagnostic(**fields: object) -> str:
    return json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", **fields}})


def test_an_error_is_told_with_its_place_and_detail() -> None:
    place = {"filename": "main.tf", "start": {"line": 7}}
    warning = _diagnostic(severity="warning", summary="old")
    errors = [_diagnostic(summary="no", detail="because\n", range=place), _diagnostic(summary="and no")]
    text = words(Completed(1, "\n".join(["noise", warning, *errors]), ""), Redactor())
    assert text == "Error: no (main.tf:7)\nbecause\n\nError: and no"


def test_without_json_the_standard_error_is_told() -> None:
    assert words(Completed(1, "", "\nError: broken\n"), Redactor()) == "Error: broken"


def test_silence_and_signals_are_told_too() -> None:
    assert words(Completed(2, "", ""), Redactor()) == "Terraform ended with code 2 and said nothing"
    assert words(Completed(-9, "", ""), Redactor()) == "Terraform was ended by signal 9"


def test_long_errors_are_cut_in_the_middle() -> None:
    text = words(Completed(1, "", "start " + "x" * 9000 + " end"), Redactor())
    assert len(text) <= 5000
    assert text.startswith("start ")
    assert text.endswith(" end")


def test_secrets_of_the_environment_are_taken_out() -> None:
    redactor = Redactor.of({"AWS_SECRET_ACCESS_KEY": "sosecret1", "AWS_SESSION_TOKEN": "", "HOME": "/home/x1234567"})
    assert words(Completed(1, "", "Error: sosecret1 in /home/x1234567"), redactor) == "Error: *** in /home/x1234567"


def test_whatever_is_named_like_a_secret_is_one() -> None:
    names = ["GITHUB_TOKEN", "TF_VAR_db_password", "X_PASSWD", "MY_SECRET", "A_CREDENTIALS", "PRIVATE_KEY_PEM"]
    env = {name: f"value-of-{number}" for number, name in enumerate(names)} | {
        "HOME_TOKEN": "short",
        "PLAIN": "plaintext",
    }
    text = Redactor.of(env).clean(" ".join(env.values()))
    assert text == f"{' '.join(['***'] * len(names))} short plaintext"


def test_a_secret_of_several_lines_is_found_line_by_line_and_in_json() -> None:
    redactor = Redactor.of({"TF_VAR_private_key": 'first line\n  "second" line\n'})
    assert redactor.clean("  | first line\n  | x") == "  | ***\n  | x"
    assert redactor.clean(json.dumps('first line\n  "second" line\n')) == '"***"'


def test_a_secret_inside_another_one_leaves_nothing_of_it() -> None:
    assert Redactor.of({"A_TOKEN": "12345678", "B_TOKEN": "123456789-rest"}).clean("123456789-rest") == "***"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://user:pass@host/x", "https://***@host/x"),
        ("git::https://token@host", "git::https://***@host"),
        ("https://u:p@ss@host and a@b", "https://***@host and a@b"),
        ("postgres://u:p@db:5432/x", "postgres://***@db:5432/x"),
        ("ssh://git@host:22/x", "ssh://git@host:22/x"),
        ("ssh://git:pass@host/x", "ssh://***@host/x"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_users_and_passwords_in_urls_are_taken_out(text: str, clean: str) -> None:
    assert Redactor().clean(text) == clean


def test_an_output_with_a_secret_is_left_out_and_named() -> None:
    document = {
        "url": {"sensitive": False, "value": "https://u:pass@host"},
        "list": {"sensitive": False, "value": ["sosecret1"]},
        "fine": {"sensitive": False, "value": "https://host"},
    }
    kept, left_out = terraform_outputs(document, Redactor.of({"A_TOKEN": "sosecret1"}))
    assert kept == {"fine": "https://host"}
    assert [item.key for item in left_out] == ["url", "list"]
    assert not any("sosecret1" in item.reason for item in left_out)


def test_an_error_is_recognised_by_its_summary() -> None:
    assert has_error(Completed(1, _diagnostic(summary=LOCKED), ""), LOCKED)
    assert not has_error(Completed(1, _diagnostic(summary="x", detail=LOCKED), LOCKED), LOCKED)


def test_outputs_are_strings_and_what_cannot_be_reported_is_named() -> None:
    document = {
        "text": {"sensitive": False, "value": "a b"},
        "list": {"sensitive": False, "value": [1, {"ü": None}]},
        "flag": {"sensitive": False, "value": True},
        "port": {"sensitive": False, "value": 8080},
        "none": {"sensitive": False, "value": None},
        "empty": {"sensitive": False, "value": ""},
        "long": {"sensitive": False, "value": "x" * 1025},
        "secret": {"sensitive": True, "value": "s"},
    }
    kept, left_out = terraform_outputs(document, Redactor())
    assert kept == {"text": "a b", "list": '[1,{"ü":null}]', "flag": "true", "port": "8080"}
    assert LeftOut("secret", "it is sensitive") in left_out
    assert {item.key for item in left_out} == {"none", "empty", "long", "secret"}
    assert not any(item.reason == "s" for item in left_out)
