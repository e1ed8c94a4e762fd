"""Estimate the satisfaction of every conversation, learned from the business's own surveys.

Where surveys are too few the estimate is the polarity of the customer's texts on the same scale,
and nothing is claimed about its error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from ibis import _
from ibis.expr.types import Table

from features.text.satisfaction.dialogue import FloatArray, Reading, Turn, read_conversations
from features.text.satisfaction.measure import Figure, errors, held_out
from features.text.satisfaction.model import HIGHEST, LOW, LOWEST, fit_satisfaction
from ingest.store import Store
from insights.conversations.tables import stored_messages
from insights.settings import SatisfactionSettings
from insights.tables import Tables

Tier = Literal["trained", "polarity"]
NOT_MEASURED = "not measured here"
_MIDDLE, _REACH = 3.0, 2.0  # polarity -1 to 1 becomes 1 to 5
_SPOKEN = ("customer", "human", "bot")


@dataclass(frozen=True)
class Estimates:
    """What is estimated of each conversation, and how far such estimates are off.

    Parameters
    ----------
    tier : {"trained", "polarity"}
        Learned from the business's own surveys, or the polarity of texts.
    table : pyarrow.Table
        conversation_id, estimate (1 to 5), low (whether it is called low), rating (mean of its
        surveys, null without), surveyed (whether it has one). Conversations that were
        learned from are estimated by a model that did not see them.
    figures : mapping of str to Figure
        ``spearman``, ``macro_f1`` and ``low_f1`` out of fold; empty where not measured.
    surveys : int
        Conversations the figures rest on.
    """

    tier: Tier
    table: pa.Table
    figures: Mapping[str, Figure]
    surveys: int

    @property
    def error(self) -> str:
        """The error in words."""
        if not self.figures:
            return NOT_MEASURED
        told = [
            f"{name} {one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"
            for name, one in (
                ("rank correlation", self.figures["spearman"]),
                ("F1 of low satisfaction", self.figures["low_f1"]),
            )
        ]
        return f"{', '.join(told)}; {self.surveys} surveyed conversations, out of fold"


def estimates(tables: Tables) -> Estimates:
    """Return the estimates of one workspace, computed anew when its records changed.

    Raises
    ------
    FileNotFoundError
        If no text of this workspace was analyzed yet.
    """
    tables.texts()  # says which command is missing
    file = tables.workspace.features / "text" / "texts.parquet"
    mark = (file.stat().st_mtime_ns, tables.settings.satisfaction)
    return tables.once("satisfaction", mark, lambda: _estimated(tables))


def _estimated(tables: Tables) -> Estimates:
    names, reading, polarity = _read(tables)
    told = _surveyed(tables).reindex(names)
    ratings = told["rating"].to_numpy(np.float32)
    learned = _learned_from(told, tables.settings.satisfaction)
    if learned is None:
        found = np.clip(_MIDDLE + _REACH * polarity, LOWEST, HIGHEST)
        return Estimates("polarity", _table(names, found, found < LOW, ratings), {}, 0)
    groups = told["customer_id"].fillna(pd.Series(names, index=names)).to_numpy()[learned].tolist()
    known = reading.take(learned)
    model = fit_satisfaction(known, ratings[learned], groups)
    found = model.estimate(reading)
    low = found < model.low_below
    held = held_out(known, ratings[learned], groups, fit_satisfaction)
    found[learned], low[learned] = held.estimates, held.called_low
    figures = errors(ratings[learned], held, groups)
    return Estimates("trained", _table(names, found, low, ratings), figures, len(learned))


def _learned_from(told: pd.DataFrame, needed: SatisfactionSettings) -> np.ndarray | None:
    """Return the rows to learn from, the newest surveys; None where they are not enough."""
    rated = told.assign(row=np.arange(len(told))).dropna(subset="rating").sort_values("at")
    rated = rated.tail(needed.most_surveys)
    low = int((rated["rating"] < LOW).sum())
    least = min(low, len(rated) - low)
    enough = len(rated) >= needed.least_surveys and least >= needed.least_low
    several = rated["customer_id"].fillna(rated["row"].astype("str")).nunique() >= _GROUPS
    return np.sort(rated["row"].to_numpy(np.int64)) if enough and several else None


_GROUPS = 10  # customers, below which nothing can be held out


def _surveyed(tables: Tables) -> pd.DataFrame:
    """Return the mean rating of each surveyed conversation, its customer and its last answer."""
    surveys = tables.chats.surveys.filter(_.rating.between(LOWEST, HIGHEST))
    told = surveys.group_by("conversation_id").agg(
        rating=_.rating.mean(), at=_.at.max(), customer_id=_.customer_id.max()
    )
    return cast("pd.DataFrame", told.to_pandas()).set_index("conversation_id")


def _read(tables: Tables) -> tuple[list[str], Reading, FloatArray]:
    """Return conversations with analyzed words of the customer: names, words, mean polarity."""
    rows = _spoken(tables).to_pandas()
    heard = rows[rows["polarity"].notna()].groupby("conversation_id")["polarity"].mean()
    rows = rows[rows["conversation_id"].isin(heard.index)]
    names: list[str] = []
    parts: list[list[Turn]] = []
    columns = rows[["conversation_id", "what", "text", "polarity"]]
    for name, what, text, tone in columns.itertuples(index=False, name=None):
        if not names or names[-1] != name:
            names.append(str(name))
            parts.append([])
        by: Literal["customer", "agent"] = "customer" if what == "customer" else "agent"
        parts[-1].append(Turn(by, text, 0.0 if np.isnan(tone) else float(tone)))
    return names, read_conversations(parts), heard.reindex(names).to_numpy(np.float32)


def _spoken(tables: Tables) -> Table:
    """Return what either side said, with the polarity of customers' texts, in order."""
    chats = tables.chats
    store = Store(tables.workspace.store)
    words = stored_messages(chats.connection, store).select("message_id", "text")
    tones = tables.texts().select(message_id="text_id", polarity=_.polarity.cast("float64"))
    rows = chats.messages.filter(_.what.isin(_SPOKEN))
    rows = rows.select("message_id", "conversation_id", "what", "at")
    rows = rows.inner_join(words, "message_id").left_join(tones, "message_id")
    return rows.mutate(text=_.text.fill_null("")).order_by("conversation_id", "at", "message_id")


def _table(names: list[str], found: FloatArray, low: np.ndarray, ratings: FloatArray) -> pa.Table:
    return pa.table(
        {
            "conversation_id": pa.array(names, pa.string()),
            "estimate": pa.array(found, pa.float64()),
            "low": pa.array(low, pa.bool_()),
            "rating": pa.array(ratings, pa.float64(), from_pandas=True),
            "surveyed": pa.array(~np.isnan(ratings), pa.bool_()),
        }
    )
