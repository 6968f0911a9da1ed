"""`runrate demo`: a made-up AI company, priced, streamed and billed while you watch."""

import shlex
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn

from api.cli.explain import show_trace
from api.cli.grants import show_balances
from api.cli.invoices import show_invoices, totals_table
from api.cli.output import stdout
from api.events import DecodedEvents
from api.http.server import KEY_FILE, serving
from api.instants import milliseconds
from api.opening import open_store
from api.operations.activate import activate_version
from api.operations.contracts import apply_contracts
from api.operations.ingest import ingest
from api.operations.publish import publish_rate_card
from api.reads.balances import list_balances
from api.reads.invoices import list_invoices
from api.reads.rate_cards import list_activations
from api.reads.traces import explain_event
from api.store import Store
from fixtures.demo.generator import generate

# Before the first contract starts.
ACTIVE_FROM = datetime(2024, 12, 1, tzinfo=UTC)
# Usage of the demo begins this long ago: enough for a period that has ended and one that runs.
PAST = timedelta(days=35)
BATCH_ROWS = 50_000
DUPLICATE_EVERY = 100
TRICKLE_EVENTS = 200
TRICKLE_SECONDS = 1
NANOSECONDS = 1_000_000_000
WITH_CREDITS = "hoshizora"


@dataclass
class Demo:
    """One run. `folder` is new, or a demo's from before, which then goes on."""

    folder: Path
    events: int
    port: int
    once: bool
    answers: Counter[str] = field(default_factory=Counter, init=False)
    last_event: tuple[str, str] = field(default=("", ""), init=False)

    def run(self) -> None:
        """Set up, stream, show; then serve until Ctrl-C unless it is to be done once."""
        console = stdout()
        with open_store(f"chdb:{self.folder}") as store:
            self._set_up(store)
            with serving(store, port=self.port) as address:
                self._stream(store)
                self._show(store)
                if not self.once:
                    self._show_address(address.url, address.bootstrap_key)
                    try:
                        self._trickle(store)
                    except KeyboardInterrupt:
                        console.print("stopping: what was received is stored")
        self._show_next()

    def _set_up(self, store: Store) -> None:
        demo = files("fixtures.demo")
        card = publish_rate_card(store, _text(demo, "ratecard.yaml"), "ratecard.yaml")
        if not list_activations(store, card.rate_card).items:
            activate_version(store, card.rate_card, card.rate_card_version, ACTIVE_FROM)
        done = apply_contracts(store, _text(demo, "contracts.yaml"), "contracts.yaml")
        customers = done.customers or "the same"
        stdout().print(
            f"Rate card [bold]{card.rate_card}[/bold] version {card.rate_card_version}: {card.prices} prices in force. "
            f"Contracts: {customers} customers, from New York to Tokyo."
        )

    def _stream(self, store: Store) -> None:
        now = store.clock()
        columns = (
            TextColumn("Streaming usage"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} events"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[due]}"),
        )
        spent = 0
        with Progress(*columns, console=stdout()) as progress:
            task = progress.add_task("", total=self.events, rate="", due="")
            # Another seed each time, so that a demo that goes on makes new events.
            for batch in generate(
                self.events,
                milliseconds(now),
                now - PAST,
                now,
                duplicate_every=DUPLICATE_EVERY,
                batch_rows=BATCH_ROWS,
            ):
                began = time.monotonic_ns()
                self._ingest(store, batch)
                # Reading the total is not part of what the rate tells.
                spent += max(time.monotonic_ns() - began, 1)
                rate = self.answers.total() * NANOSECONDS // spent
                progress.update(
                    task,
                    advance=batch.num_rows,
                    rate=f"{rate:,} events/s",
                    due=f"{_due(store):,} USD due",
                )

    def _ingest(self, store: Store, batch: pa.RecordBatch) -> None:
        table = pa.Table.from_batches([batch])
        answers = ingest(store, DecodedEvents(table, range(table.num_rows), (), table.num_rows))
        self.answers.update(answer.status for answer in answers)
        times = table.column("event_time")
        latest = pc.index(times, pc.max(times)).as_py()
        self.last_event = (
            table.column("customer_id")[latest].as_py(),
            table.column("event_id")[latest].as_py(),
        )

    def _show(self, store: Store) -> None:
        console = stdout()
        told = ", ".join(f"{count:,} {status}" for status, count in self.answers.most_common())
        console.print(f"{told}. A duplicate counts once.\n")
        console.print("[bold]Live invoices[/bold] of the running billing periods")
        show_invoices(_running(store))
        console.print(f"[bold]Prepaid credits[/bold] of {WITH_CREDITS}")
        show_balances([_plain(one) for one in list_balances(store, WITH_CREDITS).items])
        console.print("[bold]One event[/bold], and why it costs what it costs")
        trace = explain_event(store, *self.last_event)
        if trace is not None:
            show_trace(_plain(trace))

    def _show_address(self, url: str, bootstrap_key: str | None) -> None:
        key_file = self.folder / KEY_FILE
        key = bootstrap_key or (
            key_file.read_text(encoding="utf-8") if key_file.exists() else "$RUNRATE_API_KEY"
        )
        console = stdout()
        console.print(f"\n[bold]The API[/bold] answers at {url} ({url}/docs explains it):\n", soft_wrap=True)
        console.print(
            f"  curl -H 'Authorization: Bearer {key}' '{url}/v1/invoices?limit=3'\n",
            markup=False,
            soft_wrap=True,
        )
        command = f"{self._runrate()} invoice --customer northwind"
        console.print(f"In another terminal: {command}\nCtrl-C stops.\n", markup=False, soft_wrap=True)

    def _show_next(self) -> None:
        """What to try on the folder that is left, each a line for a shell."""
        customer_id, event_id = map(shlex.quote, self.last_event)
        console = stdout()
        console.print("\n[bold]Try next[/bold], on what was stored:\n")
        for command in (
            "invoice --customer northwind",
            f"balance {WITH_CREDITS}",
            f"explain {event_id} --customer {customer_id}",
            "verify",
            "serve",
        ):
            console.print(f"  {self._runrate()} {command}", markup=False, soft_wrap=True)

    def _runrate(self) -> str:
        return f"runrate --store {shlex.quote(f'chdb:{self.folder}')}"

    def _trickle(self, store: Store) -> None:
        """A little usage every second, and the invoices that follow it."""
        console = stdout()
        with Live(totals_table(_running(store), console.width), console=console, auto_refresh=False) as live:
            while True:
                now = store.clock()
                span = timedelta(seconds=TRICKLE_SECONDS)
                for batch in generate(TRICKLE_EVENTS, milliseconds(now), now - span, now):
                    self._ingest(store, batch)
                live.update(totals_table(_running(store), console.width), refresh=True)
                time.sleep(TRICKLE_SECONDS)


def _text(folder: Any, name: str) -> str:
    text: str = (folder / name).read_text(encoding="utf-8")
    return text


def _plain(document: object) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return plain


def _drafts(store: Store) -> Iterator[dict[str, Any]]:
    for summary in list_invoices(store, start=store.clock() - PAST - timedelta(days=31), limit=1_000).items:
        yield _plain(summary)


def _running(store: Store) -> list[dict[str, Any]]:
    """The invoices whose period runs, the biggest first."""
    running = [invoice for invoice in _drafts(store) if invoice["state"] == "draft"]
    return sorted(running, key=lambda invoice: Decimal(invoice["total"]), reverse=True)


def _due(store: Store) -> Decimal:
    """All that is due for usage of the demo; every contract is in the same currency."""
    return sum((Decimal(invoice["total"]) for invoice in _drafts(store)), Decimal(0))
