"""Pieces of Chinese time expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.text.entities.festivals import festivals
from features.text.entities.numerals import chinese_number
from features.text.entities.times import PARTS, Part, exact_to_the_day

_DAYS = {"大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "今天": 0, "今日": 0, "明天": 1,
         "明日": 1, "后天": 2, "大后天": 3, "昨": -1, "今": 0, "明": 1}  # fmt: skip
_SHIFTS = {"上上": -2, "上": -1, "这": 0, "本": 0, "": 0, "下": 1, "下下": 2}
_WEEKDAYS = {character: number for number, character in enumerate("一二三四五六日", start=1)}
_WEEKDAYS |= {"天": 7, **{str(number): number for number in range(1, 8)}}
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2}
_UNITS = {"分钟": "minutes", "小时": "hours", "钟头": "hours", "天": "days", "日": "days",
          "周": "weeks", "星期": "weeks", "礼拜": "weeks", "月": "months",
          "年": "years"}  # fmt: skip
_PART_NAMES = {"凌晨": "small", "半夜": "small", "早": "morning", "早上": "morning",
               "早晨": "morning", "清晨": "morning", "上午": "morning", "中午": "noon",
               "下午": "afternoon", "傍晚": "dusk", "晚": "evening", "晚上": "evening",
               "夜里": "evening"}  # fmt: skip
_N = r"[0-9零〇一二两三四五六七八九十]{1,3}"
_HALF = {"minutes": ("", 0), "hours": ("minutes", 30), "days": ("hours", 12),
         "months": ("days", 15), "years": ("months", 6), "weeks": ("days", 3)}  # fmt: skip

_EDGES = {"底": {"from_end": 5, "days_long": 5}, "末": {"from_end": 5, "days_long": 5},
          "初": {"day": 1, "days_long": 5}, "中": {"day": 11, "days_long": 10}}  # fmt: skip

_DAY = re.compile(r"大?前天|大?后天|[昨今明][天日]|[昨今明](?=早|晚)")
_WEEK = re.compile(
    r"(?P<which>上上|下下|[上下这本])?(?P<ge>个)?(?:周|星期|礼拜)"
    r"(?:(?P<end>末)|(?P<day>[一二三四五六日天])(?!个)|(?P<digit>[1-7])(?![\d:]))?"
)
_MONTH = re.compile(rf"(?P<which>上上|下下|[上下这本])个?月(?:(?P<day>{_N})[号日])?")
_DATE = re.compile(
    rf"(?:(?P<year>(?:19|20)\d{{2}})年|(?P<word>[前去今明后]年))?(?<![\d个])"
    rf"(?P<month>{_N})月(?!前|后|内)(?:(?P<day>{_N})[号日]?)?"
)
_YEAR = re.compile(r"[去今明前后]年|(?<!\d)((?:19|20)\d{2})年")
_DAY_OF_MONTH = re.compile(
    r"(?<![\d一二三四五六七八九十第])(?P<day>\d{1,2})[号日](?![楼线店院门栋机码])"
)
_NUMERIC = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d{2})[\-/.](?P<month>\d{1,2})[\-/.](?P<day>\d{1,2})(?![\d.])"
)
_OFFSET = re.compile(
    rf"(?P<half>半)?(?P<number>{_N})?(?P<ge>个)?(?P<more>半)?"
    r"(?P<unit>分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?P<tail>半)?(?P<side>以前|之前|前|以后|之后|后)(?!面|续|天)"
)
_EDGE = re.compile(
    r"(?P<which>上上|下下|[上下这本])?个?月(?P<month>底|末|初|中(?!国|旬))"
    r"|(?P<word>[前去今明后])?年(?P<year>底|末|初(?!一))|(?P<half_word>[去今明]年)?(?P<half>[上下])半年"
)
_LATER = re.compile(rf"过(?P<number>{_N})(?P<unit>天|周|个月|年)(?!内|的)")
_PART = re.compile(r"凌晨|半夜|早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|(?<=[昨今明])[早晚]")
_GREETING = re.compile(r"好(?!的|像|几|多|评)|安")
_CLOCK = re.compile(
    rf"(?P<hour>{_N})(?:点|时(?!间|候|长))(?P<sure>钟|整)?"
    rf"(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute>{_N})分?(?!\w?[钱天元块]))?"
)
_NOT_CLOCK = re.compile(r"[都也儿点不没用小]|建议|意见|要求|问题")
_HINT = re.compile(
    r"双1|618|[黑节旦庆夕五十秋午宵天日周月年点时钟分早晚午夜前后号拜期晨半]|\d[::\-/.]\d"
)
_COLON = re.compile(r"(?<![\d:.])(?P<hour>[01]?\d|2[0-3])[::](?P<minute>[0-5]\d)(?![\d:])")


def chinese_parts(text: str) -> Iterator[Part]:
    """Yield the pieces found; those of one expression are joined elsewhere."""
    if not _HINT.search(text):
        return
    for match in _DAY.finditer(text):
        yield Part(*match.span(), "date", {"days": _DAYS[match[0]]})
    yield from _weeks(text)
    yield from _dates(text)
    yield from _edges(text)
    for start, end, fields in festivals(text, chinese=True):
        yield Part(start, end, "date", fields)
    for match in _LATER.finditer(text):
        unit = _UNITS[match["unit"].removeprefix("个")]
        yield Part(*match.span(), "date", exact_to_the_day({unit: _number(match["number"])}))
    for match in _OFFSET.finditer(text):
        fields = _offset(match)
        if fields:
            yield Part(*match.span(), "date", fields)
    for match in _PART.finditer(text):
        if not _GREETING.match(text, match.end()):
            number = PARTS.index(_PART_NAMES[match[0]])
            yield Part(*match.span(), "part", {"part": number})
    yield from _clocks(text)


def _weeks(text: str) -> Iterator[Part]:
    for match in _WEEK.finditer(text):
        which, day = match["which"] or "", match["day"] or match["digit"]
        fields = {"weeks": _SHIFTS[which]}
        if match["end"]:
            yield Part(*match.span(), "date", fields | {"weekday": 6, "days_long": 2})
        elif day:
            yield Part(*match.span(), "date", fields | {"weekday": _WEEKDAYS[day]})
        elif which:
            yield Part(*match.span(), "date", fields)


def _dates(text: str) -> Iterator[Part]:
    for match in _NUMERIC.finditer(text):
        fields = {name: int(number) for name, number in match.groupdict().items()}
        yield from _dated(match, fields)
    for match in _MONTH.finditer(text):
        day = {"day": _number(match["day"])} if match["day"] else {}
        yield from _dated(match, {"months": _SHIFTS[match["which"]], **day})
    for match in _DATE.finditer(text):
        fields = {"month": _number(match["month"])}
        if match["day"]:
            fields["day"] = _number(match["day"])
        if match["year"]:
            fields["year"] = int(match["year"])
        elif match["word"]:
            fields["years"] = _YEARS[match["word"]]
        yield from _dated(match, fields)
    for match in _YEAR.finditer(text):
        year = {"year": int(match[1])} if match[1] else {"years": _YEARS[match[0]]}
        yield from _dated(match, year)
    for match in _DAY_OF_MONTH.finditer(text):
        yield from _dated(match, {"day": int(match["day"])})


def _edges(text: str) -> Iterator[Part]:
    """Yield starts and ends of months and years: 月底 are the last five days, 年底 is December."""
    for match in _EDGE.finditer(text):
        fields = {"years": _YEARS.get(match["half_word"] or (match["word"] or "今") + "年", 0)}
        if match["half"]:
            fields |= {"month": 1 if match["half"] == "上" else 7, "months_long": 6}
        elif match["year"]:
            fields |= {"month": 1 if match["year"] == "初" else 12}
        else:
            fields = {"months": _SHIFTS[match["which"] or ""], **_EDGES[match["month"]]}
        yield Part(*match.span(), "date", fields)


def _dated(match: re.Match[str], fields: dict[str, int]) -> Iterator[Part]:
    if 1 <= fields.get("month", 1) <= 12 and 1 <= fields.get("day", 1) <= 31:  # noqa: PLR2004 (calendar)
        yield Part(*match.span(), "date", fields)


def _offset(match: re.Match[str]) -> dict[str, int]:
    unit = _UNITS[match["unit"]]
    sign = -1 if "前" in match["side"] else 1
    if match["unit"] == "月" and not match["ge"]:
        return {}  # 三月后 is March
    half_unit, half = _HALF[unit]
    fields: dict[str, int] = {}
    if match["number"]:
        fields[unit] = sign * _number(match["number"])
    if (match["half"] or match["more"] or match["tail"]) and half_unit:
        fields[half_unit] = sign * half
    return exact_to_the_day(fields)


def _clocks(text: str) -> Iterator[Part]:
    for match in _COLON.finditer(text):
        yield Part(*match.span(), "clock", _clock(match["hour"], match["minute"]), alone=True)
    for match in _CLOCK.finditer(text):
        bare = not (match["half"] or match["quarter"] or match["minute"] or match["sure"])
        if bare and _NOT_CLOCK.match(text, match.end()):
            continue
        fields = _clock(match["hour"], match["minute"] or "0")
        if match["half"]:
            fields["minute"] = 30
        elif match["quarter"]:
            fields["minute"] = 15 * _number(match["quarter"])
        if fields["hour"] <= 24 and fields["minute"] < 60:  # noqa: PLR2004 (a clock)
            fields["hour"] %= 24
            yield Part(*match.span(), "clock", fields, alone=not bare)


def _clock(hour: str, minute: str) -> dict[str, int]:
    return {"hour": _number(hour), "minute": _number(minute)}


def _number(text: str) -> int:
    value = chinese_number(text)
    return 99 if value is None else int(value)  # 99 is no month, day, hour or minute
