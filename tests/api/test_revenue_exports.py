"""Revenue over HTTP and on the command line, and its exports: 2.00 of usage, of which a grant of 1.00 paid half."""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from tests.api.cli_world import NOW, Run, fill, served_command_line
from tests.api.http_world import calling, set_up
from tests.conftest import Engine

JANUARY = ("--from", "2026-01-01", "--to", "2026-02-01")
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture(scope="module")
def ready(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with served_command_line(engine) as run:
        fill(run, tmp_path_factory.mktemp("files"))
        yield run


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(clock=lambda: NOW) as store, calling(store) as opened:
        set_up(opened)
        yield opened


def test_revenue_of_a_customer(ready: Run) -> None:
    found = ready("revenue", "c1", *JANUARY, "--json").json
    assert (found["from_day"], found["to_day"], found["next_cursor"]) == ("2026-01-01", "2026-02-01", None)
    shown = [(one["day"], one["category"], one["grant_id"], one["amount"]) for one in found["items"]]
    assert shown == [
        ("2026-01-10", "prepaid_drawdown", "g1", "1"),
        ("2026-01-10", "usage", None, "1"),
    ]
    table = ready("revenue", "c1", *JANUARY)
    assert "inference k1:2026-01-01/usage:inference:1" in table.out
    assert ready("revenue", "c2", *JANUARY).out.startswith("(nothing is recognised from 2026-01-01")


def test_exports(ready: Run, tmp_path: Path) -> None:
    """The same rows in both formats; debits are credits."""
    revenue, journal = tmp_path / "revenue.csv", tmp_path / "journal.parquet"
    done = ready("export", "revenue", *JANUARY, "--output", str(revenue))
    assert (done.code, done.out) == (0, f"2 rows in {revenue}\n")
    rows = list(csv.DictReader(revenue.read_text(encoding="utf-8").splitlines()))
    assert [(row["day"], row["customer_id"], row["category"], row["amount"]) for row in rows] == [
        ("2026-01-10", "c1", "prepaid_drawdown", "1"),
        ("2026-01-10", "c1", "usage", "1"),
    ]
    done = ready(
        "export", "journal", "--from", "2025-01-01", "--to", "2026-02-02", "--output", str(journal), "--json"
    )
    table = pq.read_table(journal).to_pylist()
    assert done.json == {"file": str(journal), "rows": len(table)}
    # The grant was bought in 2025; January is invoiced on 1 February.
    assert [(row["day"], row["account"], row["debit"] - row["credit"]) for row in table] == [
        (date(2025, 1, 1), "accounts_receivable", 1),
        (date(2025, 1, 1), "deferred_revenue", -1),
        (date(2026, 1, 10), "deferred_revenue", 1),
        (date(2026, 1, 10), "revenue", -1),
        (date(2026, 1, 10), "revenue", -1),
        (date(2026, 1, 10), "unbilled_receivable", 1),
        (date(2026, 2, 1), "accounts_receivable", 1),
        (date(2026, 2, 1), "unbilled_receivable", -1),
    ]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("revenue", "c1", "--from", "2026-02-30"), 2, "write a day like 2026-01-31"),
        (("revenue", "c1", "--from", "2026-02-01", "--to", "2026-02-01"), 1, "it must be before `to`"),
        (("revenue", "nobody"), 1, "There is no customer 'nobody'"),
        (("export", "journal", "--output", "x", "--format", "xlsx"), 1, "xlsx is no format of exports"),
    ],
)
def test_bad_input_says_what_is_wrong(ready: Run, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = ready(*arguments)
    assert (done.code, told in done.err) == (code, True), done


def test_pages_keep_their_range(client: httpx.Client) -> None:
    path = "/v1/customers/old-c1/revenue"
    whole = client.get(path, params={"from": "2026-01-01"}).json()
    assert whole["to_day"] == "2026-02-04"
    page = client.get(path, params={"from": "2026-01-01", "limit": 3}).json()
    items = page["items"]
    while page["next_cursor"]:
        page = client.get(
            path, params={"from": "2026-01-01", "limit": 3, "cursor": page["next_cursor"]}
        ).json()
        items += page["items"]
    assert items == whole["items"]
    assert len(items) > 3
    invoice = client.get("/v1/invoices/k1:2026-01-01").json()
    usage = sum(Decimal(one["amount"]) for one in items if one["category"] == "usage")
    assert usage == Decimal(invoice["total"])


def test_an_export_is_what_accept_asks_for(client: httpx.Client) -> None:
    days = {"from": "2026-01-01", "to": "2026-02-01"}
    text = client.get("/v1/exports/revenue", params=days)
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    table = client.get("/v1/exports/revenue", params=days, headers={"Accept": PARQUET})
    assert table.headers["content-type"] == PARQUET
    lines = list(csv.DictReader(text.text.splitlines()))
    rows = pq.read_table(BytesIO(table.content)).to_pylist()
    assert [Decimal(line["amount"]) for line in lines] == [row["amount"] for row in rows]
    assert {line["customer_id"] for line in lines} == {"c1", "c2"}
    one = client.get("/v1/exports/journal", params={**days, "customer_id": "c2", "format": "csv"})
    assert {line["customer_id"] for line in csv.DictReader(one.text.splitlines())} == {"c2"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/exports/revenue?format=xlsx", 422, "invalid_parameter"),
        ("/v1/exports/revenue?from=yesterday", 422, "invalid_parameter"),
        ("/v1/customers/nobody/revenue", 404, "not_found"),
        ("/v1/customers/c1/revenue?to=1999-01-01", 422, "invalid_parameter"),
    ],
)
def test_what_is_refused(client: httpx.Client, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
