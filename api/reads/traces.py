"""One event's trace: identity → revisions → ledger → rating, in fields and in words."""

from collections import Counter
from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Any

from api.instants import instant_text, milliseconds
from api.reads.contracts import Customer, get_customer
from api.reads.documents import Row, optional_instant_text
from api.reads.formulas import price_formulas, step_text
from api.reads.invoice_documents import invoice_id_of, usage_line_id
from api.reads.line_events import event_amounts
from api.reads.overridden_prices import OverridesHeld, list_prices_of, override_sentence
from api.reads.prices import price_row
from api.reads.trace_documents import (
    EventRevision,
    EventTrace,
    LedgerEntry,
    RatedProduct,
    StepDraw,
    UnratedProduct,
)
from api.reads.unrated import REASONS
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load

_SEPARATOR = "\x1f"


def explain_event(store: Store, customer_id: str, event_id: str) -> EventTrace | None:
    """Return the trace of an event; None when no event with this id is stored for the customer.

    `customer_id` is the id that was sent, or the customer's own where the event came under an alias.
    """
    customer = get_customer(store, customer_id)
    revisions = _revisions(store, customer_id, customer, event_id)
    if not revisions:
        return None
    known = [row for row in revisions if not row["conflict"]] or revisions
    current = known[-1]
    entries = store.database.rows(
        load("queries/reads/event_entries.sql"),
        event_key=current["event_key"],
        event_times=sorted({row["event_time"] for row in revisions}),
    )
    net = _net(entries)
    candidates = (_rated(store, row) for row in net if not row["unrated"])
    rated = tuple(one for one in candidates if one is not None)
    unrated = tuple(_unrated(row) for row in net if row["unrated"])
    status = _status(current)
    return EventTrace(
        event_id=event_id,
        sent_customer_id=current["customer_id"],
        customer_id=customer.customer_id if customer else None,
        customer_name=customer.name if customer else None,
        event_type=current["event_type"],
        event_time=instant_text(current["event_time"]),
        recorded_at=instant_text(known[0]["recorded_at"]),
        status="current" if status == "amended" else status,
        properties=dict(current["properties"]),
        revisions=tuple(_revision(row) for row in revisions),
        rated=rated,
        unrated=unrated,
        ledger=tuple(_entry(row) for row in entries),
        explanation=tuple(_explanation(current, customer, len(known), rated, unrated, status)),
    )


def _revisions(
    store: Store, customer_id: str, customer: Customer | None, event_id: str
) -> list[dict[str, Any]]:
    ids = [customer_id] if customer is None else [customer_id, customer.customer_id, *customer.aliases]
    rows = store.database.rows(
        load("queries/reads/event_revisions.sql"), customer_ids=list(dict.fromkeys(ids)), event_id=event_id
    )
    # An id sent under two of the customer's names is two events; the name in the request says which, else the
    # first.
    sent = {row["customer_id"] for row in rows}
    chosen = next((name for name in ids if name in sent), None)
    return [row for row in rows if row["customer_id"] == chosen]


def _status(row: Row) -> Any:
    if row["conflict"]:
        return "conflict"
    return row["superseded_reason"] or "current"


def _revision(row: Row) -> EventRevision:
    return EventRevision(
        revision=row["revision"],
        status=_status(row),
        event_type=row["event_type"],
        event_time=instant_text(row["event_time"]),
        properties=dict(row["properties"]),
        recorded_at=instant_text(row["recorded_at"]),
    )


def _net(entries: Sequence[Row]) -> list[Row]:
    """Return the entries that nothing takes back: the event's rating now."""
    signs: Counter[Hashable] = Counter()
    last: dict[Hashable, Row] = {}
    for row in entries:
        signs[_identity(row)] += row["sign"]
        last[_identity(row)] = row
    return [row for identity, row in last.items() if signs[identity] > 0]


def _identity(row: Row) -> Hashable:
    names = ("event_time", "period_id", "price_id", "actual_dimensions", "quantity", "unit_price", "unrated")
    return tuple(row[name] for name in names)


def _dimensions(row: Row) -> tuple[dict[str, str], dict[str, str]]:
    """Return the actual values of dimensions and display dimensions; those of the price row where it has
    all."""
    names, show_names = row["dimension_names"], row["show_names"]
    actual = row["actual_dimensions"]
    values = actual[1:].split(_SEPARATOR) if actual else list(row["price_dimensions"])
    return (
        dict(zip(names, values, strict=False)),
        dict(zip(show_names, values[len(names) :], strict=False)),
    )


def _entry(row: Row) -> LedgerEntry:
    dimensions, show = _dimensions(row)
    per_event = bool(row["per_event"]) and not row["unrated"]
    return LedgerEntry(
        recorded_at=instant_text(row["recorded_at"]),
        reason=row["reason"],
        sign=row["sign"],
        event_time=instant_text(row["event_time"]),
        invoice_id=invoice_id_of(row) if row["contract_id"] else None,
        product=row["product"] or None,
        rate_card=row["rate_card"] or None,
        rate_card_version=row["rate_card_version"] or None,
        dimensions=dimensions | show,
        quantity=decimal_text(row["quantity"]),
        unit=row["unit"] or None,
        unit_price=decimal_text(row["unit_price"]) if per_event else None,
        amount=decimal_text(row["amount"]) if per_event else None,
        unrated=row["unrated"],
    )


