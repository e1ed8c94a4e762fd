"""What leaves the house is masked here: error messages, log lines, tables for people.

One function, :func:`shown`, decides what is hidden in text that the program writes. It hides what
numbers and shapes prove. Names and addresses it leaves, because in program messages nearly every
capitalized pair of words would be one; what customers wrote themselves goes through
:func:`features.text.pii.mask.mask`, which hides all kinds.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("email", "phone", "resident_id", "bank_card", "plate", "passport", "wechat")
_MAYBE = re.compile(r"\d{3}|@|wxid_|微信|wechat|[\u4e00-\u9fff][A-Z]", re.IGNORECASE)
_IDS = ("id", "ids")


def shown(text: str) -> str:
    """Return a text of the program's own with personal data masked.

    Examples
    --------
    >>> shown("received '13800138000'")
    "received '138****8000'"
    """
    if not _MAYBE.search(text):
        return text
    from features.text.pii.mask import mask  # noqa: PLC0415 (its word lists, only when needed)

    return mask(text, kinds=KINDS)


def shown_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for people with personal data in its texts masked.

    Columns whose names end in ``id`` are left as they are: rows are found again by them.
    """
    texts = {
        str(name): table[name].map(_shown_value)
        for name in table.select_dtypes(["object", "string"])
        if not str(name).lower().endswith(_IDS)
    }
    return table.assign(**texts)


def _shown_value(value: object) -> object:
    return shown(value) if isinstance(value, str) else value


class MaskFilter(logging.Filter):
    """Masks personal data in log records, those of libraries and of exceptions included.

    Add it to a handler rather than to a logger: a logger's filters do not see records of the
    loggers below it.

    Examples
    --------
    >>> handler = logging.StreamHandler()
    >>> handler.addFilter(MaskFilter())
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record's message and traceback; every record passes."""
        message = record.getMessage()
        masked = shown(message)
        if masked != message:
            record.msg, record.args = masked, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = shown(record.exc_text)
        return True
