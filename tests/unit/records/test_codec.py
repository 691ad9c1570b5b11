from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from reconciler.errors import RecordsError
from reconciler.model.documents import canonical
from reconciler.records.codec import (
    decode_cursor,
    decode_lineage,
    decode_record,
    decode_template,
    encode_cursor,
    encode_lineage,
    encode_record,
    encode_template,
)
from reconciler.records.record import Cursor, Record, TemplateRecord
from tests.support.records import DEV, NOW, TEMPLATES, deployment, records, succeeded

PATH = "resources/environment/ef/dev.json"


@settings(deadline=None)
@given(records())
def test_a_record_is_read_back_from_its_file(record: Record) -> None:
    data = encode_record(record)
    assert decode_record(data, PATH) == record
    assert encode_record(decode_record(data, PATH)) == data


@given(TEMPLATES)
def test_a_templates_record_is_read_back_from_its_file(record: TemplateRecord) -> None:
    data = encode_template(record)
    assert decode_template(data, PATH) == record
    assert encode_template(decode_template(data, PATH)) == data


def test_the_key_order_of_a_document_is_kept_since_it_counts_in_the_digest() -> None:
    record = Record(DEV, 1, latest=deployment(document={"z": 1, "a": {"y": 2, "b": 3}}, outputs={"z": "1", "a": "2"}))
    latest = decode_record(encode_record(record), PATH).latest
    assert latest is not None
    assert json.dumps(latest.document) == '{"z": 1, "a": {"y": 2, "b": 3}}'
    assert list(latest.outputs) == ["z", "a"]


def test_a_deployment_in_several_roles_is_written_once() -> None:
    done = succeeded()
    document = json.loads(encode_record(Record(DEV, 1, latest=done, effective=done, placed=done)))
    assert (document["effective"], document["placed"]) == ("latest", "latest")


def test_cursor_and_lineage_are_read_back() -> None:
    assert decode_cursor(encode_cursor(Cursor("c", NOW)), "cursor.json") == Cursor("c", NOW)
    assert decode_lineage(encode_lineage("l"), "lineage.json") == "l"


def broken(path: str, value: Any) -> bytes:
    """A good record with one thing replaced."""
    document = json.loads(encode_record(Record(DEV, 1, latest=deployment())))
    *above, last = path.split(".")
    inner = document
    for part in above:
        inner = inner[part]
    inner[last] = value
    return canonical(document)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"format": 1, "key": "environment/dev", "deployments": Infinity}',
        b'{"format": 1}',
        broken("format", "1"),
        broken("key", "environment/a b"),
        broken("key", 7),
        broken("deployments", "many"),
        broken("latest", "effective"),
        broken("latest.status", "DONE"),
        broken("latest.version", "1"),
        broken("latest.document", "{"),
        broken("latest.document", {}),
        broken("latest.target", None),
        broken("latest.files", {"a": 1}),
        broken("latest.outputs", ["a"]),
        broken("latest.pullRequest", {"number": 1}),
        broken("blocked", {"reason": "r"}),
    ],
)
def test_a_damaged_file_is_refused_by_name_with_a_way_out(data: bytes) -> None:
    with pytest.raises(RecordsError, match=PATH) as error:
        decode_record(data, PATH)
    assert "damaged" in error.value.message
    assert "git log" in error.value.hint


def test_a_file_of_a_newer_program_is_not_called_damaged() -> None:
    with pytest.raises(RecordsError, match="format 2; this version reads up to 1") as error:
        decode_record(broken("format", 2), PATH)
    assert error.value.hint == "use a newer reconciler"
