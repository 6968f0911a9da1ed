"""Drawing down prepaid credits (SEMANTICS §7): steps of one hour and one product, grants in their order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.oracle.exact import NotCovered, exactly, plain, required_decimal
from tests.oracle.instants import instant

ZERO = Decimal(0)
UNKNOWN_TERMS = ("rollover", "recurrence")


@dataclass(frozen=True)
class Grant:
    """A grant; `amount` in its `unit`. It pays usage at `effective_at <= time < ends_at` (None: no end)."""

    grant_id: str
    unit: str
    amount: Decimal
    paid: Decimal
    priority: int
    effective_at: datetime
    ends_at: datetime | None
    products: frozenset[str]
    tags: frozenset[str]

    def pays_at(self, at: datetime) -> bool:
        """Whether the grant is in force at the instant."""
        return self.effective_at <= at and (self.ends_at is None or at < self.ends_at)

    def applies_to(self, product: str, tags: frozenset[str]) -> bool:
        """Whether the grant's scope holds the product; a grant without a scope pays anything."""
        unscoped = not self.products and not self.tags
        return unscoped or product in self.products or bool(self.tags & tags)

    def order(self) -> tuple[object, ...]:
        """Priority, narrower scope, sooner end, nothing paid for it, earlier start, id."""
        breadth = (0, len(self.products)) if self.products and not self.tags else (1, len(self.tags))
        if not self.products and not self.tags:
            breadth = (2, 0)
        end = (self.ends_at is None, self.ends_at or self.effective_at)
        return (self.priority, breadth, end, self.paid != 0, self.effective_at, self.grant_id)


@dataclass(frozen=True)
class Step:
    """The usage of one product's version in one step: `amount` in `unit`; `key` is the caller's."""

    start: datetime
    product: str
    unit: str
    amount: Decimal
    tags: frozenset[str] = frozenset()
    key: Any = None
    version: int = 0

    @property
    def payable(self) -> tuple[Any, ...]:
        """What grants pay and what comes back to them: a version's usage of a product, under the caller's key."""
        return (self.product, self.key, self.version, self.unit)


@dataclass(frozen=True)
class Draw:
    """What one grant paid of one step, in the grant's unit; negative: what came back to it."""

    grant: Grant
    step: Step
    amount: Decimal


@dataclass
class Drawdown:
    """Every draw in the order it was made, and what is left of each grant before expiry."""

    draws: list[Draw] = field(default_factory=list)
    left: dict[str, Decimal] = field(default_factory=dict)
    overage: Decimal = ZERO


def read_grant(document: Mapping[str, Any], identifier: str = "grant_id", unit: str = "") -> Grant:
    """A grant as a contract names it. NotCovered: a rollover or a recurrence."""
    for term in UNKNOWN_TERMS:
        if document.get(term):
            raise NotCovered(f"grant {term}")
    scope = document.get("applies_to") or {}
    if set(scope) - {"products", "tags"}:
        raise NotCovered(f"grant scope {sorted(scope)}")
    ends = [instant(document[end]) for end in ("expires_at", "voided_at") if document.get(end)]
    return Grant(
        grant_id=document[identifier],
        unit=document.get("unit", unit),
        amount=required_decimal(document["amount"]),
        paid=required_decimal(document.get("paid") or "0"),
        priority=int(document.get("priority") or "0"),
        effective_at=instant(document["effective_at"]),
        ends_at=min(ends, default=None),
        products=frozenset(scope.get("products") or ()),
        tags=frozenset(scope.get("tags") or ()),
    )


def cut_points(grants: Iterable[Grant]) -> list[datetime]:
    """The instants at which a grant starts or ends: no step reaches over one."""
    starts = [grant.effective_at for grant in grants]
    return starts + [grant.ends_at for grant in grants if grant.ends_at is not None]


def step_start(at: datetime, cuts: Iterable[datetime]) -> datetime:
    """The start of the step that holds the instant: its hour's start, or a later cut."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return max([hour, *(cut for cut in cuts if hour < cut <= at)])


def draw_down(grants: Sequence[Grant], steps: Iterable[Step], opening: Mapping[str, Decimal]) -> Drawdown:
    """Pay the steps in time order, products of one step by id, from the grants in their order. `opening` is
    what each grant holds; what no grant covers is overage. Usage that comes back is taken from what nobody
    paid of its payable, then from its grants, the last in order first; what is left waits for later usage."""
    result = Drawdown(left=dict(opening))
    in_order = sorted(grants, key=Grant.order)
    unpaid: dict[Any, Decimal] = {}
    waiting: dict[Any, Decimal] = {}
    drawn: dict[tuple[Any, str], Decimal] = {}

    def move(grant: Grant, step: Step, amount: Decimal) -> None:
        if amount:
            result.draws.append(Draw(grant, step, amount))
            result.left[grant.grant_id] -= amount
            place = (step.payable, grant.grant_id)
            drawn[place] = drawn.get(place, ZERO) + amount

    for step in sorted(steps, key=lambda step: (step.start, *step.payable)):
        payable = step.payable
        rest = abs(step.amount)
        if step.amount > 0:
            rest -= _take(waiting, payable, rest)
            for grant in in_order:
                usable = grant.unit == step.unit and grant.pays_at(step.start)
                if usable and grant.applies_to(step.product, step.tags):
                    paid = min(rest, result.left[grant.grant_id])
                    move(grant, step, paid)
                    rest -= paid
            unpaid[payable] = unpaid.get(payable, ZERO) + rest
        else:
            rest -= _take(unpaid, payable, rest)
            for grant in reversed(in_order):
                back = min(rest, drawn.get((payable, grant.grant_id), ZERO))
                move(grant, step, -back)
                rest -= back
            waiting[payable] = waiting.get(payable, ZERO) + rest
    result.overage = sum(unpaid.values(), ZERO) - sum(waiting.values(), ZERO)
    return result


def _take(held: dict[Any, Decimal], payable: Any, wanted: Decimal) -> Decimal:
    """Take up to `wanted` from what is held for the payable, and say how much that was."""
    taken = min(wanted, held.get(payable, ZERO))
    held[payable] = held.get(payable, ZERO) - taken
    return taken


@exactly
def drawdown(case: Mapping[str, Any]) -> dict[str, Any]:
    """One case: usage in `[start_at, until)` against `grants`, of which each in force at `start_at` holds its
    start balance. Gives `{id, balances, overage}` at `until`, decimals as text; a grant not in force then
    holds 0."""
    start, until = instant(case["start_at"]), instant(case["until"])
    grants = [read_grant(grant, "id") for grant in case["grants"]]
    held = {name: required_decimal(amount) for name, amount in (case.get("start_balances") or {}).items()}
    opening = {
        grant.grant_id: grant.amount if grant.effective_at > start else held.get(grant.grant_id, grant.amount)
        for grant in grants
    }
    cuts = cut_points(grants)
    amounts: dict[tuple[datetime, str], Decimal] = {}
    for usage in case["usage"]:
        at = instant(usage["at"])
        if start <= at < until:
            key = (step_start(at, cuts), usage.get("product") or "")
            amounts[key] = amounts.get(key, ZERO) + required_decimal(usage["value"])
    steps = [Step(at, product, "", amount, key="") for (at, product), amount in amounts.items()]
    result = draw_down(grants, steps, opening)
    balances = {
        grant.grant_id: plain(result.left[grant.grant_id] if grant.pays_at(until) else ZERO)
        for grant in grants
    }
    return {"id": case.get("id"), "balances": balances, "overage": plain(result.overage)}
