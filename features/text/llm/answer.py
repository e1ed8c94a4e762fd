"""An answer of a language model, believed only as far as it can be checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from features.text.llm.task import Asked, Task
from features.text.llm.veil import Veil
from features.text.pii.recognize import find_pii

_FENCE = re.compile(r"\s*```(?:json)?\s*\n(?P<inside>.*?)\n?\s*```\s*", re.DOTALL)
_LINK = re.compile(r"(?:https?://|www\.)[^\s\u3400-\u9fff]+", re.IGNORECASE | re.ASCII)
_INVENTED = ("email", "phone", "resident_id", "bank_card", "wechat")
_LEAK = 40  # so many characters of the instructions in a row are no coincidence
_ERRORS = 3


class RefusedError(ValueError):
    """An answer that is not believed; the message says why, without words of the text."""


@dataclass(frozen=True)
class Checked:
    """What of an answer holds.

    Attributes
    ----------
    values : dict
        By column of the task.
    dropped : int
        Items left out since their quotation is not in the text, or for what they tell.
    """

    values: dict[str, Any]
    dropped: int


def check(task: Task, raw: str, veil: Veil, mark: str) -> Checked:
    """Return what an answer says about the text as it was written.

    Parameters
    ----------
    task : Task
        What was asked.
    raw : str
        The answer as it came.
    veil : Veil
        The text and what was sent for it.
    mark : str
        The mark around the text, which no honest answer contains.

    Raises
    ------
    RefusedError
        If the answer is no JSON of the task's schema, quotes what the text does not say, tells the
        instructions, or holds links or contact data that the text does not.
    """
    if mark in raw:
        raise RefusedError("the answer repeats the mark around the text")
    fenced = _FENCE.fullmatch(raw)
    try:
        found = task.answer().model_validate_json(fenced["inside"] if fenced else raw)
    except ValidationError as error:
        raise RefusedError(_told(error)) from error
    values: dict[str, Any] = {}
    dropped = 0
    for field in task.fields:
        given = getattr(found, field.name)
        if field.kind != "items" or given is None:
            values |= _value(field, given, veil, task)
            continue
        kept = []
        for item in given:
            try:
                kept.append(_object(field.fields, item.model_dump(), veil, task))
            except RefusedError:
                dropped += 1
        values[field.name] = kept
    return Checked(values, dropped)


def _object(
    fields: tuple[Asked, ...], given: Mapping[str, Any], veil: Veil, task: Task
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        found |= _value(field, given[field.name], veil, task)
    return found


def _value(field: Asked, given: Any, veil: Veil, task: Task) -> dict[str, Any]:
    if field.kind == "quote":
        return dict(zip(_columns(field), _quoted(field, given, veil), strict=True))
    if field.kind == "text" and given is not None:
        _harmless(field, given, veil, task)
        return {field.name: veil.reveal(given)}
    return {field.name: given}


def _quoted(
    field: Asked, quote: str | None, veil: Veil
) -> tuple[str, int, int] | tuple[None, None, None]:
    if quote is None:
        return None, None, None
    place = veil.find(quote)
    if place is None:
        raise RefusedError(f"{field.name}: these words are not in the text")
    return veil.original[slice(*place)], *place


def _harmless(field: Asked, given: str, veil: Veil, task: Task) -> None:
    told = task.told()
    windows = (given[start : start + _LEAK] for start in range(len(given) - _LEAK + 1))
    if any(window in told for window in windows):
        raise RefusedError(f"{field.name}: it repeats the instructions")
    if any(link not in veil.sent for link in _LINK.findall(given)):
        raise RefusedError(f"{field.name}: it holds a link that is not in the text")
    if any(span.kind in _INVENTED for span in find_pii(given)):
        raise RefusedError(f"{field.name}: it holds contact data that is not in the text")


def _columns(field: Asked) -> Iterator[str]:
    return (column.name for column in field.columns())


def _told(error: ValidationError) -> str:
    errors = error.errors(include_input=False, include_url=False, include_context=False)
    parts = [
        f"{'.'.join(str(part) for part in one['loc']) or 'answer'}: {_plain(one)}"
        for one in errors[:_ERRORS]
    ]
    return "; ".join(parts)


def _plain(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return "not valid JSON"
    return "no such field" if error["type"] == "extra_forbidden" else str(error["msg"])
