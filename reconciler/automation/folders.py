"""The folders of an infrastructure repository that belong to a deployment, found by their metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.automation.env_config import PIPELINES
from reconciler.errors import InputError
from reconciler.gitstore.base import Objects
from reconciler.model.identity import key_of_arn
from reconciler.model.keys import DEPLOYMENT_ORDER, Kind
from reconciler.model.reports import DELETED_ID
from reconciler.model.trees import Entry, EntryKind, Tree, check_depth
from reconciler.rendering.metadata import METADATA_FILE, Metadata, read_metadata

_PROTON = METADATA_FILE.split("/")[0]
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}\Z")


@dataclass(frozen=True)
class Folder:
    """A folder with metadata. `metadata` is None when the file cannot be used, and `problem` says why.

    `content` is what the folder is applied from; `environment` is its name in `env_config.json`, None if unknown.
    """

    path: str
    content: tuple[Entry, ...]
    metadata: Metadata | None
    environment: str | None = None
    problem: str = ""


def is_deployment_id(text: str) -> bool:
    """True for what may be an id: it becomes a file name on the reports branch."""
    return text == DELETED_ID or _ID.match(text) is not None


def find_folders(tree: Tree) -> tuple[Folder, ...]:
    """Every folder below the root that has metadata, in the order in which they are handled."""
    return in_order(_below(tree, ""))


def read_folder(tree: Tree, path: str) -> Folder | None:
    """The folder at a path, or None when it has no metadata."""
    own = tree.subtree(path)
    return _read(own, path) if own is not None else None


def _read(own: Tree, path: str) -> Folder | None:
    data = own.read(METADATA_FILE)
    if data is None:
        return None
    content = direct_entries(own)
    metadata = read_metadata(data)
    if metadata is None:
        return Folder(path, content, None, problem=f"{path}/{METADATA_FILE} cannot be understood")
    problem = _problem(metadata)
    # What cannot be used is not handed on, so that nobody uses it.
    return Folder(path, content, None if problem else metadata, _environment(metadata, data), problem)


def in_order(folders: Iterable[Folder]) -> tuple[Folder, ...]:
    """Deployments first, environments before what runs in them; then destroys, the other way round."""
    found = sorted(folders, key=_rank)
    destroys = [folder for folder in found if _is_destroy(folder)]
    return (*(folder for folder in found if not _is_destroy(folder)), *reversed(destroys))


def _is_destroy(folder: Folder) -> bool:
    return folder.metadata is not None and folder.metadata.deleted


def _rank(folder: Folder) -> tuple[int, str]:
    kind = folder.metadata.key.kind if folder.metadata is not None else None
    return (DEPLOYMENT_ORDER.index(kind) if kind in DEPLOYMENT_ORDER else len(DEPLOYMENT_ORDER), folder.path)


def _below(tree: Tree, prefix: str) -> Iterator[Folder]:
    try:
        check_depth(prefix)
    except InputError as error:
        # Somebody made that tree to exhaust us; the other folders are none the worse for it.
        yield Folder("/".join(prefix.split("/")[:3]), (), None, problem=str(error))
        return
    for entry in tree.entries():
        if entry.kind is not EntryKind.TREE or entry.name == _PROTON:
            continue
        below = Tree(tree.reader, entry.id)
        path = prefix + entry.name
        folder = _read(below, path)
        if folder is not None:
            yield folder
        yield from _below(below, f"{path}/")


def _problem(metadata: Metadata) -> str:
    if metadata.key.kind not in DEPLOYMENT_ORDER:
        return f"its metadata names {metadata.key}, which is never deployed"
    if metadata.deployment_id == DELETED_ID:
        return "" if metadata.deleted else "its metadata has the id of a deletion, but isResourceDeleted is not true"
    return "" if is_deployment_id(metadata.deployment_id) else "the deploymentId in its metadata is not an id"


def _environment(metadata: Metadata, data: bytes) -> str | None:
    if metadata.key.kind is Kind.PIPELINE:
        return PIPELINES
    if metadata.key.kind is Kind.ENVIRONMENT:
        return metadata.key.name
    document = json.loads(data)
    resource = document.get("resourceMetadata") or document.get("componentMetadata")
    arn = resource.get("environmentArn")
    key = key_of_arn(arn) if isinstance(arn, str) else None
    return key.name if key is not None and key.kind is Kind.ENVIRONMENT else None


def direct_entries(own: Tree) -> tuple[Entry, ...]:
    """What decides how a folder is applied: its own files and its `.proton`, not the folders of other resources that
    lie inside it."""
    return tuple(entry for entry in own.entries() if entry.kind is not EntryKind.TREE or entry.name == _PROTON)


def changed_at(objects: Objects, commit: str, path: str) -> int | None:
    """When the newest commit that changed the folder's metadata was made, in seconds since the epoch; None when there
    is none."""
    newest = next(objects.history(commit, f"{path}/{METADATA_FILE}"), None)
    return newest.time if newest is not None else None


def deployment_of(tree: Tree, arn: str) -> str | None:
    """The deployment id that the folder of a resource carries, or None when no folder, or more than one, is its."""
    ids = {folder.metadata.deployment_id for folder in _of(tree, arn) if folder.metadata is not None}
    return ids.pop() if len(ids) == 1 else None


def deleted_at(objects: Objects, commit: str, arn: str) -> int | None:
    """When the folder of a resource was marked as deleted, see `changed_at`; None when it is not."""
    deleted = [folder.path for folder in _of(objects.tree(commit), arn) if _is_destroy(folder)]
    times = [time for path in deleted if (time := changed_at(objects, commit, path)) is not None]
    return max(times, default=None)


def _of(tree: Tree, arn: str) -> list[Folder]:
    return [folder for folder in find_folders(tree) if folder.metadata is not None and folder.metadata.arn == arn]
