r"""JSON is YAML, but for one thing: JSON may write a character as a surrogate pair (`"\ud83d\ude00"`)."""

from __future__ import annotations

import json
import re

_PAIR = re.compile(r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def without_surrogate_pairs(text: str) -> str:
    """Return the text with every escaped surrogate pair as the character itself, if the text is JSON.

    YAML refuses these escapes, and many JSON writers make them of every emoji. Half a pair is left, and is
    then refused. Any other text comes back as it is: in YAML a backslash need not be an escape. A place on
    the same line behind such a character moves to the left.
    """
    if not any(match[1] for match in _PAIR.finditer(text)):
        return text
    try:
        # Nothing is kept of it: numbers stay text only so that none is ever rounded.
        json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return text
    return _PAIR.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]  # An escaped backslash: what follows it is no escape.
    high, low = int(match[1], 16), int(match[2], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
