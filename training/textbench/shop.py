"""Sentiment and category of Chinese shop reviews, online-shopping-10-cats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from training.textbench.corpora import shop, split
from training.textbench.encode import encoder
from training.textbench.learned import Contender, compared
from training.textbench.row import Row

_REFERENCES = {  # char n-grams with a linear SVC, by other code, repeats included
    "sentiment, repeats": {"accuracy": 0.939},
    "category, repeats": {"accuracy": 0.902},
}


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield accuracy and macro-F1 of both questions on a fifth of the reviews.

    With repeated reviews, so that it compares with figures of others, and each review once, which
    is harder: nothing that is asked was learned.
    """
    for question, rows in shop(data).items():
        known = _REFERENCES.get(question, {})
        trained = Contender("trained", "trained", references=known)
        fused = Contender("fused use", "fused", encoder(cache, "use"), known)
        yield from compared(
            split(rows),
            (trained, fused) if known else (trained,),
            dataset="online-shopping-10-cats",
            protocol=f"{question if known else f'{question}, distinct texts'}, 80/20 stratified",
        )
