"""Property expressions → SQL over the `properties` map of an event.

Every result is total: no event can make it throw. Comparisons with null are null, and null is not true
(SEMANTICS §4); where only truth matters the cheaper of two equal forms is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from ratecard_compiler import property_numbers as numbers
from ratecard_compiler.decimals import QUANTITY_DECIMALS
from ratecard_compiler.formula_language import call_mistakes
from ratecard_compiler.property_numbers import NumberSql, TooWideError, binary, call, negated, text_literal
from ratecard_compiler.property_types import FUNCTIONS, common_kind, kind_of, mismatch, require
from ratecard_compiler.syntax import (
    COMPARISONS,
    Call,
    Complement,
    Expression,
    Membership,
    Name,
    Negation,
    Number,
    Operation,
    Text,
    children,
)
from ratecard_compiler.tokens import ExpressionError

MAXIMUM_PARTS = 1_000
MAXIMUM_DEPTH = 150
"""Of SQL: printing it takes several calls a level, and the engine parses so many levels only."""
_DIALECT = "clickhouse"
_OPERATORS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EMPTY = text_literal("")
_ZERO = exp.Literal.number(0)


@dataclass(frozen=True, slots=True)
class Sql:
    """A text or condition expression, whether it can be NULL, and how many parts it is made of."""

    sql: exp.Expr
    nullable: bool
    parts: int


def filter_sql(tree: Expression) -> str:
    """Return SQL that is 1 where the condition is true and 0 where it is false or null, never NULL."""
    return _printed(_truth(_checked(tree)).sql, tree)


def quantity_sql(tree: Expression) -> str:
    """Return SQL of a Decimal(38,9); NULL where the event has no number that a quantity can be.

    That is: something missing or unreadable, |q| ≥ 1e15, more than 9 decimals, or a division by zero.
    """
    found = _number(_checked(tree))
    try:
        return _printed(numbers.quantity(found), tree)
    except TooWideError:
        raise _too_wide(tree) from None


def dimension_sql(tree: Expression) -> str:
    """Return SQL of a String, never NULL: null is ''. Numbers are written as short as they get."""
    return _printed(_dimension(tree).sql, tree)


def counted_sql(tree: Expression) -> str:
    """Return SQL of a Decimal(38,9): 1 where the event has a value, NULL where it has none to count."""
    value = _dimension(tree)
    one = numbers.decimal_literal(Decimal(1), QUANTITY_DECIMALS, False)
    sql = call("if", exp.NEQ(this=value.sql, expression=_EMPTY), one, exp.Null())
    return _printed(sql, tree)


def _dimension(tree: Expression) -> Sql:
    kind = kind_of(_checked(tree))
    if kind == "number":
        found = _number(tree)
        text = call("toString", found.sql)
        return Sql(call("ifNull", text, _EMPTY) if found.nullable else text, False, found.parts)
    if kind == "condition":
        condition = _condition(tree)
        opposite = negated(condition.sql, exp.Not)
        words = [text_literal("true"), text_literal("false")]
        if not condition.nullable:
            return Sql(call("if", condition.sql, *words), False, condition.parts)
        sql = call("multiIf", condition.sql, words[0], opposite, words[1], _EMPTY)
        return Sql(sql, False, 2 * condition.parts)
    return _text_or_empty(tree)


def _printed(sql: exp.Expr, tree: Expression) -> str:
    level = [sql]
    for _ in range(MAXIMUM_DEPTH):
        level = [part for one in level for part in one.iter_expressions()]
        if not level:
            return sql.sql(dialect=_DIALECT, copy=False)
    fact = "the expression becomes SQL that is nested too deeply"
    raise ExpressionError("expression_too_complex", tree.offset, fact, "use simpler parts")


def _checked(tree: Expression) -> Expression:
    """Return the tree, having checked every call in it, so that kinds can be told."""
    if isinstance(tree, Call):
        for mistake in call_mistakes(tree, FUNCTIONS, QUANTITY_DECIMALS):
            raise mistake
    for child in children(tree):
        _checked(child)
    return tree


def _too_wide(tree: Expression) -> ExpressionError:
    fact = f"the exact result can need more than {numbers.MAXIMUM_DIGITS} digits"
    return ExpressionError("expression_too_wide", tree.offset, fact, "round(…) the parts before multiplying")


def _limited(parts: int, tree: Expression) -> int:
    if parts > MAXIMUM_PARTS:
        fact = "the expression becomes too much SQL"
        raise ExpressionError("expression_too_complex", tree.offset, fact, "use simpler parts")
    return parts


# Numbers


def _number(tree: Expression) -> NumberSql:
    require(tree, "number")
    try:
        found = _number_sql(tree)
    except TooWideError:
        raise _too_wide(tree) from None
    _limited(found.parts, tree)
    return found


def _number_sql(tree: Expression) -> NumberSql:
    if isinstance(tree, Number):
        return numbers.number(tree.value)
    if isinstance(tree, Name):
        return numbers.property_number(_property(tree))
    if isinstance(tree, Negation):
        return numbers.negate(_number(tree.operand))
    if isinstance(tree, Operation):
        return _arithmetic(tree)
    if not isinstance(tree, Call):
        raise mismatch(tree, "condition", "number")
    if tree.function == "if":
        condition = _truth(tree.arguments[0])
        yes, no = _number(tree.arguments[1]), _number(tree.arguments[2])
        return numbers.either(condition.sql, yes, no, condition.parts)
    if tree.function in ("ceil", "floor", "round"):
        decimals = tree.arguments[1] if len(tree.arguments) == 2 else None
        kept = int(decimals.value) if isinstance(decimals, Number) else 0
        return numbers.round_to(tree.function, _number(tree.arguments[0]), kept)
    operands = tuple(_number(argument) for argument in tree.arguments)
    if tree.function == "coalesce":
        return numbers.first_present(operands)
    return numbers.least_or_greatest({"min": "least", "max": "greatest"}[tree.function], operands)


def _arithmetic(tree: Operation) -> NumberSql:
    left, right = _number(tree.left), _number(tree.right)
    if tree.operator in "+-":
        return numbers.add(left, right, subtract=tree.operator == "-")
    if tree.operator == "*":
        return numbers.multiply(left, right)
    if right.literal is not None and not right.literal:
        raise ExpressionError("division_by_zero", tree.offset, "the divisor is 0", "divide by something else")
    return numbers.divide(left, right)


# Texts


def _property(name: Name) -> exp.Expr:
    """Return the property's text; '' if the event does not have it."""
    return exp.Bracket(this=exp.column("properties"), expressions=[text_literal(name.name)])


