"""Files of cases: lists of small computations that `runrate rate` and `runrate aggregate` take (SEMANTICS §9)."""

import json
from typing import Any

CASES_A_QUERY = 500


class RefusedCase(Exception):
    """A case that cannot be computed; the message is the reason."""


def read_cases(text: str, shape: str) -> list[Any]:
    """The list of cases in a JSON text; `shape` is what to write in its place. ValueError: it is no such list.

    Decimals are strings; one without quotes is taken as the text that stands there, so it is exact too, and one with an
    exponent is refused with its case.
    """
    try:
        cases = json.loads(text, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    if not isinstance(cases, list):
        raise ValueError(f"the file holds no list; write [{shape}, …]")
    return cases


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is no number; write a plain decimal such as "0.0125"')
