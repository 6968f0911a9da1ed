"""Rate cards: publishing, checking and reading them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.compiled import compiled_card
from api.http.bodies import received_text
from api.http.cursors import decode_cursor, encode_cursor, is_number, is_text
from api.http.dependencies import ActorDependency, CompilingDependency, StoreDependency, not_found
from api.http.examples import PRICE, RATE_CARD, RATE_CARD_DOCUMENT, VERSION, VERSION_SUMMARY
from api.http.filters import known_product
from api.http.openapi import answers, refuses, takes
from api.http.parameters import (
    DEFAULT_LIMIT,
    MAX_NUMBER,
    Cursor,
    FileName,
    Identifier,
    Limit,
    Number,
    RateCardId,
    RemarkText,
    VersionNumber,
)
from api.http.responses import json_response
from api.operations.publish import Published, check_currency, publish_rate_card
from api.operations.remarks import Remark
from api.reads.card_comparison import CardValidation, validate_card
from api.reads.prices import PriceRow, list_prices
from api.reads.rate_cards import (
    RateCard,
    RateCardVersion,
    RateCardVersionSummary,
    get_version,
    list_rate_cards,
    list_versions,
    version_id_of,
)

router = APIRouter(tags=["rate cards"])


@dataclass(frozen=True, slots=True)
class RateCardList:
    """A page of rate cards; `next_cursor` is null on the last page."""

    items: tuple[RateCard, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class VersionList:
    """A page of versions; `next_cursor` is null on the last page."""

    items: tuple[RateCardVersionSummary, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PriceList:
    """A page of prices; `next_cursor` is null on the last page."""

    items: tuple[PriceRow, ...]
    next_cursor: str | None


_PUBLISHED = {
    "rate_card": "aurora-ai",
    "rate_card_version": 1,
    "content_hash": "5f0c8a6b",
    "prices": 96,
    "created": True,
    "warnings": [],
}
_COMPILED = {
    "rate_card": "aurora-ai",
    "currency": "USD",
    "content_hash": "5f0c8a6b",
    "products": 5,
    "prices": 96,
    "rate_card_version": 2,
    "created": True,
    "latest": {
        "rate_card_version": 1,
        "prices_added": 0,
        "prices_removed": 0,
        "prices_changed": 1,
        "changes": [
            {
                "product": "input_tokens",
                "dimensions": {"model": "swift-1", "region": "us-east", "context": "short"},
                "field": "unit_amount",
                "unit": "USD",
                "before": "0.00000078",
                "after": "0.00000065",
            }
        ],
    },
    "warnings": [
        {
            "code": "price_rounded",
            "line": 31,
            "column": 45,
            "path": "products.input_tokens.price.unit_amount",
            "fact": "the result for model = swift-1 is 1.6e-15, and 0.000000000000002 is published (+25.00 %)",
            "fix": "let the price be of more units",
        }
    ],
}
_CARD_BODY = takes(
    {"application/yaml": RATE_CARD_DOCUMENT},
    description="The rate card as YAML or JSON, at most 10 MB of text.",
)


@router.get(
    "/rate-cards",
    operation_id="list_rate_cards",
    summary="List rate cards",
    responses=answers({"items": [RATE_CARD], "next_cursor": None}, model=RateCardList),
)
def get_rate_cards(store: StoreDependency, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List rate cards by id."""
    page = list_rate_cards(store, limit=limit, after=decode_cursor("rate_cards", {}, cursor, (is_text,)))
    return json_response(RateCardList(page.items, encode_cursor("rate_cards", {}, page.after)))


@router.post(
    "/rate-cards",
    operation_id="publish_rate_card",
    summary="Publish a rate card",
    responses=answers(_PUBLISHED, model=Published) | refuses(409, "currency_changed"),
    openapi_extra=_CARD_BODY,
)
async def post_rate_card(
    request: Request,
    store: StoreDependency,
    actor: ActorDependency,
    compiling: CompilingDependency,
    file_name: FileName = "ratecard.yaml",
    parent: Annotated[
        Number | None,
        Query(description="Number of the version that it was made from.", ge=1, le=MAX_NUMBER, examples=[1]),
    ] = None,
    author: Annotated[RemarkText, Query(description="Who publishes it.", examples=["ada"])] = "",
    note: Annotated[RemarkText, Query(description="Why.", examples=["cheaper tokens"])] = "",
) -> Response:
    """Make an immutable version of the card. The same content again is the same version (`created` false).

    A version rates nothing before it is activated. 422 with every error, its line and column, when it does
    not compile.
    """
    async with received_text(request) as text:
        remark = Remark(author, note, actor)
        done = await compiling.run(publish_rate_card, store, text, file_name, parent, remark)
    return json_response(done)


@router.post(
    "/rate-cards/validate",
    operation_id="validate_rate_card",
    summary="Check a rate card",
    responses=answers(_COMPILED, model=CardValidation) | refuses(409, "currency_changed"),
    openapi_extra=_CARD_BODY,
)
async def validate_rate_card(
    request: Request,
    store: StoreDependency,
    compiling: CompilingDependency,
    file_name: FileName = "ratecard.yaml",
) -> Response:
    """Compile the card, say what publishing it would make and which prices would change against the latest version,
    and store nothing. 422 with every error, its line and column, when it does not compile."""

    def validate(text: str) -> CardValidation:
        card = compiled_card(text, file_name)
        check_currency(store, card)
        return validate_card(store, card)

    async with received_text(request) as text:
        return json_response(await compiling.run(validate, text))


@router.get(
    "/rate-cards/{rate_card}/versions",
    operation_id="list_rate_card_versions",
    summary="List a card's versions",
    responses=answers({"items": [VERSION_SUMMARY], "next_cursor": None}, model=VersionList),
)
def get_versions(
    store: StoreDependency, rate_card: RateCardId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List the versions of a card, the latest first."""
    filters = {"rate_card": rate_card}
    after = decode_cursor("versions", filters, cursor, (is_number,))
    page = list_versions(store, rate_card, limit=limit, after=after)
    if not page.items and after is None:
        raise not_found("rate card", rate_card)
    return json_response(VersionList(page.items, encode_cursor("versions", filters, page.after)))


@router.get(
    "/rate-cards/{rate_card}/versions/{version}",
    operation_id="get_rate_card_version",
    summary="One version with its products and document",
    responses=answers(VERSION, model=RateCardVersion),
)
def get_one_version(store: StoreDependency, rate_card: RateCardId, version: VersionNumber) -> Response:
    """Return a version with the text that was published."""
    found = get_version(store, rate_card, version)
    if found is None:
        raise not_found(f"version {version} of rate card", rate_card)
    return json_response(found)


@router.get(
    "/rate-cards/{rate_card}/versions/{version}/prices",
    operation_id="list_version_prices",
    summary="The prices of a version",
    responses=answers({"items": [PRICE], "next_cursor": None}, model=PriceList),
)
def get_version_prices(
    store: StoreDependency,
    rate_card: RateCardId,
    version: VersionNumber,
    product: Annotated[Identifier | None, Query(description="Of this product only.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List every price of a version, one a combination of dimension values; none for another version's product."""
    version_id = version_id_of(store, rate_card, version)
    if version_id is None:
        raise not_found(f"version {version} of rate card", rate_card)
    filters = {"version_id": version_id, "product": product}
    after = decode_cursor("version_prices", filters, cursor, (is_number,))
    wanted = known_product(store, product)
    page = list_prices(store, version_id, product=wanted, limit=limit, after=after)
    return json_response(PriceList(page.items, encode_cursor("version_prices", filters, page.after)))
