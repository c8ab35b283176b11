"""`lakegate ddl` in DuckDB, executed: the views show what `lakegate cat` shows, for each mode, and the tables of
runs and rejects hold the lake's records."""

from __future__ import annotations

import datetime
import json
import os

import duckdb
import pytest

T0 = 1_700_000_000


def query(lake, *names: str) -> duckdb.DuckDBPyConnection:
    """A database with what `ddl` says of each name, as its user would have it."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name in names:
        connection.execute(lake("ddl", name, "--engine", "duckdb", code=0).out)
    return connection


def shown(lake, dataset: str, *options: str) -> list[dict]:
    out = lake("cat", dataset, "--format", "ndjson", *options, code=0).out
    return [json.loads(line) for line in out.splitlines()]


def assert_view_is_cat(connection, lake, dataset: str, view: str, *options: str) -> list[dict]:
    """Row by row, in whatever order; columns of the path that `cat` leaves out aside."""
    expected = shown(lake, dataset, *options)
    assert expected, "an empty comparison shows nothing"
    columns = list(expected[0])
    quoted = ", ".join(f'"{column}"' for column in columns)
    rows = connection.sql(f'SELECT to_json(r) FROM (SELECT {quoted} FROM "{view}") AS r').fetchall()
    actual = [json.loads(text) for (text,) in rows]

    def in_order(found: list[dict]) -> list[str]:
        for row in found:
            if "_arrived_at" in row:  # written as each program likes
                row["_arrived_at"] = datetime.datetime.fromisoformat(row["_arrived_at"]).timestamp()
        return sorted(json.dumps(row, sort_keys=True) for row in found)

    assert in_order(actual) == in_order(expected)
    return expected


def test_append_shows_every_row_in_both_views(lake):
    lake.configure("datasets: {d: {landing: 'd/*.csv'}}")
    lake.land("d/a.csv", "id,v\n1,x\n2,y\n", at=T0)
    lake("run", code=0)
    lake.land("d/a.csv", "id,v\n1,z\n", at=T0 + 60)
    lake("run", code=0)
    connection = query(lake, "d")
    assert len(assert_view_is_cat(connection, lake, "d", "d_latest")) == 3
    assert len(assert_view_is_cat(connection, lake, "d", "d_history", "--history")) == 3


def test_a_snapshot_shows_the_newest_version_of_each_landed_file(lake):
    lake.configure("datasets: {d: {landing: 'd/*.csv', mode: snapshot}}")
    for second, (name, text) in enumerate([("a", "1,old\n2,gone\n"), ("b", "7,b\n"), ("a", "1,new\n")]):
        lake.land(f"d/{name}.csv", "id,v\n" + text, at=T0 + 60 * second)
        lake("run", code=0)
    connection = query(lake, "d")
    latest = assert_view_is_cat(connection, lake, "d", "d_latest")
    assert {(row["id"], row["v"]) for row in latest} == {(1, "new"), (7, "b")}
    assert len(assert_view_is_cat(connection, lake, "d", "d_history", "--history")) == 4


def test_an_upsert_shows_the_newest_row_of_each_key(lake):
    lake.configure("datasets: {d: {landing: 'd/*.csv', mode: upsert, key: [id, kind]}}")
    lake.land("d/b.csv", "id,kind,v\n1,a,second\n3,,null key\n", at=T0 + 60)
    lake("run", code=0)
    lake.land("d/a.csv", "id,kind,v\n1,a,older\n1,b,only\n2,a,first\n2,a,last of its file\n3,,older\n", at=T0)
    lake("run", code=0)
    connection = query(lake, "d")
    latest = assert_view_is_cat(connection, lake, "d", "d_latest")
    assert {row["v"] for row in latest} == {"second", "only", "last of its file", "null key"}
    assert len(assert_view_is_cat(connection, lake, "d", "d_history", "--history")) == 7


def test_columns_come_and_go_and_stand_in_the_path(lake):
    lake.configure("datasets: {d: {landing: '{store}/*.csv', partition_by: [country, store]}}")
    lake.land("st ore%1/a.csv", "id,country,day\n1,a/b=c,2026-01-01\n2,Ü,2026-01-02\n", at=T0)
    lake("run", code=0)
    lake.land("two/b.csv", "id,country,day,price\n3,Ü,2026-01-03,1.5\n", at=T0 + 1)
    lake("run", code=0)
    connection = query(lake, "d")
    rows = assert_view_is_cat(connection, lake, "d", "d_latest")
    assert [(row["country"], row["store"], row["price"]) for row in sorted(rows, key=lambda row: row["id"])] == [
        ("a/b=c", "st ore%1", None), ("Ü", "st ore%1", None), ("Ü", "two", 1.5)]


def test_the_derived_partition_is_a_column_of_the_views(lake):
    lake.configure("datasets: {d: {landing: 'd/*.csv'}}")
    lake.land("d/a.csv", "id\n1\n", at=T0)
    lake("run", code=0)
    assert query(lake, "d").sql("SELECT id, dt FROM d_latest").fetchall() == [(1, "2023-11-14")]


def test_nested_types_and_names_as_they_were(lake):
    lake.configure("datasets: {d: {landing: 'd/*', names: original, partition_by: []}}")
    lake.land("d/a.ndjson", '{"My Id": 1, "tags": ["a", "b"], "place": {"Lat": 1.5, "ok": true}}\n', at=T0)
    lake("run", code=0)
    (row,) = query(lake, "d").sql('SELECT "My Id", tags, place FROM d_latest').fetchall()
    assert row == (1, ["a", "b"], {"Lat": 1.5, "ok": True})


def test_runs_and_rejects_are_tables(lake):
    lake.configure("datasets: {d: {landing: 'd/*.ndjson', max_rejects: 90%,"
                   " schema: [{name: id, type: int64}, {name: v, type: text}]}, e: {landing: 'e/*.csv'}}")
    long_text = "x" * 70_000  # its reject is cut, and the landed file, which is NDJSON too, kept beside it
    lake.land("d/a.ndjson", f'{{"id": 1}}\n{{"id": "no", "v": "{long_text}"}}\n{{broken\n', at=T0)
    lake.land("e/a.csv", "id\n1\n2\n", at=T0)
    lake("run", code=0)
    assert any(".landed" in path for path in lake.files("rejected"))
    connection = query(lake, "lakegate_runs", "lakegate_rejects")
    runs = connection.sql("SELECT arrival.dataset, arrival.key, rows_in, rows_written, rows_rejected, "
                          "outputs[1].rows FROM lakegate_runs ORDER BY 1").fetchall()
    assert runs == [("d", "landing/d/a.ndjson", 3, 1, 2, 1), ("e", "landing/e/a.csv", 2, 2, 0, 2)]
    rejects = connection.sql('SELECT dataset, line, "column", reason FROM lakegate_rejects ORDER BY line').fetchall()
    assert rejects == [("d", 2, "id", "type_mismatch"), ("d", 3, None, "malformed_json")]


def test_a_run_record_is_one_line_because_athena_reads_lines(lake):
    lake.land("d/a.csv", "id\n1\n", at=T0)
    lake("run", code=0)
    (record,) = lake.files("_lake/runs").values()
    assert record.count(b"\n") == 1 and record.endswith(b"\n")


def test_a_lake_whose_path_needs_quoting(program, tmp_path):
    from program import Lake

    lake = Lake(program, tmp_path / "it's rejected" / "a lake")
    lake.land("d/a.csv", "id\n1\n", at=T0)
    lake("run", code=0)
    assert query(lake, "d").sql("SELECT id FROM d_latest").fetchall() == [(1,)]


@pytest.mark.parametrize(("args", "code", "words"), [
    (("d", "--engine", "athena"), 2, "Athena reads lakes on S3"),
    (("d", "--engine", "hive"), 2, "none of athena, spark, duckdb"),
    (("emty",), 2, "did you mean empty?"),
    (("empty",), 1, "nothing of it has been run"),
    ((), 2, "DATASET"),
])
def test_what_cannot_be_printed_is_said(lake, args, code, words):
    lake.configure("datasets: {d: {landing: 'd/*'}, empty: {landing: 'empty/*'}}")
    lake.land("d/a.csv", "id\n1\n", at=T0)
    lake("run", code=0)
    assert words in lake("ddl", *args, code=code).err


def test_a_relative_lake_is_absolute_in_the_sql(lake):
    lake.land("d/a.csv", "id\n1\n", at=T0)
    lake("run", code=0)
    out = lake.program("ddl", "d", "--lake", ".", cwd=lake.root, code=0).out
    assert os.path.realpath(lake.root) in out or str(lake.root) in out


def test_a_catalog_is_for_lakes_on_s3(lake):
    lake.configure("datasets: {d: {landing: 'd/*'}}\ncatalog: {glue: {database: lake}}\n")
    lake.land("d/a.csv", "id\n1\n", at=T0)
    lake("run", code=0)  # nothing of AWS is asked for
    assert "a catalog is for lakes on S3" in lake("catalog", "sync", code=2).err
    lake.configure("datasets: {d: {landing: 'd/*'}}\n")
    assert "lake.yaml names no catalog" in lake("catalog", "sync", code=2).err
