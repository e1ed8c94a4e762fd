"""Time reading pictures offline, and count the characters that are read wrong.

    python tests/benchmarks/bench_ocr.py --threads 2 --rounds 3

Business cards, orders and chats are drawn with an installed font, in both languages, with our own
words: clean pictures, so that the error is a lower bound of what photographs give. Seconds are the
median over pictures of the best of a few rounds; the processor's own time, which other programs do
not change, stands beside them with the machine's load. The limit is 1.2 s a picture.
"""

# ruff: noqa: E402 (thread counts are set before numpy is imported; a script prints)

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import mean, median
from time import perf_counter, process_time

from ingest.runtime import prepare

prepare()

from kept import keep
from rapidfuzz.distance import Levenshtein

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from features.text.normalize import normalize
from features.text.ocr.engine import Reader
from tests.features.text.ocr.drawn import (
    CARDS,
    CHAT,
    CHAT_EN,
    ORDER,
    ORDER_EN,
    card,
    chat,
    encoded,
)

LIMIT = 1.2


def pictures() -> list[tuple[str, str, bytes]]:
    """Return what each picture is, what stands in it, and the picture."""
    found = [("cards", "".join(lines), encoded(card(lines))) for lines in CARDS]
    found += [
        ("orders", "".join(lines), encoded(card(lines, height=700))) for lines in (ORDER, ORDER_EN)
    ]
    found += [
        ("chats", "".join(text for _, text in turns), encoded(chat(turns)))
        for turns in (CHAT, CHAT_EN)
    ]
    return found


def plain(text: str) -> str:
    """Return the text without white space and in ordinary forms, which is what is compared."""
    return normalize(text).replace(" ", "")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    reader = Reader(threads=arguments.threads)
    drawn = pictures()
    started = perf_counter()
    reader.read(drawn[0][2])
    keep(__file__, "first_seconds", perf_counter() - started, on="one card, models loaded")
    wrong: dict[str, int] = {}
    there: dict[str, int] = {}
    seconds, processor = [], []
    for kind, expected, data in drawn:
        best = []
        for _ in range(arguments.rounds):
            wall, own = perf_counter(), process_time()
            lines = reader.read(data)
            best.append((perf_counter() - wall, process_time() - own))
        seconds.append(min(best)[0])
        processor.append(min(own for _, own in best))
        read = plain("".join(line.text for line in lines))
        wrong[kind] = wrong.get(kind, 0) + Levenshtein.distance(read, plain(expected))
        there[kind] = there.get(kind, 0) + len(plain(expected))
    on = f"{len(drawn)} drawn pictures, {arguments.threads} threads"
    keep(__file__, "seconds", median(seconds), on=on, against="limit", reference=LIMIT)
    keep(__file__, "processor_seconds", mean(processor), on=on)
    keep(__file__, "load", os.getloadavg()[0], on=on)
    for kind, count in there.items():
        keep(__file__, "character_error_rate", wrong[kind] / count, on=f"drawn {kind}")


if __name__ == "__main__":
    main()
