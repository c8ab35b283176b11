"""Real files: converted, read back by two other readers, and compared cell by cell with an independent reading."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections import Counter

import pyarrow as pa
import pytest
import yaml

import oracle
import readers

REALDATA = pathlib.Path(os.environ.get("LAKEGATE_REALDATA", "/nonexistent"))
NOT_JSON = "2022-07-04-761ac23.json"


def found(pattern: str) -> list:
    """The files that match, or one parameter that the `realdata` fixture turns into a clear skip."""
    return sorted(str(path.relative_to(REALDATA)) for path in REALDATA.glob(pattern)) or ["unset"]


def converted_files() -> list:
    return [name for name in found("landing/*") + found("history/*.json") if not name.endswith(NOT_JSON)]


@pytest.mark.parametrize("name", converted_files())
def test_every_cell(program, realdata, tmp_path, name):
    source = realdata / name
    program("convert", source, tmp_path / "out.parquet", code=0)
    read = oracle.read_csv if name.endswith(".csv") else oracle.read_json
    readers.assert_parquet(tmp_path / "out.parquet", read(source.read_bytes()).table)


def test_bare_nan_is_refused(program, realdata, tmp_path):
    outcome = program("convert", realdata / "history" / NOT_JSON, tmp_path / "out.parquet", code=1)
    assert "NaN" in outcome.err and "1068" in outcome.err, outcome
    assert not (tmp_path / "out.parquet").exists()


def test_russia_losses(program, realdata, tmp_path):
    program("convert", realdata / "landing/russia_losses.csv", tmp_path / "out.parquet", code=0)
    table = readers.pyarrow_table(tmp_path / "out.parquet")
    assert (table.num_rows, table.num_columns) == (43, 12)
    assert set(table.schema.types) == {pa.int64()}


TYPES = {
    "central_park_weather.csv": ["text", "text", "date", "double", "double", "double", "double", "int64", "int64"],
    "daily_trips_by_geography.csv": ["text", "date", "text", "double", "text", "double", "text", "bool"],
    "fhv_bases.csv": ["text"] * 4,
    "russia_losses.csv": ["int64"] * 12,
    "russia_losses_equipment.json": ["date"] + ["int64"] * 14 + ["text"] + ["int64"] * 4,
}


@pytest.mark.parametrize("name", TYPES)
def test_schema_is_what_a_person_would_write(program, realdata, tmp_path, name):
    outcome = program("schema", realdata / "landing" / name, code=0)
    document = yaml.safe_load(outcome.out)
    fields = document["schema"] if isinstance(document, dict) else document
    kinds = [field["type"] for field in fields]
    assert Counter(kinds) == Counter(TYPES[name])
    if name.endswith(".csv"):
        assert kinds == TYPES[name]
    # What it prints is what `convert --schema` takes, and it changes nothing.
    (tmp_path / "schema.yaml").write_text(outcome.out)
    program(
        "convert", realdata / "landing" / name, tmp_path / "told.parquet", "--schema", tmp_path / "schema.yaml", code=0
    )
    program("convert", realdata / "landing" / name, tmp_path / "inferred.parquet", code=0)
    told, inferred = (readers.pyarrow_table(tmp_path / f"{which}.parquet") for which in ("told", "inferred"))
    assert told.equals(inferred)


@pytest.mark.parametrize("name", found("csv-spectrum/csvs/*.csv"))
def test_csv_spectrum(program, realdata, tmp_path, name):
    stem = pathlib.Path(name).stem
    data = (realdata / name).read_bytes()
    if stem.endswith("_crlf") and b"\r\n" not in data:
        data = data.replace(b"\n", b"\r\n")  # the copy at hand has lost the line ends that its name promises
    expected = json.loads((realdata / "csv-spectrum" / "json" / f"{stem}.json").read_text())
    if isinstance(expected, dict):
        expected = [expected]
    if stem == "location_coordinates":
        # The published pair disagrees with itself about this one number.
        assert expected[0]["Contact Phone Number"] == "1234567890"
        expected[0]["Contact Phone Number"] = "2095257564"
    path = tmp_path / f"{stem}.csv"
    path.write_bytes(data)
    outcome = program("cat", "--text", path, "--format", "ndjson", code=0)
    assert [json.loads(line) for line in outcome.out.splitlines()] == expected


def test_json_suite(program, realdata):
    files = sorted((realdata / "json" / "test_parsing").glob("*.json"))
    assert Counter(path.name[0] for path in files) == {"y": 95, "n": 188, "i": 35}
    wrong = []
    for path in files:
        try:
            done = subprocess.run(
                [program.path, "cat", "--text", path], capture_output=True, timeout=10, env=program.environment()
            )
        except subprocess.TimeoutExpired:
            wrong.append(f"{path.name}: longer than 10 s")
            continue
        allowed = {"y": {0}, "n": {1, 2}, "i": {0, 1, 2}}[path.name[0]]
        if done.returncode not in allowed:
            wrong.append(f"{path.name}: exit code {done.returncode}, {done.stderr[:200]!r}")
        elif done.returncode and not done.stderr.strip():
            wrong.append(f"{path.name}: refused without a word")
    assert not wrong, "\n".join(wrong)
