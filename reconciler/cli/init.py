"""`reconciler init`: a new catalog, and the beginning of its records."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.common import place_of, say
from reconciler.engine.birth import init_records
from reconciler.engine.clock import utc_now
from reconciler.engine.scaffold import scaffold
from reconciler.gitstore.checkout import commit_files
from reconciler.gitstore.open import head_commit, origin_of
from reconciler.model.identity import RECORDS_BRANCH

_PROTECT = f"""
Whoever may push the branch {RECORDS_BRANCH} may forge outputs. On a shared host, let only the reconciler's identity
push it:
  GitHub  Settings > Rules > Rulesets: target refs/heads/{RECORDS_BRANCH}, restrict creations, updates, deletions and
          force pushes, and let only the reconciler's App bypass it.
  GitLab  Settings > Repository > Protected branches: {RECORDS_BRANCH}, allowed to push: the reconciler's user only.
"""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
def init(folder: Path) -> None:
    """Start a catalog in FOLDER, or begin the records of the one that is there.

    Writes reconciler.yaml and the folders beside it where they are missing, makes FOLDER a Git repository, and makes
    the records branch. Running it again changes nothing.
    """
    written = scaffold(folder)
    place = place_of(folder)
    for path in written:
        say(f"wrote {path.relative_to(folder)}")
    assert place.top is not None
    if written and origin_of(place.top) is None and (head_commit(place.path) is None):
        commit = commit_files(place.top, written, "reconciler: a new catalog\n")
        say(f"committed them as {commit[:12]}")
    if init_records(place, utc_now(), say):
        say(_PROTECT)
        say("Next: add templates, environments and services, commit, and run `reconciler plan`.")
    else:
        say("The catalog and its records were there already; nothing to do.")
