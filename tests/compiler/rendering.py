"""A compiled card as text that a person can check: the expected files of the cases."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from migrations import rated_usage_view
from ratecard_compiler import CompiledCard, Price, ProductRule, RateCardErrors, compile_card
from ratecard_compiler.document import GatesDeclaration
from ratecard_compiler.rating import shape_of
from sql.client import DATABASE

CASES = Path(__file__).parents[2] / "fixtures" / "ratecards"
COLUMNS = ("product", "dimensions", "model", "unit_amount", "terms")


def case_folders() -> list[Path]:
    """Every case: a folder with a card."""
    return sorted(path.parent for path in CASES.glob("*/ratecard.yaml"))


def expected_files(folder: Path) -> dict[str, str]:
    """What the compiler makes of a case: path in the case's folder → text."""
    return files_of((folder / "ratecard.yaml").read_text(encoding="utf-8"))


def files_of(text: str) -> dict[str, str]:
    """What the compiler makes of a card: path in its case's folder → text."""
    try:
        card = compile_card(text)
    except RateCardErrors as errors:
        return {"errors.txt": f"{errors}\n"}
    return {
        "expected/prices.csv": prices_csv(card),
        "expected/products.txt": products_text(card),
        # As it is in a store whose only card this is.
        "expected/rated_usage_mv.sql": rated_usage_view(DATABASE, {1: shape_of(card)}),
    }


def written_files(folder: Path) -> dict[str, str]:
    """The expected files that a case has."""
    found = [folder / "errors.txt", *(folder / "expected").glob("*")]
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in found if path.exists()
    }


def prices_csv(card: CompiledCard) -> str:
    """One line a price row."""
    dimensions = {rule.product: [dimension.name for dimension in rule.dimensions] for rule in card.rules}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in card.prices:
        named = zip(dimensions[row.product], row.dimensions, strict=True)
        combination = "; ".join(f"{name}={value}" for name, value in named)
        terms = "; ".join(_terms(row.price))
        writer.writerow(
            (row.product, combination, row.price.model, _shown(row.price.unit_amount), terms),
        )
    return buffer.getvalue()


def products_text(card: CompiledCard) -> str:
    """The card's units, then each product with its rule."""
    lines = [f"{card.rate_card}: {card.currency}, {card.currency_exponent} decimals, {card.rounding}"]
    if card.model.gates != GatesDeclaration():
        gates = card.model.gates
        lines.append(
            f"gates: at most {gates.max_change_percent} % change, {gates.coverage_days} days covered"
        )
    lines += [f"unit {unit.unit_id}: {unit.name} = {_shown(unit.value)}" for unit in card.units]
    for product, rule in zip(card.products, card.rules, strict=True):
        lines += [
            "",
            f"product {product.number} {product.product_id}: {product.name}",
            f"  {product.model} in {product.unit} per {product.metered_unit}, "
            f"{product.tier_continuity}, tiers over {product.tiers_over}",
            f"  tags: {', '.join(product.tags) or '-'}",
            *_rule_lines(rule),
        ]
    return "\n".join(lines) + "\n"


def _rule_lines(rule: ProductRule) -> Iterator[str]:
    yield f"  meter: {rule.meter} ({rule.aggregation} of {rule.event_type})"
    yield f"  filter: {rule.filter_sql or '-'}"
    yield f"  quantity: {rule.quantity_sql}"
    for kind, dimensions in (("dimension", rule.dimensions), ("show", rule.show)):
        for dimension in dimensions:
            yield f"  {kind} {dimension.name}: {dimension.sql}"


def _terms(price: Price) -> Iterator[str]:
    for tier in price.tiers:
        bound = "rest" if tier.up_to is None else f"to {_shown(tier.up_to)}"
        flat = f" + {_shown(tier.flat_amount)}" if tier.flat_amount else ""
        at = f"{_shown(tier.rate_percent)} %" if tier.rate_percent else _shown(tier.unit_amount)
        yield f"{bound} at {at}{flat}"
    for name in (
        "package_size",
        "package_amount",
        "free_units",
        "included",
        "minimum_spend",
        "maximum_spend",
    ):
        value = getattr(price, name)
        if value:
            yield f"{name} {_shown(value)}"
    conversion = price.unit_conversion
    if conversion is not None:
        rounded = f"{conversion.rounding} to {conversion.precision}"
        yield f"{conversion.operation} {_shown(conversion.factor)} {rounded}"
    if price.zero_usage_first_tier_flat:
        yield "zero usage: first flat amount charged"


def _shown(value: Decimal) -> str:
    return format(value, "f")
