"""Numbers and what they count, as sentences have them."""


def counted(count: int, noun: str) -> str:
    """A number and what it counts: `1 customer`, `12 customers`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
