"""Customers, contracts, balances, usage, prices, rate cards and unrated usage, by HTTP."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

import httpx
import pytest

from tests.api.http_world import (
    CARD,
    CONTRACTS,
    INVOICE,
    NOW,
    answer_of,
    calling,
    event,
    pages,
    problem_of,
    set_up,
)
from tests.conftest import Engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        yield client


def test_customers_by_id_and_by_alias(client: httpx.Client) -> None:
    assert [one["customer_id"] for one in pages(client, "/v1/customers", 1)] == ["c1", "c2"]
    customer = answer_of(client.get("/v1/customers/old-c1"))
    assert customer["customer_id"] == "c1"
    assert customer["attributes"] == {"segment": "enterprise"}
    problem_of(client.get("/v1/customers/c3"), 404, "not_found")


def test_contracts(client: httpx.Client) -> None:
    assert [one["contract_id"] for one in pages(client, "/v1/contracts", 1)] == ["k1", "k2:eu/1"]
    listed = answer_of(client.get("/v1/contracts", params={"customer_id": "c2"}))["items"]
    assert [one["contract_id"] for one in listed] == ["k2:eu/1"]
    contract = answer_of(client.get("/v1/contracts/k2:eu%2F1"))
    assert contract == listed[0]
    assert (contract["timezone"], contract["ends_at"], contract["grace_seconds"]) == (
        "Europe/Berlin",
        None,
        86_400,
    )
    assert contract["document"]["rate_card"] == "acme"
    problem_of(client.get("/v1/contracts/k3"), 404, "not_found")


def test_balances(client: httpx.Client) -> None:
    (balance,) = answer_of(client.get("/v1/customers/c1/balances"))["items"]
    wanted = {
        "grant_id": "g1",
        "unit": "credit",
        "granted": "5",
        "drawn": "5",
        "expired": "0",
        "remaining": "0",
    }
    assert wanted.items() <= balance.items()
    assert answer_of(client.get("/v1/customers/c2/balances"))["items"] == []
    assert answer_of(client.get("/v1/customers/old-c1/balances"))["items"] == [balance]
    problem_of(client.get("/v1/customers/c3/balances"), 404, "not_found")


@pytest.mark.parametrize("by", ["hour", "day", "month"])
@pytest.mark.parametrize("limit", [2, 1000])
def test_usage_adds_up_to_the_invoice(client: httpx.Client, by: str, limit: int) -> None:
    bounds = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
    rows = pages(client, "/v1/customers/c1/usage", limit, by=by, group_by=["model", "project"], **bounds)
    usage = {line["product"]: line for line in answer_of(client.get(f"/v1/invoices/{INVOICE}"))["lines"]}
    with localcontext(prec=100):
        for product in ("inference", "calls", "gpu", "storage"):
            of_product = [row for row in rows if row["product"] == product]
            assert sum(Decimal(row["amount"]) for row in of_product) == Decimal(
                usage[product]["exact_amount"]
            )
            assert sum(Decimal(row["quantity"]) for row in of_product) == Decimal(usage[product]["quantity"])
    assert rows == sorted(rows, key=lambda row: (row["start"], row["product"], *row["dimensions"].values()))


def test_usage_by_day_and_dimension(client: httpx.Client) -> None:
    params = {"by": "day", "product": "inference", "group_by": "model", "start": "2026-01-01T00:00:00Z"}
    usage = answer_of(client.get("/v1/customers/c1/usage", params=params))
    assert usage["timezone"] == "UTC"
    assert usage["end"] == "2026-01-20T12:00:00Z"
    assert [
        (row["start"], row["dimensions"]["model"], row["quantity"], row["events"]) for row in usage["items"]
    ] == [
        ("2026-01-05T00:00:00Z", "small", "61102", 2),
        ("2026-01-06T00:00:00Z", "large", "858008", 2),
    ]


def test_days_and_months_are_those_of_the_contracts_time_zone(engine: Engine) -> None:
    with engine.store(lambda: NOW.replace(month=2)) as store, calling(store) as client:
        set_up(client)
        late = [
            event("b1", "tool.call", "31T22:30", customer_id="c2"),
            event("b2", "tool.call", "31T23:30", customer_id="c2"),
        ]
        answer_of(client.post("/v1/events", json=late))
        params = {"start": "2026-01-31T00:00:00Z", "product": "calls"}
        days = answer_of(client.get("/v1/customers/c2/usage", params={"by": "day", **params}))
        assert days["timezone"] == "Europe/Berlin"
        starts = [(row["start"], row["quantity"]) for row in days["items"]]
        assert starts == [("2026-01-30T23:00:00Z", "1"), ("2026-01-31T23:00:00Z", "1")]
        months = answer_of(client.get("/v1/customers/c2/usage", params={"by": "month", **params}))["items"]
        assert [row["start"] for row in months] == ["2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z"]


def test_pages_of_usage_keep_the_bounds_of_the_first(client: httpx.Client) -> None:
    first = answer_of(client.get("/v1/customers/c1/usage", params={"limit": 1}))
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = answer_of(client.get("/v1/customers/c1/usage", params=params))
    assert (second["start"], second["end"]) == (first["start"], first["end"])
    assert second["items"] != first["items"]


def test_a_grain_that_is_none(client: httpx.Client) -> None:
    problem_of(client.get("/v1/customers/c1/usage?by=week"), 422, "invalid_parameter")


def test_rate_cards_versions_and_prices(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        again = answer_of(client.post("/v1/rate-cards", content=CARD))
        assert (again["rate_card_version"], again["created"]) == (1, False)
        second = answer_of(client.post("/v1/rate-cards", content=CARD.replace('"0.00001"', '"0.00002"')))
        assert (second["rate_card_version"], second["created"]) == (2, True)
        (card,) = answer_of(client.get("/v1/rate-cards"))["items"]
        assert (card["rate_card"], card["versions"], card["latest_version"]) == ("acme", 2, 2)
        assert [one["rate_card_version"] for one in pages(client, "/v1/rate-cards/acme/versions", 1)] == [
            2,
            1,
        ]
        version = answer_of(client.get("/v1/rate-cards/acme/versions/1"))
        assert version["document"] == CARD
        assert [product["product"] for product in version["products"]] == [
            "inference",
            "calls",
            "gpu",
            "storage",
            "tasks",
        ]
        prices = pages(client, "/v1/rate-cards/acme/versions/1/prices", 2)
        assert len(prices) == version["prices"] == 6
        gpu = next(price for price in prices if price["product"] == "gpu")
        assert [tier["up_to"] for tier in gpu["tiers"]] == ["10", "20", None]
        assert gpu["unit_amount"] is None
        for missing in (
            "/v1/rate-cards/none/versions",
            "/v1/rate-cards/acme/versions/3",
            "/v1/rate-cards/none/versions/1/prices",
        ):
            problem_of(client.get(missing), 404, "not_found")


def test_prices_in_force_follow_the_activations(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        answer_of(client.post("/v1/rate-cards", content=CARD.replace('"0.00001"', '"0.00002"')))
        body = {"rate_card_version": 2, "active_from": "2026-01-15T00:00:00Z"}
        answer_of(client.post("/v1/rate-cards/acme/activations", json=body))
        activations = pages(client, "/v1/rate-cards/acme/activations", 1)
        assert [(one["rate_card_version"], one["active_from"]) for one in activations] == [
            (2, "2026-01-15T00:00:00Z"),
            (1, "2026-01-01T00:00:00Z"),
        ]

        def large(at: str) -> str:
            params = {"at": at, "product": "inference"}
            prices = answer_of(client.get("/v1/customers/old-c1/prices", params=params))["items"]
            return str({price["dimensions"]["model"]: price["unit_amount"] for price in prices}["large"])

        assert large("2026-01-14T23:59:59.999Z") == "0.00001"
        assert large("2026-01-15T00:00:00Z") == "0.00002"
        problem_of(client.get("/v1/customers/c1/prices?at=2025-12-31T23:59:59Z"), 404, "not_found")
        # The Berlin contract began an hour before the first activation: there is a contract, and no price.
        before = answer_of(client.get("/v1/customers/c2/prices?at=2025-12-31T23:30:00Z"))
        assert before["terms"]["rate_card_version"] is None
        assert before["terms"]["activation_id"] is before["terms"]["cohort"] is None
        assert before["items"] == []


def test_prices_in_force_name_the_cohort_that_chose_them(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        set_up(client)
        answer_of(client.post("/v1/rate-cards", content=CARD.replace('"0.00001"', '"0.00002"')))
        body = {
            "rate_card_version": 2,
            "active_from": "2026-01-15T00:00:00Z",
            "cohort": {"customers": ["c1"]},
        }
        answer_of(client.post("/v1/rate-cards/acme/activations", json=body))

        def terms(customer: str, at: str) -> tuple[Any, ...]:
            path = f"/v1/customers/{customer}/prices?at=2026-01-{at}T00:00:00Z"
            told = answer_of(client.get(path))["terms"]
            return tuple(
                told[name]
                for name in ("contract_id", "rate_card_version", "activation_id", "active_from", "cohort")
            )

        first = (1, 1, "2026-01-01T00:00:00Z", "all")
        assert terms("c1", "14") == ("k1", *first)
        assert terms("c1", "15") == ("k1", 2, 2, "2026-01-15T00:00:00Z", {"customers": ["c1"]})
        assert terms("c2", "15") == ("k2:eu/1", *first)
        whole = answer_of(client.get("/v1/customers/c1/prices"))["items"]
        assert pages(client, "/v1/customers/c1/prices", 2) == whole
        assert len(whole) == 6


def test_unrated_usage_by_reason_and_event(client: httpx.Client) -> None:
    summary = {one["reason"]: one for one in pages(client, "/v1/unrated", 1)}
    assert {reason: one["entries"] for reason, one in summary.items()} == {
        "bad_quantity": 1,
        "no_matching_product": 1,
        "unknown_customer": 1,
        "unpriced_dimension": 1,
    }
    assert summary["bad_quantity"]["product"] == "inference"
    assert all(one["meaning"] and one["fix"] for one in summary.values())
    events = pages(client, "/v1/unrated/events", 1)
    assert [one["event_id"] for one in events] == ["odd1", "odd2", "odd3", "lost1"]
    by_reason = answer_of(client.get("/v1/unrated/events?reason=unknown_customer"))["items"]
    assert [one["event_id"] for one in by_reason] == ["lost1"]
    by_customer = answer_of(client.get("/v1/unrated/events?customer_id=c1"))["items"]
    assert len(by_customer) == 3
    problem_of(client.get("/v1/unrated/events?reason=bad_luck"), 422, "invalid_parameter")


def test_reconcile_and_verify(client: httpx.Client) -> None:
    done = answer_of(client.post("/v1/reconcile", json={}))
    assert done["entries_appended"] == 0
    bounds = {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}
    assert answer_of(client.post("/v1/reconcile", json=bounds))["entries_appended"] == 0
    verified = answer_of(client.post("/v1/verify"))
    assert verified["holds"] is True
    assert len(verified["checks"]) > 5
    assert all(
        check["holds"] and check["offending"] == [] and check["description"] for check in verified["checks"]
    )


def test_before_anything_is_stored_every_list_is_empty(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        for path in (
            "/v1/invoices",
            "/v1/customers",
            "/v1/contracts",
            "/v1/rate-cards",
            "/v1/unrated",
            "/v1/unrated/events",
        ):
            assert answer_of(client.get(path)) == {"items": [], "next_cursor": None}
        assert answer_of(client.get("/readyz")) == {"status": "ok"}


def test_a_contract_whose_card_is_not_published_has_an_empty_invoice(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        text = "customers:\n  - {customer_id: c1, name: Early, attributes: {}}\n"
        text += "contracts:\n  - contract_id: k1\n    customer_id: c1\n    rate_card: later\n"
        text += "    starts_at: 2026-01-01T00:00:00Z\n    ends_at: null\n    timezone: UTC\n"
        text += "    billing: {interval: month, anchor_day: 1}\n"
        answer_of(client.put("/v1/contracts", content=text))
        invoice = answer_of(client.get(f"/v1/invoices/{INVOICE}"))
        assert (invoice["lines"], invoice["currency"], invoice["total"]) == ([], "", "0")


def test_a_contract_before_its_rate_card_is_warned_of(engine: Engine) -> None:
    unknown = CONTRACTS.replace("rate_card: acme", "rate_card: acmee")
    with engine.store(lambda: NOW) as store, calling(store) as client:
        first = answer_of(client.put("/v1/contracts", content=unknown))
        assert first["contracts"] == 2
        warnings = [(one["code"], one["path"], one["line"]) for one in first["warnings"]]
        assert warnings == [
            ("unknown_rate_card", "contracts[1].rate_card", 5),
            ("unknown_rate_card", "contracts[2].rate_card", 21),
        ]
        answer_of(client.post("/v1/rate-cards", content=CARD))
        # What is stored already is still warned of, with the name that was meant.
        again = answer_of(client.put("/v1/contracts", content=unknown))
        assert again["unchanged"] == 4
        assert "did you mean `acme`?" in again["warnings"][0]["fix"]
        assert answer_of(client.put("/v1/contracts", content=CONTRACTS))["warnings"] == []


def test_a_grant_in_a_unit_that_its_published_card_does_not_price_in(engine: Engine) -> None:
    wrong = CONTRACTS.replace("unit: credit", "unit: credits")
    with engine.store(lambda: NOW) as store, calling(store) as client:
        before = answer_of(client.put("/v1/contracts", content=wrong))
        assert {one["code"] for one in before["warnings"]} == {"unknown_rate_card"}
        answer_of(client.post("/v1/rate-cards", content=CARD))
        # Stored when nobody could know: applying it again changes nothing, and says so.
        assert [one["code"] for one in answer_of(client.put("/v1/contracts", content=wrong))["warnings"]] == [
            "unknown_unit"
        ]
        for unit in ("EUR", "tokens"):
            changed = CONTRACTS.replace("unit: credit", f"unit: {unit}")
            problem = problem_of(client.put("/v1/contracts", content=changed), 422, "invalid_contracts")
            (error,) = problem["errors"]
            assert (error["code"], error["path"]) == ("unknown_unit", "contracts[1].grants[1].unit")
            assert "`credit`" in error["fix"]
        # A unit that no product is priced in yet, in the latest version.
        more = CARD.replace("units:\n", 'units:\n  token: {name: Token, value: "1"}\n')
        answer_of(client.post("/v1/rate-cards", content=more))
        in_tokens = CONTRACTS.replace("unit: credit", "unit: token")
        assert answer_of(client.put("/v1/contracts", content=in_tokens))["warnings"] == []
        in_currency = CONTRACTS.replace("unit: credit", "unit: USD")
        assert answer_of(client.put("/v1/contracts", content=in_currency))["warnings"] == []


def test_a_contract_keeps_its_currency(engine: Engine) -> None:
    with engine.store(lambda: NOW) as store, calling(store) as client:
        for name, currency in (("acme", "USD"), ("acme-eu", "EUR"), ("acme-too", "USD")):
            named = CARD.replace("rate_card: acme", f"rate_card: {name}")
            text = named.replace("currency: USD", f"currency: {currency}")
            answer_of(client.post("/v1/rate-cards", content=text))
        answer_of(client.put("/v1/contracts", content=CONTRACTS))
        moved = CONTRACTS.replace("rate_card: acme", "rate_card: acme-eu")
        problem = problem_of(client.put("/v1/contracts", content=moved), 422, "invalid_contracts")
        assert {error["code"] for error in problem["errors"]} == {"currency_changed"}
        assert "in USD by rate card `acme`" in problem["errors"][0]["fact"]
        renamed = CONTRACTS.replace("rate_card: acme", "rate_card: acme-too")
        assert answer_of(client.put("/v1/contracts", content=renamed))["contracts"] == 2


def test_a_grant_for_what_no_version_of_the_card_has_is_warned_of(engine: Engine) -> None:
    def scoped(scope: str) -> str:
        return CONTRACTS.replace("applies_to: {}", f"applies_to: {{{scope}}}")

    with engine.store(lambda: NOW) as store, calling(store) as client:

        def warned(scope: str) -> list[tuple[str, str, str]]:
            done = answer_of(client.put("/v1/contracts", content=scoped(scope)))
            assert {one["code"] for one in done["warnings"]} <= {"unknown_scope", "unknown_rate_card"}
            told = [one for one in done["warnings"] if one["code"] == "unknown_scope"]
            return [(one["path"].rpartition("].")[2], one["fact"], one["fix"]) for one in told]

        # Before the card is published nobody knows what it will have.
        assert warned("products: [taskz]") == []
        answer_of(client.post("/v1/rate-cards", content=CARD))
        assert warned("products: [tasks, calls]") == []
        product, tag = warned("products: [taskz, tasks], tags: [ai]")
        assert product == (
            "applies_to.products",
            "no version of rate card `acme` has the product `taskz`",
            "publish one that has, or correct the name: did you mean `tasks`?",
        )
        assert tag[:2] == ("applies_to.tags", "no version of rate card `acme` has the tag `ai`")
        # In any version, be it in force or not; then in none of another card.
        answer_of(client.post("/v1/rate-cards", content=f"{CARD}tags: {{ai: [inference]}}\n"))
        assert warned("products: [tasks], tags: [ai]") == []
        assert [name for name, _, _ in warned("tags: [air]")] == ["applies_to.tags"]
