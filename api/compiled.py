"""Compiling a card's text once: what is activated was usually published a moment ago."""

from dataclasses import replace
from functools import lru_cache

from ratecard_compiler import CompiledCard, RateCardErrors, compile_card


def compiled_card(text: str, file_name: str) -> CompiledCard:
    """Compile a rate card as `compile_card` does; the last one is remembered. Raises RateCardErrors."""
    try:
        return _compiled(text)
    except RateCardErrors as wrong:
        raise RateCardErrors(replace(error, file=file_name) for error in wrong.errors) from None


@lru_cache(maxsize=1)
def _compiled(text: str) -> CompiledCard:
    return compile_card(text)
