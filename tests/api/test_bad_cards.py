"""Every bad card is refused by the compiler, the command line and HTTP: with a code, a place, the fact and what to do
about it. Nothing is published or activated, and what is in force prices as before."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.bodies import DOCUMENT_BYTES
from ratecard_compiler import CODES, RateCardErrors, compile_card
from tests.api.bad_cards import BadCard, bad_cards
from tests.api.cli_world import Run, command_line, fill
from tests.api.good_card import GOOD
from tests.api.http_world import answer_of, calling
from tests.conftest import Engine

BAD = bad_cards()
READS = (
    "/v1/rate-cards",
    "/v1/rate-cards/acme-ai/versions",
    "/v1/rate-cards/acme-ai/versions/1",
    "/v1/rate-cards/acme-ai/versions/1/prices",
    "/v1/rate-cards/acme-ai/activations",
    "/v1/invoices",
    "/v1/invoices/k1:2026-01-01",
    "/v1/customers/c1/balances",
    "/v1/unrated",
    "/v1/audit",
)


@dataclass(frozen=True)
class World:
    """One store with a card in force, by its command line and by HTTP."""

    run: Run
    client: httpx.Client

    def state(self) -> dict[str, Any]:
        """What is published, activated, priced and recorded."""
        return {path: answer_of(self.client.get(path)) for path in READS}


@pytest.fixture(scope="module")
def world(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with command_line(engine) as (store, run), calling(store) as client:
        fill(run, tmp_path_factory.mktemp("files"))
        yield World(run, client)


def test_the_card_that_is_made_bad_is_good() -> None:
    assert len(compile_card(GOOD).prices) == 3


@pytest.mark.parametrize("kind", BAD)
def test_the_compiler_says_where_what_and_how_to_mend_it(kind: str) -> None:
    for card in (one for one in BAD[kind] if one.code is not None):
        with pytest.raises(RateCardErrors) as raised:
            compile_card(card.text, "card.yaml")
        errors = raised.value.errors
        assert (card.code, card.path) in {(error.code, error.path) for error in errors}, (card.name, errors)
        lines = card.text.splitlines() or [""]
        for error in errors:
            assert error.code in CODES
            assert 1 <= error.line <= len(lines) + 1
            assert error.column >= 1
            assert error.fact
            assert error.fix
            assert str(error).isprintable()
            assert len(str(error)) < 1_500


@pytest.mark.parametrize("kind", BAD)
def test_the_command_line_and_http_refuse_it_and_nothing_changes(
    kind: str, world: World, tmp_path: Path
) -> None:
    before = world.state()
    for at, card in enumerate(BAD[kind]):
        # `publish` sends the card and prints what HTTP answers, so a part of them is enough for the printing.
        _command_line_refuses(card, world.run, tmp_path, ("check", "publish") if at % 4 == 0 else ("check",))
        _http_refuses(card, world.client)
    assert world.state() == before


def _command_line_refuses(card: BadCard, run: Run, folder: Path, commands: tuple[str, ...]) -> None:
    file = folder / "bad.yaml"
    file.write_bytes(card.content)
    for command in commands:
        done = run("ratecard", command, str(file))
        assert (done.code, done.out) == (1, ""), (card.name, command, done)
        assert "Traceback" not in done.err
        # What HTTP does not take as a text it has no file name for.
        assert "bad.yaml" in done.err or "body is empty" in done.err, (card.name, command, done.err[:300])
        if card.code is not None:
            assert f" {card.code}" in done.err, (card.name, command, done.err[:300])
            assert " — " in done.err


def _http_refuses(card: BadCard, client: httpx.Client) -> None:
    for path in ("/v1/rate-cards", "/v1/rate-cards/validate"):
        response = client.post(path, content=card.content, params={"file_name": "bad.yaml"})
        problem = response.json()
        if card.code is None:
            assert (response.status_code, problem["code"]) == (400, "invalid_body"), (card.name, problem)
            assert "send" in problem["detail"] or "UTF-8" in problem["detail"]
            continue
        if (response.status_code, problem["code"]) == (413, "body_too_large"):
            # So much is not even received.
            assert len(card.content) > DOCUMENT_BYTES
            continue
        assert (response.status_code, problem["code"]) == (422, "invalid_rate_card"), (card.name, problem)
        assert (card.code, card.path) in {(error["code"], error["path"]) for error in problem["errors"]}
        for error in problem["errors"]:
            assert error["file"] == "bad.yaml"
            assert min(error["line"], error["column"]) >= 1
            assert error["fact"]
            assert error["fix"]
