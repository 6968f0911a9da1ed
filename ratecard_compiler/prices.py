"""Products × combinations → published prices, each checked against what a price may be (SEMANTICS §2, §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from ratecard_compiler.bounds import greatest_unit_price, shared_place_is_fair
from ratecard_compiler.decimals import (
    AMOUNT_LIMIT,
    FORMULA_CONTEXT,
    PERCENT_DECIMALS,
    PRICE_DECIMALS,
    PRICE_LIMIT,
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
    decimal_text,
    published,
    tidy,
)
from ratecard_compiler.document import Document, PriceDeclaration, ProductDeclaration, Written
from ratecard_compiler.errors import ErrorList
from ratecard_compiler.expansion import (
    Combination,
    Rounding,
    Valuation,
    bind_lookups,
    expand,
)
from ratecard_compiler.fields import Range, out_of_range
from ratecard_compiler.formula_graph import FormulaGraph, report_mistakes
from ratecard_compiler.ir import (
    ConversionOperation,
    ConversionRounding,
    Price,
    PriceRow,
    Tier,
    UnitConversion,
)
from ratecard_compiler.limits import Allowance, TooManyCombinationsError
from ratecard_compiler.syntax import Negation, Number, size_of
from ratecard_compiler.tokens import ExpressionError

_ZERO = Decimal(0)
_PRICE = Range(PRICE_LIMIT, PRICE_DECIMALS)
_AMOUNT = Range(AMOUNT_LIMIT, PRICE_DECIMALS)
_NOT_NEGATIVE = Range(AMOUNT_LIMIT, PRICE_DECIMALS, minimum=_ZERO)
_PERCENT = Range(Decimal(1_000_000), PERCENT_DECIMALS)
_VALUE = Range(QUANTITY_LIMIT, QUANTITY_DECIMALS, minimum=_ZERO)

AMOUNT_RANGES: Mapping[str, Range] = {
    "unit_amount": _PRICE,
    "rate_percent": _PERCENT,
    "flat_amount": _AMOUNT,
    "package_amount": _AMOUNT,
    "fixed_amount_per_event": _AMOUNT,
    "free_total_value": _VALUE,
    "min_amount_per_event": _NOT_NEGATIVE,
    "max_amount_per_event": _NOT_NEGATIVE,
    "minimum_spend": _NOT_NEGATIVE,
    "maximum_spend": _NOT_NEGATIVE,
}
"""What each number of a price that may be a formula may hold."""

_ROUNDED_MUCH = Decimal("0.001")
_LESS_FINE = (
    "let the price be of more units: the formula times 1000000, and `unit_conversion: {operation: divide, "
)
_LESS_FINE += 'factor: "1000000", rounding: none, precision: 9}`'
_FEWER = "use fewer keys or fewer rows, or simpler formulas"
_PAIRS = (("minimum_spend", "maximum_spend"), ("min_amount_per_event", "max_amount_per_event"))


def compile_prices(document: Document, graph: FormulaGraph, errors: ErrorList) -> tuple[PriceRow, ...]:
    """Return the price rows of every product, in the order of the card; reasons for what is not there in the
    errors."""
    reported: set[tuple[str, int]] = set()
    _value_constant_formulas(graph, errors, reported)
    rows: list[PriceRow] = []
    allowance = Allowance()
    for product in document.products:
        if product.price is not None and not allowance.is_spent:
            rows.extend(_product_rows(product, product.price, graph, errors, reported, allowance))
    return tuple(rows)


def _value_constant_formulas(graph: FormulaGraph, errors: ErrorList, reported: set[tuple[str, int]]) -> None:
    """Compute the formulas that depend on no dimension: a mistake shows even if no price uses the formula."""
    valuation = Valuation(graph, (), errors, reported)
    constant = tuple(name for name in graph.order if name not in graph.broken and not graph.keys_of(name))
    valuation.formula_positions.update(dict.fromkeys(constant, ()))
    valuation.compute(constant, ())


def _product_rows(
    product: ProductDeclaration,
    price: PriceDeclaration,
    graph: FormulaGraph,
    errors: ErrorList,
    reported: set[tuple[str, int]],
    allowance: Allowance,
) -> list[PriceRow]:
    amounts = amounts_of(price)
    values = dict.fromkeys([*graph.constants, *graph.formulas, *sorted(graph.broken)])
    wrong = [report_mistakes(written, values, graph.tables, errors) for written in amounts]
    if any(wrong) or any(graph.is_broken(written.tree) for written in amounts):
        return []
    dimensions = tuple(product.dimensions)
    before = len(errors.found)
    valuation = Valuation(graph, dimensions, errors, reported, allowance)
    try:
        lookups = bind_lookups(graph, amounts, dimensions, product.path, errors, allowance)
        if len(errors.found) > before:
            return []
        combinations = expand(lookups, len(dimensions), errors, allowance)
        if not combinations and len(errors.found) == before:
            fact = "no combination of dimension values has a row in every table that the price uses"
            errors.add("no_price", price.place, price.path, fact, 'add rows, or a "*" row')
        rows = _rows(product.product_id, price, valuation, combinations)
    except TooManyCombinationsError as error:
        errors.add("too_many_combinations", price.place, price.path, str(error), _FEWER)
        return []
    _check_line_limits(price, rows, errors)
    _warn_of_roundings(valuation, errors)
    if product.tiers_over == "product" and rows and not shared_place_is_fair([row.price for row in rows]):
        fact = (
            "with `tiers_over: product` the order of events would decide which of several prices a unit has"
        )
        fix = "give all combinations one price, or let tiers count per combination"
        errors.add("pooled_prices_differ", price.place, price.path, fact, fix)
    return rows


def _rows(
    product_id: str, price: PriceDeclaration, valuation: Valuation, combinations: Sequence[Combination]
) -> list[PriceRow]:
    """Return a product's price rows. Raises TooManyCombinationsError."""
    amounts = amounts_of(price)
    needed = valuation.prepare(amounts)
    each = len(needed) + sum(size_of(written.tree) for written in amounts)
    valuation.allowance.take_prices(len(combinations))
    valuation.allowance.take_steps(len(combinations) * each)
    rows: list[PriceRow] = []
    for combination in combinations:
        valuation.compute(needed, combination)
        built = _build(price, valuation, combination, valuation.errors)
        rows.append(PriceRow(product_id, combination, built))
    return rows


