"""`runrate ratecard gates`: what a version would have to pass to be activated."""

from typing import Annotated, Any

import typer

from api.cli.activations import CardName, CohortText, cohort_value_of, warn_of_cohort
from api.cli.output import Columns, print_json, stdout
from api.cli.session import Session, part, place_text
from api.cli.settings import Settings, command
from api.cohorts import ALL


def register(cards: typer.Typer) -> None:
    """Add the command."""

    @command(cards, "gates", "runrate ratecard gates aurora-ai 2")
    def gates(
        settings: Settings,
        rate_card: CardName,
        version: Annotated[int, typer.Argument(help="The version's number.", min=1)],
        cohort: CohortText = ALL,
    ) -> None:
        """Say what each gate says of a version; nothing is activated.

        Also what the last billing period would have cost under it. Exits with 1 where a gate refuses.
        """
        body = {"rate_card_version": version, "cohort": cohort_value_of(cohort)}
        with Session(settings) as session:
            done = session.send("POST", f"/v1/rate-cards/{part(rate_card)}/gates", body)
        if settings.as_json:
            print_json(done)
        else:
            _show(done)
            warn_of_cohort(done)
        if not done["passed"]:
            raise typer.Exit(1)


def _show(done: dict[str, Any]) -> None:
    table = Columns("gate", "", "what was looked at", words=("what was looked at",))
    for gate in done["gates"]:
        table.row(gate["gate"], "passed" if gate["passed"] else "failed", gate["found"])
    table.show()
    for gate in done["gates"]:
        for reason in gate["reasons"]:
            stdout().print(place_text({"gate": gate["gate"], **reason}), markup=False)
        if gate["products"]:
            products = Columns("product", "computed from", "before", "after", numbers=("before", "after"))
            for one in gate["products"]:
                products.row(one["product"], one["way"], one["before"], one["after"])
            products.show()
