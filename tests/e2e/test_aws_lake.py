"""A lake on AWS from end to end, with nothing faked that can be real: files are put into S3, the function on
Lambda's Runtime API is told of them, what it made of them is read back from S3 with PyArrow and from DynamoDB
with boto3, and compared cell by cell with an independent reading of the input."""

from __future__ import annotations

import datetime as dt
import io
import pathlib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lambda_events as events
import oracle
import readers
from aws_servers import CloudLake, Tables
from emulated_function import EmulatedFunction

LANDED = {  # dataset: the file, and what identifies its rows, with DynamoDB's types
    "losses": ("russia_losses.csv", {"day": "N"}),
    "weather": ("central_park_weather.csv", {"STATION": "S", "DATE": "S"}),
    "bases": ("fhv_bases.csv", {"base_number": "S"}),
    "equipment": ("russia_losses_equipment.json", {"date": "S", "day": "N"}),
}


@pytest.fixture
def start(program, emulator, tmp_path: pathlib.Path) -> Iterator[Callable[..., EmulatedFunction]]:
    functions: list[EmulatedFunction] = []

    def start(lake: CloudLake, **environment: str) -> EmulatedFunction:
        functions.append(EmulatedFunction(program, emulator, tmp_path,
                                          lake.environment | {"LAKEGATE_LAKE": lake.url} | environment))
        return functions[-1]

    yield start
    for function in functions:
        function.close()


@pytest.fixture
def losses(cloud_lake: CloudLake, tables: Tables) -> CloudLake:
    """The lake of the published example; its table is there."""
    table = tables.create("EquipmentLosses", {"day": "N"})
    cloud_lake.configure(f"""
datasets:
  equipment_losses:
    landing: equipment losses/*.csv
    serve: {{table: {table}, key: [day]}}
""")
    cloud_lake.table = table
    return cloud_lake


def curated(lake: CloudLake, dataset: str) -> pa.Table:
    """What PyArrow reads from the bucket, without the lineage, and checks the lineage."""
    found = [pq.read_table(io.BytesIO(content))
             for content in lake.files(f"curated/{dataset}", ".parquet").values()]
    assert len(found) == 1
    table = found[0]
    assert table.column("_row").to_pylist() == list(range(1, table.num_rows + 1))
    return table.drop_columns([name for name in table.column_names if name.startswith("_")])


