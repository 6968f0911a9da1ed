"""A comparison of two cards as it is answered. Loads no engine: the command line compares files by itself."""

from dataclasses import dataclass

from ratecard_compiler import CompiledCard
from ratecard_compiler.card_diff import CardDiff, diff_cards
from ratecard_compiler.decimals import decimal_text

MOST_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """A node that the cards do not say alike; null where one of them does not have it."""

    node: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PriceDifferenceAnswer:
    """A field of a price (`kind`: added, removed or changed) that differs, by how many percent a number moves, and
    which nodes cause it. `before_row` and `after_row` are the combinations that price it: null where a card has no
    price, others than `dimensions` where a "*" row covers them."""

    kind: str
    product: str
    dimensions: dict[str, str]
    field: str
    unit: str
    before: str | None
    after: str | None
    percent: str | None
    before_row: dict[str, str] | None
    after_row: dict[str, str] | None
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EffectRow:
    """What a customer's usage of a product cost under both, exact and in the card's currency. `way`: priced from stored
    `sums`, from its single `events`, or `removed`: the later version does not have it."""

    customer_id: str
    product: str
    before: str
    after: str
    change: str
    percent: str | None
    way: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What it would have meant for usage of [month_start, month_end), by customer and product, the greatest change
    first; `rows` are the first 10,000."""

    month_start: str
    month_end: str
    currency: str
    before: str
    after: str
    change: str
    percent: str | None
    rows: tuple[EffectRow, ...]


@dataclass(frozen=True, slots=True)
class DiffAnswer:
    """Two cards compared. `price_changes` counts the differences, of which `prices` are the first 10,000; `effect` is
    null where a side is not published (its prices are in no store), or nobody asked one."""

    before: str
    after: str
    nodes: tuple[NodeAnswer, ...]
    price_changes: int
    prices: tuple[PriceDifferenceAnswer, ...]
    effect: Effect | None


def diff_answer(
    names: tuple[str, str], before: CompiledCard, after: CompiledCard, effect: Effect | None
) -> DiffAnswer:
    """Compare two cards; `names` is what they are called."""
    found: CardDiff = diff_cards(before, after)
    return DiffAnswer(
        before=names[0],
        after=names[1],
        nodes=tuple(NodeAnswer(one.node, one.before, one.after) for one in found.nodes[:MOST_LISTED]),
        price_changes=len(found.prices),
        prices=tuple(
            PriceDifferenceAnswer(
                one.kind,
                one.product,
                dict(one.dimensions),
                one.field,
                one.unit,
                one.before,
                one.after,
                None if one.percent is None else decimal_text(one.percent),
                None if one.before_row is None else dict(one.before_row),
                None if one.after_row is None else dict(one.after_row),
                one.causes,
            )
            for one in found.prices[:MOST_LISTED]
        ),
        effect=effect,
    )
