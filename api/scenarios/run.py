"""Running a scenario on a store (SEMANTICS §9): each step is the operation that the API and the CLI use."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from api.cohorts import ALL, cohort_of
from api.contracts import ContractErrors
from api.errors import OperationRefused
from api.events import BadRequest, DecodedEvents, EventLimits, decode_events, read_event_file
from api.instants import parse_instant
from api.operations.activate import activate_version
from api.operations.amend import amend_event, void_event
from api.operations.contracts import apply_contracts
from api.operations.ingest import EventAnswer, ingest
from api.operations.publish import publish_rate_card
from api.operations.reconcile import reconcile
from api.scenarios.plan import Scenario, Step
from api.scenarios.results import complete_result
from api.store import Store
from ratecard_compiler import RateCardErrors

# A scenario is a bulk backfill: events may be as late as they like, but not in the future (SEMANTICS §1).
LIMITS = EventLimits(max_events=100_000_000, max_bytes=4 << 30, max_late=timedelta(days=200 * 365))

Warn = Callable[[str], None]


class StepFailed(Exception):
    """A step was refused. `where` is its place in the scenario, `details` further reasons."""

    def __init__(self, where: str, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(f"{where}: {message}")
        self.details = details


@dataclass(frozen=True, slots=True)
class _Run:
    store: Store
    scenario: Scenario
    warn: Warn


def run_scenario(scenario: Scenario, store: Store, warn: Warn = lambda _: None) -> dict[str, Any]:
    """Run the steps in order, then reconcile, and return `{"invoices", "balances", "unrated"}`, complete.

    `store` is empty and its clock stands at the scenario's `now`. `warn` is told of events that were not
    accepted. Raises StepFailed for the first step that is refused.
    """
    run_steps(scenario, store, warn)
    # As `serve` does every minute: what the steps left to find is found before anything is read.
    reconcile(store)
    return complete_result(store)


def run_steps(scenario: Scenario, store: Store, warn: Warn = lambda _: None) -> None:
    """Run the steps in order and read nothing. Raises StepFailed for the first step that is refused."""
    run = _Run(store, scenario, warn)
    for step in scenario.steps:
        try:
            _ACTIONS[step.kind](run, step)
            # What follows from a step by itself is there before the next.
            store.top_ups.settle()
        except (RateCardErrors, ContractErrors) as refused:
            lines = tuple(str(error) for error in refused.errors)
            raise StepFailed(step.where, f"{step.value} is refused", lines) from None
        except OperationRefused as refused:
            details = tuple(_place(error) for error in refused.errors)
            raise StepFailed(step.where, f"{step.kind}: {refused.message}", details) from None


def _place(error: Mapping[str, Any]) -> str:
    place = ":".join(str(error[name]) for name in ("file", "line", "column") if error.get(name) is not None)
    told = " ".join(
        str(error[name]) for name in ("gate", "path", "fact", "message", "fix") if error.get(name)
    )
    return f"{place} {told}".strip()


def _text(run: _Run, step: Step) -> str:
    directory = run.scenario.directory
    try:
        if directory is None:
            return run.scenario.files[str(step.value)]
        return (directory / str(step.value)).read_text(encoding="utf-8")
    except (OSError, KeyError):
        raise _no_file(step) from None
    except UnicodeDecodeError:
        raise StepFailed(step.where, f"{step.value} is not UTF-8; save it as UTF-8") from None


def _no_file(step: Step) -> StepFailed:
    return StepFailed(step.where, f"there is no file {step.value!r} beside the scenario")


def _publish(run: _Run, step: Step) -> None:
    publish_rate_card(run.store, _text(run, step), step.value)


def _activate(run: _Run, step: Step) -> None:
    fields = step.value
    if not fields["version"].isdecimal():
        raise StepFailed(step.where, f"version {fields['version']!r} is no whole number")
    activate_version(
        run.store,
        fields["rate_card"],
        int(fields["version"]),
        parse_instant(fields["from"]),
        cohort_of(fields.get("cohort") or ALL),
        force=fields.get("force") == "true",
    )


def _contracts(run: _Run, step: Step) -> None:
    for warning in apply_contracts(run.store, _text(run, step), step.value).warnings:
        run.warn(str(warning))


def _events(run: _Run, step: Step) -> None:
    name = step.value if isinstance(step.value, str) else "the events"
    try:
        for decoded in _decoded(run, step):
            for answer in ingest(run.store, decoded):
                _tell(run, name, answer)
    except BadRequest as refused:
        # No events is no mistake here: nothing happened in between.
        if refused.code != "no_events":
            raise StepFailed(step.where, f"{name}: {refused.message}") from None


def _decoded(run: _Run, step: Step) -> Iterator[DecodedEvents]:
    now = run.store.clock()
    if isinstance(step.value, list):
        yield decode_events(json.dumps(step.value).encode(), "application/json", LIMITS, now)
    elif run.scenario.directory is None:
        yield decode_events(_text(run, step).encode(), "application/x-ndjson", LIMITS, now)
    else:
        path = run.scenario.directory / step.value
        if not path.is_file():
            raise _no_file(step)
        yield from read_event_file(path, LIMITS, now)


def _tell(run: _Run, name: str, answer: EventAnswer) -> None:
    if answer.status in ("rejected", "conflict"):
        run.warn(f"{name}: event {answer.index + 1} {answer.status}: {answer.message}")


def _amend(run: _Run, step: Step) -> None:
    fields = step.value
    properties = fields.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise StepFailed(step.where, "the properties of an amendment are a mapping")
    event_time = fields.get("event_time")
    if event_time is None and properties is None:
        raise StepFailed(step.where, "an amendment names `properties`, `event_time` or both")
    amend_event(
        run.store,
        fields["customer_id"],
        fields["event_id"],
        None if event_time is None else parse_instant(event_time),
        None
        if properties is None
        else {name: str(value) for name, value in properties.items() if value is not None},
    )


def _void(run: _Run, step: Step) -> None:
    void_event(run.store, step.value["customer_id"], step.value["event_id"])


def _finalise(run: _Run, step: Step) -> None:
    raise StepFailed(
        step.where, "this version of Runrate cannot finalise invoices yet; remove the step to run the others"
    )


def _reconcile(run: _Run, step: Step) -> None:
    reconcile(run.store)


_ACTIONS: Mapping[str, Callable[[_Run, Step], None]] = {
    "publish": _publish,
    "activate": _activate,
    "contracts": _contracts,
    "events": _events,
    "amend": _amend,
    "void": _void,
    "finalise": _finalise,
    "reconcile": _reconcile,
}
