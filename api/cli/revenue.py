"""`runrate revenue` and `runrate export`: what is recognised, by day, and files of it for finance systems."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.failures import CommandFailed
from api.cli.output import Columns, counted, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, check_day, command, group

FromOption = Annotated[
    str | None,
    typer.Option(
        "--from", callback=check_day, help="From this day on (default: the first of the last day's month)."
    ),
]
ToOption = Annotated[
    str | None,
    typer.Option("--to", callback=check_day, help="Up to before this day (default: up to and with today)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    _register_revenue(app)
    exports = group(app, "export", "Files for finance systems: revenue, journal.")
    _register_export_revenue(exports)
    _register_export_journal(exports)


def _register_revenue(app: typer.Typer) -> None:
    @command(app, "revenue", "runrate revenue hoshizora --from 2026-01-01 --to 2026-02-01")
    def revenue(
        settings: Settings,
        customer: Annotated[str, typer.Argument(help="The customer's id.")],
        since: FromOption = None,
        until: ToOption = None,
    ) -> None:
        """Show what is recognised as revenue, by day, and what of.

        Days are those of the contract's time zone. Days to come say what is recognised then if nothing else happens.
        """
        with Session(settings) as session:
            found = session.listing(f"/v1/customers/{part(customer)}/revenue", **{"from": since, "to": until})
        if settings.as_json:
            print_json(found)
            return
        table = Columns("day", "category", "of", "amount", "in", numbers=("amount",), words=("of",))
        for one in found["items"]:
            of = one["source_id"] if one["product"] is None else f"{one['product']} {one['source_id']}"
            table.row(one["day"], one["category"], of, one["amount"], one["currency"])
        table.show(f"nothing is recognised from {found['from_day']} up to before {found['to_day']}")


OutputOption = Annotated[Path, typer.Option(help="The file to write.")]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="csv or parquet (default: as the file's name ends, else csv)."),
]


def _register_export_revenue(exports: typer.Typer) -> None:
    @command(
        exports, "revenue", "runrate export revenue --from 2026-01-01 --to 2026-02-01 --output revenue.csv"
    )
    def export_revenue(
        settings: Settings,
        output: OutputOption,
        since: FromOption = None,
        until: ToOption = None,
        file_format: FormatOption = None,
    ) -> None:
        """Export what is recognised as revenue, by day."""
        _export(settings, "revenue", output, file_format, {"from": since, "to": until})


def _register_export_journal(exports: typer.Typer) -> None:
    @command(
        exports, "journal", "runrate export journal --from 2026-01-01 --to 2026-02-01 --output journal.csv"
    )
    def export_journal(
        settings: Settings,
        output: OutputOption,
        since: FromOption = None,
        until: ToOption = None,
        file_format: FormatOption = None,
    ) -> None:
        """Export invoiced and recognised revenue as balanced double entries."""
        _export(settings, "journal", output, file_format, {"from": since, "to": until})


def _export(
    settings: Settings, kind: str, output: Path, file_format: str | None, days: dict[str, str | None]
) -> None:
    chosen = file_format or ("parquet" if output.suffix == ".parquet" else "csv")
    if chosen not in ("csv", "parquet"):
        raise CommandFailed(f"{chosen} is no format of exports: --format takes csv or parquet")
    # Loading pyarrow takes a moment that `--help` need not wait for.
    from api.reads.exports import rows_in

    partial = output.with_name(f"{output.name}.part")
    try:
        with Session(settings) as session, partial.open("wb") as file:
            session.save(f"/v1/exports/{kind}", file, format=chosen, **days)
        rows = rows_in(partial, chosen)
        # A file is there whole or not at all.
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    if settings.as_json:
        print_json({"file": str(output), "rows": rows})
    else:
        stdout().print(f"{counted(rows, 'row')} in {output}", markup=False)
