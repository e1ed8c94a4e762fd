"""What is true about a simulated text, kept beside the workspace and never loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.sources.simulation.people import FIELDS

FILE = "simulated-truth.parquet"
SENTIMENTS = {"neg": "negative", "neu": "neutral", "pos": "positive"}
NEEDS = ("product_feature", "service_quality", "user_experience", "pricing", "other")

# A fact is carried through noise between two private-use characters; the first names its field.
_OPEN = {field: chr(0xE000 + at) for at, field in enumerate(FIELDS)}
_FIELD = {char: field for field, char in _OPEN.items()}
_CLOSE = "\ue0ff"
MARKED = re.compile(r"([\ue000-\ue0fe][^\ue0ff]*\ue0ff)")

SCHEMA = pa.schema(
    [
        pa.field("text_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("conversation_id", pa.string()),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string()),
        pa.field("language", pa.string(), nullable=False),
        pa.field("sentiment", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("need", pa.string(), nullable=False),
        pa.field(
            "aspects",
            pa.list_(pa.struct([("aspect", pa.string()), ("polarity", pa.string())])),
        ),
        pa.field(
            "facts",
            pa.list_(
                pa.struct(
                    [
                        ("field", pa.string()),
                        ("value", pa.string()),
                        ("start", pa.int32()),
                        ("end", pa.int32()),
                    ]
                )
            ),
        ),
    ]
)


@dataclass(frozen=True)
class Truth:
    """Labels of one text.

    Attributes
    ----------
    text_id, kind : str
        Key of the row in ``feedback`` or ``messages``, and which of the two: feedback or message.
    part : str
        What the text is in its setting: review, social, survey, hello, opening, answer, …
    sentiment : str
        negative, neutral or positive.
    topic, need : str
        What it is about and which need is behind it.
    aspects : tuple of dict
        ``aspect`` and ``polarity`` (negative, neutral, positive) of each aspect judged.
    facts : tuple of dict
        ``field``, ``value`` and the half-open span ``start``, ``end`` in characters of the text.
    """

    text_id: str
    kind: str
    part: str
    conversation_id: str | None
    customer_id: str
    item_id: str | None
    language: str
    sentiment: str
    topic: str
    need: str
    aspects: tuple[dict[str, str], ...] = ()
    facts: tuple[dict[str, str | int], ...] = ()


def mark(field: str, value: str) -> str:
    """Return a fact's value wrapped so that noise leaves it alone and its span can be found."""
    return f"{_OPEN[field]}{value}{_CLOSE}"


def unmark(text: str) -> tuple[str, tuple[dict[str, str | int], ...]]:
    """Return the text without marks, and the marked facts with their spans in it."""
    said, facts, length = [], [], 0
    for at, part in enumerate(MARKED.split(text)):
        piece = part
        if at % 2:
            piece = part[1:-1]
            facts.append(
                {
                    "field": _FIELD[part[0]],
                    "value": piece,
                    "start": length,
                    "end": length + len(piece),
                }
            )
        said.append(piece)
        length += len(piece)
    return "".join(said), tuple(facts)


def write(folder: Path, truths: Iterable[Truth]) -> Path:
    """Write the truth of all texts beside the workspace's store, replacing it in one step."""
    rows = pa.Table.from_pylist([vars(truth) for truth in truths], schema=SCHEMA)
    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(rows, partial, compression="zstd")
    partial.replace(path)
    return path
