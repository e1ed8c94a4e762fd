"""Whether a message is worth reading, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
from pydantic import validate_call

from features.text.base import fingerprint
from features.text.clean.rules import Cleaned, Cleaner, CleanRules
from features.text.quality.evidence import SPAM, kinds, spam
from features.text.quality.noise import OPINIONS, filler, gibberish

CODE_VERSION = "1"
Quality = Literal["informative", "spam", "non_informative", "gibberish", "near_empty"]
QUALITIES: tuple[Quality, ...] = (
    "informative",
    "spam",
    "non_informative",
    "gibberish",
    "near_empty",
)
_RULES = CleanRules(links="keep", letters=False)
_NEAR_EMPTY = 20  # characters; longer runs of marks were shortened or are gibberish


class QualityAnalyzer:
    """What kind of message each text is, how worthwhile, and the reason.

    Parameters
    ----------
    threshold : float
        Sum of evidence from which a message is spam; see ``spam.yaml``.

    Examples
    --------
    >>> texts = ["加薇 abc123 领优惠券,日结", "好的", "asdfghjkl", "?", "退款"]
    >>> QualityAnalyzer().analyze(texts)["quality"].to_pylist()
    ['spam', 'non_informative', 'gibberish', 'near_empty', 'informative']
    """

    name = "quality"
    schema = pa.schema(
        [("quality", pa.string()), ("quality_score", pa.float32()), ("reason", pa.string())]
    )

    @validate_call
    def __init__(self, *, threshold: float = SPAM) -> None:
        if threshold <= 0:
            raise ValueError(f"quality: threshold {threshold}, expected more than 0")
        self._threshold = threshold
        self._clean = Cleaner(_RULES)
        self.version = f"{CODE_VERSION}:{fingerprint(threshold, kinds())}"

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return ``quality``, ``quality_score`` and ``reason``.

        The score goes from 0 (nothing to read) to 1; it orders messages and is no probability. The
        reason is empty where a message is plainly informative.
        """
        found = [self.judge(self._clean(text)) for text in texts]
        columns = list(zip(*found, strict=True)) or [(), (), ()]
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, self.schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def judge(self, message: Cleaned) -> tuple[Quality, float, str]:
        """Return quality, score and reason of a cleaned message."""
        text = message.text.lower()
        if message.kind == "system":
            return "non_informative", 0.0, f"notice: {message.notice}"
        if message.kind == "sticker_only":
            return "non_informative", 0.3, "stickers only"
        if filler(text):
            return "non_informative", 0.1, "greeting, thanks or nod"
        nonsense = gibberish(text)
        if nonsense:
            return "gibberish", 0.05, nonsense
        if _is_near_empty(text):
            return "near_empty", 0.0, "next to nothing"
        evidence, names = spam(text)
        score = max(0.0, 1 - evidence / (2 * self._threshold))
        told = " + ".join(names)
        return ("spam" if evidence >= self._threshold else "informative"), score, told


def _is_near_empty(text: str) -> bool:
    if len(text) > _NEAR_EMPTY:
        return False
    letters = [character for character in text if character.isalnum()]
    return not letters or (len(letters) == 1 and letters[0] not in OPINIONS)