def as_item(value: Any) -> Any:
    """A value as boto3 gives it back from DynamoDB, by the table in docs/dynamodb.md."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, Decimal)):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    raise AssertionError(f"no rule for {value!r}")


def items(table: pa.Table, key: Iterable[str]) -> list[dict]:
    """The items that must be there: of each key the last row, nulls left out."""
    by_key = {}
    for row in table.to_pylist():
        item = {name: as_item(value) for name, value in row.items() if value is not None}
        by_key[tuple(item[name] for name in key)] = item
    return sorted(by_key.values(), key=lambda item: [item[name] for name in key])


def run_keys(lake: CloudLake, dataset: str) -> list[str]:
    return lake.bucket.keys(lake.key(f"_lake/runs/{dataset}/"))


@pytest.mark.parametrize("shape", events.SHAPES)
def test_a_landed_file_ends_in_the_table(losses: CloudLake, tables: Tables, realdata: pathlib.Path, start,
                                         shape: str) -> None:
    """43 rows of 12 columns, in a function of 256 MB, whatever way the events take."""
    content = (realdata / "landing" / "russia_losses.csv").read_bytes()
    key = losses.land("equipment losses/russia+losses é.csv", content)
    event_of = events.SHAPES[shape]
    function = start(losses)
    converted = function.invoke(event_of(losses.bucket.name, key))
    assert not converted.failed, converted
    expected = oracle.read_csv(content).table
    readers.assert_same(curated(losses, "equipment_losses"), expected, "PyArrow reads what is in S3")
    assert tables.rows(losses.table) == [], "the table is filled by the second event alone"

    [run] = run_keys(losses, "equipment_losses")
    assert not function.invoke(event_of(losses.bucket.name, run)).failed
    rows = sorted(tables.rows(losses.table), key=lambda row: row["day"])
    assert rows == items(expected, ["day"])
    assert len(rows) == 43 and set(map(len, rows)) == {12}
    for item in tables.rows(losses.table, own=True):
        assert item["_lakegate_source"] == "landing/equipment losses/russia+losses é.csv"

    # Both again, as S3 may: nothing changes.
    before = losses.files("curated") | losses.files("_lake")
    for key_of in (key, run):
        assert not function.invoke(event_of(losses.bucket.name, key_of)).failed
    assert losses.files("curated") | losses.files("_lake") == before
    assert [line["outcome"] for line in function.log()] == ["committed", "loaded", "already_done", "already_loaded"]
    assert function.peak_memory() < 256_000_000
    assert losses.bucket.unfinished_uploads() == []


def test_real_files_cell_by_cell(cloud_lake: CloudLake, tables: Tables, realdata: pathlib.Path, start) -> None:
    """Four files, told of in one batch, and their run records in another, which comes again when somebody has
    made the tables."""
    cloud_lake.configure("datasets:\n" + "".join(
        f"  {dataset}:\n    landing: {dataset}/*\n    names: original\n"
        f"    serve: {{table: {tables.prefix}{dataset}, key: [{', '.join(key)}]}}\n"
        for dataset, (_, key) in LANDED.items()))
    contents = {dataset: (realdata / "landing" / file).read_bytes() for dataset, (file, _) in LANDED.items()}
    keys = [cloud_lake.land(f"{dataset}/{LANDED[dataset][0]}", content) for dataset, content in contents.items()]
    function = start(cloud_lake)
    bodies = [events.of_eventbridge(cloud_lake.bucket.name, key) for key in keys]
    assert function.invoke(events.in_sqs(*bodies)).json == {"batchItemFailures": []}

    runs = [key for dataset in LANDED for key in run_keys(cloud_lake, dataset)]
    loads = events.in_sqs(*(events.of_s3(cloud_lake.bucket.name, key) for key in runs))
    missing = function.invoke(loads).json  # no table is there
    assert len(missing["batchItemFailures"]) == len(LANDED)
    errors = [line["error"]["message"] for line in function.log()[-len(LANDED):]]
    assert all(f"`lakegate load {dataset} --create`" in "\n".join(errors) for dataset in LANDED), errors
    for dataset, (_, key) in LANDED.items():
        tables.create(dataset, key)
    assert function.invoke(loads).json == {"batchItemFailures": []}

    assert [line["outcome"] for line in function.log()[-len(LANDED):]] == ["loaded"] * len(LANDED)

    for dataset, (file, key) in LANDED.items():
        read = oracle.read_csv if file.endswith(".csv") else oracle.read_json
        expected = read(contents[dataset]).table
        readers.assert_same(curated(cloud_lake, dataset), expected, f"PyArrow reads {dataset}")
        there = sorted(tables.rows(tables.prefix + dataset), key=lambda row: [row[name] for name in key])
        assert there == items(expected, key), dataset
    assert function.peak_memory() < 256_000_000


def test_a_changed_file_updates_the_table(losses: CloudLake, tables: Tables, realdata: pathlib.Path, start) -> None:
    """History stays in S3; the newest row of each key wins, though the events of the two arrivals come in the
    wrong order."""
    header, *rows = (realdata / "landing" / "russia_losses.csv").read_text().splitlines()
    function = start(losses)
    bucket = losses.bucket.name
    versions = ["\n".join([header, *rows[:40], ""]),
                "\n".join([header, rows[0].replace(",1,", ",999,", 1), *rows[1:], ""])]
    runs: list[str] = []
    for content, land in zip(versions, (losses.land, losses.land_newer), strict=True):
        key = land("equipment losses/daily.csv", content)
        assert not function.invoke(events.of_s3(bucket, key)).failed
        runs += [run for run in run_keys(losses, "equipment_losses") if run not in runs]
    assert len(losses.files("curated", ".parquet")) == 2
    for run in reversed(runs):
        assert not function.invoke(events.of_eventbridge(bucket, run)).failed
    there = sorted(tables.rows(losses.table), key=lambda row: row["day"])
    assert there == items(oracle.read_csv(versions[1].encode()).table, ["day"])
    assert there[0]["aircraft"] == 999
    verified = losses("verify", code=0)
    assert "2 runs" in verified.out, verified.out


def test_what_is_not_for_it(losses: CloudLake, start) -> None:
    """Its own outputs are ignored, so that no event can start a loop; other buckets, other prefixes and objects
    that are not there are refused."""
    function = start(losses)
    bucket = losses.bucket.name
    for own in ("curated/equipment_losses/dt=2026-01-01/a.parquet", "_lake/claims/a.json", "lake.yaml"):
        assert not function.invoke(events.of_s3(bucket, losses.key(own))).failed
    assert not function.invoke(b'{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}').failed
    for event in (events.of_s3("other", losses.key("landing/equipment losses/a.csv")),
                  events.of_s3(bucket, "elsewhere/landing/equipment losses/a.csv"),
                  events.of_s3(bucket, losses.key("landing/equipment losses/gone.csv"))):
        assert function.invoke(event).failed
    # Of a batch, only what failed comes again.
    good = losses.land("equipment losses/a.csv", "day,aircraft\n1,2\n")
    batch = events.in_sqs(events.of_s3(bucket, good), "poison",
                          events.of_s3(bucket, losses.key("landing/equipment losses/gone.csv")))
    failed = function.invoke(batch).json["batchItemFailures"]
    assert [f["itemIdentifier"] for f in failed] == [r["messageId"] for r in batch["Records"][1:]]
    assert len(losses.runs("equipment_losses")) == 1
