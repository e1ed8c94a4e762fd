"""What a picture is: a business card, an order, a chat; and who says what in a chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from features.text.ocr.lines import Line, usual_height

Kind = Literal["card", "order", "chat", "other"]
Speaker = Literal["left", "right", "middle"]

_MARGIN = 0.28  # of the width: a bubble begins, or ends, nearer than that to its side
_CENTER = 0.08  # of the width: stamps of time and notices stand so near to the middle
_GAP = 1.1  # line heights between two lines of one bubble at most
_CHAT_LINES = 3
_MARKS = 2  # different words that make an order, different kinds of data that make a card
_ORDER = re.compile(
    r"订单(?:编号|号|详情|金额|状态)|下单时间|实付|应付|合计|收货(?:人|地址)|运费|商品总价|已发货|待收货"
    r"|\b(?:order (?:no|number|id|date|total|details|status|placed)|subtotal|grand total"
    r"|ship(?:ping)? to|tracking|quantity|qty)\b",
    re.IGNORECASE,
)
_CARD = re.compile(
    r"(?P<phone>(?:手机|电话|mobile|phone|tel|cell|\bm|\bt)\s?[.::]?\s?\+?[\d() -]{7,})"
    r"|(?P<mail>[\w.+-]+@[\w-]+\.[\w.]+)"
    r"|(?P<firm>公司|集团|有限|事务所|研究院|大学|医院|\b(?:ltd|inc|llc|gmbh|corp|company|limited)\b)"
    r"|(?P<job>经理|总监|工程师|总裁|主任|顾问|律师|销售|教授"
    r"|\b(?:manager|director|engineer|sales|head of|consultant|officer|ceo|cto|founder)\b)"
    r"|(?P<place>地址|路\d+号|大厦|\b(?:address|street|road|avenue|suite)\b)"
    r"|(?P<web>www\.|https?://|微信|wechat)",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"^(?:\S{0,12}\s)?(?:上午|下午|晚上|凌晨|中午)?\d{1,2}[::]\d{2}(?:\s?[AP]M)?$", re.I
)


@dataclass(frozen=True)
class Bubble:
    """What one side says at a time.

    Attributes
    ----------
    speaker : {"left", "right", "middle"}
        ``right`` is whose screen it is, ``left`` the other side, ``middle`` the program: times
        and notices.
    text : str
        Its lines, joined as their script joins words.
    lines : tuple of Line
        In reading order.
    """

    speaker: Speaker
    text: str
    lines: tuple[Line, ...]


def kind_of(lines: Sequence[Line], width: float) -> Kind:
    """Return what a picture is, judged by its words and by where they stand.

    An order names at least two things that orders name; a card two different kinds of contact data
    or job; a chat has bubbles on both sides. Anything else is ``other``.

    Parameters
    ----------
    lines : sequence of Line
        From :func:`features.text.ocr.engine.read_image`.
    width : float
        Of the picture, in pixels.
    """
    words = "\n".join(line.text for line in lines)
    orders = {match[0].lower() for match in _ORDER.finditer(words)}
    if len(orders) >= _MARKS:
        return "order"
    if _is_chat(lines, width):
        return "chat"
    contact = {match.lastgroup for match in _CARD.finditer(words)}
    return "card" if len(contact) >= _MARKS else "other"


def speaker_of(line: Line, width: float) -> Speaker:
    """Return which side of a chat a line stands on.

    Parameters
    ----------
    line : Line
        One of the lines.
    width : float
        Of the picture, in pixels.
    """
    left, right = line.box[0], width - line.box[2]
    centered = abs(left - right) / 2 <= _CENTER * width and left > _MARGIN * width
    if centered or _CLOCK.match(line.text):
        return "middle"
    return "left" if left <= right else "right"


def bubbles(lines: Sequence[Line], width: float) -> tuple[Bubble, ...]:
    """Return what is said in a chat, turn by turn, from top to bottom.

    Lines of one side belong to one bubble when they follow each other with less than about a
    line's height between them. In a bubble on the right, lines after the first begin where the
    first does, which tells them from those of the left.

    Parameters
    ----------
    lines : sequence of Line
        In reading order.
    width : float
        Of the picture, in pixels.
    """
    near = _GAP * usual_height(lines)
    groups: list[tuple[Speaker, list[Line]]] = []
    for line in lines:
        side = speaker_of(line, width)
        last = groups[-1] if groups else None
        if last and line.box[1] - last[1][-1].box[3] < near and _same_bubble(last, side, line):
            last[1].append(line)
        else:
            groups.append((side, [line]))
    return tuple(Bubble(side, _joined(part), tuple(part)) for side, part in groups)


def _same_bubble(last: tuple[Speaker, list[Line]], side: Speaker, line: Line) -> bool:
    """Whether a near line goes on with the bubble: of its side, or beginning at its edge."""
    begins = abs(line.box[0] - last[1][0].box[0]) < max(line.height, last[1][0].height) / 2
    return side != "middle" and last[0] != "middle" and (side == last[0] or begins)


def _is_chat(lines: Sequence[Line], width: float) -> bool:
    sides = [bubble for bubble in bubbles(lines, width) if bubble.speaker != "middle"]
    starts = [bubble.lines[0].box for bubble in sides if bubble.speaker == "left"]
    ends = [
        max(line.box[2] for line in bubble.lines) for bubble in sides if bubble.speaker == "right"
    ]
    both = starts and ends
    if not both or len(lines) < _CHAT_LINES:
        return False
    leftmost = all(box[0] < _MARGIN * width for box in starts)
    return leftmost and all(width - end < _MARGIN * width for end in ends)


def _joined(lines: Sequence[Line]) -> str:
    text = lines[0].text
    for line in lines[1:]:
        ascii_edge = text[-1:].isascii() and line.text[:1].isascii()
        text += f" {line.text}" if ascii_edge else line.text
    return text
