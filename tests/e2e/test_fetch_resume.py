"""A fetch that is stopped goes on where it was: nothing twice, nothing missing, whoever stops it and however often."""

from __future__ import annotations

import collections
import contextlib
import fcntl
import hashlib
import json
import random
import signal
import subprocess
import time

import pytest

from fetching import Fetches, committed, configure, devices, expected, got, landed_replies, readings, wait_for

TIME = ("--time", "2026-01-02T03:04:05Z")


def test_stopped_at_its_deadline_three_times_every_row_is_there_once(lake, api):
    api.configure(latency="20ms")
    configure(lake, readings=readings(api, 1200, "values=10", slice=50, limits={"concurrency": 5}))
    stops = 0
    while True:
        api.forget()
        before = committed(lake)
        outcome = lake("fetch", "readings", *TIME, "--deadline", "2s", timeout=120)
        again = {request["path"].split("/")[2] for request in api.requests("/devices/")} & before
        assert not again, f"asked again: {sorted(again)[:5]}"
        if Fetches(lake).record():
            break
        assert outcome.code == 1 and committed(lake) > before, "each time it gets further, and says that it is not done"
        stops += 1
    assert stops >= 3, "it was too quick to be stopped three times"
    assert got(lake) == expected(api, devices(1200), count=10)
    assert [reply["n"] for reply in landed_replies(lake)] == list(range(1200))
    assert len(Fetches(lake).plans()) == 1


def test_no_parameter_of_a_committed_slice_is_asked_again(lake, api, seed):
    """kill -9 at random moments."""
    print(f"LAKEGATE_SEED={seed}")
    chance = random.Random(seed)
    api.configure(latency="0ms-10ms")
    configure(lake, readings=readings(api, 2000, "values=5", slice=50, limits={"concurrency": 16}))
    kills = 0
    while True:
        api.forget()
        before = committed(lake)
        running = lake.program.start("fetch", "readings", "--lake", lake.root, *TIME, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        goal = chance.randrange(1, 500)
        while running.poll() is None and api.counts()["requests"] < goal:
            time.sleep(0.002)  # between looks
        if running.poll() is None and kills < 8:
            running.send_signal(signal.SIGKILL)
            kills += 1
        code = running.wait(300)
        again = {request["path"].split("/")[2] for request in api.requests("/devices/")} & before
        assert not again, f"asked again: {sorted(again)[:5]}"
        if code != -signal.SIGKILL:
            assert code == 0
            break
    assert kills >= 3
    assert got(lake) == expected(api, devices(2000), count=5)
    assert [reply["n"] for reply in landed_replies(lake)] == list(range(2000))
    assert len(Fetches(lake).plans()) == 1
    assert lake.files("_lake/tmp") == {}, "the dead have left nothing behind"


def begun(lake, api, *words, **options) -> subprocess.Popen:
    """A slow fetch of which the first slice has landed; running."""
    api.configure(latency="20ms")
    configure(lake, readings=readings(api, 400, "values=5", slice=20, limits={"concurrency": 4}))
    running = lake.program.start("fetch", "readings", "--lake", lake.root, *TIME, *words, **options)
    while not committed(lake):
        assert running.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)  # between looks
    return running


