"""`runrate ratecard …`: what usage costs."""

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import (
    activations,
    card_audit,
    card_diff,
    card_explain,
    card_gates,
    card_imports,
    card_numbers,
    card_validation,
)
from api.cli.activations import Author, CardName, Note, show_activations
from api.cli.card_validation import card_facts, good_card, show_warnings
from api.cli.failures import CommandFailed
from api.cli.files import read_text
from api.cli.output import Columns, counted, facts, pairs, print_json, stdout
from api.cli.session import Session, part
from api.cli.settings import Settings, command, group
from api.reads.card_warnings import card_warnings
from ratecard_compiler import CompiledCard, Price, PriceRow, Tier, compile_card
from ratecard_compiler.decimals import decimal_text

YAML = "application/yaml"
CardFile = Annotated[Path, typer.Argument(help="The rate card, YAML or JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    cards = group(app, "ratecard", "Rate cards: check, publish, activate, roll back, compare.")
    _register_check(cards)
    _register_compile(cards)
    card_validation.register(cards)
    _register_publish(cards)
    card_gates.register(cards)
    activations.register(cards)
    _register_list(cards)
    _register_show(cards)
    card_explain.register(cards)
    card_numbers.register(cards)
    card_imports.register(cards)
    card_audit.register(cards)
    card_diff.register(cards)


def _register_check(cards: typer.Typer) -> None:
    @command(cards, "check", "runrate ratecard check ratecard.yaml")
    def check(settings: Settings, file: CardFile) -> None:
        """Compile a rate card and say all that is wrong with it."""
        card = compile_card(read_text(file), str(file))
        if settings.as_json:
            warnings = [asdict(one) for one in card_warnings(card)]
            print_json({**card_facts(card), "warnings": warnings})
            return
        stdout().print(good_card(file, card), markup=False)
        show_warnings(str(file), [asdict(one) for one in card_warnings(card)])


def _register_compile(cards: typer.Typer) -> None:
    @command(cards, "compile", "runrate ratecard compile ratecard.yaml")
    def compile_(settings: Settings, file: CardFile) -> None:
        """Show a rate card's SQL for each product, and every price."""
        card = compile_card(read_text(file), str(file))
        if settings.as_json:
            print_json(_compiled_json(card))
        else:
            _show_compiled(card)


def _compiled_json(card: CompiledCard) -> dict[str, Any]:
    return {
        "rate_card": card.rate_card,
        "currency": card.currency,
        "currency_exponent": card.currency_exponent,
        "rounding": card.rounding,
        "content_hash": card.content_hash,
        "units": [_json(asdict(unit)) for unit in card.units],
        "products": [_json(asdict(product)) for product in card.products],
        "rules": [_json(asdict(rule)) for rule in card.rules],
        "prices": [_json(asdict(row)) for row in card.prices],
    }


def _json(value: Any) -> Any:
    """Decimals become text; everything else stays."""
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value


def _show_compiled(card: CompiledCard) -> None:
    facts(
        [
            ("rate card", card.rate_card),
            ("currency", f"{card.currency}, {card.currency_exponent} decimals, {card.rounding}"),
            ("content hash", card.content_hash),
        ]
    )
    for rule in card.rules:
        stdout().print()
        facts(
            [
                ("product", rule.product),
                ("events", rule.event_type),
                ("filter", rule.filter_sql),
                ("quantity", rule.quantity_sql),
                *((f"dimension {one.name}", one.sql) for one in rule.dimensions),
                *((f"shows {one.name}", one.sql) for one in rule.show),
            ]
        )
    table = Columns("product", "dimensions", "model", "price", words=("dimensions", "price"))
    names = {rule.product: [one.name for one in rule.dimensions] for rule in card.rules}
    for row in card.prices:
        dimensions = dict(zip(names[row.product], row.dimensions, strict=True))
        table.row(row.product, pairs(dimensions), row.price.model, _price(row))
    table.show()


def _price(row: PriceRow) -> str:
    price: Price = row.price
    if price.model == "flat":
        return f"{_number(price.flat_amount)} a period"
    if price.rate_percent is not None:
        fixed = price.fixed_amount_per_event
        return f"{_number(price.rate_percent)} %" + (f" + {_number(fixed)} an event" if fixed else "")
    if price.model == "package":
        return f"{_number(price.package_amount)} per {_number(price.package_size)}"
    if price.tiers:
        return ", ".join(
            f"to {_number(tier.up_to)}: {_tier_price(tier)}" if tier.up_to else f"then {_tier_price(tier)}"
            for tier in price.tiers
        )
    return _number(price.unit_amount)


def _tier_price(tier: Tier) -> str:
    return f"{_number(tier.rate_percent)} %" if tier.rate_percent else _number(tier.unit_amount)


def _number(value: Decimal | None) -> str:
    return "" if value is None else decimal_text(value)


def _register_publish(cards: typer.Typer) -> None:
    @command(cards, "publish", "runrate ratecard publish ratecard.yaml")
    def publish(
        settings: Settings,
        file: CardFile,
        parent: Annotated[
            int | None, typer.Option(help="Number of the version that it was made from.", min=1)
        ] = None,
        author: Author = "",
        note: Note = "",
    ) -> None:
        """Store a rate card as its next immutable version.

        It rates nothing until it is activated.
        """
        text = read_text(file)
        if not text:
            # A request without a body names no file.
            compile_card(text, str(file))
        with Session(settings) as session:
            done = session.send(
                "POST",
                "/v1/rate-cards",
                text.encode(),
                YAML,
                file_name=file.name,
                parent=parent,
                author=author or None,
                note=note or None,
            )
        if settings.as_json:
            print_json(done)
            return
        told = "published" if done["created"] else "was published before, unchanged"
        stdout().print(
            f"{done['rate_card']} version {done['rate_card_version']} {told}: {counted(done['prices'], 'price')}",
            markup=False,
        )
        show_warnings(str(file), done["warnings"])


def _register_list(cards: typer.Typer) -> None:
    @command(cards, "list", "runrate ratecard list")
    def list_(settings: Settings) -> None:
        """List the published rate cards."""
        with Session(settings) as session:
            found = session.listing("/v1/rate-cards")
        if settings.as_json:
            print_json(found)
            return
        table = Columns(
            "rate card", "currency", "versions", "latest", "published", numbers=("versions", "latest")
        )
        for card in found["items"]:
            table.row(
                card["rate_card"],
                card["currency"],
                card["versions"],
                card["latest_version"],
                card["latest_published_at"],
            )
        table.show("no rate card is published")


def _register_show(cards: typer.Typer) -> None:
    @command(cards, "show", "runrate ratecard show aurora-ai")
    def show(
        settings: Settings,
        rate_card: CardName,
        version: Annotated[int | None, typer.Option(help="Default: the latest.", min=1)] = None,
        prices: Annotated[bool, typer.Option("--prices", help="Also list every price.")] = False,
    ) -> None:
        """Show a version: products, activations and prices."""
        card = f"/v1/rate-cards/{part(rate_card)}"
        with Session(settings) as session:
            versions = list(session.pages(f"{card}/versions"))
            if not versions:
                raise CommandFailed(f"there is no rate card {rate_card!r}; see `runrate ratecard list`")
            number = version or versions[0]["rate_card_version"]
            found = session.get(f"{card}/versions/{number}")
            found["activations"] = list(session.pages(f"{card}/activations"))
            found["price_list"] = list(session.pages(f"{card}/versions/{number}/prices")) if prices else None
        if settings.as_json:
            print_json(found)
        else:
            _show_version(found)


def _show_version(found: dict[str, Any]) -> None:
    facts(
        [
            ("rate card", f"{found['rate_card']} version {found['rate_card_version']}"),
            ("currency", f"{found['currency']}, {found['rounding']}"),
            ("published", found["published_at"]),
            ("made from", found["parent"] and f"version {found['parent']}"),
            ("author", found["author"] or None),
            ("note", found["note"] or None),
            ("content hash", found["content_hash"]),
            ("prices", found["prices"]),
        ]
    )
    products = Columns(
        "product", "name", "model", "counts", "priced in", "dimensions", words=("name", "dimensions")
    )
    for one in found["products"]:
        dimensions = ", ".join([*one["dimensions"], *(f"({name})" for name in one["show"])])
        products.row(one["product"], one["name"], one["model"], one["metered_unit"], one["unit"], dimensions)
    products.show()
    show_activations(found["activations"])
    if found["price_list"] is not None:
        show_prices(found["price_list"])


def show_prices(rows: list[dict[str, Any]]) -> None:
    """Print price rows of the API as a table; with the list price and the override where a contract's override made
    one."""
    overridden = any(row.get("override") for row in rows)
    more = ("list price", "override") if overridden else ()
    table = Columns(
        "product", "dimensions", "model", "price", "in", *more, words=("dimensions", "price", *more)
    )
    for row in rows:
        listed = (_listed_text(row), _override_text(row)) if overridden else ()
        table.row(
            row["product"], pairs(row["dimensions"]), row["model"], price_text(row), row["unit"], *listed
        )
    table.show("no prices")


def _listed_text(row: dict[str, Any]) -> str:
    return price_text(row["list_price"]) if row["list_price"] else ""


def _override_text(row: dict[str, Any]) -> str:
    """What an override says and for what: `× 0.8 for inference model=large`."""
    override = row["override"]
    if override is None:
        return ""
    if override["multiplier"] is not None:
        terms = f"× {override['multiplier']}"
    else:
        terms = "price" if override["unit_amount"] is not None else "tiers"
    named = [*override["products"], *(f"tag {tag}" for tag in override["tags"])] or ["everything"]
    return " ".join([terms, "for", ", ".join(named), pairs(override["dimensions"])]).rstrip()


def price_text(row: dict[str, Any]) -> str:
    """A price of the API in words: `0.05`, `to 100: 0.10, then 0.08`, `2.50 per 1000`, `2.9 % + 0.3 an event`."""
    if row["model"] == "flat":
        return f"{row['flat_amount']} a period"
    if row["model"] == "percentage":
        fixed = row["fixed_amount_per_event"]
        percent = decimal_text(Decimal(row["unit_amount"]).scaleb(2))
        return f"{percent} %" + (f" + {fixed} an event" if fixed != "0" else "")
    if row["model"] == "package":
        return f"{row['package_amount']} per {row['package_size']}"
    if row["tiers"]:
        return ", ".join(
            f"to {tier['up_to']}: {tier['unit_amount']}" if tier["up_to"] else f"then {tier['unit_amount']}"
            for tier in row["tiers"]
        )
    return str(row["unit_amount"])
