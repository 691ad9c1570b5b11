"""Whatever a catalog contains, `validate` and `plan` say what is wrong with it: no defect, no traceback, no wait."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.cli.main import run
from reconciler.errors import ReconcilerError
from reconciler.model.engines import Engine
from reconciler.model.keys import environment_key
from tests.golden.case import CATALOGS
from tests.support.life import Life
from tests.support.memory import files_of_folder

Files = dict[str, bytes]

# Pieces that have meant trouble to parsers, in any file.
PIECES = [
    *("{{", "}}", "{%", "{# ", "{% for x in", "{% endif %}", "{{ a.b }}", "{{ 1 // 0 }}", "{{ [] | first }}"),
    *("{{ environment.inputs.cidr['a':] }}", "{{ environment.nme }}", "{% set a = b %}", "{{ ''.__class__ }}"),
    *("{% include 'a' %}", "{{ self() }}", "{{ loop.index }}", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"),
    *("&a", "*a", "!Ref", "!!python/object:os.system x", "<<: *a", "? ", "- ", ": ", "%YAML 9.9\n", "---\n", "...\n"),
    *("\t", "\r", "\0", "\ufeff", "\u2028", "\ud7ff", "'", '"', "|", "[" * 300, "{a: " * 300, "x" * 5000, "0" * 400),
    *(".inf", "0o17", "1e999", "2024-02-30", "12:30:45", "~", "null", "=", "@", "`", "#", "\\", "${", "\n\n", "\n"),
    *("<<EOF\n", "/*", "resource", "}", "${file('/etc/passwd')}"),
]
# Values of every type, for places where another one is meant.
VALUES = [
    *(
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        float("inf"),
        "",
        " ",
        "x",
        "../x",
        "a/b",
        "1",
        "1.0",
        "*",
        "#/Network",
        "(",
        "{{",
    ),
    *([], [None], [[]], {}, {"": None}, {"type": "object"}, {"$ref": "#/Network"}, [{"file": "x"}], ["name:1"], "é\0"),
]
KEYS = ["", "x", "type", "$ref", "default", "items", "name", "spec", "1", "templates", "required", "enum", "pattern"]


@cache
def catalog(name: str) -> Mapping[str, bytes]:
    return files_of_folder(CATALOGS[name])


def nodes(value: Any) -> Iterator[Any]:
    """Every mapping and list inside a value."""
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from nodes(item)


def structural(draw: st.DrawFn, data: bytes) -> bytes:
    """YAML with a value of another type, a key under another name, or one that is gone or there twice."""
    try:
        document = yaml.safe_load(data)
    except yaml.YAMLError:
        return textual(draw, data)
    places = [node for node in nodes(document) if node]
    if not places:
        return yaml.safe_dump(draw(st.sampled_from(VALUES))).encode()
    node = draw(st.sampled_from(places))
    where = draw(st.sampled_from(sorted(node, key=str) if isinstance(node, dict) else range(len(node))))
    match draw(st.sampled_from(["value", "value", "rename", "remove", "add"])):
        case "rename" if isinstance(node, dict):
            node[draw(st.sampled_from(KEYS))] = node.pop(where)
        case "remove":
            del node[where]
        case "add" if isinstance(node, dict):
            node[draw(st.sampled_from(KEYS))] = draw(st.sampled_from(VALUES))
        case _:
            node[where] = draw(st.sampled_from(VALUES))
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode()


def textual(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes that are gone, doubled, in the way of others, or not text at all."""
    start = draw(st.integers(0, len(data)))
    end = min(len(data), start + draw(st.integers(0, 40)))
    piece = draw(st.one_of(st.sampled_from(PIECES).map(str.encode), st.binary(max_size=8), st.just(data[start:end])))
    return data[:start] + piece + data[draw(st.sampled_from([start, end])) :]


@st.composite
def garbled(draw: st.DrawFn, names: tuple[str, ...] = ("small", "example", "stacks", "builds")) -> Files:
    """A catalog in which one to three files are not what they were, or where they were."""
    files = dict(catalog(draw(st.sampled_from(names))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(files)))
        match draw(st.sampled_from(["text", "text", "yaml", "yaml", "yaml", "gone", "moved", "other", "folder"])):
            case "text":
                files[path] = textual(draw, files[path])
            case "yaml":
                files[path] = structural(draw, files[path])
            case "gone":
                del files[path]
            case "moved":
                folder = draw(st.sampled_from(sorted({str(Path(other).parent) for other in files})))
                files[f"{folder}/{Path(path).name}".removeprefix("./")] = files.pop(path)
            case "other":
                files[path] = files[draw(st.sampled_from(sorted(files)))]
            case _:
                files[f"{path}/{draw(st.sampled_from(['a', 'main.tf', 'v1']))}"] = files.pop(path)
        if not files:
            break
    return {path: data for path, data in files.items() if not any(other.startswith(path + "/") for other in files)}


def fuzzed(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, deadline=None, suppress_health_check=checks)


def said(folder: Path, files: Files, verb: str) -> tuple[int, str]:
    """The exit code of a verb, and what it printed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run([verb, "--catalog", str(folder)])
    return code, out.getvalue()


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("CHECKPOINT_DISABLE", "1")
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)


@fuzzed(60)
@given(garbled(("stacks", "builds", "small")))
def test_no_catalog_makes_validate_fail(tmp_path: Path, files: Files) -> None:
    started = time.process_time()
    code, text = said(tmp_path / "catalog", files, "validate")
    assert code in (0, 1, 64), text
    assert "Traceback" not in text
    assert time.process_time() - started < 1


@fuzzed(8)
@given(garbled(("stacks", "builds", "small")))
def test_no_catalog_makes_plan_fail(tmp_path: Path, files: Files) -> None:
    code, text = said(tmp_path / "catalog", files, "plan")
    assert code in (0, 1, 64), text
    assert "Traceback" not in text


@fuzzed(150)
@given(garbled())
def test_no_catalog_breaks_planning_and_rendering(files: Files) -> None:
    started = time.process_time()
    life, world = Life(files), None
    with suppress(ReconcilerError):
        life.look()
        world = life.look(engines=frozenset(Engine)).world
    for name in world.catalog.environment_names() if world is not None else ():
        with suppress(ReconcilerError):
            life.render({environment_key(name): {"Bucket": "b", "VpcId": "v", "SubnetIds": "a: {b\n", "x": "\u2028"}})
    assert time.process_time() - started < 1