def test_a_plan_that_is_begun_keeps_its_slices(lake, api):
    """A new plan, in the slices that are written now, would land the same replies twice."""
    running = begun(lake, api, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running.kill()
    running.wait()
    configure(lake, readings=readings(api, 400, "values=5", slice=7))
    assert "unfinished" not in lake("fetch", "readings", code=0).err
    assert len(Fetches(lake).plans()) == 1 and got(lake) == expected(api, devices(400), count=5)


def test_the_lease_of_a_killed_process_is_free_although_nobody_has_waited_for_it(lake, api):
    running = begun(lake, api, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running.kill()
    try:
        lake("fetch", "readings", *TIME, code=0)
    finally:
        running.wait()
    assert got(lake) == expected(api, devices(400), count=5)


def test_an_interrupted_fetch_prints_its_document(lake, api):
    running = begun(lake, api, "--format", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    (fetch,) = json.loads(out)["fetches"]
    # The first slice has landed, and may have been run.
    assert running.returncode == 130 and not fetch["finished"] and 0 < fetch["slices_left"] <= 20
    assert b"smaller `slice:`" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_commits_what_is_complete(lake, api, number):
    api.configure(latency="5ms")
    configure(lake, readings=readings(api, 1000, "values=5", slice=50, limits={"concurrency": 8}))
    running = lake.program.start("fetch", "readings", "--lake", lake.root, *TIME)
    wait_for(api, 300, running)
    running.send_signal(number)
    assert running.wait(60) != 0
    assert 100 <= len(committed(lake)) < 1000
    lake("fetch", "readings", *TIME, code=0)
    asked = collections.Counter(request["path"] for request in api.requests("/devices/"))
    assert sum(asked.values()) <= 1000 + 3 * 50
    assert got(lake) == expected(api, devices(1000), count=5)


def test_a_later_fetch_finishes_the_plan_that_was_left(lake, api):
    api.configure(latency="5ms")
    configure(lake, readings=readings(api, 600, slice=50, limits={"concurrency": 8}))
    running = lake.program.start("fetch", "readings", "--lake", lake.root)
    wait_for(api, 200, running)
    running.kill()
    running.wait()
    outcome = lake("fetch", "readings", code=0)
    assert len(Fetches(lake).plans()) == 1 and Fetches(lake).plan() in outcome.out + outcome.err
    assert got(lake) == expected(api, devices(600))


def test_two_at_once_ask_everything_once(lake, api):
    api.configure(latency="2ms")
    configure(lake, readings=readings(api, 800, slice=100, limits={"concurrency": 8}))
    both = [lake.program.start("fetch", "readings", "--lake", lake.root, *TIME, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) for _ in range(2)]
    codes = [each.wait(120) for each in both]
    assert 0 in codes
    lake("fetch", "readings", *TIME, code=0)
    asked = collections.Counter(request["path"] for request in api.requests("/devices/"))
    assert set(asked.values()) == {1} and len(asked) == 800
    assert got(lake) == expected(api, devices(800))


@contextlib.contextmanager
def held(lake, dataset: str):
    """Another process is at work on the dataset's arrivals."""
    (lake.root / "_lake/locks").mkdir(parents=True, exist_ok=True)
    name = f"run-{dataset}-{hashlib.sha256(f'run-{dataset}'.encode()).hexdigest()[:16]}"  # as the store names leases
    with (lake.root / "_lake/locks" / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_what_is_asked_while_another_process_is_at_work_is_not_asked_again(lake, api):
    """Its slices land, and are run when their time has come."""
    configure(lake, readings=readings(api, 600, "values=5", slice=50))
    with held(lake, "readings"):
        running = lake.program.start("fetch", "readings", "--lake", lake.root, *TIME, stderr=subprocess.PIPE)
        while len(committed(lake)) < 600:
            assert running.poll() is None, "it ended although its slices could not be run"
            time.sleep(0.01)  # between looks
        running.send_signal(signal.SIGINT)
        assert running.wait(60) != 0
        assert lake.runs("readings") == []
        api.forget()
        told = lake("fetch", "readings", *TIME, "--deadline", "2s", code=1).err
        assert "another process" in told and "12 of 12 slices left" in told and "smaller `slice:`" not in told
    lake("fetch", "readings", *TIME, code=0)
    assert api.requests("/devices/") == []
    assert got(lake) == expected(api, devices(600), count=5)


def test_what_failed_is_asked_again_alone(lake, api):
    api.configure(gone=0.1)
    configure(lake, readings=readings(api, 200))
    lake("fetch", "readings", *TIME)
    plan = Fetches(lake).plan()
    failed = set(Fetches(lake).failed())
    assert failed == {d for d in devices(200) if api.content.is_gone(f"/devices/{d}/readings", 0.1)} and failed
    api.configure()
    api.forget()
    lake("fetch", "readings", "--failed", plan, code=0)
    assert {request["path"].split("/")[2] for request in api.requests("/devices/")} == failed
    assert got(lake) == expected(api, devices(200))
    told = lake("fetch", "readings", "--failed", plan, code=2).err
    assert "has not been answered since" in told and got(lake) == expected(api, devices(200)), "no row twice"


def test_where_nothing_was_answered_the_next_fetch_has_the_same_to_ask(lake, api):
    dataset = readings(api, 3, "since={since}")
    dataset["source"]["since"] = {"start": "2026-11-01"}
    configure(lake, readings=dataset)
    api.configure(status=403)
    lake("fetch", "readings", "--time", "2026-11-02T00:00:00Z", code=1)
    api.configure()
    api.forget()
    lake("fetch", "readings", "--time", "2026-11-03T00:00:00Z", code=0)
    assert {request["query"].replace("%3A", ":") for request in api.requests("/devices/")} == {"since=2026-11-01T00:00:00Z"}
    api.forget()
    lake("fetch", "readings", "--time", "2026-11-04T00:00:00Z", code=0)
    assert {request["query"].replace("%3A", ":") for request in api.requests("/devices/")} == {"since=2026-11-03T00:00:00Z"}


def test_a_lost_network_repeats_uncommitted_slices_only(lake, api):
    api.configure(latency="2ms")
    configure(lake, readings=readings(api, 600, "values=5", slice=50,
                                      limits={"concurrency": 8, "retries": 50, "retry_budget": "100%"}))
    running = lake.program.start("fetch", "readings", "--lake", lake.root, *TIME)
    wait_for(api, 200, running)
    api.restart()
    assert running.wait(120) == 0
    assert got(lake) == expected(api, devices(600), count=5)
    assert [reply["n"] for reply in landed_replies(lake)] == list(range(600))
