"""What a version owes without usage is due once it is in force, not once it is scheduled."""

from datetime import UTC, datetime
from decimal import Decimal

from api.operations.activate import activate_version
from api.operations.begin_periods import begin_periods
from api.operations.contracts import apply_contracts
from api.operations.publish import publish_rate_card
from tests.conftest import Engine
from tests.database.billing import JANUARY, card, contracts, publish, total


def test_a_scheduled_version_begins_with_its_instant(engine: Engine) -> None:
    """A least amount of 5, from the 25th of 50; on the 26th one of 70 that holds since the day before."""
    now = datetime(2026, 1, 20, tzinfo=UTC)
    with engine.store(clock=lambda: now) as store:
        least = '{{model: per_unit, unit_amount: "1", minimum_spend: "{}"}}'
        publish(store, card(least.format(5)), JANUARY)
        apply_contracts(store, contracts(), "contracts.yaml")
        publish_rate_card(store, card(least.format(50)), "card.yaml")
        activate_version(store, "acme", 2, datetime(2026, 1, 25, tzinfo=UTC))
        assert total(store) == 5
        now = datetime(2026, 1, 24, 23, 59, tzinfo=UTC)
        assert not begin_periods(store)
        now = datetime(2026, 1, 25, tzinfo=UTC)
        assert begin_periods(store)
        assert not begin_periods(store)
        assert total(store) == 50
        # What is activated in the past has begun with its activation.
        now = datetime(2026, 1, 26, tzinfo=UTC)
        publish_rate_card(store, card(least.format(70)), "card.yaml")
        activate_version(store, "acme", 3, datetime(2026, 1, 25, 12, tzinfo=UTC))
        assert total(store) == Decimal(70)
