"""Auditing a rate card: what it is made of, and how it fits the usage that is there."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.http.bodies import received_text
from api.http.dependencies import CompilingDependency, StoreDependency
from api.http.examples import AUDIT, RATE_CARD_DOCUMENT
from api.http.openapi import answers, takes
from api.http.parameters import FileName, Instant
from api.http.responses import json_response
from api.instants import EARLIEST
from api.reads.audit_documents import AuditAnswer, audit_answer
from api.reads.card_usage import card_usage
from api.store import Store
from ratecard_compiler.audit import audit_card
from ratecard_compiler.written_numbers import compile_with_numbers

router = APIRouter(tags=["rate cards"])


@router.post(
    "/rate-cards/audit",
    operation_id="audit_rate_card",
    summary="Audit a rate card",
    responses=answers(AUDIT, model=AuditAnswer),
    openapi_extra=takes(
        {"application/yaml": RATE_CARD_DOCUMENT},
        description="The rate card, published or not, as YAML or JSON, at most 10 MB of text.",
    ),
)
async def post_audit(
    request: Request,
    store: StoreDependency,
    compiling: CompilingDependency,
    file_name: FileName = "ratecard.yaml",
    since: Annotated[
        Instant | None, Query(description="Of events from this instant on; default: all.", alias="from")
    ] = None,
) -> Response:
    """Count the flat prices that a card replaces; list what no price needs and what is said twice, prices that no
    event had, and combinations that events had without a price. Nothing is stored.

    Usage is that of the published card of the same name, whatever version rated it.
    """

    def audit(store: Store, text: str) -> AuditAnswer:
        card, places = compile_with_numbers(text, file_name)
        usage = card_usage(store, card, since or EARLIEST)
        return audit_answer(card.rate_card, audit_card(card, places), usage)

    async with received_text(request) as text:
        return json_response(await compiling.run(audit, store, text))
