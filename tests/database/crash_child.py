"""A process to be killed: `python -m tests.database.crash_child FOLDER SEED EPISODE`.

It opens the store, tells what an earlier episode left, sends that episode's events again, tells what the store then
says, and goes through its own episode, telling of every batch that was acknowledged. Each line on stdout is one JSON
object; a line is there when the thing it tells has happened. Episode 0 has nothing before it.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from api.cohorts import cohort_of
from api.events import EventLimits, decode_events
from api.instants import EARLIEST, LATEST
from api.opening import open_store
from api.operations.activate import activate_version
from api.operations.amend import amend_event
from api.operations.contracts import apply_contracts
from api.operations.ingest import ingest
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.operations.rollup import roll_up
from api.operations.verify import verify
from api.scenarios.results import complete_result
from api.store import Store
from tests.sql import statements_of

SQL = statements_of("crash_child")

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
BATCHES, BATCH_EVENTS, CUSTOMERS = 4, 30, 4

STORED_EVENTS = SQL("stored_events")
ACTIVATIONS = SQL("activations")
# Whom each episode's version is for, in turn.
COHORTS: tuple[Any, ...] = ("all", {"percent": "50"}, {"where": "coalesce(segment, 'none') = 'none'"})

# The first customer has prices of its own from the middle of the days on.
OVERRIDES: dict[str, Any] = {
    "c1": {"overrides": [{"products": ["calls"], "multiplier": "0.5", "from": "2026-01-07T12:00:00Z"}]}
}


def card(episode: int) -> str:
    """The card that an episode publishes: a price of one unit by model, and tiers."""
    document = {
        "rate_card": "acme-ai",
        "currency": "USD",
        "tables": {"cost": {"keys": ["model"], "rows": {"small": f"0.0{episode + 1}", "large": "0.125"}}},
        "meters": {
            "input": {"event_type": "llm.request", "aggregation": "sum", "quantity": "input_tokens"},
            "calls": {"event_type": "llm.request", "aggregation": "count"},
        },
        "products": {
            "input_tokens": {
                "meter": "input",
                "dimensions": {"model": "model"},
                "price": {"model": "per_unit", "unit_amount": "cost[model]"},
            },
            "calls": {
                "meter": "calls",
                "price": {
                    "model": "graduated",
                    "tiers": [
                        {"up_to": "10", "unit_amount": "0.5", "flat_amount": f"{episode}.25"},
                        {"up_to": None, "unit_amount": "0.1"},
                    ],
                },
            },
        },
    }
    return json.dumps(document)


def contracts(customers: int, contracted: int) -> str:
    """The first customers, and the contracts of the first of them."""
    names = [f"c{number}" for number in range(1, customers + 1)]
    contract = {
        "rate_card": "acme-ai",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": None,
        "timezone": "UTC",
        "billing": {"interval": "month", "anchor_day": "1"},
    }
    return json.dumps(
        {
            "customers": [{"customer_id": name, "name": name.upper()} for name in names],
            "contracts": [
                {"contract_id": f"k-{name}", "customer_id": name, **contract, **OVERRIDES.get(name, {})}
                for name in names[:contracted]
            ],
        }
    )


def topped_up(episode: int) -> str:
    """A customer of the episode whose credits are topped up as soon as its contract is stored."""
    name = f"topped-{episode}"
    top_up = {"unit": "USD", "threshold": "1", "amount": "5", "paid": "4.00", "max_per_day": "3"}
    contract = {"contract_id": f"k-{name}", "customer_id": name, "rate_card": "acme-ai", "top_up": top_up}
    contract["starts_at"] = "2026-01-01T00:00:00Z"
    return json.dumps({"customers": [{"customer_id": name}], "contracts": [contract]})


def batches(seed: int, episode: int) -> list[list[dict[str, Any]]]:
    """What an episode sends. Some events come twice; the ids of episodes differ."""
    random = Random(f"{seed}-{episode}")
    sent: list[dict[str, Any]] = []
    found = []
    for _ in range(BATCHES):
        batch = []
        for _ in range(BATCH_EVENTS):
            if sent and random.random() < 0.1:
                batch.append(random.choice(sent))
                continue
            at = datetime(2026, 1, random.randint(5, 9), random.randint(0, 23), tzinfo=UTC)
            event = {
                "event_id": f"e{episode}-{len(sent)}",
                "customer_id": f"c{random.randint(1, CUSTOMERS + 1)}",
                "event_type": "llm.request",
                "event_time": at.isoformat(),
                "properties": {
                    "model": random.choice(("small", "large", "unlisted")),
                    "input_tokens": str(random.randint(1, 5000)),
                },
            }
            sent.append(event)
            batch.append(event)
        found.append(batch)
    return found


def tell(**line: Any) -> None:
    """Write one line that is there whatever happens to this process next."""
    print(json.dumps(line), flush=True)


def send(store: Store, batch: list[dict[str, Any]]) -> list[str]:
    """Ingest a batch and return the answers in its order."""
    decoded = decode_events(json.dumps(batch).encode(), "application/json", EventLimits(), NOW)
    return [answer.status for answer in ingest(store, decoded)]


def state(store: Store) -> dict[str, Any]:
    """What the store holds and says, and which checks do not hold."""
    result = complete_result(store)
    topped = [one for one in result["balances"] if one["customer_id"].startswith("topped-")]
    versions = store.database.rows(SQL("versions"))
    return {
        "events": store.database.rows(STORED_EVENTS),
        "documents": [row["document"] for row in versions],
        "activations": store.database.rows(ACTIVATIONS),
        "customers": store.database.value(SQL("count_customers")),
        "contracts": store.database.value(SQL("count_contracts")),
        "topped_up": [[one["customer_id"], one["remaining"]] for one in topped],
        "result": result
        | {
            "invoices": [one for one in result["invoices"] if one["lines"]],
            "balances": [one for one in result["balances"] if one not in topped],
        },
        "offending": [[check.name, str(check.offending[:3])] for check in verify(store) if check.offending],
        "problems": store.problems(),
    }


def go_through(store: Store, seed: int, episode: int) -> None:
    """The episode: events, the next version, activated in the past, contracts, an amendment, a roll-up."""
    sent = batches(seed, episode)
    for batch in sent[: BATCHES // 2]:
        tell(acknowledged=identities(batch), answers=send(store, batch))
    roll_up(store, worthwhile_entries=1)
    published = publish_rate_card(store, card(episode), "card.json")
    active_from = datetime(2026, 1, 1 if episode == 0 else 4 + episode % 6, tzinfo=UTC)
    cohort = COHORTS[episode % len(COHORTS)]
    activate_version(store, published.rate_card, published.rate_card_version, active_from, cohort_of(cohort))
    count = min(1 + episode, CUSTOMERS)
    apply_contracts(store, contracts(count, count), "contracts.json")
    for batch in sent[BATCHES // 2 :]:
        tell(acknowledged=identities(batch), answers=send(store, batch))
    amended = sent[0][0]
    amend_event(
        store,
        amended["customer_id"],
        amended["event_id"],
        None,
        amended["properties"] | {"input_tokens": "7"},
    )
    reconcile(store, EARLIEST, LATEST)
    roll_up(store, worthwhile_entries=1)
    apply_contracts(store, topped_up(episode), "topped_up.json")
    store.top_ups.settle()


def identities(batch: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Customer id and event id of each event."""
    return [[event["customer_id"], event["event_id"]] for event in batch]


def main(folder: str, seed: int, episode: int) -> None:
    """Run; the environment may say where to die."""
    with open_store(f"chdb:{folder}", clock=lambda: NOW, memory_bytes=2 << 30) as store:
        tell(found=[[row["customer_id"], row["event_id"]] for row in store.database.rows(STORED_EVENTS)])
        if episode:
            for batch in batches(seed, episode - 1):
                tell(acknowledged=identities(batch), answers=send(store, batch), again=True)
            tell(state=state(store))
        go_through(store, seed, episode)
        tell(ended=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
