"""Fetches into a lake on S3: what holds in a directory holds there too, where no process knows whether another is
alive, where large objects are uploads in parts, and where any call may fail."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import time
from typing import Any

import pytest

from aws_servers import CloudLake, Tables
from fetching import (Fetches, asked, committed, configure, devices, expected, got, landed_replies, readings,
                      wait_for)
from proxy import Faults, Proxy

TIME = ("--time", "2026-01-02T03:04:05Z")
UTC = dt.UTC


class Lease:
    """The record of who is at work on the plan (docs/fetch.md)."""

    def __init__(self, lake: CloudLake) -> None:
        self.lake = lake
        self.key = lake.key(f"{Fetches(lake).zone}/{Fetches(lake).plan()}/lease.json")

    @property
    def record(self) -> dict:
        return json.loads(self.lake.bucket.get(self.key))

    @property
    def expires_in(self) -> float:
        return (dt.datetime.fromisoformat(self.record["expires_at"]) - dt.datetime.now(UTC)).total_seconds()

    def expire(self) -> None:
        """As though the minute had passed in which its holder should have renewed it."""
        passed = (dt.datetime.now(UTC) - dt.timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
        self.lake.bucket.put(self.key, json.dumps(self.record | {"expires_at": passed}))


def start(lake: CloudLake) -> subprocess.Popen:
    return lake.start("fetch", "readings", *TIME, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(running: subprocess.Popen) -> tuple[int, str]:
    """Exit code and what was said."""
    said = running.communicate(timeout=120)[1].decode()
    return running.returncode, said


def through(lake: CloudLake, *faults: Any) -> Proxy:
    """What a program with these URLs asks S3 for, and fails to."""
    return Proxy({"s3": lake.aws.endpoints["s3"]}, *faults)


def operations(proxy: Proxy, part: str) -> list[str]:
    """On objects whose keys have that part."""
    return [call.operation for call in proxy.calls if part in call.resource]


def assert_complete(lake: CloudLake, api, number: int, **options) -> None:
    assert got(lake) == expected(api, devices(number), **options)
    assert [row["device"] for row in lake.rows("readings")] == devices(number)
    assert [row["device"] for row in Fetches(lake).report()] == devices(number)
    assert Fetches(lake).record()["counts"]["sets"] == number
    assert sum(run["rows_written"] for run in lake.runs("readings")) == number
    assert lake.bucket.unfinished_uploads() == []


@pytest.mark.parametrize("prefix", ["lake", ""])
def test_rows_are_what_the_server_gave_each_once(cloud_lake, api, prefix):
    lake = CloudLake(cloud_lake.program, cloud_lake.aws, cloud_lake.bucket, prefix)
    configure(lake, readings=readings(api, 250, "values=50&bits=64", slice=100))
    for _ in range(2):
        lake("fetch", "readings", *TIME, code=0)
    assert sorted(asked(api)) == sorted(devices(250)), "what is there is not asked for again"
    assert_complete(lake, api, 250, count=50, bits=64)
    assert [reply["n"] for reply in landed_replies(lake)] == list(range(250))
    assert len(lake.runs("readings")) == 3, "a slice is an arrival"


def test_rows_go_on_into_the_table(cloud_lake, api, tables: Tables):
    table = tables.create("Readings", {"device": "S"})
    configure(cloud_lake, readings=readings(api, 30, "values=3", serve={"table": table, "key": ["device"]}))
    cloud_lake("fetch", "readings", code=0)
    assert {row["device"]: (row["datetime"], row["values"]) for row in tables.rows(table)} == \
        expected(api, devices(30), count=3)


def test_a_killed_fetch_is_gone_on_with_when_its_lease_has_expired(cloud_lake, api):
    api.configure(latency="10ms")
    configure(cloud_lake, readings=readings(api, 600, "values=5", slice=50, limits={"concurrency": 8}))
    running = start(cloud_lake)
    wait_for(api, 350, running)
    running.send_signal(signal.SIGKILL)
    assert ended(running)[0] == -signal.SIGKILL
    before = committed(cloud_lake)
    assert 0 < len(before) < 600
    lease = Lease(cloud_lake)
    assert lease.record["holder"].startswith(f"process {running.pid} on ") and 0 < lease.expires_in <= 60

    # Nobody can know that it is dead.
    api.forget()
    refused = cloud_lake("fetch", "readings", *TIME, code=1)
    assert f"{lease.record['holder']} is at work on this fetch" in refused.err and "until 20" in refused.err
    assert asked(api) == []

    lease.expire()
    with through(cloud_lake) as proxy:
        gone_on = cloud_lake("fetch", "readings", env=cloud_lake.aws.environment(**proxy.urls), code=0)
    assert "PutObject" not in operations(proxy, "plan.ndjson.zst"), "a plan may be large, and is there"
    assert Fetches(cloud_lake).plan() in gone_on.out + gone_on.err
    assert set(asked(api)) == set(devices(600)) - before, "of what is committed nothing is asked again"
    assert_complete(cloud_lake, api, 600, count=5)
    assert lease.record["holder"] == "", "it is given back"


def test_a_lease_is_renewed_while_its_holder_lives(cloud_lake, api):
    """Every third of the minute, whether a slice is complete or not."""
    api.configure(latency="1s")
    configure(cloud_lake, readings=readings(api, 25, "values=5", limits={"concurrency": 1}))
    running = start(cloud_lake)
    wait_for(api, 1, running)
    first = Lease(cloud_lake).record
    wait_for(api, 23, running)
    now = Lease(cloud_lake)
    assert now.record["holder"] == first["holder"]
    assert now.record["expires_at"] > first["expires_at"] and 35 < now.expires_in <= 60
    assert "is at work on this fetch" in cloud_lake("fetch", "readings", *TIME, code=1).err
    assert ended(running) == (0, "")
    assert asked(api) == devices(25), "the second has disturbed nothing"
    assert_complete(cloud_lake, api, 25, count=5)


def test_a_holder_that_has_lost_its_lease_writes_nothing_more(cloud_lake, api):
    """Stopped for longer than the lease lasts, like a laptop that sleeps; meanwhile another finishes."""
    def all_there_is() -> dict[str, bytes]:
        return {path: content for zone in ("landing", "curated", "_lake") for path, content
                in cloud_lake.files(zone).items()}

    api.configure(latency="3s")  # so that it is stopped long before its slice is complete
    configure(cloud_lake, readings=readings(api, 16, "values=5", limits={"concurrency": 8}))
    sleeper = start(cloud_lake)
    wait_for(api, 1, sleeper)
    sleeper.send_signal(signal.SIGSTOP)
    api.configure()
    Lease(cloud_lake).expire()
    cloud_lake("fetch", "readings", *TIME, code=0)
    before = all_there_is()
    sleeper.send_signal(signal.SIGCONT)
    code, said = ended(sleeper)
    assert code == 1 and "the lease of this fetch was not renewed in time" in said
    assert all_there_is() == before
    assert_complete(cloud_lake, api, 16, count=5)


def test_of_two_at_once_one_does_the_work(cloud_lake, api):
    configure(cloud_lake, readings=readings(api, 800, "values=5", slice=100))
    api.pause()  # until one of them has given up, so that they do meet
    both = [start(cloud_lake), start(cloud_lake)]
    while all(each.poll() is None for each in both):
        time.sleep(0.01)  # between looks
    api.resume()
    outcomes = [ended(each) for each in both]
    assert sorted(code for code, _ in outcomes) == [0, 1]
    assert "try again when it has finished" in "".join(said for _, said in outcomes)
    assert sorted(asked(api)) == sorted(devices(800))
    assert_complete(cloud_lake, api, 800, count=5)


def test_runs_beside_a_fetch_take_nothing_from_it(cloud_lake, api):
    """They list what has landed, and more lands; nobody knows who is at work on it."""
    api.configure(latency="10ms")
    configure(cloud_lake, readings=readings(api, 600, "values=5", slice=10, limits={"concurrency": 8}, keep_raw=False))
    running = start(cloud_lake)
    runs = 0
    while running.poll() is None:
        cloud_lake("run", "--no-fetch")  # replies that are gone when it comes to them are its error
        runs += 1
    assert ended(running) == (0, "") and runs > 0
    assert sorted(asked(api)) == sorted(devices(600))
    assert_complete(cloud_lake, api, 600, count=5)


def test_what_is_large_is_uploaded_in_parts_while_it_comes(cloud_lake, api):
    configure(cloud_lake, readings=readings(api, 30, "values=100000&bits=64"))
    with through(cloud_lake) as proxy:
        cloud_lake("fetch", "readings", env=cloud_lake.aws.environment(**proxy.urls), code=0)
    assert_complete(cloud_lake, api, 30, count=100_000, bits=64)
    for zone in ("/landing/", "/curated/"):
        done = operations(proxy, zone)
        assert done.count("UploadPart") > 1 and done.count("CompleteMultipartUpload") == 1, zone


@pytest.mark.parametrize("versions", [False, True])
def test_replies_are_not_kept_where_that_is_said(cloud_lake, api, versions):
    if versions:
        cloud_lake.bucket.client.put_bucket_versioning(
            Bucket=cloud_lake.bucket.name, VersioningConfiguration={"Status": "Enabled"})
    configure(cloud_lake, readings=readings(api, 250, "values=5", slice=100, keep_raw=False))
    for command in ("fetch readings", "fetch readings", "run readings --no-fetch"):
        options = TIME if command.startswith("fetch") else ()
        cloud_lake(*command.split(), *options, code=0)
    assert cloud_lake.files("landing") == {}
    assert len(asked(api)) == 250
    assert_complete(cloud_lake, api, 250, count=5)


def test_a_store_that_fails_and_loses_replies_loses_no_row(cloud_lake, api, seed):
    print(f"LAKEGATE_SEED={seed}")
    configure(cloud_lake, readings=readings(api, 120, "values=5", slice=20, keep_raw=False))
    faults = Faults(errors=0.1, throttled=0.05, lost=0.1)
    with through(cloud_lake, faults, seed) as proxy:
        cloud_lake("fetch", "readings", *TIME, env=cloud_lake.aws.environment(**proxy.urls), code=0)
    assert proxy.counts["error"] > 0 and proxy.counts["lost"] > 0
    assert sorted(asked(api)) == sorted(devices(120))
    assert_complete(cloud_lake, api, 120, count=5)
