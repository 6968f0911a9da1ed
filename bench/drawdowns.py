"""The drawdown of one customer's prepaid credits: a month of many events, some products, and more or fewer grants."""

import time
from datetime import timedelta
from pathlib import Path

from bench.children import Stopwatch, run_in_child
from bench.report import Figure, Progress, percentile
from bench.workload import MEMORY_BYTES, Workload
from fixtures.demo.generator import BATCH_ROWS, generate

CUSTOMERS = {"credits-of-10-grants": 10, "credits-of-50-grants": 50}
AIMS_MILLISECONDS = {10: 50, 50: 300}
PRODUCTS = 5
EVENTS = 1_000_000
READS = 30
WARM_UP_READS = 3


def measure(workload: Workload, folder: Path, progress: Progress) -> list[Figure]:
    """Read balances of customers with up to a million events each, in a new store in `folder`."""
    events = min(EVENTS, workload.events)
    progress(f"balances of customers with {events:,} events each")
    figures = []
    for grants, (walls, cpu) in run_in_child(read_balances, workload, events, folder).items():
        what = f"balances of {grants} grants, {events:,} events of {PRODUCTS} products in the period"
        figures += [
            Figure(f"{what}: p50", percentile(walls, 50), "ms", aim=AIMS_MILLISECONDS[grants]),
            Figure(f"{what}: p95", percentile(walls, 95), "ms"),
            Figure(f"{what}: CPU", cpu, "ms"),
        ]
    return figures


def read_balances(workload: Workload, events: int, folder: Path) -> dict[int, tuple[list[float], float]]:
    """Return the milliseconds of each read by number of grants, and the mean of the process's CPU; runs in a child."""
    from api.opening import open_store
    from api.operations.activate import activate_version
    from api.operations.contracts import apply_contracts
    from api.operations.publish import publish_rate_card
    from api.operations.rollup import roll_up
    from api.reads.balances import list_balances

    taken: dict[int, tuple[list[float], float]] = {}
    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        published = publish_rate_card(store, card_text(), "credits.yaml")
        activate_version(store, "credits", published.rate_card_version, workload.month_start)
        apply_contracts(store, contracts_text(workload), "contracts.yaml")
        for batch in generate(
            events * len(CUSTOMERS),
            7,
            workload.month_start,
            workload.month_end,
            customers=tuple(CUSTOMERS),
            models=tuple(f"model-{number}" for number in range(PRODUCTS)),
            regions=("us-east",),
            event_mix={"llm.request": 1},
            batch_rows=BATCH_ROWS,
        ):
            store.writer.submit(batch).result()
        roll_up(store)
        for customer, grants in CUSTOMERS.items():
            walls = []
            for _ in range(WARM_UP_READS):
                list_balances(store, customer, as_of=workload.month_end)
            watch = Stopwatch()
            for _ in range(READS):
                began = time.perf_counter_ns()
                found = list_balances(store, customer, as_of=workload.month_end)
                walls.append((time.perf_counter_ns() - began) / 1_000_000)
            if len(found.items) != grants or not any(one.drawn != "0" for one in found.items):
                raise AssertionError(f"{customer} has drawn nothing")
            taken[grants] = (walls, watch.cost().cpu_seconds / READS * 1_000)
    return taken


def card_text() -> str:
    """A card whose products differ by model, each priced in credits."""
    names = [f"model-{number}" for number in range(PRODUCTS)]
    meters = "\n".join(
        f"  tokens_{number}: {{event_type: llm.request, filter: \"model = '{name}'\", aggregation: sum, "
        "quantity: output_tokens, unit: token}"
        for number, name in enumerate(names)
    )
    products = "\n".join(
        f"  product_{number}: {{meter: tokens_{number}, "
        'price: {model: per_unit, unit_amount: "0.001", unit: credit}}'
        for number in range(PRODUCTS)
    )
    return f"""\
rate_card: credits
currency: USD
units: {{credit: {{name: Credit, value: "1.00"}}}}
meters:
{meters}
products:
{products}
"""


def contracts_text(workload: Workload) -> str:
    """A contract a customer; grants start over the month, every second is for one product, and most run out."""
    contracts = []
    for customer, count in CUSTOMERS.items():
        grants = []
        for number in range(count):
            start = workload.month_start + timedelta(hours=number * 600 // count)
            scope = f"{{products: [product_{number % PRODUCTS}]}}" if number % 2 else "{}"
            end = workload.month_end + timedelta(days=1) if number % 3 else start + timedelta(days=5)
            grants.append(
                f"      - {{grant_id: g{number:02d}, unit: credit, "
                f'amount: "{200_000 // count}", priority: {number % 4}, '
                f"effective_at: {start:%Y-%m-%dT%H:%M:%SZ}, expires_at: {end:%Y-%m-%dT%H:%M:%SZ}, applies_to: {scope}}}"
            )
        contracts.append(
            f"  - contract_id: {customer}\n    customer_id: {customer}\n    rate_card: credits\n"
            f"    starts_at: {workload.month_start:%Y-%m-%dT%H:%M:%SZ}\n    grants:\n" + "\n".join(grants)
        )
    owners = "\n".join(f"  - {{customer_id: {customer}}}" for customer in CUSTOMERS)
    return f"customers:\n{owners}\ncontracts:\n" + "\n".join(contracts) + "\n"
