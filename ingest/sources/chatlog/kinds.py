"""What chatlog's message types are to us, and how its rendered texts name them.

JSON says ``type`` and ``subType``; CSV, plain text and the webhook hold a rendered text such as
``[文件|合同.pdf](http://…)``. Both ways lead to the same kind.
"""

from __future__ import annotations

import re
from typing import Any

TEXT, SHARE, SYSTEM, QUOTE, PAT, NOTICE, TRANSFER = 1, 49, 10000, 57, 62, 87, 2000
SYSTEM_SENDER = "系统消息"

_TYPES = {
    TEXT: "text", 3: "image", 34: "voice", 42: "card", 43: "video", 47: "sticker", 48: "location",
    50: "event", SYSTEM: "system",
}  # fmt: skip
# A quote is a text that replies; a pat on the back is a reaction; an announcement to a group is
# nobody's answer, as campaigns are.
_SHARES = {
    6: "file", 8: "sticker", 19: "forward", 24: "forward", QUOTE: "text", PAT: "reaction",
    NOTICE: "campaign", TRANSFER: "payment", 2001: "payment", 2003: "payment",
}  # fmt: skip
# Word of a rendered text -> type and subtype.
_WORDS = {
    "图片": (3, 0), "语音": (34, 0), "名片": (42, 0), "视频": (43, 0), "动画表情": (47, 0),
    "位置": (48, 0), "语音通话": (50, 0), "分享": (SHARE, 4), "链接": (SHARE, 5),
    "文件": (SHARE, 6), "GIF表情": (SHARE, 8), "合并转发": (SHARE, 19), "笔记": (SHARE, 24),
    "小程序": (SHARE, 33), "视频号": (SHARE, 51), "视频号直播": (SHARE, 63),
    "群公告": (SHARE, NOTICE), "音乐": (SHARE, 92), "转账": (SHARE, TRANSFER),
    "红包": (SHARE, 2001), "红包封面": (SHARE, 2003),
}  # fmt: skip
_RENDERED = re.compile(
    rf"!?\[(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?:\|(?P<about>[^\n]*?))?\]"
    r"(?:\((?P<target>[^\n]*)\))?(?P<more>\n.*)?",
    re.DOTALL,
)
_OTHER = re.compile(r"Type: (?P<type>\d+) Content: (?P<content>.*)", re.DOTALL)


def kind_of(kind: int, share: int) -> str:
    """Return the canonical kind of a type and subtype; ``event`` for types nobody described."""
    if kind == SHARE:
        return _SHARES.get(share, "link")
    return _TYPES.get(kind, "event")


def unrendered(sender: str, content: str) -> dict[str, Any]:
    """Return type, subtype, content and contents that a rendered text stands for.

    Parameters
    ----------
    sender : str
        Sender as written; lines of the system have a sender of their own.
    content : str
        Rendered text.

    Examples
    --------
    >>> unrendered("wxid_ann", "[文件|price.pdf](http://127.0.0.1:5030/file/abc)")["contents"]
    {'title': 'price.pdf', 'url': 'http://127.0.0.1:5030/file/abc'}
    """
    if sender == SYSTEM_SENDER:
        return {"type": SYSTEM, "subType": 0, "content": content}
    if content.startswith("> "):
        return {"type": SHARE, "subType": QUOTE, "content": content, "contents": {"host": ""}}
    other = _OTHER.fullmatch(content)
    if other:
        return {"type": int(other["type"]), "subType": 0, "content": other["content"]}
    found = _RENDERED.fullmatch(content)
    if found is None or (found["more"] and found["word"] != "合并转发"):
        return {"type": TEXT, "subType": 0, "content": content}
    kind, share = _WORDS[found["word"]]
    given = {"title": found["about"], "url": found["target"], "desc": (found["more"] or "").strip()}
    contents = {name: value for name, value in given.items() if value}
    kept = content if share == TRANSFER else ""
    made = {"type": kind, "subType": share, "content": kept}
    return {**made, "contents": contents} if contents and not kept else made


def split_quote(content: str) -> tuple[str, str]:
    """Return what a rendered quote quotes, and what its sender says to it."""
    lines = content.split("\n")
    count = next((n for n, line in enumerate(lines) if not line.startswith("> ")), len(lines))
    quoted = "\n".join(line.removeprefix("> ") for line in lines[:count])
    return quoted, "\n".join(lines[count:])
