"""Numbers written in words: 两百五十, 1.5万, twenty."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

_DIGITS = {character: place for place, character in enumerate("零一二三四五六七八九")}
_DIGITS |= {"〇": 0, "两": 2, "俩": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6,
            "柒": 7, "捌": 8, "玖": 9}  # fmt: skip
_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
WORDS_EN = {word: place for place, word in enumerate(_ENGLISH.split(" "))} | {
    "a": 1, "an": 1, "a couple of": 2, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
}  # fmt: skip
NUMERAL_ZH = "0-9零〇一二两俩三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟"


def chinese_number(text: str) -> Decimal | None:
    """Return the value of a Chinese or mixed numeral, or None where it is none.

    A last digit after 百, 千 or 万 counts tenths of that unit, as it is spoken: 两千五 is 2500.

    Examples
    --------
    >>> [int(chinese_number(text)) for text in ("十五", "两百零三", "1.5万", "两千五", "1,299")]
    [15, 203, 15000, 2500, 1299]
    """
    plain = text.replace(",", "")
    last = plain[-1:] if plain[-1:] in _LARGE else ""
    try:
        return Decimal(plain.removesuffix(last)) * _LARGE.get(last, 1)
    except InvalidOperation:
        return _spoken(plain)


def _spoken(text: str) -> Decimal | None:
    total, section, digit, unit = 0, 0, 0, 1
    pending = False
    for character in text:
        if character in _DIGITS:
            if pending and unit == 1:  # 二零二四: digit after digit
                return _plain_digits(text)
            digit, pending = _DIGITS[character], True
            unit = 10 if digit == 0 else unit
        elif character in _UNITS:
            unit = _UNITS[character]
            section += (digit if pending else 1) * unit
            digit, pending = 0, False
        elif character in _LARGE:
            unit = _LARGE[character]
            total = (total + section + digit) * unit
            section, digit, pending = 0, 0, False
        else:
            return None
    if pending and unit > 10 and digit:  # noqa: PLR2004 (after ten the digit is a unit)
        digit *= unit // 10
    return Decimal(total + section + digit) if text else None


def _plain_digits(text: str) -> Decimal | None:
    if not all(character in _DIGITS for character in text):
        return None
    return Decimal("".join(str(_DIGITS[character]) for character in text))
