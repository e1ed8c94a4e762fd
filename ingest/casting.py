"""Raw columns to canonical types: text, numbers and times as they come, a column at a time."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from ingest.duck import session
from ingest.schemas import FLAG, NUMBER, STRING, TIME, CanonicalTable, Violation
from ingest.sources.base import Times

_NUMBER_TEXT = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
_FALSE = ("false", "f", "no", "n", "0", "0.0", "否")
_EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_NAMES = {NUMBER: "a number", FLAG: "true or false"}


class Caster:
    """Casts batches to the types of a canonical table. Values that do not fit become violations.

    Empty text is a missing value. Times without a zone are read in the zone the batch names.
    """

    def __init__(self) -> None:
        self._duck = session()

    def cast(
        self, spec: CanonicalTable, rows: pa.Table, times: Times
    ) -> tuple[pa.Table, list[Violation]]:
        """Return the rows with the table's schema, and where a value could not be cast.

        Parameters
        ----------
        spec : CanonicalTable
            Table the rows are meant for.
        rows : pyarrow.Table
            Some of its columns, of any type.
        times : Times
            How times are to be read.
        """
        columns, violations = [], []
        for field in spec.schema:
            if field.name not in rows.column_names:
                columns.append(pa.nulls(rows.num_rows, field.type))
                continue
            raw = _plain(rows[field.name])
            column = raw if raw.type == field.type else self._convert(raw, field.type, times)
            bad = pc.and_(pc.is_null(column), pc.is_valid(raw))
            if pc.any(bad).as_py():
                expected = _NAMES.get(field.type) or _time_words(times)
                violations.append(Violation(field.name, expected, bad))
            columns.append(column)
        return pa.table(columns, schema=_nullable(spec.schema)), violations

    def _convert(self, raw: pa.Array, kind: pa.DataType, times: Times) -> pa.Array:
        if pa.types.is_null(raw.type):
            return pa.nulls(len(raw), kind)
        converters: dict[pa.DataType, Callable[[pa.Array], pa.Array]] = {
            STRING: _to_text,
            NUMBER: _to_number,
            FLAG: _to_flag,
            TIME: lambda values: self._to_time(values, times),
        }
        return converters[kind](raw)

    def _to_time(self, raw: pa.Array, times: Times) -> pa.Array:
        kind = raw.type
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            return raw.cast(TIME, safe=False)
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            naive = raw.cast(pa.timestamp("us"), safe=False)
            zoned = pc.assume_timezone(
                naive, times.zone, ambiguous="earliest", nonexistent="earliest"
            )
            return zoned.cast(TIME)
        epochs = [_EPOCHS[name] for name in times.formats if name in _EPOCHS]
        if epochs:
            return _from_epoch(raw, epochs[0])
        if not pa.types.is_string(kind):
            return pa.nulls(len(raw), TIME)
        return self._parse_times(raw, times)

    def _parse_times(self, raw: pa.Array, times: Times) -> pa.Array:
        tried = [_strptime(pattern, times.zone) for pattern in times.formats]
        tried.append("TRY_CAST(x AS TIMESTAMPTZ)")
        distinct = raw.dictionary_encode()
        table = pa.table({"x": pc.utf8_trim_whitespace(distinct.dictionary)})
        self._duck.execute(f"SET SESSION TimeZone = {_literal(times.zone)}")
        self._duck.register("texts", table)
        query = f"SELECT coalesce({', '.join(tried)}) AS t FROM texts"  # noqa: S608 (our literals)
        parsed = self._duck.execute(query).to_arrow_table()["t"].combine_chunks()
        self._duck.unregister("texts")
        return parsed.cast(TIME).take(distinct.indices)


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Return one array without dictionaries or odd text types, empty text as missing."""
    values = column.combine_chunks()
    if isinstance(values, pa.ChunkedArray):  # an empty column has no chunk to combine
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(STRING)
    if pa.types.is_string(values.type):
        empty = pc.equal(pc.binary_length(values), 0)
        if pc.any(empty).as_py():
            values = pc.if_else(empty, pa.scalar(None, STRING), values)
    return values


def _to_text(raw: pa.Array) -> pa.Array:
    if pa.types.is_floating(raw.type):  # identifiers that a spreadsheet turned into 12345.0
        whole = pc.all(pc.equal(pc.floor(raw), raw)).as_py()
        return (raw.cast(pa.int64()) if whole else raw).cast(STRING)
    if pa.types.is_nested(raw.type):
        texts = [
            None if v is None else orjson.dumps(v, default=str).decode() for v in raw.to_pylist()
        ]
        return pa.array(texts, type=STRING)
    return raw.cast(STRING)


def _to_number(raw: pa.Array) -> pa.Array:
    if not pa.types.is_string(raw.type):
        try:
            return raw.cast(NUMBER, safe=False)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return pa.nulls(len(raw), NUMBER)
    trimmed = pc.utf8_trim_whitespace(raw)
    try:
        return trimmed.cast(NUMBER)
    except pa.ArrowInvalid:
        number = pc.match_substring_regex(trimmed, _NUMBER_TEXT)
        return pc.if_else(number, trimmed, pa.scalar(None, STRING)).cast(NUMBER)


def _to_flag(raw: pa.Array) -> pa.Array:
    words = pc.utf8_lower(pc.utf8_trim_whitespace(raw.cast(STRING)))
    true = pc.is_in(words, value_set=pa.array(_TRUE))
    false = pc.is_in(words, value_set=pa.array(_FALSE))
    return pc.if_else(pc.or_(true, false), true, pa.scalar(None, FLAG))


def _from_epoch(raw: pa.Array, microseconds: int) -> pa.Array:
    if pa.types.is_integer(raw.type):
        whole = raw.cast(pa.int64())
    else:
        number = pc.multiply(_to_number(raw), float(microseconds))
        return pc.round(number).cast(pa.int64(), safe=False).cast(TIME)
    return pc.multiply(whole, microseconds).cast(TIME)


def _strptime(pattern: str, zone: str) -> str:
    parsed = f"try_strptime(x, {_literal(pattern)})"
    return parsed if "%z" in pattern else f"timezone({_literal(zone)}, {parsed})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _time_words(times: Times) -> str:
    tried = [*times.formats, "ISO 8601 (2024-05-31T18:00:00+08:00)"]
    return f"a time: {' or '.join(tried)}"


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema(field.with_nullable(True) for field in schema)
