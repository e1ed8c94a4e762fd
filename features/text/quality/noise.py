"""Messages that say nothing: fillers, marks, keyboard runs, broken encodings."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from math import log

from features.text.clean.characters import plain_words
from features.text.sentiment.data import seeds
from features.text.tokenize import stop_words

OPINIONS = frozenset("贵赞好差坏烂慢丑臭酸咸")  # characters that alone say what somebody thinks
_MARKS = re.compile(r"[\W_]+")
_FILLER_LONGEST = 40
# Longest first inside the atomic groups, so that no text is tried twice.
_FILLER_ZH = re.compile(
    r"(?:(?>(?>请问)?(?>有人在吗|有人吗|在不在|在吗|在么|在嘛|在)|您好|你好|早上好|上午好|中午好|下午好|晚上好|早安|晚安|早"
    r"|哈喽|哈啰|嗨|嘿+|哈+|呵+|嘻+|嗯+|恩+|哦+|噢+|喔+|额+|呃{1,2}|啊{1,3}|唉|哎+|好的|好滴|好哒|好嘞|好吧|好呀|好|行吧|行"
    r"|可以的|可以|对的|对|是的|是滴|是|没事|没关系|没问题|不客气|不用谢|谢谢你|谢谢您|谢谢|谢了|多谢|感谢|辛苦了|辛苦"
    r"|麻烦了|收到|知道了|知道|明白了|明白|了解|拜拜|再见|回见|亲爱的|亲|客服|6{2,}"
    r"|ok|yes|hi|hello|thanks|bye)[哟吧呀呢哒滴的啦了嘞哇啊]{0,2}+)+"
)
_FILLER_EN = re.compile(
    r"(?>(?>are you there|is anyone there|anyone there|anybody there|is anybody there|good morning"
    r"|good afternoon|good evening|good night|have a nice day|thank you so much|thank you very much"
    r"|thank you|thankyou|thank u|thanks a lot|many thanks|thanks|thx|ty|no problem"
    r"|you are welcome|youre welcome|np"
    r"|got it|i see|all right|alright|okay|okey|ok|k|kk|yes|yeah|yep|yup|ya|no|nope|nah|sir"
    r"|madam|mam|hai|hi|hello|hey"
    r"|there|lo+l|l?o?l?o?l|ha(?:ha)*h?|he(?:he)+|hm+|um+|uh|oh|ah|sure|cool|nice|great|fine|good|bye"
    r"|goodbye|perfect|confirm|correct|see you|see ya|cheers|please|test"
    r"|testing|ping|sorry|so|well|then|right|welcome|666+)"
    r"(?: |$))+"
)
_MOJIBAKE = re.compile(
    r"\ufffd|锟斤拷|烫烫烫|屯屯屯|[\u00c2\u00c3\u00e2-\u00ef][\u0080-\u00bf\u2020-\u2122]"
)
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "poiuytrewq", "lkjhgfdsa", "mnbvcxz")
_KEY_RUN = re.compile("|".join(row[i : i + 4] for row in _KEYS for i in range(len(row) - 3)))
_AGAIN = re.compile(r"([a-z]{2,5}?)\1{2,}")
_LATIN = re.compile(r"[a-z]+")
_PHRASE = re.compile(r"([\u4e00-\u9fff]{2,4})\1*.?")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_UNLIKELY = -6.9  # mean log-probability of a pair of letters in English; real words lie near -5.6
_FEW_LETTERS, _FEW_DISTINCT = 5, 2
_LONGEST, _VARIED = 80, 12  # longer or more varied texts are not made of a few letters
_SHORTEST = 8  # letters from which a text of unknown words is judged by its pairs of letters
_MANY_MARKS, _MIXED_MARKS = 6, 3


def filler(text: str) -> bool:
    """Return whether a text greets, thanks or nods and says nothing else.

    Parameters
    ----------
    text : str
        Own words, normalized, in lower case.

    Examples
    --------
    >>> [filler(text) for text in ("好的谢谢", "ok thanks", "666", "好吃", "thanks but broken")]
    [True, True, True, False, False]
    """
    if len(text) > _FILLER_LONGEST:
        return False
    words = _MARKS.sub(" ", text.replace("'", "")).strip()
    if not words:
        return False
    if _HAN.search(words) or words[0].isdigit():
        return _FILLER_ZH.fullmatch(words.replace(" ", "")) is not None
    return _FILLER_EN.fullmatch(words) is not None


def gibberish(text: str) -> str:
    """Return why a text is no language, ``""`` where it may be one.

    Parameters
    ----------
    text : str
        Own words, normalized, in lower case.

    Examples
    --------
    >>> gibberish("asdfghjkl"), gibberish("锟斤拷锟斤拷"), gibberish("the app is slow")
    ('keyboard run', 'broken encoding', '')
    """
    if not text.isascii() and _MOJIBAKE.search(text):
        return "broken encoding"
    if len(text) > _LONGEST or len(set(text)) > _VARIED:
        return _keys(text) if text.isascii() and len(text) <= _LONGEST else ""
    letters = _MARKS.sub("", text)
    if not letters:
        mixed = len(text) >= _MANY_MARKS and len(set(text) - {" "}) >= _MIXED_MARKS
        return "marks only" if mixed else ""
    if len(letters) >= _FEW_LETTERS and _stuttered(letters):
        return "few letters again and again"
    if letters.isdigit():
        return "digits in order" if _in_order(letters) else ""
    return _keys(text) if letters.isascii() else ""


def _stuttered(letters: str) -> bool:
    """Return whether hardly anything but one character after itself is there."""
    same = sum(a == b for a, b in pairwise(letters))
    if letters[0] in OPINIONS and len(set(letters)) == 1:
        return False
    few = len(set(letters)) <= _FEW_DISTINCT and not _PHRASE.fullmatch(letters)
    return few or same * 2 > len(letters)


def _keys(text: str) -> str:
    words = _LATIN.findall(text)
    if not words or sum(map(len, words)) < _FEW_LETTERS or not known_words().isdisjoint(words):
        return ""
    joined = "".join(words)
    runs = sum(len(run) for run in _KEY_RUN.findall(joined))
    if runs * 2 >= len(joined):
        return "keyboard run"
    if sum(len(match.group()) for match in _AGAIN.finditer(joined)) * 3 >= len(joined) * 2:
        return "few letters again and again"
    judged = len(joined) >= _SHORTEST and not any(map(str.isdigit, text))
    return "no words" if judged and _likelihood(words) < _UNLIKELY else ""


def _in_order(digits: str) -> bool:
    steps = [(int(b) - int(a)) % 10 for a, b in pairwise(digits)]
    return len(steps) >= _FEW_LETTERS and len(set(steps)) == 1


@cache
def known_words() -> frozenset[str]:
    """Return English words that show that a text is one: stop words, words of seed sentences."""
    told = {word for text, _ in seeds() for word in _LATIN.findall(text.lower())}
    return plain_words() | stop_words() | {word for word in told if len(word) > 1}


@cache
def _pairs() -> tuple[dict[str, float], float]:
    """Return the log-probability of each pair of letters in English words, and of unseen ones."""
    counts: Counter[str] = Counter()
    for word in known_words():
        if word.isascii():
            counts.update(a + b for a, b in pairwise(f" {word} "))
    total = sum(counts.values()) + 27 * 27
    return {pair: log((n + 1) / total) for pair, n in counts.items()}, log(1 / total)


def _likelihood(words: list[str]) -> float:
    table, unseen = _pairs()
    found = [table.get(a + b, unseen) for word in words for a, b in pairwise(f" {word} ")]
    return sum(found) / len(found)
