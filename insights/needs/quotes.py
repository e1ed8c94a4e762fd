"""What customers wrote about a need, verbatim but for personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
import pandas as pd
from ibis import _
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table
from pydantic import BaseModel, ConfigDict, Field

from features.text.pii.mask import mask
from features.text.sentences import sentences

LONGEST = 200  # characters of a quote
_LEAST = 8  # characters of a text that is worth quoting where there are longer ones
_LOOKED_AT = 12  # texts of a need among which quotes are chosen
_ALIKE = 0.5  # share of common character pairs from which two quotes say the same


class Quote(BaseModel):
    """Words of a customer with the record they are from.

    Parameters
    ----------
    text_id : str
        Id of the message or of the feedback.
    source : str
        Where the record came from.
    at : datetime
        When it was written, UTC.
    text : str
        The words, personal data masked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text_id: str = Field(min_length=1)
    source: str
    at: datetime
    text: str = Field(min_length=1, max_length=LONGEST)


def excerpt(text: str, start: int | None, end: int | None) -> str:
    """Return the words of a text that show a need, masked: a short text whole, else sentences.

    Parameters
    ----------
    text : str
        What was written.
    start, end : int or None
        Place of the words that show it; None where the whole text does.
    """
    whole = text.strip()
    if len(whole) <= LONGEST:
        return mask(whole)[:LONGEST]
    parts = sentences(text) or [(0, len(text))]
    first, last = (0, parts[0][1]) if start is None or end is None else (start, end)
    touched = [part for part in parts if part[0] < last and part[1] > first] or parts[:1]
    return mask(text[touched[0][0] : touched[-1][1]])[:LONGEST].strip()


def quotes(
    rows: Table, connection: Backend, file: str, *, count: int
) -> dict[str, tuple[Quote, ...]]:
    """Return the quotes of each need: those that show it best, of different customers.

    Parameters
    ----------
    rows : ibis Table
        Texts with the needs they carry.
    connection : ibis.backends.duckdb.Backend
        Reads the texts.
    file : str
        Parquet file with text_id and text.
    count : int
        Most quotes of a need.
    """
    fits = (_.length >= _LEAST) & (_.length <= LONGEST)
    order = [fits.desc(), _.score.desc(), _.at.desc(), _.text_id]
    place = ibis.row_number().over(ibis.window(group_by="need", order_by=order))
    best = rows.mutate(place=place).filter(_.place < _LOOKED_AT)
    wanted = best.select(
        "need", "text_id", "source", "customer_id", "occurred_at", "start", "end", "place"
    ).to_pandas()
    stored = connection.read_parquet(file).select("text_id", "text")
    known = ibis.memtable({"text_id": sorted(set(wanted["text_id"]))}, schema={"text_id": "string"})
    texts = stored.semi_join(known, "text_id").to_pandas().set_index("text_id")["text"].to_dict()
    return {
        str(need): _chosen(part.to_dict("records"), texts, count)
        for need, part in wanted.sort_values(["need", "place"]).groupby("need", sort=True)
    }


def _chosen(
    rows: Sequence[Mapping[Any, Any]], texts: Mapping[str, str], count: int
) -> tuple[Quote, ...]:
    chosen: list[Quote] = []
    kept: list[tuple[object, set[str]]] = []
    for row in rows:
        start, end = (None if pd.isna(row[name]) else int(row[name]) for name in ("start", "end"))
        words = excerpt(texts[row["text_id"]], start, end)
        pairs = {words[place : place + 2] for place in range(max(len(words) - 1, 1))}
        if any(_same(row["customer_id"], pairs, *other) for other in kept):
            continue
        kept.append((row["customer_id"], pairs))
        at = pd.Timestamp(row["occurred_at"]).to_pydatetime()
        chosen.append(Quote(text_id=row["text_id"], source=row["source"], at=at, text=words))
        if len(chosen) == count:
            break
    return tuple(chosen)


def _same(customer: object, pairs: set[str], other: object, others: set[str]) -> bool:
    alike = len(pairs & others) >= _ALIKE * min(len(pairs), len(others))
    return alike or (isinstance(customer, str) and customer == other)
