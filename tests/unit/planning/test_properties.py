"""What holds for every catalog, whatever is in it and whatever happens to it."""

from __future__ import annotations

import json
from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.catalog.checks import check_everything
from reconciler.catalog.load import Catalog
from reconciler.model.identity import branch_name
from reconciler.planning.document import plan_document
from reconciler.planning.observations import PullState
from reconciler.planning.show import as_markdown, as_text
from tests.support.catalogs import CATALOG, environment_file, service_file
from tests.support.life import Life, Pass
from tests.support.memory import memory_tree

FEW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
SHARED = {path: text for path, text in CATALOG.items() if not path.startswith(("environments/", "services/"))}
ENVIRONMENTS = st.sampled_from(["dev", "Dev", "prod", "pipeline", "shop"])
SERVICES = st.sampled_from(["shop", "shop-a", "Shop", "a", "a-b", "pipeline"])
INSTANCES = st.sampled_from(["a", "b", "a-b", "b-a", "B", "pipeline"])


@st.composite
def catalogs(draw: st.DrawFn) -> dict[str, str]:
    """Small catalogs, many of them with names that get in each other's way."""
    files = dict(SHARED)
    environments = draw(st.lists(ENVIRONMENTS, min_size=1, max_size=3, unique=True))
    for name in environments:
        files[f"environments/{name}/environment.yaml"] = environment_file(
            name, draw(st.sampled_from(["10.0.0.0/16", "x"]))
        )
    for name in draw(st.lists(SERVICES, max_size=3, unique=True)):
        homes = st.tuples(st.sampled_from(environments), st.integers(1, 3))
        instances = draw(st.dictionaries(INSTANCES, homes, min_size=1, max_size=3))
        files[f"services/{name}/service.yaml"] = service_file(name, instances, pipeline=draw(st.booleans()))
    return files


def is_accepted(files: dict[str, str]) -> bool:
    catalog = Catalog(memory_tree(files))
    check_everything(catalog)
    return not any(problem.is_error for problem in catalog.problems)


def deployed(life: Life) -> None:
    """Every pull request that a catalog leads to, opened and merged."""
    life.outputs = {}
    life.settle()


def in_bytes(done: Pass) -> tuple[str, str, str]:
    assert done.plan is not None
    document = json.dumps(plan_document(done.plan, done.book))
    return document, as_text(done.plan, done.book), as_markdown(done.plan, done.book)


ACCEPTED = catalogs().filter(is_accepted)


@FEW
@given(ACCEPTED)
def test_keys_folders_and_branches_are_different_also_where_case_does_not_count(files: dict[str, str]) -> None:
    life = Life(files)
    deployed(life)
    deployments = [pull.proposal.deployment for pull in life.forge.pulls]
    assert len(deployments) == len({deployment.key for deployment in deployments})
    branches = [branch_name(item.key, item.id).casefold() for item in deployments]
    folders = [(item.target.repository, item.target.folder.casefold()) for item in deployments]
    for names in ([str(item.key).casefold() for item in deployments], branches, folders):
        assert len(set(names)) == len(names)
    for one, other in combinations(branches, 2):
        assert not one.startswith(f"{other}/")
        assert not other.startswith(f"{one}/")


@FEW
@given(ACCEPTED)
def test_a_pass_leaves_nothing_to_do_until_somebody_does_something(files: dict[str, str]) -> None:
    life = Life(files)
    first = life.apply()
    assert first.plan is not None
    assert first.plan.actions
    after = life.look()
    assert after.plan is not None
    assert not after.plan.has_changes
    assert {record.key for record, _ in after.plan.blocked} == life.book().unsettled()


@FEW
@given(ACCEPTED)
def test_a_settled_catalog_has_nothing_in_scope_and_everything_in_effect(files: dict[str, str]) -> None:
    life = Life(files)
    deployed(life)
    assert life.look().decisions == []
    records = [life.record(key) for key in life.book().recorded_keys()]
    assert all(record.has_success and record.latest == record.effective == record.placed for record in records)
    # Looking at everything, as after a change of the settings, finds nothing either.
    life.catalog["reconciler.yaml"] += b"# a comment\n"
    looked = life.look()
    assert looked.plan is not None
    assert not looked.plan.has_changes
    assert len(looked.plan.unchanged) == len(records)


@FEW
@given(ACCEPTED, st.randoms())
def test_the_order_in_which_files_are_found_does_not_matter(files: dict[str, str], random: object) -> None:
    items = list(files.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    one, other = Life(files), Life(dict(items))
    assert in_bytes(one.apply()) == in_bytes(other.apply())
    assert one.records == other.records


@FEW
@given(catalogs(), st.randoms())
def test_problems_do_not_depend_on_order_either(files: dict[str, str], random: object) -> None:
    items = list(files.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    one, other = Catalog(memory_tree(files)), Catalog(memory_tree(dict(items)))
    check_everything(one)
    for name in other.service_names()[::-1]:
        other.service(name)  # whatever was looked at before
    check_everything(other)
    assert one.problems == other.problems


@FEW
@given(ACCEPTED, ACCEPTED, st.data())
def test_from_any_catalog_to_any_other_every_key_is_in_one_list_and_it_settles(
    before: dict[str, str], after: dict[str, str], data: st.DataObject
) -> None:
    life = Life(before)
    for _ in range(data.draw(st.integers(0, 3))):
        life.apply()
        for pull in life.forge.open_pulls():
            step = data.draw(st.sampled_from(["leave", "merge", "run", "refuse"]))
            if step == "refuse":
                life.forge.refuse(pull)
            elif step != "leave":
                life.forge.merge(pull)
                life.run([pull] if step == "run" else [])
    consent = ", ".join(f"environment/{name}" for name in ("dev", "Dev", "prod", "pipeline", "shop"))
    life.catalog = {path: text.encode() for path, text in after.items()}
    life.catalog["reconciler.yaml"] += f"  safety: {{allowDeletes: [{consent}], maxDeletePercent: 100}}\n".encode()
    for _ in range(12):
        done = life.apply()
        plan = done.plan
        assert plan is not None, done.problems
        decided = [action.key for action in plan.actions]
        decided += [record.key for record, _ in plan.blocked] + list(plan.unchanged)
        assert len(decided) == len(set(decided))
        keys = [pull.key for pull in life.forge.open_pulls()]
        assert len(keys) == len(set(keys))  # at most one open pull request for each key
        running = [pull for pull in life.forge.pulls if pull.state is not PullState.CLOSED]
        life.run([pull for pull in running if is_unreported(life, pull.key, pull.branch)])
    assert plan is not None
    # What is left is a person's turn: a refusal that stands, or a move that would leave infrastructure behind.
    reasons = {str(blocked.reason) for _, blocked in plan.blocked}
    assert reasons <= {
        "cancelled",
        "failed",
        "immutable-change",
        "in-use",
        "waiting-for-environment",
        "waiting-for-instances",
    }
    assert not plan.has_changes


def is_unreported(life: Life, key: object, branch: str) -> bool:
    latest = next((life.record(k).latest for k in life.book().recorded_keys() if k == key), None)
    return latest is not None and latest.branch == branch and not latest.reported_at and latest.status.is_running
