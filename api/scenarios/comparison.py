"""Where a result does not hold what an `expect` names (SEMANTICS §9). Nothing else is compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from api.instants import parse_instant
from ratecard_compiler.decimals import plain_decimal

# What says which thing an entry is: the nearest entry is first of all one that agrees in these.
IDENTITY = frozenset(
    {
        "contract_id",
        "period_start",
        "invoice_id",
        "customer_id",
        "grant_id",
        "charge_id",
        "kind",
        "product",
        "rate_card_version",
        "dimensions",
        "show",
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that `expect` names and the result does not hold. `found` is None where there is nothing."""

    path: str
    expected: Any
    found: Any

    def as_json(self) -> dict[str, Any]:
        """`{path, expected, found}`."""
        return {"path": self.path, "expected": self.expected, "found": self.found}


def compare(expect: Mapping[str, Any], result: Mapping[str, Any]) -> list[Difference]:
    """Every place where `result` is not what `expect` says.

    An entry of a list holds if the result's list has one, at any place, that agrees in all that the entry
    names. Decimals are compared as numbers, instants as instants; a reason that is not there counts 0.
    """
    found: list[Difference] = []
    for name in ("invoices", "balances"):
        found += _entries(expect.get(name) or [], result[name], name)
    for reason, count in (expect.get("unrated") or {}).items():
        found += _value(count, result["unrated"].get(reason, "0"), f"unrated.{reason}")
    return found


def _value(expected: Any, found: Any, path: str) -> list[Difference]:
    if isinstance(expected, Mapping):
        return _mapping(expected, found, path)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return _entries(expected, found, path)
    return [] if same(expected, found) else [Difference(path, expected, found)]


def _mapping(expected: Mapping[str, Any], found: Any, path: str) -> list[Difference]:
    if not isinstance(found, Mapping):
        return [Difference(path, expected, found)]
    return [
        difference
        for name, value in expected.items()
        for difference in _value(value, found.get(name), f"{path}.{name}")
    ]


def _entries(expected: Sequence[Any], found: Any, path: str) -> list[Difference]:
    candidates = found if isinstance(found, list) else []
    differences: list[Difference] = []
    for place, entry in enumerate(expected, 1):
        here = f"{path}[{_label(entry) or place}]"
        tries = [_value(entry, candidate, here) for candidate in candidates]
        if not tries:
            differences.append(Difference(here, entry, None))
        elif all(tries):
            nearest = min(range(len(tries)), key=lambda index: _distance(tries[index], here))
            if _distance(tries[nearest], here)[0]:
                differences.append(Difference(here, entry, _named(entry, candidates[nearest])))
            else:
                differences += tries[nearest]
    return differences


def _distance(differences: Sequence[Difference], path: str) -> tuple[int, int]:
    """How far an entry is from the one that was meant: by what identifies it, then by the rest."""
    own = [difference.path.removeprefix(f"{path}.").partition(".")[0] for difference in differences]
    return len([name for name in own if name in IDENTITY]), len(own)


def _label(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ""
    parts = [
        str(entry[name])
        for name in ("contract_id", "customer_id", "grant_id", "charge_id", "kind")
        if entry.get(name)
    ]
    parts += [str(entry["product"])] if entry.get("product") else []
    parts += [f"version {entry['rate_card_version']}"] if entry.get("rate_card_version") else []
    parts += [str(entry["period_start"])] if entry.get("period_start") else []
    parts += [str(value) for value in (entry.get("dimensions") or {}).values()]
    return " ".join(dict.fromkeys(parts))


def _named(expected: Mapping[str, Any], found: Any) -> Any:
    """Of what was found, the fields that the expectation names."""
    if not isinstance(found, Mapping):
        return found
    return {name: found.get(name) for name in expected}


def same(expected: Any, found: Any) -> bool:
    """True for equal values: texts, decimals as numbers, instants as instants."""
    if expected is None or found is None:
        return expected is found
    left, right = str(expected), str(found)
    return left == right or _both(_decimal, left, right) or _both(_instant, left, right)


def _both(read: Any, left: str, right: str) -> bool:
    first, second = read(left), read(right)
    return first is not None and first == second


def _decimal(text: str) -> Decimal | None:
    return plain_decimal(text)


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None
