"""Examples of what is asked about rate cards before they change anything."""

from typing import Any, Final

GATES: Final[dict[str, Any]] = {
    "rate_card": "aurora-ai",
    "rate_card_version": 2,
    "passed": False,
    "gates": [
        {
            "gate": "covers_usage",
            "passed": True,
            "found": "usage of the last 30 days",
            "reasons": [],
            "forcible": True,
            "products": [],
        },
        {
            "gate": "replay",
            "passed": False,
            "found": "12 billing periods: 100 → 120 USD (+20 %)",
            "reasons": [
                {
                    "code": "revenue_moves",
                    "fact": "revenue of the last billing periods moves from 100 to 120 USD (+20 %); "
                    "`max_change_percent` is 10",
                    "fix": "look at `runrate ratecard diff`; correct the prices, or force it",
                    "count": 1,
                    "examples": [{"product": "input_tokens", "before": "100", "after": "120"}],
                }
            ],
            "forcible": True,
            "products": [{"product": "input_tokens", "way": "sums", "before": "100", "after": "120"}],
        },
    ],
}
