"""The difference of two cards over HTTP, on the command line and as a page."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.pages import page
from tests.api.cli_world import CARD as CLI_CARD
from tests.api.cli_world import Run, fill, served_command_line
from tests.api.http_world import CARD, answer_of, calling, problem_of, set_up
from tests.conftest import Engine, fixed_clock

DIFF = "/v1/rate-cards/diff"
ONE = {"rate_card": "acme", "rate_card_version": 1}
DEARER = CARD.replace('large: "0.00001"', 'large: "0.00002"')


@pytest.fixture
def client(engine: Engine) -> Iterator[httpx.Client]:
    """The usage of January, asked about in February."""
    with engine.store(fixed_clock(2026, 2, 3)) as store, calling(store) as client:
        set_up(client)
        yield client


def test_what_a_version_would_have_meant_last_month(client: httpx.Client) -> None:
    answer_of(client.post("/v1/rate-cards", content=DEARER))
    two = {"rate_card": "acme", "rate_card_version": 2}
    found = answer_of(client.post(DIFF, json={"before": ONE, "after": two}))
    assert found["nodes"] == [{"node": "token_price[large]", "before": "0.00001", "after": "0.00002"}]
    [price] = found["prices"]
    assert (price["percent"], price["causes"]) == ("100", ["token_price[large]"])
    effect = found["effect"]
    assert (effect["month_start"], effect["month_end"]) == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    # 858,008 large tokens of c1; nobody else had any.
    assert effect["change"] == "8.58008"
    first = effect["rows"][0]
    assert (first["customer_id"], first["product"], first["change"]) == ("c1", "inference", "8.58008")
    assert first["way"] == "sums"
    assert {row["change"] for row in effect["rows"][1:]} == {"0"}
    # A text that says what a version says is that version.
    assert (
        answer_of(client.post(DIFF, json={"before": ONE, "after": {"document": DEARER}}))["effect"] == effect
    )


def test_what_is_not_published_has_no_effect_yet(client: httpx.Client) -> None:
    found = answer_of(client.post(DIFF, json={"before": ONE, "after": {"document": DEARER}}))
    assert found["effect"] is None
    assert found["price_changes"] == 1


def test_sides_that_are_none(client: httpx.Client) -> None:
    for side in ({}, {"rate_card": "acme"}, {**ONE, "document": CARD}, {"rate_card_version": 1}):
        problem_of(client.post(DIFF, json={"before": ONE, "after": side}), 422, "invalid_body")
    nine = {"rate_card": "acme", "rate_card_version": 9}
    problem_of(client.post(DIFF, json={"before": ONE, "after": nine}), 422, "unknown_version")
    problem_of(
        client.post(DIFF, json={"before": ONE, "after": {"document": "a: 1"}}), 422, "invalid_rate_card"
    )


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Iterator[Run]:
    with served_command_line(engine) as run:
        fill(run, tmp_path)
        (tmp_path / "next.yaml").write_text(CLI_CARD.replace('"0.01"', '"0.02"'), encoding="utf-8")
        assert run("ratecard", "publish", str(tmp_path / "next.yaml")).code == 0
        yield run


def test_a_diff_on_the_command_line_and_as_a_page(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "diff.html"
    done = run("ratecard", "diff", "acme-ai:1", "acme-ai", "--html", str(file))
    assert done.code == 0
    assert "acme-ai version 1 → acme-ai version 2" in done.out
    assert "usage from 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z: 2 → 3 USD (50 %)" in done.out
    text = file.read_text(encoding="utf-8")
    for wanted in ("cost[large]", "0.02", "2 → 3 USD (50 %)", "<td>c1</td>"):
        assert wanted in text
    found = run("ratecard", "diff", "acme-ai:1", "acme-ai:2", "--json").json
    assert found["effect"]["rows"][0]["percent"] == "50"
    same = run("ratecard", "diff", "acme-ai:1", "acme-ai:1")
    assert "the cards say the same" in same.out
    assert run("ratecard", "diff", "acme-ai:1", "acme-ai:9").code == 1
    assert run("ratecard", "diff", "acme-ai:1", "acme-ai:2", "--html", str(tmp_path / "no" / "x")).code == 1


def test_files_are_compared_without_a_store(run: Run, tmp_path: Path) -> None:
    cards = (str(tmp_path / "card.yaml"), str(tmp_path / "next.yaml"))
    nowhere = ("--store", f"chdb:{tmp_path / 'nothing'}", "--json")
    done = run("ratecard", "diff", *cards, *nowhere, RUNRATE_URL=None)
    assert done.json["effect"] is None
    assert [one["after"] for one in done.json["prices"]] == ["0.02"]
    assert not (tmp_path / "nothing").exists()
    (tmp_path / "other.yaml").write_text(CLI_CARD.replace("large:", '"*":'), encoding="utf-8")
    done = run(
        "ratecard", "diff", str(tmp_path / "other.yaml"), cards[1], "--store", nowhere[1], RUNRATE_URL=None
    )
    assert "changed inference model=large (before: model=*) unit_amount 0.01 0.02 100" in " ".join(
        done.out.split()
    )


def test_hostile_names_are_text_on_the_page() -> None:
    hostile = "<script>alert('x')</script>\"&"
    price = {
        "kind": hostile,
        "product": hostile,
        "dimensions": {hostile: hostile},
        "field": hostile,
        "unit": hostile,
        "before": hostile,
        "after": None,
        "percent": None,
        "before_row": {hostile: hostile + "row"},
        "after_row": None,
        "causes": [hostile],
    }
    diff = {
        "before": hostile,
        "after": hostile,
        "nodes": [{"node": hostile, "before": None, "after": hostile}],
        "price_changes": 1,
        "prices": [price],
        "effect": None,
    }
    text = page("rate_card_diff.html.j2", diff=diff)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 17