def _rated(store: Store, row: Row) -> RatedProduct | None:
    """Return how a product rates the event; None when it was taken back since the ledger was read."""
    amounts: Sequence[Row] = [row]
    if not row["per_event"]:
        # A total of the whole period is billed at the version at its end, not at the one that rated the event.
        amounts = event_amounts(store, row, row["product"], 0, event_key=row["event_key"])
        if not amounts:
            return None
    dimensions, show = _dimensions(row)
    priced = dict(zip(row["dimension_names"], row["price_dimensions"], strict=False))
    listed = list_prices_of(store, [row]).get(row["list_price_id"])
    held = OverridesHeld.of(store, row["contract_id"], row["event_time"], row["set_hash"])
    unit_price = decimal_text(row["unit_price"]) if row["per_event"] else None
    quantity, unit = decimal_text(row["quantity"]), row["unit"]
    unit_amount, amount = (decimal_text(amounts[0][name]) for name in ("exact_unit_amount", "exact_amount"))
    return RatedProduct(
        product=row["product"],
        product_name=row["product_name"],
        contract_id=row["contract_id"],
        invoice_id=invoice_id_of(row),
        line_id=usage_line_id(row["product"], amounts[0]["rate_card_version"]),
        period_start=instant_text(row["period_start"]),
        period_end=instant_text(row["period_end"]),
        rate_card=row["rate_card"],
        rate_card_version=row["rate_card_version"],
        active_from=optional_instant_text(_active_from(store, row)),
        price=price_row({**row, "dimensions": priced}),
        list_price=listed,
        override=held.applied(row["override_number"]),
        formulas=price_formulas(
            store,
            row["card_version_id"],
            row["product"],
            priced if listed is None else listed.dimensions,
            dimensions,
        ),
        dimensions=dimensions,
        show=show,
        quantity=quantity,
        metered_unit=row["metered_unit"],
        unit_price=unit_price,
        unit=unit,
        unit_amount=unit_amount,
        amount=amount,
        currency=row["currency"],
        credits=_step_draws(store, row, amounts[0]["rate_card_version"]),
        text=_calculation(row, quantity, unit_price, unit_amount, amount),
    )


def _step_draws(store: Store, row: Row, version: int) -> tuple[StepDraw, ...]:
    if not row["has_grants"]:
        return ()
    rows = store.database.rows(
        load("queries/reads/step_draws.sql"),
        customer_id=row["owner_id"],
        at=milliseconds(row["event_time"]),
        period_id=row["period_id"],
        product=row["product"],
        version=version,
    )
    return tuple(
        StepDraw(
            step_start=instant_text(draw["step_start"]),
            grant_id=draw["grant_id"],
            units=decimal_text(draw["units"]),
            unit=draw["unit"],
        )
        for draw in rows
    )


def _calculation(row: Row, quantity: str, unit_price: str | None, unit_amount: str, amount: str) -> str:
    metered, unit, currency = row["metered_unit"], row["unit"], row["currency"]
    if unit_price is not None:
        text = f"{quantity} {metered} × {unit_price} {unit} = {unit_amount} {unit}"
    else:
        text = (
            f"{quantity} {metered} at the {row['model']} price, after the period's earlier units: "
            f"{unit_amount} {unit}"
        )
    if unit != currency:
        text += f" × {decimal_text(row['unit_value'])} {currency} = {amount} {currency}"
    return text


def _unrated(row: Row) -> UnratedProduct:
    meaning, fix = REASONS[row["unrated"]]
    return UnratedProduct(product=row["product"] or None, reason=row["unrated"], meaning=meaning, fix=fix)


def _active_from(store: Store, row: Row) -> datetime | None:
    rows = store.database.rows(
        load("queries/reads/activation_in_force.sql"),
        version_id=row["card_version_id"],
        contract_id=row["contract_id"],
        at=milliseconds(row["event_time"]),
    )
    return rows[0]["active_from"] if rows else None


def _explanation(
    current: Row,
    customer: Customer | None,
    revisions: int,
    rated: Sequence[RatedProduct],
    unrated: Sequence[UnratedProduct],
    status: str,
) -> list[str]:
    sentences = [
        f"Event {current['event_id']} of type {current['event_type']} happened at "
        f"{instant_text(current['event_time'])} and came under the customer id {current['customer_id']}."
    ]
    if customer is not None:
        alias = "" if customer.customer_id == current["customer_id"] else ", which is an alias of it"
        sentences.append(f"That is the customer {customer.customer_id} ({customer.name}){alias}.")
    if revisions > 1:
        sentences.append(f"It was amended {revisions - 1} times; what it says last counts.")
    if status == "voided":
        sentences.append("It was voided: it no longer counts.")
    if status == "conflict":
        sentences.append("Another event has its identity: it is kept, and never billed.")
    for one in rated:
        values = ", ".join(f"{name} {value}" for name, value in one.price.dimensions.items())
        where = f" for {values}" if values else ""
        since = f" active from {one.active_from}" if one.active_from else ""
        sentences.append(
            f"{one.product_name or one.product}: contract {one.contract_id}, period from {one.period_start}, "
            f"{one.rate_card} version {one.rate_card_version}{since}, price{where}: {one.text}."
        )
        if one.override is not None:
            sentences.append(override_sentence(one.override, one.list_price))
        for draw in one.credits:
            sentences.append(
                f"Of its step, which starts at {draw.step_start}, grant {draw.grant_id} paid {draw.units} {draw.unit}."
            )
        if one.formulas:
            whose = "Its" if one.override is None else "The list price's"
            sentences.append(f"{whose} {'; '.join(step_text(step) for step in one.formulas)}.")
    for reason in unrated:
        about = f"{reason.product}: " if reason.product else ""
        sentences.append(f"{about}{reason.meaning} {reason.fix}")
    return sentences
