"""The commands that show, prove and repeat what a lake has done."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import pty
import re
import subprocess

import pytest

import readers

T0 = 1709618828.0

DECLARED = """
datasets:
  d:
    landing: d/*.csv
    max_rejects: 50%
    schema: [{name: x, type: int64}, {name: t, type: text}]
"""


@pytest.fixture
def filled(lake):
    lake.configure(DECLARED + "  e: {landing: 'e/*.json', max_rejects: 0}\n")
    lake.land("d/a.csv", "x,t\n1,a\nbad,\x1b[31mred\n3,\x1b[31mred\n", at=T0)
    lake.land("e/refused.json", '[{"x": NaN}]', at=T0)
    lake("run", code=1)
    return lake


def test_run_record(filled):
    (run,) = filled.runs("d")
    (path,) = filled.curated("d")
    (output,) = run["outputs"]
    assert output["key"] == str(path.relative_to(filled.root))
    assert (output["size"], output["sha256"]) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert output["rows"] == 2
    landed = (filled.root / "landing/d/a.csv").read_bytes()
    assert hashlib.sha256(landed).hexdigest() in json.dumps(run)
    (claim,) = filled.records("claims", "d")
    assert claim["config_hash"] == run["config_hash"]
    metadata = " ".join(readers.key_values(path).values())
    version = filled.program("--version", code=0).out.split()[1]
    assert version in metadata and path.stem.rsplit("-", 1)[1] in metadata


def test_verify(filled):
    assert filled("verify", code=0).code == 0
    (path,) = filled.curated("d")
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    outcome = filled("verify", code=1)
    assert path.name in outcome.out + outcome.err
    path.unlink()
    outcome = filled("verify", code=1)
    assert path.name in outcome.out + outcome.err
    path.write_bytes(whole)
    filled("verify", code=0)


def test_replay_repairs_a_lost_file(filled):
    (path,) = filled.curated("d")
    whole = path.read_bytes()
    path.unlink()
    filled("replay", "d", code=0)
    assert path.read_bytes() == whole
    filled("verify", code=0)


def test_replay_under_another_configuration_is_a_new_generation(lake):
    """The new generation is committed, and then the superseded files go."""
    lake.configure(DECLARED)
    lake.land("d/a.csv", "x,t\n1,007\n", at=T0)
    lake("run", code=0)
    (old,) = lake.curated("d")
    lake.configure(
        DECLARED.replace("{name: t, type: text}", "{name: t, type: text, required: true}") + "    lineage: false\n"
    )
    lake("replay", "d", code=0)
    (new,) = lake.curated("d")
    assert new.name == f"{old.stem}-g2.parquet"
    assert readers.pyarrow_table(new).column_names == ["x", "t"]
    assert len(lake.runs("d")) in (1, 2)
    lake("verify", code=0)
    before = lake.files("curated")
    lake("run", code=0)
    assert lake.files("curated") == before


def test_replay_says_which_columns_it_leaves_out(lake):
    """History does not change the schema: not what is new, but what is declared is taken."""
    lake.configure("datasets:\n  d: {landing: 'd/*.json', new_columns: ignore}\n")
    lake.land("d/a.json", '{"x": 1, "s": {"a": 1}}', at=T0)
    lake("run", code=0)
    lake.land("d/b.json", '{"x": 2, "y": 3, "z": 4, "s": {"a": 5, "b": 6}, "n": null}', at=T0)
    assert "left out" not in lake("run", code=0).err, "that is what was configured"
    lake.configure("datasets:\n  d: {landing: 'd/*.json'}\n")
    outcome = lake("replay", "d", code=0)
    (line,) = [line for line in outcome.err.splitlines() if "left out" in line]
    assert "landing/d/b.json" in line and "lacks y, z, s.b," in line
    lake.configure("datasets:\n  d: {landing: 'd/*.json', schema: [{name: x, type: int64}, {name: y, type: int64}, "
                   "{name: s, type: 'struct<a: int64>'}]}\n")
    outcome = lake("replay", "d", code=0)
    assert "lacks z, s.b," in outcome.err
    assert lake.rows("d") == [{"x": 1, "y": None, "s": {"a": 1}}, {"x": 2, "y": 3, "s": {"a": 5}}]


def test_replay_of_a_failure(filled):
    """What failed is tried again on request, even if nothing has changed."""
    assert filled("replay", "e").code == 1
    filled.land("e/refused.json", '[{"x": 1}]', at=T0 + 1)
    filled("run", code=0)
    assert filled.rows("e") == [{"x": 1}]


def test_status_says_what_ran_and_what_failed(filled):
    outcome = filled("status")
    text = outcome.out + outcome.err
    assert "d" in text and "refused.json" in text and "NaN" in text, outcome
    assert "refused.json" not in filled("status", "d", code=0).out


@pytest.mark.parametrize(
    "command", [("status",), ("status", "d"), ("rejects", "d"), ("verify",), ("check",), ("run",), ("replay", "d")]
)
def test_json_for_scripts(filled, command):
    outcome = filled(*command, "--format", "json")
    lines = outcome.out.strip()
    try:
        json.loads(lines)
    except json.JSONDecodeError:
        assert [json.loads(line) for line in lines.splitlines()], outcome


def test_rejects(filled):
    outcome = filled("rejects", "d", code=0)
    assert "type_mismatch" in outcome.out and "bad" in outcome.out and re.search(r"\b3\b", outcome.out)


def test_raw_that_is_not_utf8(lake):
    lake.configure(DECLARED)
    lake.land("d/a.csv", b"x,t\n1,a\n2,caf\xe9\n3,c\n", at=T0)
    lake("run", code=0)
    (reject,) = lake.rejects("d")
    assert (reject["reason"], reject["line"], reject["offset"]) == ("invalid_utf8", 3, 8)
    assert "raw" not in reject and base64.b64decode(reject["raw_base64"]) == b"2,caf\xe9"
    assert "13" in reject["message"] or "byte 6" in reject["message"], reject  # where in the file, or in the record


def test_raw_that_had_to_be_cut(lake):
    """The landed file is copied beside its rejects."""
    lake.configure(DECLARED)
    data = ("x,t\n1,a\nbad," + "z" * 200_000 + "\n2,b\n").encode()
    lake.land("d/a.csv", data, at=T0)
    lake("run", code=0)
    (reject,) = lake.rejects("d")
    assert len(reject["raw"]) < 200_000
    assert data in lake.files("rejected/d").values()


def test_cat_of_a_dataset(lake):
    """The latest view, or with --history everything."""
    lake.configure("datasets:\n  d: {landing: d/*.csv, mode: snapshot}\n")
    lake.land("d/a.csv", "x,t\n1,a\n2,b\n", at=T0)
    lake("run", code=0)
    lake.land("d/a.csv", "x,t\n2,c\n", at=T0 + 60)
    lake("run", code=0)

    def rows(*options):
        lines = lake("cat", "d", "--format", "ndjson", *options, code=0).out.splitlines()
        return sorted((row["x"], row["t"]) for row in map(json.loads, lines))

    assert rows() == [(2, "c")]
    assert rows("--history") == [(1, "a"), (2, "b"), (2, "c")]


def on_a_terminal(lake, *arguments) -> bytes:
    """What a command writes when its output is a terminal."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [lake.program.path, *map(str, arguments)],
        stdout=other,
        stderr=other,
        stdin=other,
        env=lake.program.environment(TERM="xterm-256color", COLUMNS="200"),
    )
    os.close(other)
    written = b""
    while True:
        try:
            block = os.read(main, 65536)
        except OSError:  # Linux says so when the other side has closed
            break
        if not block:
            break
        written += block
    os.close(main)
    assert process.wait(timeout=60) >= 0
    return written


def test_control_characters_are_escaped_on_a_terminal_only(filled):
    path = filled.root / "landing/d/a.csv"
    for arguments in (
        ["cat", path],
        ["cat", "d", "--lake", filled.root],
        ["cat", path, "--format", "csv"],
        ["cat", path, "--text"],
    ):
        assert b"\x1b[31mred" not in on_a_terminal(filled, *arguments), arguments
    piped = filled.program("cat", path, "--format", "csv", code=0)
    assert list(csv.reader(io.StringIO(piped.out)))[-1] == ["3", "\x1b[31mred"]
    assert b"\x1b[31mred" not in on_a_terminal(filled, "rejects", "d", "--lake", filled.root)


def test_no_colour_and_no_progress_in_a_pipe(filled):
    for command in (["run"], ["status"], ["rejects", "d"]):
        outcome = filled(*command)
        assert "\x1b" not in outcome.err and "\r" not in outcome.err
    assert "\x1b[31m" not in filled("status").out
