"""Sentences of Chinese and English text, by where they start and end."""

from __future__ import annotations

import re

# A full stop ends a sentence only before white space or the end: not in 3.5, not in a.b/c.
_END = re.compile(r"[。!?!?;;…~]+[”’\"')）\]]*|\.+(?=\s|$)[”’\"')）\]]*|[\r\n]+")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return start and end of every sentence, its closing mark included, white space excluded.

    Examples
    --------
    >>> text = "你好!什么时候发货? It costs 3.5 yuan. OK"
    >>> [text[start:end] for start, end in sentences(text)]
    ['你好!', '什么时候发货?', 'It costs 3.5 yuan.', 'OK']
    """
    ends = [match.end() for match in _END.finditer(text)]
    found = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        part = text[start:end]
        inside = part.strip()
        if any(map(str.isalnum, inside)):
            first = start + len(part) - len(part.lstrip())
            found.append((first, first + len(inside)))
    return found
