"""Contracts files: YAML text in, frozen values out, and the billing periods that they make.

Nothing here reads a file or a database. `read_contracts` checks all that the text alone decides,
`check_against` what depends on customers and contracts that are stored already.
"""

from api.contracts.charges import Charge, charges_of
from api.contracts.checks import StoredContract, StoredCustomer, StoredGrant, check_against
from api.contracts.document import Contract, ContractsDocument, Customer, Grant, TopUp
from api.contracts.errors import CONTRACT_CODES, ContractErrors
from api.contracts.grant_terms import GivenGrant, given_grants
from api.contracts.periods import BillingPeriod, billing_periods
from api.contracts.reader import read_contracts

__all__ = [
    "CONTRACT_CODES",
    "BillingPeriod",
    "Charge",
    "Contract",
    "ContractErrors",
    "ContractsDocument",
    "Customer",
    "GivenGrant",
    "Grant",
    "StoredContract",
    "StoredCustomer",
    "StoredGrant",
    "TopUp",
    "billing_periods",
    "charges_of",
    "check_against",
    "given_grants",
    "read_contracts",
]
