"""Files of cases: lists of small computations that `runrate rate` and `runrate aggregate` take (SEMANTICS §9)."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ratecard_compiler.errors import CODES, DocumentKind, ErrorList
from ratecard_compiler.source import MappingNode, Node, SequenceNode, read_yaml
from sql.client import Database

CASES_A_QUERY = 500
CASES_FILE = DocumentKind("file of cases", "[{…}, …]", CODES)


# A number of more digits is refused with its case, as text: Python would refuse the file.
_MOST_DIGITS = 100


class RefusedCase(Exception):
    """A case that cannot be computed; the message is the reason."""


def read_cases(text: str, shape: str) -> list[Any]:
    """The list of cases in a JSON or YAML text; `shape` is what to write in its place. ValueError: it is no such list.

    Decimals are strings; one without quotes is taken as the text that stands there, so it is exact too, and one with an
    exponent is refused with its case. So is a case that has a name twice.
    """
    if not text.lstrip().startswith(("[", "{")):
        return _read_yaml_cases(text, shape)
    try:
        cases = json.loads(
            text,
            parse_float=str,
            parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else digits,
            parse_constant=_refuse_constant,
            object_pairs_hook=_members,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("lists and objects are nested too deeply") from None
    if not isinstance(cases, list):
        raise ValueError(f"the file holds no list; write [{shape}, …]")
    return cases


class _RepeatedNames(dict[str, Any]):
    """A JSON object that has names twice."""

    def __init__(self, members: Sequence[tuple[str, Any]]) -> None:
        super().__init__(members)
        self.names = [name for name, count in Counter(name for name, _ in members).items() if count > 1]


def _members(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    return found if len(found) == len(members) else _RepeatedNames(members)


def _read_yaml_cases(text: str, shape: str) -> list[Any]:
    """The list in a YAML text, whose scalars stay text as they stand there. The reader takes mappings: it becomes the
    value of a key on a line of its own before it."""
    errors = ErrorList("cases", CASES_FILE)
    top = read_yaml(f"cases:\n{text}", errors)
    if top is None:
        [first, *_] = errors.in_order()
        raise ValueError(f"line {first.line - 1}, column {first.column}: {first.fact}; {first.fix}")
    cases = _value(top.entries["cases"])
    if not isinstance(cases, list):
        raise ValueError(f"the file holds no list; write [{shape}, …]")
    return cases


def _value(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {key: _value(item) for key, item in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [_value(item) for item in node.items]
    return None if node.is_null else node.text


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is no number; write a plain decimal such as "0.0125"')


@dataclass(frozen=True, slots=True)
class AnsweredCase:
    """A case, what the engine was asked of it and what it answered; or why it was refused: then both are empty."""

    case_id: str
    asked: Mapping[str, Any]
    answer: Mapping[str, Any] | None
    error: str | None = None


def ask_engine(
    database: Database, statement: str, cases: Sequence[Any], row_of: Callable[[Any], dict[str, Any]]
) -> Iterator[AnsweredCase]:
    """Run `statement` over the cases, some hundred at a time, and yield what it says of each, in order.

    `row_of` makes a case what the statement reads, besides `place` and `id`; it raises RefusedCase for one that cannot
    be computed, and the others stand. The statement answers in the order of the places.
    """
    for first in range(0, len(cases), CASES_A_QUERY):
        refused: dict[int, AnsweredCase] = {}
        rows: dict[int, dict[str, Any]] = {}
        batch = list(enumerate(cases[first : first + CASES_A_QUERY], first + 1))
        for place, case in batch:
            case_id = _id_of(case, f"#{place}")
            try:
                _check_texts(case)
                rows[place] = {"place": place, "id": case_id, **row_of(case)}
            except RefusedCase as reason:
                refused[place] = AnsweredCase(case_id, {}, None, _shown(str(reason)))
        lines = "\n".join(json.dumps(row, ensure_ascii=False, default=_decimal_text) for row in rows.values())
        answers = iter(database.rows(statement, cases=lines) if rows else [])
        for place, _ in batch:
            if place in refused:
                yield refused[place]
            else:
                yield AnsweredCase(rows[place]["id"], rows[place], next(answers))


def _id_of(case: Any, unnamed: str) -> str:
    """Return what a case is called in its answer; `unnamed` where it has no name that could be."""
    case_id = case.get("id") if isinstance(case, Mapping) else None
    if isinstance(case_id, bool) or not isinstance(case_id, str | int) or not str(case_id).strip():
        return unnamed
    return _shown(str(case_id))


def _check_texts(case: Any) -> None:
    """Raise RefusedCase for a case without an id, a name that stands twice, and texts that are none."""
    if not isinstance(case, Mapping):
        return
    if not _id_of(case, ""):
        told = f"is {case['id']!r}" if "id" in case else "is missing"
        raise RefusedCase(f"`id` {told}; write a text or a whole number that names the case")
    waiting: list[Any] = [case]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _RepeatedNames):
            raise RefusedCase(f"`{one.names[0]}` stands twice; keep one")
        if isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and _shown(one) != one:
            raise RefusedCase(f"'{_shown(one)}' has half of a surrogate pair in it, which is no character")


def _shown(text: str) -> str:
    """A text as it can be printed: half of a surrogate pair is no character."""
    return text.encode(errors="backslashreplace").decode()


def _decimal_text(value: Any) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} has no place in a case")
    return format(value, "f")
