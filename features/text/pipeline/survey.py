"""The first look at all texts: how many there are, which, and what may be fitted on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.text.base import HASH_BYTES, content_hash, fingerprint
from features.text.context.readings import Readings
from features.text.pipeline.collect import known_before, stream
from features.text.pipeline.corpus import Corpus
from features.text.pipeline.settings import TextSettings
from ingest.store import Store


@dataclass(frozen=True)
class Survey:
    """What there is to analyze.

    Parameters
    ----------
    texts, simulated : int
        All texts, and those of them that a simulation wrote.
    digest : str
        Changes whenever a text or anything given about it does.
    hashes : numpy.ndarray
        uint8 [n, 16], content hash of every text in every way it is read.
    corpus : Corpus
        What transforms may be fitted on.
    readings : Readings
        How texts are read.
    """

    texts: int
    simulated: int
    digest: str
    hashes: NDArray[np.uint8]
    corpus: Corpus
    readings: Readings


def survey(store: Store, settings: TextSettings, readings: Readings) -> Survey:
    """Read all texts once, keeping little of them."""
    digest = hashlib.blake2b(digest_size=16)
    hashes = bytearray()
    texts = simulated = 0

    def known() -> Iterator[pa.Table]:
        nonlocal texts, simulated
        for table in stream(store):
            read = readings.of(table)
            for row in zip(*read.values(), strict=True):
                hashes.extend(b"".join(map(content_hash, dict.fromkeys(row))))
            digest.update(fingerprint(read["window"]).encode())
            texts += table.num_rows
            simulated += pc.sum(pc.equal(table["source"], "simulated")).as_py() or 0
            for batch in table.to_batches():
                digest.update(batch.serialize())
            own = pa.array(read["own"], pa.string())
            place = table.schema.get_field_index("text")
            yield known_before(table.set_column(place, "text", own), settings.fit_until)

    corpus = Corpus.of(known(), texts=settings.max_fit_texts, rated=settings.max_rated)
    rows = np.frombuffer(bytes(hashes), dtype=np.uint8).reshape(-1, HASH_BYTES)
    return Survey(texts, simulated, digest.hexdigest(), rows, corpus, readings)
