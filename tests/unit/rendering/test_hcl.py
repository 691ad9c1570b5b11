from __future__ import annotations

import base64
import json
import os
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.automation.terraform import TerraformProgram, find_terraform
from reconciler.model.documents import Json
from reconciler.rendering.hcl import tfvars

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.lists(
    st.sampled_from(['"', "\\", "$", "%", "{", "}", "\n", "\t", "\r", "\0", "\x7f", "a", "é", "😀", "\u2028", "u0041"]),
    max_size=8,
).map("".join)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def normal(value: Json) -> Json:
    """As Terraform keeps it: texts and keys in normal form C."""
    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", key): normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def terraform(folder: Path, *words: str, input: str = "") -> str:
    program = find_terraform()
    assert isinstance(program, TerraformProgram)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    command = [*program.command, *words]
    run = subprocess.run(command, cwd=folder, env=environment, input=input, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def read_back(folder: Path, value: Json) -> Json:
    (folder / "main.tf").write_text('variable "v" {\n  type = any\n}\n')
    (folder / "v.tfvars").write_text(tfvars({"v": value}), newline="")
    said = terraform(folder, "console", "-var-file=v.tfvars", input="base64encode(jsonencode(var.v))\n")
    return json.loads(base64.b64decode(said.strip().strip('"')), parse_int=float)


def test_values_stand_as_terraform_fmt_leaves_them() -> None:
    values: Json = {
        "environment": {"name": "dev", "account_id": "111122223333", "outputs": {}, "inputs": {"a": 1, "long": [1, 2]}},
        "service_instances": [{"name": "a", "inputs": {"deep": [[], {"x": None}]}}, {"name": "b"}],
        "empty": [],
        "flag": True,
        "null": 1e-07,
        "for": -2.5,
        "a b": "two\nlines",
    }
    assert (
        tfvars(values)
        == """\
environment = {
  name       = "dev"
  account_id = "111122223333"
  outputs    = {}
  inputs = {
    a    = 1
    long = [1, 2]
  }
}
service_instances = [
  {
    name = "a"
    inputs = {
      deep = [
        [],
        {
          x = null
        },
      ]
    }
  },
  {
    name = "b"
  },
]
empty  = []
flag   = true
"null" = 1e-07
"for"  = -2.5
"a b"  = "two\\nlines"
"""
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('say "hi"\\', r'"say \"hi\"\\"'),
        ("a\n\r\tb", r'"a\n\r\tb"'),
        ("${a} $${a} %{if} 100%", '"$${a} $$${a} %%{if} 100%"'),
        ("\0\x7f\u2028\U000e0001", r'"\u0000\u007f\u2028\U000e0001"'),
        ("é 😀", '"é 😀"'),
    ],
)
def test_texts_are_escaped(text: str, written: str) -> None:
    assert tfvars({"v": text}) == f"v = {written}\n"


def test_keys_that_are_no_names_are_quoted_in_ascii() -> None:
    assert tfvars({"é": 1, "a-b": 2, "1": 3, "${x}": 4}) == '"\\u00e9" = 1\na-b      = 2\n"1"      = 3\n"$${x}"  = 4\n'


@settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(VALUES, min_size=8, max_size=20))
def test_terraform_reads_back_what_was_given_and_has_nothing_to_format(tmp_path: Path, values: list[Json]) -> None:
    wrapped: Json = {"values": values}
    assert read_back(tmp_path, wrapped) == normal(wrapped)
    terraform(tmp_path, "fmt", "-check", "-diff", "v.tfvars")
