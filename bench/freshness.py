"""How long an event takes to show on its invoice."""

import time
from datetime import UTC, datetime
from decimal import Decimal

from bench.server import Address, Connection
from bench.workload import MEDIAN, MODELS, REGIONS, contract_of

INPUT_TOKENS = 1_000_000


def probe(address: Address, times: int) -> list[float]:
    """Send that many single events, one after the other, and return the milliseconds each took to show."""
    prober = Prober(address)
    return [prober.milliseconds() for _ in range(times)]


class Prober:
    """Sends events of the median customer and reads the invoice after each."""

    def __init__(self, address: Address) -> None:
        self._connection = Connection(address)
        self._run = f"{time.time_ns():x}"
        self._sent = 0
        self._path = f"/v1/invoices/{contract_of(MEDIAN)}:{datetime.now(UTC):%Y-%m}-01"
        self._shown = self._read()

    def milliseconds(self) -> float:
        """Return the time from the POST of one event to the end of the invoice that shows it.

        Raises AssertionError when the first invoice read after the answer does not.
        """
        self._sent += 1
        event = _event(f"{self._run}-{self._sent}")
        began = time.perf_counter_ns()
        self._connection.post("/v1/events", [event])
        shown = self._read()
        taken = (time.perf_counter_ns() - began) / 1_000_000
        # Not equality: others may send for the customer too.
        if shown < self._shown + INPUT_TOKENS:
            raise AssertionError("an acknowledged event is not on the very next invoice")
        self._shown = shown
        return taken

    def _read(self) -> Decimal:
        lines = self._connection.get(self._path)["lines"]
        quantities = [Decimal(line["quantity"]) for line in lines if line["product"] == "input_tokens"]
        return sum(quantities, Decimal(0))


def _event(event_id: str) -> dict[str, object]:
    return {
        "event_id": event_id,
        "customer_id": MEDIAN,
        "event_type": "llm.request",
        "event_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z",
        "properties": {
            "model": MODELS[0],
            "region": REGIONS[0],
            "input_tokens": str(INPUT_TOKENS),
            "output_tokens": "1",
        },
    }
