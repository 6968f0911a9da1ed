"""The audit trail: every change of versions, activations, contracts and keys has one entry, in one chain of hashes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.cohorts import cohort_of
from api.contracts import ContractErrors
from api.errors import OperationRefused
from api.operations.activate import activate_version
from api.operations.change_numbers import change_card_numbers
from api.operations.contracts import apply_contracts
from api.operations.keys import create_key, ensure_bootstrap_key, revoke_key
from api.operations.publish import publish_rate_card
from api.operations.remarks import Remark
from api.operations.rollback import roll_back
from api.operations.trail import Change, begin_trail, entry_hash, record_change
from api.operations.verify import verify
from api.reads.rate_cards import get_version
from api.store import Store
from ratecard_compiler import RateCardErrors
from tests.conftest import Engine
from tests.sql import statements_of

SQL = statements_of("trail")

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
ADA = Remark("ada", "why not", "key:3f9a")

CARD = """
rate_card: acme
currency: USD
constants: {price: "0.10"}
meters:
  calls: {event_type: call, aggregation: count, unit: call}
products:
  calls: {meter: calls, price: {model: per_unit, unit_amount: price}}
"""


def contracts(count: int, name: str = "Example") -> str:
    """So many customers, each with a contract."""
    ids = [f"c{number}" for number in range(1, count + 1)]
    terms = {"rate_card": "acme", "starts_at": "2026-01-01T00:00:00Z", "ends_at": None, "timezone": "UTC"}
    return json.dumps(
        {
            "customers": [{"customer_id": one, "name": name} for one in ids],
            "contracts": [
                {
                    "contract_id": f"k-{one}",
                    "customer_id": one,
                    **terms,
                    "billing": {"interval": "month", "anchor_day": "1"},
                }
                for one in ids
            ],
        }
    )


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    with engine.store(lambda: NOW) as opened:
        yield opened


def entries(store: Store, since: int = 0) -> list[dict[str, Any]]:
    """The entries after the first so many, `before` and `after` read."""
    rows = store.database.rows(SQL("entries"))[since:]
    return [{**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])} for row in rows]


def whole(store: Store) -> bool:
    """Whether the checks of the trail hold."""
    names = ("audit_chain_holds", "changes_are_audited", "records_are_audited")
    found = {check.name: check.offending for check in verify(store) if check.name in names}
    assert set(found) == set(names)
    return not any(found.values())


def unaudited(store: Store) -> list[tuple[str, str, str]]:
    """What the check of contracts, customers and keys finds."""
    [check] = [one for one in verify(store) if one.name == "records_are_audited"]
    return [(row["record"], row["id"], row["problem"]) for row in check.offending]


def set_up(store: Store) -> None:
    """A card in force for two contracts: entries 2 to 4."""
    publish_rate_card(store, CARD, "card.yaml")
    activate_version(store, "acme", 1, datetime(2026, 1, 1, tzinfo=UTC))
    apply_contracts(store, contracts(2), "contracts.json")


def test_a_new_store_has_the_first_entry(store: Store) -> None:
    [first] = entries(store)
    assert (first["sequence"], first["action"], first["actor"]) == (1, "begin", "runrate")
    # SHA-256 of nothing.
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    counts = {"versions": 0, "activations": 0, "contracts": 0, "keys": 0}
    assert first["after"] == counts | {"state_hash": nothing}
    assert whole(store)


def test_publishing_and_activating(store: Store) -> None:
    set_up(store)
    cheaper = CARD.replace("0.10", "0.05")
    publish_rate_card(store, cheaper, "card.yaml", 1, ADA)
    activate_version(
        store, "acme", 2, datetime(2026, 1, 5, tzinfo=UTC), cohort_of({"customers": ["c1"]}), ADA
    )
    activate_version(store, "acme", 2, datetime(2026, 1, 10, tzinfo=UTC), remark=ADA)
    published, for_one, for_all = entries(store, 4)
    hashes = [version.content_hash for number in (1, 2) if (version := get_version(store, "acme", number))]
    assert (published["action"], published["rate_card"], published["rate_card_version"]) == (
        "publish",
        "acme",
        2,
    )
    assert published["before"] == {"rate_card_version": 1, "content_hash": hashes[0]}
    assert published["content_hash"] == hashes[1]
    assert published["after"] == {
        "rate_card_version": 2,
        "content_hash": hashes[1],
        "parent": 1,
        "prices": 1,
    }
    assert {(one["actor"], one["author"], one["note"]) for one in (published, for_one, for_all)} == {
        ("key:3f9a", "ada", "why not")
    }
    assert [one["action"] for one in (for_one, for_all)] == ["activate", "activate"]
    assert (for_one["cohort"], for_one["contracts"]) == ('{"customers": ["c1"]}', 1)
    assert for_one["before"] == {"contracts_by_version": {"1": 1}}
    assert for_one["after"]["contracts_by_version"] == {"2": 1}
    # Of the two contracts one was at version 2 by then.
    assert for_all["before"] == {"contracts_by_version": {"1": 1, "2": 1}}
    assert for_all["after"] == {
        "contracts_by_version": {"2": 2},
        "activation_ids": [3],
        "starts": ["2026-01-10T00:00:00Z"],
    }
    assert (for_all["cohort"], for_all["active_from"]) == ("all", datetime(2026, 1, 10, tzinfo=UTC))
    assert for_all["content_hash"] == hashes[1]
    assert whole(store)


def test_a_schedule_a_rollback_and_numbers_set(store: Store) -> None:
    set_up(store)
    publish_rate_card(store, CARD.replace("0.10", "0.05"), "card.yaml")
    activate_version(store, "acme", 2, datetime(2026, 1, 10, tzinfo=UTC))
    activate_version(store, "acme", 2, datetime(2026, 2, 1, tzinfo=UTC))
    # The activation of the 10th would win by its later start: version 1 starts again from there too.
    roll_back(store, "acme", active_from=datetime(2026, 1, 5, tzinfo=UTC), remark=ADA)
    change_card_numbers(store, "acme", {"price": "0.07"}, datetime(2026, 1, 15, tzinfo=UTC), remark=ADA)
    change_card_numbers(store, "acme", {"price": "0.08"}, datetime(2026, 1, 15, tzinfo=UTC), dry_run=True)
    scheduled, back, published, done = entries(store, 6)
    assert [one["action"] for one in (scheduled, back, published, done)] == [
        "schedule",
        "rollback",
        "publish",
        "set",
    ]
    assert (back["rate_card_version"], back["active_from"]) == (1, datetime(2026, 1, 5, tzinfo=UTC))
    assert back["after"]["starts"] == ["2026-01-05T00:00:00Z", "2026-01-10T00:00:00Z"]
    assert back["after"]["activation_ids"] == [4, 5]
    assert (published["rate_card_version"], published["after"]["parent"]) == (3, 1)
    assert (done["rate_card_version"], done["before"]) == (3, {"contracts_by_version": {"1": 2}})
    assert {one["actor"] for one in (back, published, done)} == {"key:3f9a"}
    assert whole(store)


def test_contracts_and_customers(store: Store) -> None:
    apply_contracts(store, contracts(1), "contracts.json", ADA)
    apply_contracts(store, contracts(2), "contracts.json", ADA)
    apply_contracts(store, contracts(2, "Another"), "contracts.json")
    first, second, renamed = entries(store, 1)
    assert (first["action"], first["author"], first["contract_ids"]) == ("contracts", "ada", ["k-c1"])
    assert first["before"] == {"contracts": {"k-c1": None}, "customers": {"c1": None}}
    # What was stored already is not told again.
    assert (second["contract_ids"], second["contracts"]) == (["k-c2"], 1)
    assert list(second["after"]["customers"]) == ["c2"]
    assert (renamed["contract_ids"], renamed["contracts"]) == ([], 0)
    assert renamed["before"]["customers"] == {
        **first["after"]["customers"],
        **second["after"]["customers"],
    }
    assert not set(renamed["after"]["customers"].values()) & set(renamed["before"]["customers"].values())
    assert [one["interrupted"] for one in entries(store)] == [0, 0, 0, 0]
    assert whole(store)


def test_keys(store: Store) -> None:
    ensure_bootstrap_key(store)
    made = create_key(store, "gateway", ADA)
    revoke_key(store, made.key_id, Remark(actor="key:1234"))
    bootstrap, created, revoked = entries(store, 1)
    assert (bootstrap["actor"], bootstrap["after"]) == ("runrate", {"name": "bootstrap", "state": "good"})
    assert (created["action"], created["actor"]) == ("key_create", "key:3f9a")
    assert created["key_id"] == revoked["key_id"] == made.key_id
    assert (revoked["action"], revoked["actor"]) == ("key_revoke", "key:1234")
    assert (revoked["before"]["state"], revoked["after"]["state"]) == ("good", "revoked")
    assert made.key not in str(entries(store))
    assert whole(store)


def test_what_changes_nothing_has_no_entry(store: Store) -> None:
    set_up(store)
    key = create_key(store, "one")
    create_key(store, "two")
    revoke_key(store, key.key_id)
    before = entries(store)
    publish_rate_card(store, f"# a comment\n{CARD}", "card.yaml", remark=ADA)
    apply_contracts(store, contracts(2), "contracts.json", ADA)
    revoke_key(store, key.key_id, ADA)
    ensure_bootstrap_key(store)
    begin_trail(store)
    for refused in (
        lambda: publish_rate_card(store, "rate_card: 5", "card.yaml"),
        lambda: publish_rate_card(store, CARD.replace("0.10", "0.5"), "card.yaml", 9),
        lambda: publish_rate_card(store, CARD.replace("USD", "EUR"), "card.yaml"),
        lambda: activate_version(store, "acme", 9, NOW),
        lambda: roll_back(store, "acme"),
        lambda: change_card_numbers(store, "acme", {"cost": "1"}, NOW),
        lambda: apply_contracts(store, "{}x", "contracts.json"),
        lambda: revoke_key(store, "none"),
    ):
        with pytest.raises((OperationRefused, RateCardErrors, ContractErrors)):
            refused()
    assert entries(store) == before


def test_a_change_that_was_cut_off_is_told(store: Store) -> None:
    """As a kill or an error leaves it: the entry, and no change with its time of recording."""
    set_up(store)
    record_change(store, Change("activate", rate_card="acme", rate_card_version=1), ADA)
    assert whole(store)
    publish_rate_card(store, CARD.replace("0.10", "0.05"), "card.yaml")
    cut, told, published = entries(store, 4)
    assert (cut["action"], cut["interrupted"], cut["actor"]) == ("activate", 1, "key:3f9a")
    assert (told["action"], told["after"], told["actor"]) == ("interrupted", {"sequence": 5}, "runrate")
    assert (published["action"], published["interrupted"]) == ("publish", 0)
    assert whole(store)
    record_change(store, Change("key_create", key_id="none"), ADA)
    # As a start does; again it changes nothing.
    begin_trail(store)
    begin_trail(store)
    assert [one["action"] for one in entries(store, 7)] == ["key_create", "interrupted"]
    assert whole(store)


def test_hostile_texts_are_hashed_as_they_are(store: Store) -> None:
    hostile = Remark('O\'Brien \\ "x" {a:String}', "line\nbreak\ttab \x01 é 漢 🎈 3:abc,", "key:a,b:c")
    publish_rate_card(store, CARD, "card.yaml", remark=hostile)
    entry = entries(store)[1]
    assert (entry["author"], entry["note"], entry["actor"]) == (hostile.author, hostile.note, hostile.actor)
    assert whole(store)


def test_times_of_recording_go_on_after_a_start(engine: Engine) -> None:
    """An entry and its change are told by their time, so no later one may have it, whatever the clock says."""
    try:
        with engine.store(lambda: NOW, "trail_restart") as store:
            create_key(store, "one")
            last = entries(store)[-1]["recorded_at"]
        with engine.store(lambda: datetime(2026, 1, 1, tzinfo=UTC), "trail_restart") as store:
            create_key(store, "two")
            assert entries(store)[-1]["recorded_at"] > last
            assert [one["action"] for one in entries(store)] == ["begin", "key_create", "key_create"]
            assert whole(store)
    finally:
        engine.drop("trail_restart")


def test_an_entry_that_was_cut_off_at_the_end_is_missed(store: Store) -> None:
    """The chain holds without its last entry; what is stored shows that there was one."""
    set_up(store)
    apply_contracts(store, contracts(2, "O'Brien \"\\ / é 漢 🎈"), "contracts.json")
    key = create_key(store, "gateway")
    create_key(store, "another")
    assert whole(store)
    revoke_key(store, key.key_id)
    store.database.command(SQL("cut_off"), since=8)
    assert unaudited(store) == [("key", key.key_id, "it is not what the trail says")]
    store.database.command(SQL("cut_off"), since=6)
    assert {one[0] for one in unaudited(store)} == {"key"}
    assert {one[2] for one in unaudited(store)} == {"the trail does not have it"}
    store.database.command(SQL("cut_off"), since=5)
    assert [one for one in unaudited(store) if one[0] != "key"] == [
        ("customer", "c1", "it is not what the trail says"),
        ("customer", "c2", "it is not what the trail says"),
    ]
    store.database.command(SQL("cut_off"), since=4)
    assert {(kind, problem) for kind, _, problem in unaudited(store)} == {
        (kind, "the trail does not have it") for kind in ("contract", "customer", "key")
    }


def test_a_record_that_was_changed_or_removed_beside_the_trail_is_found(store: Store) -> None:
    set_up(store)
    create_key(store, "gateway")
    create_key(store, "another")
    assert whole(store)
    store.database.command(SQL("change_contract"), contract_id="k-c1")
    store.database.command(SQL("remove_contract"), contract_id="k-c2")
    store.database.command(SQL("change_customer"), customer_id="c1")
    assert unaudited(store) == [
        ("contract", "k-c1", "it is not what the trail says"),
        ("contract", "k-c2", "only the trail has it"),
        ("customer", "c1", "it is not what the trail says"),
    ]


def test_attributes_and_aliases_are_part_of_a_customer(store: Store) -> None:
    customer = {"customer_id": "c1", "name": "Ex\\ample", "aliases": ['a"1', "a2"]}
    attributes = {"z": "1", "a": 'q"\\', "a b": "", "é": "x"}
    for told in ({}, attributes, {**attributes, "z": "2"}):
        text = json.dumps({"customers": [{**customer, "attributes": told}], "contracts": []})
        apply_contracts(store, text, "contracts.json")
        assert whole(store)


def test_an_entry_that_was_changed_with_its_hash_is_found_by_the_next(store: Store) -> None:
    set_up(store)
    entry = store.database.rows(SQL("entries"))[1]
    forged = entry_hash({**entry, "author": "nobody"})
    store.database.command(SQL("forge"), sequence=2, author="nobody", entry_hash=forged)
    [chain] = [check for check in verify(store) if check.name == "audit_chain_holds"]
    assert [(row["sequence"], row["problem"]) for row in chain.offending] == [
        (3, "it does not go on from the entry before")
    ]
