"""Tell what somebody quoted from what they wrote, and what they passed on from others."""

from __future__ import annotations

import re

# Pieces of which every quotation holds one: almost all texts hold none and are done at once.
_PIECES = (">", "》", "「", "引用", "//@", "[quote", "[QUOTE", "[Quote", "邮件", "写道", "riginal",
           "wrote", "发件人", "From:")  # fmt: skip
_LINE = re.compile(r"^[ \t]*(?:>|》|&gt;).*$", re.MULTILINE)
# What follows these lines is somebody else's mail.
_MAIL = re.compile(
    r"^[ \t]*(?:-{2,}[ \t]*(?:原始邮件|原邮件|[Oo]riginal [Mm]essage|回复的原邮件)[ \t]*-*"
    r"|On [^\n]{6,120} wrote:|在[ \t]?\d{4}[^\n]{4,100}写道[:\uff1a]"
    r"|(?:发件人|From)[:\uff1a][^\n]+\n(?:[^\n]*\n){0,3}?(?:主题|Subject)[:\uff1a][^\n]*)[ \t]*$",
    re.MULTILINE,
)
_WECHAT = re.compile(r"^\s*「([^「」]{1,2000})」\s*\n?(?:[ \t]*[-—–_][ \t-—–_]{4,}\s*\n?)")
_MARKED = re.compile(r"\[quote[^\]]*\](.*?)\[/quote\]", re.DOTALL | re.IGNORECASE)
_CITED = re.compile(
    r"^[ \t]*(?:\[?引用\]?(?: ?[^\s:\uff1a]{1,24}(?: ?的消息)?)?[:\uff1a])[ \t]*(.*)$", re.MULTILINE
)
_RETWEET = re.compile(r"//@[\w-]{1,30}[:\uff1a](.*)$", re.DOTALL)

_FORWARD = re.compile(
    r"^\s*(?:\[(?:聊天记录|合并转发|转发|Chat History|Forwarded)\]|(?:转发|Fwd?|FW|FWD)[:\uff1a]\s?"
    r"|-{4,} ?(?:Forwarded message|转发的?(?:邮件|消息)) ?-{3,}"
    r"|[^\s,,。]{1,20}(?:和|与)[^\s,,。]{1,20}的聊天记录|群聊的聊天记录"
    r"|Chat history (?:of|for|between)\b)",
    re.IGNORECASE,
)
_RECORD = re.compile(
    r"^[^\n]{1,24}[ \t]+(?:\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?[ \t]+)?"
    r"\d{1,2}:\d{2}(?::\d{2})?[ \t]*$",
    re.MULTILINE,
)
_RECORDS_AT_LEAST = 2


def own_and_quoted(text: str) -> tuple[str, str]:
    r"""Return what the writer wrote, and what they quoted.

    Known are lines that start with ">", mail replies in both languages, WeChat's 「name: text」
    above a line of dashes, 引用, ``[quote]`` and Weibo's ``//@name:``.

    Examples
    --------
    >>> own_and_quoted("「小李:明天发货」\n- - - - - - - - -\n那运费谁出")
    ('那运费谁出', '小李:明天发货')
    """
    if not any(map(text.__contains__, _PIECES)):
        return text, ""
    quoted: list[str] = []
    mail = _MAIL.search(text)
    if mail:
        quoted.append(text[mail.end() :].strip())
        text = text[: mail.start()]
    for pattern in (_WECHAT, _MARKED, _CITED, _RETWEET):
        quoted += [found.group(1).strip() for found in pattern.finditer(text)]
        text = pattern.sub("\n", text)
    quoted += [found.group().lstrip(" \t>》").strip() for found in _LINE.finditer(text)]
    text = _LINE.sub("", text)
    return text.strip(), "\n".join(part for part in quoted if part)


def is_forwarded(text: str) -> bool:
    """Return whether a message passes on what others wrote: a chat record or a forwarded mail."""
    if _FORWARD.match(text):
        return True
    return ":" in text and "\n" in text and len(_RECORD.findall(text)) >= _RECORDS_AT_LEAST
