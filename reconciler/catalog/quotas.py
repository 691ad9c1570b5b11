"""Proton's limits for bundles and component manifests (reference 2.4 and MAN-5)."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Quotas:
    """What a bundle may hold at most. Sizes are bytes; `component_manifest` counts characters, as Proton's API did."""

    bundle_bytes: int = 5 * 1024 * 1024
    manifest_bytes: int = 50 * 1024
    schema_bytes: int = 50 * 1024
    file_bytes: int = 200 * 1024
    template_files: int = 10
    component_manifest: int = 1024


DEFAULT = Quotas()
DEFAULT = Quotas()

# For what was registered once: it is rendered and destroyed for ever, whatever the limits are today.
UNLIMITED = Quotas(*[sys.maxsize] * 6)
