"""Rows between PostgreSQL and Arrow: types of a result, batches out, CSV in."""

import re
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Column
from pyarrow import csv

from activation.errors import WarehouseError

# PostgreSQL's numbers of its types (https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat).
NUMERIC = 1700
JSON_TYPES = (114, 3802)
TIME_WITH_ZONE = 1184
TYPES: dict[int, pa.DataType] = {
    16: pa.bool_(),
    17: pa.binary(),
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    TIME_WITH_ZONE: pa.timestamp("us", "UTC"),
    **dict.fromkeys((18, 19, 25, 705, 1042, 1043, 2950, *JSON_TYPES), pa.string()),
}
# What a sum or a quotient is: PostgreSQL does not say how many digits it has.
ANY_NUMBER = pa.decimal256(76, 20)
SMALLEST = Decimal(1).scaleb(-20)
# PostgreSQL has no character 0, neither as itself nor as JSON writes it; this one says that something was there.
NOTHING, SOMETHING = "\0", "\ufffd"
ESCAPED_NOTHING = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of a result. Raises WarehouseError for a type that Arrow has no word for."""
    return pa.schema([(column.name, _type_of(column)) for column in columns])


def as_batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Fetched rows as a batch."""
    columns = zip(*rows, strict=True)
    return pa.record_batch(
        [_array(values, kind) for values, kind in zip(columns, schema.types, strict=True)], schema=schema
    )


def as_csv(batch: pa.RecordBatch) -> bytes:
    """A batch as COPY reads it: null is nothing at all, an empty text a pair of quotes."""
    columns = [_writable(column) for column in batch.columns]
    written = BytesIO()
    options = csv.WriteOptions(include_header=False, batch_size=max(batch.num_rows, 1))
    csv.write_csv(pa.table(columns, names=batch.schema.names), written, options)
    return written.getvalue()


def _type_of(column: Column) -> pa.DataType:
    if column.type_code == NUMERIC:
        return ANY_NUMBER if column.precision is None else pa.decimal128(column.precision, column.scale or 0)
    if column.type_code not in TYPES:
        raise WarehouseError(
            f"The column {column.name} has a type that cannot leave PostgreSQL as Arrow.", "Cast it to text."
        )
    return TYPES[column.type_code]


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind == ANY_NUMBER:
        values = [value if value is None else value.quantize(SMALLEST) for value in values]
    return pa.array(values, kind)


def _writable(column: pa.Array) -> pa.Array:
    """Times in UTC, text that PostgreSQL can hold, and what CSV has no form for as text."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.cast(column, pa.timestamp("us"))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _storable(column)
    if pa.types.is_dictionary(kind):
        return _storable(pc.cast(column, pa.string()))
    if pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return pc.cast(column, pa.string())
    return column


def _storable(column: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring(column, NOTHING)).as_py():
        column = pc.replace_substring(column, NOTHING, SOMETHING)
    if pc.any(pc.match_substring(column, "\\u0000")).as_py():
        column = pa.array([_without_nothing(text) for text in column.to_pylist()], column.type)
    return column


def _without_nothing(text: str | None) -> str | None:
    """In a JSON document only: elsewhere these six characters are just what they are."""
    if text is None or not text.startswith(("{", "[")):
        return text
    return ESCAPED_NOTHING.sub(r"\1\\ufffd", text)
