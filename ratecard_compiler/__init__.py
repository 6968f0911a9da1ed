"""The rate card compiler: YAML text in, frozen values out. It opens no connection and reads no file.

`compile_card` is the whole of it; `compile_price` takes one price outside a card. What they return is in
`ir`, what they refuse in `errors`.
"""

from ratecard_compiler.compiler import compile_card, compile_price, declared_units
from ratecard_compiler.errors import CODES, CompileError, RateCardErrors
from ratecard_compiler.ir import (
    CompiledCard,
    Dimension,
    Price,
    PriceRow,
    Product,
    ProductRule,
    Tier,
    Unit,
    UnitConversion,
)

__all__ = [
    "CODES",
    "CompileError",
    "CompiledCard",
    "Dimension",
    "Price",
    "PriceRow",
    "Product",
    "ProductRule",
    "RateCardErrors",
    "Tier",
    "Unit",
    "UnitConversion",
    "compile_card",
    "compile_price",
    "declared_units",
]
