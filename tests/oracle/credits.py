"""Drawing down prepaid credits (SEMANTICS §7): steps of one hour and one product, grants in their order."""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.exact import NotCovered, exactly, plain, required_decimal
from tests.oracle.instants import instant

ZERO = Decimal(0)
# How far ahead the recurrences of an open contract are given (docs/contracts.md).
AHEAD = timedelta(days=400)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True)
class Grant:
    """A grant; `amount` in its `unit`. It pays usage at `effective_at <= time < ends_at` (None: no end). `voided` is
    whether that end is a void. A rollover is granted the `fraction`, at most `most`, of what its `parent` has then."""

    grant_id: str
    unit: str
    amount: Decimal
    paid: Decimal
    priority: int
    effective_at: datetime
    ends_at: datetime | None
    products: frozenset[str]
    tags: frozenset[str]
    expires_at: datetime | None = None
    name: str = ""
    voided: bool = False
    parent: str = ""
    fraction: Decimal = ZERO
    most: Decimal = ZERO

    @property
    def never_is(self) -> bool:
        """Whether it is void before it starts."""
        return self.ends_at is not None and self.ends_at <= self.effective_at

    def pays_at(self, at: datetime) -> bool:
        """Whether the grant is in force at the instant."""
        return self.effective_at <= at and (self.ends_at is None or at < self.ends_at)

    def applies_to(self, product: str, tags: frozenset[str]) -> bool:
        """Whether the grant's scope holds the product; a grant without a scope pays anything."""
        unscoped = not self.products and not self.tags
        return unscoped or product in self.products or bool(self.tags & tags)

    def order(self) -> tuple[object, ...]:
        """Priority, narrower scope, sooner expiry, nothing paid for it, earlier start, id."""
        breadth = (0, len(self.products)) if self.products and not self.tags else (1, len(self.tags))
        if not self.products and not self.tags:
            breadth = (2, 0)
        end = self.expires_at or datetime.max.replace(tzinfo=UTC)
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
    granted: dict[str, Decimal] = field(default_factory=dict)
    overage: Decimal = ZERO


def read_grants(
    document: Mapping[str, Any],
    identifier: str = "grant_id",
    *,
    timezone: str = "UTC",
    until: datetime,
    contract_end: datetime | None = None,
) -> Iterator[Grant]:
    """What a grant of a contract comes to: itself or its recurrences that start before `until`, and their rollovers."""
    first = read_grant(document, identifier)
    recurrence, rollover = document.get("recurrence") or {}, document.get("rollover") or {}
    expires_at = instant(document["expires_at"]) if document.get("expires_at") else None
    voided_at = instant(document["voided_at"]) if document.get("voided_at") else None
    bounds = [until, *(bound for bound in (contract_end, voided_at) if bound)]
    if recurrence.get("until"):
        bounds.append(instant(recurrence["until"]))
    most_times = int(recurrence.get("count") or 10**6) if recurrence else 1
    for number in range(most_times):
        start, end = first.effective_at, expires_at
        grant = first
        if recurrence:
            start = later(first.effective_at, recurrence["interval"], number, timezone)
            end = expires_at and _expiry(
                first.effective_at, expires_at, recurrence["interval"], number, timezone
            )
            if number and any(start >= bound for bound in bounds):
                return
            day = start.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d")
            grant = replace(first, grant_id=f"{first.grant_id}@{day}")
        yield _given(grant, start, end, voided_at)
        if rollover and end is not None:
            most = required_decimal(rollover["max"]) if rollover.get("max") else grant.amount
            rolled = replace(
                grant,
                grant_id=f"{grant.grant_id}+rollover",
                name=f"{first.name}+rollover",
                amount=min(grant.amount, most),
                parent=grant.grant_id,
                fraction=required_decimal(rollover.get("fraction") or "1"),
                most=most,
            )
            yield _given(rolled, end, later(end, "month", int(rollover["months"]), timezone), voided_at)


def _given(grant: Grant, start: datetime, end: datetime | None, voided_at: datetime | None) -> Grant:
    ends = [at for at in (end, voided_at) if at is not None]
    voided = voided_at is not None and (end is None or voided_at <= end)
    return replace(grant, effective_at=start, expires_at=end, ends_at=min(ends, default=None), voided=voided)


