"""Golden cases: the option that rewrites what is expected."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--bless`, known when `tests/golden` is named on the command line."""
    parser.addoption("--bless", action="store_true", help="write what happens as what is expected")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    """True when what happens is to be written as what is expected."""
    return bool(request.config.getoption("--bless", default=False))
