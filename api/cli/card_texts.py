"""Where the command line takes a rate card from: a file, or what was published under a name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.failures import CommandFailed
from api.cli.files import read_text
from api.cli.session import Session, part, server_of
from api.cli.settings import Settings
from sql.client import Location

Card = Annotated[str, typer.Argument(help="A rate card's file, or the id of a published card.")]
Version = Annotated[
    int | None, typer.Option("--version", help="Of a published card; default: the latest.", min=1)
]


@dataclass(frozen=True, slots=True)
class CardText:
    """A card's text, and what to call it: the file, or `acme-ai version 2`."""

    text: str
    name: str


def card_text(settings: Settings, card: str, version: int | None) -> CardText:
    """Read a card from a file or from the store. Raises CommandFailed."""
    file = Path(card)
    if file.is_file():
        if version is not None:
            raise CommandFailed(f"{card} is a file, which has no --version; leave it out")
        return CardText(read_text(file), card)
    if file.suffix in (".yaml", ".yml", ".json") or "/" in card:
        raise CommandFailed(f"{card}: there is no such file")
    with Session(settings) as session:
        found = published(session, card, version)
    return CardText(found["document"], f"{card} version {found['rate_card_version']}")


def published(session: Session, card: str, version: int | None) -> dict[str, Any]:
    """A published version, the latest where none is named. Raises CommandFailed."""
    path = f"/v1/rate-cards/{part(card)}/versions"
    if version is None:
        version = session.get(path, limit=1)["items"][0]["rate_card_version"]
    found: dict[str, Any] = session.get(f"{path}/{version}")
    return found


def store_is_there(settings: Settings) -> bool:
    """Whether there is usage to ask about: what is done with files makes no store."""
    folder = Location.parse(settings.store).folder
    return server_of(settings) is not None or folder is None or folder.is_dir()
