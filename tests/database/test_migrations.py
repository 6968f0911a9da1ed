"""Migrations: those that landed stay as they are, and a store that an earlier version made is brought up to date with
all that it holds."""

import hashlib
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from api.operations.verify import verify
from migrations import apply, migrate
from sql.client import Database
from tests.conftest import MEMORY_BYTES, Engine
from tests.database.billing import count, event, send, set_up, total

# SHA-256 of what landed: a store records it and opens with no other text. A new migration is added here.
LANDED = {
    "0001_usage": "56acb98a5275660339540d381d6660315f18ec5e1eca441cfb975da0a1cc1029",
    "0002_rate_cards": "c167e93ee90ae62de2756c33bd17c20ae531d9e4959d4439542578d254431b51",
    "0003_contracts": "7cae7f2fa29a918c36e2bc16e49c02ed50ce56737e418f2f7cbcffd11bdc0a0b",
    "0004_reconcile": "08778cfb24769abedd85c11860707097e3476e258d1551f481be2330958f0526",
    "0005_times_of_recording": "abdfb1ce12375c73e349269554406ec2d203b845b2942651844ce2078010eabe",
}

# The inbox's view as it was up to 0004.
EARLIER_VIEW = """
CREATE MATERIALIZED VIEW usage_inbox_mv TO usage_events AS
SELECT
    event_time, event_key, customer_id, event_id, event_type, properties, content_hash,
    toBool(notEmpty(stored_hashes)) AS conflict, toUInt32(0) AS revision, recorded_at
FROM usage_inbox
LEFT ANY JOIN
(
    SELECT event_time, event_key, groupArray(content_hash) AS stored_hashes
    FROM usage_events
    WHERE (event_time, event_key) IN (SELECT event_time, event_key FROM usage_inbox)
    GROUP BY event_time, event_key
) AS stored USING (event_time, event_key)
WHERE NOT has(stored_hashes, content_hash)
LIMIT 1 BY event_key, event_time, content_hash
"""
EARLIER_INSERT = """
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties, recorded_at)
VALUES ('e1', 'c1', 'call', '2026-01-05 12:00:00', map('units', '3'), '2026-01-06 00:00:00'),
    ('e2', 'c1', 'call', '2026-01-05 13:00:00', map('units', '4'), '2026-01-06 00:00:00')
"""
AFTERWARDS = """
INSERT INTO usage_inbox (event_id, customer_id, event_type, event_time, properties)
VALUES ('e1', 'c1', 'call', '2026-01-05 12:00:00', map('units', '3')),
    ('e4', 'c1', 'call', '2026-01-05 13:00:00', map('units', '6'))
"""


def test_landed_migrations_are_never_edited() -> None:
    found = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in apply.VERSIONS.glob("*.sql")
    }
    assert found == LANDED


@pytest.fixture
def earlier(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A database with events, as the version before 0005 left it."""
    name = "from_0004"
    for path in sorted(apply.VERSIONS.glob("000[1-4]_*.sql")):
        shutil.copy(path, tmp_path)
    database = Database.open(engine.dsn, database=name, memory_bytes=MEMORY_BYTES)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(apply, "VERSIONS", tmp_path)
            assert len(migrate(database)) == 4
        database.command(EARLIER_VIEW)
        database.command(EARLIER_INSERT)
        database.close()
        yield name
    finally:
        engine.drop(name)


def test_an_earlier_store_is_brought_up_to_date(engine: Engine, earlier: str) -> None:
    with engine.store(database=earlier) as store:
        assert store.database.value("SELECT max(name) FROM schema_migrations") == max(LANDED)
        set_up(store)
        assert total(store) == Decimal("0.70")
        at = "2026-01-05T13:00:00Z"
        assert send(store, event("e2", 4, at=at), event("e2", 5, at=at), event("e3", 5)) == [
            "duplicate",
            "conflict",
            "accepted",
        ]
        store.database.command(AFTERWARDS)
        assert (total(store), count(store, "usage_events")) == (Decimal("1.80"), 5)
        assert [check.name for check in verify(store) if check.offending] == []


def test_inserts_go_on_between_a_migration_and_its_views(engine: Engine, earlier: str) -> None:
    """On a server others insert while a new version starts."""
    database = Database.open(engine.dsn, database=earlier, memory_bytes=MEMORY_BYTES)
    migrate(database)
    database.command(AFTERWARDS)
    database.close()
    with engine.store(database=earlier) as store:
        set_up(store)
        assert total(store) == Decimal("1.30")
