"""Rules about markup and addressing: HTML, mentions and hashtags."""

from __future__ import annotations

import html
import re

_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr)\b[^<>]{0,80}>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]{0,80}>.*?</\1>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?(?!media omitted)[a-z][a-z0-9]{0,15}(?:[\s/][^<>]{0,300})?>", re.IGNORECASE)
# WeChat ends a mention with U+2005. Without an end, Han letters after "@" may be the message.
_MENTION = re.compile(
    r"(?<![\w.+-])@(?:[\w.\-]{1,24}(?=[\s:\uff1a,\uff0c]|$)|[A-Za-z0-9_.\-]{1,24})[\s:\uff1a]?"
)
_UNENDED = re.compile(r"[^\x00-\x7f]")
_TOPIC = re.compile(r"#([^#\s](?:[^#\n]{0,30}[^#\s])?)#|(?<![\w&#])#((?=\w*[^\W\d])\w{1,40})")


def without_markup(text: str) -> str:
    r"""Return the text without HTML tags, with entities as the characters they stand for.

    Examples
    --------
    >>> without_markup("<p>太慢了 &amp; 贵</p>i &lt;3 it")
    '太慢了 & 贵\ni <3 it'
    """
    if "<" in text:
        text = _TAG.sub(" ", _BREAK.sub("\n", _HIDDEN.sub(" ", text)))
        text = text.strip(" ")
    return html.unescape(text) if "&" in text else text


def without_mentions(text: str) -> str:
    """Return the text without the people it is addressed to (``@name``).

    A mention of Han letters that nothing ends is kept: it cannot be told from what follows.

    Examples
    --------
    >>> without_mentions("@客服小李 在吗"), without_mentions("@客服快递太慢了")
    ('在吗', '@客服快递太慢了')
    """
    return _MENTION.sub(_gone, text).strip() if "@" in text else text


def _gone(match: re.Match[str]) -> str:
    ends = match.end() == len(match.string) and not match.group()[-1].isspace()
    return match.group() if ends and _UNENDED.search(match.group()) else " "


def tags_as_words(text: str) -> str:
    """Return the text with hashtags as their words: ``#好物分享#`` becomes ``好物分享``.

    Numbers such as ``#12345`` are no hashtags.
    """
    return _TOPIC.sub(r" \1\2 ", text) if "#" in text else text


def without_tags(text: str) -> str:
    """Return the text without hashtags."""
    return _TOPIC.sub(" ", text) if "#" in text else text
