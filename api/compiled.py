"""Compiling a card's text once: what is activated was usually published a moment ago, by this process.

By its text, not by the content hash that is stored beside it: a document that was damaged since has the old hash.
"""

import threading
from collections import OrderedDict
from dataclasses import replace

from ratecard_compiler import CompiledCard, RateCardErrors, compile_card

# A version and the one that it was made from. A card of 100,000 prices takes more than a hundred megabytes.
REMEMBERED = 2

_cards: OrderedDict[str, CompiledCard] = OrderedDict()
_lock = threading.Lock()


def compiled_card(text: str, file_name: str) -> CompiledCard:
    """Compile a rate card as `compile_card` does; the last ones are remembered. Raises RateCardErrors."""
    with _lock:
        card = _cards.get(text)
    if card is None:
        try:
            card = compile_card(text)
        except RateCardErrors as wrong:
            raise RateCardErrors(replace(error, file=file_name) for error in wrong.errors) from None
    remember(text, card)
    return card


def remember(text: str, card: CompiledCard) -> None:
    """Keep a compiled card for whoever asks for its text next."""
    with _lock:
        _cards[text] = card
        _cards.move_to_end(text)
        while len(_cards) > REMEMBERED:
            _cards.popitem(last=False)
