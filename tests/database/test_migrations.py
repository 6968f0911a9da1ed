"""Migrations: those that landed stay as they are, and a store that an earlier version made is brought up to date with
all that it holds."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from api.operations.verify import verify
from migrations import apply, migrate
from migrations.apply import NewerStore
from sql.client import Database
from tests.conftest import MEMORY_BYTES, Engine
from tests.database.billing import count, event, send, set_up, total
from tests.sql import statements_of

SQL = statements_of("migrations")

# SHA-256 of what landed: a store records it and opens with no other text. A new migration is added here.
LANDED = {
    "0001_usage": "56acb98a5275660339540d381d6660315f18ec5e1eca441cfb975da0a1cc1029",
    "0002_rate_cards": "c167e93ee90ae62de2756c33bd17c20ae531d9e4959d4439542578d254431b51",
    "0003_contracts": "7cae7f2fa29a918c36e2bc16e49c02ed50ce56737e418f2f7cbcffd11bdc0a0b",
    "0004_reconcile": "08778cfb24769abedd85c11860707097e3476e258d1551f481be2330958f0526",
    "0005_times_of_recording": "abdfb1ce12375c73e349269554406ec2d203b845b2942651844ce2078010eabe",
    "0006_drop_amount_views": "66e66a41f74464dc018f5e550b60b88698700913bcddbd06fc9e4a0fe0bee9b7",
    "0007_activations": "aec332cc9a5ce526b5c2accdff82b204690e2fecdbaa7b23802e9ba8c6371535",
    "0008_gates": "2875aa38fc0daf22a2db9f8376875c237a3a90535fceb9b9cca777628f53e15e",
    "0009_audit_trail": "77fb36d0baaef56a948c1053389ef7ea4d43eb3d8bf1ae5511254e083a2ee130",
    "0011_price_models": "30c3aeb4246caa17a4213fecd25e08f083893f0051be0f090c736c35878a5401",
    "0013_overrides": "4156523a8536ee2c9735e58c3ab72c64f5cb8147dc152d72896ce5edbf2de78b",
    "0014_charges": "d37738f1c4751b1bb1206549453845414eeebf01ac3f185208bc0c272a308a6b",
    "0015_grant_terms": "9a18fe6cb5e25db4e5934729543db944a80fc692c5250a5eb88adf77fa0251d2",
    "0016_top_ups": "93a6b34a0a262f43059bec23a42528b1321d559b32f798c9874e03e5078b8a85",
    "0017_holds": "c7fc24d466ffb3e1233e760944191970edde8040cf098b3e03bfde3bd1e3da3e",
    "0018_time_zone_offsets": "5413875a8e853b22dd631de1b8b8f59ab11e2cc1aa18935416f950a0f0bec0a3",
    "0019_limits_of_change": "0dc9c0a275658bb511feebe6c4f2d87e353fbd11aeca2fa8d67a2ef85feb5d04",
}

# The inbox's view as it was up to 0004.
EARLIER_VIEW = SQL("old_inbox_view")
EARLIER_INSERT = SQL("before")
AFTERWARDS = SQL("after")

# What the version before 0005 leaves, as the first entry of the audit trail writes it before it hashes it. The
# contract's document is `{}`; the activation is from 2026-01-01 on.
LEFT = (
    "activation 1 old 1 1767225600000 all",
    "contract old-contract 44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "key 0123456789ab good",
    "version old 1 abc",
)


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
        for statement in ("old_version", "old_activation", "old_contract", "old_key"):
            database.command(SQL(statement))
        database.close()
        yield name
    finally:
        engine.drop(name)


def test_an_earlier_store_is_brought_up_to_date(engine: Engine, earlier: str) -> None:
    with engine.store(database=earlier) as store:
        assert store.database.value(SQL("latest")) == max(LANDED)
        # The audit trail begins with what the earlier version left: a version, its activation, a contract and a key.
        begin = json.loads(store.database.value(SQL("begin")))
        assert begin.pop("state_hash") == hashlib.sha256("\n".join(LEFT).encode()).hexdigest()
        assert begin == {"versions": 1, "activations": 1, "contracts": 1, "keys": 1}
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


def test_a_store_of_a_newer_version_is_left_alone(engine: Engine, earlier: str) -> None:
    database = Database.open(engine.dsn, database=earlier, memory_bytes=MEMORY_BYTES)
    try:
        database.insert("schema_migrations", [{"name": "9999_later", "hash": "0"}])
        with pytest.raises(NewerStore, match="9999_later"):
            migrate(database)
        assert database.value(SQL("latest")) == "9999_later"
    finally:
        database.close()


def test_inserts_go_on_between_a_migration_and_its_views(engine: Engine, earlier: str) -> None:
    """On a server others insert while a new version starts."""
    database = Database.open(engine.dsn, database=earlier, memory_bytes=MEMORY_BYTES)
    migrate(database)
    database.command(AFTERWARDS)
    database.close()
    with engine.store(database=earlier) as store:
        set_up(store)
        assert total(store) == Decimal("1.30")
