"""What a fetch keeps to: how fast it asks, how long it leaves a server alone, how much it takes in."""

from __future__ import annotations

import os
import time
import urllib.parse

import pytest

from fetching import Fetches, configure, expected, got, landed_replies, readings, source


def test_concurrency_is_never_above_its_limit(lake, api):
    api.configure(latency="5ms-20ms")
    configure(lake, readings=readings(api, 600, limits={"concurrency": 7}))
    lake("fetch", "readings", code=0)
    assert 2 <= api.counts()["most_at_once"] <= 7
    assert api.counts()["connections"]["http"] <= 8


def most_in(seconds: float, rate: float) -> float:
    """Requests: a tenth of a second's may be sent at once."""
    return rate * seconds + max(1.0, rate / 10)


@pytest.mark.parametrize("limit", ["requests_per_second", "requests_per_second_per_host"])
def test_requests_a_second_are_limited(lake, api, limit):
    """Over two servers: all requests together, or those to each of them. Redirects are requests."""
    there = urllib.parse.quote(api.url("other", "/devices/elsewhere/readings"), safe="")
    rate = 40
    configure(lake, readings=readings(api, 60, f"redirect={there}", limits={limit: rate}))
    began = time.monotonic()
    lake("fetch", "readings", code=0)
    took = time.monotonic() - began  # a little more than from the first request to the last
    listeners = [request["listener"] for request in api.requests("/devices/")]
    assert listeners.count("http") == listeners.count("other") == 60
    if limit == "requests_per_second":
        assert len(listeners) <= most_in(took, rate)
    else:
        assert 60 <= most_in(took, rate)


def test_one_request_in_several_seconds_is_a_limit_too(lake, api):
    configure(lake, readings=readings(api, 3, limits={"requests_per_second": 0.5}))
    began = time.monotonic()
    lake("fetch", "readings", code=0)
    assert len(api.requests("/devices/")) == 3 <= most_in(time.monotonic() - began, 0.5)


@pytest.mark.parametrize(("status", "after"), [(429, "301"), (503, "3600"), (429, "date86400")])
def test_more_than_five_minutes_are_not_waited_for(lake, api, status, after):
    """The server has said when to come back: no set is to blame, and what was answered before is kept."""
    dataset = readings(api, 0, f"values=5&status={{status}}&first=1&retry_after={after}", slice=10, combine="zip",
                       for_each={"device": [f"d{i}" for i in range(40)], "status": [*[0] * 24, status, *[0] * 15]},
                       limits={"concurrency": 1})
    configure(lake, readings=dataset)
    told = lake("fetch", "readings", code=1).err
    assert f"answered {status}" in told and "wants to be left alone for" in told and "run it again after that" in told
    assert api.counts()["requests"] == 25, "nothing is asked after that"
    assert [reply["n"] for reply in landed_replies(lake)] == list(range(20)) and Fetches(lake).failed() == {}
    lake("fetch", "readings", code=0)
    assert len(Fetches(lake).plans()) == 1 and len(api.requests("/devices/")) == 25 + 20
    assert got(lake) == expected(api, [f"d{i}" for i in range(40)], count=5)


def test_pages_of_one_set_are_bounded_in_memory(lake, api):
    """They wait for the last one, so that a list without end would take all there is."""
    configure(lake, items={"source": source(
        api, "/items/page?size=5000&count={count}", records="/items", paginate={"by": "page"},
        for_each={"count": [100, 100_000, 5000]}, add={"of": "{count}"})})
    told = lake("fetch", "items", "--memory", "1MiB", code=1).err
    small, large, last = Fetches(lake, "items").report()
    assert "than the 1 MiB that one set may take in memory" in large["failure"] and "--memory" in large["failure"]
    assert large["failure"] in told
    assert 2 <= large["pages"] < 20 and large["pages"] < api.counts()["requests"] < 25
    assert small["failure"] is last["failure"] is None
    assert [reply["n"] for reply in landed_replies(lake, "items")] == [0, 0, 2, 2], "and the empty pages after them"
    assert len(lake.rows("items")) == 100 + 5000


@pytest.mark.parametrize("listener", ["http", "https"])
def test_a_bomb_is_not_unpacked(lake, api, listener):
    """What a reply decompresses to is bounded while it is, and costs no other request."""
    api.configure(values=3)
    dataset = readings(api, 0, "bomb={bomb}", listener, combine="zip", limits={"max_reply": "16MiB"},
                       for_each={"device": [f"d{i}" for i in range(12)], "bomb": [0, 0, 300_000_000] * 4})
    configure(lake, readings=dataset)
    code, peak = lake.program.peak_memory("fetch", "readings", "--lake", lake.root)
    assert code == 1
    if os.environ.get("LAKEGATE_MEMORY_LIMIT") != "off":
        assert peak < 128_000_000, f"peak {peak / 1e6:.0f} MB"
    failed = Fetches(lake).failed()
    assert set(failed) == {"d2", "d5", "d8", "d11"}
    for row in failed.values():
        assert "max_reply" in row["failure"] and row["attempts"] == 1, "it would be the same another time"
    assert got(lake) == expected(api, [f"d{i}" for i in range(12) if i % 3 < 2], count=3)
