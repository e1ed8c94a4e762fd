"""``conversation_keywords.parquet`` and ``period_keywords.parquet``: beyond the single text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

from features.text.codec import STRINGS
from features.text.keywords.analyzer import KeywordAnalyzer
from features.text.keywords.contrast import log_odds
from features.text.keywords.dictionary import PLAIN, Dictionary

Period = Literal["day", "week", "month"]

MIN_TEXTS = 3  # texts of a period that a word must be in: one person's word is no trend
MIN_Z = 2.58  # two-sided 1 % of a normal distribution
_TIME = pa.timestamp("us", tz="UTC")
CONVERSATIONS = pa.schema([("conversation_id", pa.string()), ("keywords", STRINGS)])
PERIODS = pa.schema(
    [
        ("period", pa.string()),
        ("since", _TIME),
        ("rank", pa.int32()),
        ("word", pa.string()),
        ("texts", pa.int64()),
        ("of", pa.int64()),
        ("log_odds", pa.float64()),
        ("z", pa.float64()),
    ]
)


def conversation_keywords(rows: pa.Table, analyzer: KeywordAnalyzer) -> pa.Table:
    """Return the keywords of each conversation, from all that was said in it.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns ``conversation_id``, ``occurred_at`` and ``text``; rows without conversation are
        left out.
    analyzer : KeywordAnalyzer
        Knows how rare words are.
    """
    told = rows.filter(pc.is_valid(rows["conversation_id"]))
    told = told.sort_by([("conversation_id", "ascending"), ("occurred_at", "ascending")])
    said: dict[str, list[str]] = {}
    for name, text in zip(
        told["conversation_id"].to_pylist(), told["text"].to_pylist(), strict=True
    ):
        said.setdefault(name, []).append(text)
    found = [analyzer.of_all(texts) for texts in said.values()]
    return pa.table({"conversation_id": list(said), "keywords": found}, schema=CONVERSATIONS)


def period_keywords(
    rows: pa.Table,
    *,
    period: Period = "week",
    zone: str = "UTC",
    count: int = 20,
    dictionary: Dictionary = PLAIN,
) -> pa.Table:
    """Return the words that set each period apart from all others.

    Parameters
    ----------
    rows : pyarrow.Table
        Columns ``occurred_at`` and ``text``. A text counts once for each of its words.
    period : str
        ``day``, ``week`` (from Monday) or ``month``, in the calendar of ``zone``.
    zone : str
        IANA name of a time zone.
    count : int
        Most words of one period.
    dictionary : Dictionary
        Words that the business added.

    Returns
    -------
    pyarrow.Table
        With the columns of :data:`PERIODS`: of each period the words with a z-score of at least
        2.58 that are in three of its texts or more, the most telling first.
    """
    local = rows["occurred_at"].cast(pa.timestamp("us", tz=zone))
    starts = pc.floor_temporal(local, unit=period).cast(_TIME).to_numpy().astype("datetime64[us]")
    since, place = np.unique(starts, return_inverse=True)
    told = [set(dictionary.words_of(text)) for text in rows["text"].to_pylist()]
    counts, names = _counts(told, place, len(since))
    _, of = np.unique(place, return_counts=True)
    ratio, z = log_odds(counts)
    found = []
    for row in range(len(since)):
        telling = np.flatnonzero((z[row] >= MIN_Z) & (counts[row] >= MIN_TEXTS))
        order = telling[np.argsort(-z[row, telling], kind="stable")][:count]
        found += [
            {"period": period, "since": since[row].item(), "rank": rank, "word": names[word],
             "texts": int(counts[row, word]), "of": int(of[row]),
             "log_odds": float(ratio[row, word]), "z": float(z[row, word])}
            for rank, word in enumerate(order.tolist(), start=1)
        ]  # fmt: skip
    return pa.Table.from_pylist(found, schema=PERIODS)


def write_keywords(
    folder: Path,
    rows: pa.Table,
    analyzer: KeywordAnalyzer,
    *,
    zone: str = "UTC",
    periods: Iterable[Period] = ("week", "month"),
) -> None:
    """Write the keywords of conversations and of periods.

    Parameters
    ----------
    folder : Path
        Gets ``conversation_keywords.parquet`` and ``period_keywords.parquet``.
    rows : pyarrow.Table
        Columns ``conversation_id`` (null: none), ``occurred_at`` and ``text``.
    analyzer : KeywordAnalyzer
        Knows how rare words are, and which words were added.
    zone : str
        The calendar of the periods.
    periods : iterable of str
        Which of them.
    """
    dictionary = analyzer.dictionary
    told = [period_keywords(rows, period=p, zone=zone, dictionary=dictionary) for p in periods]
    _keep(folder / "conversation_keywords.parquet", conversation_keywords(rows, analyzer))
    _keep(folder / "period_keywords.parquet", pa.concat_tables([PERIODS.empty_table(), *told]))


def _counts(told: list[set[str]], place: np.ndarray, groups: int) -> tuple[np.ndarray, list[str]]:
    """Return in how many texts of each group each word is, for words that can set one apart."""
    names = sorted(set().union(*told))
    number = {name: column for column, name in enumerate(names)}
    columns = [sorted(number[word] for word in text) for text in told]
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((c for text in columns for c in text), np.int64, int(starts[-1]))
    texts = sp.csr_matrix((np.ones(len(flat)), flat, starts), (len(told), len(names)))
    member = sp.csr_matrix((np.ones(len(told)), (place, np.arange(len(told)))), (groups, len(told)))
    often = np.flatnonzero(np.asarray(texts.sum(axis=0)).ravel() >= MIN_TEXTS)
    names = [names[column] for column in often.tolist()]
    counts = np.asarray((member @ texts[:, often]).todense())
    keep = np.flatnonzero(counts.max(axis=0, initial=0) >= MIN_TEXTS)
    return counts[:, keep], [names[column] for column in keep.tolist()]


def _keep(path: Path, table: pa.Table) -> None:
    draft = path.with_suffix(".draft")
    pq.write_table(table, draft, compression="zstd")
    draft.replace(path)
