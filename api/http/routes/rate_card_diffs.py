"""Comparing two rate cards, and what the one would have meant in place of the other."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.errors import Unprocessable
from api.http.bodies import DOCUMENT_BYTES, json_body
from api.http.dependencies import CompilingDependency, StoreDependency
from api.http.openapi import answers, takes_json
from api.http.parameters import MAX_NUMBER, Identifier
from api.http.rate_card_examples import DIFF
from api.http.responses import json_response
from api.reads.diff_documents import DiffAnswer, diff_answer
from api.reads.diff_effect import effect_of
from api.reads.rate_cards import get_version, version_id_of
from api.store import Store
from ratecard_compiler import CompiledCard, compile_card
from sql import load

router = APIRouter(tags=["rate cards"])


class DiffSide(BaseModel):
    """A published version, or a card's text."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rate_card: str | None = None
    rate_card_version: int | None = Field(default=None, ge=1, le=MAX_NUMBER)
    document: str | None = None
    file_name: Identifier = "ratecard.yaml"

    @model_validator(mode="after")
    def one_card(self) -> "DiffSide":
        """A side is one card."""
        published = self.rate_card is not None and self.rate_card_version is not None
        if published == (self.document is not None) or (self.rate_card is not None and not published):
            raise ValueError("a side has either rate_card and rate_card_version, or document")
        return self


class DiffRequest(BaseModel):
    """What to compare with what."""

    model_config = ConfigDict(extra="forbid", strict=True)

    before: DiffSide
    after: DiffSide


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    card: CompiledCard
    version_id: int | None


@router.post(
    "/rate-cards/diff",
    operation_id="diff_rate_cards",
    summary="Compare two rate cards",
    responses=answers(DIFF, model=DiffAnswer),
    openapi_extra=takes_json(
        DiffRequest,
        {
            "before": {"rate_card": "aurora-ai", "rate_card_version": 1},
            "after": {"rate_card": "aurora-ai", "rate_card_version": 2},
        },
        description="Two published versions, or texts of cards; together at most 10 MiB.",
    ),
)
async def post_diff(
    store: StoreDependency,
    compiling: CompilingDependency,
    body: Annotated[DiffRequest, Depends(json_body(DiffRequest, DOCUMENT_BYTES))],
) -> Response:
    """List the prices that are added, removed and changed, with the nodes that cause it, and what `after` would have
    meant in place of `before` for last month's usage, by customer and product. Nothing is stored."""
    return json_response(await compiling.run(_compared, store, body))


def _compared(store: Store, body: DiffRequest) -> DiffAnswer:
    before, after = _side(store, body.before), _side(store, body.after)
    effect = None
    if before.version_id is not None and after.version_id is not None:
        rate_card, currency = before.card.rate_card, after.card.currency
        effect = effect_of(store, rate_card, before.version_id, after.version_id, currency)
    return diff_answer((before.name, after.name), before.card, after.card, effect)


def _side(store: Store, side: DiffSide) -> _Side:
    if side.document is not None:
        card = compile_card(side.document, side.file_name)
        known = store.database.rows(
            load("queries/version_by_hash.sql"), rate_card=card.rate_card, hash=card.content_hash
        )
        return _Side(side.file_name, card, known[0]["version_id"] if known else None)
    rate_card, version = str(side.rate_card), int(side.rate_card_version or 0)
    found = get_version(store, rate_card, version)
    if found is None:
        raise Unprocessable("unknown_version", f"rate card {rate_card[:80]!r} has no version {version}")
    name = f"{rate_card} version {version}"
    return _Side(name, compile_card(found.document, name), version_id_of(store, rate_card, version))
