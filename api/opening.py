"""Opening a store: what must be done before it may serve, in order."""

from functools import partial

from api.operations.begin_periods import begin_periods
from api.operations.contracts import extend_periods
from api.operations.ingest import store_events
from api.operations.reconcile import reconcile
from api.operations.rollup import discard_uncommitted
from api.operations.time_zones import store_time_zones
from api.operations.top_ups import finish_top_ups, follow_top_ups, top_up_customer
from api.operations.trail import begin_trail
from api.reads.entitlements import read_standing
from api.store import Clock, Store, utc_now
from migrations import deploy_objects, migrate
from sql import load
from sql.client import DATABASE, DEFAULT_MEMORY_BYTES, Database


def open_store(
    dsn: str,
    *,
    database: str = DATABASE,
    clock: Clock = utc_now,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
) -> Store:
    """Open the store at `dsn` (`chdb:FOLDER` or `clickhouse://…`), and make it ready.

    Migrates, deploys views and the rating view, loads the dictionaries and reconciles what a killed process
    left, in this order. Raises StoreInUse, EngineError.
    """
    store = Store(Database.open(dsn, database=database, memory_bytes=memory_bytes), clock)
    try:
        _start(store)
    except BaseException:
        store.close()
        raise
    return store


def _start(store: Store) -> None:
    migrate(store.database)
    deploy_objects(store.database)
    store.deploy_rating()
    store.load_dictionaries()
    store.start_after(store.database.value(load("queries/latest_recorded_at.sql")))
    begin_trail(store)
    discard_uncommitted(store)
    extend_periods(store)
    store_time_zones(store)
    begin_periods(store)
    reconcile(store)
    finish_top_ups(store)
    follow_top_ups(store)
    store.top_ups.start(partial(top_up_customer, store))
    store.standings.start(partial(read_standing, store))
    store.writer.start(partial(store_events, store))
    store.ready = True
