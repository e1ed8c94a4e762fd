"""Which labels there are: the codes of ``conf/taxonomy``, against which given labels are checked.

What a taxonomy means (examples, owners) is read by ``features.text.taxonomy``; the door needs only
the names, so that a label nobody declared never enters the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

FOLDER = Path(__file__).resolve().parents[1] / "conf" / "taxonomy"
SHOWN = 3  # names a hint lists
_MOST_HINTS = 100  # wrong values that get a hint of their own; a file of nonsense gets one for all
Broken = tuple[str, str, pa.Array]


@cache
def codes(folder: Path = FOLDER) -> Mapping[str, tuple[str, ...]]:
    """Return the labels of every taxonomy by its name, ``unknown`` (none of them) last."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted(folder.glob("*.yaml")):
        content: Any = yaml.safe_load(file.read_text("utf-8"))
        labels = [str(label["label"]) for label in content["labels"]]
        unknown = str(content.get("unknown", "unknown"))
        found[str(content["name"])] = tuple(dict.fromkeys([*labels, unknown]))
    return found


def closest(name: str, known: tuple[str, ...] | list[str]) -> str:
    """Return the likeliest of the names that were meant, or all where none is near.

    Examples
    --------
    >>> closest("refnd", ["refund", "delivery"])
    'refund'
    """
    near = get_close_matches(name.lower(), list(known), n=SHOWN, cutoff=0.5)
    return ", ".join(near or known)


def undeclared(rows: pa.Table) -> list[Broken]:
    """Return column, expectation and mask of the taxonomies and labels that are not declared.

    Parameters
    ----------
    rows : pyarrow.Table
        With the columns ``taxonomy`` and ``label``, text.
    """
    pairs = rows.select(["taxonomy", "label"]).group_by(["taxonomy", "label"]).aggregate([])
    found: list[Broken] = []
    for pair in pairs.to_pylist():
        wrong = _wrong(pair["taxonomy"], pair["label"])
        if wrong is not None:
            found.append((*wrong, _same(rows, pair["taxonomy"], pair["label"])))
    if len(found) <= _MOST_HINTS:
        return found
    rest = found[_MOST_HINTS:]
    bad = rest[0][2]
    for _, _, mask in rest[1:]:
        bad = pc.or_(bad, mask)
    return [*found[:_MOST_HINTS], ("label", "a label of its taxonomy (conf/taxonomy)", bad)]


def _wrong(taxonomy: str | None, label: str | None) -> tuple[str, str] | None:
    """Return the column that is wrong and what was expected, None if nothing is."""
    if taxonomy is None or label is None:
        return None  # told already: both are needed
    known = codes()
    if taxonomy not in known:
        return "taxonomy", f"a file of conf/taxonomy, such as {closest(taxonomy, list(known))}"
    if label in known[taxonomy] or not label.strip():
        return None
    return "label", f"a label of {taxonomy}, such as {closest(label, known[taxonomy])}"


def _same(rows: pa.Table, taxonomy: str, label: str) -> pa.Array:
    both = pc.and_(pc.equal(rows["taxonomy"], taxonomy), pc.equal(rows["label"], label))
    return pc.fill_null(both, False).combine_chunks()