def _expiry(start: datetime, expires_at: datetime, interval: str, number: int, timezone: str) -> datetime:
    """When a recurrence expires: so many intervals on, if the first lasts whole ones, else the same time on."""
    for intervals in range(1, 5000):
        end = later(start, interval, intervals, timezone)
        if end == expires_at:
            return later(start, interval, intervals + number, timezone)
        if end > expires_at:
            break
    return later(start, interval, number, timezone) + (expires_at - start)


def later(at: datetime, interval: str, number: int, timezone: str) -> datetime:
    """So many intervals later by the calendar and clocks of the time zone; the 31st is clamped to the month's end."""
    if not number:
        return at
    wall = at.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    if interval in DAYS:
        wall += timedelta(days=DAYS[interval] * number)
    else:
        months = wall.year * 12 + wall.month - 1 + MONTHS[interval] * number
        year, month = months // 12, months % 12 + 1
        wall = wall.replace(year=year, month=month, day=min(wall.day, monthrange(year, month)[1]))
    return wall.replace(fold=0, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def read_grant(document: Mapping[str, Any], identifier: str = "grant_id", unit: str = "") -> Grant:
    """A grant as a contract names it, without what recurs and rolls over."""
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
        name=document[identifier],
        voided=bool(document.get("voided_at")) and instant(document["voided_at"]) == min(ends),
    )


def cut_points(grants: Iterable[Grant]) -> list[datetime]:
    """The instants at which a grant starts or ends: no step reaches over one."""
    starts = [grant.effective_at for grant in grants]
    return starts + [grant.ends_at for grant in grants if grant.ends_at is not None]


def step_start(at: datetime, cuts: Iterable[datetime]) -> datetime:
    """The start of the step that holds the instant: its hour's start, or a later cut."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return max([hour, *(cut for cut in cuts if hour < cut <= at)])


def draw_down(
    grants: Sequence[Grant],
    steps: Iterable[Step],
    opening: Mapping[str, Decimal],
    until: datetime | None = None,
) -> Drawdown:
    """Pay the steps in time order, products of one step by id, from the grants in their order. `opening` is
    what each grant holds; what no grant covers is overage. Usage that comes back is taken from what nobody
    paid of its payable, then from its grants, the last in order first; what is left waits for later usage. Rollovers
    that start up to `until` are what their parents have left before the first step from then on."""
    rolled = [grant for grant in grants if grant.parent and not grant.never_is]
    waiting_rollovers = sorted(rolled, key=lambda grant: grant.effective_at)
    result = Drawdown(left={**opening, **{grant.grant_id: ZERO for grant in grants if grant.parent}})

    def roll_over(at: datetime | None) -> None:
        while waiting_rollovers and (at is None or waiting_rollovers[0].effective_at <= at):
            grant = waiting_rollovers.pop(0)
            part = result.left[grant.parent] * grant.fraction
            amount = min(grant.most, part.quantize(Decimal(1).scaleb(-24), rounding=ROUND_DOWN))
            result.left[grant.grant_id] = result.granted[grant.grant_id] = amount

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
        roll_over(step.start)
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
    roll_over(until)
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
    given = [
        one
        for grant in case["grants"]
        for one in read_grants(grant, "id", until=until + timedelta(milliseconds=1))
    ]
    # What was rolled over before the start is a balance like any other.
    grants = [replace(grant, parent="") if grant.effective_at <= start else grant for grant in given]
    rollovers = {grant.grant_id for grant in given if grant.parent}
    held = {name: required_decimal(amount) for name, amount in (case.get("start_balances") or {}).items()}
    opening = {
        grant.grant_id: grant.amount
        if grant.effective_at > start
        else held.get(grant.grant_id, ZERO if grant.grant_id in rollovers else grant.amount)
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
    result = draw_down(grants, steps, opening, until)
    balances: dict[str, Decimal] = {}
    for grant in grants:
        left = result.left[grant.grant_id] if grant.pays_at(until) else ZERO
        balances[grant.name] = balances.get(grant.name, ZERO) + left
    shown = {name: plain(balance) for name, balance in balances.items()}
    return {"id": case.get("id"), "balances": shown, "overage": plain(result.overage)}
