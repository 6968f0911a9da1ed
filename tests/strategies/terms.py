"""Random customers, contracts, grants and activations, and the instants at which something changes for
them."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.strategies.instants import FIRST, NOW, moment, text
from tests.strategies.overrides import random_overrides

TIME_ZONES = (
    "UTC",
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Africa/Cairo",
    "Pacific/Marquesas",
)


@dataclass
class Terms:
    """The two contracts files (the second is stored late), the `activate` steps, and the instants that
    matter."""

    early: dict[str, list[Any]] = field(default_factory=lambda: {"customers": [], "contracts": []})
    late: dict[str, list[Any]] = field(default_factory=lambda: {"customers": [], "contracts": []})
    activations: list[dict[str, Any]] = field(default_factory=list)
    boundaries: list[datetime] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)


def random_terms(
    random: Random, customers: int, card: dict[str, Any], grants: bool, overrides: bool
) -> Terms:
    """Customers with none, one or two contracts one after the other; the last customer is stored late."""
    terms = Terms()
    for number in range(1, customers + 1):
        file = terms.late if number == customers else terms.early
        customer_id = f"c{number}"
        customer: dict[str, Any] = {
            "customer_id": customer_id,
            "name": f"Customer {number}",
            "attributes": {
                "segment": random.choice(("pilot", "enterprise")),
                "region": random.choice(("eu", "us")),
            },
        }
        terms.senders.append(customer_id)
        if random.random() < 0.3:
            customer["aliases"] = [f"old-{customer_id}"]
            terms.senders.append(f"old-{customer_id}")
        file["customers"].append(customer)
        contracts = _contracts(random, terms, number, list(card["products"]), card["currency"], grants)
        for contract in contracts if overrides else ():
            if random.random() < 0.5:
                contract["overrides"] = random_overrides(random, terms.boundaries, card)
        file["contracts"] += contracts
    # Tiers and credits need usage that piles up: the first customer sends a good part of it.
    terms.senders += ["c1"] * customers
    return terms


def _contracts(
    random: Random, terms: Terms, number: int, products: list[str], currency: str, grants: bool
) -> list[dict[str, Any]]:
    if number > 1 and random.random() < 0.15:
        return []
    start = random.choice(
        (
            FIRST,
            moment(random, FIRST - timedelta(days=20), FIRST + timedelta(days=40)),
            FIRST + timedelta(days=random.randint(0, 30), hours=random.randint(0, 23)),
        )
    )
    end = moment(random, start + timedelta(days=1), NOW) if random.random() < 0.35 else None
    found = [_contract(random, terms, f"k{number}", f"c{number}", (start, end))]
    if end is not None and random.random() < 0.6:
        # The next contract begins where the first ends, or after a gap.
        start = end + random.choice((timedelta(0), timedelta(days=3, milliseconds=1)))
        found.append(_contract(random, terms, f"k{number}b", f"c{number}", (start, None)))
    if grants:
        found[0]["grants"] = [
            _grant(random, terms, f"g{number}-{place}", products, currency)
            for place in range(random.randint(0, 3))
        ]
    return found


def _contract(
    random: Random, terms: Terms, contract_id: str, customer_id: str, bounds: tuple[datetime, datetime | None]
) -> dict[str, Any]:
    start, end = bounds
    timezone, anchor_day = random.choice(TIME_ZONES), random.choice((1, 1, 1, 15, 28, 29, 30, 31))
    terms.boundaries += [start] if end is None else [start, end]
    for month in range(1, 5):
        day = min(anchor_day, monthrange(2026, month)[1])
        terms.boundaries.append(datetime(2026, month, day, tzinfo=ZoneInfo(timezone)).astimezone(UTC))
    return {
        "contract_id": contract_id,
        "customer_id": customer_id,
        "rate_card": "acme-ai",
        "starts_at": text(start),
        "ends_at": None if end is None else text(end),
        "timezone": timezone,
        "billing": {"interval": "month", "anchor_day": anchor_day},
    }


def _grant(random: Random, terms: Terms, grant_id: str, products: list[str], currency: str) -> dict[str, Any]:
    start = moment(random, FIRST - timedelta(days=5), NOW - timedelta(days=20))
    end = moment(random, start + timedelta(minutes=10), NOW - timedelta(days=1))
    ends = random.random() < 0.6
    terms.boundaries += [start, end] if ends else [start]
    return {
        "grant_id": grant_id,
        "unit": random.choice((currency, "credit")),
        "amount": random.choice(("1", "5.5", "50", "1000", "12.345")),
        "paid": random.choice(("0", "45.00")),
        "priority": random.randint(1, 2),
        "effective_at": text(start),
        "expires_at": text(end) if ends else None,
        "applies_to": random.choice(({}, {"products": [random.choice(products)]})),
    }


def random_activations(random: Random, terms: Terms, versions: int, cohorts: bool) -> None:
    """Version 1 from about the first day on; later ones inside periods, at a period's edge, or at one instant
    with another; now and then back to an older version, and with `cohorts` for some of the contracts only."""
    start = FIRST - timedelta(days=random.choice((0, 10, -2, 30)))
    starts = [start]
    _activate(terms, 1, start, "all")
    choices = list(range(2, versions + 1))
    if versions > 1 and random.random() < 0.4:
        choices.append(random.randint(1, versions - 1))
    for version in choices:
        changes_at = random.choice(
            (
                moment(random, FIRST, NOW - timedelta(days=10)),
                moment(random, FIRST + timedelta(days=20), NOW - timedelta(days=10)),
                FIRST + timedelta(days=random.randint(1, 70)),
                random.choice(starts),
                random.choice(terms.boundaries),
            )
        )
        starts.append(changes_at)
        _activate(terms, version, changes_at, _cohort(random) if cohorts else "all")


def _activate(terms: Terms, version: int, start: datetime, cohort: Any) -> None:
    terms.boundaries.append(start)
    activation = {"rate_card": "acme-ai", "version": version, "from": text(start), "cohort": cohort}
    if any(earlier["version"] > version for earlier in terms.activations):
        # An older version may lack a price that usage has had meanwhile, which gates refuse.
        activation["force"] = "true"
    terms.activations.append(activation)


def _cohort(random: Random) -> Any:
    return random.choice(
        (
            "all",
            "all",
            "all",
            {"customers": ["c1", "c3"]},
            {"where": "segment = 'pilot' and region in ('eu', 'us')"},
            {"where": "region != 'eu'"},
            {"contracts_starting_from": text(FIRST + timedelta(days=1))},
            # By the hash c4 is the first (at 0.0003), then c3 (0.48), c2 (0.61), c5 and c1 (0.82).
            {"percent": "50"},
            {"percent": "70"},
        )
    )
