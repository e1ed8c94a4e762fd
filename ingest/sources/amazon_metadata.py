"""Product metadata of Amazon's edition of 2018: JSON Lines that were crawled from product pages."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Any

import orjson
import pyarrow as pa

from ingest.sources.markup import plain

_LONGEST_LEVEL = 50
_PRICE = re.compile(r"\$\s?([\d,]+(?:\.\d+)?)")
_ITEM = pa.schema(
    [
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("description", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("price", pa.float64()),
        ("attributes", pa.string()),
    ]
)


def item_table(rows: pa.Table) -> pa.Table:
    """Return lines of a metadata file as rows of the canonical table ``items``."""
    return pa.Table.from_pylist([_item(row) for row in rows.to_pylist()], schema=_ITEM)


def _item(row: dict[str, str | None]) -> dict[str, Any]:
    listed = takewhile(_is_level, _list(row.get("category")))
    path = list(dict.fromkeys(level for level in map(plain, listed) if level))
    brand = plain(row.get("brand"))
    features = [text for text in map(plain, _list(row.get("feature"))) if text]
    return {
        "item_id": row.get("asin"),
        "title": plain(row.get("title")),
        "description": plain(" ".join(_list(row.get("description")))),
        "category": " > ".join(path) or None,
        "brand": brand.removeprefix("by ").strip() if brand else None,
        "price": _price(row.get("price")),
        "attributes": orjson.dumps({"features": features}).decode() if features else None,
    }


def _is_level(text: str) -> bool:
    return "<" not in text and not text.endswith(".") and len(text) <= _LONGEST_LEVEL


def _list(text: str | None) -> list[str]:
    """Return a JSON list of texts, or one text where it is no list."""
    if not text:
        return []
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    return [str(entry) for entry in value] if isinstance(value, list) else [text]


def _price(text: str | None) -> float | None:
    """Return the middle of the prices in a text such as ``$1.99 - $5.00``; None for anything else.

    Pages that were crawled badly have a style sheet in this place.
    """
    if not text or not text.lstrip().startswith("$"):
        return None
    prices = [float(found.replace(",", "")) for found in _PRICE.findall(text)]
    return sum(prices) / len(prices) if prices else None
