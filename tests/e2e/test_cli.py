"""The command line: help, exit codes, and errors that say what to do."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios
import time

import pytest
import yaml

import readers

COMMANDS = [
    "init",
    "add",
    "run",
    "status",
    "rejects",
    "check",
    "replay",
    "verify",
    "widen",
    "convert",
    "schema",
    "cat",
    "load",
]


def test_short_and_long_help(program):
    short, long = program("--help", code=0).out, program("--help-all", code=0).out
    for command in COMMANDS[:6]:
        assert re.search(rf"\b{command}\b", short), f"{command} is missing in\n{short}"
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", long), f"{command} is missing in\n{long}"
    assert not re.search(r"^\s+widen\b", short, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(program, command):
    outcome = program(command, "--help", code=0)
    assert command in outcome.out and len(outcome.out.splitlines()) >= 4


def test_version(program):
    text = program("--version", code=0).out
    assert re.search(r"lakegate \d+\.\d+\.\d+", text) and "Arrow" in text and re.search(r"x86_64|aarch64", text)
    assert re.search(r"gcc|g\+\+|GNU|clang", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["convrt", "a", "b"], ["convert"]),
        (["run", "--dry-rum"], ["dry-run"]),
        (["convert"], ["INPUT"]),
        (["cat", "x.csv", "--format", "tabel"], ["table"]),
        (["convert", "a.csv", "b.parquet", "--max-rejects", "many"], ["max-rejects"]),
        (["convert", "a.csv", "b.parquet", "--memory", "1 lot"], ["memory"]),
        (["convert", "a.csv", "b.parquet", "--compression", "zst"], ["zstd"]),
    ],
)
def test_wrong_usage(program, tmp_path, args, words):
    (tmp_path / "a.csv").write_text("x\n1\n")
    outcome = program(*args, code=2, cwd=tmp_path)
    assert all(word.lower() in outcome.err.lower() for word in words), outcome
    assert not (tmp_path / "b.parquet").exists()


def test_no_lake_here(program, tmp_path):
    outcome = program("run", cwd=tmp_path, code=2)
    assert "lakegate init" in outcome.err, outcome


def test_stdin_and_stdout(program, tmp_path):
    data = b"a,b\n1,x\n2,y\n"
    done = program("convert", "-", "-", stdin=data, code=0)
    (tmp_path / "out.parquet").write_bytes(done.stdout)
    assert readers.pyarrow_table(tmp_path / "out.parquet").to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    (tmp_path / "a.csv").write_bytes(data)
    program("convert", tmp_path / "a.csv", tmp_path / "file.parquet", code=0)
    assert readers.pyarrow_table(tmp_path / "file.parquet").equals(readers.pyarrow_table(tmp_path / "out.parquet"))
    assert program("cat", "-", "--format", "csv", stdin=data, code=0).stdout == data


def test_cat_formats(program, tmp_path):
    (tmp_path / "a.csv").write_text('n,t,d\n1,"x, ""y""",2024-01-01\n,,\n')
    rows = [{"n": 1, "t": 'x, "y"', "d": "2024-01-01"}, {"n": None, "t": None, "d": None}]
    lines = program("cat", tmp_path / "a.csv", "--format", "ndjson", code=0).out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert program("cat", tmp_path / "a.csv", "--format", "csv", code=0).out == (tmp_path / "a.csv").read_text()
    table = program("cat", tmp_path / "a.csv", code=0).out
    assert "2024-01-01" in table and 'x, "y"' in table
    assert len(program("cat", tmp_path / "a.csv", "-n", "1", "--format", "ndjson", code=0).out.splitlines()) == 1


def test_cat_text(program, tmp_path):
    """Nothing typed, nothing renamed, ragged rows as they are, nothing for an empty file."""
    (tmp_path / "a.csv").write_text("a,a\n007,NA\n1\n2,3,4\n")
    out = program("cat", "--text", tmp_path / "a.csv", "--format", "csv", code=0).out
    assert out.splitlines() == ["a,a", "007,NA", "1", "2,3,4"]
    (tmp_path / "e.csv").write_text("")
    assert program("cat", "--text", tmp_path / "e.csv", "--format", "csv", code=0).out == ""
    (tmp_path / "v.json").write_text('[1, "x", null]')
    lines = program("cat", "--text", tmp_path / "v.json", "--format", "ndjson", code=0).out.splitlines()
    assert [list(json.loads(line)) for line in lines] == [["value"]] * 3


