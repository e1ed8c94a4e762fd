"""The words that tell a need from everything else customers write."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from features.text.keywords.contrast import log_odds

_WORDS = 3000  # most frequent keywords that are looked at
_LEAST = 2  # texts of a need that a word must be in
_MOST = 5
_SURE = 1.0  # z-score from which a word tells something
_NONE = ""  # texts that carry no need


def telling_words(texts: Table, rows: Table) -> Mapping[str, tuple[str, ...]]:
    """Return up to five words of each need, the most telling first.

    Parameters
    ----------
    texts, rows : ibis Table
        All texts, and those with needs, both with text_id and keywords.
    """
    rest = texts.anti_join(rows, "text_id").mutate(need=ibis.literal(_NONE))
    names = ("text_id", "need", "keywords")
    both = rows.select(*names).union(rest.select(*names))
    said = both.select("need", word=_.keywords.unnest()).group_by("need", "word").agg(n=_.count())
    frequent = said.group_by("word").agg(all=_.n.sum()).order_by(_["all"].desc(), "word")
    counted = said.semi_join(frequent.limit(_WORDS), "word").to_pandas()
    if counted.empty:
        return {}
    grid = counted.pivot_table(index="need", columns="word", values="n", fill_value=0)
    _ratio, z = log_odds(grid.to_numpy(dtype=np.float64))
    scores = pd.DataFrame(np.where(grid >= _LEAST, z, 0.0), index=grid.index, columns=grid.columns)
    return {str(need): _best(row) for need, row in scores.iterrows() if need != _NONE}


def _best(row: pd.Series[float]) -> tuple[str, ...]:
    sure = row[row >= _SURE]
    order = sorted(sure.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return tuple(str(word) for word, _score in order[:_MOST])
