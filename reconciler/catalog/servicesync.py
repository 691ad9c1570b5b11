"""Files of service sync, as they lie in the application's repository (reference, section 5): the ops file and specs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.catalog import parse
from reconciler.catalog.discovery import Note
from reconciler.catalog.entities import Instance
from reconciler.catalog.opsfile import OpsFile, OpsInstance
from reconciler.catalog.shape import did_you_mean
from reconciler.catalog.yamlfile import MAX_BYTES, YamlFile, parse_yaml, too_large
from reconciler.model.documents import digest
from reconciler.model.problems import Problem, Severity
from reconciler.model.trees import MODES, Entry, EntryKind, Tree, TreeReader, tree_of

_PINNED = "file.yaml"

Read = Callable[[str, TreeReader, str], tuple[YamlFile | None, list[Problem]]]


@dataclass(frozen=True)
class Taken:
    """A file that was taken from Git, and the tree of this one file that is kept of it."""

    file: YamlFile
    tree: Tree = field(repr=False)
    warnings: tuple[str, ...] = ()


def take(root: Tree, path: str, label: str, read: Read) -> Taken | Note:
    """A file at a path of a repository; `label` is how messages call it."""
    entry = root.entry(path) if path else None
    if entry is None or entry.kind is not EntryKind.FILE:
        what = "does not exist" if entry is None else f"is a {entry.kind.value}, not a file"
        return Note("FILE_MISSING", f"{label} {what}", "add it there, or correct its path")
    file, problems = read(label, root.reader, entry.id)
    if file is None:
        return fault_of(problems)
    kept = tree_of(root.reader, [Entry(_PINNED, EntryKind.FILE, entry.id, MODES[EntryKind.FILE])])
    return Taken(file, kept, tuple(str(problem) for problem in problems))


def kept_file(tree: Tree, label: str, read: Read) -> Taken | None:
    """A file that was taken before, from the tree that was kept of it."""
    entry = tree.entry(_PINNED)
    file = read(label, tree.reader, entry.id)[0] if entry is not None else None
    return Taken(file, tree) if file is not None else None


def read_spec(label: str, reader: TreeReader, blob: str) -> tuple[YamlFile | None, list[Problem]]:
    """A Proton service spec."""
    return parse.spec_file(label, reader, blob, "ServiceSpec")


def read_text(label: str, reader: TreeReader, blob: str) -> tuple[YamlFile | None, list[Problem]]:
    """The YAML of an ops file."""
    size = reader.size(blob)
    if size > MAX_BYTES:
        return None, [too_large(label, size)]
    file, problems = parse_yaml(label, reader.read(blob), duplicate_keys=Severity.WARNING)
    return file, list(problems)


def fault_of(problems: Iterable[Problem]) -> Note:
    """Problems as one: the code of the first error, and all that was said of it and the others."""
    errors = [problem for problem in problems if problem.is_error]
    code = errors[0].code
    return Note(code, "; ".join(str(problem).replace(f"[{code}] ", "", 1) for problem in errors), "")


def service_unlisted(ops: OpsFile, label: str, service: str) -> Note:
    """A service that the ops file does not list."""
    message = f"{label} lists no service {service}, so nothing of it is synced"
    return Note("SYNC_UNLISTED", message, did_you_mean(service, ops.services))


def part_unlisted(key: str) -> Note:
    """A part of a service that was synced before, and that nothing asks for any more (reference, OPS-5)."""
    message = "Git does not list it any more; it is left as it is, and nothing is destroyed"
    return Note("SYNC_UNLISTED", message, f"list it again, or consent to its destruction: safety.allowDeletes: [{key}]")


def listed_twice(instance: Instance, item: OpsInstance) -> Problem:
    """An instance that the catalog and the ops file list both. Not an error: what the catalog says goes on to count."""
    message = f"{instance.name} is listed here and at {item.spec_at}; this one counts, and the other is not synced"
    hint = "remove one of them, or let Git win: `reconciler sync` says how"
    return Problem(instance.at("name"), "SYNC_BLOCKED", message, hint, Severity.WARNING)


def evidence_of(instance: Instance) -> str:
    """What identifies the catalog's own word on an instance."""
    inputs = instance.inputs
    return digest([instance.name, instance.environment, str(instance.line), dict(inputs.values)])
