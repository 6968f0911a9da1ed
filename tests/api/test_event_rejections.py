"""One faulty event among good ones: refused with its code, its field and a sentence; the others stand."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from api.events import BadRequest
from tests.api.test_event_decoding import (
    BASE,
    CLOUD_BASE,
    CLOUD_EVENTS,
    JSON,
    NDJSON,
    decode,
    event,
    only_rejection,
    properties_of,
    with_value,
)

NUMBERS_THAT_ARE_NOT_EXACT = [
    "123456789012345678901234567890",
    "1000000000000000",
    "-1000000000000000",
    "1" * 5000,
    "0.1234567891",
    "1e5",
    "1E-2",
    "1e400",
    "1.5e3",
    "NaN",
    "Infinity",
    "-Infinity",
]


@pytest.mark.parametrize("number", NUMBERS_THAT_ARE_NOT_EXACT)
@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_a_number_that_is_not_exact_is_refused_with_its_field(number: str, content_type: str) -> None:
    rejection = only_rejection(with_value(number), content_type)
    assert (rejection.code, rejection.field) == ("bad_number", "properties.x")
    assert "properties.x" in rejection.message
    assert len(rejection.message) < 300


@pytest.mark.parametrize("content_type", [JSON, NDJSON])
@pytest.mark.parametrize(
    ("text", "field"),
    [
        (rb'"\ud800"', "properties.x"),
        (rb'"a\udfffb"', "properties.x"),
        (rb'"\ud83d\u0041"', "properties.x"),
        (rb'"\ud83d\ud83d\ude00"', "properties.x"),
        (b'"\xff"', "properties.x"),
        (b'"\xed\xa0\x80"', "properties.x"),
        (b'["a", "\xff"]', "properties.x"),
        (rb'{"deep": ["\ud800"]}', "properties.x"),
        (rb'"1", "\ud800": "2"', "properties"),
        (b'"1", "\xff": "2"', "properties"),
    ],
)
def test_a_text_that_is_not_unicode_is_refused_with_its_field(
    text: bytes, field: str, content_type: str
) -> None:
    rejection = only_rejection(with_value("@").encode().replace(b"@", text), content_type)
    assert (rejection.code, rejection.field) == ("invalid_text", field)


@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_half_a_surrogate_in_an_identifier(content_type: str) -> None:
    rejection = only_rejection(json.dumps(event(customer_id="\ud800")), content_type)
    assert (rejection.code, rejection.field) == ("invalid_text", "customer_id")


def test_broken_pieces_of_several_kinds_in_one_array() -> None:
    items = [
        json.dumps(event(event_id="a")),
        with_value("NaN"),
        json.dumps(event(event_id="b", properties={"note": 'NaN, "Infinity" \\'})),
        with_value(r'"\ud800"'),
        with_value("[-Infinity]"),
        json.dumps(event(event_id="c", properties={"x": "0e000000"})),
        json.dumps(event(event_id=float("nan"))),
    ]
    decoded = decode("[" + " ,\n ".join(items) + "]")
    assert decoded.table["event_id"].to_pylist() == ["a", "b", "c"]
    assert [(r.index, r.code, r.field) for r in decoded.rejections] == [
        (1, "bad_number", "properties.x"),
        (3, "invalid_text", "properties.x"),
        (4, "bad_number", "properties.x"),
        (6, "bad_number", "event_id"),
    ]
    assert properties_of(decoded)[1] == {"note": 'NaN, "Infinity" \\'}


FAULTS: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("no id", {"event_id": "@missing"}, "missing_field", "event_id"),
    ("no customer", {"customer_id": "@missing"}, "missing_field", "customer_id"),
    ("no type", {"event_type": "@missing"}, "missing_field", "event_type"),
    ("no time", {"event_time": "@missing"}, "missing_field", "event_time"),
    ("empty id", {"event_id": ""}, "empty_value", "event_id"),
    ("empty customer", {"customer_id": ""}, "empty_value", "customer_id"),
    ("empty type", {"event_type": ""}, "empty_value", "event_type"),
    ("number as id", {"event_id": 7}, "wrong_type", "event_id"),
    ("null as customer", {"customer_id": None}, "wrong_type", "customer_id"),
    ("array as type", {"event_type": []}, "wrong_type", "event_type"),
    ("number as time", {"event_time": 1767225600}, "wrong_type", "event_time"),
    ("array as properties", {"properties": ["x"]}, "wrong_type", "properties"),
    ("null as properties", {"properties": None}, "wrong_type", "properties"),
    ("long id", {"event_id": "e" * 257}, "too_long", "event_id"),
    ("tab in id", {"event_id": "e\t1"}, "control_character", "event_id"),
    ("delete in customer", {"customer_id": "c\x7f"}, "control_character", "customer_id"),
    ("next line in type", {"event_type": "a\x85"}, "control_character", "event_type"),
    ("misspelt field", {"propertys": {}}, "unknown_field", "propertys"),
    ("cloud event as plain", {"specversion": "1.0"}, "unknown_field", "specversion"),
    (
        "too many properties",
        {"properties": {f"k{i}": 1 for i in range(257)}},
        "too_many_properties",
        "properties",
    ),
    ("unnamed property", {"properties": {"": "1"}}, "bad_property_name", "properties"),
    ("long property name", {"properties": {"k" * 257: "1"}}, "bad_property_name", "properties"),
    ("control character in name", {"properties": {"a\nb": "1"}}, "bad_property_name", "properties"),
    ("long value", {"properties": {"x": "\u00e9" * 4097}}, "too_long", "properties.x"),
    ("long nested value", {"properties": {"x": ["y" * 8192]}}, "too_long", "properties.x"),
]


@pytest.mark.parametrize(("changes", "code", "field"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_a_faulty_event_is_refused_with_code_and_field(
    changes: dict[str, Any], code: str, field: str, content_type: str
) -> None:
    item = {name: value for name, value in event(**changes).items() if value != "@missing"}
    rejection = only_rejection(json.dumps(item), content_type)
    assert (rejection.code, rejection.field) == (code, field)
    assert field in rejection.message


@pytest.mark.parametrize("item", ["[]", "7", '"text"', "null", "true", "NaN"])
@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_an_event_that_is_not_an_object(item: str, content_type: str) -> None:
    assert only_rejection(item, content_type).code == "not_an_object"


@pytest.mark.parametrize(
    "line",
    [
        '{"event_id":',
        "{'event_id': 'e1'}",
        "nonsense",
        json.dumps(BASE) + json.dumps(BASE),
        json.dumps(BASE) + ",",
    ],
)
def test_a_line_that_is_not_json_is_one_rejection(line: str) -> None:
    rejection = only_rejection(line)
    assert (rejection.code, rejection.field) == ("malformed_json", None)
    assert "column" in rejection.message


def test_an_event_over_two_lines_is_two_broken_lines() -> None:
    decoded = decode('{"event_id":\n"e1"}\n' + json.dumps(BASE), NDJSON)
    assert list(decoded.positions) == [2]
    assert [r.code for r in decoded.rejections] == ["malformed_json", "malformed_json"]


def test_the_fast_way_and_the_careful_way_agree() -> None:
    """An event is the same row, alone in its batch or beside a faulty one, which takes it the careful way."""
    pick = random.Random(20260201)
    values = ["text", "", "é", 0, 7, -3, 10**14, True, False, None, ["a", 1], {"b": None}, "1.50"]
    for _ in range(300):
        properties = {
            pick.choice("abcdef") * pick.randint(1, 3): pick.choice(values) for _ in range(pick.randint(0, 6))
        }
        item = json.dumps(event(event_id=f"e{pick.random()}", properties=properties))
        fast = decode(f"[{item}]")
        for body, content_type in (
            (f"[{item},{{}}]", JSON),
            (f"{item}\nx", NDJSON),
            (f"[{item}, NaN]", JSON),
        ):
            careful = decode(body, content_type)
            assert careful.table == fast.table
            assert [r.index for r in careful.rejections] == [1]


def damage(source: str, pick: random.Random) -> bytes:
    pieces = [
        b"",
        b"\xff",
        b'"',
        b"\\",
        b"\\ud800",
        b"NaN",
        b"-Infinity",
        b"{",
        b"]",
        b",",
        b"\x00",
        b"9" * 40,
    ]
    body = bytearray(source.encode())
    for _ in range(pick.randint(1, 3)):
        place = pick.randrange(len(body))
        body[place : place + pick.randint(0, 2)] = pick.choice(pieces)
    return bytes(body)


def test_damaged_bodies_are_never_a_crash() -> None:
    """Every body of which some bytes were changed, is decoded or refused; nothing else is raised."""
    pick = random.Random(7)
    rich = event(properties={"a": "x\ud83d\ude00", "b": [1, {"c": None}], "d": 12.5, "e": -7, "f": True})
    outcomes: set[bool | None] = set()
    for content_type, source in (
        (JSON, json.dumps([rich, BASE])),
        (JSON, json.dumps({"events": [rich]})),
        (NDJSON, json.dumps(rich) + "\n" + json.dumps(BASE)),
        (CLOUD_EVENTS, json.dumps([CLOUD_BASE, CLOUD_BASE])),
    ):
        for _ in range(1_500):
            try:
                outcomes.add(bool(decode(damage(source, pick), content_type).rejections))
            except BadRequest:
                outcomes.add(None)
    assert outcomes == {True, False, None}


TWICE = json.dumps(event(properties={"tokens": "1", "@": 0}))


@pytest.mark.parametrize("gap", ["", " ", "\t", " \r"])
@pytest.mark.parametrize(
    ("text", "field"),
    [
        (TWICE.replace('"@"', '"tokens"'), "properties.tokens"),
        (TWICE.replace('"@"', '"tok\\u0065ns"'), "properties.tokens"),
        (TWICE.replace('"@": 0', '"tokens": "1"'), "properties.tokens"),
        (TWICE.replace('"@": 0', '"a": "b\\":", "tokens": "1"'), "properties.tokens"),
        (TWICE.replace('"@": 0', '"a\\\\": ":", "a\\\\": "b\\\\"'), "properties.a\\"),
        (TWICE.replace('"@": 0', '"a": ":", "tokens": "\\":"'), "properties.tokens"),
        (TWICE.replace('"@": 0', '"a": {"b": [1, {"c": 1, "d": 2, "c": 3}]}'), "properties.a.b.c"),
        (TWICE.replace('"customer_id": "c1"', '"customer_id": "c1", "customer_id": "c2"'), "customer_id"),
        (TWICE.replace('"customer_id": "c1"', '"customer_id": 5, "customer_id": "c2"'), "customer_id"),
        (TWICE.replace('"properties":', '"properties": {}, "properties":'), "properties"),
    ],
)
def test_a_name_that_stands_twice_is_refused(text: str, field: str, gap: str) -> None:
    """Whatever else is there to deceive who only counts names."""
    for separator in ("customer_id", "event_time"):
        text = text.replace(f'"{separator}":', f'"{separator}"{gap}:')
    rejection = only_rejection(text)
    assert (rejection.code, rejection.field) == ("duplicate_field", field)
    assert "more than once" in rejection.message


@pytest.mark.parametrize("absent", ["properties", "source", "data"])
def test_a_name_that_stands_twice_is_found_beside_an_event_with_fewer_names(absent: str) -> None:
    is_cloud = absent != "properties"
    base = CLOUD_BASE if is_cloud else BASE
    fewer = {name: value for name, value in base.items() if name != absent}
    fewer["id" if is_cloud else "event_id"] = "other"
    twice = json.dumps(base).replace('"large"', '"large", "model": "small"')
    decoded = decode(f"[{json.dumps(fewer)}, {twice}]", CLOUD_EVENTS if is_cloud else JSON)
    assert [(one.index, one.code) for one in decoded.rejections] == [(1, "duplicate_field")]


def test_the_same_name_in_different_objects_is_no_repeat() -> None:
    text = json.dumps(event(properties={"event_id": ":", "a": {"a": [{"a": 1}, {"a": '":'}]}, "b\\": '":"'}))
    assert len(decode(f"[{text}]").table) == 1
    assert len(decode(text, NDJSON).table) == 1
