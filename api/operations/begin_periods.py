"""Billing periods begin and versions come into force: from then on they owe what is due without usage (flat amounts,
least amounts, held levels)."""

from api.store import Store
from sql import load


def begin_periods(store: Store) -> bool:
    """Let the billing periods and versions begin that start up to now. Returns whether any did."""
    with store.exclusive():
        begun = mark_begun_periods(store)
        store.refresh_dictionaries()
    return begun


def mark_begun_periods(store: Store) -> bool:
    """Note up to when periods and versions have begun, if some began since the last mark; it shows once the
    dictionaries are refreshed."""
    now = store.clock()
    if not store.database.value(load("queries/periods_begin.sql"), now=now):
        return False
    store.outdate_dictionaries("periods_dict")
    store.database.insert("billing_marks", [{"begun_until": now, "recorded_at": store.next_instant()}])
    return True
