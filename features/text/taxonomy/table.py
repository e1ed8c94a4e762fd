"""``labels.parquet``: where each text belongs in each taxonomy that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from features.text.taxonomy.chosen import analyzer_name
from features.text.taxonomy.classify import outside
from features.text.taxonomy.taxonomy import Taxonomy

LABELS = pa.schema(
    [
        ("text_id", pa.string()),
        ("taxonomy", pa.string()),
        ("label", pa.string()),
        ("confidence", pa.float32()),
        ("owner", pa.string()),
    ]
)


class LabelsOutput:
    """``labels``: where each text belongs in each taxonomy that was asked for.

    Parameters
    ----------
    taxonomies : sequence of Taxonomy
        In the order of the rows; each was classified by an analyzer :func:`analyzer_name`.
    """

    name = "labels"
    schema = LABELS
    version = "1"

    def __init__(self, taxonomies: Sequence[Taxonomy]) -> None:
        self._taxonomies = taxonomies
        self.reads = tuple(analyzer_name(taxonomy.name) for taxonomy in taxonomies)

    def rows(self, batch: pa.Table, found: Mapping[str, pa.Table]) -> pa.Table:
        """Return a row a text and taxonomy, one taxonomy after another."""
        tables = [_labeled(batch, found[analyzer_name(one.name)], one) for one in self._taxonomies]
        return pa.concat_tables(tables)


def sentences(taxonomies: Sequence[Taxonomy]) -> set[str]:
    """Return every sentence that these taxonomies are learned or measured with."""
    if not taxonomies:
        return set()
    found = set(outside())
    for label in (label for taxonomy in taxonomies for label in taxonomy.labels):
        found |= {*label.title.values(), label.description}
        found |= {text for examples in label.examples.values() for text in examples}
    return found


def _labeled(batch: pa.Table, answers: pa.Table, taxonomy: Taxonomy) -> pa.Table:
    codes = answers["label"].to_pylist()
    owner = {code: taxonomy.owner_of(code) for code in set(codes)}
    columns = {
        "text_id": batch["text_id"],
        "taxonomy": pa.repeat(taxonomy.name, len(codes)),
        "label": answers["label"],
        "confidence": answers["confidence"],
        "owner": [owner[code] for code in codes],
    }
    return pa.table(columns).cast(LABELS)
