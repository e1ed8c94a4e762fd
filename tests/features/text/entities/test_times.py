from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.text.entities.moments import KEYS, meaning, resolve
from features.text.entities.times import times

# Wednesday 2024-05-15, ten in the morning in Shanghai
SAID = datetime(2024, 5, 15, 2, 0, tzinfo=UTC)
SHANGHAI = "Asia/Shanghai"

# expression, its local start in Shanghai, its length
GOLDEN = [
    ("明天下午三点", "2024-05-16 15:00", "minute"),
    ("明天", "2024-05-16 00:00", "day"),
    ("大前天", "2024-05-12 00:00", "day"),
    ("上周五", "2024-05-10 00:00", "day"),
    ("下周二", "2024-05-21 00:00", "day"),
    ("上上个星期天", "2024-05-05 00:00", "day"),
    ("下周", "2024-05-20 00:00", "week"),
    ("周末", "2024-05-18 00:00", "weekend"),
    ("昨晚8点半", "2024-05-14 20:30", "minute"),
    ("今晚12点整", "2024-05-16 00:00", "minute"),
    ("凌晨12点半", "2024-05-15 00:30", "minute"),
    ("明早", "2024-05-16 06:00", "6 hours"),
    ("中午1点钟", "2024-05-15 13:00", "minute"),
    ("下午3点45分", "2024-05-15 15:45", "minute"),
    ("下午三点一刻", "2024-05-15 15:15", "minute"),
    ("下个月15号", "2024-06-15 00:00", "day"),
    ("上个月", "2024-04-01 00:00", "month"),
    ("去年", "2023-01-01 00:00", "year"),
    ("2023年", "2023-01-01 00:00", "year"),
    ("去年5月", "2023-05-01 00:00", "month"),
    ("2024年5月1日上午10:30", "2024-05-01 10:30", "minute"),
    ("十二月二十五日", "2024-12-25 00:00", "day"),
    ("20号", "2024-05-20 00:00", "day"),
    ("2024-06-01", "2024-06-01 00:00", "day"),
    ("3天前", "2024-05-12 00:00", "day"),
    ("两个半月前", "2024-02-29 00:00", "day"),
    ("一个月后", "2024-06-15 00:00", "day"),
    ("半小时后", "2024-05-15 10:30", "minute"),
    ("tomorrow morning", "2024-05-16 06:00", "6 hours"),
    ("next Tuesday at 3pm", "2024-05-21 15:00", "minute"),
    ("last Friday", "2024-05-10 00:00", "day"),
    ("last Wednesday", "2024-05-08 00:00", "day"),
    ("on Wednesday", "2024-05-15 00:00", "day"),
    ("on Monday", "2024-05-20 00:00", "day"),
    ("at 5 pm on Friday", "2024-05-17 17:00", "minute"),
    ("in two days", "2024-05-17 00:00", "day"),
    ("2 hours ago", "2024-05-15 08:00", "minute"),
    ("15 minutes later", "2024-05-15 10:15", "minute"),
    ("two weeks ago", "2024-05-01 00:00", "day"),
    ("last week", "2024-05-06 00:00", "week"),
    ("next weekend", "2024-05-25 00:00", "weekend"),
    ("next month", "2024-06-01 00:00", "month"),
    ("June 3rd, 2024", "2024-06-03 00:00", "day"),
    ("3 June", "2024-06-03 00:00", "day"),
    ("2024/06/03", "2024-06-03 00:00", "day"),
    ("the day after tomorrow at noon", "2024-05-17 12:00", "minute"),
    ("tonight at 8", "2024-05-15 20:00", "minute"),
    ("tonight", "2024-05-15 18:00", "6 hours"),
    ("yesterday at 17:05", "2024-05-14 17:05", "minute"),
    ("at midnight", "2024-05-15 00:00", "minute"),
    ("at 9 o'clock", "2024-05-15 09:00", "minute"),
    ("12 am", "2024-05-15 00:00", "minute"),
]  # fmt: skip
LONG = {
    "minute": timedelta(minutes=1), "6 hours": timedelta(hours=6), "day": timedelta(days=1),
    "weekend": timedelta(days=2), "week": timedelta(days=7),
}  # fmt: skip
NOTHING = [
    "今天天气", "晚上好", "早上好", "三点建议", "有一点贵", "一点也不好", "3号楼", "订单20240501",
    "99月99日", "25点半", "this may be two", "I march on", "May 99", "sat down", "in a store",
    "at 3 stores", "99:99", "下午", "in the afternoon", "三月后", "天之前", "周到的服务",
]  # fmt: skip


@pytest.mark.parametrize(("text", "start", "long"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_what_it_meant_on_that_wednesday(text: str, start: str, long: str) -> None:
    (span,) = times(f"我说 {text} 。")
    assert span.text == text
    period = resolve(span.value, SAID, SHANGHAI)
    local = datetime.fromisoformat(start) - timedelta(hours=8)
    assert period.start == local.replace(tzinfo=UTC)
    if long in LONG:
        assert period.end - period.start == LONG[long]
    elif long == "month":
        assert (period.end - period.start).days in (28, 29, 30, 31)
    else:
        assert (period.end - period.start).days in (365, 366)


@pytest.mark.parametrize("text", NOTHING)
def test_what_is_no_time(text: str) -> None:
    assert [s.text for s in times(text)] == (["今天"] if text == "今天天气" else [])


def test_several_in_one_message() -> None:
    text = "昨天买的,说好明早送,到现在都没来,周五前不到就退"
    assert [span.text for span in times(text)] == ["昨天", "明早", "周五"]


def test_the_zone_of_the_writer_decides_the_day() -> None:
    late = datetime(2024, 5, 15, 18, tzinfo=UTC)  # already the 16th in Shanghai
    assert resolve("days=+1", late).start.day == 16
    assert resolve("days=+1", late, SHANGHAI).start == datetime(2024, 5, 16, 16, tzinfo=UTC)


def test_a_day_of_23_hours_is_one_day() -> None:
    before = datetime(2024, 3, 9, 20, tzinfo=UTC)
    period = resolve("days=+1", before, "America/New_York")
    assert period.end - period.start == timedelta(hours=23)


def test_meaning_has_one_order() -> None:
    assert meaning({"minute": 0, "hour": 15, "days": 1}) == "days=+1 hour=15 minute=0"
    assert list(dict.fromkeys(KEYS)) == list(KEYS)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [("fortnight=1", "unknown key 'fortnight'"), ("month=2 day=31", "no such date")],
)
def test_what_cannot_be_is_refused(value: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        resolve(value, SAID)


def test_the_speaking_time_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="expected a time with a zone"):
        resolve("days=+1", datetime(2024, 5, 15))  # noqa: DTZ001 (that is the point)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([row[0] for row in GOLDEN] + NOTHING), max_size=4).map("".join))
def test_spans_lie_within_the_text_and_mean_something(text: str) -> None:
    for span in times(text):
        assert text[span.start : span.end] == span.text
        try:
            period = resolve(span.value, SAID, SHANGHAI)
        except ValueError as error:
            assert "no such date" in str(error)  # noqa: PT017 (a date glued together may not exist)
        else:
            assert period.start < period.end
