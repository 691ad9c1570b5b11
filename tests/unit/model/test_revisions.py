from __future__ import annotations

from reconciler.model.revisions import Revision


def test_a_revision_reads_like_the_start_of_a_position() -> None:
    assert str(Revision("templates", "main", "web/v1", "c1")) == "templates@main:web/v1"
    assert str(Revision("templates", "main")) == "templates@main:"
