from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.documents import Json, canonical
from reconciler.model.keys import Key, environment_key, instance_key
from reconciler.model.reports import ReportStatus
from reconciler.model.trees import Tree
from reconciler.planning.observations import PullState
from reconciler.planning.verifying import Verifier
from reconciler.records.layout import CURSOR, LINEAGE, key_of_path, record_path, unsettled_path, user_path
from reconciler.records.verify import Check, Fault, check_branch, read_branch
from tests.support.catalogs import CATALOG, COMPONENT_MANIFEST, ENVIRONMENT, WEB, component_file
from tests.support.life import JINJA, LINEAGE_ID, Life
from tests.support.memory import MemoryReader, link, memory_tree
from tests.support.records import DEV, TEMPLATE

Files = dict[str, bytes]
PICK = st.integers(0, 9)
DOCUMENT = Path(__file__).parents[3] / "reconciler" / "records" / "README.md"
MAIL = instance_key("mail", "mail-dev")
SHOP = instance_key("shop", "shop-dev")
# What comes from outside, or only speaks to people: nothing on the branch says whether it is true.
FACTS = {
    *("outputs", "leftOut", "statusMessage", "title", "requestedBy", "catalogCommit", "pullRequest", "files"),
    *("claimedAt", "mergedAt", "reportedAt", "finishedAt", "at", "since", "merged", "replaces", "replacedBy"),
    *("message", "hint", "reason", "waitingOn", "withdrawn", "deployments", "blocked"),
}


def faults_of(files: Files) -> tuple[Fault, ...]:
    return Verifier(read_branch(memory_tree(files)), JINJA, LINEAGE_ID).faults()


@cache
def stages() -> tuple[Files, ...]:
    """The branch after every pass of a catalog's life, with everything in it that records can hold."""
    files: dict[str, str] = {
        **CATALOG,
        f"{WEB}/.template-registration.yaml": "compatible_environments: [net:1]\n"
        "supported_component_sources: [DIRECTLY_DEFINED]\n",
        "components/bucket/component.yaml": component_file("bucket", "{attachTo: shop/shop-dev}"),
        "components/bucket/manifest.yaml": COMPONENT_MANIFEST,
        "components/bucket/main.tf": 'resource "i" "j" {}\n',
    }
    life = Life(files, {"environment/dev": {"vpc": "v-1"}, "component/bucket": {"arn": "a-1"}})
    found: list[Files] = []

    def passes(**options: frozenset[Key]) -> None:
        assert life.apply(**options).plan is not None
        found.append(dict(life.records))

    def dev(cidr: str) -> None:
        life.catalog["environments/dev/environment.yaml"] = ENVIRONMENT.replace("10.1", cidr).encode()
        passes()

    passes()
    first = life.forge.open_pulls()[0]
    life.forge.merge(first)
    passes()
    life.report(first, ReportStatus.FAILED, "no more addresses")
    passes()
    passes(retry=frozenset([DEV]))
    life.settle()
    found.append(dict(life.records))
    dev("10.2")
    dev("10.3")
    life.forge.refuse(life.forge.newest(DEV))
    passes()
    dev("10.1")
    del life.catalog["services/mail/service.yaml"]
    passes()
    life.settle()
    found.append(dict(life.records))
    return tuple(found)


def settled() -> Files:
    """A branch on which everything succeeded, some of it later than other."""
    return dict(stages()[4])


def edited(files: Files, path: str, change: Callable[[Json], object]) -> Files:
    """The same with a JSON file changed by hand, in canonical form."""
    document = json.loads(files[path])
    change(document)
    return files | {path: canonical(document)}


def checks(files: Files) -> set[tuple[Check, str]]:
    return {(fault.check, fault.path) for fault in faults_of(files)}


