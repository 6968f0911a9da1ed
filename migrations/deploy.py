"""Views, dictionaries and the rating view: the objects that hold no data and follow the code and the cards."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from migrations.features import deployed_features, needed_features
from ratecard_compiler.cohorts import CohortCondition, cohort_condition
from ratecard_compiler.rating import Shape, rating_expression
from sql import load, render, statements
from sql.client import Database
from sql.errors import AccessRefused

# In this order: a later object reads the earlier ones.
OBJECTS = (
    "priced_versions",
    "cohort_contracts",
    "terms",
    "dictionary_sources",
    "dictionaries",
    "usage_views",
    "invoice_views",
    "public_views",
    "charge_views",
    "credit_views",
    "true_up_views",
    "top_up_views",
    "hold_views",
    "revenue_views",
    "audit_views",
    "deployed",
)

# What depends on the cohorts.
TERMS = ("cohort_contracts", "terms")

DICTIONARIES_FILE = "dictionaries"

# Prices before the terms that point at them (a rating looks up terms first).
PRICE_DICTIONARIES = (
    "prices_dict",
    "dimension_values_dict",
    "price_rows_dict",
    "products_dict",
    "product_numbers_dict",
    "variants_dict",
)
DICTIONARIES = (
    *PRICE_DICTIONARIES,
    "customers_dict",
    "periods_dict",
    "terms_dict",
)

# The ways in, and what gives their events the time of recording: the API names its batches by it, and all else gets the
# engine's time, anew for each block of an insert.
INBOXES = {"usage_inbox": "now64(3, 'UTC')", "usage_batches": "recorded_at"}


class RatingTypeMismatch(Exception):
    """The rating expression's columns are not the ledger's; the running view was left as it is."""


def deploy_objects(database: Database) -> None:
    """Create or replace every view and dictionary, and make the inboxes' views decide identity as it is now."""
    features = needed_features(database)
    cohorts = stored_cohorts(database)
    for name in OBJECTS:
        if name == DICTIONARIES_FILE:
            _deploy_dictionaries(database)
        else:
            _deploy_views(database, name, features=features, cohorts=cohorts)
    for inbox, recorded_at in INBOXES.items():
        identity = render("objects/identity.sql.j2", inbox=inbox, recorded_at=recorded_at)
        create = render("objects/inbox_mv.sql.j2", inbox=inbox, identity=identity)
        _deploy_materialized(database, f"{inbox}_mv", identity, create)


def deploy_rating(database: Database, shapes: Mapping[int, Shape]) -> None:
    """Make the ledger's view rate under `shapes`. Raises RatingTypeMismatch: MODIFY QUERY checks neither names nor
    types, so they are compared first."""
    rating = _rating_of_new_events(database.name, shapes)
    _check_columns(database, rating)
    _deploy_materialized(database, "rated_usage_mv", rating, rated_usage_view(database.name, shapes))


def rated_usage_view(database: str, shapes: Mapping[int, Shape]) -> str:
    """Return the statement that creates the ledger's view, rating under `shapes`."""
    return render("objects/rated_usage_mv.sql.j2", rating=_rating_of_new_events(database, shapes))


def deploy_features(database: Database) -> None:
    """Make the views compute what the stored prices need, if they do not yet: the few whose text says it otherwise. The
    store was opened by this process, so they are as it would deploy them."""
    deployed, needed = deployed_features(database), needed_features(database)
    if deployed.hold(needed):
        return
    cohorts = stored_cohorts(database)
    for name in OBJECTS:
        if name != DICTIONARIES_FILE:
            standing = _views(database, name, features=deployed, cohorts=cohorts)
            for statement in _views(database, name, features=needed, cohorts=cohorts):
                if statement not in standing:
                    database.command(statement)


