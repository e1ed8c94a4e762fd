"""Time text analysis end to end on generated short texts, half Chinese, half English.

    python tests/benchmarks/bench_text.py --texts 12000 --rated 0.5

Prints a table and writes data/reports/speed.json: texts a second of a first run (fitting
included), of a run that finds nothing new and of one that finds 100 new texts, and the peak memory.
"""

# ruff: noqa: E402 (thread counts are set before numpy is imported; a script prints)

from __future__ import annotations

import argparse
import random
import resource
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pyarrow as pa

from ingest.runtime import prepare

prepare()

from kept import keep

from features.text.language import language_of
from features.text.run import TextSettings, analyze_texts
from features.text.sentiment_data import seeds
from ingest.store import Store
from ingest.workspace import Workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
STARS = {0: (1.0, 2.0), 1: (3.0,), 2: (4.0, 5.0)}


def sentences(generator: random.Random) -> Iterator[tuple[str, int]]:
    """Yield distinct short texts, Chinese and English in turn, with the label of the first part."""
    by_language = {
        language: [seed for seed in seeds() if language_of(seed[0]) == language]
        for language in ("zh", "en")
    }
    seen: set[str] = set()
    while True:
        for language, glue in (("zh", ","), ("en", " ")):
            (first, label), (second, _) = generator.sample(by_language[language], 2)
            text = f"{first}{glue}{second}{generator.choice(['', '!', ' 👍', '…'])}"
            if text not in seen:
                seen.add(text)
                yield text, label


def feedback(rows: list[tuple[str, int]], offset: int, rated: float, seed: int) -> pa.Table:
    """Return rows of the feedback table for these texts."""
    generator = random.Random(seed)
    records = [
        {
            "feedback_id": f"f{offset + number}",
            "source": "bench",
            "customer_id": f"c{generator.randrange(2000)}",
            "item_id": f"i{generator.randrange(300)}",
            "kind": "review",
            "title": None,
            "text": text,
            "rating": generator.choice(STARS[label]) if generator.random() < rated else None,
            "occurred_at": START + timedelta(minutes=offset + number),
            "available_at": START + timedelta(minutes=offset + number),
            "attributes": None,
        }
        for number, (text, label) in enumerate(rows)
    ]
    return pa.Table.from_pylist(records)


def peak_mb() -> float:
    """Return the largest resident memory of this process and of its largest child, in MB."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


def main() -> None:
    """Run the three runs and report them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=12_000)
    parser.add_argument("--rated", type=float, default=0.5, help="share of texts with stars")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    source = sentences(random.Random(1))
    many = [next(source) for _ in range(arguments.texts)]
    few = [next(source) for _ in range(100)]
    settings = TextSettings(workers=arguments.workers, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "bench")
        store = Store(workspace.store)
        store.add("feedback", feedback(many, 0, arguments.rated, 2))
        for name, added in (("first run", None), ("nothing new", None), ("100 new", few)):
            if added:
                store.add("feedback", feedback(added, len(many), arguments.rated, 3))
            started = perf_counter()
            table = analyze_texts(store, workspace, settings)
            seconds = perf_counter() - started
            speed = table.num_rows / seconds
            keep(__file__, "texts_per_second", speed, on=f"{table.num_rows} texts, {name}")
    keep(__file__, "peak_mb", peak_mb(), on=f"{arguments.texts} texts")


if __name__ == "__main__":
    main()
