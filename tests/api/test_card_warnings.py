"""What a card that compiles is warned of, on the command line and over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.cli_world import CARD, Run, served_command_line
from tests.conftest import Engine

# 16e-16 a token: published as 2e-15, a quarter more.
ROUNDED = CARD.replace('"cost[model]"', '"cost[model] * tiny"').replace(
    "tables:", 'constants: {tiny: "0.0000000000016"}\ntables:'
)
FACT = "the result for model = small is 1.6e-15, and 0.000000000000002 is published (+25.00 %)"


@pytest.fixture
def run(engine: Engine) -> Iterator[Run]:
    with served_command_line(engine) as run:
        yield run


def test_a_price_that_rounding_moves_is_warned_of_wherever_a_card_is_compiled(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "rounded.yaml"
    file.write_text(ROUNDED, encoding="utf-8")
    for command in ("check", "validate", "publish"):
        done = run("ratecard", command, str(file))
        assert done.code == 0
        assert FACT not in done.out
        told = " ".join(done.err.split())
        assert "warning: " in told
        assert "price_rounded products.inference.price.unit_amount: " + FACT in told
        [warning] = run("ratecard", command, str(file), "--json").json["warnings"]
        assert (warning["code"], warning["fact"]) == ("price_rounded", FACT)


def test_a_price_below_zero_is_warned_of_when_a_number_is_set(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "card.yaml"
    file.write_text(ROUNDED.replace("0.0000000000016", "1"), encoding="utf-8")
    assert run("ratecard", "publish", str(file)).err == ""
    done = run("ratecard", "set", "acme-ai", "tiny=-1", "--dry-run")
    assert done.code == 0
    assert "stays as it is, nothing is stored; the gates are asked without --dry-run" in " ".join(
        done.out.split()
    )
    assert "the result for model = large is -0.01, below zero" in " ".join(done.err.split())
