"""append, snapshot and upsert: the table shows the newest row of each key, whatever the order of processing."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sqlite3

import pytest

T0 = 1709618828.0
MODES = ("append", "snapshot", "upsert")


def configuration(mode: str) -> str:
    key = "    key: [id]\n" if mode == "upsert" else ""
    return (
        f"datasets:\n  d:\n    landing: d/*.csv\n    mode: {mode}\n{key}"
        "    schema: [{name: id, type: int64}, {name: v, type: text}]\n"
        "    serve: {table: T, key: [id]}\n"
    )


def content(rows: dict[int, str] | list[tuple[int, str]]) -> str:
    pairs = rows.items() if isinstance(rows, dict) else rows
    return "id,v\n" + "".join(f"{key},{value}\n" for key, value in pairs)


def served(lake) -> dict[int, str]:
    return {row["id"]: row["v"] for row in lake.table("T", "id")}


@pytest.mark.parametrize("mode", MODES)
def test_newer_arrival_wins_in_either_order(lake, mode):
    lake.configure(configuration(mode))
    lake.land("d/newer.csv", content({1: "newer", 2: "newer"}), at=T0 + 60)
    lake("run", code=0)
    lake.land("d/older.csv", content({2: "older", 3: "older"}), at=T0)
    lake("run", code=0)
    assert served(lake) == {1: "newer", 2: "newer", 3: "older"}


def test_rows_without_a_key_are_served_by_where_they_came_from(lake):
    lake.configure("datasets:\n  d:\n    landing: d/*.csv\n    schema: [{name: v, type: text}]\n"
                   "    serve: {table: T, key: [_arrival_id, _row]}\n")
    lake.land("d/a.csv", "v\nsame\nsame\n", at=T0)
    lake.land("d/b.csv", "v\nsame\n", at=T0)
    lake("run", code=0)
    lake("run", code=0)
    assert [row["v"] for row in lake.table("T", "v")] == ["same"] * 3


@pytest.mark.parametrize("mode", MODES)
def test_overwritten_file(lake, mode):
    """Only under snapshot does a row leave that the newest version no longer has; curated keeps everything."""
    lake.configure(configuration(mode))
    lake.land("d/a.csv", content({1: "first", 2: "first"}), at=T0)
    lake.land("d/b.csv", content({9: "other"}), at=T0)
    lake("run", code=0)
    lake.land("d/a.csv", content({2: "second", 3: "second"}), at=T0 + 60)
    lake("run", code=0)
    left = {} if mode == "snapshot" else {1: "first"}
    assert served(lake) == left | {2: "second", 3: "second", 9: "other"}
    assert len(lake.rows("d")) == 5


@pytest.mark.parametrize("mode", MODES)
def test_older_version_of_the_same_file_comes_late(lake, mode):
    lake.configure(configuration(mode))
    lake.land("d/a.csv", content({1: "newer"}), at=T0 + 60)
    lake("run", code=0)
    lake.land("d/a.csv", content({1: "older", 2: "older"}), at=T0)
    lake("run", code=0)
    assert served(lake) == ({1: "newer"} if mode == "snapshot" else {1: "newer", 2: "older"})


def test_last_row_of_a_key_wins_and_is_counted(lake):
    lake.configure(configuration("append"))
    lake.land("d/a.csv", content([(1, "a"), (2, "b"), (1, "c"), (1, "d")]), at=T0)
    lake("run", code=0)
    assert served(lake) == {1: "d", 2: "b"}
    (record,) = lake.records("loads", "T")
    assert record["rows_superseded"] == 2


@pytest.mark.parametrize("mode", MODES)
def test_random_histories(lake, seed, mode):
    """A model in a few lines says what the table must hold after each run of a random history."""
    r = random.Random(seed)
    lake.configure(configuration(mode))
    newest: dict[int, tuple[int, str]] = {}  # key -> time, value
    versions: dict[str, tuple[int, dict[int, str]]] = {}  # file -> time, rows: for snapshot
    times = r.sample(range(1000), 12)
    for step, time in enumerate(times):
        name = r.choice(["a", "b", "c"])
        base = "abc".index(name) * 100 if mode == "snapshot" else 0
        rows = {base + key: f"{name}{step}" for key in r.sample(range(6), r.randint(1, 5))}
        lake.land(f"d/{name}.csv", content(rows), at=T0 + time)
        lake("run", code=0)
        for key, value in rows.items():
            newest[key] = max(newest.get(key, (-1, "")), (time, value))
        versions[name] = max(versions.get(name, (-1, {})), (time, rows), key=lambda version: version[0])
        expected = {key: value for key, (_, value) in newest.items()}
        if mode == "snapshot":
            expected = {key: value for _, rows in versions.values() for key, value in rows.items()}
        assert served(lake) == expected, f"LAKEGATE_SEED={seed}, after step {step}"
    assert len(lake.runs("d")) == len(times)
    before = served(lake)
    (lake.root / "_lake/tables.sqlite").unlink()
    for path in (lake.root / "_lake").glob("tables.sqlite-*"):
        path.unlink()
    lake("load", "d", code=0)
    assert served(lake) == before, "a table made anew from curated rows"


def test_loading_twice_changes_nothing(lake):
    lake.configure(configuration("append"))
    lake.land("d/a.csv", content({1: "a", 2: "b"}), at=T0)
    lake("run", code=0)
    before = served(lake)
    lake("load", "d", code=0)
    lake("load", "d", code=0)
    assert served(lake) == before


def test_a_load_that_never_happened_is_made_up_for(lake):
    """The load record is what says that a load is done: without it, the next run loads."""
    lake.configure(configuration("append").replace("    serve: {table: T, key: [id]}\n", ""))
    lake.land("d/a.csv", content({1: "a", 2: "b"}), at=T0)
    lake("run", code=0)
    lake.configure(configuration("append"))
    lake("run", code=0)
    assert served(lake) == {1: "a", 2: "b"}
    assert len(lake.runs("d")) == 1


def test_types_in_the_table(lake):
    """Timestamps as fixed-width text, lists and structs as JSON."""
    lake.configure("datasets:\n  d: {landing: d/*, serve: {table: T, key: [id]}}\n")
    line = {
        "id": "a",
        "at": "2024-01-02T03:04:05Z",
        "day": "2024-01-02",
        "n": 1,
        "x": 1.5,
        "ok": True,
        "tags": ["x", "y"],
        "place": {"lat": 1.5, "name": "Ö"},
        "big": 2**63,
    }
    lake.land("d/a.ndjson", json.dumps(line) + "\n", at=T0)
    lake.land("d/b.ndjson", '{"id": "b"}\n', at=T0 + 1)
    lake("run", code=0)
    first, second = lake.table("T", "id")
    assert first["at"].startswith("2024-01-02T03:04:05") and first["at"].endswith("Z")
    assert (first["day"], first["n"], first["x"], first["ok"]) == ("2024-01-02", 1, 1.5, 1)
    assert json.loads(first["tags"]) == ["x", "y"] and json.loads(first["place"]) == {"lat": 1.5, "name": "Ö"}
    assert str(first["big"]) == str(2**63)
    assert {value for name, value in second.items() if name != "id"} == {None}


def test_several_key_columns_and_null_keys(lake):
    lake.configure(
        "datasets:\n  d:\n    landing: d/*.csv\n"
        "    schema: [{name: a, type: int64}, {name: b, type: text}, {name: v, type: int64}]\n"
        "    serve: {table: T, key: [a, b]}\n"
    )
    lake.land("d/a.csv", "a,b,v\n1,x,1\n1,y,2\n2,x,3\n", at=T0)
    lake("run", code=0)
    lake.land("d/b.csv", "a,b,v\n1,x,10\n,z,4\n", at=T0 + 60)
    lake("run")  # a row without its key cannot be served; whether that is exit code 0 or 1 is its limit's affair
    assert [(row["a"], row["b"], row["v"]) for row in lake.table("T", "a, b")] == [
        (1, "x", 10),
        (1, "y", 2),
        (2, "x", 3),
    ]


def test_serve_to_another_file(lake):
    lake.configure(configuration("append").replace("key: [id]}", "key: [id], to: out/served.sqlite}"))
    lake.land("d/a.csv", content({1: "a"}), at=T0)
    lake("run", code=0)
    assert (lake.root / "out/served.sqlite").exists()
    assert not (lake.root / "_lake/tables.sqlite").exists()


def test_write_insert_rejects_existing_keys(lake):
    lake.configure(configuration("append").replace("key: [id]}", "key: [id], write: insert}"))
    lake.land("d/a.csv", content({1: "a"}), at=T0)
    lake("run", code=0)
    lake.land("d/b.csv", content({1: "b", 2: "b"}), at=T0 + 60)
    outcome = lake("run", "--strict", code=1)
    assert served(lake) == {1: "a", 2: "b"}
    (rejects,) = re.findall(r"_lake/loads/\S+", outcome.err)
    assert "key_exists" in (lake.root / rejects).read_text()
    assert "1 row left out" in outcome.err, outcome


def test_load_of_a_single_file(program, lake, tmp_path):
    """`lakegate load FILE --table T --key C`."""
    lake.land("d/a.csv", content({1: "a", 2: "b"}), at=T0)
    lake("run", code=0)
    (path,) = lake.curated("d")
    lake("load", path, "--table", "Other", "--key", "id", code=0)
    assert [row["v"] for row in lake.table("Other", "id")] == ["a", "b"]


def test_rows_of_a_loaded_file_say_where_they_are_from(lake, tmp_path):
    (tmp_path / "a.csv").write_text(content({1: "a"}))
    lake("load", tmp_path / "a.csv", "--table", "Other", "--key", "id", code=0)
    with contextlib.closing(sqlite3.connect(lake.root / "_lake" / "tables.sqlite")) as tables:
        assert tables.execute("SELECT _lakegate_source FROM Other").fetchall() == [(str(tmp_path / "a.csv"),)]
