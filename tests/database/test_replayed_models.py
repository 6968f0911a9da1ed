"""What a replay says of prices that depend on more than sums of usage, in numbers worked by hand; invoices then say the
same."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.publish import publish_rate_card
from api.reads.diff_effect import last_month
from api.reads.replay import Cost, Replay, Scope, replay
from api.store import Store
from tests.conftest import Engine
from tests.database.billing import JANUARY, card, event, publish, send, set_up
from tests.sql import statements_of

SQL = statements_of("replayed_models")
NOW = datetime(2026, 3, 3, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)

CARD = """
rate_card: acme
currency: USD
meters:
  payments: {event_type: payment, aggregation: sum, quantity: units, unit: USD}
  seats: {event_type: seats, aggregation: max, quantity: units, unit: seat}
  disk: {event_type: disk, aggregation: weighted_sum, quantity: units, unit: gigabyte}
  tape: {event_type: tape, aggregation: weighted_sum, quantity: units, unit: gigabyte}
  users: {event_type: login, aggregation: unique, quantity: user, unit: user}
  calls: {event_type: call, aggregation: sum, quantity: units, unit: call}
  help: {event_type: help, aggregation: count, unit: call}
products:
  payments: {meter: payments, price: {model: percentage, rate_percent: "2", free_events: "1"}}
  seats: {meter: seats, price: {model: per_unit, unit_amount: "5"}}
  disk: {meter: disk, price: {model: per_unit, unit_amount: "2"}}
  tape: {meter: tape, price: {model: per_unit, unit_amount: "1"}}
  users: {meter: users, dimensions: {team: team}, price: {model: per_unit, unit_amount: "3"}}
  platform: {meter: help, price: {model: flat, flat_amount: "20"}}
  calls: {meter: calls, price: {model: per_unit, unit_amount: "0.01"}}
  help: {meter: help, price: {model: per_unit, unit_amount: "1"}}
"""
DEARER = (
    (
        'rate_percent: "2", free_events: "1"',
        'rate_percent: "3", free_events: "2", min_amount_per_event: "0.50"',
    ),
    ('"5"', '"6"'),
    ('unit_amount: "3"', 'unit_amount: "4"'),
    ('unit_amount: "2"', 'unit_amount: "3"'),
    ('  tape: {meter: tape, price: {model: per_unit, unit_amount: "1"}}\n', ""),
    ('"20"', '"25"'),
    ('"0.01"', '"0.02"'),
    (
        'help: {meter: help, price: {model: per_unit, unit_amount: "1"}}',
        'help: {meter: help, price: {model: per_unit, unit_amount: "1", minimum_spend: "10"}}',
    ),
)
CONTRACTS = """
customers: [{customer_id: c1, name: First}, {customer_id: c2, name: Second}]
contracts:
  - contract_id: k1
    customer_id: c1
    rate_card: acme
    starts_at: 2026-01-01T00:00:00Z
    billing: {interval: month, anchor_day: 1}
  - contract_id: k2
    customer_id: c2
    rate_card: acme
    starts_at: 2026-01-15T00:00:00Z
    billing: {interval: month, anchor_day: 15}
