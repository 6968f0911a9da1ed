"""A store on a server, by DSN: the same operations over ClickHouse's HTTP interface, and what a network can do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from api.opening import open_store
from api.operations.reconcile import reconcile
from api.operations.rollup import roll_up
from api.operations.verify import verify
from api.reads.invoices import get_invoice
from api.scenarios.results import complete_result
from api.store import Store
from migrations import rating_for
from sql import render
from sql.client import Database, Location
from sql.errors import ConnectionLost, EngineError
from sql.server import ServerAddress
from tests.api.http_world import CARD, EVENTS, INVOICE, NOW, answer_of, calling, event, set_up
from tests.conftest import Engine
from tests.database.clickhouse_http import PASSWORD, USER, Server, running_server
from tests.sql import statements_of

SQL = statements_of("server_dsn")


@contextmanager
def _settled() -> Iterator[None]:
    """As after some time: all that no insert still holds back has settled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.operations.reconcile.SETTLING", timedelta(0))
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Store]:
    """A store on the server with the small company's card, contracts and events. Tests use ids of their own."""
    with open_store(_dsn(server), clock=lambda: NOW) as opened:
        # A publication whose insert of prices is stored but not answered, and the one that repeats it.
        server.fail("price_rows", "drop after")
        with calling(opened) as client:
            assert client.post("/v1/rate-cards", content=CARD).status_code == 503
            set_up(client)
        yield opened


def _dsn(server: Server, password: str = PASSWORD, database: str = "runrate") -> str:
    return f"clickhouse://{USER}:{quote(password, safe='')}@127.0.0.1:{server.port}/{database}"


API_INSERT = r"INSERT INTO \W?usage_batches\W? .*FORMAT Arrow"

INSERT = SQL("insert")


def _insert_by_sql(store: Store, event_id: str, tokens: int = 1_000_000) -> None:
    """Insert as another client does."""
    store.database.command(INSERT, id=event_id, tokens=str(tokens))


def _big(event_id: str, tokens: int = 1_000_000) -> dict[str, Any]:
    """An event of 10.00 USD: 1,000,000 × 0.00001."""
    return event(event_id, "llm.request", "11T10:00", model="large", project="apollo", tokens=str(tokens))


def _send(store: Store, *events: dict[str, Any]) -> dict[str, int]:
    with calling(store) as client:
        answer = answer_of(client.post("/v1/events", json=list(events)))
    return {name: count for name, count in answer.items() if name != "events" and count}


def _cents(store: Store) -> int:
    invoice = get_invoice(store, INVOICE)
    assert invoice is not None
    return int(str(invoice.total).replace(".", ""))


def _failing(store: Store) -> list[str]:
    return [check.name for check in verify(store) if check.offending]


def _settles(store: Store) -> None:
    """Once all has settled there is nothing to mend."""
    with _settled():
        assert reconcile(store).entries_appended == 0
        assert {check.name: check.offending for check in verify(store) if check.offending} == {}


def test_it_bills_as_the_embedded_engine(store: Store, engine: Engine) -> None:
    with engine.store(lambda: NOW) as embedded, calling(embedded) as client:
        set_up(client)
        expected = complete_result(embedded)
    assert complete_result(store) == expected
    assert _send(store, EVENTS[0]) == {"duplicate": 1}
    _settles(store)
    with _settled():
        assert roll_up(store, worthwhile_entries=1) > 0
    _settles(store)


def test_no_price_is_there_twice(store: Store) -> None:
    assert store.database.value(SQL("count_prices")) > 0
    assert store.database.value(SQL("repeated_price_ids")) == 0


def test_inserts_by_sql_count_as_the_api_s(store: Store) -> None:
    before = _cents(store)
    _insert_by_sql(store, "sql1")
    _insert_by_sql(store, "sql1")
    assert _cents(store) - before == 10_00
    assert _send(store, _big("sql1")) == {"duplicate": 1}
    assert _send(store, _big("sql1", 5_000_000)) == {"conflict": 1}
    assert _cents(store) - before == 10_00
    _settles(store)


