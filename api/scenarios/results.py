"""A scenario's complete result, in the shape and order of SEMANTICS §9."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from api.reads.balances import CreditBalance, list_balances
from api.reads.contracts import list_contracts
from api.reads.documents import Page, Position
from api.reads.invoices import list_whole_invoices
from api.reads.unrated import count_unrated
from api.store import Store

Item = TypeVar("Item")

PAGE = 1_000
WHOLE_PAGE = 100
LINE_FIELDS = ("quantity", "amount", "period_start", "period_end", "breakdown")
BALANCE_FIELDS = ("customer_id", "grant_id", "unit", "granted", "drawn", "expired", "remaining")
# How else a grant may end; named where there is anything of it.
ENDINGS = ("voided", "rolled_over")


def complete_result(store: Store) -> dict[str, Any]:
    """Return `{"invoices", "balances", "unrated"}`: every billing period that has begun, every grant, every
    reason.

    Invoices are ordered by contract and period, lines as on the invoice (usage by product and version, then
    discounts, minimum, fees, commits and credits), balances by customer and grant, reasons by name.
    """
    invoices = sorted(_invoices(store), key=lambda invoice: (invoice["contract_id"], invoice["period_start"]))
    balances = sorted(_balances(store), key=lambda balance: (balance["customer_id"], balance["grant_id"]))
    return {"invoices": invoices, "balances": balances, "unrated": dict(sorted(count_unrated(store).items()))}


def _plain(document: object) -> dict[str, Any]:
    """A document as its JSON says it."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return plain


def _all(read: Callable[[Position | None], Page[Item]]) -> Iterator[Item]:
    after: Position | None = None
    while True:
        page = read(after)
        yield from page.items
        if page.after is None:
            return
        after = page.after


def _invoices(store: Store) -> Iterator[dict[str, Any]]:
    for invoice in _all(lambda after: list_whole_invoices(store, limit=WHOLE_PAGE, after=after)):
        document = _plain(invoice)
        lines = [_line(line, invoice.currency) for line in document["lines"]]
        # The steps of the calculation say nothing that the lines do not.
        yield {name: value for name, value in document.items() if name != "calculation"} | {"lines": lines}


def _line(line: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A line without what only the API tells: `unit` where it is a custom one, `grant_id` where one pays, `charge_id`
    and `name` where it is neither usage nor credit."""
    return {
        **{name: line[name] for name in ("kind", "product", "rate_card_version")},
        **({"unit": line["unit"]} if line["kind"] == "usage" and line["unit"] != currency else {}),
        **({"grant_id": line["grant_id"]} if line["grant_id"] is not None else {}),
        **({name: line[name] for name in ("charge_id", "name")} if line["charge_id"] is not None else {}),
        **{name: line[name] for name in LINE_FIELDS},
    }


def _balances(store: Store) -> Iterator[dict[str, Any]]:
    contracts = _all(lambda after: list_contracts(store, limit=PAGE, after=after))
    # A drawdown is computed per customer: asked for only where a contract gives credits.
    owners = sorted(
        {
            one.customer_id
            for one in contracts
            if one.document.get("grants") or one.document.get("commits") or one.document.get("top_up")
        }
    )
    for customer_id in owners:
        for balance in _all(partial(_balance_page, store, customer_id)):
            document = _plain(balance)
            yield {
                **{name: document[name] for name in BALANCE_FIELDS},
                **{name: document[name] for name in ENDINGS if document[name] != "0"},
            }


def _balance_page(store: Store, customer_id: str, after: Position | None) -> Page[CreditBalance]:
    return list_balances(store, customer_id, limit=PAGE, after=after)
