"""What routes ask for: the store, and what is shared by all requests."""

from typing import Annotated

from fastapi import Depends, Request

from api.events import EventLimits
from api.http.problem import ProblemError
from api.http.threads import CardThread, IngestThreads
from api.store import Store


def get_store(request: Request) -> Store:
    """Return the store that the app serves."""
    store: Store = request.app.state.store
    return store


def get_limits(request: Request) -> EventLimits:
    """Return what a request of events may hold."""
    limits: EventLimits = request.app.state.limits
    return limits


def get_threads(request: Request) -> IngestThreads:
    """Return the threads that take events in."""
    threads: IngestThreads = request.app.state.threads
    return threads


def get_compiling(request: Request) -> CardThread:
    """Return the thread that compiles rate cards."""
    compiling: CardThread = request.app.state.compiling
    return compiling


def get_actor(request: Request) -> str:
    """Return who calls, as the check of the key found: `key:…`, or `user:…` inside a process of that user."""
    actor: str = request.state.actor
    return actor


def get_activating(request: Request) -> CardThread:
    """Return the thread that puts versions in force."""
    activating: CardThread = request.app.state.activating
    return activating


ActorDependency = Annotated[str, Depends(get_actor)]
ActivatingDependency = Annotated[CardThread, Depends(get_activating)]
CompilingDependency = Annotated[CardThread, Depends(get_compiling)]
ThreadsDependency = Annotated[IngestThreads, Depends(get_threads)]
StoreDependency = Annotated[Store, Depends(get_store)]
LimitsDependency = Annotated[EventLimits, Depends(get_limits)]


def not_found(what: str, name: str) -> ProblemError:
    """Return the problem of a thing that does not exist."""
    return ProblemError(404, "not_found", f"There is no {what} {shown(name)}.")


def shown(name: str) -> str:
    """Return a name in quotes, as a sentence has it; the start of a long one."""
    return repr(name if len(name) <= 80 else f"{name[:77]}…")
