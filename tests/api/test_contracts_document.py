"""Contracts files: what they say, what is refused, and where."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from api.contracts import ContractErrors, Customer, Grant, check_against, read_contracts
from fixtures.demo.contracts import contracts_for
from tests.api.contract_texts import contract, customer, document, grant, read, refusals

FIXTURES = Path(__file__).parents[2] / "fixtures"
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)

FULL = """\
customers:
  - {customer_id: c1, name: Example, attributes: {segment: pilot, region: no, seats: 12}, aliases: [old-c1]}
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme-ai
    starts_at: 2026-01-01T01:00:00.250+01:00
    ends_at: 2027-01-01T00:00:00Z
    timezone: Europe/Berlin
    billing: {interval: month, anchor_day: 31}
    grace: 36h
    overrides: []
    discounts: []
    minimum: null
    fees: []
    commits: ~
    top_up: {}
    grants:
      - {grant_id: g1, unit: credit, amount: "50.000000001", paid: "45.00", priority: 1,
         effective_at: 2026-01-01T00:00:00Z, expires_at: null, applies_to: {}, rollover: {}, recurrence: null}
      - {grant_id: g2, unit: USD, amount: "0.000000000000001", source: promotion,
         effective_at: 2026-01-01T00:00:00Z, expires_at: 2100-01-01T00:00:00Z,
         voided_at: 2026-02-01T00:00:00Z, applies_to: {products: [b-1, a], tags: [ai]}}
"""

END = "2026-02-01T00:00:00Z"


def test_everything_that_a_contract_says() -> None:
    found = read_contracts(FULL, "contracts.yaml")
    attributes = {"segment": "pilot", "region": "no", "seats": "12"}
    assert found.customers == (Customer("c1", "Example", attributes, ("old-c1",)),)
    [k1] = found.contracts
    assert k1.starts_at == JANUARY.replace(microsecond=250_000)
    assert k1.starts_at.tzinfo is UTC
    assert k1.ends_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert (k1.contract_id, k1.customer_id, k1.rate_card) == ("k1", "c1", "acme-ai")
    assert (k1.timezone, k1.interval, k1.anchor_day) == ("Europe/Berlin", "month", 31)
    assert k1.grace == timedelta(hours=36)
    assert k1.grants == (
        Grant(
            "g1", "credit", Decimal("50.000000001"), Decimal("45"), 1, JANUARY, None, None, (), (), "purchase"
        ),
        Grant(
            "g2",
            "USD",
            Decimal("1E-15"),
            Decimal(0),
            0,
            JANUARY,
            datetime(2100, 1, 1, tzinfo=UTC),
            FEBRUARY,
            ("b-1", "a"),
            ("ai",),
            "promotion",
        ),
    )


def test_defaults() -> None:
    [found] = read_contracts(
        "contracts: [{contract_id: k, customer_id: c, rate_card: a, starts_at: 2026-01-01T00:00:00Z}]"
    ).contracts
    assert (found.ends_at, found.timezone, found.interval, found.anchor_day) == (None, "UTC", "month", 1)
    assert (found.grace, found.grants) == (timedelta(days=1), ())
    [nameless] = read_contracts(
        "customers: [{customer_id: c1, attributes: {tier: null, note: ''}}]"
    ).customers
    assert nameless == Customer("c1", "c1", {"note": ""}, ())


def test_the_stored_text_is_the_contract() -> None:
    found = read_contracts(FULL).contracts[0]
    assert json.loads(found.document)["grants"][0]["amount"] == "50.000000001"
    assert json.loads(found.document)["grace"] == "36h"
    again = read_contracts(f'{{"contracts": [{found.document}]}}').contracts[0]
    assert again == found


def test_two_ways_of_writing_give_one_stored_text() -> None:
    written_out = contract(
        grace="24h",
        starts_at="2026-01-01T05:30:00.000+05:30",
        grants=[grant(amount="50.0", source="purchase")],
    )
    [one, other] = (read(each).contracts[0] for each in (contract(grants=[grant()]), written_out))
    assert one.document == other.document
    assert one == other


def test_every_contracts_file_of_the_fixtures_is_read() -> None:
    files = [*FIXTURES.rglob("contracts*.yaml"), *FIXTURES.rglob("customers*.yaml")]
    assert len(files) > 80
    for file in files:
        found = read_contracts(file.read_text("utf-8"), file.name)
        assert check_against(found, found.customers, found.contracts, ()) == ()


def test_generated_contracts_are_read() -> None:
    found = read_contracts(contracts_for(["a", "星空", "c'\"1"], "acme-ai", JANUARY))
    assert [c.customer_id for c in found.contracts] == ["a", "星空", "c'\"1"]
    assert found.contracts[1].starts_at == JANUARY


def test_json_may_escape_any_character() -> None:
    names = {"c1": "Ünïcode 😀", "c2": "a/b \\ud83d\\ude00 \\", "c3": "\\😀\\\\😀"}
    for ensure_ascii in (True, False):
        text = json.dumps(
            {"customers": [customer(c, name=n) for c, n in names.items()]}, ensure_ascii=ensure_ascii
        )
        assert {c.customer_id: c.name for c in read_contracts(text).customers} == names
    assert refusals(r'{"customers": [{"customer_id": "\ud83d"}]}') == [("yaml_syntax", "(contracts file)")]


def test_a_backslash_in_yaml_that_is_not_json_is_no_escape() -> None:
    found = read_contracts(r"customers: [{customer_id: c1, name: '\ud83d\ude00'}]")
    assert found.customers[0].name == r"\ud83d\ude00"


@pytest.mark.parametrize(
    ("terms", "code", "path"),
    [
        ({"recurrence": {"interval": "fortnight"}}, "unknown_choice", "recurrence.interval"),
        ({"recurrence": {"count": "3"}}, "missing_field", "recurrence.interval"),
        ({"recurrence": {"interval": "day", "count": "0"}}, "number_out_of_range", "recurrence.count"),
        ({"recurrence": {"interval": "day", "every": "2"}}, "unknown_key", "recurrence.every"),
        (
            {"recurrence": {"interval": "day", "count": "2", "until": "2027-01-01T00:00:00Z"}},
            "ambiguous_term",
            "recurrence.until",
        ),
        ({"rollover": {"months": "1"}}, "rollover_without_end", "rollover"),
        ({"rollover": {"fraction": "0.5"}, "expires_at": END}, "missing_field", "rollover.months"),
        (
            {"rollover": {"fraction": "1.1", "months": "1"}, "expires_at": END},
            "number_out_of_range",
            "rollover.fraction",
        ),
        (
            {"rollover": {"max": "-1", "months": "1"}, "expires_at": END},
            "number_out_of_range",
            "rollover.max",
        ),
        ({"grant_id": "g@2026-01-01"}, "invalid_name", "grant_id"),
        ({"grant_id": "g+rollover"}, "invalid_name", "grant_id"),
    ],
)
def test_wrong_terms_of_grants(terms: dict[str, Any], code: str, path: str) -> None:
    found = refusals(document(contract(grants=[grant(**terms)])))
    assert found == [(code, f"contracts[1].grants[1].{path}")]


def test_everything_wrong_is_said_at_once_with_its_place() -> None:
    text = """\
