"""`runrate explain`: why one event costs what it costs."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
from api.cli.output import Columns, facts, pairs, print_json, sentence, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, command

# Looking for an event without its customer asks for it customer by customer.
MOST_CUSTOMERS = 500


def register(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "explain", "runrate explain evt-000001 --customer northwind")
    def explain(
        settings: Settings,
        event_id: Annotated[str, typer.Argument(help="The sender's id of the event.")],
        customer: Annotated[
            str | None, typer.Option(help="Who sent it; needed where there are many customers.")
        ] = None,
    ) -> None:
        """Explain what an event costs and why.

        Its revisions, the contract, period, version and price that rate it, and every ledger entry.
        """
        with Session(settings) as session:
            trace = _trace(session, customer, event_id) if customer else _found(session, event_id)
        if trace is None:
            whose = f" of customer {customer!r}" if customer else " of any customer"
            raise CommandFailed(
                f"no event {event_id!r}{whose} is stored; the id and --customer are case-sensitive"
            )
        print_json(trace) if settings.as_json else show_trace(trace)


def _trace(session: Session, customer_id: str, event_id: str) -> Any:
    try:
        return session.get(f"/v1/events/{part(customer_id)}/{part(event_id)}")
    except CommandFailed as failed:
        if failed.code == "not_found":
            return None
        raise


def _found(session: Session, event_id: str) -> Any:
    """The one event with this id; an id is unique within its customer only."""
    candidates: list[str] = []
    for customer_id in _customers(session):
        candidates.append(customer_id)
        if len(candidates) > MOST_CUSTOMERS:
            raise CommandFailed(f"there are more than {MOST_CUSTOMERS} customers; name one with --customer")
    traces = [trace for one in candidates if (trace := _trace(session, one, event_id)) is not None]
    if len(traces) > 1:
        owners = ", ".join(str(trace["sent_customer_id"]) for trace in traces)
        raise CommandFailed(f"event {event_id!r} is stored for {owners}; name one with --customer")
    return traces[0] if traces else None


def _customers(session: Session) -> Iterator[str]:
    for customer in session.pages("/v1/customers"):
        yield customer["customer_id"]


def show_trace(trace: dict[str, Any]) -> None:
    """Print a trace: what came, what it costs, in words and entry by entry."""
    facts(
        [
            ("event", f"{trace['event_id']} ({trace['status']})"),
            ("customer", trace["customer_id"] or f"{trace['sent_customer_id']} (nobody has this id)"),
            ("type", trace["event_type"]),
            ("time", trace["event_time"]),
            ("recorded", trace["recorded_at"]),
            ("properties", pairs(trace["properties"])),
        ]
    )
    stdout().print()
    for one in trace["explanation"]:
        sentence(f"• {one}", indent="  ")
    if len(trace["revisions"]) > 1:
        _show_revisions(trace["revisions"])
    _show_ledger(trace["ledger"])


def _show_revisions(revisions: list[dict[str, Any]]) -> None:
    table = Columns(
        "revision", "status", "time", "properties", "recorded", numbers=("revision",), words=("properties",)
    )
    for one in revisions:
        table.row(
            one["revision"], one["status"], one["event_time"], pairs(one["properties"]), one["recorded_at"]
        )
    table.show()


def _show_ledger(entries: list[dict[str, Any]]) -> None:
    table = Columns(
        "recorded", "entry", "product", "dimensions", "quantity", "unit price", "amount", "in",
        numbers=("quantity", "unit price", "amount"),
        words=("entry", "dimensions"),
    )  # fmt: skip
    for one in entries:
        entry = f"{'+' if one['sign'] > 0 else '−'} {one['unrated'] or one['reason']}"
        table.row(
            one["recorded_at"],
            entry,
            one["product"],
            pairs(one["dimensions"]),
            one["quantity"],
            one["unit_price"],
            one["amount"],
            one["unit"],
        )
    table.show("the ledger has no entry for it")
