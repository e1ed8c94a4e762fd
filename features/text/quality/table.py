"""``quality.json``: what share of each source is missing, repeated, spam, stickers or notices."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from features.text.base import Analyzer, content_hash
from features.text.clean.analyzer import CleanAnalyzer
from features.text.quality.analyzer import QualityAnalyzer

if TYPE_CHECKING:
    from ingest.store import Store

_COUNTED = ("spam", "non_informative", "gibberish", "near_empty")
_KINDS = {"sticker_only": "stickers_only", "system": "notices", "forwarded": "forwarded"}
_TEMPLATE_LETTERS, _TEMPLATE_WRITERS = 12, 3
_SHARED = ["source", "customer_id", "text"]
Counts = Counter[str]


def write_quality(
    folder: Path,
    store: Store,
    *,
    clean: Analyzer | None = None,
    quality: Analyzer | None = None,
    batch: int = 2048,
) -> list[dict[str, Any]]:
    """Count what is missing or of little use, by table and source, into ``folder/quality.json``.

    Parameters
    ----------
    folder : Path
        Where the file is written.
    store : Store
        Read: feedback, and every text message, those that were recalled only counted.
    clean, quality : Analyzer, optional
        Give the columns of :class:`CleanAnalyzer` and :class:`QualityAnalyzer`; those of a cache
        save work.
    batch : int
        Texts analyzed at a time.

    Returns
    -------
    list of dict
        One row a table and source: ``rows``, ``missing`` (no text), ``duplicates`` (a text seen
        before in that source), ``templates`` (texts of 12 characters or more that three or more
        people sent word by word), ``recalled``, ``stickers_only``, ``notices``, ``forwarded``,
        ``quoting``, ``spam``, ``non_informative``, ``gibberish``, ``near_empty``, and for each of
        them its share of rows, ``<name>_share``.
    """
    pair = (clean or CleanAnalyzer(), quality or QualityAnalyzer())
    rows: list[dict[str, Any]] = []
    for table, texts in _tables(store):
        for source in sorted(pc.unique(texts["source"]).to_pylist()):
            part = texts.filter(pc.equal(texts["source"], source))
            counts = _counts(part, pair, batch)
            rows.append({"table": table, "source": source, **_with_shares(counts)})
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "quality.draft"
    draft.write_bytes(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    draft.replace(folder / "quality.json")
    return rows


def _tables(store: Store) -> list[tuple[str, pa.Table]]:
    feedback = store.read("feedback", columns=_SHARED)
    flags = pa.repeat(pa.scalar(False), feedback.num_rows)
    messages = store.read(
        "messages", columns=[*_SHARED, "recalled"], filter=pc.field("kind") == "text"
    )
    return [("feedback", feedback.append_column("recalled", flags)), ("messages", messages)]


def _counts(rows: pa.Table, pair: tuple[Analyzer, Analyzer], batch: int) -> Counts:
    counts: Counts = Counter(rows=rows.num_rows)
    seen: set[bytes] = set()
    writers: dict[bytes, set[str | None]] = defaultdict(set)
    sent: Counter[bytes] = Counter()
    for part in rows.to_batches(max_chunksize=batch):
        texts = [text or "" for text in part["text"].to_pylist()]
        gone = part["recalled"].to_pylist()
        counts["recalled"] += sum(gone)
        living = [
            (text, who)
            for text, who, out in zip(texts, part["customer_id"].to_pylist(), gone, strict=True)
            if not out
        ]
        counts["missing"] += sum(not text.strip() for text, _ in living)
        filled = [(text.strip(), who) for text, who in living if text.strip()]
        for text, who in filled:
            key = content_hash(text)
            counts["duplicates"] += key in seen
            seen.add(key)
            if len(text) >= _TEMPLATE_LETTERS:
                writers[key].add(who)
                sent[key] += 1
        counts.update(_judged([text for text, _ in filled], pair))
    counts["templates"] = sum(
        sent[key] for key, people in writers.items() if len(people) >= _TEMPLATE_WRITERS
    )
    return counts


def _judged(texts: list[str], pair: tuple[Analyzer, Analyzer]) -> Counts:
    counts: Counts = Counter()
    clean, quality = pair[0].analyze(texts), pair[1].analyze(texts)
    for kind in clean["kind"].to_pylist():
        if kind in _KINDS:
            counts[_KINDS[kind]] += 1
    counts["quoting"] += sum(map(bool, clean["quoted"].to_pylist()))
    counts.update(found for found in quality["quality"].to_pylist() if found in _COUNTED)
    return counts


def _with_shares(counts: Counts) -> dict[str, Any]:
    names = ("missing", "duplicates", "templates", "recalled", *_KINDS.values(), "quoting")
    row: dict[str, Any] = {"rows": counts["rows"]}
    for name in (*names, *_COUNTED):
        row[name] = counts[name]
        row[f"{name}_share"] = round(counts[name] / max(1, counts["rows"]), 4)
    return row
