"""Customers in groups whose drawdowns one statement works out: planning a fold costs more than the fold of many."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.store import Store
from sql import load

GROUP_STEPS = 20_000
"""Hours of prices that a group has at most, unless one customer has more: a fold holds them in memory."""
GROUP_CUSTOMERS = 100


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """Customers that follow each other by id. `promised_to` is the one customer of a group with postpaid commits, which
    are worked out for one customer at a time; else it is empty."""

    customer_ids: tuple[str, ...]
    promised_to: str = ""


def customer_groups(store: Store, *, with_grants: bool = False) -> Iterator[CustomerGroup]:
    """Yield all customers that a contract can bill, in the order of their ids; or only those with grants."""
    group: list[str] = []
    steps = 0
    for row in store.database.rows(load("queries/customers_to_fold.sql")):
        if with_grants and not row["has_grants"]:
            continue
        full = len(group) == GROUP_CUSTOMERS or steps + row["steps"] > GROUP_STEPS
        if group and (full or row["has_true_ups"]):
            yield CustomerGroup(tuple(group))
            group, steps = [], 0
        if row["has_true_ups"]:
            yield CustomerGroup((row["customer_id"],), row["customer_id"])
        else:
            group.append(row["customer_id"])
            steps += row["steps"]
    if group:
        yield CustomerGroup(tuple(group))
