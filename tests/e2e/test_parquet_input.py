"""Parquet files may land too, and are held to the same contracts."""

from __future__ import annotations

import datetime as dt
import decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import readers

T0 = 1709618828.0
MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, 678000)

# A column as another program wrote it, and the type and values that a lake keeps.
COLUMNS = {
    "int8": (pa.array([1, None, -128], pa.int8()), None),
    "uint32": (pa.array([1, None, 2**32 - 1], pa.uint32()), pa.int64()),
    "uint64": (pa.array([1, None, 2**64 - 1], pa.uint64()), pa.decimal128(20, 0)),
    "float": (pa.array([1.5, None, -0.0], pa.float32()), pa.float32()),
    "double": (pa.array([1.5, None, float("nan")], pa.float64()), pa.float64()),
    "bool": (pa.array([True, None, False]), pa.bool_()),
    "text": (pa.array(["", None, "ü"], pa.large_string()), pa.string()),
    "dictionary": (pa.array(["a", None, "b"]).dictionary_encode(), pa.string()),
    "binary": (pa.array([b"\xff", None, b""]), pa.binary()),
    "date": (pa.array([dt.date(2024, 1, 2), None, dt.date(1900, 1, 1)]), pa.date32()),
    "milliseconds": (pa.array([MOMENT, None, MOMENT], pa.timestamp("ms")), pa.timestamp("us")),
    "zoned": (pa.array([MOMENT, None, MOMENT], pa.timestamp("us", tz="UTC")), pa.timestamp("us", tz="UTC")),
    "decimal": (
        pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-9.99")], pa.decimal128(10, 2)),
        pa.decimal128(10, 2),
    ),
    "list": (pa.array([[1, 2], None, []], pa.list_(pa.int64())), pa.list_(pa.int64())),
    "struct": (
        pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type(program, tmp_path, name):
    array, kept = COLUMNS[name]
    source = pa.table({"id": pa.array([1, 2, 3], pa.int64()), name: array})
    pq.write_table(source, tmp_path / "in.parquet")
    program("convert", tmp_path / "in.parquet", tmp_path / "out.parquet", code=0)
    table = readers.pyarrow_table(tmp_path / "out.parquet")
    if kept is not None:
        assert readers.plain_type(table.schema.field(name).type) == readers.plain_type(kept)
    assert all(map(readers.same_cell, table.column(name).to_pylist(), array.to_pylist()))
    assert readers.duckdb_table(tmp_path / "out.parquet").num_rows == 3


def test_int96_and_nanoseconds(program, tmp_path):
    """Old timestamps are read; what a microsecond cannot hold is never cut off in silence."""
    pq.write_table(pa.table({"t": pa.array([MOMENT])}), tmp_path / "old.parquet", use_deprecated_int96_timestamps=True)
    program("convert", tmp_path / "old.parquet", tmp_path / "out.parquet", code=0)
    assert readers.pyarrow_table(tmp_path / "out.parquet").column("t").to_pylist() == [MOMENT]
    fine = pa.table({"t": pa.array([1_704_164_645_678_000_001], pa.timestamp("ns"))})
    pq.write_table(fine, tmp_path / "fine.parquet")
    outcome = program("convert", tmp_path / "fine.parquet", tmp_path / "fine-out.parquet")
    if outcome.code == 0:
        assert "678000001" in str(readers.pyarrow_table(tmp_path / "fine-out.parquet").column("t").to_pylist()[0])


def test_landed_parquet(lake):
    table = pa.table({"deviceId": [1, 2], "v": ["a", None]})
    path = lake.root / "landing/d/a.parquet"
    path.parent.mkdir()
    pq.write_table(table, path)
    lake("run", code=0)
    assert lake.rows("d") == [{"device_id": 1, "v": "a"}, {"device_id": 2, "v": None}]
    lake.land("d/b.csv", "deviceId,v\n3,c\n", at=T0)
    lake("run", code=0)
    assert len(lake.rows("d")) == 3


def test_larger_than_a_row_group(program, tmp_path):
    table = pa.table({"n": range(300_000), "t": [f"t{i % 1000}" for i in range(300_000)]})
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=7000)
    program("convert", tmp_path / "in.parquet", tmp_path / "out.parquet", code=0)
    readers.assert_parquet(tmp_path / "out.parquet", table)


def test_damaged(program, tmp_path):
    pq.write_table(pa.table({"n": list(range(1000))}), tmp_path / "in.parquet")
    whole = (tmp_path / "in.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-20])
    outcome = program("convert", tmp_path / "cut.parquet", tmp_path / "out.parquet", code=1)
    assert "cut.parquet" in outcome.err and not (tmp_path / "out.parquet").exists()
