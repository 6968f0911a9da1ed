"""Reading an invoice against rating the same customer at query time.

The invoice is what the API reads, in the process (the engine's time and the making of the document) and over
HTTP. Query time is one aggregation over a table of raw events of the same rows, joined with the prices: once in
the order of time in which they came, and once ordered by customer, which is the best such a system can do.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.children import Stopwatch, run_in_child
from bench.report import Figure, Progress, percentile
from bench.server import Connection, serving
from bench.statements import statement
from bench.workload import BIGGEST, MEDIAN, MEMORY_BYTES, RATE_CARD, Workload, contract_of

READS = 50
WARM_UP_READS = 5
# Of what takes a second each, fewer say as much.
QUERY_TIME_READS = 10
CUSTOMERS = {"biggest": BIGGEST, "median": MEDIAN}

AIM_READ_MILLISECONDS = 20
AIM_BIGGEST_RATIO = 20
AIM_BIGGEST_RATIO_OF_MANY = 50  # from ten million events on
MANY_EVENTS = 10_000_000

Amounts = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Reads:
    """Times of reads by customer in milliseconds, of wall time and the mean of this process's CPU time, and the exact
    amount of each product that they showed."""

    milliseconds: dict[str, list[float]]
    cpu_milliseconds: dict[str, float]
    amounts: dict[str, Amounts]


@dataclass(frozen=True, slots=True)
class FromSums:
    """Reads of the invoice, and the prices in force for those who want to rate by themselves."""

    reads: Reads
    prices: list[dict[str, Any]]


def measure(workload: Workload, rated: Path, raw: Path, progress: Progress) -> list[Figure]:
    """Read invoices of the store in `rated`, and rate the customers from the raw table in `raw`."""
    progress("invoice reads in the process")
    ours = run_in_child(read_invoices, workload, rated)
    progress("invoice reads over HTTP")
    over_http = run_in_child(read_invoices_over_http, workload, rated)
    progress("rating at query time")
    by_time, by_customer = run_in_child(rate_at_query_time, workload, raw, ours.prices)
    for other in (over_http, by_time, by_customer):
        if other.amounts != ours.reads.amounts:
            raise AssertionError(f"amounts differ: {ours.reads.amounts} and {other.amounts}")
    figures = []
    for name in CUSTOMERS:
        own = ours.reads.milliseconds[name]
        ratio_aim = None
        if name == "biggest":
            ratio_aim = AIM_BIGGEST_RATIO_OF_MANY if workload.events >= MANY_EVENTS else AIM_BIGGEST_RATIO
        figures += _read_figures(f"invoice of the {name} customer, in the process", own)
        own_cpu = ours.reads.cpu_milliseconds[name]
        figures.append(Figure(f"invoice of the {name} customer, in the process: CPU", own_cpu, "ms"))
        figures += _read_figures(f"invoice of the {name} customer, over HTTP", over_http.milliseconds[name])
        for label, reads in (("events by time", by_time), ("events by customer", by_customer)):
            rating = f"rating the {name} customer at query time, {label}"
            taken, cpu = percentile(reads.milliseconds[name], 50), reads.cpu_milliseconds[name]
            figures.append(
                Figure(
                    f"{rating}: p50",
                    taken,
                    "ms",
                    ratio=taken / percentile(own, 50),
                    ratio_aim=ratio_aim if reads is by_time else None,
                )
            )
            figures.append(Figure(f"{rating}: CPU", cpu, "ms", ratio=cpu / own_cpu))
    return figures


def read_invoices(workload: Workload, folder: Path) -> FromSums:
    """Read through the API's functions; runs in a child."""
    from api.opening import open_store
    from api.reads.invoices import get_invoice

    amounts: dict[str, Amounts] = {}

    def reader(customer: str) -> Callable[[], None]:
        def read() -> None:
            invoice = get_invoice(store, invoice_id(workload, customer))
            if invoice is None:
                raise AssertionError(f"{customer} has no invoice")
            amounts[customer] = {
                line.product: Decimal(line.exact_amount) for line in invoice.lines if line.product is not None
            }

        return read

    with open_store(f"chdb:{folder}", memory_bytes=MEMORY_BYTES) as store:
        reads = _timed(reader, amounts)
        prices = store.database.rows(statement("price_list.sql"), rate_card=RATE_CARD)
    return FromSums(reads, prices)


