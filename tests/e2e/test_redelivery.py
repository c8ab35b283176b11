"""A delivery that comes again after a day or a year, in another time zone, on a day of clock change: the
same keys, the same bytes. The clock is libfaketime's; that it takes effect is checked too."""

from __future__ import annotations

import glob
import json
import pathlib
import shutil

import pytest

from program import Lake, Program
from test_lambda import s3_event

ZONES = ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati", "Europe/Berlin"]
# Days of clock change in Berlin and Los Angeles among them; hours that do not exist, or come twice.
MOMENTS = ["2024-03-05 06:07:08", "2024-03-06 06:07:08", "2025-03-05 06:07:08", "2024-03-10 02:30:00",
           "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-11-03 01:30:00", "2024-12-31 23:59:59"]
LANDED_AT = 1709618828.123456789  # 2024-03-05T06:07:08Z

CONFIGURATION = """
datasets:
  plain: {landing: plain/*.csv}
  own_time:
    landing: own_time/*.csv
    schema: [{name: id, type: int64}, {name: at, type: timestamp}]
    partition_by: {column: at, by: day}
    serve: {table: OwnTime, key: [id]}
"""


def library() -> str:
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not found:
        pytest.skip("libfaketime is not installed (tools/setup test)")
    return found[0]


def clock(zone: str, moment: str) -> dict[str, str]:
    return {"LD_PRELOAD": library(), "FAKETIME": f"@{moment}", "NO_FAKE_STAT": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": zone, "LC_ALL": "C"}


def landed(program: Program, root: pathlib.Path) -> Lake:
    lake = Lake(program, root)
    lake.configure(CONFIGURATION)
    lake.land("plain/a.csv", "day,n\n2024-03-31,1\n2024-10-27,2\n", at=LANDED_AT)
    lake.land("own_time/b.csv", "id,at\n1,2024-03-31T02:30:00\n2,2024-10-27T02:30:00\n3,2024-03-10T23:59:59\n",
              at=LANDED_AT)
    return lake


def deliver(lake: Lake, zone: str, moment: str) -> list[str]:
    """Both landing events, then the events of their run records: the outcomes."""
    outcomes = []
    for zone_of_lake in ("landing", "_lake/runs"):
        keys = [key for key in lake.files(zone_of_lake) if key.endswith((".csv", ".json"))]
        answer = lake("invoke", "-", stdin=json.dumps(s3_event(*keys)).encode(), code=0, env=clock(zone, moment))
        outcomes += [task["outcome"] for task in answer.json["tasks"]]
        for line in answer.err.splitlines():
            stamp = json.loads(line)["time"]
            assert abs(int(stamp[:4]) - int(moment[:4])) <= 1, "the clock is not the one that was asked for"
    return outcomes


def outputs(lake: Lake) -> dict[str, bytes]:
    return lake.files("curated") | lake.files("rejected")


@pytest.fixture(scope="module")
def first(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = landed(program, tmp_path_factory.mktemp("first") / "lake")
    assert sorted(deliver(lake, "UTC", MOMENTS[0])) == ["committed", "committed", "ignored", "loaded"]
    return lake


@pytest.mark.parametrize("zone", ZONES)
def test_a_redelivery_does_nothing(first: Lake, zone: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in first.root.rglob("*") if path.is_file()}
    for moment in MOMENTS:
        assert sorted(set(deliver(first, zone, moment))) == ["already_done", "already_loaded", "ignored"]
    after = {path: path.stat().st_mtime_ns for path in first.root.rglob("*") if path.is_file()}
    assert {path for path in after if after[path] != before.get(path)} <= \
        {path for path in after if "tables.sqlite" in path.name or "/locks/" in str(path)}


@pytest.mark.parametrize("zone", ZONES)
def test_a_first_delivery_makes_the_same_whenever_it_comes(first: Lake, program: Program, tmp_path: pathlib.Path,
                                                            zone: str) -> None:
    for moment in MOMENTS:
        lake = landed(program, tmp_path / "lake")
        deliver(lake, zone, moment)
        assert outputs(lake) == outputs(first), f"{zone}, {moment}"
        assert sorted(lake.files("_lake/runs")) == sorted(first.files("_lake/runs"))
        assert sorted(lake.files("_lake/claims")) == sorted(first.files("_lake/claims"))
        assert lake.table("OwnTime", "id") == first.table("OwnTime", "id")
        shutil.rmtree(lake.root)
