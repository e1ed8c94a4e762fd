"""Time the recognizers of personal data, and count what they find and miss on labeled messages.

    python tests/benchmarks/bench_pii.py --texts 4000

The reference of speed, in the same run, is the least one could do: one regular expression that
finds e-mail addresses and eleven-digit numbers. Messages are made by construction in
``pii_messages.py``; "fresh" ones use sentences written after the patterns. What these showed, names
without a word that announces them, led to one more recognizer; they are no longer unseen for that.
Prints two tables and writes data/reports/pii.json.
"""

# ruff: noqa: E402, T201 (thread counts are set before numpy is imported; a script prints)

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from pii_messages import Message, messages

from ingest.runtime import prepare

prepare()

from features.text.entities.recognize import find_entities
from features.text.pii.mask import mask
from features.text.pii.recognize import find_pii

REPORT = Path(__file__).parents[2] / "data" / "reports" / "pii.json"
PLAIN = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<!\d)1\d{10}(?!\d)", re.ASCII)
ROUNDS = 3


def quality(labeled: Sequence[Message]) -> dict[str, tuple[float, float, int]]:
    """Return precision, recall and number of spans of each kind, and of all; exact ones count."""
    right, found, there = Counter[str](), Counter[str](), Counter[str]()
    for message in labeled:
        got = {(span.kind, span.start, span.end) for span in find_pii(message.text)}
        for counter, spans in (
            (right, got & set(message.spans)),
            (found, got),
            (there, message.spans),
        ):
            counter.update(kind for kind, _, _ in spans)
            counter["all"] += len(spans)
    return {
        kind: (right[kind] / max(1, found[kind]), right[kind] / max(1, there[kind]), there[kind])
        for kind in sorted(there)
    }


def speed(work: Callable[[str], Any], texts: Sequence[str]) -> float:
    """Return texts a second, the best of a few rounds."""
    best = 0.0
    for _ in range(ROUNDS):
        started = perf_counter()
        for text in texts:
            work(text)
        best = max(best, len(texts) / (perf_counter() - started))
    return best


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=4000)
    count = parser.parse_args().texts
    rows: list[dict[str, Any]] = []
    print(f"{'set':6} {'kind':13} precision  recall     n")
    for name, fresh in (("first", False), ("fresh", True)):
        for kind, (precision, recall, n) in quality(messages(count, fresh=fresh)).items():
            print(f"{name:6} {kind:13} {precision:9.3f} {recall:7.3f} {n:5}")
            given = {"dataset": f"constructed, {name}", "protocol": "exact spans", "model": kind}
            for metric, value in (("precision", precision), ("recall", recall)):
                rows.append(given | {"metric": metric, "value": round(value, 4), "n": n})
    texts = [message.text for message in messages(count)]
    works = {"plain e-mail and phone": PLAIN.findall, "find_pii": find_pii, "mask": mask,
             "find_entities": find_entities}  # fmt: skip
    speeds = {name: speed(work, texts) for name, work in works.items()}
    reference = speeds["plain e-mail and phone"]
    for name, value in speeds.items():
        print(f"{name:24} {value:10.0f} texts/s  {value / reference:7.4f} of the reference")
        rows.append({"dataset": "constructed, first", "protocol": "one process", "model": name,
                     "metric": "texts_per_second", "value": round(value, 1), "n": len(texts),
                     "reference": round(reference, 1),
                     "ratio": round(value / reference, 5)})  # fmt: skip
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
