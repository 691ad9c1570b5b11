"""From a changed bundle to a template version (design, section 3; reference, sections 3 and 4.3).

Content decides whether there is a new version, the schema decides whether it is compatible. What was cut never changes;
only its status does. Content that failed to register is not tried again until it changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from reconciler.catalog.bundle import SCHEMA_FILE, Bundle, content_id
from reconciler.catalog.entities import TemplateFolder
from reconciler.model.keys import Key
from reconciler.model.problems import Position, Problem
from reconciler.model.trees import Tree
from reconciler.model.versions import Version, VersionLine
from reconciler.records.record import TemplateRecord, VersionRecord
from reconciler.versioning.compat import Incompatibility, compare

ReadBundle = Callable[[int | None], tuple[Bundle | None, tuple[Problem, ...]]]
ReadPinned = Callable[[str], Bundle | None]
_WAY_OUT = ". Put this bundle into "


@dataclass(frozen=True)
class Cut:
    """One version that a pass cuts, publishes, or fails to register; `problems` and `breaks` say why."""

    key: Key
    record: VersionRecord
    tree: Tree | None = field(repr=False)
    problems: tuple[Problem, ...] = ()
    breaks: tuple[Incompatibility, ...] = ()

    @property
    def name(self) -> str:
        """The key of the version: `environment-template/vpc-env:1.0`."""
        return f"{self.key}:{self.record.version}"

    @property
    def new_major_because(self) -> str:
        """What makes a registered version a new major, with the counter-examples; empty when it is none."""
        return "; ".join(map(_broken, self.breaks)) if not self.record.is_failed else ""


@dataclass(frozen=True)
class Moment:
    """The catalog commit that is handled, and when: RFC 3339 in UTC."""

    catalog_commit: str
    now: str


def cut_template(
    template: TemplateFolder, record: TemplateRecord, read: ReadBundle, pinned: ReadPinned, moment: Moment
) -> tuple[TemplateRecord, tuple[Cut, ...]]:
    """The record after this pass, and the versions that it cuts. `read` gives the bundle of a version folder, `pinned`
    one that an earlier version was cut from."""
    cuts: list[Cut] = []
    versions = list(record.versions)
    for major, (_, tree) in template.majors.items():
        current = replace(record, versions=tuple(versions))
        line = None if major is None else VersionLine(major)
        if not _is_new(current, line, tree.id):
            continue
        cut = _register(template, current, major, read, pinned, moment)
        cuts.append(cut)
        versions.append(cut.record)
    published = tuple(_published(template, versions))
    cuts += [Cut(template.key, new, None) for old, new in zip(versions, published, strict=True) if old != new]
    return replace(record, versions=published, withdrawn=template.withdrawn), tuple(cuts)


def _is_new(record: TemplateRecord, line: VersionLine | None, tree: str) -> bool:
    """Content is compared with the newest registered minor only: a reverted bundle is a new minor. A failed attempt
    after that one counts as well, so that the same content is not tried twice."""
    tried = [item for item in record.versions if line is None or line.allows(item.version)]
    newest = record.newest(line)
    if tried and tried[-1].is_failed and tried[-1].bundle == tree:
        return False
    return newest is None or newest.bundle != tree


def _register(
    template: TemplateFolder,
    record: TemplateRecord,
    major: int | None,
    read: ReadBundle,
    pinned: ReadPinned,
    moment: Moment,
) -> Cut:
    path, tree = template.majors[major]
    bundle, problems = read(major)
    newest = record.newest(None if major is None else VersionLine(major))
    breaks: tuple[Incompatibility, ...] = ()
    switched = "", ""
    if bundle is not None and newest is not None:
        before = pinned(newest.bundle)
        breaks = compare(before.schema, bundle.schema) if before is not None else ()
        switched = _switched(before, bundle, newest) if before is not None else switched
    version = _number(record, major, newest, bool(breaks))
    errors = [problem for problem in problems if problem.is_error]
    code, message = switched
    if errors:
        code = errors[0].code
        message = "; ".join(str(problem).replace(f"[{code}] ", "", 1) for problem in errors)
    elif breaks and major is not None and not code:
        code, message = "SCHEMA_INCOMPATIBLE", incompatible(breaks, newest, f"{path.rsplit('/', 1)[0]}/v{major + 1}")
    status = "REGISTRATION_FAILED" if code else "PUBLISHED" if _publishes(template, version) else "DRAFT"
    cut = VersionRecord(
        version=version,
        status=status,
        bundle=tree.id,
        content=content_id(tree),
        catalog_commit=moment.catalog_commit,
        at=moment.now,
        compatible=tuple(map(str, bundle.registration.compatible)) if bundle is not None else (),
        component_sources=bundle.registration.component_sources if bundle is not None else (),
        code=code,
        message=message,
        source=template.revision,
    )
    return Cut(template.key, cut, tree if not code else None, problems, breaks)


def _switched(before: Bundle, bundle: Bundle, newest: VersionRecord) -> tuple[str, str]:
    """TPL-2: whether others provision an environment is chosen once. A minor that said otherwise would stop everybody
    who follows it. Code and message; empty when nothing is switched."""
    way_out = f"{_WAY_OUT}a template of another name, or undo the change"
    if before.is_customer_managed and not bundle.is_customer_managed:
        message = f"others provision the environments of {newest.version}, and this brings an infrastructure/"
        return "UNEXPECTED_DIRECTORY", message + way_out
    if bundle.is_customer_managed and not before.is_customer_managed:
        return "MISSING_DIRECTORY", f"{newest.version} has an infrastructure/, and this has none{way_out}"
    return "", ""


def incompatible(breaks: tuple[Incompatibility, ...], newest: VersionRecord | None, way_out: str) -> str:
    """The sentence that says what a schema breaks, the counter-examples, and the way out."""
    since = f" since {newest.version}" if newest is not None else ""
    what = "; ".join(map(_broken, breaks))
    return f"the schema is not compatible{since}: {what}{_WAY_OUT}{way_out}, or undo the change"


def _broken(item: Incompatibility) -> str:
    text = json.dumps(item.example, ensure_ascii=False)
    example = f" (for example {text} was valid before)" if item.example is not None and len(text) <= 400 else ""
    return f"{item.where}: {item.message}{example}"


def failed_now(template: TemplateFolder, record: TemplateRecord) -> Iterator[Problem]:
    """What stands in the catalog and failed to register for what it changes, in this pass or in an earlier one:
    nothing in the bundle by itself says so."""
    for major, (path, tree) in template.majors.items():
        tried = [item for item in record.versions if major is None or item.version.major == major]
        if not tried or tried[-1].bundle != tree.id:
            continue
        code, (message, is_said, hint) = tried[-1].code, tried[-1].message.partition(_WAY_OUT)
        hint = f"put this bundle into {hint or 'a new major, or undo the change'}"
        if code == "SCHEMA_INCOMPATIBLE":
            yield Problem(Position(f"{path}/{SCHEMA_FILE}"), code, message, hint)
        elif is_said:
            yield Problem(Position(path), code, message, hint)


def _number(record: TemplateRecord, major: int | None, newest: VersionRecord | None, breaks: bool) -> Version:
    """The next number; one that failed to register stays taken. A fixed major starts at its own number (SYN-8)."""
    if major is None:
        majors = [item.version.major for item in record.versions]
        if newest is None and not majors:
            return Version(1, 0)
        major = max(majors) + 1 if breaks else newest.version.major if newest is not None else max(majors)
    minors = [item.version.minor for item in record.versions if item.version.major == major]
    return Version(major, max(minors, default=-1) + 1)


def _publishes(template: TemplateFolder, version: Version) -> bool:
    return not template.publish_manually or str(version) in template.published


def _published(template: TemplateFolder, versions: list[VersionRecord]) -> Iterator[VersionRecord]:
    """Drafts become published when the template's file says so; nothing is ever un-published (TPL-4)."""
    for item in versions:
        yield (
            replace(item, status="PUBLISHED") if item.status == "DRAFT" and _publishes(template, item.version) else item
        )
