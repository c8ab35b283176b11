"""Where rows stand: by arrival, by their own time, by columns and by captures of the landing pattern."""

from __future__ import annotations

import json
import random
from collections import Counter

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import readers

T0 = 1709618828.0


def folders(lake, dataset: str) -> dict[str, int]:
    """Rows by partition folder."""
    base = lake.root / "curated" / dataset
    found: Counter = Counter()
    for path in lake.curated(dataset):
        found[str(path.parent.relative_to(base))] += readers.pyarrow_table(path).num_rows
    return dict(found)


@pytest.mark.parametrize(
    ("unit", "folder"),
    [("year", "dt=2024"), ("month", "dt=2024-03"), ("day", "dt=2024-03-05"), ("hour", "dt=2024-03-05T06")],
)
def test_by_arrival(lake, unit, folder):
    lake.configure(f"datasets:\n  d: {{landing: d/*.csv, partition_by: {{arrival: {unit}}}}}\n")
    lake.land("d/a.csv", "x\n1\n", at=T0)
    lake("run", code=0)
    assert folders(lake, "d") == {folder: 1}


def test_by_own_time(lake):
    """The derived column stands in the path only, its source stays in the file, a row without it is a reject."""
    lake.configure(
        "datasets:\n  d:\n    landing: d/*.csv\n    partition_by: {column: ts, by: day}\n    max_rejects: 50%\n"
        "    schema: [{name: ts, type: timestamp}, {name: x, type: int64}]\n"
    )
    lake.land("d/a.csv", "ts,x\n2024-01-01T23:59:59,1\n2024-01-02T00:00:00,2\n,3\n2024-01-02 12:00,4\n", at=T0)
    lake("run", code=0)
    (reject,) = lake.rejects("d")
    assert (reject["reason"], reject["line"], reject["column"]) == ("partition_null", 4, "ts")
    found = folders(lake, "d")
    assert sorted(found.values()) == [1, 2]
    assert sorted(name.split("=")[1] for name in found) == ["2024-01-01", "2024-01-02"]
    for path in lake.curated("d"):
        names = readers.pyarrow_table(path).column_names
        assert "ts" in names and path.parent.name.split("=")[0] not in names


def test_by_column(lake):
    """Values are verbatim and percent-encoded, and engines read them back."""
    values = ["plain", "with blank", "a/b", "x=y", "100%", "ü", "a:b", "..", "quo'te"]
    lake.configure("datasets:\n  d: {landing: d/*.csv, partition_by: {column: country}}\n")
    rows = [(f'"{value}"', index) for index, value in enumerate(values)]
    lake.land("d/a.csv", "country,x\n" + "".join(f"{value},{x}\n" for value, x in rows), at=T0)
    lake("run", code=0)
    found = folders(lake, "d")
    assert len(found) == len(values) and "country=plain" in found and "country=a%2Fb" in found
    pattern = str(lake.root / "curated/d/*/*.parquet")
    read = duckdb.sql(
        f"SELECT country, x FROM read_parquet('{pattern}', hive_partitioning = true) ORDER BY x"
    ).fetchall()
    assert read == [(value, index) for index, value in enumerate(values)]
    assert "country" not in readers.pyarrow_table(lake.curated("d")[0]).column_names


def test_by_capture(lake):
    lake.configure(
        "datasets:\n  sales:\n    landing: 'sales/{store}/{date:%Y%m%d}_*.csv'\n"
        "    partition_by: [{capture: store}, {capture: date}]\n"
    )
    lake.land("sales/north/20240102_a.csv", "x\n1\n", at=T0)
    lake.land("sales/south/20240103_b.csv", "x\n2\n3\n", at=T0)
    lake("run", code=0)
    assert folders(lake, "sales") == {"store=north/date=2024-01-02": 1, "store=south/date=2024-01-03": 2}


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson", "a.parquet"])
def test_a_column_named_like_a_capture_is_another_one(lake, tmp_path, name):
    """The capture keeps its name; what the file has under it stands beside, the first time and afterwards."""
    lake.configure("datasets:\n  sales: {landing: 'sales/{store}/*', capture_columns: [store]}\n")
    for store in ("north", "south"):
        rows = [{"store": value, "x": value * 2} for value in (7, 8)]
        if name.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
            lake.land(f"sales/{store}/{name}", (tmp_path / name).read_bytes(), at=T0)
        elif name.endswith(".csv"):
            text = "store,x\n" + "".join(f"{row['store']},{row['x']}\n" for row in rows)
            lake.land(f"sales/{store}/{name}", text, at=T0)
        else:
            lake.land(f"sales/{store}/{name}", "".join(json.dumps(row) + "\n" for row in rows), at=T0)
        lake("run", code=0)
    read = [row for path in lake.curated("sales") for row in readers.pyarrow_table(path).to_pylist()]
    columns = [tuple(row[name] for name in ("store", "store_2", "x")) for row in read]
    assert sorted(columns) == [("north", 7, 14), ("north", 8, 16), ("south", 7, 14), ("south", 8, 16)]


