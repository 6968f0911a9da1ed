"""The text of an expression becomes a tree: properties, formulas and cohorts share one grammar (SEMANTICS
§4)."""

import re
from dataclasses import dataclass
from functools import cache

TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*|`[^`]+`)
    | (?P<symbol><=|>=|!=|[-+*/=<>()\[\],])
    )""",
    re.VERBOSE,
)
WORDS = {"and", "or", "not", "in"}
COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}


@dataclass(frozen=True)
class Node:
    """One node: `kind` is number, text, name, call, index or operator; `value` its text or its sign."""

    kind: str
    value: str
    arguments: tuple["Node", ...] = ()


@cache
def parse(text: str) -> Node:
    """The tree of an expression; ValueError where it is none."""
    parser = _Parser(_tokens(text), text)
    tree = parser.disjunction()
    if parser.next != ("end", ""):
        raise ValueError(f"unexpected {parser.next[1]!r} in {text!r}")
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"unexpected character in {text!r} at {position}")
        kind = str(match.lastgroup)
        token = match.group(kind)
        if kind == "name" and token in WORDS:
            kind = "symbol"
        elif kind == "text" or token.startswith("`"):
            # A quote inside is written twice.
            token = token[1:-1].replace(2 * token[0], token[0])
        found.append((kind, token))
        position = match.end()
    return [*found, ("end", "")]


class _Parser:
    """Recursive descent, loosest binding first: or, and, not, comparison, sum, product, sign, atom."""

    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.position = 0

    @property
    def next(self) -> tuple[str, str]:
        return self.tokens[self.position]

    def take(self, *symbols: str) -> str | None:
        kind, value = self.next
        if kind == "symbol" and value in symbols:
            self.position += 1
            return value
        return None

    def expect(self, symbol: str) -> None:
        if self.take(symbol) is None:
            raise ValueError(f"expected {symbol!r} in {self.text!r}, found {self.next[1]!r}")

    def disjunction(self) -> Node:
        left = self.conjunction()
        while self.take("or"):
            left = Node("operator", "or", (left, self.conjunction()))
        return left

    def conjunction(self) -> Node:
        left = self.negation()
        while self.take("and"):
            left = Node("operator", "and", (left, self.negation()))
        return left

    def negation(self) -> Node:
        if self.take("not"):
            return Node("operator", "not", (self.negation(),))
        return self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        sign = self.take(*COMPARISONS)
        if sign:
            return Node("operator", sign, (left, self.sum()))
        if self.take("in"):
            return self.membership(left)
        if self.take("not"):
            self.expect("in")
            return Node("operator", "not", (self.membership(left),))
        return left

    def membership(self, left: Node) -> Node:
        self.expect("(")
        return Node("operator", "in", (left, *self.items(")")))

    def sum(self) -> Node:
        left = self.product()
        while sign := self.take("+", "-"):
            left = Node("operator", sign, (left, self.product()))
        return left

    def product(self) -> Node:
        left = self.signed()
        while sign := self.take("*", "/"):
            left = Node("operator", sign, (left, self.signed()))
        return left

    def signed(self) -> Node:
        if self.take("-"):
            return Node("operator", "negative", (self.signed(),))
        return self.atom()

    def atom(self) -> Node:
        if self.take("("):
            inside = self.disjunction()
            self.expect(")")
            return inside
        kind, value = self.next
        if kind not in ("number", "text", "name"):
            raise ValueError(f"unexpected {value!r} in {self.text!r}")
        self.position += 1
        if kind == "name" and self.take("("):
            return Node("call", value, self.items(")"))
        if kind == "name" and self.take("["):
            return Node("index", value, self.items("]"))
        return Node(kind, value)

    def items(self, end: str) -> tuple[Node, ...]:
        found = [self.disjunction()]
        while self.take(","):
            found.append(self.disjunction())
        self.expect(end)
        return tuple(found)