def read_invoices_over_http(workload: Workload, folder: Path) -> Reads:
    """Read from a server over one kept connection; runs in a child."""
    amounts: dict[str, Amounts] = {}

    def reader(customer: str) -> Callable[[], None]:
        def read() -> None:
            invoice = connection.get(f"/v1/invoices/{invoice_id(workload, customer)}")
            amounts[customer] = {line["product"]: Decimal(line["exact_amount"]) for line in invoice["lines"]}

        return read

    with serving(folder) as address, Connection(address) as connection:
        return _timed(reader, amounts)


def rate_at_query_time(workload: Workload, folder: Path, prices: list[dict[str, Any]]) -> tuple[Reads, Reads]:
    """Rate from raw events, ordered by time and ordered by customer; runs in a child."""
    from bench.ingest import wait_for_merges
    from sql.client import Database

    database = Database.open(f"chdb:{folder}", memory_bytes=MEMORY_BYTES)
    try:
        for name in (
            "create_price_list.sql",
            "create_raw_events_by_customer.sql",
            "copy_raw_events_by_customer.sql",
            "optimize_raw_events_by_customer.sql",
        ):
            database.command(statement(name))
        rows = [
            {"product": row["product"], "model": row["model_name"], "region": row["region_name"]}
            | {"unit_amount": row["unit_amount"]}
            for row in prices
        ]
        database.insert("price_list", rows)
        wait_for_merges(database)
        return tuple(  # type: ignore[return-value]  # two, as the literal has
            _rate(database, workload, name)
            for name in ("rate_raw_events.sql", "rate_raw_events_by_customer.sql")
        )
    finally:
        database.close()


def _rate(database: Any, workload: Workload, name: str) -> Reads:
    amounts: dict[str, Amounts] = {}

    def reader(customer: str) -> Callable[[], None]:
        def read() -> None:
            rows = database.rows(
                statement(name),
                customer_id=customer,
                period_start=workload.month_start,
                period_end=workload.month_end,
            )
            amounts[customer] = {row["product"]: row["amount"] for row in rows}

        return read

    return _timed(reader, amounts, QUERY_TIME_READS)


def _timed(
    reader: Callable[[str], Callable[[], None]], amounts: dict[str, Amounts], reads: int = READS
) -> Reads:
    """Time the reading of each customer as often as asked, after a few runs that do not count."""
    wall: dict[str, list[float]] = {}
    cpu: dict[str, float] = {}
    for name, customer in CUSTOMERS.items():
        read = reader(customer)
        for _ in range(WARM_UP_READS):
            read()
        watch = Stopwatch()
        wall[name] = []
        for _ in range(reads):
            began = time.perf_counter_ns()
            read()
            wall[name].append((time.perf_counter_ns() - began) / 1_000_000)
        cpu[name] = watch.cost().cpu_seconds / reads * 1_000
    return Reads(wall, cpu, amounts)


def invoice_id(workload: Workload, customer_id: str) -> str:
    """Return the id of the customer's invoice of the workload's month."""
    return f"{contract_of(customer_id)}:{workload.month_start:%Y-%m-%d}"


def _read_figures(what: str, taken: list[float]) -> list[Figure]:
    return [
        Figure(f"{what}: p50", percentile(taken, 50), "ms", aim=AIM_READ_MILLISECONDS),
        Figure(f"{what}: p95", percentile(taken, 95), "ms"),
    ]
