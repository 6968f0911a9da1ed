"""Commands about a store as a whole: migrate, serve, reconcile, verify, demo."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
from api.cli.output import Columns, facts, print_json, stdout
from api.cli.session import Session, server_of
from api.cli.settings import Settings, check_instant, command

MOST_ROWS = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_migrate(app)
    _register_serve(app)
    _register_reconcile(app)
    _register_verify(app)
    _register_demo(app)


def _register_migrate(app: typer.Typer) -> None:
    @command(app, "migrate", "runrate migrate --store chdb:.runrate")
    def migrate(settings: Settings) -> None:
        """Create the store, or bring its schema up to date."""
        # The engine takes a second to load: only when it is needed.
        from api.opening import open_store
        from migrations import migrate as apply_migrations
        from sql.client import Database

        if server_of(settings) is not None:
            raise CommandFailed("a server runs for this store; it migrated the store when it started")
        database = Database.open(settings.store)
        try:
            applied = apply_migrations(database)
        finally:
            database.close()
        with open_store(settings.store):
            pass
        if settings.as_json:
            print_json({"store": settings.store, "applied": applied})
        elif applied:
            stdout().print(f"{settings.store}: applied {', '.join(applied)}", markup=False)
        else:
            stdout().print(f"{settings.store}: up to date", markup=False)


def _register_serve(app: typer.Typer) -> None:
    @command(app, "serve", "runrate serve --port 8080")
    def serve(
        settings: Settings,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
        port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65_535)] = 8080,
        body_seconds: Annotated[
            int | None, typer.Option(help="How long a request's body may take to arrive; default: 30.", min=1)
        ] = None,
    ) -> None:
        """Serve the HTTP API of the store until Ctrl-C.

        At the first start an API key is made and printed, once. Reconciles every minute.
        """
        from api.http.bodies import BODY_SECONDS
        from api.http.server import Address
        from api.http.server import serve as serve_store
        from api.opening import open_store

        def announce(address: Address) -> None:
            told = {"url": address.url, "store": settings.store, "api_key": address.bootstrap_key}
            if settings.as_json:
                print_json(told)
            else:
                facts([("serving", f"{settings.store} at {address.url} ({address.url}/docs explains it)")])
                facts([("API key", address.bootstrap_key and f"{address.bootstrap_key} (shown only now)")])
            sys.stdout.flush()

        with open_store(settings.store) as store:
            seconds = body_seconds or BODY_SECONDS
            serve_store(store, host, port, announce=announce, body_seconds=seconds)


def _register_reconcile(app: typer.Typer) -> None:
    @command(app, "reconcile", "runrate reconcile --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z")
    def reconcile(
        settings: Settings,
        start: Annotated[
            str | None, typer.Option("--from", callback=check_instant, help="First event time, an instant.")
        ] = None,
        end: Annotated[
            str | None, typer.Option("--to", callback=check_instant, help="Up to before this event time.")
        ] = None,
        sums: Annotated[
            bool,
            typer.Option("--sums", help="Compare the hourly sums with the ledger too, and correct them."),
        ] = False,
    ) -> None:
        """Bring the ledger up to the rates now in force.

        Without --from and --to: what came in since the last run, and what is still to be done; with --sums
        all sums. Running it again changes nothing.
        """
        asked: dict[str, Any] = {name: text for name, text in (("start", start), ("end", end)) if text}
        if sums:
            asked["sums"] = True
        with Session(settings) as session:
            done = session.send("POST", "/v1/reconcile", asked)
        if settings.as_json:
            print_json(done)
            return
        stdout().print(
            f"{done['days_checked']} days checked, {done['days_changed']} changed: "
            f"{done['entries_appended']} ledger entries appended, {done['conflicts_found']} conflicts found"
            + (f", {done['sums_corrected']} hourly sums corrected" if sums else "")
        )


def _register_verify(app: typer.Typer) -> None:
    @command(app, "verify", "runrate verify")
    def verify(settings: Settings) -> None:
        """Prove the invariants of the store.

        Each check looks for rows that break it. Exit code 1 if one is found.
        """
        with Session(settings) as session:
            answer = session.send("POST", "/v1/verify")
        broken = _show_checks(answer, settings)
        if broken:
            raise typer.Exit(1)


def _show_checks(answer: Any, settings: Settings) -> bool:
    checks = answer["checks"]
    broken = [check for check in checks if check["offending"]]
    if settings.as_json:
        print_json(answer)
        return bool(broken)
    table = Columns("check", "rows", "what holds", numbers=("rows",), words=("what holds",))
    for check in checks:
        table.row(
            check["name"],
            len(check["offending"]),
            check["description"],
            style="bold red" if check["offending"] else None,
        )
    table.show()
    for check in broken:
        rows = Columns(*check["offending"][0], title=check["name"])
        for row in check["offending"][:MOST_ROWS]:
            rows.row(*row.values())
        rows.show()
        if check["fix"]:
            stdout().print(f"to mend {check['name']}: {check['fix']}", markup=False)
    return bool(broken)


def _register_demo(app: typer.Typer) -> None:
    @command(app, "demo", "runrate demo --once")
    def demo(
        settings: Settings,
        once: Annotated[bool, typer.Option("--once", help="Exit after the first tables.")] = False,
        events: Annotated[int, typer.Option(help="How many events to generate.", min=1)] = 200_000,
        port: Annotated[int, typer.Option(help="Port of the API; 0: any free.", min=0, max=65_535)] = 8080,
        folder: Annotated[Path, typer.Option(help="Where the store is kept.")] = Path(".runrate/demo"),
    ) -> None:
        """Show it all: usage, live invoices, a balance, a trace."""
        from api.demo import Demo

        Demo(folder=folder, events=events, port=port, once=once).run()
