"""What the reader says when a contracts file is wrong: errors as data, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable

from ratecard_compiler.errors import CODES, CompileError, DocumentKind

CONTRACT_CODES: dict[str, str] = {
    "alias_taken": "An alias or id already names another customer, so an event's customer would be unclear.",
    "ambiguous_term": "Two fields of a term say the same thing in two ways.",
    "commit_without_end": "A postpaid commit is for the whole of a contract that has no end.",
    "currency_changed": "A stored contract moves to a rate card in another currency; its invoices have one.",
    "end_before_start": "An end is not later than the start beside it.",
    "invalid_duration": "A duration is not a whole number of days, hours, minutes or seconds.",
    "invalid_instant": "An instant is not an RFC 3339 date and time with an offset, or not in the calendar.",
    "instant_out_of_range": "An instant is before 2015-01-01 or after 2100-01-01.",
    "money_too_fine": "An amount of money has more decimals than its currency.",
    "not_in_order": "Quantities over time are not in the order of time.",
    "overage_rate_of_currency": "A commit in a currency has an overage rate, but money is worth itself.",
    "outside_contract": "Something is due, or lasts, when the contract is not in force, so no invoice could hold it.",
    "overlapping_contracts": "Two contracts of one customer are in force at the same time.",
    "rollover_without_end": "A grant that never expires has a rollover, which is what happens at the expiry.",
    "rows_disagree": "Rows of an export that make one contract say different things where it has one.",
    "schedule_not_complete": "The instalments of a prepaid commit do not add up to what it costs.",
    "unknown_column": "A mapping names a column that the export does not have.",
    "uniqueness_key_taken": "Another contract has the uniqueness key.",
    "override_without_effect": "A warning: an override can change no price of the rate card as it is published.",
    "override_without_terms": "An override has none of `multiplier`, `unit_amount` and `tiers`, or more than one.",
    "too_many_override_prices": "The overrides of a file make more prices than are made at once.",
    "top_up_loops": "A top-up is not above its threshold: it would be topped up again at once, and again.",
    "unknown_customer": "A contract names a customer that is neither in the file nor stored.",
    "unknown_rate_card": "A warning: nobody published the contract's rate card, so its usage has no price yet.",
    "unknown_scope": "A warning: no published version of the rate card has a product, tag or dimension that is named.",
    "unknown_time_zone": "A time zone is not in the IANA database.",
}
"""The codes that only contracts files have; the others are those of rate cards and mean the same."""


class ContractErrors(Exception):
    """A contracts file is refused as a whole; `errors` has every reason, in the order of the file."""

    def __init__(self, errors: Iterable[CompileError]) -> None:
        self.errors: tuple[CompileError, ...] = tuple(errors)
        super().__init__(self.errors)

    def __str__(self) -> str:
        """Return one line an error."""
        return "\n".join(str(error) for error in self.errors)


CONTRACTS_FILE = DocumentKind(
    "contracts file",
    "contracts: [...]",
    {**CODES, **CONTRACT_CODES},
    top="(contracts file)",
    refused=ContractErrors,
)
