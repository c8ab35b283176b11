"""What `lakegate status` says of fetches: what failed worst, what is not finished, and what to do about it."""

from __future__ import annotations

import subprocess
import time

from fetching import Fetches, configure, readings

TIME = ("--time", "2026-01-02T03:04:05Z")
LATER = ("--time", "2026-01-03T03:04:05Z")


def fetches_of(lake) -> dict:
    (dataset,) = lake("status", "--format", "json").json["datasets"]
    return dataset["fetches"]


def told(lake, code: int | None = None) -> str:
    outcome = lake("status", code=code)
    return outcome.out + outcome.err


def test_status_names_what_failed(lake, api):
    api.configure(gone=0.2)
    configure(lake, readings=readings(api, 40))
    lake("fetch", "readings")
    gone = [f"d{i}" for i in range(40) if api.content.is_gone(f"/devices/d{i}/readings", 0.2)]
    shown = told(lake)
    assert "404" in shown and any(device in shown for device in gone)
    assert f"`lakegate fetch readings --failed {Fetches(lake).plan()}`" in shown
    assert set(Fetches(lake).failed()) == set(gone)


def test_the_worst_are_shown_wherever_they_stand_in_the_plan(lake, api):
    """Those that took most attempts, of all that failed; records keep a hundred of them."""
    dataset = readings(api, 0, "status={status}", combine="zip", slice=100, limits={"retries": 1},
                       for_each={"device": [f"d{i}" for i in range(250)],
                                 "status": [500 if i in (120, 249) else 404 for i in range(250)]})
    configure(lake, readings=dataset)
    lake("fetch", "readings", code=1)
    last = fetches_of(lake)["last"]
    assert last["failed"] == last["unanswered"] == 250 and len(last["failures"]) == 100
    assert [(each["n"], each["attempts"]) for each in last["failures"]][:4] == [(120, 2), (249, 2), (0, 1), (1, 1)]
    lines = told(lake).splitlines()
    place = next(i for i, line in enumerate(lines) if "250 failed" in line)
    assert "d120" in lines[place + 1] and "(2 attempts)" in lines[place + 1] and "d249" in lines[place + 2]
    assert "… and 247 more" in lines[place + 4]
    assert len(Fetches(lake).failed()) == 250, "the reports have every one"


def test_what_has_been_answered_since_is_not_shown_again(lake, api):
    api.configure(gone=0.3)
    configure(lake, readings=readings(api, 100, "values=5"))
    lake("fetch", "readings", *TIME, code=1)
    plan = Fetches(lake).plan()
    first = set(Fetches(lake).failed())
    api.configure(gone=0.1)  # those with the lowest chance are still gone
    lake("fetch", "readings", "--failed", plan, "--time", "2026-01-02T04:00:00Z", code=1)
    still = {f"d{i}" for i in range(100) if api.content.is_gone(f"/devices/d{i}/readings", 0.1)}
    assert still and still < first
    last = fetches_of(lake)["last"]
    assert (last["failed"], last["unanswered"]) == (len(first), len(still))
    assert {each["parameters"]["device"] for each in last["failures"]} == still
    assert f"({len(first - still)} answered since)" in told(lake) and f"--failed {plan}" in told(lake)
    api.configure()
    lake("fetch", "readings", "--failed", plan, "--time", "2026-01-02T05:00:00Z", code=0)
    assert fetches_of(lake)["last"]["unanswered"] == 0
    assert "--failed" not in told(lake) and "404" not in told(lake)


def test_a_fetch_without_any_answer_is_shown(lake, api):
    """Although {since} stays where it was; it moves on with the answers that are had later."""
    dataset = readings(api, 3, "since={since}", since={"start": "2026-01-01"})
    configure(lake, readings=dataset)
    lake("fetch", "readings", *TIME, code=0)
    api.configure(status=403)
    lake("fetch", "readings", *LATER, code=1)
    last = fetches_of(lake)["last"]
    assert last["scheduled_at"].startswith("2026-01-03") and last["unanswered"] == 3
    assert f"--failed {last['plan']}" in told(lake) and "answered 403" in told(lake)
    api.configure()
    lake("fetch", "readings", "--failed", last["plan"], code=0)
    assert "--failed" not in told(lake)
    api.forget()
    lake("fetch", "readings", "--time", "2026-01-04T00:00:00Z", code=0)
    assert {request["query"].replace("%3A", ":") for request in api.requests("/devices/")} == \
        {"since=2026-01-03T03:04:05Z"}, "nothing is had twice"


