"""The body of a request becomes validated events: what is accepted, and what is refused with which words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from api.events import (
    EVENT_SCHEMA,
    REJECTION_CODES,
    REQUEST_CODES,
    BadRequest,
    DecodedEvents,
    EventLimits,
    Rejection,
    decode_events,
)

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
LIMITS = EventLimits()
JSON = "application/json"
NDJSON = "application/x-ndjson"
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"

BASE: dict[str, Any] = {
    "event_id": "e1",
    "customer_id": "c1",
    "event_type": "llm.completion",
    "event_time": "2026-01-31T10:00:00Z",
    "properties": {"model": "large"},
}
CLOUD_BASE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/gateway",
    "subject": "c1",
    "type": "llm.completion",
    "time": "2026-01-31T10:00:00Z",
    "data": {"model": "large"},
}


def decode(body: bytes | str, content_type: str = JSON, limits: EventLimits = LIMITS) -> DecodedEvents:
    text = body.encode() if isinstance(body, str) else body
    decoded = decode_events(text, content_type, limits, NOW)
    assert decoded.table.schema == EVENT_SCHEMA
    decoded.table.validate(full=True)
    assert len(decoded.positions) == decoded.table.num_rows
    assert decoded.total == decoded.table.num_rows + len(decoded.rejections)
    refused = [rejection.index for rejection in decoded.rejections]
    assert refused == sorted(refused)
    assert sorted([*decoded.positions, *refused]) == list(range(decoded.total))
    assert all(rejection.code in REJECTION_CODES for rejection in decoded.rejections)
    return decoded


def refusal(body: bytes | str, content_type: str = JSON, limits: EventLimits = LIMITS) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        decode(body, content_type, limits)
    assert caught.value.code in REQUEST_CODES
    return caught.value


def event(**changes: Any) -> dict[str, Any]:
    return {**BASE, **changes}


def with_value(text: str) -> str:
    """An event whose property x is exactly this JSON text."""
    return json.dumps(event(properties={"x": "@"})).replace('"@"', text)


def only_rejection(item: bytes | str, content_type: str = NDJSON) -> Rejection:
    """The rejection of one event between two good ones, which stand; the same in NDJSON and in an array."""
    text = item.encode() if isinstance(item, str) else item
    before, after = (json.dumps(event(event_id=name)).encode() for name in ("before", "after"))
    body = b"\n".join((before, text, after))
    if content_type == JSON:
        body = b"[" + b",".join((before, text, after)) + b"]"
    decoded = decode(body, content_type)
    assert decoded.table["event_id"].to_pylist() == ["before", "after"]
    assert list(decoded.positions) == [0, 2]
    (rejection,) = decoded.rejections
    assert rejection.index == 1
    return rejection


def properties_of(decoded: DecodedEvents) -> list[dict[str, str]]:
    return [dict(pairs) for pairs in decoded.table["properties"].to_pylist()]


def test_an_event_becomes_a_row() -> None:
    decoded = decode(json.dumps([BASE]))
    assert decoded.table.to_pylist() == [
        {
            "event_id": "e1",
            "customer_id": "c1",
            "event_type": "llm.completion",
            "event_time": datetime(2026, 1, 31, 10, tzinfo=UTC),
            "properties": [("model", "large")],
        }
    ]
    assert decoded.rejections == ()


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(BASE),
        json.dumps([BASE]),
        json.dumps({"events": [BASE]}),
        json.dumps({"events": [BASE]}, indent=2),
        "\ufeff" + json.dumps([BASE]),
        "\r\n [" + json.dumps(BASE) + "\t]\n",
    ],
)
def test_json_bodies_of_one_event(body: str) -> None:
    assert decode(body).table["event_id"].to_pylist() == ["e1"]


@pytest.mark.parametrize("content_type", [NDJSON, "application/ndjson", "application/jsonl"])
@pytest.mark.parametrize("separator", ["\n", "\r\n", "\n\n\n", "\n  \n"])
def test_lines(content_type: str, separator: str) -> None:
    lines = [json.dumps(event(event_id=f"e{number}")) for number in range(3)]
    decoded = decode(separator.join(lines) + separator, content_type)
    assert decoded.table["event_id"].to_pylist() == ["e0", "e1", "e2"]
    assert list(decoded.positions) == [0, 1, 2]


def test_a_cloud_event_is_the_same_event() -> None:
    plain = decode(json.dumps([BASE])).table
    assert decode(json.dumps(CLOUD_BASE), CLOUD_EVENT).table == plain
    assert decode(json.dumps([CLOUD_BASE]), CLOUD_EVENTS).table == plain
    extended = {**CLOUD_BASE, "datacontenttype": "application/json", "traceparent": "00-ab", "sampledrate": 3}
    assert decode(json.dumps(extended), CLOUD_EVENT).table == plain
    assert decode(json.dumps([extended, CLOUD_BASE]), CLOUD_EVENTS).table["event_id"].to_pylist() == [
        "e1",
        "e1",
    ]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"specversion": "0.3"}, "bad_specversion", "specversion"),
        ({"specversion": 1.0}, "wrong_type", "specversion"),
        ({"subject": None}, "wrong_type", "subject"),
        ({"subject": ""}, "empty_value", "subject"),
        ({"id": "e\n1"}, "control_character", "id"),
        ({"time": "2026-02-30T00:00:00Z"}, "bad_event_time", "time"),
        ({"data": "text"}, "wrong_type", "data"),
        ({"data": {"x": 10**20}}, "bad_number", "data.x"),
        ({"data_base64": "eA=="}, "unknown_field", "data_base64"),
        ({"dta": {"x": "1"}}, "unknown_field", "dta"),
    ],
)
def test_a_faulty_cloud_event_is_told_in_its_own_field_names(
    changes: dict[str, Any], code: str, field: str
) -> None:
    body = json.dumps([CLOUD_BASE, {**CLOUD_BASE, **changes}])
    (rejection,) = decode(body, CLOUD_EVENTS).rejections
    assert (rejection.index, rejection.code, rejection.field) == (1, code, field)


def test_a_cloud_event_without_a_subject_has_no_customer() -> None:
    body = json.dumps({name: value for name, value in CLOUD_BASE.items() if name != "subject"})
    (rejection,) = decode(body, CLOUD_EVENT).rejections
    assert (rejection.code, rejection.field) == ("missing_field", "subject")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"as is"', "as is"),
        ('""', ""),
        ('"1e5"', "1e5"),
        ('"NaN \\\\ud800 \\"Infinity"', 'NaN \\ud800 "Infinity'),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"line\\nbreak\\u0000"', "line\nbreak\x00"),
        ("0.1", "0.1"),
        ("1.10", "1.10"),
        ("0.100000000", "0.100000000"),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("-7", "-7"),
        ("999999999999999", "999999999999999"),
        ("-999999999999999.123456789", "-999999999999999.123456789"),
        ("true", "true"),
        ("false", "false"),
        (
            '{"b": [1.50, 30000000000000000000, 1e5], "a": "x y"}',
            '{"b":[1.50,30000000000000000000,1e5],"a":"x y"}',
        ),
        ("[ ]", "[]"),
    ],
)
@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_property_values_are_exact_text(text: str, value: str, content_type: str) -> None:
    item = with_value(text)
    # Alone, beside a plain event (the fast way), and beside a faulty one (the careful way): always the same.
    for others in ([], [json.dumps(BASE)], ["{}"]):
        items = [item, *others]
        body = "\n".join(items) if content_type == NDJSON else f"[{','.join(items)}]"
        assert properties_of(decode(body, content_type))[0] == {"x": value}


def test_a_null_is_an_absent_property_and_keys_are_sorted() -> None:
    properties = [
        {"b": "2", "a": None, "c": 3},
        {"c": None},
        {},
        {"\u00e9": True, "z": "1", "Z": "2"},
        {"c": "1", "b": 2},
    ]
    decoded = decode(json.dumps([event(event_id=f"e{i}", properties=p) for i, p in enumerate(properties)]))
    assert decoded.table["properties"].to_pylist() == [
        [("b", "2"), ("c", "3")],
        [],
        [],
        [("Z", "2"), ("z", "1"), ("\u00e9", "true")],
        [("b", "2"), ("c", "1")],
    ]


def test_properties_are_optional() -> None:
    bare = {name: value for name, value in BASE.items() if name != "properties"}
    assert properties_of(decode(json.dumps([bare, event(properties={}), BASE]))) == [
        {},
        {},
        {"model": "large"},
    ]


def test_what_is_allowed_at_the_limits() -> None:
    properties = {"k" * 256: "v" * 8192, **{f"k{i}": "" for i in range(255)}}
    good = event(
        event_id="\u00e9" * 256, customer_id="c\u00a01", event_type="\U0001f600", properties=properties
    )
    decoded = decode(json.dumps([good]))
    assert decoded.rejections == ()
    assert properties_of(decoded) == [properties]
