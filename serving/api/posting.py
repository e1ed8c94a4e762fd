"""Rows that applications post: read, checked against their contract, counted one by one.

What is the same for events and messages stands here; what a kind does with rows that are new is its
own desk's matter. Everything accepted is on disk when the answer is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from ingest.schemas import CanonicalTable
from ingest.store import Store
from serving.api.errors import fault
from serving.api.schemas import Form
from serving.errors import BadRequestError

MAX_ROWS = 1000


class Dated(Protocol):
    """A row as it is posted."""

    occurred_at: AwareDatetime
    available_at: AwareDatetime | None


F = TypeVar("F", bound=Dated)
R = TypeVar("R", bound=Form)
C = TypeVar("C", bound=Form)


@dataclass(frozen=True)
class Post(Generic[F, R]):
    """The rows of one request: those of the right form, and those that were not.

    Attributes
    ----------
    rows : tuple of (int, form)
        Position in the request and row.
    rejections : tuple of rejection
        What does not have the form of a row.
    received : datetime
        When the request came (UTC).
    """

    rows: tuple[tuple[int, F], ...]
    rejections: tuple[R, ...]
    received: datetime


@dataclass(frozen=True)
class Kind(Generic[F, R, C]):
    """What is posted, and how it is answered.

    Parameters
    ----------
    one : str
        What a row is called, with its article; several are called as their table.
    table : CanonicalTable
        Where rows go.
    form, rejection, receipt : type
        Forms of a row, of why one was not stored, and of the answer.
    most_bytes : int
        Largest body.
    """

    one: str
    table: CanonicalTable
    form: type[F]
    rejection: type[R]
    receipt: type[C]
    most_bytes: int

    @property
    def body(self) -> dict[str, Any]:
        """What OpenAPI shows of the body of a request."""
        form = self._adapter.json_schema()
        several = {"type": "array", "items": form, "minItems": 1}
        title = f"One {self.one.split()[-1]} or a list of {self.table.name}"
        shown = {
            "schema": {"oneOf": [form, several], "title": title},
            "example": form["examples"][0],
        }
        return {"requestBody": {"required": True, "content": {"application/json": shown}}}

    def parse(self, body: bytes) -> Post[F, R]:
        """Read the body of a request: one row, or a list of rows.

        Raises
        ------
        BadRequestError
            If the body is not JSON, not an object or list, empty or too large.
        """
        rows: list[tuple[int, F]] = []
        rejections: list[R] = []
        for index, row in enumerate(self._listed(body)):
            try:
                rows.append((index, self._adapter.validate_python(row, strict=False)))
            except ValidationError as error:
                rejections.append(self._malformed(index, row, error))
        return Post(tuple(rows), tuple(rejections), datetime.now(UTC))

    def commit(
        self, posts: Sequence[Post[F, R]], keep: Callable[[pa.Table], set[str]]
    ) -> list[C | Exception]:
        """Store the rows of all posts by one call of ``keep`` and count what became of each.

        Parameters
        ----------
        posts : sequence of Post
            Requests that wait at the same time.
        keep : callable
            Stores canonical rows durably and returns those of their keys that were stored before.

        Returns
        -------
        list of receipt
            One a post, in order.
        """
        rows = [self.row_of(row, post.received) for post in posts for _, row in post.rows]
        table = pa.Table.from_pylist(rows, schema=self.table.schema)
        broken = self._broken(table)
        good = [position for position in range(len(rows)) if position not in broken]
        known = keep(table.take(pa.array(good, pa.int64()))) if good else set()
        receipts: list[C | Exception] = []
        position = 0
        for post in posts:
            outcome = list(post.rejections)
            accepted = 0
            for index, row in post.rows:
                key = getattr(row, self.table.key)
                if position in broken:
                    outcome.append(self._against_contract(index, row, *broken[position]))
                elif key not in known:
                    known.add(key)
                    accepted += 1
                position += 1
            receipts.append(self._receipt(post, accepted, outcome))
        return receipts

    def nothing(self, post: Post[F, R]) -> C:
        """Return the receipt of a request none of whose rows has the right form."""
        return self._receipt(post, 0, list(post.rejections))

    def row_of(self, row: F, received: datetime) -> dict[str, object]:
        """Return the canonical row.

        Without ``available_at`` it was known when it was received, and never before it happened.
        """
        found: dict[str, object] = {}
        for name in self.table.schema.names:
            given = getattr(row, name)
            nested = isinstance(given, (dict, list))
            found[name] = orjson.dumps(given, default=str).decode() if nested else given
        found["available_at"] = row.available_at or max(received, row.occurred_at)
        return found

    @cached_property
    def _adapter(self) -> TypeAdapter[F]:
        return TypeAdapter(self.form)

    def _listed(self, body: bytes) -> list[object]:
        if len(body) > self.most_bytes:
            expected = f"at most {self.most_bytes} bytes"
            raise self._refused(expected, f"{len(body)} bytes", f"Send fewer {self.table.name}.")
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            noun = self.one.split()[-1]
            expected = f"one {noun} or a list of {self.table.name} as JSON"
            raise self._refused(expected, f"{error}", "Send JSON.") from error
        rows = content if isinstance(content, list) else [content]
        if not 1 <= len(rows) <= MAX_ROWS:
            todo = f"Split the list over several requests; sending {self.one} twice does no harm."
            received = f"{len(rows)} {self.table.name}"
            raise self._refused(f"1 to {MAX_ROWS} {self.table.name}", received, todo)
        return rows

    def _refused(self, expected: str, received: str, todo: str) -> BadRequestError:
        said = f"The body cannot be read as {self.table.name}."
        return BadRequestError(said, expected=expected, received=received, todo=todo)

    def _malformed(self, index: int, row: object, error: ValidationError) -> R:
        key = row.get(self.table.key) if isinstance(row, dict) else None
        first = fault(error.errors(include_url=False, include_context=False)[0])
        return self._rejected(index, None if key is None else str(key), **first)

    def _against_contract(self, index: int, row: F, column: str, expected: str) -> R:
        key, received = getattr(row, self.table.key), str(getattr(row, column))
        return self._rejected(index, key, where=column, expected=expected, received=received)

    def _rejected(self, index: int, key: str | None, **why: Any) -> R:
        return self.rejection.model_validate({"index": index, self.table.key: key, **why})

    def _broken(self, table: pa.Table) -> dict[int, tuple[str, str]]:
        found: dict[int, tuple[str, str]] = {}
        for violation in self.table.violations(table):
            for position in pc.indices_nonzero(pc.fill_null(violation.bad, False)).to_pylist():
                found.setdefault(position, (violation.column, violation.expected))
        return found

    def _receipt(self, post: Post[F, R], accepted: int, rejections: list[R]) -> C:
        received = len(post.rows) + len(post.rejections)
        rejections.sort(key=lambda rejection: getattr(rejection, "index", 0))
        return self.receipt.model_validate(
            {
                "received": received,
                "accepted": accepted,
                "duplicate": received - accepted - len(rejections),
                "rejected": len(rejections),
                "rejections": rejections,
            }
        )


def stored_before(store: Store, table: CanonicalTable, rows: pa.Table) -> set[str]:
    """Store canonical rows durably and return those of their keys that were stored before."""
    before = store.version(table.name)
    added = store.add(table.name, rows)
    if not added.duplicate or before is None:
        return set()
    wanted = pc.field(table.key).isin(rows[table.key].combine_chunks())
    found = store.read(table.name, [table.key], wanted, version=before)
    return set(found[table.key].to_pylist())
