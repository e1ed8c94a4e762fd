"""Check digits and calendars: what tells a real number from one that only looks like it."""

from __future__ import annotations

import re
from datetime import date

_ID_LENGTH = 18
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_ID_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_OLDEST = 1850


def is_resident_id(number: str) -> bool:
    """Return whether 18 characters are a Chinese resident id: province, birthday, check character.

    GB 11643-1999, whose check character is ISO 7064 MOD 11-2.

    Examples
    --------
    >>> is_resident_id("11010519491231002X"), is_resident_id("110105194912310021")
    (True, False)
    """
    body, check = number[:17], number[17:].upper()
    if len(number) != _ID_LENGTH or not (body.isascii() and body.isdigit()):
        return False
    if not _ID_PROVINCES.match(body) or not _is_date(body[6:14]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, body, strict=True))
    return check == _ID_CHECKS[total % 11]


def passes_luhn(digits: str) -> bool:
    """Return whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1).

    Examples
    --------
    >>> passes_luhn("4111111111111111"), passes_luhn("4111111111111112")
    (True, False)
    """
    odd = [int(digit) for digit in digits[-1::-2]]
    even = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(odd) + sum(even)) % 10 == 0


def _is_date(digits: str) -> bool:
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return day.year >= _OLDEST
