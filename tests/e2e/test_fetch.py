"""What a fetch is: a plan of requests, their replies landed, and from there rows as from any landed file."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

import readers
from fetching import Fetches, configure, expected, got, landed_replies, readings, source


def test_readings_become_rows_with_true_lists(lake, api):
    configure(lake, readings=readings(api, 300, "values=50&bits=64"))
    lake("fetch", "readings", code=0)
    devices = [f"d{i}" for i in range(300)]
    assert got(lake) == expected(api, devices, count=50, bits=64)
    for path in lake.curated("readings"):
        table = readers.pyarrow_table(path)
        assert table.schema.field("values").type == pa.list_(pa.field("element", pa.int64()))
        assert table.schema.field("datetime").type == pa.string()
    requests = api.requests("/devices/")
    assert sorted(request["path"] for request in requests) == sorted(f"/devices/{d}/readings" for d in devices)
    assert sum(run["rows_written"] for run in lake.runs("readings")) == 300


def test_rows_and_replies_stand_in_the_order_of_the_plan(lake, api):
    api.configure(latency="0ms-40ms")
    configure(lake, readings=readings(api, 250, slice=100))
    lake("fetch", "readings", code=0)
    devices = [f"d{i}" for i in range(250)]
    header, *sets = Fetches(lake).planned()
    assert [each["device"] for each in sets] == devices
    assert [row["device"] for row in lake.rows("readings")] == devices
    replies = landed_replies(lake)
    assert [reply["n"] for reply in replies] == list(range(250))
    assert [reply["parameters"] for reply in replies] == sets
    assert replies[7]["reply"] == api.content.reading("d7") and replies[7]["status"] == 200
    assert len(lake.runs("readings")) == 3  # a slice is an arrival


def test_the_same_answers_make_the_same_bytes(lake, api, program, tmp_path):
    from program import Lake

    api.configure(latency="0ms-10ms")
    other = Lake(program, tmp_path / "other")
    for each, threads in ((lake, 1), (other, 4)):
        configure(each, readings=readings(api, 120, slice=50))
        each("fetch", "readings", "--time", "2026-01-02T03:04:05Z", "--threads", threads, code=0)
    for zone in ("landing", "curated"):
        assert lake.files(zone) == other.files(zone) and lake.files(zone)


def test_a_fetch_of_the_same_time_asks_once(lake, api):
    configure(lake, readings=readings(api, 20))
    for _ in range(2):
        lake("fetch", "readings", "--time", "2026-01-02T03:04:05Z", code=0)
    assert len(api.requests("/devices/")) == 20 and len(got(lake)) == 20
    lake("fetch", "readings", "--time", "2026-01-03T03:04:05Z", code=0)
    assert len(api.requests("/devices/")) == 40 and len(lake.rows("readings")) == 40


def test_types_are_inferred_where_no_schema_is_declared(lake, api):
    configure(lake, readings=readings(api, 30, schema=None))
    lake("fetch", "readings", code=0)
    assert {device: values for device, (_, values) in got(lake).items()} == \
        {device: values for device, (_, values) in expected(api, [f"d{i}" for i in range(30)]).items()}


def test_a_run_fetches_too_and_serves(lake, api):
    configure(lake, readings=readings(
        api, 10, schema=[{"name": "device", "type": "text"}, {"name": "datetime", "type": "text"},
                         {"name": "values", "type": "list<int64>"}], serve={"table": "Readings", "key": ["device"]}))
    lake("run", code=0)
    assert len(got(lake)) == 10
    assert {row["device"] for row in lake.table("Readings", "device")} == {f"d{i}" for i in range(10)}


def test_variables_make_the_product_in_order(lake, api):
    configure(lake, readings=readings(
        api, 0, "day={day}&values={n}",
        for_each={"device": ["a", "b"], "day": {"from": "2020-02-28", "to": "2020-03-01"}, "n": {"from": 1, "to": 2}},
        add={"device": "{device}/{day}/{n}"}))
    lake("fetch", "readings", code=0)
    wanted = {f"{device}/{day}/{n}": tuple(api.content.reading(device, n, day=day).values())
              for device in "ab" for day in ("2020-02-28", "2020-02-29", "2020-03-01") for n in (1, 2)}
    assert got(lake) == wanted
    assert [row["device"] for row in lake.rows("readings")] == list(wanted)


def test_variables_can_be_zipped_and_come_from_a_file_of_the_lake(lake, api):
    (lake.root / "reference").mkdir()
    (lake.root / "reference" / "devices.csv").write_text("id,site\nd1,roof\nd2,cellar\nd3,roof\n")
    configure(lake, readings=readings(
        api, 0, "values={n}", combine="zip",
        for_each={"device": {"file": "reference/devices.csv", "column": "id"}, "n": [1, 2, 3]}))
    lake("fetch", "readings", code=0)
    assert got(lake) == {f"d{n}": tuple(api.content.reading(f"d{n}", n).values()) for n in (1, 2, 3)}


@pytest.mark.parametrize("path", ["../outside.csv", "/etc/passwd"])
def test_variables_never_come_from_outside_the_lake(lake, api, path, tmp_path):
    (tmp_path / "outside.csv").write_text("id\nd1\n")
    configure(lake, readings=readings(api, 0, for_each={"device": {"file": path, "column": "id"}}))
    assert lake("fetch", "readings").code != 0
    assert api.requests() == []


def test_the_next_fetch_asks_for_what_is_new(lake, api):
    configure(lake, readings=readings(api, 1, "since={since}&until={until}",
                                      since={"start": "2026-01-01", "overlap": "1h"}))
    for time in ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"):
        lake("fetch", "readings", "--time", time, code=0)
    assert [request["query"].replace("%3A", ":") for request in api.requests("/devices/")] == [
        "since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z",
        "since=2026-01-01T23:00:00Z&until=2026-01-03T00:00:00Z"]


def test_a_time_before_what_is_fetched_is_refused(lake, api):
    """{since} would be later than {until}."""
    since = {"start": "2026-01-01", "overlap": "1h"}
    configure(lake, readings=readings(api, 1, "since={since}&until={until}", since=since))
    told = lake("fetch", "readings", "--time", "2025-12-31T00:00:00Z", code=2).err
    assert "2026-01-01T00:00:00Z" in told and "later --time" in told and "`start`" in told
    lake("fetch", "readings", "--time", "2026-01-10T00:00:00Z", code=0)
    api.forget()
    told = lake("fetch", "readings", "--time", "2026-01-09T22:59:59Z", code=2).err
    assert "2026-01-09T23:00:00Z" in told and "was that of 2026-01-10T00:00:00Z" in told and "`overlap:`" in told
    assert api.requests() == [] and len(Fetches(lake).plans()) == 1
    lake("fetch", "readings", "--time", "2026-01-10T00:00:00Z", code=0)  # what is finished, again
    configure(lake, readings=readings(api, 1, "since={since}&until={until}", since=since | {"overlap": "2d"}))
    lake("fetch", "readings", "--time", "2026-01-09T00:00:00Z", code=0)
    assert [request["query"].replace("%3A", ":") for request in api.requests("/devices/")] == [
        "since=2026-01-08T00:00:00Z&until=2026-01-09T00:00:00Z"]


def test_a_body_carries_values_as_json_and_nothing_more(lake, api):
    tricky = ['a"b', "x\\", "{y}", "ü&=\u2028", "'; --"]
    configure(lake, echoes={"source": source(
        api, "/echo", body={"device": "{device}", "limit": 7}, for_each={"device": tricky})})
    lake("fetch", "echoes", code=0)
    rows = lake.rows("echoes")
    assert [json.loads(row["body"]) for row in rows] == [{"device": device, "limit": 7} for device in tricky]
    assert {row["method"] for row in rows} == {"POST"}


def test_values_cannot_leave_their_place_in_a_request(lake, api):
    tricky = ["a/b", "a?b=c", "a#b", "a&values=1", "a%2Fb", "ü", "a b", "{x}", ";x", "+"]
    configure(lake, readings=readings(api, 0, "values=2&note={device}", for_each={"device": tricky}))
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, tricky, count=2)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
def test_headers_cannot_be_split(lake, api, value):
    configure(lake, readings=readings(api, 0, for_each={"device": ["good", value]}, headers={"X-Device": "{device}"}))
    lake("fetch", "readings")
    assert all("X-Evil" not in request["headers"] for request in api.requests())
    assert {request["path"] for request in api.requests("/devices/")} <= {"/devices/good/readings"}


def test_replies_are_not_kept_where_that_is_said(lake, api):
    configure(lake, readings=readings(api, 30, slice=10, keep_raw=False))
    lake("fetch", "readings", code=0)
    assert len(got(lake)) == 30
    assert lake.files("landing") == {}
    assert not [name for name in lake.files("_lake/fetches") if "replies" in name]


def test_a_dry_run_asks_nothing(lake, api):
    configure(lake, readings=readings(api, 30))
    shown = lake("fetch", "readings", "--dry-run", code=0)
    assert "30" in shown.out and "/devices/d0/readings" in shown.out
    assert api.requests() == [] and Fetches(lake).plans() == []


@pytest.mark.parametrize("listener", ["https", "https1"])
@pytest.mark.parametrize("encoding", ["auto", "gzip", "zstd", "none"])
def test_protocols_and_encodings(lake, api, listener, encoding):
    configure(lake, readings=readings(api, 40, f"encoding={encoding}", listener))
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, [f"d{i}" for i in range(40)])
    assert {request["protocol"] for request in api.requests("/devices/")} == \
        {"HTTP/2.0" if listener == "https" else "HTTP/1.1"}


@pytest.mark.parametrize("listener", ["https", "https1"])
def test_requests_may_be_long(lake, api, listener):
    """Longer than the 4 KiB that both sides of HTTP/2 remember of headers, and as long as that."""
    long = ["x" * size + str(size) for size in (2_000, 6_000, 12_000, 60_000, *range(4_020, 4_100))]
    configure(lake, readings=readings(api, 0, "values=2", listener, for_each={"device": ["d1", *long, "d2"]},
                                      headers={"X-Device": "{device}"}, limits={"retries": 0}))
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, ["d1", *long, "d2"], count=2)
    assert {request["headers"]["X-Device"] for request in api.requests("/devices/")} == {"d1", *long, "d2"}
