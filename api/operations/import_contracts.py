"""Contracts from the export of a CRM or CPQ: planned, and applied as a contracts document is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.contracts import ContractErrors
from api.contracts.import_rows import read_rows
from api.contracts.imports import Mapped, map_rows, read_mapping
from api.operations.contracts import ContractsApplied, apply_contracts
from api.operations.plan_contracts import ContractsPlan, plan_contracts
from api.operations.remarks import NO_REMARK, Remark
from api.operations.stored_terms import StoredTerms
from api.store import Store
from ratecard_compiler.errors import CompileError

_WHAT = ("contracts", "customers")


@dataclass(frozen=True, slots=True)
class ContractsImported:
    """What an export became: the document, what it changes, and what was stored (null in a dry run)."""

    rows: int
    document: dict[str, Any]
    plan: ContractsPlan
    applied: ContractsApplied | None


def import_contracts(
    store: Store,
    mapping_text: str,
    export_text: str,
    *,
    mapping_name: str = "mapping.yaml",
    export_name: str = "export.csv",
    dry_run: bool = False,
    remark: Remark = NO_REMARK,
) -> ContractsImported:
    """Make contracts of an export's rows and apply them; the same export again changes nothing.

    A contract that is stored under a row's uniqueness key is changed, whatever id the mapping would give it. Raises
    ContractErrors, with lines of the export or of the mapping; then nothing is stored.
    """
    mapping = read_mapping(mapping_text, mapping_name)
    rows = read_rows(export_text, export_name)
    mapped = map_rows(mapping, rows, export_name, StoredTerms.read(store).keys)
    text = json.dumps(mapped.document, ensure_ascii=False)
    try:
        plan = plan_contracts(store, text, export_name)
        applied = None if dry_run else apply_contracts(store, text, export_name, remark)
    except ContractErrors as wrong:
        raise ContractErrors(_of_rows(wrong.errors, mapped)) from None
    if applied is not None:
        applied = replace(applied, warnings=_of_rows(applied.warnings, mapped))
    plan = replace(plan, warnings=_of_rows(plan.warnings, mapped))
    return ContractsImported(len(rows), mapped.document, plan, applied)


def _of_rows(errors: Sequence[CompileError], mapped: Mapped) -> tuple[CompileError, ...]:
    """Return the errors at the lines of the export, where a reader can find them: the document has none of its own."""
    lines = dict(zip(_WHAT, (mapped.contract_lines, mapped.customer_lines), strict=True))
    found = []
    for error in errors:
        what, _, rest = error.path.partition("[")
        place = rest.partition("]")[0]
        line = lines[what][int(place) - 1] if what in lines and place.isdecimal() else 1
        found.append(replace(error, line=line, column=1))
    return tuple(found)
