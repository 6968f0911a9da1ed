"""Whole requests that are refused: content types, sizes, gzip, and bodies that nothing can be read from."""

from __future__ import annotations

import gzip
import json

import pytest

from api.events import BadRequest, EventLimits, gunzip
from tests.api.test_event_decoding import (
    BASE,
    CLOUD_BASE,
    CLOUD_EVENT,
    CLOUD_EVENTS,
    JSON,
    NDJSON,
    decode,
    event,
    only_rejection,
    refusal,
    with_value,
)


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json;"],
)
def test_content_type_parameters(content_type: str) -> None:
    assert decode(json.dumps([BASE]), content_type).total == 1


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/xml", "application/json; charset=latin-1"]
)
def test_other_content_types_are_refused(content_type: str) -> None:
    refused = refusal(json.dumps([BASE]), content_type)
    assert (refused.status, refused.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", [JSON, NDJSON, "application/ndjson", "application/jsonl", CLOUD_EVENT, CLOUD_EVENTS]
)
@pytest.mark.parametrize("body", ["", " \r\n\t", "\ufeff"])
def test_an_empty_body_has_no_events(content_type: str, body: str) -> None:
    refused = refusal(body, content_type)
    assert (refused.status, refused.code) == (400, "no_events")


@pytest.mark.parametrize("body", ["[]", "[ ]", '{"events": []}'])
def test_an_empty_array_has_no_events(body: str) -> None:
    assert refusal(body).code == "no_events"


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        ('[{"event_id": "e1"', 1, 19),
        ('[\n {"event_id": é}]', 2, 15),
        ('["é", nonsense]', 1, 8),
        ("[1,]", 1, 4),
        ("nonsense", 1, 2),
        ('{"events": [}', 1, 13),
        ("[] x", 1, 4),
        ('[NaN, "\\ud800", {"x": }]', 1, 23),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_line_and_column(body: str, line: int, column: int) -> None:
    refused = refusal(body)
    assert (refused.status, refused.code) == (400, "malformed_json")
    assert (refused.line, refused.column) == (line, column)
    assert f"line {line}, column {column}" in refused.message


@pytest.mark.parametrize(
    "body",
    ["7", '"text"', "null", "NaN", '{"events": {}}', '{"events": [], "atomic": true}', '{"events": 7}'],
)
def test_json_that_holds_no_events(body: str) -> None:
    refused = refusal(body)
    assert (refused.status, refused.code) == (400, "unexpected_json")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(json.dumps(CLOUD_BASE), CLOUD_EVENTS), (json.dumps([CLOUD_BASE]), CLOUD_EVENT)],
)
def test_one_cloud_event_and_a_batch_are_not_mixed_up(body: str, content_type: str) -> None:
    assert refusal(body, content_type).code == "unexpected_json"


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"events":' + "[" * 9999,
    ],
)
@pytest.mark.parametrize("content_type", [JSON, CLOUD_EVENT, CLOUD_EVENTS])
def test_a_deeply_nested_body_is_refused(body: str, content_type: str) -> None:
    assert refusal(body, content_type).status == 400


def test_a_deeply_nested_line_is_one_rejection() -> None:
    rejection = only_rejection(with_value("[" * 50_000 + "]" * 50_000))
    assert rejection.code == "too_deeply_nested"
    assert refusal(f"[{with_value('[' * 50_000 + ']' * 50_000)}]").code == "too_deeply_nested"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps([BASE] * 4), JSON),
        (json.dumps({"events": [BASE] * 4}), JSON),
        (json.dumps([BASE] * 3 + [7]), JSON),
        ("\n".join([json.dumps(BASE)] * 4), NDJSON),
        ("\n".join([json.dumps(BASE)] * 3 + ["{"]), NDJSON),
        (json.dumps([CLOUD_BASE] * 4), CLOUD_EVENTS),
    ],
)
def test_one_event_too_many(body: str, content_type: str) -> None:
    assert decode(body, content_type, EventLimits(max_events=4)).total == 4
    refused = refusal(body, content_type, EventLimits(max_events=3))
    assert (refused.status, refused.code) == (413, "too_many_events")


def test_ten_thousand_events_and_one_more() -> None:
    line = json.dumps(event(properties={})).encode()
    assert decode(b"\n".join([line] * 10_000), NDJSON).total == 10_000
    assert refusal(b"[" + b",".join([line] * 10_001) + b"]").code == "too_many_events"


@pytest.mark.parametrize("body", ["[" + "NaN," * 30_000 + "1]", '["' + r"\ud800" * 30_000 + '"]'])
def test_a_body_full_of_what_is_no_json_is_refused_as_a_whole(body: str) -> None:
    assert refusal(body).code == "malformed_json"


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    body = b"[" + b"x" * 50_000_000
    refused = refusal(body)
    assert (refused.status, refused.code) == (413, "body_too_large")


def test_gzip() -> None:
    body = json.dumps([BASE]).encode()
    assert gunzip(gzip.compress(body), len(body)) == body
    assert gunzip(gzip.compress(body) + gzip.compress(b" "), 10_000) == body + b" "


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (gzip.compress(b"0" * 50_000_000, mtime=0), 413, "body_too_large"),
        (gzip.compress(b"0" * 600, mtime=0) * 2, 413, "body_too_large"),
        (gzip.compress(b"x" * 100, mtime=0)[:-3], 400, "malformed_gzip"),
        (gzip.compress(b"x" * 100, mtime=0) + b"trailing", 400, "malformed_gzip"),
        (gzip.compress(b"", mtime=0) * 100_000, 400, "malformed_gzip"),
        (b"[]", 400, "malformed_gzip"),
        (b"", 400, "malformed_gzip"),
    ],
    ids=["bomb", "two members", "cut off", "trailing", "many members", "plain", "empty"],
)
def test_gzip_that_is_refused(body: bytes, status: int, code: str) -> None:
    with pytest.raises(BadRequest) as caught:
        gunzip(body, 1_000)
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_broken_crc_is_noticed() -> None:
    body = bytearray(gzip.compress(b"x" * 100))
    body[-6] ^= 1
    with pytest.raises(BadRequest):
        gunzip(bytes(body), 1_000)
