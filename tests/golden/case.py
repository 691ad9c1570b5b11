"""A golden case: a catalog, what happens to it step by step, and what each pass decides and writes (see README.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reconciler.model.engines import Engine
from reconciler.model.keys import Key, parse_key
from reconciler.model.reports import ReportStatus
from reconciler.planning.document import plan_document
from reconciler.planning.show import as_markdown, as_text
from tests.support.life import Life, Pass
from tests.support.memory import files_of_folder
from tests.support.observer import MemoryForge, Pull

HERE = Path(__file__).parent
CASES = HERE / "cases"
CATALOGS = {path.name: path for path in (HERE / "catalogs").iterdir()}
CATALOGS["example"] = HERE.parent.parent / "catalog-example"
_STEP_KEYS = {
    "settle", "pass", "expect", "edit", "move", "remove", "merge", "close", "reopen", "run", "report", "put", "wait",
    "race", "retry", "allow_deletes", "outputs", "unreachable", "render", "suppose",
}  # fmt: skip

Step = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A named step after its pass: the decisions that the case expects, and those that were made, with the files."""

    name: str
    expect: list[str]
    decisions: list[str]
    files: Mapping[str, bytes]


def case_names() -> list[str]:
    """The names of all cases."""
    return sorted(path.parent.name for path in CASES.glob("*/case.yaml"))


def play(name: str) -> Iterator[Shown]:
    """Plays a case; the named steps come out, numbered in order."""
    document = yaml.safe_load((CASES / name / "case.yaml").read_text())
    assert set(document) <= {"about", "catalog", "outputs", "steps"}, f"{name}: unknown key"
    life = Life(files_of_folder(CATALOGS[document["catalog"]]), document.get("outputs"))
    shown = 0
    known: dict[str, bytes] = {}
    for step in document["steps"]:
        assert set(step) <= _STEP_KEYS, f"{name}: unknown key in step: {set(step) - _STEP_KEYS}"
        _prepare(life, step)
        if step.get("settle"):
            life.settle()
            continue
        if "render" in step:
            shown += 1
            yield _rendered(f"{shown:02}-{step['render']}", life, step, known)
            continue
        done = _pass(life, step)
        if "pass" in step:
            shown += 1
            yield Shown(f"{shown:02}-{step['pass']}", step["expect"], done.decisions, _files(done))
        assert ("pass" in step) == ("expect" in step), f"{name}: a pass is named and says what it expects, or neither"


def _prepare(life: Life, step: Step) -> None:
    """What happened since the last pass."""
    for old, new in step.get("move", {}).items():
        life.catalog = {_moved(path, old, new): data for path, data in life.catalog.items()}
    for path in step.get("remove", ()):
        gone = [item for item in life.catalog if item == path or item.startswith(path + "/")]
        assert gone, f"nothing to remove at {path}"
        life.catalog = {item: data for item, data in life.catalog.items() if item not in gone}
    for path, edit in step.get("edit", {}).items():
        life.catalog[path] = _edited(path, life.catalog.get(path), edit)
    for key, outputs in step.get("outputs", {}).items():
        life.outputs[key] = outputs
    for repository, files in step.get("put", {}).items():
        branch = life.forge.files.setdefault(repository, {})
        for path, text in files.items():
            branch.pop(path, None)
            branch.update({path: text.encode()} if text is not None else {})
    life.forge.unreachable = set(step.get("unreachable", ()))
    _people(life.forge, step)
    wanted = step.get("run", ())
    life.run(life.forge.open_pulls() if wanted == "all" else [life.forge.newest(parse_key(key)) for key in wanted])
    for key, report in step.get("report", {}).items():
        pull, status = life.forge.newest(parse_key(key)), ReportStatus(report["status"])
        outputs = report.get("outputs", life.outputs.get(key, {}) if status is ReportStatus.SUCCEEDED else None)
        life.forge.tell(pull, status, outputs, report.get("message", ""), life.now)
    life.later(step.get("wait", 0))


def _people(forge: MemoryForge, step: Step) -> None:
    """What people do with pull requests: the newest of each key."""
    for pull in _pulls(forge, step.get("merge", ())):
        forge.merge(pull)
    for pull in _pulls(forge, step.get("close", ())):
        forge.refuse(pull)
    for pull in _pulls(forge, step.get("reopen", ())):
        forge.reopen(pull)