def _check_line_limits(price: PriceDeclaration, rows: Sequence[PriceRow], errors: ErrorList) -> None:
    """A line holds all combinations, so they have one least and one greatest amount (SEMANTICS §5)."""
    for limit in ("minimum_spend", "maximum_spend"):
        if len({getattr(row.price, limit) for row in rows}) > 1:
            fact = f"`{limit}` is not the same for all combinations, and a line holds them all"
            fix = "give it one value, or make the combinations products of their own"
            price.amounts[limit].report(ExpressionError("line_limits_differ", 0, fact, fix), errors)


def price_without_card(price: PriceDeclaration, graph: FormulaGraph, errors: ErrorList) -> Price:
    """Return a price that stands alone: its formulas use numbers only."""
    for written in amounts_of(price):
        report_mistakes(written, frozenset(), {}, errors)
    errors.raise_if_any()
    return _build(price, Valuation(graph, (), errors, set()), (), errors)


def amounts_of(price: PriceDeclaration) -> list[Written]:
    """Return every number of a price that may be a formula, in the order of the card."""
    return [*price.amounts.values(), *(written for tier in price.tiers for written in tier.amounts.values())]


def _build(
    price: PriceDeclaration, valuation: Valuation, combination: Combination, errors: ErrorList
) -> Price:
    """Return the price for one combination; what could not be computed is 0 and in the errors."""

    def amount(name: str, amounts: Mapping[str, Written]) -> Decimal | None:
        if name not in amounts:
            return None
        return published_amount(name, amounts[name], valuation, combination, errors)

    tiers = tuple(
        Tier(
            tier.up_to,
            amount("unit_amount", tier.amounts) or _ZERO,
            amount("flat_amount", tier.amounts) or _ZERO,
            amount("rate_percent", tier.amounts) or _ZERO,
        )
        for tier in price.tiers
    )
    found = {name: amount(name, price.amounts) for name in price.amounts}
    _check_pairs(price, found, errors)
    free_events = price.quantities.get("free_events")
    built = Price(
        model=price.model,
        unit_amount=found.get("unit_amount") or _ZERO,
        tiers=tiers,
        package_size=price.quantities.get("package_size"),
        package_amount=found.get("package_amount"),
        free_units=price.quantities.get("free_units", _ZERO),
        flat_amount=found.get("flat_amount"),
        included=price.quantities.get("included", _ZERO),
        unit_conversion=_unit_conversion(price),
        minimum_spend=found.get("minimum_spend"),
        maximum_spend=found.get("maximum_spend"),
        zero_usage_first_tier_flat=price.zero_usage_first_tier_flat,
        rate_percent=found.get("rate_percent"),
        fixed_amount_per_event=found.get("fixed_amount_per_event"),
        free_events=None if free_events is None else int(free_events),
        free_total_value=found.get("free_total_value"),
        min_amount_per_event=found.get("min_amount_per_event"),
        max_amount_per_event=found.get("max_amount_per_event"),
    )
    _check_greatest(price, built, valuation, errors)
    return built