def test_an_event_on_its_way_through_the_views_is_left_alone(store: Store) -> None:
    before = _cents(store)
    # Stored, but not rated yet: as between two views of an insert that another client has under way.
    store.database.command(SQL("detach_rating"))
    _insert_by_sql(store, "slow")
    store.database.command(SQL("attach_rating"))
    assert reconcile(store).entries_appended == 0
    january = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert reconcile(store, *january).entries_appended == 0
    assert _failing(store) == []
    # Now its insert reaches the ledger. Had reconcile rated it, it would be there twice.
    source = SQL("slow_event")
    rating = rating_for(store.database, store.shapes(), source=source)
    store.database.command(SQL("rate", rating=rating))
    assert _cents(store) - before == 10_00
    _settles(store)
    assert _cents(store) - before == 10_00


def test_an_event_that_never_reached_the_ledger_is_rated_once_settled(store: Store) -> None:
    before = _cents(store)
    store.database.command(SQL("detach_rating"))
    _insert_by_sql(store, "torn")
    store.database.command(SQL("attach_rating"))
    with _settled():
        assert _failing(store) == ["ledger_matches_rating"]
        assert reconcile(store).entries_appended == 1
    assert _cents(store) - before == 10_00
    _settles(store)


def test_what_a_long_insert_brings_is_neither_passed_over_nor_rated_twice(store: Store) -> None:
    """An insert by SQL that takes longer than settling between its events and their ledger entries."""
    before = _cents(store)
    assert _send(store, _big("before")) == {"accepted": 1}
    slowly = SQL("slow_events")
    slow_rating = rating_for(store.database, store.shapes(), source=slowly)
    store.database.command(
        render("commands/change_view_query.sql.j2", view="rated_usage_mv", query=slow_rating)
    )
    with ThreadPoolExecutor(1) as threads, _settled():
        inserted = threads.submit(_insert_by_sql, store, "long")
        while not store.database.value(SQL("long_events")):
            assert not inserted.done()
        assert reconcile(store).entries_appended == 0
        assert roll_up(store, worthwhile_entries=1) == 1
        assert not inserted.done()
        inserted.result()
    store.deploy_rating()
    assert _cents(store) - before == 20_00
    _settles(store)
    assert _cents(store) - before == 20_00


def test_nobody_sets_the_time_of_recording_by_sql(store: Store) -> None:
    old = INSERT.replace("properties)", "properties, recorded_at)").replace(
        "{tokens:String}))", "'1'), now64(3))"
    )
    with pytest.raises(EngineError, match="recorded_at"):
        store.database.command(old, id="old")