def test_what_passes_write_is_consistent_at_any_time() -> None:
    for files in stages():
        assert faults_of(files) == ()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "run", "fail", "refuse", "reopen", "late", "wait", "edit", "retry", "drop"]), PICK
    ),
    max_size=14,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_people_do_what_passes_write_is_consistent(steps: list[tuple[str, int]]) -> None:
    life = Life(CATALOG, {"environment/dev": {"vpc": "v-1"}})
    life.apply()
    for step, pick in steps:
        options: dict[str, frozenset[Key]] = {}
        pulls = life.forge.open_pulls()
        pull = pulls[pick % len(pulls)] if pulls else None
        any_pull = life.forge.pulls[pick % len(life.forge.pulls)]
        if step == "merge" and pull:
            life.forge.merge(pull)
        elif step in ("run", "fail") and pull:
            life.forge.merge(pull)
            life.report(pull, ReportStatus.SUCCEEDED if step == "run" else ReportStatus.FAILED, "x")
        elif step == "refuse" and pull:
            life.forge.refuse(pull)
        elif step == "reopen" and any_pull.state is PullState.CLOSED:
            any_pull.state = PullState.OPEN
        elif step == "late":
            life.report(any_pull)
        elif step == "wait":
            life.later(3 if pick % 2 else 20)
        elif step == "edit":
            path = ["environments/dev/environment.yaml", "services/mail/service.yaml", f"{WEB}/notes.md"][pick % 3]
            text = CATALOG.get(path, "").replace("10.1", f"10.{pick}").replace("25", f"2{pick}")
            life.catalog[path] = (text or f"notes {pick}\n").encode()
        elif step == "retry":
            options["retry"] = frozenset([DEV, MAIL])
        elif step == "drop":
            life.catalog.pop(["services/mail/service.yaml", "services/shop/service.yaml"][pick % 2], None)
        done = life.apply(**options)
        assert done.plan is not None, done.problems
        assert faults_of(life.records) == (), step


def test_every_check_is_explained_once() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT.read_text(encoding="utf-8").partition("## Verify\n")[2], re.M)
    assert sorted(rows) == sorted(Check)


def test_a_file_that_is_no_record_is_damaged_and_named() -> None:
    path = record_path(DEV)
    for data in (b"", b"{}", b"[]\n", b'{"format": 9}', b"\xff", settled()[path][:-40]):
        files = settled() | {path: data}
        assert checks(files) == {(Check.DAMAGED, path)}


def test_other_bytes_for_the_same_record_are_not_canonical() -> None:
    path = record_path(DEV)
    files = settled()
    assert checks(files | {path: files[path] + b"\n"}) == {(Check.NOT_CANONICAL, path)}
    assert checks(edited(files, path, lambda d: d.update(extra=1))) == {(Check.NOT_CANONICAL, path)}


def test_what_an_earlier_version_did_not_write_is_no_fault() -> None:
    def older(document: Json) -> None:
        del document["merged"], document["latest"]["reads"], document["latest"]["replaces"]

    assert faults_of(edited(settled(), record_path(DEV), older)) == ()


def test_a_record_in_another_place_is_misplaced() -> None:
    files = settled()
    data = files[record_path(DEV)]
    other = record_path(environment_key("other"))
    assert checks(files | {other: data}) == {(Check.MISPLACED, other)}
    wrong = "resources/environment/zz/dev.json"
    assert checks(files | {wrong: data}) == {(Check.MISPLACED, wrong)}


def test_a_file_that_no_version_writes_is_unknown() -> None:
    for path in ("notes.txt", "resources/environment/zz/dev.yaml", "index/other/x", "syncs/component/aa/b.json"):
        assert (Check.UNKNOWN_FILE, path) in checks(settled() | {path: b""})


def test_a_link_in_place_of_a_record_is_damaged() -> None:
    files = settled()
    tree = memory_tree({**files, record_path(DEV): link("dev.json")})
    found = Verifier(read_branch(tree), JINJA, LINEAGE_ID).faults()
    assert [(fault.check, fault.path) for fault in found] == [(Check.DAMAGED, record_path(DEV))]


def test_another_lineage_is_said_once() -> None:
    files = edited(settled(), LINEAGE, lambda d: d.update(lineage="another"))
    assert checks(files) == {(Check.LINEAGE, LINEAGE)}
    gone = settled()
    del gone[LINEAGE]
    assert checks(gone) == {(Check.LINEAGE, LINEAGE)}


def test_records_without_a_cursor_have_lost_it() -> None:
    files = settled()
    del files[CURSOR]
    assert checks(files) == {(Check.CURSOR, CURSOR)}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["latest"].update(document=d["latest"]["document"].replace("10.1", "10.9")),
        lambda d: d["latest"]["target"].update(folder="prod"),
        lambda d: d["latest"].update(digest="0" * 64),
    ],
)
def test_a_digest_is_that_of_bundle_document_and_target(change: Callable[[Json], object]) -> None:
    found = checks(edited(settled(), record_path(DEV), change))
    assert {item for item in found if item[0] is not Check.ID} == {(Check.DIGEST, record_path(DEV))}


def test_an_id_is_that_of_lineage_key_number_and_digest() -> None:
    for path in (record_path(DEV), record_path(SHOP)):
        files = edited(settled(), path, lambda d: d["latest"].update(number=3) or d.update(deployments=3))
        assert checks(files) == {(Check.ID, path)}


