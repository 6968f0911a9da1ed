"""Revenue of random contracts is what the oracle makes of them."""

from dataclasses import replace
from datetime import datetime

import pytest

from api.reads.customer_groups import customer_groups
from tests import oracle
from tests.conftest import Engine
from tests.database.revenue_reads import check, recognised
from tests.database.test_properties import SMALL, run, seeds
from tests.strategies import random_scenario


# Without charges: test_revenue has those, and reading discounts with commits takes long.
@pytest.mark.parametrize("seed", seeds(range(0, 3, 2)))
def test_random_contracts_agree_with_the_oracle(engine: Engine, seed: int) -> None:
    _agree(engine, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(range(3, 40, 2)))
def test_more_random_contracts_agree_with_the_oracle(engine: Engine, seed: int) -> None:
    _agree(engine, seed)


def _agree(engine: Engine, seed: int) -> None:
    scenario = random_scenario(seed, replace(SMALL, grants=True))
    now = datetime.fromisoformat(scenario.now)
    for store in run(engine, scenario):
        customers = [one for group in customer_groups(store) for one in group.customer_ids]
        wanted = oracle.run_revenue(scenario.steps, scenario.now, scenario.files)
        assert recognised(store, customers, now) == wanted, f"seed {seed}"
        assert check(store, now) == [], f"seed {seed}"
