"""What published prices and contracts need beside quantity × unit price: the views compute no more than that."""

from dataclasses import asdict, dataclass

from sql import load
from sql.client import Database


@dataclass(frozen=True, slots=True)
class Features:
    """`positional`: amounts that depend on what came before (tiers, packages, included units); the others need it too.
    `limited`: least and greatest amounts of lines. `standing`: what is charged without usage. `percentages`: amounts of
    single events in their order. `aggregated`: totals that do not add up. `tier_flats`: flat amounts of tiers, each
    once a period whatever versions it has. `overridden`: several prices of a combination in one line. `discounted`:
    credits pay less than the usage, because contracts have discounts. `charged`, `minimums` and `promised`: what else
    is revenue: fees and instalments, minimums, postpaid commits."""

    positional: bool = False
    limited: bool = False
    standing: bool = False
    percentages: bool = False
    aggregated: bool = False
    tier_flats: bool = False
    overridden: bool = False
    discounted: bool = False
    charged: bool = False
    minimums: bool = False
    promised: bool = False

    def hold(self, others: "Features") -> bool:
        """Whether all of the others are among these."""
        mine = asdict(self)
        return all(mine[name] for name, needed in asdict(others).items() if needed)


def needed_features(database: Database, product: str = "", rate_card: str = "") -> Features:
    """Return what the stored prices need: those of all products, of one, or of a card."""
    [row] = database.rows(load("queries/price_features.sql"), product=product, rate_card=rate_card)
    return Features(**_flags(row))


def deployed_features(database: Database) -> Features:
    """Return what the views of this store compute."""
    return Features(**_flags(database.rows(load("queries/deployed_features.sql"))[0]))


def _flags(row: dict[str, int]) -> dict[str, bool]:
    return {name: bool(value) for name, value in row.items()}
