"""``labels.parquet``: where each text belongs in each taxonomy that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from features.text.cache import Cached, open_cache
from features.text.embed import Embedder, as_matrix
from features.text.settings import TextSettings
from features.text.taxonomy.chosen import STARTER, Chosen, FloatArray, classifier_for
from features.text.taxonomy.classify import Vectors, outside
from features.text.taxonomy.taxonomy import named_taxonomy

LABELS = pa.schema(
    [
        ("text_id", pa.string()),
        ("taxonomy", pa.string()),
        ("label", pa.string()),
        ("confidence", pa.float32()),
        ("owner", pa.string()),
    ]
)


def write_labels(folder: Path, vectors: Vectors, settings: TextSettings) -> None:
    """Label the texts of ``folder/texts.parquet`` by the vectors that it holds.

    Writes ``labels.parquet``, with the columns of :data:`LABELS`, and ``labels.json``: of which
    tier and version each classifier is, how good on held-out examples, and its threshold. What a
    promoted classifier said of a text is kept by its version in ``cache/texts.sqlite``; the product
    with the starter's prototypes costs less than looking it up.

    Parameters
    ----------
    folder : Path
        Where the results of text analysis are.
    vectors : callable
        Gives the sentence vectors of the taxonomies' examples.
    settings : TextSettings
        Where ``taxonomies`` is empty, older files are removed and nothing is done.
    """
    table, report = folder / "labels.parquet", folder / "labels.json"
    if not settings.taxonomies:
        table.unlink(missing_ok=True)
        report.unlink(missing_ok=True)
        return
    known = _Known(vectors)
    chosen = [classifier_for(named_taxonomy(name), folder, known) for name in settings.taxonomies]
    encoder = Embedder(characters=settings.characters).version
    draft = table.with_suffix(".draft")
    with (
        open_cache(folder / "cache" / "texts.sqlite") as connection,
        pq.ParquetWriter(draft, LABELS, compression="zstd") as writer,
    ):
        answers = [
            (each, None if each.tier == STARTER else Cached(_Versioned(each, encoder), connection))
            for each in chosen
        ]
        columns = ["text_id", "embedding"] + ["text"] * any(cached for _, cached in answers)
        texts = pq.ParquetFile(folder / "texts.parquet")
        for batch in texts.iter_batches(settings.batch, columns=columns):
            for each, cached in answers:
                writer.write_table(_labeled(batch, each, cached, known))
    draft.replace(table)
    quality = {each.taxonomy.name: each.report() for each in chosen}
    report.write_bytes(orjson.dumps(quality, option=orjson.OPT_INDENT_2))


def sentences(settings: TextSettings) -> set[str]:
    """Return every sentence that the taxonomies asked for are learned or measured with."""
    if not settings.taxonomies:
        return set()
    found = set(outside())
    for name in settings.taxonomies:
        for label in named_taxonomy(name).labels:
            found |= {*label.title.values(), label.description}
            found |= {text for examples in label.examples.values() for text in examples}
    return found


class _Known:
    """Vectors of the texts at hand, which were read beside them; others are asked for."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self.at_hand: dict[str, FloatArray] = {}

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        if texts and all(text in self.at_hand for text in texts):
            return np.stack([self.at_hand[text] for text in texts])
        return self._vectors(texts)


class _Versioned:
    """A classifier whose version says which encoder made the vectors, too."""

    def __init__(self, chosen: Chosen, encoder: str) -> None:
        self.name, self.schema = chosen.name, chosen.schema
        self.version = f"{chosen.version}:{encoder}"
        self.analyze = chosen.analyze


def _labeled(
    batch: pa.RecordBatch, chosen: Chosen, cached: Cached | None, known: _Known
) -> pa.Table:
    matrix = as_matrix(pa.chunked_array([batch["embedding"]]))
    if cached is None:
        found = chosen.labels([""] * len(matrix), matrix)  # the starter reads vectors only
    else:
        texts = batch["text"].to_pylist()
        known.at_hand = dict(zip(texts, matrix, strict=True))
        found = cached.analyze(texts)
    codes = found["label"].to_pylist()
    owner = {code: chosen.taxonomy.owner_of(code) for code in set(codes)}
    columns = {
        "text_id": batch["text_id"],
        "taxonomy": pa.repeat(chosen.taxonomy.name, len(codes)),
        "label": found["label"],
        "confidence": found["confidence"],
        "owner": [owner[code] for code in codes],
    }
    return pa.table(columns).cast(LABELS)
