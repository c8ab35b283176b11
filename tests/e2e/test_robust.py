"""Input that is not what it should be, and machines that have run out of something."""

from __future__ import annotations

import json
import os
import pathlib
import random
import resource
import subprocess

import pytest

import oracle
import readers
from program import Lake

LIMIT = 128 * 1000 * 1000  # bytes of resident memory, at every size of input
SURPRISE_MEGABYTES = int(os.environ.get("LAKEGATE_SURPRISE_MB", "50"))


def refused(program, source, tmp_path, *words: str) -> str:
    """Exit code 1, nothing written, and a message that says what is wrong with which file."""
    outcome = program("convert", source, tmp_path / "out.parquet", code=1)
    assert not (tmp_path / "out.parquet").exists()
    assert pathlib.Path(source).name in outcome.err, outcome
    assert all(word.lower() in outcome.err.lower() for word in words), outcome
    return outcome.err


def test_empty(program, tmp_path):
    (tmp_path / "none.csv").write_bytes(b"")
    refused(program, tmp_path / "none.csv", tmp_path, "empty")


def test_empty_after_decompression(program, tmp_path):
    packed = subprocess.run(["gzip", "-c"], input=b"", stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "none.csv.gz").write_bytes(packed)
    refused(program, tmp_path / "none.csv.gz", tmp_path, "empty")


def test_missing(program, tmp_path):
    refused(program, tmp_path / "nothing-here.csv", tmp_path)


