"""What a cohort asks about that no customer has: most often a name that is misspelt."""

from api.cohorts import Cohort
from api.store import Store
from ratecard_compiler.cohorts import attributes_of
from ratecard_compiler.errors import did_you_mean
from sql import load


def cohort_warnings(store: Store, cohort: Cohort) -> tuple[str, ...]:
    """Return a sentence for each attribute of a cohort's `where` that no customer has."""
    if isinstance(cohort.value, str) or "where" not in cohort.value:
        return ()
    known = [row["name"] for row in store.database.rows(load("queries/attribute_names.sql"))]
    return tuple(
        f"no customer has the attribute `{name}`; {did_you_mean(name, known)}"
        for name in attributes_of(cohort.value["where"])
        if name not in known
    )
