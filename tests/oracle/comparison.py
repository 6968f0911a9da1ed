"""What an `expect` names and a result does not hold, and where two results differ (SEMANTICS §9)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.oracle.exact import PLAIN_DECIMAL


def unmet(expected: Any, actual: Any, path: str = "expect") -> list[str]:
    """Every place where `actual` does not hold what `expected` names; nothing else is compared.

    A list holds if each named entry is found in the actual list, in any order, by the keys it names; decimals
    are compared as numbers; a reason without unrated entries counts 0.
    """
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return [f"{path}: expected {expected}, found {actual}"]
        found: list[str] = []
        for name, value in expected.items():
            if name in actual:
                found += unmet(value, actual[name], f"{path}.{name}")
            elif not (path.endswith(".unrated") and _same(value, "0")):
                found.append(f"{path}.{name}: missing, expected {value!r}")
        return found
    if isinstance(expected, list):
        return _unmet_entries(expected, actual, path)
    return [] if _same(expected, actual) else [f"{path}: expected {expected!r}, found {actual!r}"]


def _unmet_entries(expected: Sequence[Any], actual: Any, path: str) -> list[str]:
    if not isinstance(actual, list):
        return [f"{path}: expected a list, found {actual!r}"]
    found: list[str] = []
    for place, entry in enumerate(expected):
        here = f"{path}[{place}]"
        tries = [unmet(entry, candidate, here) for candidate in actual]
        if all(tries):
            # Of all that fail, the one that fails least is the one that was meant.
            found += sorted(tries, key=len)[0] if tries else [f"{here}: missing {entry!r}"]
    return found


def differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[str]:
    """Where two complete results differ: what either has and the other has not."""
    forth = [f"left: {line}" for line in unmet(left, right, "result")]
    return forth + [f"right: {line}" for line in unmet(right, left, "result")]


def _same(expected: Any, actual: Any) -> bool:
    if expected == actual:
        return True
    if expected is None or actual is None:
        return False
    texts = (str(expected), str(actual))
    return all(PLAIN_DECIMAL.fullmatch(text) for text in texts) and Decimal(texts[0]) == Decimal(texts[1])
