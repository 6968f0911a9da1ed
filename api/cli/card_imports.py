"""`runrate ratecard import …`: tables of a card made from what others publish."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
from api.cli.files import read_text
from api.cli.output import Columns, counted, print_json, sentence, stderr, stdout
from api.cli.settings import Settings, command, group
from ratecard_compiler.price_lists import PRICES, CostTables, Remark, cost_tables_yaml, read_price_list

MOST_NAMED = 12


def register(cards: typer.Typer) -> None:
    """Add the commands."""
    imports = group(cards, "import", "Make tables of a card from what others publish.")

    @command(imports, "llm-prices", "runrate ratecard import llm-prices model_prices_and_context_window.json")
    def llm_prices(
        settings: Settings,
        file: Annotated[Path, typer.Argument(help="LiteLLM's JSON, or a CSV with a column `model`.")],
        price: Annotated[
            list[str] | None,
            typer.Option(help=f"A price of the list, repeatable; default: {', '.join(PRICES)}."),
        ] = None,
        provider: Annotated[str | None, typer.Option(help="Models of this provider only.")] = None,
        mode: Annotated[str | None, typer.Option(help="Models of this mode only, for example chat.")] = None,
        output: Annotated[Path | None, typer.Option(help="Write the YAML here; default: stdout.")] = None,
        overwrite: Annotated[bool, typer.Option("--overwrite", help="Though --output is there.")] = False,
    ) -> None:
        """Make cost tables from a public price list of models.

        Margins are put on by a card's formulas. Prices keep every digit. What is left out, and what deserves a
        look, is listed on stderr.
        """
        if output is not None and output.exists() and not overwrite:
            raise CommandFailed(
                f"{output} is there already; name another file, or replace it with --overwrite"
            )
        tables = read_price_list(read_text(file), tuple(dict.fromkeys(price or PRICES)), provider, mode)
        document = cost_tables_yaml(tables, file.name)
        if output is not None:
            output.write_text(document, encoding="utf-8")
        if settings.as_json:
            print_json(_json(tables, document))
            return
        if output is None:
            stdout().file.write(document)
        _show(tables)


def _json(tables: CostTables, document: str) -> dict[str, Any]:
    return {
        "tables": {name: len(costs) for name, costs in tables.costs.items()},
        "left_out": [_remark_json(remark) for remark in tables.remarks if not remark.taken],
        "remarks": [_remark_json(remark) for remark in tables.remarks if remark.taken],
        "other_prices": dict(tables.others),
        "document": document,
    }


def _remark_json(remark: Remark) -> dict[str, Any]:
    return {"fact": remark.fact, "models": list(remark.models)}


def _show(tables: CostTables) -> None:
    counts = ", ".join(f"{name}: {counted(len(costs), 'model')}" for name, costs in tables.costs.items())
    stderr().print(counts, markup=False)
    for taken, title in ((False, "left out"), (True, "taken, with a remark")):
        table = Columns(title, "models", "which", numbers=("models",), words=("which",))
        for remark in tables.remarks:
            if remark.taken == taken:
                more = (
                    [f"… (--json lists all {len(remark.models)})"] if len(remark.models) > MOST_NAMED else []
                )
                table.row(remark.fact, len(remark.models), ", ".join([*remark.models[:MOST_NAMED], *more]))
        table.show(f"{title}: nothing", to_stderr=True)
    if tables.others:
        named = ", ".join(f"{name} ({models})" for name, models in tables.others.items())
        sentence(f"other prices of the list, which --price takes: {named}", indent="  ", to_stderr=True)