def test_names_as_they_are_and_no_header_beside_a_capture(lake):
    """Neither loses the column that would have the capture's name, or its place."""
    lake.configure("datasets:\n  sales: {landing: 'sales/{store}/*', capture_columns: [store], names: original}\n")
    for store in ("north", "south"):
        lake.land(f"sales/{store}/a.csv", "store,x\n7,1\n", at=T0)
        lake("run", code=0)
    read = [row for path in lake.curated("sales") for row in readers.pyarrow_table(path).to_pylist()]
    assert sorted((row["store"], row["store_2"], row["x"]) for row in read) == [("north", 7, 1), ("south", 7, 1)]

    lake.configure("datasets:\n  bare: {landing: 'bare/{store}/*', capture_columns: [store], csv: {header: false}}\n")
    for store in ("north", "south"):
        lake.land(f"bare/{store}/a.csv", "1,a\n2,b\n", at=T0)
        lake("run", "bare", code=0)
    read = [row for path in lake.curated("bare") for row in readers.pyarrow_table(path).to_pylist()]
    assert sorted((row["store"], row["column_1"], row["column_2"]) for row in read) == \
        [("north", 1, "a"), ("north", 2, "b"), ("south", 1, "a"), ("south", 2, "b")]


def test_a_column_named_like_a_capture_can_be_declared(lake):
    start = "datasets:\n  sales:\n    landing: 'sales/{store}/*'\n    capture_columns: [store]\n    new_columns: reject\n"
    lake.configure(start + "    schema: [{name: x, type: int64}]\n")
    lake.land("sales/north/a.csv", "store,x\n7,1\n", at=T0)
    refused = lake("run", code=1)
    assert "{name: store_2, original: store, type: …}" in refused.err, refused
    lake.configure(start + "    schema: [{name: x, type: int64}, {name: store_2, original: store, type: int64}]\n")
    lake("run", "--retry-failed", code=0)
    (path,) = lake.curated("sales")
    assert readers.pyarrow_table(path).select(["store", "store_2", "x"]).to_pylist() == [
        {"store": "north", "store_2": 7, "x": 1}]


def test_name_clash_is_a_configuration_error(lake):
    lake.configure(
        "datasets:\n  d:\n    landing: d/*.csv\n    partition_by: {arrival: day}\n"
        "    schema: [{name: dt, type: date}, {name: x, type: int64}]\n"
    )
    lake.land("d/a.csv", "dt,x\n2024-01-01,1\n", at=T0)
    outcome = lake("run", code=2)
    assert "dt" in outcome.err and "lake.yaml" in outcome.err, outcome


def test_many_partitions(lake, seed):
    """More partitions than files that can be open; every row is in the folder that its value names."""
    r = random.Random(seed)
    count = 1500
    rows = [(f"k{r.randrange(count)}", index) for index in range(6000)]
    lake.configure("datasets:\n  d: {landing: d/*.csv, partition_by: {column: k}}\n")
    lake.land("d/a.csv", "k,x\n" + "".join(f"{k},{x}\n" for k, x in rows), at=T0)
    lake("run", code=0, timeout=120)
    expected: Counter = Counter(k for k, _ in rows)
    assert folders(lake, "d") == {f"k={k}": number for k, number in expected.items()}
    pattern = str(lake.root / "curated/d/*/*.parquet")
    read = duckdb.sql(f"SELECT k, x FROM read_parquet('{pattern}', hive_partitioning = true) ORDER BY x").fetchall()
    assert read == rows
    (run,) = lake.runs("d")
    assert run["rows_written"] == 6000 and len(run["outputs"]) == len(expected)
