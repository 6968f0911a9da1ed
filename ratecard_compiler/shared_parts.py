"""Parts that several SQL expressions over an event have in common, each written once.

Before the engine rates a block it analyses the rating expression, whatever the block holds, and that takes time for
each function in it. A hundred products of one event type read the same few properties and mostly join the same
dimension values: as columns of an inner SELECT they are analysed once, and the products name them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

# A text, a name with what it opens, or a bracket by itself.
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*[(\[]?|[()\[\]]", re.DOTALL)
_PROPERTIES = "properties"


@dataclass(frozen=True, slots=True)
class Part:
    """An expression that others name."""

    name: str
    sql: str


@dataclass(slots=True)
class _Call:
    """A function's call, or a look-up in the map of properties, as texts and the calls between them. `reads` is whether
    it depends on a property; what does not stays where it is, because the engine wants constants in their places."""

    pieces: list[str | _Call]
    text: str = ""
    reads: bool = False


@dataclass(frozen=True, slots=True)
class SharedParts:
    """Parts in layers, each of which may name those of the layers before it, and the name of each part's text."""

    layers: tuple[tuple[Part, ...], ...]
    names: Mapping[str, str]

    def named_in(self, expression: str) -> str:
        """Return an expression with the parts by their names."""
        return _written(_pieces(expression), self.names)


def shared_parts(expressions: Iterable[str]) -> SharedParts:
    """Find the calls that expressions have in common: what would still be there twice after the bigger calls around it
    are shared. An expression that is there many times counts as often."""
    counts: Counter[str] = Counter()
    found: dict[str, _Call] = {}
    waiting = [call for expression in expressions for call in _calls(_pieces(expression))]
    while waiting:
        call = waiting.pop()
        counts[call.text] += 1
        if call.text not in found:
            found[call.text] = call
            waiting += _calls(call.pieces)
    # What is inside is shorter than what it is in, so that it comes first.
    shared = sorted((text for text in found if counts[text] > 1), key=lambda text: (len(text), text))
    names = {text: f"part_{number}" for number, text in enumerate(shared, 1)}
    layers: list[list[Part]] = []
    depths: dict[str, int] = {}
    for text in shared:
        depths[text] = max((1 + depths[one] for one in _named(found[text].pieces, names)), default=0)
        layers += [[] for _ in range(1 + depths[text] - len(layers))]
        layers[depths[text]].append(Part(names[text], _written(found[text].pieces, names)))
    return SharedParts(tuple(map(tuple, layers)), names)


def _pieces(expression: str) -> list[str | _Call]:
    """Split an expression into its outermost calls and the texts between them."""
    top = _Call([])
    opened: list[_Call | None] = [top]  # None for a bracket that is no call.
    start = 0

    def innermost() -> _Call:
        return next(one for one in reversed(opened) if one is not None)

    def take(end: int) -> None:
        nonlocal start
        innermost().pieces.append(expression[start:end])
        start = end

    for token in _TOKEN.finditer(expression):
        written = token.group()
        if written[0] == "'":
            continue
        if written[-1] in "([":
            if len(written) == 1:
                opened.append(None)
                continue
            take(token.start())
            opened.append(_Call([], reads=written[:-1] == _PROPERTIES))
        elif written in ")]":
            call = opened[-1]
            if call is not None:
                take(token.end())
                call.text = "".join(one if isinstance(one, str) else one.text for one in call.pieces)
            opened.pop()
            if call is not None:
                innermost().pieces.append(call)
                innermost().reads |= call.reads
        elif written == _PROPERTIES:
            innermost().reads = True
    take(len(expression))
    return top.pieces


def _calls(pieces: Iterable[str | _Call]) -> Iterator[_Call]:
    return (one for one in pieces if isinstance(one, _Call) and one.reads)


def _named(pieces: Iterable[str | _Call], names: Mapping[str, str]) -> Iterator[str]:
    """Yield the texts of the outermost shared calls in some pieces."""
    for call in _calls(pieces):
        if call.text in names:
            yield call.text
        else:
            yield from _named(call.pieces, names)


def _written(pieces: Iterable[str | _Call], names: Mapping[str, str]) -> str:
    return "".join(
        one if isinstance(one, str) else names.get(one.text) or _written(one.pieces, names) for one in pieces
    )
