"""A card of published list prices, and a day of recorded requests: every invoice is the plain sum of its requests.

Skipped where the data is not there.
"""

import csv
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from api.events import EventLimits, decode_events
from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.ingest import ingest
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.operations.rollup import roll_up
from api.operations.verify import verify
from api.reads.invoices import get_invoice
from api.store import Store
from fixtures.demo.contracts import contracts_for
from fixtures.list_prices import RATE_CARD, priced_models, ratecard_from_list_prices, trace_events
from tests.conftest import Engine

DATA = Path(__file__).parent.parent.parent.parent / "shared" / "data"
PRICES = DATA / "llm_list_prices.csv"
TRACES = {"code": DATA / "llm_trace_code.csv", "conversation": DATA / "llm_trace_conversation.csv"}
CUSTOMERS, REQUESTS = 20, 28_185
NOW = datetime(2023, 12, 2, tzinfo=UTC)
START = datetime(2023, 11, 1, tzinfo=UTC)
REQUEST = 10_000
PRODUCTS = {
    "input_tokens": ("input_cost_per_token", "ContextTokens"),
    "output_tokens": ("output_cost_per_token", "GeneratedTokens"),
}

pytestmark = pytest.mark.skipif(not PRICES.exists(), reason="the recorded requests are not here")

# What a customer owes: (quantity, exact amount) by product and model.
Owed = dict[tuple[str, str], tuple[Decimal, Decimal]]


def owed_by_customer() -> dict[str, Owed]:
    """The plain sums, from the files alone: prices rounded half-even to 15 decimals, nothing else rounded. Customers
    take turns row by row, and the model follows from the request's number."""
    with PRICES.open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    prices = {
        product: {row["model"]: Decimal(row[column]) for row in listed if row[column]}
        for product, (column, _) in PRODUCTS.items()
    }
    unit = Decimal(1).scaleb(-15)
    models = [row["model"] for row in listed if all(row["model"] in prices[product] for product in PRODUCTS)]
    models = list(dict.fromkeys(models))
    owed: dict[str, Owed] = {f"customer-{number + 1:02d}": {} for number in range(CUSTOMERS)}
    turn = 0
    for name, path in TRACES.items():
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 1):
                model = models[zlib.crc32(f"{name}-{number}".encode()) % len(models)]
                lines = owed[f"customer-{turn % CUSTOMERS + 1:02d}"]
                for product, (_, column) in PRODUCTS.items():
                    price = prices[product][model].quantize(unit, ROUND_HALF_EVEN)
                    quantity, amount = lines.get((product, model), (Decimal(0), Decimal(0)))
                    tokens = Decimal(row[column])
                    lines[product, model] = quantity + tokens, amount + tokens * price
                turn += 1
    assert turn == REQUESTS
    return owed


@pytest.fixture(scope="module")
def store(engine: Engine) -> Iterator[Store]:
    """A store with the card, twenty contracts, and all requests in bodies of 10,000."""
    listed = PRICES.read_text(encoding="utf-8")
    traces = {name: path.read_text(encoding="utf-8") for name, path in TRACES.items()}
    events = list(trace_events(traces, CUSTOMERS, priced_models(listed)))
    customers = sorted({event["customer_id"] for event in events})
    with engine.store(clock=lambda: NOW) as opened:
        published = publish_rate_card(opened, ratecard_from_list_prices(listed), "list.yaml")
        activate_version(opened, RATE_CARD, published.rate_card_version, START)
        apply_contracts(opened, contracts_for(customers, RATE_CARD, START), "contracts.yaml")
        assert send(opened, events) == {"accepted": REQUESTS}
        yield opened


def send(store: Store, events: list[dict[str, Any]]) -> dict[str, int]:
    """Ingest the events in bodies of at most 10,000, and count the answers."""
    counts: dict[str, int] = {}
    for start in range(0, len(events), REQUEST):
        body = "".join(json.dumps(event) + "\n" for event in events[start : start + REQUEST]).encode()
        decoded = decode_events(body, "application/x-ndjson", EventLimits(), NOW)
        for answer in ingest(store, decoded):
            counts[answer.status] = counts.get(answer.status, 0) + 1
    return counts


def assert_invoices(store: Store) -> None:
    """Every row, line and total of every invoice is the plain sum."""
    for customer, owed in owed_by_customer().items():
        invoice = get_invoice(store, f"{customer}-contract:2023-11-01")
        assert invoice is not None
        lines = {line.product: line for line in invoice.lines}
        assert set(lines) == set(PRODUCTS)
        total = Decimal(0)
        for product, line in lines.items():
            rows = {model: sums for (name, model), sums in owed.items() if name == product}
            amount = sum((exact for _, exact in rows.values()), Decimal(0))
            rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
            total += rounded
            assert Decimal(line.quantity or "") == sum(
                (quantity for quantity, _ in rows.values()), Decimal(0)
            )
            assert Decimal(line.amount) == rounded, (customer, product)
            assert {row.dimensions["model"]: Decimal(row.quantity) for row in line.breakdown} == {
                model: quantity for model, (quantity, _) in rows.items()
            }
            assert sum((Decimal(row.amount) for row in line.breakdown), Decimal(0)) == rounded
        assert Decimal(invoice.total) == total, customer


def test_every_invoice_is_the_plain_sum_of_its_requests(store: Store) -> None:
    with localcontext(Context(prec=100)):
        assert_invoices(store)


def test_the_same_requests_again_change_nothing(store: Store) -> None:
    listed = PRICES.read_text(encoding="utf-8")
    traces = {name: path.read_text(encoding="utf-8") for name, path in TRACES.items()}
    events = list(trace_events(traces, CUSTOMERS, priced_models(listed)))
    assert send(store, events[::-1]) == {"duplicate": REQUESTS}
    assert roll_up(store, worthwhile_entries=1) == CUSTOMERS
    assert reconcile(store).entries_appended == 0
    with localcontext(Context(prec=100)):
        assert_invoices(store)
    assert [check for check in verify(store) if check.offending] == []