def test_an_unfinished_fetch_is_gone_on_with_only_while_its_source_is_the_same(lake, api):
    api.configure(latency="20ms")
    configure(lake, readings=readings(api, 400, slice=10, limits={"concurrency": 2}))
    running = lake.program.start("fetch", "readings", "--lake", lake.root, *TIME, stderr=subprocess.DEVNULL)
    while not list((lake.root / "landing").rglob("*.zst")):
        assert running.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)  # between looks
    running.kill()
    running.wait()
    left = Fetches(lake).plan()
    assert f"fetch {left} " in told(lake) and "`lakegate fetch readings` goes on with it" in told(lake)
    assert fetches_of(lake)["unfinished"][0]["why_not_continued"] is None

    configure(lake, readings=readings(api, 5, "values=3"))
    assert f"fetch {left} " in told(lake) and "another `source:`" in told(lake) and "goes on" not in told(lake)
    assert "another `source:`" in fetches_of(lake)["unfinished"][0]["why_not_continued"]

    lake("fetch", "readings", *LATER, code=0)
    assert fetches_of(lake)["unfinished"] == [] and left not in told(lake), "a later one has made up for it"
    assert left not in lake("fetch", "readings", code=0).err

    configure(lake, readings=readings(api, 400, slice=10, limits={"concurrency": 2}))
    assert "goes on with it" in told(lake), "with its source it can be finished after all"


def test_a_fetch_that_is_done_stays_a_failure_until_everything_is_answered(lake, api):
    """A scheduler that tries the same time again must not take it for done."""
    api.configure(gone=0.2)
    configure(lake, readings=readings(api, 40))
    lake("fetch", "readings", *TIME, code=1)
    again = lake("fetch", "readings", *TIME, code=1)
    assert "finished before" in again.err and "--failed" in again.err
    document = lake("fetch", "readings", *TIME, "--format", "json", code=1).json
    (fetch,) = document["fetches"]
    assert not document["ok"] and fetch["was_finished"] and fetch["unanswered"] == fetch["failed"] > 0
    assert "--failed" in told(lake, code=1) and not lake("status", "--format", "json", code=1).json["ok"]
    api.configure()
    lake("fetch", "readings", "--failed", fetch["plan"], code=0)
    assert lake("fetch", "readings", *TIME, "--format", "json", code=0).json["fetches"][0]["unanswered"] == 0
    told(lake, code=0)
    assert len(lake.rows("readings")) == 40


def test_a_fetch_that_is_done_says_that_its_source_was_another(lake, api):
    configure(lake, readings=readings(api, 3))
    lake("fetch", "readings", *TIME, code=0)
    configure(lake, readings=readings(api, 3, "values=7"))
    assert "another `source:`" in lake("fetch", "readings", *TIME, code=0).err


def test_failures_of_earlier_fetches_are_shown_where_since_has_moved_on(lake, api):
    dataset = readings(api, 40, "since={since}", since={"start": "2026-01-01"})
    configure(lake, readings=dataset)
    api.configure(gone=0.2)
    lake("fetch", "readings", *TIME, code=1)
    first, failed = fetches_of(lake)["last"]["plan"], fetches_of(lake)["last"]["unanswered"]
    api.configure()
    lake("fetch", "readings", *LATER, code=0)
    fetches = fetches_of(lake)
    assert fetches["last"]["plan"] != first and fetches["last"]["unanswered"] == 0
    assert [(each["plan"], each["unanswered"]) for each in fetches["earlier"]] == [(first, failed)]
    assert f"--failed {first}" in told(lake, code=1)
    lake("fetch", "readings", "--failed", first, code=0)
    assert fetches_of(lake)["earlier"] == [] and "--failed" not in told(lake, code=0)


def test_an_empty_id_is_none(lake, api):
    """A variable of a script that is not set must not fetch everything."""
    configure(lake, readings=readings(api, 3))
    lake("fetch", "readings", *TIME, code=0)
    assert "empty" in lake("fetch", "readings", "--failed", "", code=2).err
    assert len(Fetches(lake).plans()) == 1


def test_what_nobody_answered_is_not_missed_once_the_next_fetch_has_asked_the_same(lake, api):
    configure(lake, readings=readings(api, 3, "since={since}", since={"start": "2026-01-01"}))
    api.configure(status=403)
    lake("fetch", "readings", *TIME, code=1)
    api.configure()
    lake("fetch", "readings", *LATER, code=0)
    assert fetches_of(lake)["earlier"] == [] and "--failed" not in told(lake, code=0)


def test_a_fetch_that_is_done_stays_a_failure_until_every_slice_is_published(lake, api):
    dataset = readings(api, 0, "wrong={wrong}", combine="zip", max_rejects=0,
                       for_each={"device": ["a", "b", "c"], "wrong": ["nothing", "html", "nothing"]})
    configure(lake, readings=dataset)
    lake("fetch", "readings", *TIME, code=1)
    again = lake("fetch", "readings", *TIME, code=1)
    assert "not published: 1 of 1 slice" in again.err and "replay readings --failed" in again.err
    assert lake("fetch", "readings", *TIME, "--format", "json", code=1).json["fetches"][0]["slices_unpublished"] == 1
    configure(lake, readings=dataset | {"max_rejects": 1})
    lake("replay", "readings", "--failed", code=0)
    assert sorted(row["device"] for row in lake.rows("readings")) == ["a", "c"]
    assert lake("fetch", "readings", *TIME, "--format", "json", code=1).json["fetches"][0]["slices_unpublished"] == 0
