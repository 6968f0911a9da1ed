"""The objects of a store: what SQL users see says what it is, and the views that write fit what they write to."""

import re
from typing import Any

import httpx
import pytest

from api.operations.amend import amend_event
from api.store import Store
from migrations import deploy_rating
from migrations.deploy import RatingTypeMismatch
from tests.api.http_world import EVENTS, answer_of, calling, event, set_up
from tests.conftest import Engine, fixed_clock
from tests.sql import statements_of

SQL = statements_of("views")

PUBLIC_VIEWS = (
    "audit_log",
    "billing_periods",
    "contracts",
    "credit_balances",
    "credit_grants",
    "credit_lines",
    "customers",
    "event_conflicts",
    "invoice_breakdown",
    "invoice_lines",
    "prices_in_force",
    "rated_events",
    "unrated_usage",
    "usage_hours",
)

OBJECTS = SQL("objects")

RATED = SQL("rated")

MOVED = SQL("moved")

TWICE = SQL("twice")

COLUMNS = SQL("columns")


@pytest.fixture(scope="module")
def world(engine: Engine) -> Any:
    with engine.store(fixed_clock(2026, 1, 20, 12)) as store:
        with calling(store) as client:
            set_up(client)
        yield store


def _send(store: Store, *events: dict[str, Any]) -> dict[str, Any]:
    with calling(store) as client:
        answer: dict[str, Any] = answer_of(client.post("/v1/events", json=list(events)))
    return answer


def test_every_object_says_what_it_is(world: Store) -> None:
    found = world.database.rows(OBJECTS)
    assert len(found) > 40
    assert [row["name"] for row in found if not row["comment"]] == []


def test_every_column_of_a_table_says_what_it_is(world: Store) -> None:
    kinds = ("MergeTree", "Null", "Memory")
    tables = {row["name"] for row in world.database.rows(OBJECTS) if row["engine"].endswith(kinds)}
    columns = [row for row in world.database.rows(COLUMNS) if row["table"] in tables]
    assert (
        {row["table"] for row in columns}
        == tables
        >= {"usage_inbox", "usage_events", "rated_usage", "price_rows"}
    )
    assert [(row["table"], row["name"]) for row in columns if not row["comment"]] == []


@pytest.mark.parametrize("view", PUBLIC_VIEWS)
def test_every_column_of_a_public_view_says_what_it_is(world: Store, view: str) -> None:
    statement = next(row["statement"] for row in world.database.rows(OBJECTS) if row["name"] == view)
    # A view with parameters has no columns in the catalogue; its statement has them.
    listed, _, _ = statement.partition(" AS ")
    columns = re.findall(r"[(,] ?`(\w+)` ", listed)
    assert len(columns) > 4
    # One more comment is the view's own.
    assert len(columns) + 1 == len(re.findall(r" COMMENT '(?:[^'\\]|\\.)+'", listed))


@pytest.mark.parametrize(
    ("view", "target"),
    [
        ("usage_inbox_mv", "usage_events"),
        ("usage_batches_mv", "usage_events"),
        ("rated_usage_mv", "rated_usage"),
    ],
)
def test_a_view_that_writes_fills_every_column_of_its_table(world: Store, view: str, target: str) -> None:
    # A column that the view leaves out would silently hold its default.
    assert _columns(world, view) == _columns(world, target)


def _columns(store: Store, name: str) -> dict[str, str]:
    rows = store.database.rows(SQL("describe", name=name))
    return {row["name"]: row["type"] for row in rows if row["default_type"] not in ("ALIAS", "MATERIALIZED")}


@pytest.mark.parametrize(
    ("change", "back", "told"),
    [
        ("add_a_column", "drop_the_column", "note String"),
        ("widen_the_sign", "narrow_the_sign", "sign Int8.*sign Int16"),
    ],
)
def test_a_rating_view_that_does_not_fit_the_ledger_is_refused_and_the_running_one_stays(
    world: Store, change: str, back: str, told: str
) -> None:
    world.database.command(SQL(change))
    try:
        with pytest.raises(RatingTypeMismatch, match=told):
            deploy_rating(world.database, world.shapes())
    finally:
        world.database.command(SQL(back))
    event_id = told.partition(" ")[0]
    assert _send(world, event(event_id, "agent.task", "11T10:00"))["accepted"] == 1
    assert world.database.rows(RATED, id=event_id) == [{"product": "tasks", "quantity": "1", "amount": "2"}]


def test_rated_events_name_the_event_that_counts(world: Store) -> None:
    moved = event("moved", "llm.request", "12T10:00", model="small", project="apollo", tokens="10")
    _send(world, moved)
    amend_event(world, "c1", "moved", None, {"model": "huge", "tokens": "10"})
    assert world.database.rows(MOVED) == [
        {
            "customer_id": "c1",
            "event_id": "moved",
            "event_type": "llm.request",
            "product": "inference",
            "reason": "unpriced_dimension",
        }
    ]
    unrated = SQL("moved_unrated")
    assert world.database.rows(unrated) == [{"event_type": "llm.request", "product": "inference"}]


def test_two_events_of_one_insert_under_one_identity(world: Store) -> None:
    """The first that was recorded stands; views show its type, not that of the one that does not count."""
    world.database.command(TWICE, first=world.next_instant(), second=world.next_instant())
    with calling(world) as client:
        _reconcile(client)
    rows = world.database.rows(SQL("twice_rated"))
    assert rows == [{"event_type": "agent.task", "product": "tasks"}]
    conflicts = SQL("twice_conflicts")
    assert world.database.rows(conflicts) == [{"event_type": "fax.sent"}]


def _reconcile(client: httpx.Client) -> None:
    answer_of(client.post("/v1/reconcile"))


def test_a_conflict_is_not_billed_for_a_moment(world: Store) -> None:
    before = world.database.rows(SQL("lines"))
    other = EVENTS[0] | {"properties": {"model": "large", "project": "apollo", "tokens": "900000000"}}
    assert _send(world, other)["conflict"] == 1
    assert world.database.rows(SQL("lines")) == before
