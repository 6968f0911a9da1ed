"""Cohorts: for whose contracts an activation is (SEMANTICS §6). Read, checked and written in one form."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from api.contracts.errors import CONTRACTS_FILE
from api.contracts.text_fields import identifiers
from api.contracts.time_fields import instant
from api.instants import instant_text
from ratecard_compiler.cohorts import condition_sql
from ratecard_compiler.decimals import decimal_text
from ratecard_compiler.errors import CompileError, DocumentKind, ErrorList
from ratecard_compiler.fields import Fields, Range
from ratecard_compiler.source import MappingNode, Node, ScalarNode, nodes_of, read_yaml
from ratecard_compiler.tokens import ExpressionError

ALL: Final = "all"
KINDS: Final = ("customers", "where", "contracts_starting_from", "percent")
MOST_CUSTOMERS: Final = 10_000

COHORT: Final = DocumentKind("cohort", "all` or `percent: 10", CONTRACTS_FILE.codes, top="cohort")

_PERCENT = Range(Decimal(1_000_000), 6, positive=True)
_FIX = "write `all`, or one of `{customers: [c1, c2]}`, `{where: \"segment = 'pilot'\"}`, "
_FIX += '`{contracts_starting_from: 2026-01-01T00:00:00Z}`, `{percent: "10"}`'


class CohortErrors(ValueError):
    """A cohort is none; `errors` has every reason."""

    def __init__(self, errors: tuple[CompileError, ...]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{_where_in(error)}: {error.fact} — {error.fix}" for error in errors))


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whose contracts an activation holds. `text` is the one form in which it is stored: equal cohorts are equal
    texts."""

    text: str

    @property
    def value(self) -> str | dict[str, Any]:
        """The cohort as documents write it: `all`, or a mapping with one key."""
        return cohort_value(self.text)


EVERYONE: Final = Cohort(ALL)


def cohort_value(text: str) -> str | dict[str, Any]:
    """Return a stored cohort as documents write it."""
    if text == ALL:
        return ALL
    value: dict[str, Any] = json.loads(text)
    return value


def cohort_words(cohort: str | Mapping[str, Any]) -> str:
    """Return a cohort in a few words, for a table or a sentence."""
    if isinstance(cohort, str):
        return cohort
    [(kind, value)] = cohort.items()
    if kind == "percent":
        return f"{value} % of customers"
    if kind == "contracts_starting_from":
        return f"contracts starting from {value}"
    if kind == "customers":
        more = f" and {len(value) - 3} more" if len(value) > 3 else ""
        return f"customers {', '.join(value[:3])}{more}"
    return f"where {value}"


def cohort_of(value: object) -> Cohort:
    """Return the cohort of a value such as a JSON body has. Raises CohortErrors, and ValueError for a number with a
    point that is not in quotes."""
    errors = ErrorList("cohort", COHORT)
    found = read_cohort(nodes_of(value, "cohort"), "cohort", errors)
    if found is None:
        raise CohortErrors(errors.in_order())
    return found


def parse_cohort(text: str, name: str) -> Cohort:
    """Return the cohort that is written as `all` or as YAML, such as `{percent: 10}`; `name` is what errors call its
    place. Raises CohortErrors."""
    errors = ErrorList(name, COHORT)
    if text.strip() == ALL:
        return EVERYONE
    top = read_yaml(text, errors)
    found = None if top is None else read_cohort(top, "cohort", errors)
    if found is None or errors.found:
        raise CohortErrors(errors.in_order())
    return found


def read_cohort(node: Node, path: str, errors: ErrorList) -> Cohort | None:
    """Return the cohort that stands at a node; None with the reasons in the errors."""
    if isinstance(node, ScalarNode) and node.text == ALL:
        return EVERYONE
    if not isinstance(node, MappingNode):
        fact = f"{node.text[:60]!r} is no cohort" if isinstance(node, ScalarNode) else "a list is no cohort"
        errors.add("unknown_choice", node.place, path, fact, _FIX)
        return None
    fields = Fields(node, path, errors)
    known = len(errors.found)
    fields.known(KINDS)
    if len(node.entries) != 1:
        fact = f"a cohort is one condition, this has {len(node.entries)}"
        errors.add("wrong_type", node.place, path, fact, _FIX)
    if len(errors.found) > known:
        return None
    [kind] = node.entries
    value = _READERS[kind](fields)
    if value is None and len(errors.found) == known:
        fields.missing(kind, _FIX)
    if len(errors.found) > known:
        return None
    return Cohort(json.dumps({kind: value}, ensure_ascii=False))


def _customers(fields: Fields) -> list[str] | None:
    found = sorted(set(identifiers(fields, "customers")))
    if len(found) > MOST_CUSTOMERS:
        fact = f"there are {len(found)} customers, {MOST_CUSTOMERS} are allowed"
        place = fields.place_of("customers")
        fix = "give them an attribute and use `where`"
        fields.errors.add("number_out_of_range", place, fields.path_of("customers"), fact, fix)
    return found or None


def _where(fields: Fields) -> str | None:
    written = fields.expression("where")
    if written is None:
        return None
    try:
        condition_sql(written.node.text)
    except ExpressionError as error:
        written.report(error, fields.errors)
    return written.node.text.strip()


def _starting_from(fields: Fields) -> str | None:
    found = instant(fields, "contracts_starting_from")
    return None if found is None else instant_text(found)


def _percent(fields: Fields) -> str | None:
    found = fields.decimal("percent", _PERCENT)
    if found is not None and found > 100:
        place, path = fields.place_of("percent"), fields.path_of("percent")
        fields.errors.add(
            "number_out_of_range", place, path, f"{found:f} % is more than all", "write 100 or less"
        )
    return None if found is None else decimal_text(found)


def _where_in(error: CompileError) -> str:
    """The path and, in an expression of a single line, the character."""
    return f"{error.path}, character {error.column - 1}" if error.column > 1 else error.path


_READERS: Mapping[str, Callable[[Fields], object]] = {
    "customers": _customers,
    "where": _where,
    "contracts_starting_from": _starting_from,
    "percent": _percent,
}
