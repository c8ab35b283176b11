"""allow_proxy: true. Requests go through the proxy that the environment names; without it none does
(test_fetch_security.py)."""

from __future__ import annotations

import os

import pytest

from fetching import Fetches, configure, expected, got, readings
from forward_proxy import ForwardProxy

NONE = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
COUNT = 30
DEVICES = [f"d{i}" for i in range(COUNT)]


@pytest.fixture
def proxy():
    with ForwardProxy() as made:
        yield made


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("listener", ["https", "https1"])
def test_https_goes_through_tunnels(lake, api, proxy, listener, variable):
    """The proxy sees where to, and nothing else: TLS is the server's own."""
    configure(lake, readings=readings(api, COUNT, "values=3", listener, allow_proxy=True))
    lake("fetch", "readings", code=0, env=NONE | {variable: proxy.url})
    assert got(lake) == expected(api, DEVICES, count=3)
    assert set(proxy.tunnels) == {api.addresses[listener]} and proxy.requests == []
    assert api.counts()["connections"][listener] == len(proxy.tunnels), "nobody came any other way"


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
def test_http_is_asked_of_the_proxy(lake, api, proxy, variable):
    configure(lake, readings=readings(api, COUNT, "values=3", allow_proxy=True))
    lake("fetch", "readings", code=0, env=NONE | {variable: proxy.url})
    assert got(lake) == expected(api, DEVICES, count=3)
    assert sorted(proxy.requests) == sorted(
        "GET " + api.url("http", f"/devices/{device}/readings?values=3") for device in DEVICES)


@pytest.mark.parametrize("listener", ["https", "http"])
def test_a_proxy_may_want_to_know_who_asks(lake, api, listener):
    with ForwardProxy(user="me:secret") as proxy:
        configure(lake, readings=readings(api, 3, "values=3", listener, allow_proxy=True))
        lake("fetch", "readings", code=0, env=NONE | {f"{listener.upper()}_PROXY": proxy.url})
        assert got(lake) == expected(api, DEVICES[:3], count=3)
        assert proxy.tunnels or proxy.requests
        assert [each for each in api.requests() if "Proxy-Authorization" in each["headers"]] == []


def test_a_host_may_be_excepted(lake, api, proxy):
    configure(lake, readings=readings(api, COUNT, "values=3", "https", allow_proxy=True))
    lake("fetch", "readings", code=0, env=NONE | {"HTTPS_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"})
    assert got(lake) == expected(api, DEVICES, count=3)
    assert proxy.tunnels == []


def test_the_proxys_own_address_has_to_be_allowed(lake, api, proxy):
    dataset = readings(api, 1, "", "https", allow_proxy=True, limits={"retries": 0})
    dataset["source"] |= {"url": "https://api.example.com/devices/{device}/readings", "allow_hosts": "10.0.0.0/8"}
    configure(lake, readings=dataset)
    told = lake("fetch", "readings", code=1, env=NONE | {"HTTPS_PROXY": proxy.url}).err
    assert "127.0.0.1" in told and "a loopback address" in told and "allow_hosts" in told
    assert proxy.tunnels == []


@pytest.mark.parametrize("status", [403, 407, 502])
def test_what_a_proxy_refuses_is_not_asked_another_way(lake, api, status):
    with ForwardProxy(refuses=status) as proxy:
        configure(lake, readings=readings(api, 1, "", "https", allow_proxy=True, limits={"retries": 0}))
        lake("fetch", "readings", code=1, env=NONE | {"HTTPS_PROXY": proxy.url})
        (failed,) = Fetches(lake).failed().values()
        assert "the proxy (HTTPS_PROXY) makes no connection there" in failed["failure"]
        assert api.requests() == []
