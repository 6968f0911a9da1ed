"""What is measured: a stream of LLM requests, each priced for its input and its output tokens.

1,000 customers whose usage falls like 1/n, 8 models in 3 regions, one calendar month, events in the order of
their times, blocks of 100,000. The events are written to a file once and mapped into each child's memory, so that
making them is never part of a figure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from fixtures.demo.contracts import contracts_for
from fixtures.demo.generator import BATCH_ROWS, SCHEMA, generate

if TYPE_CHECKING:
    from api.store import Store


def model_names(count: int) -> tuple[str, ...]:
    """Names of the first so many models; a larger card has those of a smaller one."""
    return tuple(f"model-{number}" for number in range(1, count + 1))


RATE_CARD = "benchmark"
SEED = 7
CUSTOMERS = tuple(f"customer-{number:04d}" for number in range(1, 1_001))
MODELS = model_names(8)
BIGGEST, MEDIAN = CUSTOMERS[0], CUSTOMERS[len(CUSTOMERS) // 2]
REGIONS = ("us-east", "eu-west", "ap-northeast")
EVENT_MIX = {"llm.request": 1}
MEMORY_BYTES = 6 << 30


@dataclass(frozen=True, slots=True)
class Workload:
    """The events of a run: how many, in which month, and the file that holds them."""

    events: int
    month_start: datetime
    month_end: datetime
    file: Path

    def batches(self) -> Iterator[pa.Table]:
        """Yield the events block by block; the memory is the file's."""
        with pa.memory_map(str(self.file)) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield pa.Table.from_batches([reader.get_batch(number)])


def month_before(now: datetime) -> tuple[datetime, datetime]:
    """Return the last full calendar month, UTC, as [start, end)."""
    end = datetime(now.year, now.month, 1, tzinfo=UTC)
    last_day = end - timedelta(days=1)
    return datetime(last_day.year, last_day.month, 1, tzinfo=UTC), end


def make_workload(events: int, file: Path, now: datetime) -> Workload:
    """Write `events` events of the month before `now` to `file`."""
    start, end = month_before(now)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for batch in generate(
            events,
            SEED,
            start,
            end,
            customers=CUSTOMERS,
            models=MODELS,
            regions=REGIONS,
            event_mix=EVENT_MIX,
            batch_rows=BATCH_ROWS,
        ):
            writer.write_batch(batch)
    return Workload(events, start, end, file)


def set_up(store: "Store", starts_at: datetime) -> None:
    """Publish and activate the card and store a contract for every customer, both from `starts_at` on."""
    from api.operations.activate import activate_version
    from api.operations.contracts import apply_contracts
    from api.operations.publish import publish_rate_card

    published = publish_rate_card(store, card_text(), "benchmark.yaml")
    activate_version(store, RATE_CARD, published.rate_card_version, starts_at)
    apply_contracts(store, contracts_for(CUSTOMERS, RATE_CARD, starts_at), "contracts.json")


def contract_of(customer_id: str) -> str:
    """Return the id of a customer's contract."""
    return f"{customer_id}-contract"


def card_text(models: Sequence[str] = MODELS, gates: str = "") -> str:
    """The card: two products of one event, priced by formulas over model and region."""
    return f"""\
rate_card: {RATE_CARD}
currency: USD
{gates}
constants: {{margin: "1.30"}}
tables:
  input_cost: {{keys: [model], rows: {{{_costs(models, "0.0000005")}}}}}
  output_cost: {{keys: [model], rows: {{{_costs(models, "0.000002")}}}}}
  region_factor: {{keys: [region], rows: {{us-east: "1", eu-west: "1.1", ap-northeast: "1.25"}}}}
formulas:
  input_price: input_cost[model] * margin * region_factor[region]
  output_price: output_cost[model] * margin * region_factor[region]
{_meters_and_products()}"""


def large_card_text(models: int) -> str:
    """Another version of the card: as many models as asked, and a limit for the gate of the replay."""
    return card_text(model_names(models), 'gates: {max_change_percent: "50"}')


def _costs(models: Sequence[str], step: str) -> str:
    return ", ".join(f'{model}: "{Decimal(step) * number:f}"' for number, model in enumerate(models, 1))


def _meters_and_products() -> str:
    dimensions = "model: model, region: region"
    meter = "event_type: llm.request, aggregation: sum, unit: token"
    return f"""\
meters:
  input_tokens: {{{meter}, quantity: input_tokens}}
  output_tokens: {{{meter}, quantity: output_tokens}}
products:
  input_tokens:
    meter: input_tokens
    dimensions: {{{dimensions}}}
    price: {{model: per_unit, unit_amount: input_price}}
  output_tokens:
    meter: output_tokens
    dimensions: {{{dimensions}}}
    price: {{model: per_unit, unit_amount: output_price}}
"""
