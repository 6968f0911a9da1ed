"""Whether a product may be used now, with the balance behind the answer (SEMANTICS §7)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from api.instants import instant_text, milliseconds
from api.reads.documents import Row
from api.standings import NOTHING, EntitledProduct, LiveGrant, LiveHold, Standing
from api.store import Store
from ratecard_compiler.decimals import decimal_text
from sql import load, render

# Contracts without a version in force, and grants to come, are looked at again so soon.
SOON = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Whether a customer may use a product. `reason` is `balance` or `overage` where it may; `no_contract`,
    `no_rate_card`, `no_such_product` or `no_balance` where not.

    `remaining` is what is left in the product's `unit` of the grants that may pay for it, `held` what holds reserve in
    the unit for whatever product, and `available` the rest, not below 0; all exact. `as_of` is the instant up to which
    acknowledged usage counts.
    """

    customer_id: str
    product: str
    allowed: bool
    reason: str
    unit: str | None
    remaining: str
    held: str
    available: str
    contract_id: str | None
    rate_card_version: int | None
    as_of: str


def read_standing(store: Store, name: str) -> Standing | None:
    """Read the standing of the customer with this id or alias; None where there is none."""
    now = store.clock()
    query = render("queries/reads/standing_terms.sql.j2", database=store.database.name)
    rows = store.database.rows(query, name=name, at=now)
    if not rows:
        return None
    [terms] = rows
    customer_id = terms["customer_id"]
    grants = store.database.rows(
        load("queries/reads/standing_grants.sql"), customer_id=customer_id, as_of=milliseconds(now)
    )
    return Standing(
        customer_id=customer_id,
        names=(customer_id, *terms["aliases"]),
        contract_id=terms["contract_id"] or None,
        rate_card_version=terms["rate_card_version"] or None,
        overage=_overage(terms["document"]),
        products=_products(store, terms["version_id"]),
        grants=tuple(_grant(row) for row in grants),
        holds=live_holds(store, customer_id, now),
        read_at=now,
        valid_until=_valid_until(terms, grants, now),
    )


def live_holds(store: Store, customer_id: str, now: datetime) -> dict[str, LiveHold]:
    """Return a customer's holds that reserve something, by id."""
    rows = store.database.rows(load("queries/live_holds.sql"), customer_id=customer_id, now=milliseconds(now))
    return {row["hold_id"]: LiveHold(row["unit"], row["units"], row["expires_at"]) for row in rows}


def entitlement(
    standing: Standing, product: str, as_of: datetime, now: datetime, units: Decimal | None = None
) -> Entitlement:
    """Return whether a product may be used; with `units` whether so many of its unit may be drawn."""
    known = standing.products.get(product)
    remaining = held = available = NOTHING
    if known is not None:
        remaining, held = standing.remaining(product), standing.held(known.unit, now)
        available = max(remaining - held, NOTHING)
    if standing.contract_id is None:
        reason = "no_contract"
    elif standing.rate_card_version is None:
        reason = "no_rate_card"
    elif known is None:
        reason = "no_such_product"
    elif available > 0 and (units is None or units <= available):
        reason = "balance"
    else:
        reason = "overage" if standing.overage else "no_balance"
    return Entitlement(
        customer_id=standing.customer_id,
        product=product,
        allowed=reason in ("balance", "overage"),
        reason=reason,
        unit=None if known is None else known.unit,
        remaining=decimal_text(remaining),
        held=decimal_text(held),
        available=decimal_text(available),
        contract_id=standing.contract_id,
        rate_card_version=standing.rate_card_version,
        as_of=instant_text(as_of),
    )


def _products(store: Store, version_id: int) -> dict[str, EntitledProduct]:
    rows = store.database.rows(load("queries/reads/entitled_products.sql"), version_id=version_id)
    return {row["product"]: EntitledProduct(row["unit"], frozenset(row["tags"])) for row in rows}


def _grant(row: Row) -> LiveGrant:
    return LiveGrant(row["unit"], row["remaining"], frozenset(row["products"]), frozenset(row["tags"]))


def _overage(document: str) -> bool:
    return not document or json.loads(document).get("overage", "allowed") == "allowed"


def _valid_until(terms: Row, grants: Sequence[Row], now: datetime) -> datetime:
    """When the contract, its version, or a grant begins or ends next."""
    changes: list[datetime] = [terms["next_change"], *(row["next_change"] for row in grants)]
    return min([now + SOON, *(at for at in changes if at > now)])
