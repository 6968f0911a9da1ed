"""Revenue: numbers worked by hand (docs/contracts.md, Revenue)."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from api.scenarios.plan import scenario_of
from api.scenarios.run import run_steps
from api.store import Store
from tests import oracle
from tests.conftest import Engine
from tests.database.revenue_reads import SQL, check, journal_rows, recognised

NOW = "2026-03-10T00:00:00Z"
AT = datetime(2026, 3, 10, tzinfo=UTC)
ALL_DAYS = date(2100, 1, 1)
CARD = """
rate_card: acme
currency: {currency}
units: {{credit: {{value: "1"}}}}
meters:
  calls: {{event_type: call, aggregation: sum, quantity: units, unit: call}}
  jobs: {{event_type: job, aggregation: sum, quantity: units, unit: job}}
products:
  calls: {{meter: calls, price: {{model: per_unit, unit_amount: "1"}}}}
  jobs: {{meter: jobs, price: {{model: per_unit, unit_amount: "1", unit: credit}}}}
"""
JANUARY = "2026-01-01T00:00:00Z"
GRANT = {"grant_id": "g", "unit": "credit", "amount": "50", "paid": "45.00", "effective_at": JANUARY}
# Of each customer what its contract has beside the card, and its events: day, event type, units.
CUSTOMERS: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "expires": (
        {"grants": [GRANT | {"expires_at": "2026-03-01T00:00:00Z"}]},
        [("01-10", "job", "20"), ("02-10", "job", "10")],
    ),
    "thirds": (
        {"grants": [GRANT | {"amount": "3", "paid": "10.00"}]},
        [("01-05", "job", "1"), ("01-06", "job", "1"), ("01-07", "job", "1")],
    ),
    "promotion": (
        {"grants": [GRANT | {"amount": "10", "paid": "0", "source": "promotion"}]},
        [("01-10", "job", "12")],
    ),
    "rolls": (
        {
            "grants": [
                GRANT
                | {
                    "amount": "20",
                    "paid": "10.00",
                    "expires_at": "2026-02-01T00:00:00Z",
                    "rollover": {"fraction": "0.5", "months": "1"},
                }
            ]
        },
        [("01-10", "job", "4"), ("02-10", "job", "6")],
    ),
    "fee": ({"fees": [{"fee_id": "f", "amount": "50.00", "interval": "month", "in_advance": "true"}]}, []),
    "rounding": ({}, [("01-10", "call", "1.234"), ("01-20", "call", "2.222")]),
    "discount": (
        {"discounts": [{"percent": "10"}]},
        [("01-10", "call", "10"), ("01-20", "call", "3.46")],
    ),
    "minimum": ({"minimum": {"amount": "100.00"}}, [("01-10", "call", "10"), ("03-05", "call", "7")]),
    "promise": (
        {
            "ends_at": "2026-03-01T00:00:00Z",
            "commits": [{"commit_id": "m", "kind": "postpaid", "amount": "1000.00", "period": "contract"}],
        },
        [("01-10", "call", "100"), ("02-10", "call", "50")],
    ),
    "instalments": (
        {
            "commits": [
                {
                    "commit_id": "m",
                    "kind": "prepaid",
                    "unit": "USD",
                    "amount": "100",
                    "paid": "90.00",
                    "effective_at": JANUARY,
                    "invoice_schedule": [
                        {"at": JANUARY, "amount": "30.00"},
                        {"at": "2026-02-01T00:00:00Z", "amount": "60.00"},
                    ],
                }
            ]
        },
        [("01-05", "call", "40")],
    ),
    "overage": (
        {
            "commits": [
                {
                    "commit_id": "o",
                    "kind": "prepaid",
                    "unit": "credit",
                    "amount": "10",
                    "paid": "9.50",
                    "overage_rate": "0.90",
                    "effective_at": JANUARY,
                }
            ]
        },
        [("01-05", "job", "12")],
    ),
    "auckland": (
        {"timezone": "Pacific/Auckland"},
        [("01-30T10:59:59", "call", "1"), ("01-30T11:00:00", "call", "2")],
    ),
}


def steps_of(customers: Sequence[str], currency: str = "USD") -> tuple[list[Any], str, dict[str, str]]:
    """The scenario of these customers: steps, clock and files."""
    contracts = [
        {"contract_id": f"k-{name}", "customer_id": name, "rate_card": "acme", "starts_at": JANUARY}
        | CUSTOMERS[name][0]
        for name in customers
    ]
    events = [
        {
            "event_id": f"{name}-{number}",
            "customer_id": name,
            "event_type": kind,
            "event_time": f"2026-{at}Z" if "T" in at else f"2026-{at}T12:30:00Z",
            "properties": {"units": units},
        }
        for name in customers
        for number, (at, kind, units) in enumerate(CUSTOMERS[name][1])
    ]
    files = {
        "card.yaml": CARD.format(currency=currency),
        "contracts.json": json.dumps(
            {"customers": [{"customer_id": name} for name in customers], "contracts": contracts}
        ),
        "events.ndjson": "\n".join(json.dumps(event) for event in events),
    }
    steps: list[dict[str, Any]] = [
        {"publish": "card.yaml"},
        {"activate": {"rate_card": "acme", "version": "1", "from": JANUARY, "cohort": "all"}},
        {"contracts": "contracts.json"},
        {"events": "events.ndjson"},
    ]
    return steps, NOW, files


def set_up(store: Store, customers: Sequence[str], currency: str = "USD") -> None:
    """Run the scenario of these customers."""
    run_steps(scenario_of(*steps_of(customers, currency)), store)


# Customers share a store with those whose contracts need the same: what no contract has is not computed.
GROUPS = (
    ("expires", "thirds", "promotion", "rolls", "rounding", "auckland"),
    ("fee", "instalments", "overage"),
    ("discount",),
    ("minimum",),
    ("promise",),
)
Billed = Callable[[str], Store]


@pytest.fixture(scope="module")
def billed(engine: Engine) -> Iterator[Billed]:
    """The store of a customer, with the customers of its group."""
    with ExitStack() as stack:

        @cache
        def opened(group: tuple[str, ...]) -> Store:
            store = stack.enter_context(engine.store(clock=lambda: AT))
            set_up(store, group)
            return store

        yield lambda customer: opened(next(group for group in GROUPS if customer in group))


def revenue(store: Store, customer: str, to_day: date = ALL_DAYS) -> list[tuple[str, str, str, str]]:
    """Day, category, what of, and amount."""
    rows = store.database.rows(SQL("revenue"), customer=customer, to_day=to_day)
    return sorted(
        (
            f"{row['day']:%m-%d}",
            row["category"],
            row["product"] or row["grant_id"],
            f"{row['amount'].normalize():f}",
        )
        for row in rows
    )


def journal(store: Store, customer: str, to_day: date = ALL_DAYS) -> list[tuple[str, str, str]]:
    """Day, account, and debit less credit."""
    rows = journal_rows(store, customer, to_day)
    assert all(row["debit"] >= 0 and row["credit"] >= 0 for row in rows)
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["entry_id"]] = sums.get(row["entry_id"], Decimal(0)) + row["debit"] - row["credit"]
    assert set(sums.values()) <= {Decimal(0)}
    return [
        (f"{row['day']:%m-%d}", row["account"], f"{(row['debit'] - row['credit']).normalize():f}")
        for row in rows
    ]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        # 45.00 for 50: 0.90 each. 20 drawn, 10 drawn, 20 expired.
        (
            "expires",
            [
                ("01-10", "prepaid_drawdown", "jobs", "18"),
                ("02-10", "prepaid_drawdown", "jobs", "9"),
                ("03-01", "breakage", "g", "18"),
            ],
        ),
        # 10.00 for 3: 3.33…, and the last draw has what is left.
        (
            "thirds",
            [
                ("01-05", "prepaid_drawdown", "jobs", "3.333333333333333333333333"),
                ("01-06", "prepaid_drawdown", "jobs", "3.333333333333333333333333"),
                ("01-07", "prepaid_drawdown", "jobs", "3.333333333333333333333334"),
            ],
        ),
        # Ten of twelve jobs are free; two are overage at 1.00.
        ("promotion", [("01-10", "usage", "jobs", "2")]),
        # 0.50 each: 4 drawn; of 16 left 8 expire and 8 roll over, of which 6 are drawn and 2 expire.
        (
            "rolls",
            [
                ("01-10", "prepaid_drawdown", "jobs", "2"),
                ("02-01", "breakage", "g", "4"),
                ("02-10", "prepaid_drawdown", "jobs", "3"),
                ("03-01", "breakage", "g+rollover", "1"),
            ],
        ),
        # 1.234 + 2.222 = 3.456, billed 3.46: rounding adds 0.004 on January's last day.
        (
            "rounding",
            [
                ("01-10", "usage", "calls", "1.234"),
                ("01-20", "usage", "calls", "2.222"),
                ("01-31", "usage", "calls", "0.004"),
            ],
        ),
        # 13.46, of which 10 % are 1.346, rounded 1.35: net 12.11. Of 10.00 are left 10 × 12.11 ÷ 13.46, cut to 24
        # decimals; the rest is of the second step, so nothing is left to round.
        (
            "discount",
            [
                ("01-10", "usage", "calls", "8.997028231797919762258543"),
                ("01-20", "usage", "calls", "3.112971768202080237741457"),
            ],
        ),
        # 90 more than the usage in January, 100 in February; March is open: its minimum comes on its last day.
        (
            "minimum",
            [
                ("01-10", "usage", "calls", "10"),
                ("01-31", "true_up", "", "90"),
                ("02-28", "true_up", "", "100"),
                ("03-05", "usage", "calls", "7"),
                ("03-31", "true_up", "", "93"),
            ],
        ),
        # 1000 − 150 on the contract's last day.
        (
            "promise",
            [
                ("01-10", "usage", "calls", "100"),
                ("02-10", "usage", "calls", "50"),
                ("02-28", "true_up", "", "850"),
            ],
        ),
        # A commit's 90.00 for 100: 36 of them for 40, though only 30.00 are invoiced then.
        ("instalments", [("01-05", "prepaid_drawdown", "calls", "36")]),
        # Ten of twelve cost 9.50; the line is 12 × 0.90 less credits of 9.00, so two are 1.80.
        ("overage", [("01-05", "prepaid_drawdown", "jobs", "9.5"), ("01-05", "usage", "jobs", "1.8")]),
        # 11:00 UTC is midnight there in January.
        ("auckland", [("01-30", "usage", "calls", "1"), ("01-31", "usage", "calls", "2")]),
    ],
)
def test_revenue_worked_by_hand(
    billed: Billed, customer: str, expected: list[tuple[str, str, str, str]]
) -> None:
    assert revenue(billed(customer), customer) == expected


def test_a_fee_is_recognised_by_day(billed: Billed) -> None:
    """50.00 ÷ 31 = 1.6129…, cut to 24 decimals; the 31st has 50 − 30 × that."""
    days = {day: amount for day, _, _, amount in revenue(billed("fee"), "fee", date(2026, 2, 1))}
    assert len(days) == 31
    assert days.pop("01-31") == "1.61290322580645161290325"
    assert set(days.values()) == {"1.612903225806451612903225"}
    journalled = journal(billed("fee"), "fee", date(2026, 1, 2))
    assert journalled == [
        ("01-01", "deferred_revenue", "1.612903225806451612903225"),
        ("01-01", "revenue", "-1.612903225806451612903225"),
        ("01-01", "accounts_receivable", "50"),
        ("01-01", "deferred_revenue", "-50"),
    ]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (
            "expires",
            [
                ("01-01", "accounts_receivable", "45"),
                ("01-01", "deferred_revenue", "-45"),
                ("01-10", "deferred_revenue", "18"),
                ("01-10", "revenue", "-18"),
                ("02-10", "deferred_revenue", "9"),
                ("02-10", "revenue", "-9"),
                ("03-01", "deferred_revenue", "18"),
                ("03-01", "revenue", "-18"),
            ],
        ),
        # Recognised as it happens, invoiced when the period ends.
        (
            "promotion",
            [
                ("01-10", "revenue", "-2"),
                ("01-10", "unbilled_receivable", "2"),
                ("02-01", "accounts_receivable", "2"),
                ("02-01", "unbilled_receivable", "-2"),
            ],
        ),
        # What is drawn beyond the first instalment is unbilled until the second.
        (
            "instalments",
            [
                ("01-01", "accounts_receivable", "30"),
                ("01-01", "deferred_revenue", "-30"),
                ("01-05", "deferred_revenue", "30"),
                ("01-05", "revenue", "-36"),
                ("01-05", "unbilled_receivable", "6"),
                ("02-01", "accounts_receivable", "60"),
                ("02-01", "deferred_revenue", "-54"),
                ("02-01", "unbilled_receivable", "-6"),
            ],
        ),
    ],
)
def test_the_journal_worked_by_hand(
    billed: Billed, customer: str, expected: list[tuple[str, str, str]]
) -> None:
    assert journal(billed(customer), customer) == expected


def test_in_an_open_period_usage_is_unbilled(billed: Billed) -> None:
    march = [row for row in journal(billed("minimum"), "minimum", date(2026, 3, 10)) if row[0] > "03-01"]
    assert march == [("03-05", "revenue", "-7"), ("03-05", "unbilled_receivable", "7")]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group[0])
def test_the_oracle_and_the_checks_agree(billed: Billed, group: tuple[str, ...]) -> None:
    store = billed(group[0])
    assert recognised(store, group, AT) == oracle.run_revenue(*steps_of(group))
    assert check(store, AT) == []


def test_yen_have_no_decimals(engine: Engine) -> None:
    """3.456 yen are billed as 3: rounding takes 0.456 on the last day."""
    with engine.store(clock=lambda: AT) as store:
        set_up(store, ["rounding"], currency="JPY")
        assert revenue(store, "rounding") == [
            ("01-10", "usage", "calls", "1.234"),
            ("01-20", "usage", "calls", "2.222"),
            ("01-31", "usage", "calls", "-0.456"),
        ]
        assert check(store, AT) == []
