"""Filters that name a thing: one that nobody knows is a mistake, and an empty list would hide it.

What exists and has no rows here and now is an empty list: a product that the customer did not use, or a dimension
that its card does not have.
"""

from collections.abc import Collection, Sequence

from api.http.parameters import text_fault
from api.http.problem import ProblemError
from api.reads.contracts import get_contract, get_customer
from api.reads.rate_cards import list_versions, published_names
from api.store import Store

# Of the names that a filter could have, a message shows this many.
MOST_NAMES = 40


def known_customer(store: Store, customer_id: str | None) -> str:
    """Return the id of the customer with this id or alias, '' without one. Raises ProblemError 422."""
    if customer_id is None:
        return ""
    customer = get_customer(store, customer_id)
    if customer is None:
        raise text_fault("customer_id", "there is no such customer; GET /v1/customers lists them")
    return customer.customer_id


def known_contract(store: Store, contract_id: str | None) -> str:
    """Return the id of the contract, '' without one. Raises ProblemError 422."""
    if contract_id is not None and get_contract(store, contract_id) is None:
        raise text_fault("contract_id", "there is no such contract; GET /v1/contracts lists them")
    return contract_id or ""


def known_rate_card(store: Store, rate_card: str | None) -> str:
    """Return the id of the rate card, '' without one. Raises ProblemError 422."""
    if rate_card is not None and not list_versions(store, rate_card, limit=1).items:
        raise text_fault("rate_card", "there is no such rate card; GET /v1/rate-cards lists them")
    return rate_card or ""


def known_product(store: Store, product: str | None) -> str:
    """Return the product, '' without one. Raises ProblemError 422 where no published rate card has it."""
    if product is not None:
        known = published_names(store).products
        if product not in known:
            raise _unknown("product", "product", known)
    return product or ""


def known_dimensions(store: Store, names: Sequence[str] | None) -> Sequence[str]:
    """Return the names of dimensions. Raises ProblemError 422 for one that no published rate card has."""
    if names:
        known = published_names(store).dimensions
        if not set(names) <= set(known):
            raise _unknown("group_by", "dimension", known)
    return names or ()


def _unknown(field: str, what: str, known: Collection[str]) -> ProblemError:
    shown = ", ".join(sorted(known)[:MOST_NAMES]) + (", …" if len(known) > MOST_NAMES else "")
    return text_fault(
        field,
        f"no published rate card has such a {what}; known are: {shown or 'none, publish a rate card first'}",
    )
