"""Products and their meters → the rules that turn an event into quantities, as SQL expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from ratecard_compiler.decimals import QUANTITY_DECIMALS
from ratecard_compiler.document import Document, MeterDeclaration, ProductDeclaration, Written
from ratecard_compiler.errors import ErrorList, did_you_mean
from ratecard_compiler.ir import Dimension, ProductRule
from ratecard_compiler.limits import MOST_SQL
from ratecard_compiler.property_numbers import decimal_literal
from ratecard_compiler.property_sql import counted_sql, dimension_sql, filter_sql, quantity_sql
from ratecard_compiler.settlement import ADDITIVE_AGGREGATIONS, OF_EVENTS
from ratecard_compiler.syntax import Expression
from ratecard_compiler.tokens import ExpressionError

_ONE = decimal_literal(Decimal(1), QUANTITY_DECIMALS, False).sql(dialect="clickhouse")


def compile_rules(document: Document, errors: ErrorList) -> tuple[ProductRule, ...]:
    """Return one rule a product, in the card's order. A meter's mistakes are reported once, used or not."""
    printer = _Printer(errors)
    measured = {
        name: None
        if meter is None
        else (_filter(meter, printer), _quantity(meter, printer), _counted(meter, printer))
        for name, meter in document.meters.items()
    }
    rules: list[ProductRule] = []
    for product in document.products:
        dimensions = _dimensions(product.dimensions, printer)
        shown = _dimensions(product.show, printer)
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


def _filter(meter: MeterDeclaration, printer: _Printer) -> str | None:
    return None if meter.filter is None else printer.sql(meter.filter, filter_sql)


def _quantity(meter: MeterDeclaration, printer: _Printer) -> str:
    """`count` counts one an event, `unique` one a value."""
    if meter.quantity is None:
        return _ONE
    return printer.sql(meter.quantity, counted_sql if meter.aggregation == "unique" else quantity_sql)


def _counted(meter: MeterDeclaration, printer: _Printer) -> str | None:
    if meter.aggregation != "unique" or meter.quantity is None:
        return None
    return printer.sql(meter.quantity, dimension_sql)


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


def _dimensions(written: Mapping[str, Written | None], printer: _Printer) -> tuple[Dimension, ...]:
    return tuple(
        Dimension(name, printer.sql(expression, dimension_sql))
        for name, expression in written.items()
        if expression is not None
    )


_COSTLY = ("expression_too_complex", "expression_too_wide")
_COSTLY_SQL = 10_000
"""What an expression counts for that was given up only when much was made of it."""


@dataclass(slots=True)
class _Printer:
    """Makes SQL of a card's expressions, once of those that it says many times: a hundred products have the same
    dimension. What is made in all has a limit, for the sake of the engine too, which reads it as one statement."""

    errors: ErrorList
    left: int = MOST_SQL
    printed: dict[tuple[Callable[[Expression], str], str], str] = field(default_factory=dict)

    def sql(self, written: Written, compile_expression: Callable[[Expression], str]) -> str:
        """Return the SQL; '' with the reason in the errors if the expression does not hold."""
        key = (compile_expression, written.node.text)
        if key in self.printed:
            return self.printed[key]
        if self.left < 0:
            return ""
        try:
            found = compile_expression(written.tree)
        except ExpressionError as error:
            written.report(error, self.errors)
            if error.code in _COSTLY:
                self.left -= _COSTLY_SQL
            return ""
        self.printed[key] = found
        self.left -= len(found)
        if self.left < 0:
            fact = f"the expressions up to here become more than {MOST_SQL:,} characters of SQL"
            fix = "use fewer or simpler expressions, or split the rate card"
            written.report(ExpressionError("expression_too_complex", 0, fact, fix), self.errors)
        return found
