"""Pieces of English time expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.text.entities.festivals import festivals
from features.text.entities.numerals import WORDS_EN
from features.text.entities.times import PARTS, Part, exact_to_the_day

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YEAR = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = {name: number for number, name in enumerate(_WEEK, start=1)}
_MONTHS = {name: number for number, name in enumerate(_YEAR, start=1)}
_SHIFTS = {"last": -1, "past": -1, "this": 0, "next": 1}
_DAYS = {"the day after tomorrow": 2, "the day before yesterday": -2, "tomorrow": 1,
         "yesterday": -1, "today": 0, "tonight": 0, "last night": -1, "this morning": 0,
         "this afternoon": 0, "this evening": 0}  # fmt: skip
_PART_NAMES = {"morning": "morning", "noon": "noon", "afternoon": "afternoon",
               "evening": "evening", "night": "evening"}  # fmt: skip
_WEEKDAY = "(?P<weekday>" + "|".join(_WEEKDAYS) + ")"
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_AMOUNT = r"(?P<number>\d{1,3}|" + "|".join(sorted(WORDS_EN, key=len, reverse=True)) + ")"
_UNIT = r"(?P<unit>minute|min|hour|day|week|fortnight|month|year)s?"
_HOUR_WORDS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_EDGES = {"end": {"from_end": 5, "days_long": 5}, "beginning": {"day": 1, "days_long": 5},
          "start": {"day": 1, "days_long": 5}, "middle": {"day": 11, "days_long": 10}}  # fmt: skip
_FREE, _DONE = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{_FREE}(?:{pattern}){_DONE}", re.IGNORECASE)


_DAY = _rule("|".join(_DAYS))
_ON_WEEKDAY = _rule(rf"(?:(?P<which>last|this|next|coming|on|by)\s)?{_WEEKDAY}")
_SPAN = _rule(r"(?P<which>last|past|this|next)\s(?P<unit>weekend|week|month|year)")
_IN = _rule(rf"in\s(?:about\s)?{_AMOUNT}\s{_UNIT}|{_AMOUNT.replace('number', 'later')}\s"
            rf"{_UNIT.replace('unit', 'then')}\s(?:later|from now)")  # fmt: skip
_HALF_HOUR = _rule(r"in (?:about )?half an hour|half an hour (?P<ago>ago|from now|later)")
_EDGE = _rule(
    r"(?:the\s)?(?P<edge>end|beginning|start|middle)\sof\s(?:the\s|this\s|(?P<which>next|last)\s)?"
    r"(?P<unit>month|year)"
)
_WEEKEND = _rule(r"(?:over|on|at|by)?\s?the\sweekend")
_PAST = _rule(
    rf"(?:at\s)?(?P<how>half|(?:a\s)?quarter)\s(?P<side>past|to)\s(?P<hour>{_HOUR_WORDS}|1[0-2]|[1-9])"
)
_AGO = _rule(rf"{_AMOUNT}\s{_UNIT}\sago")
_MONTH_DAY = _rule(rf"{_MONTH}\s(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year>20\d\d|19\d\d))?")
_DAY_MONTH = _rule(
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s(?P<year>20\d\d|19\d\d))?"
)
_NUMERIC = _rule(r"(?P<year>(?:19|20)\d\d)[\-/](?P<month>\d{1,2})[\-/](?P<day>\d{1,2})")
_PART = _rule(r"(?:this\s|in the\s|at\s)?(?P<part>morning|noon|afternoon|evening|night)|tonight")
_CLOCK = _rule(
    r"(?:at\s)?(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half>a|p)\.?m\.?"
)
_AT = _rule(r"at\s(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d)|(?P<sure>\so['’]clock))?")
_TWELVE = _rule(r"at\s(?:(?P<noon>noon|midday)|midnight)")
_COLON = re.compile(r"(?<![\d:.A-Za-z])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\d:])")
_LETTERS = re.compile(r"[A-Za-z]{2}|^[ -~]*$")
_HINT = re.compile(
    r"\d|day|tomorrow|night|noon|morning|evening|week|month|year|ago|hour|minute|christ|xmas|hallow|thanksg"
    r"|valent|easter|festival|autumn|double|past|quarter",
    re.IGNORECASE,
)


def english_parts(text: str) -> Iterator[Part]:
    """Yield the pieces found; those of one expression are joined elsewhere."""
    if not (_HINT.search(text) and _LETTERS.search(text)):
        return
    for match in _DAY.finditer(text):
        yield Part(*match.span(), "date", _day(match[0].lower()))
    for match in _ON_WEEKDAY.finditer(text):
        yield Part(*match.span(), "date", _weekday(match))
    for match in _SPAN.finditer(text):
        yield Part(*match.span(), "date", _stretch(match))
    for match in _IN.finditer(text):
        number, unit = match["number"] or match["later"], match["unit"] or match["then"]
        yield Part(*match.span(), "date", _shift(number, unit, 1))
    for match in _AGO.finditer(text):
        yield Part(*match.span(), "date", _shift(match["number"], match["unit"], -1))
    yield from _edges(text)
    yield from _dates(text)
    yield from _clocks(text)


def _edges(text: str) -> Iterator[Part]:
    """Yield ends and starts of months and years, weekends, half hours and festivals."""
    for match in _EDGE.finditer(text):
        shift, edge = _SHIFTS[(match["which"] or "this").lower()], match["edge"].lower()
        fields = {"months": shift, **_EDGES[edge]}
        if match["unit"].lower() == "year":
            fields = {"years": shift, "month": {"end": 12, "middle": 6}.get(edge, 1)}
        yield Part(*match.span(), "date", fields)
    for match in _WEEKEND.finditer(text):
        yield Part(*match.span(), "date", {"weeks": 0, "weekday": 6, "days_long": 2})
    for match in _HALF_HOUR.finditer(text):
        yield Part(*match.span(), "date", {"minutes": -30 if match["ago"] == "ago" else 30})
    for start, end, fields in festivals(text, chinese=False):
        yield Part(start, end, "date", fields)


def _day(word: str) -> dict[str, int]:
    ends = word.removeprefix("to").rpartition(" ")[2]
    part = _PART_NAMES.get(ends) if word.startswith(("tonight", "last", "this")) else None
    return {"days": _DAYS[word], **({"part": PARTS.index(part)} if part else {})}


def _weekday(match: re.Match[str]) -> dict[str, int]:
    """Return the day: "next Friday" is in the next week, "last" one before today."""
    which, day = (match["which"] or "").lower(), _WEEKDAYS[match["weekday"].lower()]
    if which == "next":
        return {"weeks": 1, "weekday": day}
    return {"latest": day} if which == "last" else {"coming": day}


def _stretch(match: re.Match[str]) -> dict[str, int]:
    shift, unit = _SHIFTS[match["which"].lower()], match["unit"].lower()
    if unit == "weekend":
        return {"weeks": shift, "weekday": 6, "days_long": 2}
    return {f"{unit}s": shift}


def _shift(number: str, unit: str, sign: int) -> dict[str, int]:
    amount = int(number) if number.isdigit() else WORDS_EN[number.lower()]
    if unit.lower() == "fortnight":
        return exact_to_the_day({"weeks": 2 * sign * amount})
    name = "minutes" if unit.lower() == "min" else f"{unit.lower()}s"
    return exact_to_the_day({name: sign * amount})


def _dates(text: str) -> Iterator[Part]:
    for pattern in (_MONTH_DAY, _DAY_MONTH, _NUMERIC):
        for match in pattern.finditer(text):
            month = match["month"]
            number = int(month) if month.isdigit() else _MONTHS[month[:3].lower()]
            fields = {"month": number, "day": int(match["day"])}
            if match["year"]:
                fields["year"] = int(match["year"])
            if 1 <= number <= 12 and 1 <= fields["day"] <= 31:  # noqa: PLR2004 (calendar)
                yield Part(*match.span(), "date", fields)


def _clocks(text: str) -> Iterator[Part]:
    for match in _TWELVE.finditer(text):
        fields = {"hour": 12 if match["noon"] else 0, "minute": 0}
        yield Part(*match.span(), "clock", fields, alone=True)
    for match in _PART.finditer(text):
        name = (match["part"] or "night").lower()
        yield Part(*match.span(), "part", {"part": PARTS.index(_PART_NAMES[name])})
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"]) % 12 + (12 if match["half"].lower() == "p" else 0)
        fields = {"hour": hour, "minute": int(match["minute"] or 0)}
        yield Part(*match.span(), "clock", fields, alone=True)
    for match in _PAST.finditer(text):
        said = match["hour"].lower()
        hour = int(said) if said.isdigit() else WORDS_EN[said]
        minutes = 30 if match["how"].lower() == "half" else 15
        before = match["side"].lower() == "to"
        fields = {"hour": (hour - before) % 24, "minute": 60 - minutes if before else minutes}
        yield Part(*match.span(), "clock", fields, alone=True)
    for match in _COLON.finditer(text):
        fields = {"hour": int(match["hour"]), "minute": int(match["minute"])}
        yield Part(*match.span(), "clock", fields, alone=True)
    for match in _AT.finditer(text):
        fields = {"hour": int(match["hour"]), "minute": int(match["minute"] or 0)}
        yield Part(*match.span(), "clock", fields, alone=bool(match["minute"] or match["sure"]))
