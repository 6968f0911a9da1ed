"""Text of a formula or expression → tokens. One grammar of words serves both languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ratecard_compiler.decimals import MAXIMUM_DIGITS

TokenKind: TypeAlias = Literal["number", "text", "name", "quoted_name", "word", "symbol", "end"]

MAXIMUM_CHARACTERS = 4_000
KEYWORDS = frozenset({"and", "or", "not", "in"})

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_QUOTED = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"|`((?:[^`]|``)*)`")
_SYMBOL = re.compile(r"<=|>=|!=|[-+*/=<>()\[\],]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MISTAKES = {
    "==": "write `=`",
    "<>": "write `!=`",
    "&&": "write `and`",
    "||": "write `or`",
    "!": "write `not`",
    "^": "write the multiplication out",
    "%": "write a decimal: `* 0.01`",
    ".": "write a digit before the point: `0.5`",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word; `text` is the meaning (quotes removed), `offset` where it starts in the text."""

    kind: TokenKind
    text: str
    offset: int


class ExpressionError(Exception):
    """One thing wrong with an expression, at an offset of its text; the reader adds file and place."""

    def __init__(self, code: str, offset: int, fact: str, fix: str) -> None:
        super().__init__(fact)
        self.code = code
        self.offset = offset
        self.fact = fact
        self.fix = fix


def tokenise(text: str) -> tuple[Token, ...]:
    """Return the tokens, the last of kind `end`; ExpressionError where the text is none of them."""
    if len(text) > MAXIMUM_CHARACTERS:
        fact = f"the expression has more than {MAXIMUM_CHARACTERS} characters"
        raise ExpressionError("expression_too_complex", 0, fact, "use formulas or simpler parts")
    tokens: list[Token] = []
    offset = _skip_space(text, 0)
    while offset < len(text):
        token, offset = _token_at(text, offset)
        tokens.append(token)
        offset = _skip_space(text, offset)
    return (*tokens, Token("end", "", len(text)))


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _token_at(text: str, offset: int) -> tuple[Token, int]:
    if number := _NUMBER.match(text, offset):
        return _number(text, number)
    if name := _NAME.match(text, offset):
        word = name.group()
        return Token("word" if word in KEYWORDS else "name", word, offset), name.end()
    if quoted := _QUOTED.match(text, offset):
        return _quoted(quoted), quoted.end()
    if text[offset] in "'\"`":
        raise ExpressionError("invalid_expression", offset, "a quote is not closed", "close it")
    for mistake, fix in _MISTAKES.items():
        if text.startswith(mistake, offset) and not text.startswith("!=", offset):
            fact = f"`{mistake}` is not part of the language"
            raise ExpressionError("invalid_expression", offset, fact, fix)
    if symbol := _SYMBOL.match(text, offset):
        return Token("symbol", symbol.group(), offset), symbol.end()
    fact = f"{text[offset]!r} is not part of the language"
    raise ExpressionError("invalid_expression", offset, fact, "remove it, or put it in quotes")


def _number(text: str, match: re.Match[str]) -> tuple[Token, int]:
    following = text[match.end() : match.end() + 1]
    if following and (following.isalnum() or following in "_."):
        fact = f"{text[match.start() : match.end() + 4]!r} is not a plain decimal"
        raise ExpressionError("invalid_number", match.start(), fact, "write it like `1000` or `0.5`")
    if len(match.group()) - match.group().count(".") > MAXIMUM_DIGITS:
        fact = f"the number has more than {MAXIMUM_DIGITS} digits"
        raise ExpressionError("invalid_number", match.start(), fact, "write fewer digits")
    return Token("number", match.group(), match.start()), match.end()


def _quoted(match: re.Match[str]) -> Token:
    single, double, back = match.groups()
    offset = match.start()
    if back is not None:
        name = back.replace("``", "`")
        if not name or _CONTROL.search(name):
            fact = "a property name is empty or holds control characters"
            raise ExpressionError("invalid_name", offset, fact, "name the property as the events do")
        return Token("quoted_name", name, offset)
    text = single.replace("''", "'") if single is not None else double.replace('""', '"')
    if _CONTROL.search(text):
        fact = "a text holds control characters"
        raise ExpressionError("invalid_text", offset, fact, "remove them")
    return Token("text", text, offset)
