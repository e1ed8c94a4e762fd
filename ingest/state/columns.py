"""Types of columns that hold the same in SQLite and in PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator


class Words(TypeDecorator[str]):
    """Text of any length. PostgreSQL keeps no NUL character: it becomes U+FFFD in both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text as it is kept and looked for."""
        return None if value is None else value.replace("\x00", "\ufffd")


def numbered(name: str = "number") -> Column[Any]:
    """Return a key that counts rows in the order they were added."""
    kind = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts nothing else by itself
    return Column(name, kind, primary_key=True)
