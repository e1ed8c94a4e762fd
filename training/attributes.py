"""Attributes of customers, such as language or region, as the sources gave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson
import pandas as pd

if TYPE_CHECKING:
    from training.data import Prepared


def read_attributes(prepared: Prepared, names: Sequence[str]) -> pd.DataFrame:
    """Return attributes of customers as text: index ``customer_id``, a column each, None unknown.

    Raises
    ------
    ValueError
        If no customer has one of them, naming those there are.
    """
    from ingest.store import Store  # noqa: PLC0415  (Delta costs a moment to import)

    if not names:
        return pd.DataFrame(index=pd.Index([], name="customer_id", dtype=object))
    rows = Store(prepared.workspace.store).read("customers", ["customer_id", "attributes"])
    ids, texts = rows["customer_id"].to_pylist(), rows["attributes"].to_pylist()
    given = [{} if text is None else orjson.loads(text) for text in texts]
    there = sorted({key for each in given for key, value in each.items() if value is not None})
    if unknown := [name for name in names if name not in there]:
        raise ValueError(
            f"groups.attributes: no customer of {prepared.workspace.name!r} has "
            f"{', '.join(unknown)}; there are: {', '.join(there) or 'none'}"
        )
    columns = {
        name: [None if each.get(name) is None else str(each[name]) for each in given]
        for name in names
    }
    return pd.DataFrame(columns, index=pd.Index(ids, name="customer_id"), dtype=object)