def _present(name: Name) -> exp.Expr:
    return call("mapContains", exp.column("properties"), text_literal(name.name))


def _text(tree: Expression) -> Sql:
    """Return a text, NULL where it is null."""
    require(tree, "text")
    if isinstance(tree, Text):
        return Sql(text_literal(tree.value), False, 1)
    if isinstance(tree, Name):
        return Sql(call("if", _present(tree), _property(tree), exp.null()), True, 5)
    if not isinstance(tree, Call):
        raise mismatch(tree, "condition", "text")
    if tree.function == "if":
        return _choice(_truth(tree.arguments[0]), _text(tree.arguments[1]), _text(tree.arguments[2]), tree)
    return _first_present(tuple(_text(argument) for argument in tree.arguments), tree)


def _text_or_empty(tree: Expression) -> Sql:
    """Return a text, '' where it is null: then a property needs no second look at the map."""
    if isinstance(tree, Name):
        return Sql(_property(tree), False, 2)
    if isinstance(tree, Call) and tree.function == "if":
        yes, no = _text_or_empty(tree.arguments[1]), _text_or_empty(tree.arguments[2])
        return _choice(_truth(tree.arguments[0]), yes, no, tree)
    found = _text(tree)
    return Sql(call("ifNull", found.sql, _EMPTY), False, found.parts + 1) if found.nullable else found


def _choice(condition: Sql, yes: Sql, no: Sql, tree: Expression) -> Sql:
    parts = _limited(1 + condition.parts + yes.parts + no.parts, tree)
    return Sql(call("if", condition.sql, yes.sql, no.sql), yes.nullable or no.nullable, parts)


def _first_present(found: tuple[Sql, ...], tree: Expression) -> Sql:
    parts = _limited(1 + sum(one.parts for one in found), tree)
    return Sql(call("coalesce", *[one.sql for one in found]), all(one.nullable for one in found), parts)


# Conditions


def _truth(tree: Expression) -> Sql:
    """Return 1 where the condition is true, 0 where it is false or null."""
    if isinstance(tree, Operation) and tree.operator in ("and", "or"):
        left, right = _truth(tree.left), _truth(tree.right)
        return _joined(tree, left, right)
    if isinstance(tree, Call) and tree.function == "if":
        require(tree, "condition")
        return _choice(_truth(tree.arguments[0]), _truth(tree.arguments[1]), _truth(tree.arguments[2]), tree)
    plain = _plain_comparison(tree)
    if plain is not None:
        return plain
    found = _condition(tree)
    return Sql(call("ifNull", found.sql, _ZERO), False, found.parts + 1) if found.nullable else found


