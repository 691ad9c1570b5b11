"""Records to test with, and strategies that make them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from reconciler.model.identity import Target
from reconciler.model.keys import Key, Kind, environment_key, instance_key, pipeline_key
from reconciler.model.lifecycle import Status
from reconciler.model.revisions import Revision
from reconciler.model.versions import Version
from reconciler.records.record import Blocked, Deployment, PullRequestRef, Record, TemplateRecord, VersionRecord

NOW = "2024-05-01T09:00:00Z"
DEV = environment_key("dev")
BASE = Deployment(
    id="d-1",
    key=DEV,
    number=1,
    status=Status.IN_PROGRESS,
    digest="digest-1",
    template="net",
    version=Version(1, 0),
    bundle="b" * 40,
    document={"environment": {"name": "dev", "inputs": {}}},
    target=Target("infra", "main", "dev"),
    catalog_commit="c" * 40,
    requested_by="Ada",
    claimed_at=NOW,
    title="environment/dev: create (net 1.0)",
    pull_request=PullRequestRef(1, "https://forge.example/infra/1", "h" * 40),
)
TEMPLATE = Key(Kind.ENVIRONMENT_TEMPLATE, "net")


def deployment(**changes: Any) -> Deployment:
    """An environment's first deployment, its pull request open."""
    return replace(BASE, **changes)


def merged(**changes: Any) -> Deployment:
    """The same, merged."""
    return deployment(**{"merged_at": NOW, **changes})


def succeeded(**changes: Any) -> Deployment:
    """The same, merged and reported."""
    values = {"status": Status.SUCCEEDED, "reported_at": NOW, "finished_at": NOW, "outputs": {"network_id": "n-1"}}
    return merged(**{**values, **changes})


def version(text: str, **changes: Any) -> VersionRecord:
    """A published version."""
    major, minor = map(int, text.split("."))
    found = VersionRecord(Version(major, minor), "PUBLISHED", f"tree-{text}", f"content-{text}", "c" * 40, NOW)
    return replace(found, **changes)


TEXTS = st.text(max_size=6)
TIMES = st.sampled_from(["", NOW])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda below: st.lists(below, max_size=2) | st.dictionaries(TEXTS, below, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(
    [DEV, environment_key("prod"), instance_key("shop", "a"), instance_key("shop", "b"), pipeline_key("shop")]
)
TEXT_MAPS = st.dictionaries(TEXTS, TEXTS, max_size=2)


def deployments(key: Key) -> st.SearchStrategy[Deployment]:
    """Any deployment of a key."""
    environments = st.sampled_from(["dev", "prod"]) if key.kind is Kind.INSTANCE else st.just("")
    return st.builds(
        Deployment,
        id=st.uuids().map(str),
        key=st.just(key),
        number=st.integers(1, 99),
        status=st.sampled_from(Status),
        digest=TEXTS,
        template=st.sampled_from(["net", "web"]),
        version=st.builds(Version, st.integers(0, 20), st.integers(0, 20)),
        bundle=TEXTS,
        document=st.dictionaries(TEXTS, JSON, max_size=3),
        target=st.builds(Target, TEXTS, TEXTS, TEXTS),
        catalog_commit=TEXTS,
        requested_by=TEXTS,
        claimed_at=TIMES,
        title=TEXTS,
        environment=environments,
        destroy=st.booleans(),
        files=TEXT_MAPS,
        pull_request=st.none() | st.builds(PullRequestRef, st.integers(1, 9), TEXTS, TEXTS),
        merged_at=TIMES,
        reported_at=TIMES,
        finished_at=TIMES,
        message=TEXTS,
        outputs=TEXT_MAPS,
        left_out=TEXT_MAPS,
        replaced_by=TEXTS,
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record; a deployment often has several roles, as it does in life."""
    key = draw(KEYS)
    pool: list[Deployment | None] = [None, *draw(st.lists(deployments(key), max_size=3))]
    roles = {role: draw(st.sampled_from(pool)) for role in ("latest", "effective", "placed", "closing")}
    blocked = draw(st.none() | st.builds(Blocked, TEXTS, TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(tuple), TIMES))
    return Record(key, draw(st.integers(0, 99)), **roles, blocked=blocked)


TEMPLATES = st.builds(
    TemplateRecord,
    key=st.just(TEMPLATE),
    versions=st.lists(
        st.builds(
            VersionRecord,
            version=st.builds(Version, st.integers(0, 20), st.integers(0, 20)),
            status=st.sampled_from(["DRAFT", "PUBLISHED", "REGISTRATION_FAILED"]),
            bundle=TEXTS,
            content=TEXTS,
            catalog_commit=TEXTS,
            at=TIMES,
            compatible=st.lists(TEXTS, max_size=2).map(tuple),
            code=TEXTS,
            message=TEXTS,
            source=st.none() | st.builds(Revision, TEXTS, TEXTS, TEXTS, TEXTS),
        ),
        max_size=3,
    ).map(tuple),
    withdrawn=st.lists(TEXTS, max_size=2).map(tuple),
)
