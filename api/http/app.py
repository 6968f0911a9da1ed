"""The app: routes, one error shape, keys, and nothing else."""

from fastapi import APIRouter, Depends, FastAPI

from api.events import EventLimits
from api.http.auth import KeyRing, require_key
from api.http.bodies import BODY_SECONDS, Budget
from api.http.openapi import describe
from api.http.parameters import UrlDecoding, known_parameters
from api.http.problem import install
from api.http.routes import (
    activations,
    audit_trail,
    contracts,
    customers,
    entitlements,
    events,
    grants,
    health,
    invoices,
    keys,
    operations,
    rate_card_audits,
    rate_card_changes,
    rate_card_diffs,
    rate_card_gates,
    rate_cards,
    revenue,
    top_ups,
    traces,
    unrated,
)
from api.http.threads import CardThread, IngestThreads
from api.store import Store

# In the order in which the documentation shows them.
ROUTERS: tuple[APIRouter, ...] = (
    events.router,
    traces.router,
    invoices.router,
    customers.router,
    grants.router,
    top_ups.router,
    entitlements.router,
    revenue.router,
    contracts.router,
    rate_cards.router,
    rate_card_changes.router,
    rate_card_audits.router,
    rate_card_diffs.router,
    rate_card_gates.router,
    activations.router,
    unrated.router,
    audit_trail.router,
    operations.router,
    keys.router,
)


def create_app(
    store: Store,
    *,
    keys: KeyRing | None = None,
    local: bool = False,
    limits: EventLimits | None = None,
    body_seconds: float = BODY_SECONDS,
) -> FastAPI:
    """Return the app over an open store.

    Every route but the health checks and the explanations of problems needs a key of `keys` (by default
    those of the store). `local` is for calls inside the process: no key is needed. `limits` bound what a
    request of events may hold; `body_seconds` is how long any request's body may take to arrive.
    """
    app = FastAPI(
        title="Runrate",
        version="1",
        description="Usage events in, live invoices out. Every number is a decimal in a string.",
        openapi_url="/openapi.json",
        docs_url="/docs",
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.store = store
    app.state.keys = None if local else (keys or KeyRing(store))
    app.state.limits = limits or EventLimits()
    app.state.budget = Budget(seconds=body_seconds)
    app.state.threads = IngestThreads()
    app.state.compiling = CardThread("Other rate cards are being compiled")
    app.state.activating = CardThread("Other versions are being put in force")
    app.state.closing = False
    app.include_router(health.router)
    for router in ROUTERS:
        app.include_router(
            router, prefix="/v1", dependencies=[Depends(require_key), Depends(known_parameters)]
        )
    install(app)
    app.add_middleware(UrlDecoding)
    describe(app, (health.router, *ROUTERS))
    return app