def _condition(tree: Expression) -> Sql:
    """Return the condition, NULL where it is null."""
    require(tree, "condition")
    if isinstance(tree, Complement):
        inner = _condition(tree.operand)
        return Sql(negated(inner.sql, exp.Not), inner.nullable, inner.parts + 1)
    if isinstance(tree, Membership):
        return _membership(tree)
    if isinstance(tree, Operation) and tree.operator in COMPARISONS:
        return _comparison(tree)
    if isinstance(tree, Operation):
        return _joined(tree, _condition(tree.left), _condition(tree.right))
    if not isinstance(tree, Call):
        raise mismatch(tree, "text", "condition")
    if tree.function == "if":
        yes, no = _condition(tree.arguments[1]), _condition(tree.arguments[2])
        return _choice(_truth(tree.arguments[0]), yes, no, tree)
    return _first_present(tuple(_condition(argument) for argument in tree.arguments), tree)


def _joined(tree: Operation, left: Sql, right: Sql) -> Sql:
    operator = exp.And if tree.operator == "and" else exp.Or
    parts = _limited(1 + left.parts + right.parts, tree)
    return Sql(binary(operator, left.sql, right.sql), left.nullable or right.nullable, parts)


def _comparison(tree: Operation) -> Sql:
    operator = _OPERATORS[tree.operator]
    kind = common_kind((tree.left, tree.right))
    if kind == "condition":
        fact = "conditions cannot be compared"
        raise ExpressionError("type_mismatch", tree.offset, fact, "join them with `and`, `or` and `not`")
    if kind == "number":
        return _number_comparison(tree, operator, _number(tree.left), _number(tree.right))
    left, right = _text(tree.left), _text(tree.right)
    parts = _limited(1 + left.parts + right.parts, tree)
    return Sql(binary(operator, left.sql, right.sql), left.nullable or right.nullable, parts)


def _number_comparison(
    tree: Expression, operator: type[exp.Binary], left: NumberSql, right: NumberSql
) -> Sql:
    try:
        first, second = numbers.comparable(left, right)
    except TooWideError:
        raise _too_wide(tree) from None
    parts = _limited(1 + left.parts + right.parts, tree)
    return Sql(binary(operator, first, second), left.nullable or right.nullable, parts)


def _membership(tree: Membership) -> Sql:
    """`in` is a chain of equalities for numbers, because scales must agree, and the engine's IN for texts."""
    options = _literal_options(tree)
    if common_kind((tree.subject, *tree.options)) == "number":
        subject = _number(tree.subject)
        found = [_number_comparison(tree, exp.EQ, subject, _number(option)) for option in tree.options]
        sql, parts = found[0].sql, found[0].parts
        for one in found[1:]:
            parts = _limited(parts + one.parts, tree)
            sql = binary(exp.Or, sql, one.sql)
        return Sql(sql, subject.nullable, parts)
    subject_text = _text(tree.subject)
    parts = _limited(1 + subject_text.parts + len(options), tree)
    return Sql(_in(subject_text.sql, options), subject_text.nullable, parts)


def _literal_options(tree: Membership) -> list[str]:
    """Return the texts of the options; ExpressionError unless all are written out and of one kind."""
    for option in tree.options:
        number = option.operand if isinstance(option, Negation) else option
        if not isinstance(number, Number | Text):
            fact = "`in` takes values that are written out"
            raise ExpressionError("type_mismatch", option.offset, fact, "use `=` and `or` for anything else")
    return [option.value for option in tree.options if isinstance(option, Text)]


def _in(subject: exp.Expr, options: list[str]) -> exp.Expr:
    return exp.In(this=subject.copy(), expressions=[text_literal(option) for option in options])


def _plain_comparison(tree: Expression) -> Sql | None:
    """Return a property compared with a text that is written out, without NULLs; None for anything else.

    A missing property reads as '', so wherever '' would not pass, the bare comparison says the same as the
    one that knows about null. Elsewhere the property must be there.
    """
    if isinstance(tree, Membership) and isinstance(tree.subject, Name):
        options = _literal_options(tree)
        if common_kind(tree.options) != "text":
            return None
        return _if_present(tree.subject, _in(_property(tree.subject), options), "" in options)
    if not (isinstance(tree, Operation) and tree.operator in COMPARISONS):
        return None
    if isinstance(tree.left, Name) and isinstance(tree.right, Text):
        name, literal, operator = tree.left, tree.right.value, tree.operator
    elif isinstance(tree.left, Text) and isinstance(tree.right, Name):
        name, literal, operator = tree.right, tree.left.value, _MIRRORED[tree.operator]
    else:
        return None
    empty_passes = {
        "=": literal == "",
        "!=": literal != "",
        "<": literal != "",
        "<=": True,
        ">": False,
        ">=": literal == "",
    }[operator]
    return _if_present(
        name, binary(_OPERATORS[operator], _property(name), text_literal(literal)), empty_passes
    )


def _if_present(name: Name, comparison: exp.Expr, empty_passes: bool) -> Sql:
    if not empty_passes:
        return Sql(comparison, False, 4)
    return Sql(binary(exp.And, _present(name), comparison), False, 7)