def test_directory(program, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    refused(program, tmp_path / "folder.csv", tmp_path, "directory")


def test_header_only(program, tmp_path):
    (tmp_path / "h.csv").write_text("a,b\n")
    program("convert", tmp_path / "h.csv", tmp_path / "out.parquet", code=0)
    table = readers.pyarrow_table(tmp_path / "out.parquet")
    assert (table.num_rows, table.column_names) == (0, ["a", "b"])


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "csv.gz", "csv.zst"])
@pytest.mark.parametrize("length", [1, 100, 10_000, 3_000_000])
def test_garbage_never_crashes(program, tmp_path, seed, suffix, length):
    data = random.Random(f"{seed}{suffix}{length}").randbytes(length)
    magic = {"parquet": b"PAR1", "csv.gz": b"\x1f\x8b\x08\x00", "csv.zst": b"\x28\xb5\x2f\xfd"}.get(suffix, b"")
    (tmp_path / f"g.{suffix}").write_bytes(magic + data)
    for command in (
        ["convert", tmp_path / f"g.{suffix}", tmp_path / "out.parquet"],
        ["cat", "--text", tmp_path / f"g.{suffix}"],
        ["schema", tmp_path / f"g.{suffix}"],
    ):
        outcome = program(*command, timeout=30)
        assert outcome.code in (0, 1), outcome
        assert outcome.code == 0 or outcome.err.strip()


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_damaged_compression_is_refused(program, tmp_path, seed, pack):
    text = "a,b\n" + "".join(f"{i},x{i * 7919 % 1000}\n" for i in range(20_000))
    packed = subprocess.run([pack, "-c"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    (tmp_path / "cut.csv").write_bytes(packed[: len(packed) // 2])
    refused(program, tmp_path / "cut.csv", tmp_path)
    if pack == "gzip":  # its checksum stands at the end; zstd's content has one only on request
        (tmp_path / "flipped.csv").write_bytes(packed[:-6] + bytes([packed[-6] ^ 0xFF]) + packed[-5:])
        refused(program, tmp_path / "flipped.csv", tmp_path)


def test_nul_bytes_are_kept_in_text(program, tmp_path):
    (tmp_path / "n.csv").write_bytes(b"a,b\nx\0y,1\nz,2\n")
    program("convert", tmp_path / "n.csv", tmp_path / "out.parquet", code=0)
    assert readers.pyarrow_table(tmp_path / "out.parquet").to_pylist() == [{"a": "x\0y", "b": 1}, {"a": "z", "b": 2}]


def test_invalid_utf8_is_a_reject_with_its_offset(program, tmp_path):
    (tmp_path / "u.csv").write_bytes(b"a,b\n1,x\n2,\xff\xfe\n3,y\n")
    program(
        "convert",
        tmp_path / "u.csv",
        tmp_path / "out.parquet",
        "--max-rejects",
        "1",
        "--rejects",
        tmp_path / "r.ndjson",
        code=0,
    )
    (reject,) = map(json.loads, (tmp_path / "r.ndjson").read_text().splitlines())
    assert (reject["line"], reject["offset"], reject["reason"]) == (3, 8, "invalid_utf8")
    assert [row["a"] for row in readers.pyarrow_table(tmp_path / "out.parquet").to_pylist()] == [1, 3]


def test_row_of_megabytes(program, tmp_path):
    """Long rows are rows, up to a limit; past it they are rejects, and the rows around them are safe."""
    (tmp_path / "l.csv").write_text("a,b\n1,x\n2," + "y" * 5_000_000 + "\n3,z\n")
    program("convert", tmp_path / "l.csv", tmp_path / "out.parquet", code=0)
    assert [len(row["b"]) for row in readers.pyarrow_table(tmp_path / "out.parquet").to_pylist()] == [1, 5_000_000, 1]
    (tmp_path / "l.csv").write_text("a,b\n1,x\n2," + "y" * 40_000_000 + "\n3,z\n")
    program(
        "convert",
        tmp_path / "l.csv",
        tmp_path / "out.parquet",
        "--max-rejects",
        "1",
        "--rejects",
        tmp_path / "r",
        code=0,
    )
    assert [row["a"] for row in readers.pyarrow_table(tmp_path / "out.parquet").to_pylist()] == [1, 3]
    (reject,) = map(json.loads, (tmp_path / "r").read_text().splitlines())
    assert (reject["reason"], reject["line"], reject["offset"]) == ("record_too_long", 3, 8)


def test_quote_that_is_never_closed(program, tmp_path):
    """Not one row before it is lost, and it does not vanish either."""
    (tmp_path / "q.csv").write_text("a,b\n" + "1,x\n" * 300 + '2,"open\n')
    program("convert", tmp_path / "q.csv", tmp_path / "out.parquet", "--rejects", tmp_path / "r", code=0)
    assert readers.pyarrow_table(tmp_path / "out.parquet").num_rows == 300
    (reject,) = map(json.loads, (tmp_path / "r").read_text().splitlines())
    assert (reject["reason"], reject["line"]) == ("unclosed_quote", 302)


@pytest.mark.parametrize("target", ["missing/out.parquet", "file.txt/out.parquet", "."])
def test_output_that_cannot_be(program, tmp_path, target):
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "file.txt").write_text("")
    outcome = program("convert", tmp_path / "a.csv", tmp_path / target)
    assert outcome.code in (1, 2) and outcome.err.strip(), outcome
    assert (tmp_path / "file.txt").read_text() == ""


def test_directory_where_nobody_may_write(program, tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n")
    outcome = program("convert", tmp_path / "a.csv", "/proc/self/task/out.parquet", code=1)  # not even root may
    assert "out.parquet" in outcome.err


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 400 KB with a file on it that leaves 30 KB; the test may remove that file."""
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", disk]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_full_disk(program, small_disk):
    """The run fails and says so, nothing half-written is visible, and with room it succeeds."""
    r = random.Random(1)
    lake = Lake(program, small_disk / "lake")
    lake.land("d/a.csv", "a,b\n" + "".join(f"{r.getrandbits(60)},{r.getrandbits(60):x}\n" for _ in range(4000)))
    (small_disk / "filler").write_bytes(b"x" * 225_000)
    outcome = lake("run", code=1)
    assert "space" in outcome.err.lower(), outcome
    assert not lake.files("curated") and not lake.files("_lake/runs")
    outcome = program("convert", small_disk / "lake/landing/d/a.csv", small_disk / "out.parquet", code=1)
    assert "space" in outcome.err.lower() and not (small_disk / "out.parquet").exists()
    (small_disk / "filler").unlink()
    lake("run", code=0)
    assert len(lake.rows("d")) == 4000 and not lake.files("_lake/tmp")


def test_output_to_dev_full(program, tmp_path):
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 1000)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [program.path, "cat", tmp_path / "a.csv"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=program.environment(),
            timeout=30,
        )
    assert done.returncode == 1 and done.stderr


def test_late_surprises_in_bounded_memory(program, tmp_path):
    """Integer columns that turn into decimal numbers, text and zero-led codes near the end of a large file."""
    source, rows, written = tmp_path / "big.csv", 0, 0
    r = random.Random(1)  # values that differ, so that dictionaries and pages have their full size
    block = "".join(
        f"{r.randrange(10**9)},{r.randrange(10**6)},{r.randrange(99)},{r.randrange(10**12)},name {r.randrange(10**6)}\n"
        for _ in range(100_000)
    )
    with source.open("w") as file:
        file.write("id,amount,code,ref,name\n")
        while written < SURPRISE_MEGABYTES * 1_000_000:
            written += file.write(block)
            rows += 100_000
        file.write('1,2.5,007,"n/k",last\n')
    code, peak = program.peak_memory("convert", source, tmp_path / "out.parquet")
    assert code == 0
    if os.environ.get("LAKEGATE_MEMORY_LIMIT") != "off":
        assert peak < LIMIT, f"peak {peak / 1e6:.0f} MB"
    table = readers.pyarrow_table(tmp_path / "out.parquet")
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "string", "string", "string"]
    assert table.num_rows == rows + 1
    first = oracle.read_csv(("id,amount,code,ref,name\n" + block + '1,2.5,007,"n/k",last\n').encode()).table
    readers.assert_same(table.slice(0, 100_000), first.slice(0, 100_000), "first rows")
    readers.assert_same(table.slice(rows - 100_000), first, "last rows")


def test_little_address_space(program, tmp_path):
    """Where memory cannot be had, the program says so; it is never killed by a signal of its own making."""
    (tmp_path / "a.csv").write_text("a,b\n" + "1,x\n" * 500_000)
    limit = 60 * 1024 * 1024
    done = subprocess.run(
        [program.path, "convert", tmp_path / "a.csv", tmp_path / "out.parquet"],
        capture_output=True,
        timeout=60,
        env=program.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
    )
    assert done.returncode in (0, 1), done
    assert (tmp_path / "out.parquet").exists() == (done.returncode == 0)
