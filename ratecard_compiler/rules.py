"""Products and their meters → the rules that turn an event into quantities, as SQL expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache

from ratecard_compiler.decimals import QUANTITY_DECIMALS
from ratecard_compiler.document import Document, MeterDeclaration, ProductDeclaration, Written
from ratecard_compiler.errors import ErrorList, did_you_mean
from ratecard_compiler.ir import Dimension, ProductRule
from ratecard_compiler.property_numbers import decimal_literal
from ratecard_compiler.property_sql import counted_sql, dimension_sql, filter_sql, quantity_sql
from ratecard_compiler.settlement import ADDITIVE_AGGREGATIONS, OF_EVENTS
from ratecard_compiler.syntax import Expression
from ratecard_compiler.tokens import ExpressionError

_ONE = decimal_literal(Decimal(1), QUANTITY_DECIMALS, False).sql(dialect="clickhouse")


def compile_rules(document: Document, errors: ErrorList) -> tuple[ProductRule, ...]:
    """Return one rule a product, in the card's order. A meter's mistakes are reported once, used or not."""
    measured = {
        name: None
        if meter is None
        else (_filter(meter, errors), _quantity(meter, errors), _counted(meter, errors))
        for name, meter in document.meters.items()
    }
    rules: list[ProductRule] = []
    for product in document.products:
        dimensions = _dimensions(product.dimensions, errors)
        shown = _dimensions(product.show, errors)
        if _has_meter(product, document, errors):
            meter, found = document.meters[product.meter], measured[product.meter]
            if meter is not None and found is not None:
                _check_total(product, meter, errors)
                rules.append(_rule(product, meter, found, dimensions, shown))
    return tuple(rules)


def _rule(
    product: ProductDeclaration,
    meter: MeterDeclaration,
    measured: tuple[str | None, str, str | None],
    dimensions: tuple[Dimension, ...],
    shown: tuple[Dimension, ...],
) -> ProductRule:
    filtered, quantity, counted = measured
    return ProductRule(
        product=product.product_id,
        meter=meter.name,
        event_type=meter.event_type,
        aggregation=meter.aggregation,
        filter_sql=filtered,
        quantity_sql=quantity,
        counted_sql=counted,
        dimensions=dimensions,
        show=shown,
    )


def _has_meter(product: ProductDeclaration, document: Document, errors: ErrorList) -> bool:
    if product.meter and product.meter not in document.meters:
        fact = f"there is no meter `{product.meter}`"
        fix = did_you_mean(product.meter, document.meters)
        errors.add("unknown_meter", product.meter_place, f"{product.path}.meter", fact, fix)
    return product.meter in document.meters


def _filter(meter: MeterDeclaration, errors: ErrorList) -> str | None:
    return None if meter.filter is None else _sql(meter.filter, filter_sql, errors)


def _quantity(meter: MeterDeclaration, errors: ErrorList) -> str:
    """`count` counts one an event, `unique` one a value."""
    if meter.quantity is None:
        return _ONE
    return _sql(meter.quantity, counted_sql if meter.aggregation == "unique" else quantity_sql, errors)


def _counted(meter: MeterDeclaration, errors: ErrorList) -> str | None:
    if meter.aggregation != "unique" or meter.quantity is None:
        return None
    return _sql(meter.quantity, dimension_sql, errors)


def _check_total(product: ProductDeclaration, meter: MeterDeclaration, errors: ErrorList) -> None:
    """A dimension for display only splits a line and never prices, and a price of single events is their sum: both need
    parts that add up (SEMANTICS §4)."""
    if meter.aggregation in ADDITIVE_AGGREGATIONS:
        return
    if product.price is not None:
        for name in sorted(OF_EVENTS & {*product.price.amounts, *product.price.quantities}):
            fact = f"`{name}` is of single events, and a `{meter.aggregation}` does not add up from them"
            fix = "use a meter that is a `sum` or a `count`"
            errors.add("amounts_of_total", product.price.place, f"{product.price.path}.{name}", fact, fix)
    for name, expression in product.show.items():
        fact = f"the parts of a `{meter.aggregation}` do not add up, so `{name}` cannot split it"
        place = expression.node.place if expression is not None else product.place
        path = f"{product.path}.show.{name}"
        errors.add(
            "total_cannot_be_split", place, path, fact, "remove it, or make it one of the `dimensions`"
        )


def _dimensions(written: Mapping[str, Written | None], errors: ErrorList) -> tuple[Dimension, ...]:
    return tuple(
        Dimension(name, _sql(expression, dimension_sql, errors))
        for name, expression in written.items()
        if expression is not None
    )


@lru_cache(maxsize=2_000)
def _printed(compile_expression: Callable[[Expression], str], tree: Expression) -> str:
    """Compile once what a card says many times: a hundred products have the same dimension."""
    return compile_expression(tree)


def _sql(written: Written, compile_expression: Callable[[Expression], str], errors: ErrorList) -> str:
    """Return the SQL; '' with the reason in the errors if the expression does not hold."""
    try:
        return _printed(compile_expression, written.tree)
    except ExpressionError as error:
        written.report(error, errors)
        return ""