def _pulls(forge: MemoryForge, wanted: str | list[str]) -> list[Pull]:
    if wanted == "all":
        return forge.open_pulls()
    return [forge.newest(parse_key(key)) for key in wanted]


def _pass(life: Life, step: Step) -> Pass:
    """One pass, planned twice before: looking changes nothing, and the same view gives the same bytes. After it there
    is nothing to do until somebody does something."""
    named: dict[str, frozenset[Key]] = {
        option: frozenset(parse_key(key) for key in step.get(option, ())) for option in ("retry", "allow_deletes")
    }
    first, second = _plans(life.look(**named)), _plans(life.look(**named))
    assert first == second
    race: Callable[[MemoryForge], None] = lambda forge: _people(forge, step.get("race", {}))  # noqa: E731
    done = life.apply(**named, race=race)
    after = life.look().plan
    assert done.plan is None or (after is not None and ("race" in step or not after.has_changes))
    return done


def _rendered(name: str, life: Life, step: Step, known: dict[str, bytes]) -> Shown:
    """What every resource would get with the outputs that are supposed, but for files that were shown before; and the
    plan as it is without them."""
    supposed = {parse_key(key): outputs for key, outputs in step.get("suppose", {}).items()}
    first, second = life.render(supposed), life.render(supposed)
    assert first == second
    told = [f"blocked {key} {blocked.reason}" for key, blocked in first.blocked.items()]
    files = _plans(life.look(engines=frozenset(Engine)))
    lines = [f"{key}: {blocked.message}\n-> {blocked.hint}\n" for key, blocked in first.blocked.items()]
    files |= {"blocked.txt": "".join(lines).encode()} if lines else {}
    files |= {f"files/{path}": data for path, data in first.files.items() if known.get(path) != data}
    known.update(first.files)
    return Shown(name, step["expect"], told, files)


def _moved(path: str, old: str, new: str) -> str:
    return new + path.removeprefix(old) if path.startswith(old + "/") else path


def _edited(path: str, before: bytes | None, edit: str | Mapping[str, str]) -> bytes:
    """A whole new text, or the old one with every `from: to` of a mapping replaced; each must be there exactly once."""
    if isinstance(edit, str):
        return edit.encode()
    assert before is not None, f"nothing to edit at {path}"
    text = before.decode()
    for old, new in edit.items():
        assert text.count(old) == 1, f"{path}: {old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text.encode()


def _plans(done: Pass) -> dict[str, bytes]:
    if done.plan is None:
        return {"problems.txt": "".join(f"{problem}\n" for problem in done.problems).encode()}
    document = json.dumps(plan_document(done.plan, done.book), indent=2, ensure_ascii=False)
    return {
        "plan.txt": as_text(done.plan, done.book).encode(),
        "plan.json": f"{document}\n".encode(),
        "plan.md": as_markdown(done.plan, done.book).encode(),
    }


def _files(done: Pass) -> dict[str, bytes]:
    """What is kept of a pass: the plan, its pull requests, and the files and records that it wrote."""
    files = _plans(done)
    if done.log:
        files["pull-requests.md"] = "\n".join([*done.log, *map(_described, done.opened), ""]).encode()
    for pull in done.opened:
        folder = pull.proposal.deployment.target.folder
        files |= {f"files/{pull.repository}/{folder}/{path}": data for path, data in pull.proposal.files.items()}
    listed = [f"{'-' if data is None else '+'} {path}\n" for path, data in sorted(done.edits.items()) if not data]
    # Index entries are empty files that are listed, never read; a bundle is what the catalog says.
    files |= {"records/index.txt": "".join(listed).encode()} if listed else {}
    kept = {path: data for path, data in done.edits.items() if data and not path.startswith("bundles/")}
    return files | {f"records/{path}": data for path, data in kept.items()}


def _described(pull: Pull) -> str:
    removes = "".join(f"removes {path}\n" for path in pull.proposal.remove)
    return f"\n# {pull.proposal.deployment.title}\n{removes}\n{pull.proposal.body}"


def expected(name: str, step: str) -> dict[str, bytes]:
    """What was blessed for a step."""
    return files_of_folder(CASES / name / "expected" / step)


def is_safe(name: str) -> bool:
    """True for a name that is the same folder everywhere."""
    return re.fullmatch(r"[a-z0-9-]+", name) is not None
