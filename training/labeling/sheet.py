"""A file of proposals that people fill in with a spreadsheet and load with ``source=labels``."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_sheet(path: Path, proposals: pa.Table) -> None:
    """Write proposals as CSV with a byte order mark, by which spreadsheets know it is UTF-8.

    A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV
    Injection"): customers wrote it. Which text it is, ``text_id`` tells.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, proposals.column_names)
        writer.writeheader()
        for row in proposals.to_pylist():
            row["text"] = _harmless(row["text"])
            row["confidence"] = f"{row['confidence']:.4f}"
            writer.writerow(row)
    draft.replace(path)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