def test_a_destruction_has_the_digest_of_what_it_destroys() -> None:
    path = record_path(MAIL)
    gone = dict(stages()[-1])
    assert json.loads(gone[path])["latest"]["destroy"]
    files = edited(gone, path, lambda d: d["latest"].update(version="1.1", digest="0" * 64))
    assert (Check.DIGEST, path) in checks(files)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d: d.update(deployments=1), "number 2 of 1"),
        (lambda d: d["latest"].update(status="IN_PROGRESS"), "and over"),
        (lambda d: d["latest"].update(status="FAILED"), "has outputs"),
        (lambda d: d["latest"].update(status="DELETE_FAILED"), "nothing but a destruction"),
        (lambda d: d["latest"].update(destroy=True), "which a destruction cannot be"),
        (lambda d: d.update(effective=None), "is not in effect"),
        (lambda d: d["latest"].update(finishedAt=""), "not over"),
        (lambda d: d["latest"].update(claimedAt="yesterday"), "which is no time"),
        (lambda d: d["latest"].update(mergedAt=""), "was not merged"),
        (lambda d: d.update(closing="latest"), "being closed"),
        (lambda d: d["latest"].update(catalogCommit="main"), "no commit"),
        (lambda d: d["latest"].update(template="", version=""), "made from"),
        (lambda d: d["latest"].update(environment="dev"), "in environment"),
        (lambda d: d["latest"].update(key="environment/prod"), "is of environment/prod"),
    ],
)
def test_what_contradicts_itself_is_impossible(change: Callable[[Json], object], what: str) -> None:
    found = faults_of(edited(settled(), record_path(DEV), change))
    assert any(fault.check is Check.IMPOSSIBLE and what in fault.message for fault in found)
    assert {fault.path for fault in found} == {record_path(DEV)}


def test_a_template_says_what_its_bundles_say() -> None:
    path = record_path(Key(TEMPLATE.kind, "net"))
    files = edited(settled(), path, lambda d: d["versions"][0].update(content="0" * 40))
    assert checks(files) == {(Check.VERSION, path)}
    web = next(path for path in settled() if path.startswith("resources/service-template/") and "web" in path)
    files = edited(settled(), web, lambda d: d["versions"][0].update(compatibleEnvironments=["net:2"]))
    assert checks(files) == {(Check.VERSION, web)}
    files = edited(settled(), web, lambda d: d["versions"][0].update(status="REGISTRATION_FAILED"))
    assert (Check.IMPOSSIBLE, web) in checks(files)
    files = edited(settled(), web, lambda d: d["versions"].append(d["versions"][0]))
    assert checks(files) == {(Check.IMPOSSIBLE, web)}


def test_what_is_live_is_made_from_a_version_on_record() -> None:
    files = edited(settled(), record_path(TEMPLATE), lambda d: d.update(versions=[]))
    assert (Check.VERSION, record_path(DEV)) in checks(files)
    del files[record_path(TEMPLATE)]
    assert checks(files) == {(Check.MISSING, record_path(TEMPLATE))}


def test_every_bundle_that_something_is_made_from_is_pinned() -> None:
    files = settled()
    bundle = json.loads(files[record_path(DEV)])["latest"]["bundle"]
    without = {path: data for path, data in files.items() if not path.startswith(f"bundles/{bundle}/")}
    assert checks(without) == {(Check.BUNDLE, f"bundles/{bundle}")}
    changed = files | {f"bundles/{bundle}/infrastructure/main.tf": b"# changed by hand\n"}
    assert checks(changed) == {(Check.BUNDLE, f"bundles/{bundle}")}
    assert checks(files | {"bundles/x": b"a file"}) == {(Check.BUNDLE, "bundles/x")}


def test_indexes_have_every_entry_and_no_other() -> None:
    files = settled()
    entries = [path for path in files if path.startswith("index/")]
    assert len(entries) >= 8
    for path in entries:
        assert checks({name: data for name, data in files.items() if name != path}) == {(Check.INDEX, path)}
        assert checks(files | {path: b"x"}) == {(Check.INDEX, path)}
    for path in (unsettled_path(DEV), user_path(TEMPLATE, SHOP)):
        assert checks(files | {path: b""}) == {(Check.INDEX, path)}


def test_a_record_that_an_index_speaks_of_is_missing() -> None:
    files = settled()
    del files[record_path(DEV)]
    assert checks(files) == {(Check.MISSING, record_path(DEV))}


