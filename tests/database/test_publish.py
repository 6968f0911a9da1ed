"""Publishing: versions are immutable and numbered, prices change no SQL, a card keeps its currency."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from api.errors import Conflicting, NotFound
from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.publish import publish_rate_card
from api.store import Store
from migrations.deploy import PRICE_DICTIONARIES
from sql.client import Database
from sql.errors import EngineError
from tests.database import billing
from tests.sql import statements_of

SQL = statements_of("publish")

CARD = """
rate_card: acme
currency: {currency}
meters:
  calls: {{event_type: call, aggregation: count, unit: call}}
products:
  calls: {{meter: calls, price: {price}}}
"""


def card(price: str = '{model: per_unit, unit_amount: "0.10"}', currency: str = "USD") -> str:
    return CARD.format(price=price, currency=currency)


def view_text(store: Store, name: str) -> str:
    rows = store.database.rows(
        SQL("definition"),
        d=store.database.name,
        n=name,
    )
    return str(rows[0]["text"])


def test_the_same_content_is_the_same_version(store: Store) -> None:
    first = publish_rate_card(store, card(), "card.yaml")
    again = publish_rate_card(store, f"# a comment\n{card()}", "card.yaml")
    assert (first.rate_card_version, first.created) == (1, True)
    assert (again.rate_card_version, again.content_hash, again.created) == (1, first.content_hash, False)


def test_a_changed_price_is_a_new_version_and_changes_no_sql(store: Store) -> None:
    publish_rate_card(store, card(), "card.yaml")
    activate_version(store, "acme", 1, datetime(2026, 1, 1, tzinfo=UTC))
    before = view_text(store, "rated_usage_mv")
    second = publish_rate_card(store, card('{model: per_unit, unit_amount: "0.12"}'), "card.yaml")
    activate_version(store, "acme", 2, datetime(2026, 2, 1, tzinfo=UTC))
    assert (second.rate_card_version, second.created) == (2, True)
    assert view_text(store, "rated_usage_mv") == before


def test_the_first_tiered_price_makes_the_views_count_positions(store: Store) -> None:
    publish_rate_card(store, card(), "card.yaml")
    assert "tier_from" not in view_text(store, "period_amounts")
    tiers = '{model: graduated, tiers: [{up_to: null, unit_amount: "0.10"}]}'
    publish_rate_card(store, card(tiers), "card.yaml")
    assert "tier_from" in view_text(store, "period_amounts")


def test_views_that_were_deployed_in_part_are_deployed_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine refuses a view in the middle of the first tiered publication: publishing again makes all of them."""
    run = Database.command

    def refusing(database: Database, statement: str, **parameters: object) -> None:
        if "VIEW usage_hours\n" in statement:
            raise EngineError("no space left on device")
        run(database, statement, **parameters)

    publish_rate_card(store, card(), "card.yaml")
    tiers = card('{model: graduated, tiers: [{up_to: null, unit_amount: "0.10"}]}')
    with monkeypatch.context() as patched:
        patched.setattr(Database, "command", refusing)
        with pytest.raises(EngineError):
            publish_rate_card(store, tiers, "card.yaml")
    assert "tier_from" not in view_text(store, "usage_hours")
    publish_rate_card(store, tiers, "card.yaml")
    for name in ("period_amounts", "usage_hours", "credit_steps"):
        assert "tier_from" in view_text(store, name)


def test_a_card_keeps_its_currency(store: Store) -> None:
    publish_rate_card(store, card(), "card.yaml")
    with pytest.raises(Conflicting, match="USD since version 1"):
        publish_rate_card(store, card(currency="EUR"), "card.yaml")


def test_only_published_versions_are_activated(store: Store) -> None:
    with pytest.raises(NotFound, match="no version 1"):
        activate_version(store, "acme", 1, datetime(2026, 1, 1, tzinfo=UTC))


def test_usage_comes_in_while_a_card_is_published(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that is sent in the middle of a publication is rated before the publication goes on."""
    billing.set_up(store)
    insert = Database.insert
    answers: list[str] = []

    def inserting(database: Database, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        insert(database, table, rows)
        if table == "price_rows":
            with ThreadPoolExecutor(1) as another:
                answers.extend(another.submit(billing.send, store, billing.event("e1")).result(timeout=30))

    with monkeypatch.context() as patched:
        patched.setattr(Database, "insert", inserting)
        publish_rate_card(store, billing.card('{model: per_unit, unit_amount: "0.30"}'), "card.yaml")
    assert answers == ["accepted"]
    assert billing.total(store) == Decimal("0.10")


def test_prices_that_failed_to_load_are_loaded_by_the_activation(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    billing.set_up(store)
    billing.send(store, billing.event("e1"))
    run = Database.command

    def refusing(database: Database, statement: str, **parameters: object) -> None:
        if any(f".{name}" in statement for name in PRICE_DICTIONARIES):
            raise EngineError("the engine is busy")
        run(database, statement, **parameters)

    dearer = billing.card('{model: per_unit, unit_amount: "0.30"}')
    with monkeypatch.context() as patched:
        patched.setattr(Database, "command", refusing)
        with pytest.raises(EngineError):
            publish_rate_card(store, dearer, "card.yaml")
    assert publish_rate_card(store, dearer, "card.yaml").created is False
    activate_version(store, "acme", 2, billing.JANUARY)
    assert billing.total(store) == Decimal("0.30")


def test_a_card_of_two_hundred_products_rates(store: Store) -> None:
    """Their rules are one statement, larger than the engine takes of itself."""
    products = "".join(
        f"  p{number}: {{meter: calls, dimensions: {{region: region}}, "
        f'price: {{model: per_unit, unit_amount: "{number}"}}}}\n'
        for number in range(1, 201)
    )
    text = (
        billing.card().partition("products:")[0].replace("quantity: units", 'quantity: "units + 2 * units"')
    )
    billing.publish(store, f"{text}products:\n{products}", billing.JANUARY)
    apply_contracts(store, billing.contracts(), "contracts.yaml")
    billing.send(store, billing.event("e1", units="2", region="eu"))
    # 1 + 2 + … + 200 = 20100, times 2 + 2 × 2 units
    assert billing.total(store) == Decimal(120_600)
