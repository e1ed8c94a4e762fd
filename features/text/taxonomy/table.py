"""``labels.parquet``: where each text belongs in each taxonomy that was asked for."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from features.text.embed import as_matrix
from features.text.settings import TextSettings
from features.text.taxonomy.classify import FewShotClassifier, Vectors, outside
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

    Writes ``labels.parquet``, with the columns of :data:`LABELS`, and ``labels.json``: how good
    each classifier is on held-out examples, and its threshold.

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
    classifiers = [
        FewShotClassifier(taxonomy=named_taxonomy(name), vectors=vectors)
        for name in settings.taxonomies
    ]
    draft = table.with_suffix(".draft")
    texts = pq.ParquetFile(folder / "texts.parquet")
    with pq.ParquetWriter(draft, LABELS, compression="zstd") as writer:
        for batch in texts.iter_batches(settings.batch, columns=["text_id", "embedding"]):
            for classifier in classifiers:
                writer.write_table(_labeled(batch, classifier))
    draft.replace(table)
    quality = {classifier.name: classifier.report() for classifier in classifiers}
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


def _labeled(batch: pa.RecordBatch, classifier: FewShotClassifier) -> pa.Table:
    matrix = as_matrix(pa.chunked_array([batch["embedding"]]))
    label, confidence = classifier.labels(matrix).columns
    codes = label.to_pylist()
    owner = {code: classifier.taxonomy.owner_of(code) for code in set(codes)}
    columns = {
        "text_id": batch["text_id"],
        "taxonomy": pa.repeat(classifier.name, len(codes)),
        "label": label,
        "confidence": confidence,
        "owner": [owner[code] for code in codes],
    }
    return pa.table(columns).cast(LABELS)
