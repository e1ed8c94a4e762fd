"""What each text says once markup, quotations, notices and noise are told apart."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pydantic import validate_call

from features.text.base import fingerprint
from features.text.clean.rules import Cleaned, Cleaner, CleanRules
from features.text.clean.symbols import meanings

CODE_VERSION = "1"
_MOOD = 0.15  # mean polarity from which symbols have a mood
SYMBOLS = pa.list_(
    pa.struct(
        [
            ("symbol", pa.string()),
            ("zh", pa.string()),
            ("en", pa.string()),
            ("polarity", pa.float32()),
        ]
    )
)


class CleanAnalyzer:
    """Own words, quoted words, kind of message, and the meaning and mood of its emoji.

    Traditional characters are left as they are: none of our packages ships a table for them.

    Parameters
    ----------
    rules : CleanRules
        Which rules apply; other rules are another version.

    Examples
    --------
    >>> table = CleanAnalyzer().analyze(["快递太慢了!!", "[微笑][再见]", "Amy recalled a message"])
    >>> table["text"].to_pylist()[0], table["kind"].to_pylist(), table["mood"].to_pylist()[1]
    ('快递太慢了!', ['own', 'sticker_only', 'system'], 'neutral')
    """

    name = "clean"
    schema = pa.schema(
        [
            ("text", pa.string()),
            ("quoted", pa.string()),
            ("kind", pa.string()),
            ("notice", pa.string()),
            ("symbols", SYMBOLS),
            ("mood", pa.string()),
            ("mood_polarity", pa.float32()),
        ]
    )

    @validate_call
    def __init__(self, *, rules: CleanRules | None = None) -> None:
        chosen = CleanRules() if rules is None else rules
        self._clean = Cleaner(chosen)
        self.version = f"{CODE_VERSION}:{fingerprint(chosen.model_dump_json(), meanings())}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return own words, ``quoted``, ``kind``, ``notice``, ``symbols`` and their mood.

        ``mood`` is ``none`` where a text has no emoji, sticker or emoticon.
        """
        clean = self._clean
        found = [clean(text) for text in texts]
        columns = {
            "text": [row.text for row in found],
            "quoted": [row.quoted for row in found],
            "kind": [row.kind for row in found],
            "notice": [row.notice for row in found],
            "symbols": [_rows(row) for row in found],
            "mood": [mood(row) for row in found],
            "mood_polarity": [row.polarity for row in found],
        }
        return pa.table(columns, schema=self.schema)


def mood(row: Cleaned) -> str:
    """Return ``negative``, ``neutral`` or ``positive`` for the symbols of a text, or ``none``."""
    if not row.symbols:
        return "none"
    if abs(row.polarity) < _MOOD:
        return "neutral"
    return "positive" if row.polarity > 0 else "negative"


def _rows(row: Cleaned) -> list[dict[str, str | float]]:
    return [
        {"symbol": s.symbol, "zh": s.zh, "en": s.en, "polarity": s.polarity} for s in row.symbols
    ]
