"""The life of a catalog: from nothing to everything, and what changes afterwards."""

from __future__ import annotations

from conftest import Workshop
