"""What a number of a card is called outside of it: `margin`, `model_cost[large]`, `task_weight[summarise,*]`."""

from __future__ import annotations

import csv
import re

from ratecard_compiler.table_index import Keys

_NODE = re.compile(r"([^\[\]]+)(?:\[(.*)\])?", re.DOTALL)
_QUOTED = re.compile(r'[,"\n]|^\s|\s$')


def cell_name(table: str, row: Keys) -> str:
    """Return the name of a cell; a key with a comma in it is in quotes."""
    keys = (f'"{key.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(key) else key for key in row)
    return f"{table}[{','.join(keys)}]"


def split_name(node: str) -> tuple[str, Keys | None]:
    """Return the name and the keys of a node; None for the keys of a constant. Raises ValueError."""
    match = _NODE.fullmatch(node.strip())
    if match is None:
        raise ValueError(f"{node!r} names no number of a card; write `margin` or `model_cost[large]`")
    name, keys = match.group(1), match.group(2)
    if keys is None:
        return name, None
    (row,) = csv.reader([keys], skipinitialspace=True) if keys else ([""],)
    return name, tuple(key.strip() if '"' not in keys else key for key in row)
