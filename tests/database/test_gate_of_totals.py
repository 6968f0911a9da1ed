"""The gate of totals: what is counted over a whole period is not counted in two ways within one."""

from datetime import UTC, datetime

from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.publish import publish_rate_card
from api.operations.rollback import roll_back
from api.operations.verify import verify
from api.reads.rate_cards import list_activations
from tests.conftest import Engine
from tests.database.billing import JANUARY, contracts, event, publish, send, total
from tests.database.test_gates import NOW, asked, refused

SEATS = """
rate_card: acme
currency: USD
meters:
  seats: {event_type: call, aggregation: max, quantity: units, unit: seat}
  peak: {event_type: call, aggregation: max, quantity: units, unit: seat}
  calls: {event_type: call, aggregation: count, unit: call}
products:
  calls: {meter: calls, price: {model: per_unit, unit_amount: "1"}}
  seats: {meter: seats, price: {model: per_unit, unit_amount: "10"}}
"""


def test_a_total_is_not_counted_in_two_ways_within_a_period(engine: Engine) -> None:
    """5 seats in February, and 2 calls: 52.00. With a dimension from the 2nd on they would be 5 seats and 5 seats."""
    with engine.store(clock=lambda: NOW) as store:
        publish(store, SEATS, JANUARY)
        apply_contracts(store, contracts(), "contracts.yaml")
        by_model = SEATS.replace("{meter: seats, price", "{meter: seats, dimensions: {model: model}, price")
        for text, shown in (
            (by_model, "meter seats and model"),
            (SEATS.replace("meter: seats", "meter: peak"), "meter peak without dimensions"),
        ):
            number = publish_rate_card(store, text, "card.yaml").rate_card_version
            [reason] = refused(store, number, "totals_stay_whole")
            assert reason["code"] == "total_counted_twice"
            assert f"counted by meter seats without dimensions and would be by {shown}" in reason["fact"]
            assert reason["examples"][0]["product"] == "seats"
        send(store, event("e1", 5, at="2026-02-01T12:00:00Z"), event("e2", 5, at="2026-02-02T12:00:00Z"))
        assert total(store, "2026-02-01") == 52
        activate_version(store, "acme", 2, datetime(2026, 2, 2, tzinfo=UTC), force=True)
        # Forced, it is two totals, and two calls; no check calls that wrong.
        assert total(store, "2026-02-01") == 102
        assert [check.name for check in verify(store) if check.offending] == []
        # Back again is one command: the period counts both ways already.
        assert roll_back(store, "acme", active_from=NOW).rate_card_version == 1
        assert list_activations(store, "acme").items[0].forced == ()
        # A new product may be counted as it likes.
        new = publish_rate_card(
            store,
            by_model.replace("  seats: {meter: seats, dim", "  seats_by_model: {meter: seats, dim"),
            "card.yaml",
        )
        assert asked(store, new.rate_card_version)["totals_stay_whole"].passed
