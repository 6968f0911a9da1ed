"""The oracle against numbers that are not its own.

Other systems' cases, the worked numbers of SEMANTICS, and the scenarios worked by hand.
"""

import ast
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import NotCovered, aggregate, drawdown, price_amount, run_scenario, run_steps, unmet
from tests.oracle.exact import largest_remainder, rounded
from tests.oracle.expressions import parse
from tests.oracle.instants import instant, month_around, shown
from tests.oracle.pricing import Piece, piece_amounts
from tests.oracle.property_values import dimension_of, holds, quantity_of
from tests.oracle.world import read_yaml

PROJECT = Path(__file__).parent.parent
CONFORMANCE = PROJECT.parent / "shared" / "conformance"
SCENARIOS = sorted(path.parent for path in (PROJECT / "fixtures" / "scenarios").glob("*/scenario.yaml"))

CONTRACT = {
    "contract_id": "k1",
    "customer_id": "c1",
    "rate_card": "acme-ai",
    "starts_at": "2026-01-01T00:00:00Z",
    "ends_at": None,
    "timezone": "UTC",
    "billing": {"interval": "month", "anchor_day": "1"},
}
TIERS_A = [("100", "0.10"), ("1000", "0.08"), (None, "0.05")]
TIERS_B = [("100", "0.05"), ("1000", "0.04"), (None, "0.025")]


def cases(name: str) -> list[Any]:
    """The cases of one conformance file; one skipped case where the file is absent."""
    path = CONFORMANCE / name
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the conformance files are not here"))]
    return [pytest.param(case, id=case["id"]) for case in json.loads(path.read_text(encoding="utf-8"))]


def shows(amount: Decimal, expected: str) -> bool:
    """Whether the exact amount, rounded to the decimals that `expected` shows, is that number."""
    return rounded(amount, len(expected.partition(".")[2]), "half_up") == Decimal(expected)


@pytest.mark.parametrize("case", cases("pricing.json"))
def test_prices_of_other_systems(case: dict[str, Any]) -> None:
    usage = case["event_values"] if case["model"] == "percentage" else case["quantity"]
    assert shows(price_amount(case["model"], case["price"], usage), case["expected_amount"])


@pytest.mark.parametrize("case", cases("aggregation.json"))
def test_aggregations_of_other_systems(case: dict[str, Any]) -> None:
    assert shows(aggregate(case), case["expected_quantity"])


@pytest.mark.parametrize("case", cases("drawdown.json"))
def test_drawdowns_of_other_systems(case: dict[str, Any]) -> None:
    result, expected = drawdown(case), case["expected"]
    if "balances" in expected:
        assert result["balances"] == expected["balances"]
    if "overage" in expected:
        assert result["overage"] == expected["overage"]
    if "total_balance" in expected:
        assert str(sum(map(Decimal, result["balances"].values()))) == expected["total_balance"]


@pytest.mark.parametrize("directory", SCENARIOS, ids=lambda path: str(path.name))
def test_scenarios_worked_by_hand(directory: Path) -> None:
    scenario = read_yaml((directory / "scenario.yaml").read_text(encoding="utf-8"))
    assert unmet(scenario["expect"], run_scenario(directory)) == []


