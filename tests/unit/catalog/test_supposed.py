from __future__ import annotations

import pytest

from reconciler.catalog.supposed import read_supposed
from reconciler.errors import InputError


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"- environment/dev\n", b"environment/dev\n", b"1: {a: b}\n"])
def test_a_file_that_is_no_mapping_of_keys_is_an_error_of_whoever_wrote_it(data: bytes) -> None:
    with pytest.raises(InputError, match="outputs"):
        read_supposed("outputs.yaml", data)
