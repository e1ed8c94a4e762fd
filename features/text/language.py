"""Which language a text is in, judged by its script: Chinese, English or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import pyarrow as pa

Language = Literal["zh", "en", "other"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "other")

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_KANA = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff]")
_ENGLISH_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)*", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")

_HAN_PER_WORD = 1.6  # Chinese words hold about 1.6 characters, so that scripts compare as words
_KANA_SHARE = 0.15  # Japanese mixes kana into Han text; a Chinese brand may hold one or two
_OTHER_SHARE = 0.12  # accented and foreign letters among all letters that English does not have


def language_of(text: str) -> Language:
    """Return ``"zh"``, ``"en"`` or ``"other"``; a mixed text is what most of its words are.

    Only scripts are looked at: a French sentence without accents counts as English, digits and
    emoji alone count as other.

    Examples
    --------
    >>> language_of("这个 app 很好用"), language_of("I love 饺子 so much"), language_of("666")
    ('zh', 'en', 'other')
    """
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    words = _ENGLISH_WORD.findall(text)
    latin = sum(len(word.replace("'", "").replace("’", "")) for word in words)
    letters = len(_LETTER.findall(text))
    foreign = letters - han - kana - latin
    if kana > _KANA_SHARE * (han + kana) and kana > latin / 2:
        return "other"
    if foreign > _OTHER_SHARE * letters or not (han or words):
        return "other"
    return "zh" if han / _HAN_PER_WORD >= len(words) else "en"


class LanguageAnalyzer:
    """The language of each text.

    Examples
    --------
    >>> LanguageAnalyzer().analyze(["太慢了", "too slow"])["language"].to_pylist()
    ['zh', 'en']
    """

    name = "language"
    version = "1"
    schema = pa.schema([("language", pa.string())])

    def analyze(self, texts: Sequence[str]) -> pa.Table:
        """Return the column ``language``: zh, en or other."""
        return pa.table({"language": [language_of(text) for text in texts]}, schema=self.schema)
