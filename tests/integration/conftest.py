"""Integration tests run Git as on a fresh machine; the parts are those of `tests/conftest.py`."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _fresh_git(git_environment: None) -> None:
    pass
