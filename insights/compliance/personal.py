"""Where personal data was written: in texts of customers, as analyzed, and in messages of staff."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.expr.types import Table

from features.text.pii.mask import mask
from features.text.pii.recognize import KINDS, find_pii
from features.text.pipeline.report import kept
from features.text.pipeline.stages import texts_folder
from insights.compliance.searched import searched
from insights.tables import Tables

_TEXTS = ["text_id", "kind", "source", "customer_id", "occurred_at", "text"]
_HITS = pa.schema(
    [
        ("message_id", pa.string()),
        ("kind", pa.string()),
        ("hits", pa.int64()),
        ("text", pa.string()),
    ]
)


def by_customers(tables: Tables) -> Table:
    """Return each kind of personal data of each text of a customer.

    Returns
    -------
    ibis Table
        text_id, origin (``message`` or ``feedback``), source, customer_id, occurred_at, text
        (masked), kind, hits.

    Raises
    ------
    FileNotFoundError
        If personal data was not looked for in the texts of this workspace yet.
    """
    file = texts_folder(tables.workspace) / "entities.parquet"
    if not file.exists():
        raise FileNotFoundError(
            f"no personal data was looked for, there is no {file}: "
            f"run `python -m features workspace={tables.workspace.name} only=text` first"
        )
    asked = kept(file.with_name("report.json")).get("analyzed", {})
    if asked and "pii" not in asked:
        raise FileNotFoundError(
            f"the texts in {file.parent} were analyzed without `pii`, so that no personal data is "
            f"known: run `python -m features workspace={tables.workspace.name} only=text` with it"
        )
    tables.texts()  # says the same of the texts themselves
    made = tables.once("personal data", file.stat().st_mtime_ns, lambda: _customers(file))
    return tables.one_person(ibis.memtable(made))


def _customers(file: Path) -> pa.Table:
    named = pq.read_table(file, columns=["text_id", "kind"], filters=pc.field("kind").isin(KINDS))
    counted = named.group_by(["text_id", "kind"]).aggregate([([], "count_all")])
    counted = counted.rename_columns(["text_id", "kind", "hits"])
    concerned = pc.field("text_id").isin(pc.unique(named["text_id"]))
    texts = pq.read_table(file.with_name("texts.parquet"), columns=_TEXTS, filters=concerned)
    hidden = pa.array([mask(text) for text in texts["text"].to_pylist()], pa.string())
    texts = texts.set_column(_TEXTS.index("text"), "text", hidden)
    texts = texts.rename_columns(["origin" if name == "kind" else name for name in _TEXTS])
    return texts.join(counted, "text_id", join_type="inner")


def by_staff(tables: Tables) -> pa.Table:
    """Return message_id, kind, hits and masked text of each public message of staff with hits.

    Text analysis reads customers only, so that these are searched here, some 20,000 a second; what
    was searched before is not searched again.
    """
    return searched(tables, "personal data of staff", _HITS, _search)


def _search(fresh: pa.Table) -> pa.Table:
    rows = [row for message in fresh.to_pylist() for row in _found(**message)]
    return pa.Table.from_pylist(rows, _HITS)


def _found(message_id: str, text: str) -> list[dict[str, Any]]:
    kinds = Counter(span.kind for span in find_pii(text))
    hidden = mask(text) if kinds else ""
    return [
        {"message_id": message_id, "kind": kind, "hits": hits, "text": hidden}
        for kind, hits in kinds.items()
    ]
