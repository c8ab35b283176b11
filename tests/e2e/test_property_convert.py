"""Random files, each compared cell by cell with the oracle through two readers.

LAKEGATE_SEED replays a session, LAKEGATE_PROPERTY_FILES says how many files of each format it makes; file
number n of a session is made from seed + n, so LAKEGATE_SEED=<seed + n> LAKEGATE_PROPERTY_FILES=1 is that file.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess

import pytest

import generator
import oracle
import readers

FILES = int(os.environ.get("LAKEGATE_PROPERTY_FILES", "75"))
BATCHES = min(FILES, 5)


def rows_of(r: random.Random) -> int:
    """Mostly small; now and then more than one block of any reader."""
    return r.choice([1, 3, 20, 20, 100, 100, 300, 1000] + [40_000] * (r.random() < 0.1))


def batch(number: int) -> range:
    return range(number, FILES, BATCHES)


def convert(program, source, output, *options):
    return program("convert", source, output, "--max-rejects", "100%", "--rejects", str(output) + ".ndjson", *options)


def check(program, tmp_path, source, expected: oracle.Expected, *options) -> bytes:
    """Converts, compares with what the oracle expects, and gives the bytes of the Parquet file."""
    output, rejects_file = tmp_path / "out.parquet", tmp_path / "out.parquet.ndjson"
    rejects_file.unlink(missing_ok=True)
    outcome = convert(program, source, output, *options)
    assert outcome.code == 0, outcome
    readers.assert_parquet(output, expected.table)
    rejects = [json.loads(line) for line in rejects_file.read_text().splitlines()] if rejects_file.exists() else []
    assert [(r["line"], r["offset"]) for r in rejects] == [(r.line, r.offset) for r in expected.rejects]
    return output.read_bytes()


def check_variants(program, tmp_path, source, data: bytes, bytes_written: bytes, options: tuple) -> None:
    """Threads and memory change no byte; compression of the input changes no row."""
    output = tmp_path / "variant.parquet"
    for variant in (("--threads", "1"), ("--threads", "4"), ("--memory", "16MiB")):
        assert convert(program, source, output, *options, *variant).code == 0
        assert output.read_bytes() == bytes_written, f"other bytes with {variant}"
    packed = tmp_path / ("packed" + source.suffix)  # found by content, not by name
    for compress in (gzip.compress, zstd):
        packed.write_bytes(compress(data))
        assert convert(program, packed, output, *options).code == 0
        readers.assert_same(readers.pyarrow_table(output), readers.pyarrow_table(tmp_path / "out.parquet"), "packed")


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize("number", range(BATCHES))
def test_csv(program, tmp_path, seed, number):
    for index in batch(number):
        r = random.Random(seed + index)
        data, delimiter = generator.csv_file(r, rows_of(r))
        source = tmp_path / f"seed-{seed + index}.csv"
        source.write_bytes(data)
        options = () if delimiter == "," else ("--delimiter", delimiter)
        expected = oracle.read_csv(data, delimiter)
        if expected.table.num_rows == 0:
            continue  # every row was ragged: refused, which test_robust covers
        try:
            written = check(program, tmp_path, source, expected, *options)
            if index % 5 == 0:
                check_variants(program, tmp_path, source, data, written, options)
        except AssertionError as failure:
            raise AssertionError(f"LAKEGATE_SEED={seed + index} LAKEGATE_PROPERTY_FILES=1: {failure}") from failure


@pytest.mark.parametrize("number", range(BATCHES))
def test_json(program, tmp_path, seed, number):
    for index in batch(number):
        r = random.Random(seed + index)
        data = generator.json_file(r, rows_of(r), arrayed=r.random() < 0.3)
        source = tmp_path / f"seed-{seed + index}.json"
        source.write_bytes(data)
        expected = oracle.read_json(data)
        if expected.table.num_rows == 0:
            continue
        try:
            written = check(program, tmp_path, source, expected)
            if index % 5 == 0:
                check_variants(program, tmp_path, source, data, written, ())
        except AssertionError as failure:
            raise AssertionError(f"LAKEGATE_SEED={seed + index} LAKEGATE_PROPERTY_FILES=1: {failure}") from failure
