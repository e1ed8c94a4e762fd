"""What changed and why, in sentences: the part of a report that is read first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from insights.answer import readable
from insights.changes import Change

_NOTHING = "Nothing changed beyond chance. 没有超出随机波动的变化。"


def digest(found: Sequence[Change]) -> str:
    """Return the sure changes as HTML, those that moved most beyond chance first."""
    sure = sorted((each for each in found if each.sure), key=_clear, reverse=True)
    body = "\n".join(f"<li>{_line(each)}</li>" for each in sure) or f"<li>{_NOTHING}</li>"
    unsure = len(found) - len(sure)
    rest = (
        f"{unsure} more numbers moved no further than chance does (95 % intervals). "
        f"另有 {unsure} 项在随机波动范围内。"
    )
    head = "<h2>What changed and why · 变化与原因</h2>"
    return f'{head}\n<ul>\n{body}\n</ul>\n<p class="note">{rest}</p>'


def sentences(change: Change) -> tuple[str, str]:
    """Return one change in English and in Chinese."""
    finding, unit = change.finding, change.finding.unit
    series = f" ({change.series})" if change.series else ""
    moved = f"{readable(change.before)} → {readable(change.now)}"
    sure = f"[{readable(change.low)}, {readable(change.high)}]"
    difference = f"{change.difference:+,.2f}"
    english = f"{finding.title}{series}: {moved} {unit}, {difference} {sure}"
    chinese = f"{finding.title_zh}{series}:{moved},差 {difference} {sure}"
    if change.drivers:
        parts = [f"{d.dimension}={d.value} ({d.share:.0%})" for d in change.drivers]
        english += f"; from {', '.join(parts)}"
        chinese += f";来自 {'、'.join(parts)}"
    return f"{english}.", f"{chinese}。"


def _line(change: Change) -> str:
    english, chinese = map(escape, sentences(change))
    link = f'<a href="#{escape(change.finding.id)}">{escape(change.finding.id)}</a>'
    return f"{english}<br>{chinese} {link}"


def _clear(change: Change) -> float:
    """Return how many half intervals the change is away from none."""
    half = (change.high - change.low) / 2
    return abs(change.high + change.low) / 2 / half if half else 0.0
