"""The beginning of a catalog's records: a lineage is chosen, written into the settings, and the branch is made.

The branch comes first. When it stops half-way, the next try finds a branch that nobody claims, without a cursor, and
takes over its lineage.
"""

from __future__ import annotations

import io
import os
import stat
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from reconciler.catalog.load import SETTINGS_FILE, Catalog
from reconciler.engine.place import Place, catalog_remote, records_remote
from reconciler.engine.store import RecordStore
from reconciler.errors import ConflictError, InputError, RecordsError
from reconciler.gitstore.checkout import commit_files
from reconciler.gitstore.folder import open_folder
from reconciler.gitstore.open import origin_of

Say = Callable[[str], None]


def init_records(place: Place, now: str, say: Say) -> bool:
    """Makes the records branch of a catalog and writes its lineage into the settings. False when the catalog has both
    already. A catalog that is its own remote gets the commit as well; one that has an `origin` is left to its people,
    since its main branch may be protected."""
    catalog = Catalog(open_folder(place.path))
    errors = [problem for problem in catalog.problems if problem.is_error]
    if errors:
        raise InputError(f"{SETTINGS_FILE} has errors: {errors[0]}", hint="correct it first")
    store = RecordStore(records_remote(place, catalog, catalog_remote(place)), catalog.settings.records_branch)
    lineage = _lineage(store, catalog.settings.lineage, now, say)
    if lineage == catalog.settings.lineage:
        return False
    _write_lineage(place.path / SETTINGS_FILE, lineage)
    say(f"wrote the lineage {lineage} into {SETTINGS_FILE}")
    assert place.top is not None
    if origin_of(place.top) is None:
        commit = commit_files(place.top, [place.path / SETTINGS_FILE], "reconciler: begin the records\n")
        say(f"committed {SETTINGS_FILE} as {commit[:12]}")
    else:
        say(f"now commit {SETTINGS_FILE}, push it, and run `reconciler apply`")
    return True


def _lineage(store: RecordStore, wanted: str, now: str, say: Say) -> str:
    """The lineage of the branch, which is made where there is none."""
    tip = store.tip()
    where = f"branch {store.branch} of {store.remote.name}"
    if tip is None and wanted:
        message = f"the records are lost: {SETTINGS_FILE} names lineage {wanted}, and there is no {where}"
        hint = "push it again from a clone that has it; to start anew, remove the lineage from the file"
        raise RecordsError(message, hint=hint)
    if tip is None:
        lineage = str(uuid.uuid4())
        try:
            store.birth(lineage, now)
        except ConflictError:
            return store.book(store.tip()).lineage
        say(f"made the {where}")
        return lineage
    book = store.book(tip)
    if book.lineage != wanted and (wanted or book.cursor is not None):
        message = f"the {where} holds records with lineage {book.lineage}"
        hint = f"if they are this catalog's, write spec.records.lineage: {book.lineage} in {SETTINGS_FILE}"
        raise InputError(message, hint=hint)
    return book.lineage


def _write_lineage(path: Path, lineage: str) -> None:
    """Adds one key to the settings and keeps everything else, comments included."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    document = yaml.load(path.read_text(encoding="utf-8"))
    spec = document.get("spec")
    if not isinstance(spec, CommentedMap):
        document["spec"] = spec = CommentedMap()
    records = spec.get("records")
    if not isinstance(records, CommentedMap):
        spec["records"] = records = CommentedMap()
    records["lineage"] = lineage
    text = io.StringIO()
    yaml.dump(document, text)
    replace_file(path, text.getvalue())


def replace_file(path: Path, text: str) -> None:
    """Writes a file that is there anew, whole or not at all; who may read and write it stays as it was."""
    mode = stat.S_IMODE(path.stat().st_mode)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
