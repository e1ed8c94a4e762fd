"""What customers call for: trouble, wishes, publicity, an intent to buy (requirement N20)."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis import _
from ibis.expr.types import Table

from insights.filters import Filters
from insights.finding import CALENDAR, Finding
from insights.functions import epoch_us
from insights.tables import Tables


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member a text and signal, with the words that show it."""
    heard = _heard(tables)
    said = tables.texts().select(
        "text_id", "kind", "source", "customer_id", at=epoch_us(_.occurred_at)
    )
    return heard.inner_join(said, "text_id").mutate(
        record_id=_.text_id + "#" + _.signal,
        value=_.score,
        simulated=_.source.startswith("simulated"),
    )


def _heard(tables: Tables) -> Table:
    """Return the signals of texts: text_id, signal, score, evidence.

    Raises
    ------
    FileNotFoundError
        If no text of this workspace was searched for signals yet.
    """
    file = tables.workspace.features / "text" / "signals.parquet"
    if not file.exists():
        raise FileNotFoundError(
            f"no signals at {file}: "
            f"run `python -m features workspace={tables.workspace.name} only=text` first"
        )
    return tables.once("signals", file.stat().st_mtime_ns, lambda: ibis.memtable(_flat(file)))


def _flat(file: object) -> pa.Table:
    rows = pq.read_table(file, columns=["text_id", "signals"]).combine_chunks()
    found = pc.list_flatten(rows["signals"])
    ids = rows["text_id"].take(pc.list_parent_indices(rows["signals"]))
    columns = {name: pc.struct_field(found, name) for name in ("signal", "score", "evidence")}
    return pa.table({"text_id": ids, **columns | {"score": columns["score"].cast(pa.float64())}})


SIGNALS = Finding(
    name="signals",
    title="Signals in what customers write",
    title_zh="客户话语中的信号",
    formula=(
        "texts that show dissatisfaction with service, trouble with use, a pain point, a wish, an "
        "intent to buy or a threat of publicity; value is the score of the evidence, 0 to 1"
    ),
    unit="score",
    action="Open the signal that grows: each record shows the customer's own words.",
    members=_members,
    groups=("period", "signal"),
    dimensions=(*CALENDAR, "signal", "kind", "source", "segment"),
    filtered_by=("customer", "source", "segment"),
    brief=("count", "mean", "simulated_share"),
    charted="count",
)
FINDINGS = (SIGNALS,)
