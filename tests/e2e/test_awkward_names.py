"""Names that a file system allows and a program trips over: one awkward file never stops the others."""

from __future__ import annotations

import os

import pytest

import readers

T0 = 1709618828.0


def land_beside(lake, name: bytes) -> None:
    """A file of that name, and a well-behaved one in the same dataset and in another."""
    lake.land("d/good.csv", "x\n1\n", at=T0)
    lake.land("other/good.csv", "x\n2\n", at=T0)
    path = os.fsencode(lake.root) + b"/landing/d/" + name
    with open(path, "w") as file:
        file.write("x\n3\n")


AWKWARD = {
    "not UTF-8": b"caf\xe9.csv",
    "line feed": b"a\nb.csv",
    "escape": b"\x1b[31mred.csv",
    "blank": b" a b .csv",
    "percent": b"a%2Fb.csv",
    "quotes": b"'\"`$(x).csv",
    "only a suffix": b"-.csv",
    "not ASCII": "Größe 日本.csv".encode(),
    "several suffixes": b"a.b.csv.csv",
    "long": b"x" * 250 + b".csv",
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_file_name(lake, name):
    land_beside(lake, AWKWARD[name])
    outcome = lake("run")
    assert lake.rows("other") == [{"x": 2}], outcome
    values = sorted(row["x"] for row in lake.rows("d"))
    assert values == ([1, 3] if outcome.code == 0 else [1]), outcome
    assert outcome.code == 0 or ("landing/d/" in outcome.err and "unexpected" not in outcome.err), outcome
    before = lake.files("curated")
    for command in ("run", "status", "verify"):
        assert "unexpected" not in lake(command).err
    assert lake.files("curated") == before
    for path in lake.curated("d"):
        assert path.name[0].isalnum() and all(c.isalnum() and c.isascii() or c in ".-" for c in path.name)
        readers.duckdb_table(path)


def test_partition_value_that_is_no_folder_name(lake):
    """Nothing of such an arrival is published, and it is said which column is at fault."""
    lake.configure("datasets:\n  d: {landing: d/*.csv, partition_by: {column: k}}\n")
    lake.land("d/a.csv", "k,x\na,1\n" + "y" * 300 + ",2\nz,3\n", at=T0)
    outcome = lake("run", code=1)
    assert not lake.files("curated"), outcome
    assert "k" in outcome.err and "a.csv" in outcome.err, outcome
    assert lake.records("failures", "d")


@pytest.mark.parametrize("name", ["Größe", "select", "a b", "x" * 200, "1st"])
def test_folders_become_datasets(lake, name):
    lake.land(f"{name}/a.csv", "x\n1\n", at=T0)
    lake("run", code=0)
    (folder,) = (lake.root / "curated").iterdir()
    assert folder.name[0].isalpha() and folder.name == folder.name.lower() and " " not in folder.name


def test_folders_of_one_name(lake):
    lake.land("a b/1.csv", "x\n1\n")
    lake.land("a-b/1.csv", "x\n1\n")
    outcome = lake("run", code=2)
    assert "landing/a b" in outcome.err and "landing/a-b" in outcome.err, outcome


def test_column_names_that_clash_with_lineage(lake):
    lake.land("d/a.csv", "_row,_Arrival Id,x\n7,y,1\n", at=T0)
    lake("run", code=0)
    (row,) = readers.pyarrow_table(lake.curated("d")[0]).to_pylist()
    assert row["_row"] == 1 and 7 in row.values() and "y" in row.values()