"""
# What February says of the first customer, whose period it is.
# payments of 100, 50 and 10: 1.00 + 0.20 → two are free, and 3 % of 10 are at least 0.50
# seats: at most 7, at 5 → 6. users: ada and bob in one team, ada in another: 3, at 3 → 4
# disk: 10 from January, 6 from the middle of February: (14 × 10 + 14 × 6) / 28 = 8, at 2 → 3
# tape: 5 from January, at 1; the version does not have it, and what is held is billed as the last that has it says
# platform and help are due without usage. calls: 100, at 0.01 → 0.02
WAS = {
    "payments": "1.2",
    "seats": "35",
    "disk": "16",
    "tape": "5",
    "users": "9",
    "platform": "20",
    "calls": "1",
}
WOULD_BE = {
    "payments": "0.5",
    "seats": "42",
    "disk": "24",
    "tape": "5",
    "users": "12",
    "platform": "25",
    "calls": "2",
    "help": "10",
}


@pytest.fixture(scope="module")
def february(engine: Engine) -> Iterator[Store]:
    with engine.store(clock=lambda: NOW) as store:
        publish(store, CARD, JANUARY)
        apply_contracts(store, CONTRACTS, "contracts.yaml")
        usage = [
            ("disk", 10, "2026-01-15T00:00:00Z", {}),
            ("disk", -4, "2026-02-15T00:00:00Z", {}),
            ("tape", 5, "2026-01-20T00:00:00Z", {}),
            *(
                ("payment", units, f"2026-02-0{day}T00:00:00Z", {})
                for day, units in ((1, 100), (2, 50), (3, 10))
            ),
            *(("seats", units, f"2026-02-0{day}T00:00:00Z", {}) for day, units in ((1, 3), (2, 7), (3, 4))),
            *(
                ("login", 1, f"2026-02-0{day}T00:00:00Z", {"user": user, "team": team})
                for day, user, team in ((1, "ada", "x"), (2, "bob", "x"), (3, "ada", "x"), (4, "ada", "y"))
            ),
            ("call", 100, "2026-02-10T00:00:00Z", {}),
        ]
        send(
            store,
            *(
                event(f"a{n}", units, at, **more) | {"event_type": kind}
                for n, (kind, units, at, more) in enumerate(usage)
            ),
        )
        seats = (
            (3, "2026-01-20T00:00:00Z"),
            (7, "2026-02-03T00:00:00Z"),
            (4, "2026-02-20T00:00:00Z"),
            (9, "2026-03-01T00:00:00Z"),
        )
        send(
            store,
            *(
                event(f"b{n}", units, at) | {"event_type": "seats", "customer_id": "c2"}
                for n, (units, at) in enumerate(seats)
            ),
        )
        yield store


def dearer(store: Store) -> int:
    text = CARD
    for before, after in DEARER:
        assert before in text
        text = text.replace(before, after)
    version: int = publish_rate_card(store, text, "card.yaml").rate_card_version
    return version


def asked(store: Store, version: int, scope: Scope) -> Replay:
    version_id = store.database.value(SQL("version_id"), version=version)
    store.load_prices(version_id)
    return replay(store, scope, version_id, by_customer=True)


def of(costs: tuple[Cost, ...], customer: str) -> dict[str, Decimal]:
    return {one.product: one.amount for one in costs if one.customer_id == customer}


def numbers(texts: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in texts.items()}


def test_each_price_by_hand(february: Store) -> None:
    """By month the second customer's periods begin on the 15th. Entries dated in February: seats 7 − 3 = 4 of the first
    period and 4 of the second, the flat amount and the least amount of 15 February."""
    version = dearer(february)
    found = asked(february, version, Scope("acme", NOW))
    assert of(found.before, "c1") == numbers(WAS)
    assert of(found.after, "c1") == numbers(WOULD_BE)
    # Its last complete period is from 15 January on: at most 7 seats.
    assert of(found.before, "c2") == numbers({"seats": "35", "platform": "20"})
    assert of(found.after, "c2") == numbers({"seats": "42", "platform": "25", "help": "10"})
    assert found.ways == {
        **dict.fromkeys(("payments", "seats", "disk", "users"), "events"),
        **dict.fromkeys(("platform", "calls", "help"), "sums"),
        "tape": "removed",
    }
    month = asked(february, version, Scope("acme", NOW, month=last_month(NOW)))
    assert of(month.before, "c1") == of(found.before, "c1")
    assert of(month.after, "c1") == of(found.after, "c1")
    assert of(month.before, "c2") == numbers({"seats": "40", "platform": "20"})
    assert of(month.after, "c2") == numbers({"seats": "48", "platform": "25", "help": "10"})
    activate_version(february, "acme", version, FEBRUARY, force=True)
    lines = february.database.rows(SQL("lines"), contract="k1", at=FEBRUARY)
    assert {row["product"]: row["amount"] for row in lines} == numbers(WOULD_BE)


def test_an_event_that_a_price_brings_out_of_range(engine: Engine) -> None:
    """6 × 10^14 calls cost less than 10^14 USD at 0.10 and more at 0.20, where they have no price any more."""
    with engine.store(clock=lambda: datetime(2026, 2, 3, tzinfo=UTC)) as store:
        set_up(store)
        send(store, event("vast", 6 * 10**14), event("small", 10))
        version = publish_rate_card(store, card('{model: per_unit, unit_amount: "0.20"}'), "card.yaml")
        found = asked(store, version.rate_card_version, Scope("acme", store.clock()))
        assert of(found.before, "c1") == numbers({"calls": "60000000000001"})
        assert of(found.after, "c1") == numbers({"calls": "2"})
        assert found.ways == {"calls": "events"}
