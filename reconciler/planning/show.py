"""A plan for people: the same facts as text and as Markdown, and the rendered diffs behind each action."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.identity import Target
from reconciler.planning.proposal import files_of
from reconciler.planning.result import DONE, SYMBOLS, Action, Plan, Verb
from reconciler.planning.synced import SyncNews
from reconciler.records.book import RecordBook
from reconciler.rendering.metadata import METADATA_FILE


@dataclass(frozen=True)
class FileChange:
    """One file that differs. `before` or `after` is None where there is no such file; `diff` is in unified form."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def diff(self) -> str:
        """The difference, without colours."""
        old = self.before.decode("utf-8", "replace").splitlines() if self.before is not None else []
        new = self.after.decode("utf-8", "replace").splitlines() if self.after is not None else []
        a = f"a/{self.path}" if self.before is not None else "/dev/null"
        b = f"b/{self.path}" if self.after is not None else "/dev/null"
        return "\n".join(difflib.unified_diff(old, new, a, b, lineterm=""))


def changes(
    folder: str, before: Mapping[str, bytes], after: Mapping[str, bytes], *, everything: bool = False
) -> tuple[FileChange, ...]:
    """The files that differ. The metadata file is left out unless `everything` is asked for: it differs in every
    deployment, and says what the plan says already."""
    paths = [path for path in sorted(before.keys() | after.keys()) if everything or path != METADATA_FILE]
    return tuple(
        FileChange(f"{folder}/{path}" if folder else path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def action_changes(plan: Plan, book: RecordBook, action: Action) -> tuple[FileChange, ...]:
    """What an action would change in its folder, compared with what is recorded as merged there."""
    if action.open is None or action.verb is Verb.RESUME:
        return ()
    placed = action.record.placed
    before: Mapping[str, bytes] = {}
    if placed is not None:
        bundle = book.bundle(placed.bundle)
        before = files_of(placed, bundle, plan.jinja) if bundle is not None else {}
    after = dict(action.open.files)
    after |= {path: data for path, data in before.items() if path not in after and path not in action.open.remove}
    return changes(action.open.deployment.target.folder, before, after)


def headline(plan: Plan, *, done: bool = False) -> str:
    """The plan in one line, before it is carried out or after."""
    counts = Counter(action.verb for action in plan.actions)
    failed = sum(cut.record.is_failed for cut in plan.cuts)
    parts = []
    if len(plan.cuts) > failed:
        versions = "version" if len(plan.cuts) - failed == 1 else "versions"
        parts.append(f"{len(plan.cuts) - failed} {versions}{'' if done else ' to cut'}")
    if failed:
        parts.append(f"{failed} {'version' if failed == 1 else 'versions'} that cannot be registered")
    parts += [f"{count} {DONE[verb]}" if done else f"{count} to {verb.value}" for verb, count in counts.items()]
    parts += [f"{len(plan.blocked)} waiting or blocked"] if plan.blocked else []
    parts += [f"{len(plan.unchanged)} unchanged"] if plan.unchanged else []
    if not (plan.actions or plan.cuts):
        return "Nothing to do" + (f": {', '.join(parts)}." if parts else ".")
    return f"{'Done' if done else 'Plan'}: {', '.join(parts)}."


def as_text(plan: Plan, book: RecordBook, *, diffs: bool = True, done: bool = False) -> str:
    """The plan as lines of plain text, before it is carried out or after."""
    return "\n".join(_text(plan, book, diffs, done)) + "\n"


def _text(plan: Plan, book: RecordBook, diffs: bool, done: bool) -> Iterator[str]:
    if plan.cuts:
        yield "Template versions"
        for cut in plan.cuts:
            mark = "!" if cut.record.is_failed else "+"
            yield f"  {mark} {cut.name}  {cut.record.status}"
            if cut.record.is_failed:
                yield f"      {cut.record.code}: {cut.record.message}"
            elif cut.breaks:
                yield f"      a new major, since {cut.new_major_because}"
        yield ""
    if plan.syncs:
        yield "Synced from Git"
        yield from (f"  {line}" for news in plan.syncs for line in _sync(news))
        yield ""
    if plan.actions:
        yield "Actions"
        for action in plan.actions:
            yield f"  {SYMBOLS[action.verb]} {action.key}  {action.reason}"
            if action.open is not None:
                deployment = action.open.deployment
                yield f"      {deployment.made_from} -> {place(deployment.target)}  deployment {deployment.id}"
            if action.close is not None:
                yield f"      closes {action.close.deployment.branch}{' first' if action.open is not None else ''}"
            for note in action.notes:
                yield f"      {note}"
            if diffs:
                yield from _indented(action_changes(plan, book, action), action.verb)
        yield ""
    if plan.blocked:
        yield "Waiting or blocked"
        for record, blocked in plan.blocked:
            yield f"  . {record.key}  {blocked.reason}, since {blocked.since}"
            yield from (f"      {line}" for line in blocked.message.splitlines())
            if blocked.hint:
                yield f"      -> {blocked.hint}"
        yield ""
    yield headline(plan, done=done)


def _sync(news: SyncNews) -> Iterator[str]:
    attempt = news.attempt
    if attempt.is_success and news.major is not None and not attempt.warnings:
        return  # it goes without saying
    key = f"{news.key}:{news.major}" if news.major is not None else str(news.key)
    at = f" at {attempt.target.sha[:12]}" if attempt.target.sha else ""
    yield f"{'=' if attempt.is_success else '!'} {key}  {attempt.target.place}{at}  {attempt.status}"
    if not attempt.is_success:
        yield f"    {attempt.code}: {attempt.message}"
    yield from (f"    warning: {warning}" for warning in attempt.warnings)


def place(target: Target) -> str:
    """Where a deployment goes, for people."""
    return f"{target.repository}:{target.folder}/" if target.is_repository else f"AWS ({target.folder})"


def _indented(files: tuple[FileChange, ...], verb: Verb) -> Iterator[str]:
    for change in files:
        if verb is Verb.CREATE and change.before is None:
            lines = (change.after or b"").count(b"\n") + 1
            yield f"        new file {change.path} ({lines} lines)"
        elif verb is Verb.DESTROY and change.before is not None and change.path.endswith(".tf"):
            yield f"        {change.path} says that its resource is deleted"
        else:
            yield from (f"        {line}" for line in change.diff.splitlines())


def as_markdown(plan: Plan, book: RecordBook) -> str:
    """The plan for a comment on a pull request: verdict first, then tables, then folded diffs."""
    return "\n".join(_markdown(plan, book)) + "\n"


def _markdown(plan: Plan, book: RecordBook) -> Iterator[str]:
    yield f"**{headline(plan)}**"
    if plan.cuts:
        yield from ("", "| Template version | Status | |", "|---|---|---|")
        for cut in plan.cuts:
            why = f"{cut.record.code}: {_cell(cut.record.message)}" if cut.record.is_failed else ""
            yield f"| `{cut.name}` | {cut.record.status} | {why} |"
    bad = [news for news in plan.syncs if not news.attempt.is_success]
    if bad:
        yield from ("", "| Synced from Git | | |", "|---|---|---|")
        for news in bad:
            yield f"| `{news.key}` | {news.attempt.target.place} | {news.attempt.code}: {_cell(news.attempt.message)} |"
    if plan.actions:
        yield from ("", "| | Resource | Change | Template |", "|---|---|---|---|")
        for action in plan.actions:
            version = action.open.deployment.made_from if action.open else ""
            verb = f"**{action.verb.value}**" if action.verb is Verb.DESTROY else action.verb.value
            yield f"| {verb} | `{action.key}` | {_cell(action.reason)} | {version} |"
    if plan.blocked:
        yield from ("", "| Waiting or blocked | Reason | What to do |", "|---|---|---|")
        for record, blocked in plan.blocked:
            yield f"| `{record.key}` | {blocked.reason}: {_cell(blocked.message)} | {_cell(blocked.hint)} |"
    for action in plan.actions:
        files = action_changes(plan, book, action)
        if files:
            yield from ("", f"<details><summary><code>{action.key}</code></summary>", "")
            text = "\n".join(change.diff for change in files)
            fence = "`" * max(3, 1 + max((len(run) for run in _runs(text)), default=0))
            yield from (f"{fence}diff", text, fence, "", "</details>")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _runs(text: str) -> Iterator[str]:
    """The runs of backticks in a text: a fence has to be longer than any of them."""
    run = ""
    for character in text:
        run = run + character if character == "`" else ""
        if run:
            yield run
