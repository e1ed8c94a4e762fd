"""The same statement in one spelling: what is compared, stored and shown as a fact's value."""

from __future__ import annotations

import re
from collections.abc import Callable

from features.text.entities.moments import KEYS
from features.text.entities.money import money
from features.text.entities.numerals import NUMERAL_ZH, WORDS_EN, chinese_number
from features.text.entities.times import times
from features.text.pii.phones import phones

_HAN = re.compile(r"[\u4e00-\u9fff]")
_NUMBER = re.compile(rf"\d[\d,]*(?:\.\d+)?|[{NUMERAL_ZH[3:]}]+")
_SCALE = {"k": 1000, "w": 10_000, "万": 10_000, "千": 1000, "百": 100}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_YEAR = re.compile(r"([A-Za-z]{3})[a-z]* ((?:19|20)\d\d)$")
_PETS = {"猫": "cat", "狗": "dog", "鹦鹉": "parrot", "兔": "rabbit", "仓鼠": "hamster",
         "cat": "cat", "kitten": "cat", "dog": "dog", "pupp": "dog", "rabbit": "rabbit",
         "parrot": "parrot"}  # fmt: skip
_CHILD = re.compile(r"孩|娃|宝|儿子|女儿|闺女|kid|child|son|daughter|bab|toddler|twin", re.I)
_INCH, _FOOT = 2.54, 30.48
_METERS = 3  # a height below this is given in meters
_FEET = re.compile(r"(\d) ?(?:feet|foot|ft|') ?(\d{1,2})?")
_LETTERS = {"SMALL": "S", "MEDIUM": "M", "LARGE": "L"}


def value_of(field: str, said: str) -> str:
    """Return the value of a statement, such as ``CNY 500`` for "预算500左右"; empty for none.

    Parameters
    ----------
    field : str
        Such as ``"budget"``.
    said : str
        The stretch of text that a fact's span covers.

    Examples
    --------
    >>> value_of("budget", "预算500左右"), value_of("birthday", "1990年3月12日")
    ('CNY 500', '1990-03-12')
    """
    return _VALUES.get(field, str.strip)(said)


def _phone(said: str) -> str:
    return next((span.value for span in phones(said)), re.sub(r"[^\d+]", "", said))


def _budget(said: str) -> str:
    amount = next(money(said), None)
    if amount is not None:
        return amount.value
    match = _NUMBER.search(said)
    number = chinese_number(match[0]) if match else None
    if match is None or number is None:
        return ""
    scale = _SCALE.get(said[match.end() :].strip()[:1].lower(), 1)
    plain = format((number * scale).normalize(), "f")
    return f"CNY {plain}" if _HAN.search(said) else plain


def _birthday(said: str) -> str:
    month_year = _MONTH_YEAR.search(said)
    if month_year and month_year[1].lower() in _MONTHS:
        return f"{month_year[2]}-{_MONTHS.index(month_year[1].lower()) + 1:02d}"
    meant = next(times(said), None)
    if meant is None:
        return said.strip()
    told = dict(part.split("=") for part in meant.value.split() if part.split("=")[0] in KEYS)
    if "month" not in told:
        return said.strip()
    day = f"-{int(told['day']):02d}" if "day" in told else ""
    return f"{told.get('year', '-')}-{int(told['month']):02d}{day}"


def _household(said: str) -> str:
    for word, pet in _PETS.items():
        if word in said.lower():
            return pet
    count = _count(said)
    if _CHILD.search(said):
        return f"{count} {'child' if count == 1 else 'children'}"
    return f"{count} people"


def _count(said: str) -> int:
    match = _NUMBER.search(said)
    number = chinese_number(match[0]) if match else None
    if number is not None:
        return int(number)
    words = (WORDS_EN.get(word) for word in re.findall("[a-z]+", said.lower()))
    return next((number for number in words if number is not None), 1)


def _size(said: str) -> str:
    number = re.search(r"\d{1,3}(?:\.\d{1,2})?", said)
    feet = _FEET.search(said)
    if feet:
        return f"height {int(feet[1]) * _FOOT + int(feet[2] or 0) * _INCH:.0f} cm"
    if number and ("身高" in said or said.endswith("cm")):
        tall = float(number[0])
        return f"height {tall * 100 if tall < _METERS else tall:.0f} cm"
    if number and re.search(r"体重|kg|kilos|lbs|pounds", said):
        pounds = 0.45359237 if re.search(r"lbs|pounds", said) else 1
        share = 0.5 if said.endswith("斤") and not said.endswith("公斤") else pounds
        return f"weight {float(number[0]) * share:.0f} kg"
    if number and re.search(r"鞋|shoe", said, re.I):
        return f"shoes {number[0]}"
    plain = said.strip().upper().removesuffix("码")
    return _LETTERS.get(plain, plain)


def _city(said: str) -> str:
    return said.strip().removesuffix("市")


def _lower(said: str) -> str:
    return said.strip().lower()


def _upper(said: str) -> str:
    return said.strip().upper()


_VALUES: dict[str, Callable[[str], str]] = {
    "phone": _phone, "email": _lower, "wechat": _lower, "order_number": _upper, "city": _city,
    "budget": _budget, "birthday": _birthday, "household": _household, "size": _size,
    "job": _lower, "allergy": _lower,
}  # fmt: skip
