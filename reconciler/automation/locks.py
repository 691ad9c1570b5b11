"""One run at a time for one folder on one machine. Across machines, Terraform's own state lock and stale-plan check
do the same (see `reconciler.automation.provision`)."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_at_a_time(folder: Path, *names: str) -> Iterator[None]:
    """Holds the lock that these names share, waiting for it as long as it takes; a lock file in `folder` is left
    behind on purpose, since removing it would let two runs hold "the same" lock."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
    with (folder / f"{name}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # closing the file gives it up, also when the process dies
        yield
