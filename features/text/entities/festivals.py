"""Days that people name instead of dates: 双十一, 春节, Black Friday, Chinese New Year."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache

_NOVEMBER = 11


def _fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _nth(month: int, weekday: int, nth: int, later: int = 0) -> Callable[[int], date]:
    """Return the rule of the nth such weekday (1 = Monday) of a month, so many days later."""

    def rule(year: int) -> date:
        first = date(year, month, 1)
        ahead = (weekday - first.isoweekday()) % 7 + 7 * (nth - 1)
        return first + timedelta(days=ahead + later)

    return rule


def _lunar(name: str, later: int = 0) -> Callable[[int], date]:
    return lambda year: _lunar_day(name, year) + timedelta(days=later)


def _easter(year: int) -> date:
    from dateutil.easter import easter  # type: ignore[import-untyped]  # noqa: PLC0415 (rare)

    day: date = easter(year)
    return day


@cache
def _lunar_day(name: str, year: int) -> date:
    """Return a day of the lunar calendar, by the package ``holidays``.

    Taiwan keeps each of these days on its own date; where mainland China moves days off, Taiwan's
    calendar still says which day the festival is.
    """
    try:
        import holidays  # noqa: PLC0415 (only texts that name such a day pay for it)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{name}: days of the lunar calendar need: pip install holidays"
        ) from error
    days = holidays.country_holidays("TW", years=year, language="en_US")
    named = [day for day, title in days.items() if title == name]
    if not named:
        raise ValueError(f"{name}: not known for the year {year}")
    return min(named)


_NEW_YEAR, _BOAT, _MOON = "Chinese New Year", "Dragon Boat Festival", "Mid-Autumn Festival"
FESTIVALS: tuple[tuple[str, str, Callable[[int], date]], ...] = (
    (
        "春节|大年初一|正月初一",
        "chinese new year|lunar new year|spring festival",
        _lunar(_NEW_YEAR),
    ),
    ("除夕|大年三十|年三十", "(?:chinese|lunar) new year's eve", _lunar(_NEW_YEAR, -1)),
    ("元宵节?", "lantern festival", _lunar(_NEW_YEAR, 14)),
    ("端午节?", "dragon boat festival", _lunar(_BOAT)),
    ("中秋节?", "mid-autumn(?: festival)?", _lunar(_MOON)),
    ("双十一|双11|光棍节", "singles'? day|double eleven", _fixed(11, 11)),
    ("双十二|双12", "double twelve", _fixed(12, 12)),
    ("618(?=大促|活动|购物节|那天|期间|当天|前|之前|之后|的时候)", "", _fixed(6, 18)),
    ("元旦", "new year's day", _fixed(1, 1)),
    ("跨年夜", "new year's eve", _fixed(12, 31)),
    ("劳动节|五一(?=假期|期间|前|之前|放假|那天|当天|的时候)", "", _fixed(5, 1)),
    ("国庆节?|十一(?=假期|长假|黄金周)", "", _fixed(10, 1)),
    ("(?<!七夕)情人节", "valentine's(?: day)?", _fixed(2, 14)),
    ("妇女节|三八节", "international women's day", _fixed(3, 8)),
    ("儿童节|六一(?=儿童节|那天|当天|前)", "", _fixed(6, 1)),
    ("平安夜", "christmas eve", _fixed(12, 24)),
    ("圣诞节?", "christmas(?: day)?|xmas", _fixed(12, 25)),
    ("万圣节", "halloween", _fixed(10, 31)),
    ("", "(?:the )?(?:fourth|4th) of july|independence day", _fixed(7, 4)),
    ("母亲节", "mother's day", _nth(5, 7, 2)),
    ("父亲节", "father's day", _nth(6, 7, 3)),
    ("感恩节", "thanksgiving(?: day)?", _nth(_NOVEMBER, 4, 4)),
    ("黑五|黑色星期五", "black friday", _nth(_NOVEMBER, 4, 4, later=1)),
    ("网络星期一", "cyber monday", _nth(_NOVEMBER, 4, 4, later=4)),
    ("复活节", "easter(?: sunday)?", _easter),
)


def festival_day(number: int, year: int) -> date:
    """Return the day of a festival, by its place in :data:`FESTIVALS`, in a year.

    Raises
    ------
    ValueError
        If there is no such festival, or none known for that year.

    Examples
    --------
    >>> festival_day(5, 2024), festival_day(0, 2025)
    (datetime.date(2024, 11, 11), datetime.date(2025, 1, 29))
    """
    if not 0 <= number < len(FESTIVALS):
        raise ValueError(f"festival {number}: expected 0 to {len(FESTIVALS) - 1}")
    return FESTIVALS[number][2](year)


def festivals(text: str, *, chinese: bool) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Yield where festivals are named, and the fields that name them."""
    years = {
        "前年": -2,
        "去年": -1,
        "今年": 0,
        "明年": 1,
        "后年": 2,
        "last": -1,
        "this": 0,
        "next": 1,
    }
    for match in _pattern(chinese).finditer(text):
        named = (name for name, said in match.groupdict().items() if said and name[0] == "f")
        fields = {"festival": int(next(named)[1:])}
        if match["word"]:
            fields["years"] = years[match["word"].lower()]
        elif match["year"]:
            fields["year"] = int(match["year"])
        yield *match.span(), fields


@cache
def _pattern(chinese: bool) -> re.Pattern[str]:
    words = {number: one[0] if chinese else one[1] for number, one in enumerate(FESTIVALS)}
    longest_first = sorted(words.items(), key=lambda pair: -len(pair[1]))
    known = "|".join(f"(?P<f{number}>{names})" for number, names in longest_first if names)
    known = known.replace("'", "['’]")
    if chinese:
        return re.compile(rf"(?:(?P<word>[去今明前后]年)的?|(?P<year>(?:19|20)\d\d)年)?(?:{known})")
    year = r"(?: (?P<year>(?:19|20)\d\d))?"
    return re.compile(
        rf"(?<![A-Za-z])(?:(?P<word>last|this|next) )?(?:{known}){year}(?![A-Za-z])",
        re.IGNORECASE,
    )
