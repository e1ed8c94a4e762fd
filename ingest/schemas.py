"""The eight canonical tables, declared once: columns, types, nullability and row contracts.

The declaration is a pandera schema over Arrow-backed columns. The pyarrow schema of the store is
derived from it, and loading runs its checks column by column on whole batches, because one mask a
check is a hundred times quicker than pandera's list of single failures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc

from ingest.contracts import (
    AMOUNT,
    FILLED,
    FINITE,
    JSON,
    RATING,
    SANE_TIME,
    SHARE,
    SNAKE,
    broken,
    one_of,
)
from ingest.taxonomies import Broken, undeclared

STRING = pa.string()
NUMBER = pa.float64()
FLAG = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")

SENDER_ROLES = ("customer", "agent", "bot", "system")
AUTHORITIES = ("manual", "crm", "extracted", "inferred")
FEEDBACK_KINDS = ("review", "survey", "social", "ticket")
IDENTITY_KINDS = ("unionid", "email", "phone")
LABEL_SOURCES = ("imported", "corrected", "api")


@dataclass(frozen=True)
class Violation:
    """Rows of a batch that break one contract.

    Attributes
    ----------
    column : str
        Column the contract is about.
    expected : str
        What the contract asks for, in words.
    bad : pyarrow.Array
        Boolean, one entry a row: true where the contract is broken.
    """

    column: str
    expected: str
    bad: pa.Array


@dataclass(frozen=True)
class CanonicalTable:
    """One canonical table.

    Attributes
    ----------
    name : str
        Name of the table.
    key : str
        Column that identifies a row.
    contract : pandera.DataFrameSchema
        Columns with types, nullability and checks.
    updates : bool
        Whether a later row with a known key changes the stored row (customers, items) or is a
        duplicate of it (everything that happened once).
    across : callable, optional
        Contracts over several columns: column, expectation and mask of what breaks them.
    """

    name: str
    key: str
    contract: pandera.DataFrameSchema
    updates: bool = False
    across: Callable[[pa.Table], list[Broken]] | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the table, derived from the contract."""
        return pa.schema(
            pa.field(name, column.dtype.type.pyarrow_dtype, nullable=column.nullable)
            for name, column in self.contract.columns.items()
        )

    def violations(self, rows: pa.Table) -> list[Violation]:
        """Return the broken contracts of any number of rows with this table's Arrow schema."""
        found = []
        for name, column in self.contract.columns.items():
            values = rows[name].combine_chunks()
            if not column.nullable and values.null_count:
                found.append(Violation(name, "a value", pc.is_null(values)))
            if values.null_count == len(values):
                continue
            for check in column.checks:
                bad = broken(check, values)
                if bad is not None:
                    found.append(Violation(name, check.error, bad))
        if self.across is not None and rows.num_rows:
            found += [Violation(*each) for each in self.across(rows)]
        return found


def _column(kind: pa.DataType, nullable: bool, *checks: pandera.Check) -> pandera.Column:
    return pandera.Column(pd.ArrowDtype(kind), list(checks), nullable=nullable)


def _text(check: pandera.Check = FILLED) -> pandera.Column:
    return _column(STRING, False, check)


def _maybe(*checks: pandera.Check) -> pandera.Column:
    return _column(STRING, True, *checks)


def _number(check: pandera.Check = FINITE) -> pandera.Column:
    return _column(NUMBER, True, check)


def _time(nullable: bool = False) -> pandera.Column:
    return _column(TIME, nullable, SANE_TIME)


def _table(name: str, key: str, updates: bool = False, **columns: pandera.Column) -> CanonicalTable:
    declared = {key: _text(), "source": _text(), **columns}
    return CanonicalTable(name, key, pandera.DataFrameSchema(declared, strict=True), updates)


CUSTOMERS = _table(
    "customers",
    "customer_id",
    updates=True,
    attributes=_maybe(JSON),
    first_seen_at=_time(nullable=True),
    consent=_column(FLAG, True),
)
ITEMS = _table(
    "items",
    "item_id",
    updates=True,
    title=_maybe(),
    description=_maybe(),
    category=_maybe(),
    brand=_maybe(),
    price=_number(AMOUNT),
    available_from=_time(nullable=True),
    available_until=_time(nullable=True),
    attributes=_maybe(JSON),
)
EVENTS = _table(
    "events",
    "event_id",
    customer_id=_text(),
    kind=_text(SNAKE),
    item_id=_maybe(),
    agent_id=_maybe(),
    group_id=_maybe(),
    value=_number(),
    quantity=_number(AMOUNT),
    price=_number(AMOUNT),
    occurred_at=_time(),
    available_at=_time(),
    attributes=_maybe(JSON),
)
FEEDBACK = _table(
    "feedback",
    "feedback_id",
    customer_id=_maybe(),
    item_id=_maybe(),
    kind=_text(one_of(FEEDBACK_KINDS)),
    title=_maybe(),
    text=_text(),
    rating=_number(RATING),
    occurred_at=_time(),
    available_at=_time(),
    attributes=_maybe(JSON),
)
MESSAGES = _table(
    "messages",
    "message_id",
    conversation_id=_text(),
    customer_id=_maybe(),
    agent_id=_maybe(),
    sender_role=_text(one_of(SENDER_ROLES)),
    kind=_text(SNAKE),
    text=_maybe(),
    media=_maybe(JSON),
    reply_to=_maybe(),
    recalled=_column(FLAG, False),
    private=_column(FLAG, False),
    channel=_maybe(),
    occurred_at=_time(),
    available_at=_time(),
    raw=_maybe(JSON),
)
FACTS = _table(
    "facts",
    "fact_id",
    customer_id=_text(),
    field=_text(),
    value=_text(),
    authority=_text(one_of(AUTHORITIES)),
    evidence=_maybe(JSON),
    confidence=_number(SHARE),
    author=_maybe(),
    recorded_at=_time(),
    retracts=_maybe(),
)
IDENTITIES = _table(
    "identities",
    "identity_id",
    customer_id=_text(),
    kind=_text(one_of(IDENTITY_KINDS)),
    value=_text(),
    evidence=_maybe(JSON),
    author=_text(),
    recorded_at=_time(),
    retracts=_maybe(),
)
_LABELS = _table(
    "labels",
    "label_id",
    source=_text(one_of(LABEL_SOURCES)),
    text_id=_maybe(),
    text=_text(),
    taxonomy=_text(),
    label=_text(),
    annotator=_text(),
    at=_time(),
    retracts=_maybe(),
)
LABELS = replace(_LABELS, across=undeclared)

TABLES: Mapping[str, CanonicalTable] = {
    table.name: table
    for table in (CUSTOMERS, ITEMS, EVENTS, FEEDBACK, MESSAGES, FACTS, LABELS, IDENTITIES)
}


def canonical(table: str) -> CanonicalTable:
    """Return the canonical table called ``table``.

    Raises
    ------
    KeyError
        If there is no such table; the message lists those there are.
    """
    if table not in TABLES:
        raise KeyError(f"table {table!r}: expected one of {', '.join(TABLES)}")
    return TABLES[table]
