"""The demo company's data and the list-price card: repeatable, complete, and without a lost digit."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from fixtures.demo import generator
from fixtures.demo.contracts import contracts_for
from fixtures.list_prices import (
    INPUT_COLUMN,
    OUTPUT_COLUMN,
    list_prices,
    priced_models,
    ratecard_from_list_prices,
    trace_events,
)
from ratecard_compiler import compile_card
from tests.oracle import run_steps

DEMO = Path(generator.__file__).parent
DATA = Path(__file__).parents[2] / "shared" / "data"
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
TRACES = {"code": "llm_trace_code.csv", "conversation": "llm_trace_conversation.csv"}

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded data is not beside the project")


def made(count: int, seed: int = 1, **options: Any) -> pa.Table:
    return pa.Table.from_batches(list(generator.generate(count, seed, START, END, **options)))


def document(name: str) -> Mapping[str, Any]:
    loaded = yaml.load((DEMO / name).read_text("utf-8"), Loader=yaml.BaseLoader)  # scalars as text
    assert isinstance(loaded, dict)
    return loaded


def test_same_seed_gives_the_same_events_and_another_seed_does_not() -> None:
    options = {"batch_rows": 1_000, "duplicate_every": 100}
    assert made(5_000, **options).equals(made(5_000, **options))
    assert not made(5_000, seed=1, **options).equals(made(5_000, seed=2, **options))


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 2_501])
def test_count_is_exact_and_batches_are_bounded(count: int) -> None:
    batches = list(generator.generate(count, 1, START, END, batch_rows=1_000, duplicate_every=100))
    assert sum(batch.num_rows for batch in batches) == count
    assert all(batch.num_rows <= 1_000 and batch.schema.equals(generator.SCHEMA) for batch in batches)


def test_identities_are_unique_without_duplicates() -> None:
    assert len(set(made(5_000, batch_rows=700).column("event_id").to_pylist())) == 5_000


def test_one_in_a_hundred_is_a_repetition_to_the_letter() -> None:
    batches = generator.generate(5_000, 1, START, END, batch_rows=1_000, duplicate_every=100)
    lines = b"".join(generator.to_ndjson(batch) for batch in batches).splitlines()
    assert len(lines) == 5_000
    assert len(set(lines)) == 4_950
    assert len({json.loads(line)["event_id"] for line in lines}) == 4_950


def test_times_stay_inside_the_interval_and_move_forward() -> None:
    times = made(5_000, batch_rows=700).column("event_time").to_pylist()
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] < END


def test_earlier_customers_use_more() -> None:
    customers = made(50_000).column("customer_id").to_pylist()
    usage = [customers.count(customer) for customer in generator.CUSTOMERS]
    assert usage[0] > 1.8 * usage[1] > 1.8 * usage[3] > 1.8 * usage[-1] > 0


def test_asked_customers_models_regions_and_mix_are_all_that_appears() -> None:
    names = [f"customer-{number}" for number in range(1_000)]
    table = made(20_000, customers=names, models=["a", "b"], regions=["x"], event_mix={"llm.request": 1})
    events = [event for batch in table.to_batches() for event in generator.to_events(batch)]
    assert {event["event_type"] for event in events} == {"llm.request"}
    assert {event["properties"]["model"] for event in events} == {"a", "b"}
    assert {event["properties"]["region"] for event in events} == {"x"}
    assert {event["customer_id"] for event in events} <= set(names)
    assert len({event["customer_id"] for event in events}) > 900


def test_events_carry_the_properties_of_their_type_as_plain_text() -> None:
    batch = next(generator.generate(5_000, 1, START, END))
    for event in generator.to_events(batch):
        assert tuple(event["properties"]) == generator.PROPERTIES[event["event_type"]]
        assert event["event_time"].endswith("Z")
        assert len(event["event_time"]) == len("2026-01-01T00:00:00.000Z")
        for name in {"input_tokens", "output_tokens"} & set(event["properties"]):
            assert 0 < int(event["properties"][name]) < generator.TOKEN_LIMIT
        if event["event_type"] == "gpu.usage":
            assert 0 < Decimal(event["properties"]["minutes"]) <= 480


def test_sliced_batch_is_written_as_its_own_rows_only() -> None:
    batch = next(generator.generate(100, 1, START, END))
    assert generator.to_events(batch.slice(90)) == generator.to_events(batch)[90:]


@pytest.mark.parametrize(
    "options",
    [
        {"customers": []},
        {"models": []},
        {"event_mix": {"unknown.type": 1}},
        {"event_mix": {"llm.request": 0}},
        {"duplicate_every": 1},
        {"batch_rows": 0},
    ],
)
def test_wrong_arguments_are_refused_at_the_call(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        generator.generate(1, 1, START, END, **options)


def test_naive_instants_and_empty_intervals_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        generator.generate(1, 1, START.replace(tzinfo=None), END)
    with pytest.raises(ValueError, match="no instant"):
        generator.generate(1, 1, START, START)


def test_generator_knows_the_customers_and_models_of_the_documents() -> None:
    card, contracts = document("ratecard.yaml"), document("contracts.yaml")
    assert tuple(customer["customer_id"] for customer in contracts["customers"]) == generator.CUSTOMERS
    assert {contract["customer_id"] for contract in contracts["contracts"]} == set(generator.CUSTOMERS)
    assert {contract["rate_card"] for contract in contracts["contracts"]} == {card["rate_card"]}
    assert tuple(card["tables"]["input_cost"]["rows"]) == generator.MODELS
    assert tuple(card["tables"]["output_cost"]["rows"]) == generator.MODELS
    assert tuple(card["tables"]["gpu_cost"]["rows"]) == generator.ACCELERATORS
    assert set(generator.EVENT_MIX) == {meter["event_type"] for meter in card["meters"].values()}


def test_demo_card_compiles() -> None:
    card = compile_card((DEMO / "ratecard.yaml").read_text("utf-8"))
    assert {product.product_id for product in card.products} == set(document("ratecard.yaml")["products"])


def test_every_demo_event_is_rated_and_the_grants_are_drawn() -> None:
    batches = generator.generate(2_000, 1, START, END, duplicate_every=100)
    files = {name: (DEMO / name).read_text("utf-8") for name in ("ratecard.yaml", "contracts.yaml")}
    files["events.ndjson"] = b"".join(generator.to_ndjson(batch) for batch in batches).decode()
    steps: list[dict[str, Any]] = [
        {"publish": "ratecard.yaml"},
        {
            "activate": {
                "rate_card": "aurora-ai",
                "version": "1",
                "from": "2025-01-01T00:00:00Z",
                "cohort": "all",
            }
        },
        {"contracts": "contracts.yaml"},
        {"events": "events.ndjson"},
    ]
    result = run_steps(steps, "2026-02-02T00:00:00Z", files)
    assert result["unrated"] == {}
    assert {invoice["customer_id"] for invoice in result["invoices"]} == set(generator.CUSTOMERS)
    drawn = {balance["grant_id"]: Decimal(balance["drawn"]) for balance in result["balances"]}
    # Priority 1 before priority 2: the welcome credits go first and last for this much usage.
    assert drawn["hoshizora-welcome"] > 0
    assert drawn["hoshizora-credits"] == 0
    assert drawn["orchard-prepaid"] > 0


def test_contracts_for_many_customers() -> None:
    loaded = yaml.safe_load(contracts_for(["a", "b: c"], "list-prices", START))
    assert [contract["customer_id"] for contract in loaded["contracts"]] == ["a", "b: c"]
    assert loaded["contracts"][0]["starts_at"] == "2026-01-01T00:00:00Z"


HEADER = f"model,{INPUT_COLUMN},{OUTPUT_COLUMN}\n"


def test_list_price_card_keeps_every_decimal_and_every_name() -> None:
    rows = (
        "yes: no #1,1e-7,2E-6\n"
        '"say ""hi"", {x}",0.0000011428571428571428,\n'
        "平价,,0.5\n"
        "yes: no #1,0.0000001,2e-6\n"
    )
    tables = yaml.safe_load(ratecard_from_list_prices(HEADER + rows))["tables"]
    assert tables["input_price"]["rows"] == {
        "yes: no #1": "0.0000001",
        'say "hi", {x}': "0.0000011428571428571428",
    }
    assert tables["output_price"]["rows"] == {"yes: no #1": "0.000002", "平价": "0.5"}
    assert priced_models(HEADER + rows) == ["yes: no #1"]


@pytest.mark.parametrize(
    "rows", ["a,1,1\na,2,1\n", "*,1,1\n", ",1,1\n", "a,cheap,1\n", "a,NaN,1\n", "a,Infinity,1\n", ""]
)
def test_list_that_cannot_be_a_table_is_refused(rows: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ratecard_from_list_prices(HEADER + rows)


def test_trace_rows_become_events_with_stable_customers_and_models() -> None:
    trace = (
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
        "2023-11-16 18:17:03.9799600,4808,10\r\n"
        "2023-11-16 18:17:04.05,3180,8\r\n"
        "2023-11-16 18:17:05,110,27"
    )
    events = list(trace_events({"one": trace, "two": trace}, 2, ["a", "b", "c"]))
    assert [event["event_id"] for event in events] == ["one-1", "one-2", "one-3", "two-1", "two-2", "two-3"]
    assert [event["customer_id"] for event in events] == ["customer-01", "customer-02"] * 3
    assert [event["event_time"] for event in events[:3]] == [
        "2023-11-16T18:17:03.979Z",
        "2023-11-16T18:17:04.050Z",
        "2023-11-16T18:17:05.000Z",
    ]
    assert events[0]["properties"]["input_tokens"] == "4808"
    assert events[0]["properties"]["output_tokens"] == "10"
    # The model rests on the id alone: another file beside it changes nothing.
    assert events[3:] != list(trace_events({"two": trace}, 2, ["a", "b", "c"]))
    assert [event["properties"] for event in events[3:]] == [
        event["properties"] for event in trace_events({"two": trace}, 2, ["a", "b", "c"])
    ]
    with pytest.raises(ValueError, match="at least one"):
        next(trace_events({"one": trace}, 0, ["a"]))


@needs_data
def test_published_list_and_recorded_requests() -> None:
    prices = (DATA / "llm_list_prices.csv").read_text("utf-8")
    text = ratecard_from_list_prices(prices)
    rows = yaml.load(text, Loader=yaml.CSafeLoader)["tables"]["input_price"]["rows"]
    assert {model: Decimal(price) for model, price in rows.items()} == list_prices(prices, INPUT_COLUMN)
    assert len(rows) > 3_000
    assert len(compile_card(text).prices) == len(rows) + len(list_prices(prices, OUTPUT_COLUMN))
    traces = {name: (DATA / file).read_text("utf-8") for name, file in TRACES.items()}
    events = list(trace_events(traces, 20, priced_models(prices)))
    assert len(events) == len({event["event_id"] for event in events}) == 28_185
    assert len({event["customer_id"] for event in events}) == 20
