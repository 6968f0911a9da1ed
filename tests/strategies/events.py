"""Random usage: mostly plain, with everything that may go wrong in between."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.strategies.cards import MODELS, OUTPUTS, REGIONS, TASKS
from tests.strategies.instants import FIRST, MILLISECOND, NOW, moment, text
from tests.strategies.terms import Terms

Event = dict[str, Any]
EVENT_TYPES = ("llm.completion",) * 6 + ("storage.sample",) * 2 + ("task.done",) * 2 + ("adjustment",)
BAD_QUANTITIES = (
    "",
    "many",
    "1e3",
    "0.1234567891",
    "1000000000000000",
    " 5",
    "+5",
    "1_000",
    "NaN",
    ".5",
    "0x1F",
)
# At 1.00 each: the last is a lawful quantity whose amount is out of range.
ADJUSTED = ("0.005", "12", "10000000000000.000000001", "999999999999999.999999999")
STRANGERS = ("", "*", "unlisted", "x'); --")


def random_events(random: Random, terms: Terms, count: int, refunds: bool) -> list[Event]:
    """First arrivals in a random order of time; `refunds` lets the units of tasks be negative."""
    return [_event(random, terms, number, refunds) for number in range(count)]


def _event(random: Random, terms: Terms, number: int, refunds: bool) -> Event:
    event_type = "meter.unknown" if random.random() < 0.02 else random.choice(EVENT_TYPES)
    return {
        "event_id": f"e{number}",
        "customer_id": "stranger" if random.random() < 0.02 else random.choice(terms.senders),
        "event_type": event_type,
        "event_time": text(_time(random, terms)),
        "properties": random_properties(random, event_type, refunds),
    }


def _time(random: Random, terms: Terms) -> datetime:
    """A quarter of the events lie exactly at an instant where something changes, or a millisecond from it;
    some lie in the hour around it."""
    draw = random.random()
    near = random.choice(terms.boundaries)
    if draw < 0.25:
        return min(near + random.choice((-1, 0, 0, 1)) * MILLISECOND, NOW)
    if draw < 0.4:
        return min(moment(random, near - timedelta(hours=1), near + timedelta(hours=1)), NOW)
    since = FIRST - timedelta(days=8) if draw < 0.5 else FIRST + timedelta(days=25)
    return moment(random, since, NOW)


def random_properties(random: Random, event_type: str, refunds: bool) -> dict[str, Any]:
    """The properties of one event; a value is missing now and then."""
    values: dict[str, Any] = {"project": random.choice(("atlas", "borealis"))}
    if event_type == "storage.sample":
        values |= {
            "gigabytes": _decimal(random),
            "hours": str(random.randint(0, 48)),
            "region": _region(random),
        }
    elif event_type == "adjustment":
        values["value"] = random.choice(("-7.25" if refunds else "0", *ADJUSTED))
    elif event_type == "task.done":
        sign = "-" if refunds and random.random() < 0.3 else ""
        values |= {
            "units": sign + _decimal(random),
            "task": random.choice((*TASKS, "draw")),
            "output_size": random.choice((*OUTPUTS, "huge")),
        }
    else:
        values |= {
            "input_tokens": _tokens(random),
            "output_tokens": _tokens(random),
            "status": random.choice(("ok", "ok", "ok", "cached", "error")),
            "model": random.choice(STRANGERS) if random.random() < 0.08 else random.choice(MODELS),
            "region": _region(random),
        }
    for name in list(values):
        if random.random() < 0.03:
            del values[name]
        elif name in ("input_tokens", "gigabytes", "units") and random.random() < 0.03:
            values[name] = random.choice(BAD_QUANTITIES)
    return values


def _region(random: Random) -> str:
    return random.choice(STRANGERS) if random.random() < 0.1 else random.choice(REGIONS)


def _tokens(random: Random) -> str | int:
    """Mostly text; a JSON whole number says the same."""
    tokens = random.choice((0, 1, 100, 200, 201, random.randint(1, 500), random.randint(1, 20000)))
    return tokens if random.random() < 0.2 else str(tokens)


def _decimal(random: Random) -> str:
    decimals = random.choice((0, 0, 1, 3, 9))
    digits = random.randint(0, 10 ** (decimals + random.randint(1, 3)))
    whole, part = divmod(digits, 10**decimals)
    return f"{whole}.{part:0{decimals}d}" if decimals else str(whole)


def repeated(random: Random, terms: Terms, events: list[Event], refunds: bool) -> list[Event]:
    """Events that come again, after the first: the same, with other content, or at another time."""
    found: list[Event] = []
    for event in random.sample(events, k=len(events) // 8):
        again = dict(event)
        kind = random.choice(("duplicate", "content", "time"))
        if kind == "content":
            again["properties"] = random_properties(random, event["event_type"], refunds) | {"again": "yes"}
        elif kind == "time":
            again["event_time"] = text(_time(random, terms))
        found.append(again)
    return found


def revisions(random: Random, terms: Terms, events: list[Event], refunds: bool) -> list[dict[str, Any]]:
    """`amend` and `void` steps, at most one an event; an amend names the new properties, the new time, or
    both."""
    steps: list[dict[str, Any]] = []
    for event in random.sample(events, k=len(events) // 12):
        identity = {"customer_id": event["customer_id"], "event_id": event["event_id"]}
        if random.random() < 0.4:
            steps.append({"void": identity})
            continue
        change: dict[str, Any] = {}
        if random.random() < 0.8:
            change["properties"] = random_properties(random, event["event_type"], refunds)
        if random.random() < 0.3 or not change:
            change["event_time"] = text(_time(random, terms))
        steps.append({"amend": identity | change})
    return steps