def _check_greatest(price: PriceDeclaration, built: Price, valuation: Valuation, errors: ErrorList) -> None:
    greatest = greatest_unit_price(built)
    if greatest >= PRICE_LIMIT and (price.path, -1) not in valuation.reported:
        valuation.reported.add((price.path, -1))
        fact = f"one metered unit can cost {greatest.normalize():.6g}"
        fix = "it must be below 1e14: make packages larger, or the conversion's factor another"
        errors.add("number_out_of_range", price.place, price.path, fact, fix)


def published_amount(
    name: str, written: Written, valuation: Valuation, combination: Combination, errors: ErrorList
) -> Decimal:
    """Return an amount as it is published: a formula's result rounded half-even to 15 decimals, a number as written.

    `name` is the field's, for its bounds; out of them it is 0, and in the errors.
    """
    value = valuation.value(written, combination)
    if value is None:
        return _ZERO
    bounds = AMOUNT_RANGES[name]
    number = written.tree.operand if isinstance(written.tree, Negation) else written.tree
    # A price that is written out is published as written; only a formula's result is rounded.
    rounds = not isinstance(number, Number) and abs(value) < bounds.limit
    result = published(value, bounds.decimals) if rounds else value
    problem = out_of_range(result, bounds)
    if problem is None:
        if rounds and result != value:
            _note_rounding(written, valuation, combination, value, result, errors)
        if rounds and result < 0:
            _warn_of_negative(written, valuation, combination, result, errors)
        return result if rounds else tidy(result)
    place = (written.path, number.offset)
    if place not in valuation.reported:
        valuation.reported.add(place)
        fact = problem[0] if isinstance(number, Number) else f"{problem[0]}: {value.normalize():.6g}"
        written.report(ExpressionError("number_out_of_range", number.offset, fact, problem[1]), errors)
    return _ZERO


def _note_rounding(
    written: Written,
    valuation: Valuation,
    combination: Combination,
    value: Decimal,
    result: Decimal,
    errors: ErrorList,
) -> None:
    """A price that is not zero must not become free by rounding; of what moves much, the worst is kept."""
    if not result:
        # Beside the words of the formula, which have offsets from 0 on.
        if (written.path, -2) not in valuation.reported:
            valuation.reported.add((written.path, -2))
            fact = f"the result{valuation.named(combination)} is {value.normalize():.6g}, which rounds to 0"
            written.report(ExpressionError("price_rounds_to_zero", 0, fact, _finer(written)), errors)
        return
    share = FORMULA_CONTEXT.divide(result - value, abs(value))
    known = valuation.roundings.get(written.path)
    if abs(share) > _ROUNDED_MUCH and (known is None or abs(share) > abs(known.share)):
        valuation.roundings[written.path] = Rounding(written, combination, value, result, share)


def _warn_of_negative(
    written: Written, valuation: Valuation, combination: Combination, result: Decimal, errors: ErrorList
) -> None:
    if (written.path, -3) in valuation.reported:
        return
    valuation.reported.add((written.path, -3))
    fact = f"the result{valuation.named(combination)} is {decimal_text(result)}, below zero"
    fix = "look at the signs of the numbers that it uses; a price that is to be negative needs nothing more"
    errors.warn("price_negative", written.node.place_of(0), written.path, fact, fix)


def _finer(written: Written) -> str:
    """What to do about a formula that comes to less than a price can say."""
    return _LESS_FINE if written.path.endswith("unit_amount") else "write a larger formula, or 0"


def _warn_of_roundings(valuation: Valuation, errors: ErrorList) -> None:
    for one in valuation.roundings.values():
        written = one.written
        fact = f"the result{valuation.named(one.combination)} is {one.value.normalize():.6g}, "
        fact += f"and {decimal_text(one.published)} is published ({one.share * 100:+.2f} %)"
        errors.warn("price_rounded", written.node.place_of(0), written.path, fact, _finer(written))


def _check_pairs(price: PriceDeclaration, found: Mapping[str, Decimal | None], errors: ErrorList) -> None:
    for low, high in _PAIRS:
        minimum, maximum = found.get(low), found.get(high)
        if minimum is not None and maximum is not None and minimum > maximum:
            written = price.amounts[low]
            fact = f"`{low}` is greater than `{high}`"
            fix = "lower the one or raise the other"
            written.report(ExpressionError("minimum_above_maximum", 0, fact, fix), errors)


def _unit_conversion(price: PriceDeclaration) -> UnitConversion | None:
    declared = price.unit_conversion
    if declared is None:
        return None
    return UnitConversion(
        cast(ConversionOperation, declared.operation),
        declared.factor,
        cast(ConversionRounding, declared.rounding),
        declared.precision,
    )