customers:
  - {customer_id: c1, nmae: Example}
  - {customer_id: c1}
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme-ai
    starts_at: 2026-02-30T00:00:00Z
    timezone: Europe/Berlim
    billing: {interval: week, anchor_day: 32}
    grants:
      - {grant_id: g1, unit: credit, amount: "-1", effective_at: 2026-01-01T00:00:00Z}
"""
    with pytest.raises(ContractErrors) as caught:
        read_contracts(text, "may.yaml")
    assert str(caught.value).splitlines() == [
        "may.yaml:2:23 unknown_key customers[1].nmae: `nmae` means nothing here — did you mean `name`?",
        "may.yaml:3:5 duplicate_name customers[2]: customer `c1` is already on line 2"
        " — keep one of them, or rename it",
        "may.yaml:8:16 invalid_instant contracts[1].starts_at: '2026-02-30T00:00:00Z' does not exist:"
        " day is out of range for month — write it like 2026-01-31T12:00:00Z or 2026-01-31T13:00:00+01:00",
        "may.yaml:9:15 unknown_time_zone contracts[1].timezone: there is no time zone 'Europe/Berlim'"
        " — did you mean `Europe/Berlin`?",
        "may.yaml:10:25 unknown_choice contracts[1].billing.interval: 'week' is not a choice"
        " — use one of `month`",
        "may.yaml:10:43 number_out_of_range contracts[1].billing.anchor_day: the number is not below 32"
        " — write a smaller number",
        "may.yaml:12:46 number_out_of_range contracts[1].grants[1].amount: the number is not greater than 0"
        " — write a number above 0",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "wrong_type"),
        ("- customers", "wrong_type"),
        ("customers: [", "yaml_syntax"),
        ("customers: []\n---\ncontracts: []", "unsupported_yaml"),
        ("customers: []\ncustomers: []", "duplicate_key"),
        ("{}", "missing_field"),
    ],
)
def test_what_is_not_a_contracts_file(text: str, code: str) -> None:
    with pytest.raises(ContractErrors) as caught:
        read_contracts(text, "contracts.yaml")
    [error] = caught.value.errors
    assert error.code == code
    assert "card" not in str(error)


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"contract_id": None}, "missing_field", "contract_id"),
        ({"contract_id": ""}, "invalid_text", "contract_id"),
        ({"contract_id": "k" * 257}, "invalid_text", "contract_id"),
        ({"contract_id": ["k1"]}, "wrong_type", "contract_id"),
        ({"customer_id": None}, "missing_field", "customer_id"),
        ({"customer_id": "c\t1"}, "invalid_text", "customer_id"),
        ({"customer_id": "c\x1f1"}, "invalid_text", "customer_id"),
        ({"rate_card": None}, "missing_field", "rate_card"),
        ({"rate_card": "Acme AI"}, "invalid_name", "rate_card"),
        ({"starts_at": None}, "missing_field", "starts_at"),
        ({"starts_at": "2026-01-01"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2026-01-01T00:00:00"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2026-01-01 00:00:00Z"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2026-01-01T24:00:00Z"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2026-01-01T00:00:60Z"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2026-01-01T00:00:00+24:00"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2026-01-01T00:00:00.0001Z"}, "invalid_instant", "starts_at"),
        ({"starts_at": "0000-01-01T00:00:00Z"}, "invalid_instant", "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-01:00"}, "invalid_instant", "starts_at"),
        ({"starts_at": "２０２６-01-01T00:00:00Z"}, "invalid_instant", "starts_at"),
        ({"starts_at": "2014-12-31T23:59:59.999Z"}, "instant_out_of_range", "starts_at"),
        ({"starts_at": "2015-01-01T00:00:00+00:01"}, "instant_out_of_range", "starts_at"),
        ({"ends_at": "2100-01-01T00:00:00.001Z"}, "instant_out_of_range", "ends_at"),
        ({"ends_at": "2026-01-01T00:00:00Z"}, "end_before_start", "ends_at"),
        ({"ends_at": "2025-12-31T23:59:59Z"}, "end_before_start", "ends_at"),
        ({"timezone": "localtime"}, "unknown_time_zone", "timezone"),
        ({"timezone": "Factory"}, "unknown_time_zone", "timezone"),
        ({"timezone": "europe/berlin"}, "unknown_time_zone", "timezone"),
        ({"timezone": "../etc/passwd"}, "unknown_time_zone", "timezone"),
        ({"timezone": "America"}, "unknown_time_zone", "timezone"),
        ({"timezone": ""}, "unknown_time_zone", "timezone"),
        ({"timezone": "+01:00"}, "unknown_time_zone", "timezone"),
        ({"billing": "month"}, "wrong_type", "billing"),
        ({"billing": {"interval": "year"}}, "unknown_choice", "billing.interval"),
        ({"billing": {"anchor_day": 0}}, "number_out_of_range", "billing.anchor_day"),
        ({"billing": {"anchor_day": "1.5"}}, "number_out_of_range", "billing.anchor_day"),
        ({"billing": {"anchor_day": "last"}}, "invalid_number", "billing.anchor_day"),
        ({"billing": {"anchor": 1}}, "unknown_key", "billing.anchor"),
        ({"grace": "1 day"}, "invalid_duration", "grace"),
        ({"grace": "-1d"}, "invalid_duration", "grace"),
        ({"grace": "1.5d"}, "invalid_duration", "grace"),
        ({"grace": "86400"}, "invalid_duration", "grace"),
        ({"grace": "367d"}, "number_out_of_range", "grace"),
        ({"grants": {}}, "wrong_type", "grants"),
        ({"grants": ["g1"]}, "wrong_type", "grants[1]"),
        ({"discount": []}, "unknown_key", "discount"),
    ],
)
def test_a_contract_that_is_wrong(changes: dict[str, Any], code: str, path: str) -> None:
    assert refusals(document(contract(**changes))) == [(code, f"contracts[1].{path}")]


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"grant_id": None}, "missing_field", "grant_id"),
        ({"grant_id": ""}, "invalid_text", "grant_id"),
        ({"unit": None}, "missing_field", "unit"),
        ({"unit": "Credit"}, "invalid_name", "unit"),
        ({"amount": None}, "missing_field", "amount"),
        ({"amount": "0"}, "number_out_of_range", "amount"),
        ({"amount": "-5"}, "number_out_of_range", "amount"),
        ({"amount": "1e3"}, "invalid_number", "amount"),
        ({"amount": "NaN"}, "invalid_number", "amount"),
        ({"amount": "100000000000000"}, "number_out_of_range", "amount"),
        ({"amount": "1.0000000001"}, "number_out_of_range", "amount"),
        ({"amount": "1.0000000000000001", "unit": "USD"}, "number_out_of_range", "amount"),
        ({"paid": "-0.01"}, "number_out_of_range", "paid"),
        ({"paid": "0.0000000000000001"}, "number_out_of_range", "paid"),
        ({"priority": "high"}, "invalid_number", "priority"),
        ({"priority": "1.5"}, "number_out_of_range", "priority"),
        ({"effective_at": None}, "missing_field", "effective_at"),
        ({"expires_at": "2026-01-01T00:00:00Z"}, "end_before_start", "expires_at"),
        ({"expires_at": "never"}, "invalid_instant", "expires_at"),
        ({"voided_at": "2026-01-32T00:00:00Z"}, "invalid_instant", "voided_at"),
        ({"applies_to": {"product": ["a"]}}, "unknown_key", "applies_to.product"),
        ({"applies_to": {"products": "a"}}, "wrong_type", "applies_to.products"),
        ({"applies_to": {"products": ["A"]}}, "invalid_name", "applies_to.products[1]"),
        ({"applies_to": {"tags": ["ai", None]}}, "invalid_text", "applies_to.tags[2]"),
        ({"source": "gift"}, "unknown_choice", "source"),
    ],
)
def test_a_grant_that_is_wrong(changes: dict[str, Any], code: str, path: str) -> None:
    found = refusals(document(contract(grants=[grant(**changes)])))
    assert found == [(code, f"contracts[1].grants[1].{path}")]


@pytest.mark.parametrize(
    ("written", "code", "path"),
    [
        (customer(None), "missing_field", "customer_id"),
        (customer(""), "invalid_text", "customer_id"),
        (customer("c" * 257), "invalid_text", "customer_id"),
        (customer(name="a\nb"), "invalid_text", "name"),
        (customer(aliases=[""]), "invalid_text", "aliases[1]"),
        (customer(aliases="old"), "wrong_type", "aliases"),
        (customer(attributes=["a"]), "wrong_type", "attributes"),
        (customer(attributes={"a": {"b": "c"}}), "wrong_type", "attributes.a"),
        (customer(attributes={"a": "x\u0000"}), "invalid_text", "attributes.a"),
        (customer(attributes={"a": "x" * 501}), "invalid_text", "attributes.a"),
        (customer(attributes={"": "x"}), "invalid_text", "attributes."),
    ],
)
def test_a_customer_that_is_wrong(written: dict[str, Any], code: str, path: str) -> None:
    assert refusals(document(customers=[written])) == [(code, f"customers[1].{path}")]


def test_bounds_that_are_still_right() -> None:
    [found] = read(
        contract(
            contract_id="k" * 256,
            customer_id="*",
            starts_at="2015-01-01T00:00:00Z",
            ends_at="2100-01-01T00:00:00Z",
            timezone="Australia/Lord_Howe",
            billing={"anchor_day": "31"},
            grace="0d",
            grants=[grant(amount="99999999999999.999999999", paid="0", priority="-1")],
        )
    ).contracts
    assert (len(found.contract_id), found.customer_id, found.anchor_day) == (256, "*", 31)
    assert found.grace == timedelta(0)
    assert (found.grants[0].amount, found.grants[0].priority) == (Decimal("99999999999999.999999999"), -1)


@pytest.mark.parametrize(
    "text",
    ["2026-01-01t00:00:00z", "2025-12-31T19:00:00-05:00", "2026-01-01T00:00:00.000000000-00:00"],
)
def test_ways_of_writing_an_instant(text: str) -> None:
    assert read(contract(starts_at=text)).contracts[0].starts_at == JANUARY
