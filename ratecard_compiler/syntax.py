"""Tokens → a small frozen tree, by precedence climbing. Formulas and property expressions share the
grammar; what each language allows of it is checked by `formulas` and `property_sql`.

    or  <  and  <  not  <  = != < <= > >= in  <  + -  <  * /  <  unary -  <  name(…) name[…] (…)
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from ratecard_compiler.tokens import ExpressionError, Token, tokenise

MAXIMUM_DEPTH = 60
COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "/"})
_PRECEDENCE = {"or": 1, "and": 2, "in": 4, "not": 4, **dict.fromkeys(COMPARISONS, 4)}
_PRECEDENCE |= {"+": 5, "-": 5, "*": 6, "/": 6}
_NOT = 3
_NEGATION = 7
RESERVED = {
    "true": "compare with the text: `cached = 'true'`",
    "false": "compare with the text: `cached = 'false'`",
    "null": "a missing property is null; use `coalesce(property, …)`",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal that is written in the expression."""

    value: Decimal
    offset: int


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    """A property (expressions), or a constant, formula or dimension (formulas)."""

    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Negation:
    """Unary minus."""

    operand: Expression
    offset: int


@dataclass(frozen=True, slots=True)
class Complement:
    """`not`."""

    operand: Expression
    offset: int


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic, a comparison, `and` or `or`; `offset` is the operator's."""

    operator: str
    left: Expression
    right: Expression
    offset: int


@dataclass(frozen=True, slots=True)
class Membership:
    """`subject in (option, …)`."""

    subject: Expression
    options: tuple[Expression, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """`function(argument, …)`."""

    function: str
    arguments: tuple[Expression, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """`table[key, …]`."""

    table: str
    keys: tuple[Expression, ...]
    offset: int


Expression: TypeAlias = Number | Text | Name | Negation | Complement | Operation | Membership | Call | Lookup


def parse(text: str) -> Expression:
    """Return the tree of one expression; ExpressionError at the first thing that cannot be read."""
    parser = _Parser(tokenise(text))
    tree = parser.expression(0)
    parser.expect_end()
    _check_depth(tree)
    return tree


def children(node: Expression) -> tuple[Expression, ...]:
    """Return the parts of a node, in the order in which they are written."""
    if isinstance(node, Negation | Complement):
        return (node.operand,)
    if isinstance(node, Operation):
        return (node.left, node.right)
    if isinstance(node, Membership):
        return (node.subject, *node.options)
    if isinstance(node, Call):
        return node.arguments
    return node.keys if isinstance(node, Lookup) else ()


def size_of(node: Expression) -> int:
    """Return how many nodes a tree has."""
    return 1 + sum(size_of(child) for child in children(node))


def _check_depth(tree: Expression) -> None:
    """Refuse trees that the recursive stages could not walk, such as a sum of a thousand terms."""
    level: tuple[Expression, ...] = (tree,)
    for _ in range(MAXIMUM_DEPTH):
        level = tuple(child for node in level for child in children(node))
        if not level:
            return
    fact = f"the expression has more than {MAXIMUM_DEPTH} steps that build on each other"
    raise ExpressionError("expression_too_complex", level[0].offset, fact, "use simpler parts")


class _Parser:
    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def is_symbol(self, symbol: str) -> bool:
        return self.token.kind == "symbol" and self.token.text == symbol

    def take(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def expect(self, symbol: str) -> None:
        if not self.is_symbol(symbol):
            raise self.unexpected(f"`{symbol}`")
        self.take()

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.unexpected("an operator or the end")

    def unexpected(self, wanted: str) -> ExpressionError:
        token = self.token
        found = "the end" if token.kind == "end" else f"`{token.text}`"
        fix = f"write {wanted} here"
        if token.kind == "name" and token.text.lower() in ("and", "or", "not", "in"):
            fix = f"write `{token.text.lower()}` in small letters"
        return ExpressionError("invalid_expression", token.offset, f"{found} is not expected here", fix)

    def expression(self, floor: int) -> Expression:
        """Read an expression whose operators all bind tighter than `floor`."""
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            fact = f"the expression is nested more than {MAXIMUM_DEPTH} deep"
            raise ExpressionError("expression_too_complex", self.token.offset, fact, "use simpler parts")
        left = self.prefix()
        while (power := self.power()) > floor:
            left = self.infix(left, power)
        self.depth -= 1
        return left

    def power(self) -> int:
        token = self.token
        return _PRECEDENCE.get(token.text, 0) if token.kind in ("symbol", "word") else 0

    def infix(self, left: Expression, power: int) -> Expression:
        operator = self.take()
        if operator.text == "not":
            if not (self.token.kind == "word" and self.token.text == "in"):
                raise self.unexpected("`in`")
            inner = self.take()
            return Complement(self.membership(left, inner.offset), operator.offset)
        if operator.text == "in":
            return self.membership(left, operator.offset)
        right = self.expression(power)
        if operator.text in COMPARISONS and self.power() == power:
            raise ExpressionError(
                "invalid_expression",
                self.token.offset,
                "comparisons cannot follow each other",
                "join two comparisons with `and`",
            )
        return Operation(operator.text, left, right, operator.offset)

    def membership(self, subject: Expression, offset: int) -> Membership:
        self.expect("(")
        return Membership(subject, self.arguments(")"), offset)

    def prefix(self) -> Expression:
        token = self.token
        if token.kind == "number":
            return Number(Decimal(self.take().text), token.offset)
        if token.kind == "text":
            return Text(self.take().text, token.offset)
        if token.kind == "quoted_name":
            return Name(self.take().text, token.offset)
        if token.kind == "name":
            return self.name()
        if token.kind == "word" and token.text == "not":
            self.take()
            return Complement(self.expression(_NOT), token.offset)
        if self.is_symbol("-"):
            self.take()
            return Negation(self.expression(_NEGATION), token.offset)
        if self.is_symbol("("):
            self.take()
            inner = self.expression(0)
            self.expect(")")
            return inner
        raise self.unexpected("a value")

    def name(self) -> Expression:
        token = self.take()
        if self.is_symbol("("):
            self.take()
            return Call(token.text, self.arguments(")"), token.offset)
        if self.is_symbol("["):
            self.take()
            return Lookup(token.text, self.arguments("]"), token.offset)
        if token.text in RESERVED:
            fact = f"`{token.text}` is not a value of the language"
            raise ExpressionError("invalid_expression", token.offset, fact, RESERVED[token.text])
        return Name(token.text, token.offset)

    def arguments(self, closing: str) -> tuple[Expression, ...]:
        found: list[Expression] = [self.expression(0)]
        while self.is_symbol(","):
            self.take()
            found.append(self.expression(0))
        self.expect(closing)
        return tuple(found)