def test_a_batch_that_comes_too_late_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a network holds it back until its time of recording counts as settled."""
    before = _cents(store)
    monkeypatch.setattr("api.operations.ingest.BATCH_VALIDITY", timedelta(seconds=-1))
    with calling(store) as client:
        answer = client.post("/v1/events", json=[_big("late")])
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    monkeypatch.undo()
    assert _cents(store) == before
    assert _send(store, _big("late")) == {"accepted": 1}
    assert _cents(store) - before == 10_00
    _settles(store)


def test_amend_and_void_act_at_once_on_an_event_just_recorded(store: Store) -> None:
    before = _cents(store)
    assert _send(store, _big("amended")) == {"accepted": 1}
    assert _cents(store) - before == 10_00
    with calling(store) as client:
        smaller = {"model": "large", "project": "apollo", "tokens": "200000"}
        answer_of(client.patch("/v1/events/c1/amended", json={"properties": smaller}))
        assert _cents(store) - before == 2_00
        answer_of(client.delete("/v1/events/c1/amended"))
    assert _cents(store) == before
    _settles(store)


@pytest.mark.parametrize("fault", ["drop during", "drop after"])
def test_a_connection_lost_while_the_server_stores(store: Store, server: Server, fault: str) -> None:
    before = _cents(store)
    server.fail("usage_batches", fault)
    assert _send(store, _big(fault), _big(f"{fault} 2")) == {"accepted": 2}
    assert _cents(store) - before == 20_00
    assert _send(store, _big(fault), _big(f"{fault} 2")) == {"duplicate": 2}
    _settles(store)
    assert _cents(store) - before == 20_00


def test_a_connection_lost_before_the_server_stores(store: Store, server: Server) -> None:
    before = _cents(store)
    server.fail("usage_batches", "drop before")
    with calling(store) as client:
        answer = client.post("/v1/events", json=[_big("unsent")])
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert _cents(store) == before
    assert _send(store, _big("unsent")) == {"accepted": 1}
    assert _cents(store) - before == 10_00
    _settles(store)


def test_requests_of_several_threads_stay_apart(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        asked = list(range(64))
        statement = SQL("slow_number")
        found = list(threads.map(lambda number: store.database.value(statement, number=number), asked))
    assert found == asked


def test_settings_go_with_every_insert_and_no_session(store: Store, server: Server) -> None:
    request = next(one for one in server.seen() if re.match(API_INSERT, one["statement"], re.DOTALL))
    assert request["async_insert"] == "0"
    assert request["materialized_views_ignore_errors"] == "0"
    assert "session_id" not in request
    assert request["query_id"].startswith("runrate-")


def test_dictionaries_read_with_the_dsn_s_credentials(store: Store, server: Server) -> None:
    created = [
        r["statement"] for r in server.seen() if "\nCREATE OR REPLACE DICTIONARY" in f"\n{r['statement']}"
    ]
    escaped = PASSWORD.replace("'", "\\'")
    assert created
    assert all(f"USER '{USER}' PASSWORD '{escaped}'" in statement for statement in created)
    assert store.problems() == []


def _creations(server: Server) -> int:
    return sum("CREATE OR REPLACE DICTIONARY" in request["statement"] for request in server.seen())


def test_dictionaries_are_replaced_only_when_they_must_be(server: Server) -> None:
    """A start leaves them alone, for others insert meanwhile; but not with a password that is no longer good."""
    name = "passwords"
    with open_store(_dsn(server, database=name), clock=lambda: NOW):
        pass
    before = _creations(server)
    with open_store(_dsn(server, database=name), clock=lambda: NOW):
        pass
    assert _creations(server) == before
    server.change_password("new")
    try:
        with open_store(_dsn(server, "new", database=name), clock=lambda: NOW) as store:
            assert store.problems() == []
        assert _creations(server) > before
    finally:
        server.change_password(PASSWORD)


def test_an_unknown_setting_is_refused_by_name(store: Store) -> None:
    with pytest.raises(EngineError, match="no_such_setting"):
        store.database.rows(SQL("unknown_setting"))
    assert store.database.value(SQL("two")) == 2


def test_a_wrong_password(server: Server) -> None:
    with pytest.raises(EngineError, match="Authentication failed") as refused:
        Database.open(_dsn(server, password="guess"))
    assert "guess" not in str(refused.value)


def test_nobody_listens(server: Server) -> None:
    with pytest.raises(ConnectionLost, match="does not answer"):
        Database.open("clickhouse://127.0.0.1:9/runrate")


@pytest.mark.parametrize(
    ("dsn", "address", "database"),
    [
        ("clickhouse://ch", ServerAddress("http", "ch", 8123, "default", ""), "runrate"),
        ("clickhouses://ch", ServerAddress("https", "ch", 8443, "default", ""), "runrate"),
        ("clickhouses://u:p%40s%2F@ch:9999/my%5Fdb", ServerAddress("https", "ch", 9999, "u", "p@s/", "my_db"), "my_db"),
        ("https://:secret@ch/db/", ServerAddress("https", "ch", 8443, "default", "secret", "db"), "db"),
        ("http://[::1]:8124", ServerAddress("http", "::1", 8124, "default", ""), "runrate"),
        (
            "clickhouses://ch?verify=false",
            ServerAddress("https", "ch", 8443, "default", "", "", (("verify", "false"),)),
            "runrate",
        ),
    ],
)  # fmt: skip
def test_reading_a_dsn(dsn: str, address: ServerAddress, database: str) -> None:
    location = Location.parse(dsn)
    assert (location.place, location.database, location.folder) == (address, database, None)


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("clickhouse://", "no host"),
        ("clickhouse://:secret@/db", "no host"),
        ("clickhouse://u:secret@ch:9000", "8123"),
        ("clickhouses://u:secret@ch:9440", "8443"),
        ("clickhouse://u:secret@ch:port", "[Pp]ort"),
        ("clickhouse://u:secret@ch?interface=http", "unknown option 'interface'"),
        ("chdb:", "no folder"),
    ],
)
def test_a_dsn_that_names_nothing_to_open(dsn: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        Location.parse(dsn)
    assert "secret" not in str(refused.value)


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(Location.parse("clickhouse://u:secret@ch"))
