"""What 32, 100 and 300 labels are worth for the sentiment of Chinese reviews."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

from features.text.classifier.examples import Labeled
from features.text.sentiment.fit import seed_examples
from training.textbench.corpora import Split, shop_sample, split, waimai
from training.textbench.encode import encoder
from training.textbench.learned import SEEDS, Contender, answers, fitted, over_draws
from training.textbench.row import Row

COUNTS = (32, 100, 300)
_REFERENCES = {  # e5 with logistic regression, by other code
    "waimai-10k": (0.823, 0.835, 0.842),
    "online-shopping-10-cats": (0.860, 0.884, 0.891),
}


def measure(data: Path, cache: Path) -> Iterator[Row]:
    """Yield macro-F1 by number of labels, mean over draws of these labels."""
    sets = {
        "waimai-10k": split(waimai(data)),
        "online-shopping-10-cats": split(shop_sample(data), share=0.5),
    }
    both = encoder(cache, "use", "e5")
    contenders = (
        Contender("trained", "trained"),
        Contender("few-shot e5", "few-shot", encoder(cache, "e5")),
        Contender("auto use + e5", "auto", both),
        Contender("auto use + e5, with seed sentences", "auto", both, support=_seeds()),
    )
    for dataset, parts in sets.items():
        for count, reference in zip(COUNTS, _REFERENCES[dataset], strict=True):
            for contender in contenders:
                yield over_draws(
                    [_drawn(parts, contender, count, seed) for seed in range(SEEDS)],
                    dataset=dataset,
                    protocol=f"{count} labels",
                    model=contender.name,
                    metric="macro_f1",
                    n=len(parts.test),
                    reference=reference,
                )


def _seeds() -> Labeled:
    """Return the house's own sentences of either pole, which need nobody's labels."""
    own = seed_examples()
    return own.take([row for row, label in enumerate(own.labels) if label != "neutral"])


def _drawn(parts: Split, contender: Contender, count: int, seed: int) -> float:
    rows, _ = train_test_split(
        np.arange(len(parts.train)), train_size=count, stratify=parts.train.labels,
        random_state=seed,
    )  # fmt: skip
    said = answers(fitted(parts.train.take(rows), contender), parts.test)
    return float(f1_score(parts.test.labels, said, average="macro"))
