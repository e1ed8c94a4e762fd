"""Money, times, order numbers and products of each text."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from features.text.entities.money import money
from features.text.entities.products import Catalog
from features.text.entities.times import times
from features.text.pii.numbers import order_numbers
from features.text.spans import SPANS, Span, folded, settle, span_rows

VERSION = "1"
KINDS = ("money", "time", "product")
_NUMERALS = frozenset("0123456789一二三四五六七八九十两半")


def find_entities(text: str, catalog: Catalog | None = None) -> tuple[Span, ...]:
    """Return what a text names, in order, without overlap.

    Parameters
    ----------
    catalog : Catalog, optional
        The business's own products.

    Examples
    --------
    >>> [(s.kind, s.value) for s in find_entities("明天下午三点前退我199元,订单号 A20240501")]
    [('time', 'days=+1 hour=15 minute=0'), ('money', 'CNY 199'), ('order_number', 'A20240501')]
    """
    plain = folded(text)
    proposed = [*times(plain)]
    if not _NUMERALS.isdisjoint(plain):
        proposed += [*money(plain), *order_numbers(plain)]
    if catalog is not None:
        proposed += catalog.products(plain)
    return settle(text, proposed)


class EntityAnalyzer:
    """What each text names: money, times, products.

    Order numbers belong to personal data, which another analyzer reports without values.

    Parameters
    ----------
    catalog : Catalog, optional
        The business's own products; another catalog is another version.
    """

    name = "entities"
    schema = pa.schema([("entities", SPANS)])

    def __init__(self, *, catalog: Catalog | None = None) -> None:
        self._catalog = catalog
        self.version = f"{VERSION}:{catalog.version if catalog else 'no catalog'}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``entities``: spans with values, without the text they cover."""
        found = [
            [span for span in find_entities(text, self._catalog) if span.kind in KINDS]
            for text in texts
        ]
        return pa.table({"entities": span_rows(found, values=True)}, schema=self.schema)
