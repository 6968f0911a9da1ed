"""`runrate scenario`, `rate`, `aggregate` and `drawdown`: what they come to, in an engine of their own."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.aggregation_cases import CASE_SHAPE as AGGREGATION_SHAPE
from api.cli.aggregation_cases import aggregate_cases
from api.cli.cases import read_cases
from api.cli.drawdown_cases import CASE_SHAPE as DRAWDOWN_SHAPE
from api.cli.drawdown_cases import drawdown_cases
from api.cli.failures import CommandFailed
from api.cli.files import read_text
from api.cli.output import Columns, pairs, print_json, stderr, stdout
from api.cli.price_cases import CASE_SHAPE as PRICE_SHAPE
from api.cli.price_cases import price_cases
from api.cli.settings import Settings, command
from api.opening import open_store
from api.scenarios.comparison import Difference, compare
from api.scenarios.plan import Scenario, read_scenario
from api.scenarios.results import BALANCE_FIELDS
from api.scenarios.run import run_scenario
from sql.client import Database

MOST_DIFFERENCES = 50
MOST_VALUES_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @command(app, "scenario", "runrate scenario fixtures/scenarios/per_unit_exact")
    def scenario(
        settings: Settings, directory: Annotated[Path, typer.Argument(help="Holds scenario.yaml.")]
    ) -> None:
        """Run a scenario in a fresh database and compare.

        With --json the complete result is printed. Exit code 1 when something expected was not found.
        """
        try:
            plan = read_scenario(directory)
        except FileNotFoundError:
            raise CommandFailed(f"{directory} holds no scenario.yaml; name a scenario's directory") from None
        result = run_alone(plan)
        differences = compare(plan.expect, result)
        if settings.as_json:
            print_json(result)
            _show_differences(differences, to_stderr=True)
        else:
            _show_result(directory, result, differences)
        if differences:
            raise typer.Exit(1)

    _register_rate(app)
    _register_aggregate(app)
    _register_drawdown(app)


def _register_rate(app: typer.Typer) -> None:
    @command(app, "rate", "runrate rate --cases cases.json")
    def rate(
        settings: Settings,
        cases: Annotated[Path, typer.Option(help="JSON: [{id, model, price, quantity | event_values}, …].")],
    ) -> None:
        """Price single cases with the SQL of invoices.

        Prints [{id, amount}, …], exact and unrounded.

        A case that cannot be priced is printed as {id, error}; then the exit code is 1.
        """
        listed = _cases(cases, PRICE_SHAPE)
        with fresh_engine() as database:
            priced = list(price_cases(database, listed))
        print_json([case.as_json() for case in priced])
        _refuse({case.case_id: case.error for case in priced if case.error is not None})


def _register_aggregate(app: typer.Typer) -> None:
    @command(app, "aggregate", "runrate aggregate --cases cases.json")
    def aggregate(
        settings: Settings,
        cases: Annotated[Path, typer.Option(help=f"JSON: [{AGGREGATION_SHAPE}, …].")],
    ) -> None:
        """Aggregate single cases in the engine, exactly.

        Prints [{id, quantity}, …]. Aggregations: sum, count, max, min, latest, unique, average, weighted_sum.

        A value that is no number is not counted, and named on stderr. A case that cannot be aggregated is printed as
        {id, error}; then the exit code is 1.
        """
        listed = _cases(cases, AGGREGATION_SHAPE)
        with fresh_engine() as database:
            aggregated = list(aggregate_cases(database, listed))
        print_json([case.as_json() for case in aggregated])
        for case in aggregated:
            if case.not_numbers:
                shown = ", ".join(repr(value) for value in case.not_numbers[:MOST_VALUES_SHOWN])
                note = f"note: case {case.case_id}: not counted, because no numbers: {shown}"
                stderr().print(note, markup=False)
        _refuse({case.case_id: case.error for case in aggregated if case.error is not None})


def _register_drawdown(app: typer.Typer) -> None:
    @command(app, "drawdown", "runrate drawdown --cases cases.json")
    def drawdown(
        settings: Settings,
        cases: Annotated[
            Path,
            typer.Option(help="JSON or YAML: [{id, start_at, until, grants, start_balances, usage}, …]."),
        ],
    ) -> None:
        """Draw down credits of single cases with the SQL of balances.

        Prints [{id, balances, overage}, …], exact. A case that cannot be drawn down is printed as {id, error}; then the
        exit code is 1.
        """
        listed = _cases(cases, DRAWDOWN_SHAPE)
        with fresh_engine() as database:
            drawn = list(drawdown_cases(database, listed))
        print_json([case.as_json() for case in drawn])
        _refuse({case.case_id: case.error for case in drawn if case.error is not None})


def _cases(path: Path, shape: str) -> list[Any]:
    try:
        return read_cases(read_text(path), shape)
    except ValueError as error:
        raise CommandFailed(f"{path}: {error}") from None


def _refuse(errors: dict[str, str]) -> None:
    for case_id, error in errors.items():
        stderr().print(f"error: case {case_id}: {error}", style="bold red", markup=False)
    if errors:
        raise typer.Exit(1)


@contextmanager
def fresh_engine() -> Iterator[Database]:
    """An engine of its own without any tables, gone afterwards."""
    with fresh_folder() as folder:
        database = Database.open(f"chdb:{folder}")
        try:
            yield database
        finally:
            database.close()


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder for an engine, deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="runrate-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_alone(plan: Scenario) -> dict[str, Any]:
    """Run a scenario in an embedded database of its own, its clock fixed."""
    console = stderr()
    with (
        fresh_folder() as folder,
        open_store(f"chdb:{folder}", clock=lambda: plan.now) as store,
    ):
        return run_scenario(plan, store, lambda text: console.print(f"note: {text}", markup=False))


def _line_name(line: dict[str, Any]) -> str:
    if line["kind"] == "credit":
        return f"credit {line['grant_id']}: {line['product']}"
    return str(line["product"] or f"{line['kind']} {line['charge_id']}: {line['name']}")


def _show_result(directory: Path, result: dict[str, Any], differences: list[Difference]) -> None:
    table = Columns(
        "invoice", "product", "version", "quantity", "amount",
        numbers=("version", "quantity", "amount"),
        words=("product",),
    )  # fmt: skip
    for invoice in result["invoices"]:
        if not invoice["lines"]:
            continue
        for line in invoice["lines"]:
            name = _line_name(line)
            table.row(
                invoice["invoice_id"], name, line["rate_card_version"], line["quantity"], line["amount"]
            )
        table.row(
            invoice["invoice_id"],
            "total",
            None,
            None,
            f"{invoice['total']} {invoice['currency']}",
            style="bold",
        )
        table.rule()
    table.show("no invoice has a line")
    if result["balances"]:
        balances = Columns(
            "customer",
            "grant",
            "unit",
            "granted",
            "drawn",
            "expired",
            "remaining",
            "other",
            numbers=("granted", "drawn", "expired", "remaining"),
        )
        for balance in result["balances"]:
            *told, others = (*(balance[name] for name in BALANCE_FIELDS), set(balance) - set(BALANCE_FIELDS))
            balances.row(*told, ", ".join(f"{name} {balance[name]}" for name in sorted(others)))
        balances.show()
    if result["unrated"]:
        stdout().print(f"unrated: {pairs(result['unrated'])}", markup=False)
    _show_differences(differences, to_stderr=False)
    if not differences:
        stdout().print(f"{directory}: holds", style="green", markup=False)


def _show_differences(differences: list[Difference], *, to_stderr: bool) -> None:
    """What was expected and what was found, side by side."""
    if not differences:
        return
    table = Columns("where", "expected", "found", words=("expected", "found"))
    for difference in differences[:MOST_DIFFERENCES]:
        table.row(difference.path, _shown(difference.expected), _shown(difference.found))
    console = stderr() if to_stderr else stdout()
    console.print(f"{len(differences)} differences", style="bold red")
    table.show(to_stderr=to_stderr)
    if len(differences) > MOST_DIFFERENCES:
        console.print(f"… and {len(differences) - MOST_DIFFERENCES} more")


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
