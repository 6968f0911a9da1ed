"""The gate of the replay: what the last billing periods would have cost under the version."""

from decimal import Decimal, localcontext

from api.gates.candidate import Candidate
from api.reads.documents import exact_sum
from api.reads.gate_documents import GateResult, ProductReplay, Reason
from api.reads.replay import Replay, replay
from ratecard_compiler.decimals import decimal_text
from sql import load

_DIGITS = 200


def moves_revenue_little(candidate: Candidate) -> GateResult:
    """The revenue of each contract's last complete billing period moves by no more than the card allows, all contracts
    of the cohort together: this version, and those in force for them, which it cannot take the limit off."""
    limit = _limit(candidate)
    if limit is None and not candidate.is_asked:
        return GateResult("replay", True, "the card has no max_change_percent")
    replayed = replay(candidate.store, candidate.scope, candidate.version_id)
    products = product_replays(replayed)
    if not replayed.before and not replayed.after:
        return GateResult("replay", True, "no usage in the last billing periods")
    before = exact_sum(one.amount for one in replayed.before)
    after = exact_sum(one.amount for one in replayed.after)
    currency = candidate.card.currency
    found = (
        f"{replayed.periods} billing period{'' if replayed.periods == 1 else 's'}: "
        f"{decimal_text(before)} → {decimal_text(after)} {currency} ({change_text(before, after)})"
    )
    if limit is None or not _is_over(before, after, limit):
        return GateResult("replay", True, found, products=products)
    reason = Reason(
        "revenue_moves",
        f"revenue of the last billing periods moves from {decimal_text(before)} to {decimal_text(after)} {currency} "
        f"({change_text(before, after)}); `max_change_percent` is {decimal_text(limit)}",
        "look at `runrate ratecard diff`; correct the prices, or force it",
        len(products),
        tuple({"product": one.product, "before": one.before, "after": one.after} for one in products[:10]),
    )
    return GateResult("replay", False, found, (reason,), products=products)


def _limit(candidate: Candidate) -> Decimal | None:
    """The least of the limits that the version sets and, where it is new, those in force; None: none does."""
    in_force = candidate.versions_in_force(candidate.scope.now)
    rows = candidate.store.database.rows(
        load("queries/reads/limits_of_change.sql"), version_ids=in_force, candidate=candidate.version_id
    )
    limits = [Decimal(row["max_change_percent"]) for row in rows]
    own = candidate.gates.max_change_percent
    return min([*limits, *([] if own is None else [own])], default=None)


def product_replays(replayed: Replay) -> tuple[ProductReplay, ...]:
    """Return each product's amounts, of all customers together."""
    before = {one.product: one.amount for one in replayed.before}
    after = {one.product: one.amount for one in replayed.after}
    return tuple(
        ProductReplay(
            product,
            replayed.ways[product],
            decimal_text(before.get(product, Decimal(0))),
            decimal_text(after.get(product, Decimal(0))),
        )
        for product in sorted(before.keys() | after.keys())
    )


def change_text(before: Decimal, after: Decimal) -> str:
    """Write by how many percent an amount moves, to two decimals: `+20 %`."""
    if not before:
        return "unchanged" if not after else "from nothing"
    with localcontext(prec=_DIGITS):
        percent = ((after - before) / abs(before) * 100).quantize(Decimal("0.01"))
    return f"{'+' if percent > 0 else ''}{decimal_text(percent)} %"


def _is_over(before: Decimal, after: Decimal, limit: Decimal) -> bool:
    with localcontext(prec=_DIGITS):
        return abs(after - before) * 100 > limit * abs(before)