def card(price: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A card with one product `usage`, which sums the property `units`."""
    product = {"name": "Usage", "meter": "units", "price": price, **more.pop("product", {})}
    meters = {"units": {"event_type": "use", "aggregation": "sum", "quantity": "units", "unit": "unit"}}
    return {
        "rate_card": "acme-ai",
        "currency": "USD",
        "meters": meters,
        "products": {"usage": product},
        **more,
    }


def event(event_id: str, at: str, event_type: str = "use", **properties: str) -> dict[str, Any]:
    """One event of customer c1."""
    return {
        "event_id": event_id,
        "customer_id": "c1",
        "event_type": event_type,
        "event_time": at,
        "properties": properties,
    }


def rate(
    cards: Mapping[str, Mapping[str, Any]], events: Sequence[Mapping[str, Any]], grants: Sequence[Any] = ()
) -> dict[str, Any]:
    """Publish the cards, each activated from its instant, and bill customer c1 for the events."""
    contract = CONTRACT | {"grants": list(grants)}
    files = {"contracts": json.dumps({"customers": [{"customer_id": "c1"}], "contracts": [contract]})}
    files["events"] = "\n".join(json.dumps(entry) for entry in events)
    steps: list[dict[str, Any]] = [{"contracts": "contracts"}, {"events": "events"}]
    for version, (starts_at, document) in enumerate(cards.items(), 1):
        files[f"card{version}"] = json.dumps(document)
        activation = {"rate_card": "acme-ai", "version": str(version), "from": starts_at, "cohort": "all"}
        steps += [{"publish": f"card{version}"}, {"activate": activation}]
    return run_steps(steps, "2026-03-01T00:00:00Z", files)


def grant(grant_id: str, **terms: Any) -> dict[str, Any]:
    """A grant of credits without a scope."""
    return {"grant_id": grant_id, "unit": "credit", "applies_to": {}, **terms}


def tiers(prices: Sequence[tuple[str | None, str]]) -> list[dict[str, str | None]]:
    """Tiers from pairs of `up_to` and `unit_amount`."""
    return [{"up_to": up_to, "unit_amount": amount} for up_to, amount in prices]


def change_inside_a_period(price_a: Any, price_b: Any, before: str, after: str) -> tuple[list[str], str]:
    """The amounts of the two lines, and the total, of a period whose price changes on the 15th."""
    result = rate(
        {"2026-01-01T00:00:00Z": card(price_a), "2026-01-15T00:00:00Z": card(price_b)},
        [
            event("e1", "2026-01-14T23:59:59.999Z", units=before),
            event("e2", "2026-01-15T00:00:00Z", units=after),
        ],
    )
    [invoice] = result["invoices"]
    return [line["amount"] for line in invoice["lines"]], invoice["total"]


@pytest.mark.parametrize(
    ("model", "continuity", "lines", "total"),
    [
        ("graduated", "carry", ["50.00", "28.50"], "78.50"),
        ("graduated", "restart", ["50.00", "37.00"], "87.00"),
        ("volume", "carry", ["30.00", "22.50"], "52.50"),
    ],
)
def test_tiers_over_a_version_change(model: str, continuity: str, lines: list[str], total: str) -> None:
    price_a, price_b = (
        {"model": model, "tiers": tiers(table), "tier_continuity": continuity} for table in (TIERS_A, TIERS_B)
    )
    assert change_inside_a_period(price_a, price_b, "600", "900") == (lines, total)


@pytest.mark.parametrize(("continuity", "total"), [("carry", "15.00"), ("restart", "20.00")])
def test_packages_over_a_version_change(continuity: str, total: str) -> None:
    price = {
        "model": "package",
        "package_size": "100",
        "package_amount": "5.00",
        "tier_continuity": continuity,
    }
    later = price | {"package_amount": "5.0"}
    assert change_inside_a_period(price, later, "150", "150")[1] == total


def test_a_volume_tier_that_units_leave_and_enter_again_charges_its_flat_amount_once() -> None:
    # Positions 0 → 12 → 4 → 15 of a tier from 10 on: 1.00 a unit and 7.00 once; 15 + 7 = 22. Within a
    # version what leaves the tier gives 7.00 back; over versions the first one that ends in it has it.
    price = {
        "model": "volume",
        "tiers": [
            {"up_to": "10", "unit_amount": "2"},
            {"up_to": None, "unit_amount": "1", "flat_amount": "7"},
        ],
    }
    for versions, amounts in (((1, 1, 1), ("19", "-15", "18")), ((1, 2, 3), ("19", "-8", "11"))):
        pieces = [
            Piece(version, "volume", price, "carry", Decimal(quantity))
            for version, quantity in zip(versions, ("12", "-8", "11"), strict=True)
        ]
        assert piece_amounts(pieces) == [Decimal(amount) for amount in amounts]


def test_zero_usage_is_charged_once_over_the_parts_of_a_period() -> None:
    price = {
        "model": "graduated",
        "tiers": [{"up_to": None, "unit_amount": "1", "flat_amount": "7"}],
        "zero_usage_first_tier_flat": "charged",
    }
    parts = [Piece(1, "graduated", price, "carry", Decimal(quantity)) for quantity in ("5", "-5", "0")]
    assert piece_amounts(parts) == [Decimal(amount) for amount in ("19", "-12", "0")]


def test_a_line_is_rounded_once_and_its_rows_share_the_cents() -> None:
    document = card(
        {"model": "per_unit", "unit_amount": "price[model]"},
        product={"dimensions": {"model": "model"}},
        tables={"price": {"keys": ["model"], "rows": {"a": "0.0143", "b": "0.01625", "c": "8.58"}}},
    )
    events = [event(name, "2026-01-05T10:00:00Z", units="1", model=name) for name in "cba"]
    [invoice] = rate({"2026-01-01T00:00:00Z": document}, events)["invoices"]
    [line] = invoice["lines"]
    assert (line["amount"], invoice["total"]) == ("8.61", "8.61")
    assert [(row["dimensions"]["model"], row["amount"]) for row in line["breakdown"]] == [
        ("a", "0.01"),
        ("b", "0.02"),
        ("c", "8.58"),
    ]


def test_a_scoped_grant_pays_first_and_what_nobody_covers_is_billed() -> None:
    price = {"model": "per_unit", "unit_amount": "1", "unit": "credit"}
    meters = {
        name: {"event_type": name, "aggregation": "sum", "quantity": "units", "unit": "unit"} for name in "pq"
    }
    products = {name: {"name": name, "meter": name, "price": price} for name in "pq"}
    units = {"credit": {"name": "Credit", "value": "1.00"}}
    document = card(price) | {"meters": meters, "products": products, "units": units}
    start = "2026-01-05T00:00:00Z"
    promotion = grant(
        "promo", amount="5", priority="1", effective_at=start, expires_at="2026-01-05T10:30:00Z"
    )
    promotion["applies_to"] = {"products": ["q"]}
    general = grant("g", amount="10", priority="2", effective_at=start, expires_at=None)
    events = [
        event("e1", "2026-01-05T10:10:00Z", "p", units="2"),
        event("e2", "2026-01-05T10:20:00Z", "q", units="4"),
        event("e3", "2026-01-05T10:40:00Z", "q", units="4"),
        event("e4", "2026-01-06T10:00:00Z", "p", units="8"),
    ]
    result = rate({"2026-01-01T00:00:00Z": document}, events, [general, promotion])
    assert [
        (row["grant_id"], row["drawn"], row["expired"], row["remaining"]) for row in result["balances"]
    ] == [
        ("g", "10", "0", "0"),
        ("promo", "4", "1", "0"),
    ]
    [invoice] = result["invoices"]
    assert (invoice["subtotal"], invoice["credits_applied"], invoice["total"]) == ("18.00", "14.00", "4.00")
    credits_of = [(line["product"], line["grant_id"], line["amount"]) for line in invoice["lines"][2:]]
    assert credits_of == [("p", "g", "-6.00"), ("q", "promo", "-4.00"), ("q", "g", "-4.00")]


def test_only_the_first_arrival_of_an_event_is_billed() -> None:
    price = card({"model": "per_unit", "unit_amount": "1.00"})
    first = event("e1", "2026-01-05T10:00:00Z", units="3")
    other_content = event("e1", "2026-01-05T10:00:00Z", units="5")
    other_time = event("e1", "2026-02-05T10:00:00Z", units="3")
    result = rate({"2026-01-01T00:00:00Z": price}, [first, first, other_content, other_time])
    assert [invoice["total"] for invoice in result["invoices"]] == ["3.00"]


@pytest.mark.parametrize(
    ("expression", "properties", "quantity"),
    [
        ("a + b * 2", {"a": "1", "b": "2"}, "5"),
        ("(a + b) * 2", {"a": "1", "b": "2"}, "6"),
        ("-a - -b", {"a": "1", "b": "2.5"}, "1.5"),
        ("a / 3", {"a": "1"}, "0.333333333"),
        ("a / b", {"a": "1", "b": "0"}, None),
        ("round(a, 1)", {"a": "-0.25"}, "-0.3"),
        ("ceil(a) + floor(a)", {"a": "1.5"}, "3"),
        ("max(a, 10)", {"a": "9"}, "10"),
        ("coalesce(a, b)", {"a": "", "b": "7"}, "7"),
        ("if(kind = 'x', a, 0)", {"a": "7"}, "0"),
        ("a", {}, None),
        ("a", {"a": "1e3"}, None),
        ("a", {"a": "0.0000000001"}, None),
        ("a * b", {"a": "0.00001", "b": "0.00001"}, None),
        ("a", {"a": "1000000000000000"}, None),
        ("a", {"a": "-999999999999999.999999999"}, "-999999999999999.999999999"),
    ],
)
def test_quantities(expression: str, properties: dict[str, str], quantity: str | None) -> None:
    expected = None if quantity is None else Decimal(quantity)
    assert quantity_of(parse(expression), properties) == expected


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("status = 'ok'", True),
        ("status != 'ok' or tokens >= 10", True),
        ("not missing = 'ok'", False),
        ("missing != 'ok'", False),
        ("status in ('bad', 'ok') and tokens in (9, 10)", True),
        ("status not in ('bad')", True),
        ("tokens > 9 and status = 'bad'", False),
        ("tokens = '10.0'", False),
        ("tokens = 10.0", True),
        ("coalesce(missing, 'ok') = status", True),
    ],
)
def test_filters(expression: str, passes: bool) -> None:
    assert holds(parse(expression), {"status": "ok", "tokens": "10"}) is passes


def test_a_missing_dimension_is_the_empty_text() -> None:
    assert dimension_of(parse("region"), {}) == ""
    assert dimension_of(parse("if(tokens > 5, 'long', 'short')"), {}) == "short"


@pytest.mark.parametrize(
    ("at", "timezone", "anchor_day", "period"),
    [
        ("2026-02-10T00:00:00Z", "UTC", 31, ("2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z")),
        ("2026-02-28T00:00:00Z", "UTC", 31, ("2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z")),
        ("2026-03-08T12:00:00Z", "America/New_York", 1, ("2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z")),
        ("2026-02-28T18:29:59.999Z", "Asia/Kolkata", 1, ("2026-01-31T18:30:00Z", "2026-02-28T18:30:00Z")),
        ("2026-02-28T18:30:00Z", "Asia/Kolkata", 1, ("2026-02-28T18:30:00Z", "2026-03-31T18:30:00Z")),
    ],
)
def test_billing_months(at: str, timezone: str, anchor_day: int, period: tuple[str, str]) -> None:
    start, end = month_around(instant(at), timezone, anchor_day)
    assert (shown(start), shown(end)) == period


def test_largest_remainder_gives_ties_to_the_earlier_row() -> None:
    halves = [Decimal("0.005"), Decimal("0.005")]
    assert largest_remainder(Decimal("0.01"), halves, 2) == [Decimal("0.01"), Decimal("0.00")]


@pytest.mark.parametrize(
    "price",
    [
        {"model": "tiered", "unit_amount": "1"},
        {"model": "subscription", "amount": "5"},
    ],
)
def test_what_the_oracle_does_not_know_it_refuses(price: dict[str, str]) -> None:
    with pytest.raises(NotCovered):
        rate({"2026-01-01T00:00:00Z": card(price)}, [])


@pytest.mark.parametrize("package", ["oracle", "strategies"])
def test_the_oracle_shares_no_code_with_what_it_checks(package: str) -> None:
    modules = sorted((PROJECT / "tests" / package).glob("*.py"))
    assert modules
    imported: set[str] = set()
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, module
                imported.add(str(node.module))
            elif isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
    roots = {name.partition(".")[0] for name in imported}
    assert roots & {"sql", "ratecard_compiler", "migrations", "api", "fixtures"} == set()