def test_convert_options(program, tmp_path):
    (tmp_path / "a.csv").write_text("7;'x;y';-\n8;z;-\n")
    options = ["--delimiter", ";", "--quote", "'", "--no-header", "--null", "-"]
    program("convert", tmp_path / "a.csv", tmp_path / "o.parquet", *options, code=0)
    table = readers.pyarrow_table(tmp_path / "o.parquet")
    assert [list(row.values())[:2] for row in table.to_pylist()] == [[7, "x;y"], [8, "z"]]
    assert len(set(table.column_names)) == 3 and all(table.column_names)
    (tmp_path / "b.csv").write_text("device Id,2nd\n1,2\n")
    program("convert", tmp_path / "b.csv", tmp_path / "o.parquet", "--names", "clean", code=0)
    assert readers.pyarrow_table(tmp_path / "o.parquet").column_names == ["device_id", "c_2nd"]
    for compression in ("zstd", "snappy", "gzip", "none"):
        program(
            "convert", tmp_path / "b.csv", tmp_path / f"{compression}.parquet", "--compression", compression, code=0
        )
        assert readers.pyarrow_table(tmp_path / f"{compression}.parquet").to_pylist() == [{"device Id": 1, "2nd": 2}]


@pytest.mark.parametrize(
    "args",
    [
        ["in.csv", "in.csv"],
        ["in.csv", "link.csv"],
        ["in.csv", "o.parquet", "--rejects", "in.csv"],
        ["in.csv", "o.parquet", "--rejects", "./link.csv"],
        ["in.csv", "fields.yaml", "--schema", "fields.yaml"],
        ["in.csv", "o.parquet", "--schema", "fields.yaml", "--rejects", "fields.yaml"],
        ["in.csv", "o.parquet", "--rejects", "o.parquet"],
        ["in.csv", "-", "--rejects", "-"],
    ],
    ids=" ".join,
)
def test_convert_writes_over_nothing_that_it_reads(program, tmp_path, args):
    texts = {"in.csv": "a,b\n1,2\n3\n", "fields.yaml": "- {name: a, type: int64}\n- {name: b, type: int64}\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "link.csv").symlink_to("in.csv")
    outcome = program("convert", *args, "--max-rejects", "100%", code=2, cwd=tmp_path)
    assert "both" in outcome.err
    assert {name: (tmp_path / name).read_text() for name in texts} == texts
    assert not (tmp_path / "o.parquet").exists()


def test_rejects_within_and_past_the_limit(program, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 998 + "1\n1,2,3\n")
    outcome = program("convert", tmp_path / "a.csv", tmp_path / "o.parquet", "--rejects", tmp_path / "r.ndjson", code=0)
    rejects = [json.loads(line) for line in (tmp_path / "r.ndjson").read_text().splitlines()]
    assert [(r["line"], r["reason"], r["raw"]) for r in rejects] == [
        (1000, "too_few_columns", "1"),
        (1001, "too_many_columns", "1,2,3"),
    ]
    assert "2" in outcome.err and "reject" in outcome.err
    program("convert", tmp_path / "a.csv", tmp_path / "p.parquet", "--max-rejects", "1", code=1)
    assert not (tmp_path / "p.parquet").exists()


def test_init_makes_an_example_that_runs(program, tmp_path):
    program("init", tmp_path / "lake", code=0)
    program("check", "--lake", tmp_path / "lake", code=0)
    program("run", "--lake", tmp_path / "lake", code=0)
    assert list((tmp_path / "lake/curated").rglob("*.parquet"))
    again = program("init", tmp_path / "lake")
    assert again.code in (1, 2) and again.err.strip(), "an existing lake is not overwritten"


def test_add_writes_a_dataset_that_runs(program, lake, tmp_path):
    (tmp_path / "Sales Figures.csv").write_text("Item Name,price\nx,1.5\n")
    lake("add", tmp_path / "Sales Figures.csv", code=0)
    document = yaml.safe_load((lake.root / "lake.yaml").read_text())
    (name,) = document["datasets"]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert [field["type"] for field in document["datasets"][name]["schema"]] == ["text", "double"]
    lake("check", code=0)


@pytest.mark.parametrize(("text", "reason"), [('{"a":1,"a":2}\n', "duplicate_key"), ("[1,2]\n", "")])
def test_convert_says_why_no_row_is_left(program, tmp_path, text, reason):
    (tmp_path / "a.json").write_text(text)
    args = ["a.json", "o.parquet", "--rejects", "r.ndjson", "--max-rejects", "100%"]
    outcome = program("convert", *args, code=1, cwd=tmp_path)
    assert "rejected; nothing was written" in outcome.err and reason in outcome.err, outcome
    assert (tmp_path / "r.ndjson").read_text().count("\n") >= 1
    assert not (tmp_path / "o.parquet").exists()


@pytest.mark.parametrize(("name", "text"), [("a.csv", "a,b\n"), ("a.ndjson", "{}\n{}\n")])
def test_add_of_a_sample_without_values(program, lake, tmp_path, name, text):
    """What is known of it is written, and nothing that lakegate itself would refuse."""
    (tmp_path / name).write_text(text)
    lake("add", tmp_path / name, "--name", "d", code=0)
    lake("check", code=0)
    lake("run", code=0)


def test_add_writes_nothing_that_the_lake_would_refuse(lake, tmp_path):
    lake.configure("datasets:\n  ok: {landing: ok/*}\n")
    (tmp_path / "a.csv").write_text("dt,a\n2024-01-01,1\n")
    outcome = lake("add", tmp_path / "a.csv", "--name", "d")
    assert outcome.code != 0 and "dt" in outcome.err and "nothing was written" in outcome.err, outcome
    lake("check", code=0)


def test_environment_names_the_lake_and_its_configuration(program, lake, tmp_path):
    lake.land("d/a.csv", "x\n1\n")
    (tmp_path / "other.yaml").write_text("datasets:\n  renamed: {landing: 'd/*.csv'}\n")
    settings = {"LAKEGATE_LAKE": str(lake.root), "LAKEGATE_CONFIG": str(tmp_path / "other.yaml")}
    program("run", env=settings, code=0)
    assert lake.rows("renamed") == [{"x": 1}]


def test_environments(program, lake):
    lake.configure(
        "datasets:\n  d: {landing: d/*.csv, serve: {table: T, key: [x]}}\n"
        "environments:\n  test: {table_prefix: '${PREFIX}_'}\n"
    )
    lake.land("d/a.csv", "x\n1\n")
    lake("run", "--env", "test", env={"PREFIX": "p"}, code=0)
    assert lake.table("p_T", "x") == [{"x": 1}]
    assert "PREFIX" in lake("check", "--env", "test", code=2).err
    assert "test" in lake("check", "--env", "tset", code=2).err


def test_interrupted(program, tmp_path):
    """Exit code 130, and nothing half-written."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [program.path, "convert", "-", tmp_path / "out.parquet"],
        stdin=reading,
        stderr=subprocess.PIPE,
        env=program.environment(),
    )
    os.write(writing, b"a,b\n" + b"1,2\n" * 1000)
    deadline = time.monotonic() + 30
    while struct.unpack("i", fcntl.ioctl(reading, termios.FIONREAD, b"\0" * 4))[0]:  # until it has read that
        assert time.monotonic() < deadline and process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    os.close(writing)
    os.close(reading)
    assert list(tmp_path.iterdir()) == []


def test_run_interrupted(program, lake):
    """A run that is told to stop stops soon, and the next one goes on."""
    for n in range(300):
        lake.land(f"d/{n}.csv", f"x\n{n}\n")
    process = program.start("run", "--lake", lake.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not lake.files("_lake/runs"):
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) in (0, 130)
    lake("run", code=0)
    assert sorted(row["x"] for row in lake.rows("d")) == list(range(300))
    assert not lake.files("_lake/tmp")
