"""Reading a scenario (SEMANTICS §9): clock, ordered steps and what is expected, all scalars as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.cohorts import COHORT, read_cohort
from api.instants import parse_instant
from ratecard_compiler.errors import CompileError, DocumentKind, ErrorList, Place
from ratecard_compiler.fields import Fields, as_fields, as_sequence
from ratecard_compiler.source import START, MappingNode, Node, ScalarNode, SequenceNode, nodes_of, read_yaml

FILE_NAME = "scenario.yaml"
SCENARIO = DocumentKind("scenario", "now: 2026-02-03T00:00:00Z", COHORT.codes, "(scenario)")

# Per kind of step: the fields that it must have, those that it may have. None: its value is a file's name.
STEPS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]] | None] = {
    "publish": None,
    "activate": (("rate_card", "version", "from"), ("cohort", "force")),
    "contracts": None,
    "events": None,
    "amend": (("customer_id", "event_id"), ("properties", "event_time")),
    "void": (("customer_id", "event_id"), ()),
    "finalise": (("contract_id", "period_start"), ()),
    "reconcile": ((), ()),
}
EXPECTATIONS = ("invoices", "balances", "unrated")
INSTANTS = frozenset({"from", "event_time", "period_start"})
_INSTANT_FIX = "write it like 2026-01-31T12:00:00Z"


class ScenarioErrors(Exception):
    """The scenario cannot be run; `errors` has every reason with its place."""

    def __init__(self, errors: Sequence[CompileError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `value` is a file's name, the step's fields, or for `events` a list of events; `where` is its
    place in the file."""

    kind: str
    value: Any
    where: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """What to run, and what it must come to. The files that steps name are in `directory` or, without one, in
    `files`."""

    now: datetime
    steps: tuple[Step, ...]
    expect: Mapping[str, Any]
    directory: Path | None
    files: Mapping[str, str]


def read_scenario(directory: Path) -> Scenario:
    """Read `scenario.yaml` (or `.json`) of a directory. Raises ScenarioErrors; OSError if there is none."""
    path = directory / FILE_NAME
    if not path.exists() and path.with_suffix(".json").exists():
        path = path.with_suffix(".json")
    errors = ErrorList(path.name, SCENARIO)
    try:
        top = read_yaml(path.read_text(encoding="utf-8"), errors)
    except UnicodeDecodeError:
        top = None
        errors.add("yaml_syntax", START, "", "the file is not UTF-8", "save it as UTF-8")
    if top is None:
        raise ScenarioErrors(errors.in_order())
    return _scenario(top, errors, directory, {})


def scenario_of(steps: Sequence[Mapping[str, Any]], now: str, files: Mapping[str, str]) -> Scenario:
    """Make a scenario from values in memory; `files` holds the text of each file that the steps name."""
    top = nodes_of({"now": now, "steps": list(steps)})
    assert isinstance(top, MappingNode)
    return _scenario(top, ErrorList(FILE_NAME, SCENARIO), None, files)


def plain(node: Node | None) -> Any:
    """The value of a node: text, None, list or dictionary."""
    match node:
        case MappingNode():
            return {key: plain(value) for key, value in node.entries.items()}
        case SequenceNode():
            return [plain(item) for item in node.items]
        case ScalarNode():
            return None if node.is_null else node.text
    return None


def _scenario(
    top: MappingNode, errors: ErrorList, directory: Path | None, files: Mapping[str, str]
) -> Scenario:
    fields = Fields(top, "", errors)
    fields.known(("now", "steps", "expect"))
    fields.required_text("now", _INSTANT_FIX)
    now = _checked_instant(fields, "now")
    steps = _steps(fields)
    expect = fields.mapping("expect")
    if expect is not None:
        expect.known(EXPECTATIONS)
        for key in ("invoices", "balances"):
            if (node := expect.get(key)) is not None:
                as_sequence(node, expect.path_of(key), errors)
    if errors.found or now is None:
        raise ScenarioErrors(errors.in_order())
    return Scenario(now, steps, plain(expect.node) if expect else {}, directory, files)


def _steps(fields: Fields) -> tuple[Step, ...]:
    node = fields.get("steps")
    if node is None:
        fields.missing("steps", "list what happens, in order: `steps: [{publish: ratecard.yaml}, …]`")
        return ()
    listed = as_sequence(node, "steps", fields.errors)
    found = []
    for number, item in enumerate(listed.items if listed else (), 1):
        entry = as_fields(item, f"steps[{number}]", fields.errors)
        step = None if entry is None else _step(entry)
        if step is not None:
            found.append(step)
    return tuple(found)


def _step(entry: Fields) -> Step | None:
    if len(entry.node.entries) != 1:
        fact = f"a step is one thing to do, this has {len(entry.node.entries)}"
        entry.errors.add("wrong_type", entry.node.place, entry.path, fact, "start a new item with `-`")
        return None
    entry.known(STEPS)
    [(kind, node)] = entry.node.entries.items()
    if kind not in STEPS:
        return None
    step = Step(kind, plain(node), _where(entry.errors.file, entry.node.key_places[kind], kind))
    keys = STEPS[kind]
    if keys is not None:
        return _step_of_fields(step, node, keys, entry)
    if not isinstance(node, ScalarNode) and not (kind == "events" and isinstance(node, SequenceNode)):
        fix = "name a file, or list the events" if kind == "events" else "name a file"
        entry.errors.add("wrong_type", node.place, entry.path_of(kind), "this is not a file's name", fix)
    return step


def _step_of_fields(
    step: Step, node: Node, keys: tuple[tuple[str, ...], tuple[str, ...]], entry: Fields
) -> Step | None:
    nested = as_fields(node, entry.path_of(step.kind), entry.errors)
    if nested is None:
        return None
    required, optional = keys
    nested.known((*required, *optional))
    for key in required:
        if nested.get(key) is None:
            nested.missing(key, f"a step `{step.kind}` needs it")
    for key in INSTANTS & set(nested.node.entries):
        _checked_instant(nested, key)
    if (cohort := nested.get("cohort")) is not None:
        read_cohort(cohort, nested.path_of("cohort"), nested.errors)
    nested.choice("force", ("true", "false"), "false")
    return step


def _checked_instant(fields: Fields, key: str) -> datetime | None:
    node = fields.scalar(key)
    if node is None:
        return None
    try:
        return parse_instant(node.text)
    except ValueError as fault:
        fact = f"{node.text[:60]!r} {fault}"
        fields.errors.add("invalid_text", node.place, fields.path_of(key), fact, _INSTANT_FIX)
        return None


def _where(file: str, place: Place, kind: str) -> str:
    return f"step `{kind}`" if place == START else f"{file}:{place.line}:{place.column}"
