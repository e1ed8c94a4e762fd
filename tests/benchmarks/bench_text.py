"""Time text analysis end to end on generated short texts, half Chinese, half English.

    python tests/benchmarks/bench_text.py --texts 100000 1000000 --preset fast

Prints lines and writes data/reports/speed.json: texts a second of a first run, the seconds it took
to learn before, seconds of a run that finds nothing new and of one that finds 100 new texts, and
the peak memory (this process and all its children, looked at ten times a second), for presets of
conf/text.
"""

# ruff: noqa: E402, T201 (it starts itself; thread counts are set before numpy is imported; a script prints)

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, islice, product
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import psutil
import pyarrow as pa
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare

prepare()

from kept import keep

from features.text.language import language_of
from features.text.pipeline.run import write_texts
from features.text.sentiment.data import seeds
from ingest.configuration import configuration
from ingest.store import Store
from ingest.workspace import Workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
LEAST = {"fast": 2000.0, "vectors": 400.0}  # texts a second
MOST = 60.0  # seconds of a run that finds nothing new among a million texts
VISIT = {"zh": ",第{}次买", "en": ", purchase {} here"}  # a million distinct texts need more to say
ENDINGS = ("", "!", " 👍", "…")
STRIDE = 1_000_003  # a prime, so that neighbors differ in everything and none comes twice
PART = 20_000  # texts generated and stored at a time
STARS = {0: (1.0, 2.0), 1: (3.0,), 2: (4.0, 5.0)}


@cache
def written(language: str) -> tuple[tuple[str, int], ...]:
    """Return the seed sentences of a language with their labels."""
    return tuple(seed for seed in seeds() if language_of(seed[0]) == language)


def sentences(start: int = 0) -> Iterator[tuple[str, int]]:
    """Yield distinct short texts, Chinese and English in turn, with the label of the first part.

    The place of a text among all there are says what it is, so that none need be remembered.
    """
    for place in count(start):
        language, glue = (("zh", ","), ("en", " "))[place % 2]
        known = written(language)
        rest, ending = divmod(place // 2 * STRIDE, len(ENDINGS))
        rest, times = divmod(rest, 99)
        rest, first = divmod(rest, len(known))
        second = (first + 1 + rest % (len(known) - 1)) % len(known)
        text, label = known[first]
        told = VISIT[language].format(times + 1)
        yield f"{text}{glue}{known[second][0]}{told}{ENDINGS[ending]}", label


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


def load(store: Store, texts: int, rated: float) -> Iterator[tuple[str, int]]:
    """Fill the feedback table, a part at a time, and return where more texts come from."""
    source = sentences()
    for offset in range(0, texts, PART):
        many = list(islice(source, min(PART, texts - offset)))
        store.add("feedback", feedback(many, offset, rated, 2 + offset))
    return source


def measure(texts: int, rated: float, workers: int, preset: str) -> None:
    """Analyze so many texts, then again, then with 100 new ones; print a JSON object."""
    chosen = OmegaConf.to_container(_preset(preset), resolve=True)
    settings = instantiate({**chosen, "workers": workers, "progress": False})
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "bench")
        store = Store(workspace.store)
        source = load(store, texts, rated)
        peak = Peak()
        peak.start()
        for name in ("cold", "cached", "100 new"):
            if name == "100 new":
                few = list(islice(source, 100))
                store.add("feedback", feedback(few, texts, rated, 3))
            report = write_texts(store, workspace, settings)
            found[name] = {"seconds": report["seconds"], **report["seconds_by_part"]}
    print(json.dumps({**found, "peak_mb": peak.mb}))


def _preset(name: str) -> DictConfig:
    with initialize_config_dir(configuration(), version_base=None):
        return compose("features", overrides=[f"text={name}"]).text


class Peak(Thread):
    """Looks at the resident memory of this process and its children, and keeps the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.mb = 0.0

    def run(self) -> None:
        """Look until the process ends."""
        own = psutil.Process()
        while True:
            found = 0
            for process in (own, *own.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    found += process.memory_info().rss
            self.mb = max(self.mb, found / 1e6)
            sleep(0.1)


def main() -> None:
    """Measure every size in a process of its own and report it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, nargs="+", default=[12_000])
    parser.add_argument("--rated", type=float, default=0.5, help="share of texts with stars")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--preset", nargs="+", default=["fast", "vectors", "default"], help="of conf/text"
    )
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        measure(arguments.texts[0], arguments.rated, arguments.workers, arguments.preset[0])
        return
    for preset, texts in product(arguments.preset, arguments.texts):
        command = [sys.executable, __file__, "--one", "--texts", str(texts), "--preset", preset]
        command += ["--rated", str(arguments.rated), "--workers", str(arguments.workers)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures = json.loads(lines.splitlines()[-1])
        on = f"{texts:,} texts, text={preset}"
        cold, again, few = figures["cold"], figures["cached"], figures["100 new"]
        speed, least = texts / cold["analyze"], LEAST.get(preset)
        limit = {"against": "limit for a million", "reference": MOST}
        floor = {"against": "at least", "reference": least} if least else {}
        keep(__file__, "texts_per_second", speed, on=f"{on}, analyzing, nothing cached", **floor)
        keep(__file__, "seconds", cold["fit"], on=f"{on}, learning from them first")
        keep(__file__, "seconds", cold["seconds"], on=f"{on}, first run in all")
        keep(__file__, "seconds", again["seconds"], on=f"{on}, nothing new", **limit)
        keep(__file__, "seconds", few["seconds"], on=f"{on}, 100 new")
        keep(__file__, "peak_mb", figures["peak_mb"], on=on)


if __name__ == "__main__":
    main()
