"""A name that stands twice in one JSON object: decoders keep the last and say nothing, so usage would be lost.

Looking for one costs a second decoding. A batch is therefore asked first whether it can have one, by counting in
its bytes where names end: as many as were decoded, and there is none.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

MOST_CHARACTERS: Final = 512

_COLON: Final = ord(":")
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_SPACE: Final = ord(" ")


class _Object(list[tuple[str, Any]]):
    """A JSON object with all its names, in the order in which they stand."""


def may_repeat(text: bytes, names: int) -> bool:
    """Whether JSON from which `names` names were decoded may have more. False is certain; True takes a look."""
    codes = np.frombuffer(text, np.uint8)
    colons = np.flatnonzero(codes == _COLON)
    before = codes[colons - 1]
    if bool((before <= _SPACE).any()):
        return True
    quoted = colons[before == _QUOTE]
    escaped = codes[quoted - 2] == _BACKSLASH
    # A quote behind a backslash is part of a text, unless it is the backslash that is escaped.
    if bool((codes[quoted[escaped] - 3] == _BACKSLASH).any()):
        return True
    # A text that begins with a colon counts as a name: too many is what this may say, too few never.
    return len(quoted) - int(np.count_nonzero(escaped)) != names


def repeated_name(text: bytes) -> str | None:
    """The path of the first name that stands twice in its object, as `properties.tokens`; cut where it is long.

    None where there is none, and for what is no JSON: that is said elsewhere.
    """
    is_repeated = False

    def keep(pairs: list[tuple[str, Any]]) -> _Object:
        nonlocal is_repeated
        is_repeated = is_repeated or len(dict(pairs)) < len(pairs)
        return _Object(pairs)

    try:
        # Numbers stay text: an integer of a million digits is nobody's business here.
        value = json.loads(
            text.decode("utf-8", "replace"),
            object_pairs_hook=keep,
            parse_int=str,
            parse_float=str,
            parse_constant=str,
        )
        path = _find(value) if is_repeated else None
    except (ValueError, RecursionError):
        return None
    # Half a surrogate pair is no text that could be sent back.
    return None if path is None else path[:MOST_CHARACTERS].encode("utf-8", "replace").decode()


def _find(value: Any) -> str | None:
    if isinstance(value, _Object):
        seen: set[str] = set()
        for name, inner in value:
            if name in seen:
                return name
            seen.add(name)
            found = _find(inner)
            if found is not None:
                return f"{name}.{found}"
    elif isinstance(value, list):
        for inner in value:
            found = _find(inner)
            if found is not None:
                return found
    return None