def deploy_cohort(database: Database, cohort_id: int, cohort: str) -> None:
    """Make the terms know a cohort before an activation for it is stored, if they do not yet."""
    cohorts = stored_cohorts(database)
    if cohort_id not in cohorts:
        cohorts[cohort_id] = cohort_condition(cohort)
        for name in TERMS:
            _deploy_views(database, name, cohorts=cohorts)


def stored_cohorts(database: Database) -> dict[int, CohortCondition]:
    """Return the condition of every cohort that an activation is for, but for everyone."""
    rows = database.rows(load("queries/cohorts.sql"))
    return {row["cohort_id"]: cohort_condition(row["cohort"]) for row in rows}


def _rating_of_new_events(database: str, shapes: Mapping[int, Shape]) -> str:
    return rating_expression(shapes, database=database, source=f"({load('queries/first_revisions.sql')})")


def rating_for(
    database: Database,
    shapes: Mapping[int, Shape],
    *,
    source: str,
    as_version: tuple[int, int] | None = None,
) -> str:
    """Return the rating expression for this store over `source`; with `as_version` as if that version and shape were
    in force."""
    return rating_expression(shapes, database=database.name, source=source, as_version=as_version)


def check_rating(database: Database, shapes: Mapping[int, Shape]) -> None:
    """Raise RatingTypeMismatch where the ledger could not take what these rules give; changes nothing."""
    _check_columns(database, _rating_of_new_events(database.name, shapes))


def reload_dictionaries(database: Database, names: tuple[str, ...] = DICTIONARIES) -> None:
    """Load the dictionaries anew, prices first, so that what was stored is looked up from now on. Those that still have
    a password which their server no longer takes get the DSN's."""
    for name in names:
        reload = render("commands/reload_dictionary.sql.j2", database=database.name, name=name)
        try:
            database.command(reload)
        except AccessRefused:
            _deploy_dictionaries(database, replace=True)
            database.command(reload)


def _deploy_views(database: Database, name: str, **context: Any) -> None:
    for statement in _views(database, name, **context):
        database.command(statement)


def _views(database: Database, name: str, **context: Any) -> list[str]:
    return statements(render(f"objects/{name}.sql.j2", database=database.name, **context))


def _deploy_dictionaries(database: Database, *, replace: bool = False) -> None:
    """Create the dictionaries that are not as they should be; all of them with `replace`. A password does not show in
    a definition: one that no longer works shows when a dictionary is loaded."""
    file, name = "objects/dictionaries.sql.j2", database.name
    location = database.location
    text = render(file, database=name, credentials=location.user, definition="")
    definition = sha256(text.encode()).hexdigest()[:16]
    found = database.rows(load("queries/defined_dictionaries.sql"), database=name, definition=definition)
    if not replace and {row["name"] for row in found} >= set(DICTIONARIES):
        return
    credentials = location.dictionary_credentials()
    text = render(file, database=name, credentials=credentials, definition=definition)
    for statement in statements(text):
        database.command(statement)


def _deploy_materialized(database: Database, name: str, query: str, create: str) -> None:
    """Create a materialized view, or change what it selects: replacing it under load loses events."""
    if _exists(database, name):
        database.command(render("commands/change_view_query.sql.j2", view=name, query=query))
    else:
        database.command(statements(create)[0])


def _check_columns(database: Database, rating: str) -> None:
    described = database.rows(render("queries/rating_columns.sql.j2", rating=rating))
    found = [(row["name"], row["type"]) for row in described]
    wanted = [
        (row["name"], row["type"])
        for row in database.rows(load("queries/ledger_columns.sql"))
        if row["default_type"] != "ALIAS"
    ]
    wrong = [f"{name} {kind}" for name, kind in found if (name, kind) not in wanted]
    missing = [f"{name} {kind}" for name, kind in wanted if (name, kind) not in found]
    if wrong or missing:
        raise RatingTypeMismatch(f"rating expression gives {wrong}, the ledger wants {missing}")


def _exists(database: Database, name: str) -> bool:
    return bool(database.value(load("queries/object_exists.sql"), database=database.name, name=name))
