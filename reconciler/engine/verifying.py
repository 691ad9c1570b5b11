"""Verifying the records as this machine has them, and finding in their history what to restore."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reconciler.engine.jail import Jail
from reconciler.engine.place import Place, catalog_remote, is_path, own_repository
from reconciler.engine.reading import Reading, read_records
from reconciler.gitstore.base import Objects
from reconciler.model.trees import Entry
from reconciler.planning.verifying import Verifier
from reconciler.records.layout import CURSOR
from reconciler.records.verify import Branch, Check, Fault, read_branch


@dataclass(frozen=True)
class Verification:
    """What came of it: the commit of the records branch, all that is wrong there, and what was looked at. `note` says
    what could not be looked at from here."""

    commit: str
    faults: tuple[Fault, ...]
    resources: int
    templates: int
    bundles: int
    note: str = ""


def verify_records(place: Place) -> Verification:
    """Verifies the whole records branch; each file is read once. Raises `InputError` when there are no records to be
    seen."""
    reading = read_records(place)
    assert reading.book.tree is not None
    branch = read_branch(reading.book.tree)
    with Jail() as jail:
        verifier = Verifier(branch, jail, reading.settings.lineage)
        cursor, note = _cursor(place, branch)
        faults = _with_ways_back(reading, (*verifier.faults(), *cursor), verifier.is_right)
    counts = len(branch.records), len(branch.templates), len(branch.bundles)
    return Verification(reading.tip, tuple(sorted(faults)), *counts, note)


def _cursor(place: Place, branch: Branch) -> tuple[tuple[Fault, ...], str]:
    """Whether the cursor names a commit of the catalog, as far as that can be seen from here."""
    if branch.cursor is None:
        return (), ""
    commit = branch.cursor.catalog_commit
    own = own_repository(place)
    if own is not None and _has_commit(own.objects, commit):
        return (), ""
    shared = catalog_remote(place)
    if not is_path(shared.name):
        return (), f"The catalog's commit {commit[:12]} is not in this clone, so whether it exists was not looked at."
    if _has_commit(shared.objects, commit):
        return (), ""
    hint = "check out the catalog's newest commit, and run `reconciler apply --rewind`"
    return (Fault(CURSOR, Check.CURSOR, f"it names {commit!r}, which is no commit of {shared.name}", hint),), ""


def _has_commit(objects: Objects, commit: str) -> bool:
    try:
        return objects.commit(commit).id == commit
    except KeyError:
        return False


def _with_ways_back(
    reading: Reading, faults: Iterable[Fault], is_right: Callable[[str, Entry], bool]
) -> tuple[Fault, ...]:
    """The faults, each with what to do. One walk through the history serves all of them."""
    found = tuple(faults)
    paths = {fault.path for fault in found if fault.may_be_restored}
    commits = _newest_right(reading, paths, is_right) if paths else {}
    return tuple(replace(fault, hint=_hint(fault, commits.get(fault.path, ""))) for fault in found)


def _hint(fault: Fault, commit: str) -> str:
    if fault.may_be_restored and commit:
        return f"restore it: git checkout {commit[:12]} -- {fault.path}"
    return fault.hint or "no earlier commit of the branch has a better one: look for it in other clones"


def _newest_right(reading: Reading, paths: set[str], is_right: Callable[[str, Entry], bool]) -> dict[str, str]:
    """The newest commit, by path, that has another and right version of what is there now."""
    seen: dict[str, set[str]] = {path: set() for path in paths}
    found: dict[str, str] = {}
    for commit in reading.objects.history(reading.tip, ""):
        tree = reading.objects.tree(commit.id)
        for path in seen.keys() - found.keys():
            entry = tree.entry(path)
            if entry is None or entry.id in seen[path]:
                continue
            if commit.id != reading.tip and is_right(path, entry):
                found[path] = commit.id
            seen[path].add(entry.id)
        if len(found) == len(paths):
            break
    return found
