"""Parquet read back by two readers that are not lakegate, and tables compared cell by cell."""

from __future__ import annotations

import math
import pathlib
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq


def pyarrow_table(path: pathlib.Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read()


def duckdb_table(path: pathlib.Path) -> pa.Table:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    query = "SELECT * FROM read_parquet(?, hive_partitioning = false)"
    return connection.sql(query, params=[str(path)]).to_arrow_table()


def assert_same(actual: pa.Table, expected: pa.Table, where: str) -> None:
    """Names, types and every cell; NaN equals NaN, and the sign of a zero counts."""
    assert actual.column_names == expected.column_names, f"{where}: column names"
    assert actual.num_rows == expected.num_rows, f"{where}: {actual.num_rows} rows, expected {expected.num_rows}"
    for name, field in zip(expected.column_names, expected.schema, strict=True):
        index = expected.column_names.index(name)
        column = actual.column(index)
        assert plain_type(column.type) == plain_type(field.type), f"{where}: type of column {name!r}"
        if "double" not in str(field.type) and column.cast(field.type).equals(expected.column(index)):
            continue  # the quick way, where equal means the same
        got, want = column.to_pylist(), expected.column(index).to_pylist()
        for row, (left, right) in enumerate(zip(got, want, strict=True)):
            assert same_cell(left, right), f"{where}: row {row}, column {name!r}: {left!r}, expected {right!r}"


def plain_type(kind: pa.DataType) -> str:
    """A type without what readers are free to choose: names of list items, 32 or 64 bit offsets, views."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{plain_type(kind.value_type)}>"
    if pa.types.is_struct(kind):
        fields = (kind.field(i) for i in range(kind.num_fields))
        return "struct<" + ", ".join(f"{field.name}: {plain_type(field.type)}" for field in fields) + ">"
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if kind in (pa.large_string(), pa.string_view()):
        return "string"
    if pa.types.is_timestamp(kind) and kind.tz:
        return f"timestamp[{kind.unit}, UTC]" if kind.tz in ("UTC", "Etc/UTC") else str(kind)
    return str(kind)


def same_cell(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return left == right


def assert_parquet(path: pathlib.Path, expected: pa.Table) -> None:
    """Both readers see exactly the expected table, and the file keeps to what every engine reads."""
    assert_same(pyarrow_table(path), expected, f"PyArrow reads {path.name}")
    if expected.num_columns:
        assert_same(duckdb_table(path), expected, f"DuckDB reads {path.name}")
    widely_read = {
        "PLAIN",
        "RLE",
        "RLE_DICTIONARY",
        "PLAIN_DICTIONARY",
        "DELTA_BINARY_PACKED",
        "DELTA_LENGTH_BYTE_ARRAY",
        "DELTA_BYTE_ARRAY",
    }
    with pq.ParquetFile(path) as file:
        for group in range(file.metadata.num_row_groups):
            for column in range(file.metadata.num_columns):
                chunk = file.metadata.row_group(group).column(column)
                assert set(chunk.encodings) <= widely_read, f"{path.name}: {chunk.path_in_schema} {chunk.encodings}"
                assert chunk.physical_type != "INT96"


def key_values(path: pathlib.Path) -> dict[str, str]:
    """The key-value metadata of a Parquet file, without Arrow's own entry."""
    with pq.ParquetFile(path) as file:
        entries = file.metadata.metadata or {}
    return {k.decode(): v.decode() for k, v in entries.items() if k != b"ARROW:schema"}
