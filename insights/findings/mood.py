"""How customers sound over time, and whose mood fell (requirement P26)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis
import pandas as pd
import pyarrow.parquet as pq
from ibis import _
from ibis.expr.types import Table
from scipy import stats

from insights.conversations.rows import NOBODY
from insights.filters import Filters
from insights.finding import CALENDAR, Beside, Finding
from insights.findings.members import share
from insights.functions import epoch_us
from insights.needs.periods import Periods, inside, periods
from insights.needs.rates import mean_difference
from insights.tables import Tables

_DAYS = 28.0  # of a range without a beginning, which is held against as many days before
_CHANCE = 0.05
_LINE = (
    *("customer", "before", "before_count", "change", "low", "high", "p_value"),
    *("agent", "text_id"),
)
_ORDER = ["fell", "perhaps fell", "no clear change", "too few texts", "perhaps rose", "rose"]


def _members(tables: Tables, _filters: Filters) -> Table:
    """Return one member a text of a known customer, with who served its conversation."""
    texts = tables.texts().drop_null("customer_id")
    chats = tables.chats
    spoken = chats.messages.select("conversation_id", "channel", text_id="message_id")
    served = chats.rows.select("conversation_id", "agent")
    rows = texts.left_join(spoken, "text_id").drop("text_id_right")
    rows = rows.left_join(served, "conversation_id").drop("conversation_id_right")
    sentiment = _.sentiment.cast("string")
    return rows.select(
        *("text_id", "conversation_id", "customer_id", "source", "kind"),
        channel=ibis.coalesce(_.channel, _.kind),
        agent=_.agent.fill_null(NOBODY),
        customer=_.customer_id,
        record_id=_.text_id,
        at=epoch_us(_.occurred_at),
        sentiment=sentiment,
        value=_.polarity.cast("float64"),
        negative=share(sentiment == "negative"),
        simulated=_.source.startswith("simulated"),
    )


def _spans(tables: Tables, filters: Filters) -> Periods:
    return periods(_members(tables, filters), filters, _DAYS)


def _recent(tables: Tables, filters: Filters) -> Table:
    """Return the texts of the range; of its last weeks where it has no beginning."""
    return inside(_members(tables, filters), _spans(tables, filters).now)


def _before(tables: Tables, filters: Filters) -> pd.DataFrame:
    """Return the texts of the range of the same length before, kept by the same selection."""
    start, end = _spans(tables, filters).before
    everything = filters.model_copy(update={"since": None, "until": None})
    finding = replace(MOOD, members=lambda t, f: inside(_members(t, f), (start, end)))
    found: pd.DataFrame = finding.rows(tables, everything).select("customer", "value").to_pandas()
    return found


def _compared(table: pd.DataFrame, tables: Tables, filters: Filters) -> pd.DataFrame:
    """Put what each customer sounded like before beside the present, who fell most first."""
    if list(table.columns[:2]) != ["customer", "count"]:
        return table
    now = DROPS.rows(tables, filters).to_pandas()
    then = _before(tables, filters).groupby("customer")["value"]
    none = pd.Series(dtype="float64")
    lines = [
        _line(part, then.get_group(name) if name in then.groups else none)
        for name, part in now.groupby("customer", sort=True)
    ]
    more = _judged(pd.DataFrame(lines, columns=_LINE))
    more["quote"] = more["text_id"].map(_words(tables, more["text_id"].tolist()))
    found = table.merge(more, on="customer", how="left", validate="one_to_one")
    rank = found["verdict"].map(_ORDER.index)
    found = found.assign(rank=rank).sort_values(["rank", "change", "customer"])
    return found.drop(columns=["rank", "p_value"]).reset_index(drop=True)


def _line(now: pd.DataFrame, then: pd.Series[float]) -> dict[str, Any]:
    """Return one customer's comparison: Welch's interval of the difference of two means."""
    worst = now.sort_values(["value", "at"]).iloc[0]
    last = now.sort_values(["at", "record_id"]).iloc[-1]
    told = {
        "customer": worst["customer"],
        "before": then.mean() if len(then) else None,
        "before_count": len(then),
        "change": now["value"].mean() - then.mean() if len(then) else None,
        "agent": last["agent"],
        "text_id": worst["text_id"],
    }
    found = mean_difference(now["value"].tolist(), then.tolist())
    if found is None:
        return told
    return told | {"low": found.low, "high": found.high, "p_value": found.p_value}


def _judged(lines: pd.DataFrame) -> pd.DataFrame:
    """Add verdicts: of many customers some differ by chance, so that p-values are adjusted.

    Benjamini and Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
    """
    tested = lines["p_value"].notna()
    sure = pd.Series(1.0, index=lines.index)
    if tested.any():
        sure[tested] = stats.false_discovery_control(lines.loc[tested, "p_value"])
    verdicts = []
    for line, adjusted in zip(lines.to_dict("records"), sure, strict=True):
        word = "fell" if line["change"] < 0 else "rose"
        if pd.isna(line["p_value"]):
            verdicts.append("too few texts")
        elif line["p_value"] >= _CHANCE:
            verdicts.append("no clear change")
        else:
            verdicts.append(word if adjusted < _CHANCE else f"perhaps {word}")
    return lines.assign(verdict=verdicts)


def _words(tables: Tables, texts: list[str]) -> dict[str, str]:
    """Return what was written, masked, by id of the text."""
    from features.text.pii.mask import mask  # noqa: PLC0415 (its word lists, only when needed)

    file = tables.workspace.features / "text" / "texts.parquet"
    wanted = [("text_id", "in", texts)] if texts else None
    if wanted is None or "text" not in pq.read_schema(file).names:
        return {}
    rows = pq.read_table(file, columns=["text_id", "text"], filters=wanted).to_pylist()
    return {row["text_id"]: mask(row["text"]) for row in rows if row["text"]}


MOOD = Finding(
    name="mood",
    title="Mood of customers",
    title_zh="客户情绪趋势",
    formula=(
        "mean polarity, from -1 to 1, of what known customers wrote, as text analysis judged it; "
        "negative_share is the share of negative texts in percent; channel is that of a message, "
        "else the kind of the text; agent served the conversation last"
    ),
    unit="polarity",
    action="Where it falls, split by channel, agent and segment; then read the lowest texts.",
    members=_members,
    groups=("period",),
    dimensions=(*CALENDAR, *("channel", "agent", "customer", "kind", "source", "segment")),
    beside={"negative_share": Beside("negative", "mean")},
    filtered_by=("channel", "agent", "customer", "source", "label", "segment"),
    brief=("count", "mean", "median", "negative_share", "simulated_share"),
    charted="mean",
)
DROPS = replace(
    MOOD,
    name="mood_changes",
    title="Customers whose mood changed",
    title_zh="客户情绪变化",
    formula=(
        "mean polarity of each customer's texts in the range (its last 28 days where it has no "
        "beginning) less that of the range of the same length before, with Welch's 95 % interval; "
        "fell and rose are those that differ even when as many customers are tested (Benjamini and "
        "Hochberg, 5 %), perhaps those whose own interval leaves out 0; three texts are needed on "
        "either side; quote is the lowest text, agent who served the latest conversation"
    ),
    action="Call those who fell, the lowest first; somebody they know does it best.",
    members=_recent,
    groups=("customer",),
    finish=_compared,
    chart="bar",
    brief=("count", "mean", "before", "change", "low", "high", "verdict", "agent", "quote",
           "simulated_share"),
)  # fmt: skip
FINDINGS = (MOOD, DROPS)