def test_the_newest_right_version_is_told_from_a_wrong_one() -> None:
    tree, path = memory_tree(settled()), record_path(DEV)
    wrong = memory_tree(edited(settled(), path, lambda d: d["latest"].update(digest="0" * 64)))
    verifier = Verifier(read_branch(wrong), JINJA, LINEAGE_ID)
    right_entry, wrong_entry = tree.entry(path), wrong.entry(path)
    assert right_entry is not None
    assert wrong_entry is not None
    assert not verifier.is_right(path, wrong_entry)
    # The reader of the damaged branch has to have the right file as well.
    both = memory_tree({**settled(), path: wrong.read(path) or b"", "old": settled()[path]})
    assert Verifier(read_branch(both), JINJA, LINEAGE_ID).is_right(path, right_entry)


@dataclass(frozen=True)
class Damage:
    """A real branch before and after one thing happened to one of its files; `now` is what stands there."""

    path: str
    now: bytes | None
    before: Files = field(repr=False)

    @property
    def after(self) -> Files:
        rest = {path: data for path, data in self.before.items() if path != self.path}
        return rest if self.now is None else rest | {self.path: self.now}


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """A byte, a value, or a whole file that is not what it was."""
    before = draw(st.sampled_from(stages()))
    path = draw(st.sampled_from(sorted(before)))
    what = draw(st.sampled_from(["byte", "value", "remove", "copy", "truncate"]))
    data = before[path]
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    if what == "remove":
        now = None
    elif what == "copy":
        now = before[draw(st.sampled_from(sorted(before)))]
    elif what == "value" and path.endswith(".json"):
        now = canonical(draw(other_value(json.loads(data))))
    elif what == "truncate":
        now = data[:at]
    else:
        now = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    return Damage(path, now, before)


@st.composite
def other_value(draw: st.DrawFn, document: Json) -> Json:
    """The document with one value, anywhere in it, replaced by another or left out."""
    spots = [(document, key) for key in document]
    for holder, key in spots:
        inside = holder[key]
        spots += (
            [(inside, k) for k in (inside if isinstance(inside, dict) else range(len(inside)))]
            if isinstance(inside, dict | list)
            else []
        )
    holder, key = draw(st.sampled_from(spots))
    if draw(st.booleans()):
        del holder[key]
    else:
        values = [None, "", "latest", "SUCCEEDED", "FAILED", "x", 0, 7, True, [], {}, "environment/dev", "1.1"]
        holder[key] = draw(st.sampled_from(values))
    return document


def differing(one: Json, other: Json, name: str = "") -> set[str]:
    """The names of the outermost values that differ; a role that repeats another differs by what it repeats."""
    if one == other and type(one) is type(other):
        return set()
    if isinstance(one, dict) and isinstance(other, dict) and name not in FACTS:
        return {found for key in one.keys() | other.keys() for found in differing(one.get(key), other.get(key), key)}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other) and name not in FACTS:
        return {found for a, b in zip(one, other, strict=True) for found in differing(a, b, name)}
    return {name}


# What earlier versions did not write; without it, what they meant is meant.
ABSENT_BEFORE = {"reads", "componentSources"}


def is_harmless(damage: Damage) -> bool:
    """True for what changes facts only, and for losing what nothing is left of."""
    path, before = damage.path, damage.before
    if path.startswith("bundles/"):  # nothing refers to it
        return True
    key = key_of_path(path)
    if damage.now is None:
        return key is not None and not any(str(key) in name for name in before if name.startswith("index/"))
    one, other = json.loads(before[path]), json.loads(damage.now)
    changed = differing(one, other) - FACTS - ABSENT_BEFORE
    if changed == {"status"}:
        return {item["latest"]["status"] for item in (one, other)} == {"CANCELLED", "FAILED"}
    is_used = any(f"/{key}" in name for name in before if name.startswith("index/"))
    return not changed or (not is_used and changed <= {"template", "version"})


@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(damages())
def test_any_damage_is_found_or_harmless(damage: Damage) -> None:
    if damage.now != damage.before[damage.path]:
        assert faults_of(damage.after) or is_harmless(damage)


def test_each_file_is_read_once_and_no_file_of_a_bundle_for_itself() -> None:
    reader = MemoryReader()
    files = settled()
    branch = read_branch(Tree(reader, reader.write(files)))
    assert reader.blobs_read == sum(path.endswith(".json") for path in files)
    assert check_branch(branch) == []
    assert reader.blobs_read == sum(path.endswith(".json") for path in files)
