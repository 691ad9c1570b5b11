"""What we know we did: one record per resource, one per template.

A record holds the newest deployment and the one in effect; older ones are in the history of its file. Everything needed
to render a deployment again is in it or pinned beside it, so that destroying never needs the catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.documents import Json
from reconciler.model.identity import Target, branch_name
from reconciler.model.keys import Key
from reconciler.model.lifecycle import Status
from reconciler.model.revisions import Revision
from reconciler.model.versions import Version, VersionLine, made_from


@dataclass(frozen=True)
class PullRequestRef:
    """A pull request as far as we need to find it again. `head` is the commit that we pushed."""

    number: int
    url: str
    head: str


@dataclass(frozen=True)
class Deployment:
    """One attempt to make one resource match its spec. Times are RFC 3339 in UTC, empty for what has not happened.

    `bundle` is the tree id of the pinned bundle, `document` all that the engine was given, `files` the blob ids of the
    rendered files by path inside the folder. `environment` is where a service instance or a component lives. A
    component is made from no template: `template` is empty, `version` None, its bundle is what lies beside its file.
    `reads` are the resources whose names, inputs or outputs stand in the document. `replaces` is the URL
    of the pull request that is closed for this one, `replaced_by` the id of the deployment that came instead of it.
    """

    id: str
    key: Key
    number: int
    status: Status
    digest: str
    template: str
    version: Version | None
    bundle: str
    document: Mapping[str, Json] = field(repr=False)
    target: Target
    catalog_commit: str
    requested_by: str
    claimed_at: str
    title: str
    environment: str = ""
    reads: tuple[Key, ...] = ()
    destroy: bool = False
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    pull_request: PullRequestRef | None = None
    merged_at: str = ""
    reported_at: str = ""
    finished_at: str = ""
    message: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    left_out: Mapping[str, str] = field(default_factory=dict)
    replaces: str = ""
    replaced_by: str = ""

    @property
    def branch(self) -> str:
        """The branch of this deployment's pull request."""
        return branch_name(self.key, self.id, destroy=self.destroy)

    @property
    def uses(self) -> set[Key]:
        """What has to stay while this is there: its template, and what it reads."""
        template = {Key(self.key.kind.template_kind, self.template)} if self.template else set()
        return template | set(self.reads)

    @property
    def made_from(self) -> str:
        """The template and its version, for people."""
        return made_from(self.template, self.version)


@dataclass(frozen=True)
class Blocked:
    """Why nothing happens for a resource: a stable reason, what it waits for, since when, and what a person can do."""

    reason: str
    message: str
    hint: str
    waiting_on: tuple[str, ...] = ()
    since: str = ""


MAX_MERGED = 50


@dataclass(frozen=True)
class Record:
    """One resource. `count` is how many deployments its key has ever had; it is kept through deletion.

    `latest` is the newest attempt, `effective` the one whose result is in effect, `placed` the one that the target
    branch carries. `closing` is an attempt whose pull request is over and has yet to be closed; until then no other is
    opened. `merged` are the ids of the newest `MAX_MERGED` deployments that the target branch was seen to carry, so
    that a folder which was taken back is still known.
    """

    key: Key
    count: int = 0
    latest: Deployment | None = None
    effective: Deployment | None = None
    placed: Deployment | None = None
    closing: Deployment | None = None
    merged: tuple[str, ...] = ()
    blocked: Blocked | None = None

    @property
    def roles(self) -> dict[str, Deployment]:
        """The deployments that there are, by role."""
        roles = (
            ("latest", self.latest),
            ("effective", self.effective),
            ("placed", self.placed),
            ("closing", self.closing),
        )
        return {name: deployment for name, deployment in roles if deployment is not None}

    @property
    def is_live(self) -> bool:
        """True while the resource is ours to look after: it was asked for and is not gone."""
        return self.latest is not None and not self.latest.status.is_gone

    @property
    def is_unsettled(self) -> bool:
        """True while every pass has to look at this key, whatever changed in the catalog: until it has succeeded, its
        pull request may be reopened, and a report may come."""
        open_end = self.latest is not None and not self.latest.status.is_success
        return open_end or self.closing is not None or self.blocked is not None

    @property
    def has_success(self) -> bool:
        """True when others may use this resource's outputs: one success on record, and not being deleted. A destruction
        that was refused before it was merged has changed nothing."""
        latest = self.latest
        is_going = latest is not None and latest.destroy and (latest.status.is_running or bool(latest.merged_at))
        return self.effective is not None and not is_going


@dataclass(frozen=True)
class VersionRecord:
    """One version of a template; immutable but for its status. `content` leaves the registration file out; `source` is
    where in another repository it came from, None when that is the catalog."""

    version: Version
    status: str  # TemplateVersionStatus: DRAFT, PUBLISHED or REGISTRATION_FAILED
    bundle: str
    content: str
    catalog_commit: str
    at: str
    compatible: tuple[str, ...] = ()
    component_sources: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    source: Revision | None = None

    @property
    def is_failed(self) -> bool:
        """True when the bundle could not be registered; the number stays taken (reference, REG-1)."""
        return self.status == "REGISTRATION_FAILED"

    @property
    def is_published(self) -> bool:
        """True when anyone may follow this version."""
        return self.status == "PUBLISHED"


@dataclass(frozen=True)
class TemplateRecord:
    """The versions of a template in the order in which they were cut, and those that nobody follows any more."""

    key: Key
    versions: tuple[VersionRecord, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def find(self, version: Version) -> VersionRecord | None:
        """A version by number."""
        return next((item for item in self.versions if item.version == version), None)

    def newest(self, line: VersionLine | None = None) -> VersionRecord | None:
        """The newest registered version, of a line when one is given; failed registrations do not count."""
        found = [v for v in self.versions if not v.is_failed and (line is None or line.allows(v.version))]
        return max(found, key=lambda item: item.version, default=None)

    def recommended(self, line: VersionLine | None = None) -> VersionRecord | None:
        """The newest version that is published and not withdrawn (reference, VER-7 to VER-9)."""
        found = [
            item
            for item in self.versions
            if item.is_published
            and str(item.version) not in self.withdrawn
            and (line is None or line.allows(item.version))
        ]
        return max(found, key=lambda item: item.version, default=None)

    def followed(self, line: VersionLine) -> VersionRecord | None:
        """The version that a line leads to: the recommended one of a major, or exactly the one that is named."""
        return self.recommended(line) if line.minor is None else self.newest(line)


@dataclass(frozen=True)
class Cursor:
    """The last catalog commit that was planned and claimed."""

    catalog_commit: str
    at: str
