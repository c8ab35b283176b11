"""Where a fetch may go: https to the public internet, and to what lake.yaml names. Seen by who listens there."""

from __future__ import annotations

import os
import socket
import threading
import urllib.parse

import pytest

from fetching import Fetches, configure, expected, got, readings


class Trap:
    """Listens on every address of this machine and counts who connects."""

    def __init__(self) -> None:
        self.sockets = [socket.create_server(("0.0.0.0", 0))]
        self.port = self.sockets[0].getsockname()[1]
        if socket.has_ipv6:
            try:
                self.sockets.append(socket.create_server(("::", self.port), family=socket.AF_INET6))
            except OSError:
                pass  # no IPv6 here, so that nothing can connect by it either
        self.caught: list[str] = []
        for each in self.sockets:
            threading.Thread(target=self._accept, args=(each,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, address = listening.accept()
            except OSError:
                return
            self.caught.append(address[0])
            connection.close()

    def close(self) -> None:
        for each in self.sockets:
            each.close()


@pytest.fixture
def trap():
    made = Trap()
    yield made
    made.close()


def own_address() -> str:
    """One of this machine that is not loopback; UDP connects without a packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


# Of 127.0.0.1.
SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0x0.0x0.0x1", "0x7f.1", "017700000001",
    "0177.0.0.1", "0177.1", "0177.0x0.0.1", "127.0x1", "127.0.0.01", "127.000.000.001", "localhost", "LOCALHOST",
    "localhost.", "127.0.0.1.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:7f00:0001::1]", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "１２７.0.0.1", "127。0。0。1",
    "①②⑦.0.0.1", "ⓛocalhost", "user@127.0.0.1", "example.com@127.0.0.1",
]
# Other addresses that are not the public internet's.
OTHERS = [
    "127.0.0.2", "127.255.255.254", "0", "0.0.0.0", "0x0", "00", "0.0", "[::1]", "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::]",
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "[fe80::1]", "[fe80::1%25lo]", "[fd00::1]", "[fc00::1]", "10.0.0.1",
    "10.1", "012.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "[ff02::1]",
]


def test_there_are_enough_spellings():
    assert len(set(SPELLINGS + OTHERS)) >= 60


def assert_refused(lake, outcome, trap) -> None:
    assert trap.caught == [], "somebody connected"
    assert outcome.code != 0 or len(Fetches(lake).failed()) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_a_forbidden_address_is_connected_to(program, tmp_path, trap, scheme):
    """All in one lake, a dataset each, so that it is quick; nobody is connected to."""
    from program import Lake

    for number, host in enumerate([*SPELLINGS, *OTHERS, own_address()]):
        lake = Lake(program, tmp_path / str(number))
        configure(lake, readings={"source": {"url": f"{scheme}://{host}:{trap.port}/devices/d1/readings",
                                             "allow_http": True, "limits": {"retries": 0, "connect_timeout": "2s"}}})
        outcome = lake("fetch", "readings")
        assert_refused(lake, outcome, trap)


def test_no_redirect_leads_to_a_forbidden_address(lake, api, trap):
    """127.0.0.1 had to be allowed, for the server that redirects; nothing else was."""
    hosts = [*OTHERS, own_address()]
    dataset = readings(api, 0, limits={"retries": 0, "connect_timeout": "2s"},
                       for_each={"device": [f"http://{host}:{trap.port}/" for host in hosts]})
    dataset["source"] |= {"url": api.url("http", "/devices/d/readings"), "query": {"redirect": "{device}"}}
    configure(lake, readings=dataset)
    lake("fetch", "readings")
    assert api.counts()["by_status"] == {"302": len(hosts)}
    assert trap.caught == []
    assert len(Fetches(lake).failed()) == len(hosts)


def test_the_refusal_prints_the_line_to_add(lake, api):
    dataset = readings(api, 1)
    del dataset["source"]["allow_hosts"]
    configure(lake, readings=dataset)
    outcome = lake("fetch", "readings")
    told = outcome.out + outcome.err + str(Fetches(lake).report() if Fetches(lake).plans() else "")
    assert "allow_hosts" in told and "127.0.0.1" in told
    assert api.counts()["connections"] == {} or "http" not in api.counts()["connections"]


def test_a_name_that_stands_for_a_forbidden_address_is_refused(lake, api):
    dataset = readings(api, 1, "", "https", limits={"retries": 0})
    port = api.addresses["https"].rpartition(":")[2]
    dataset["source"] |= {"url": f"https://localhost:{port}/devices/{{device}}/readings", "allow_hosts": "10.0.0.0/8"}
    configure(lake, readings=dataset)
    lake("fetch", "readings")
    assert "https" not in api.counts()["connections"]
    dataset["source"]["allow_hosts"] = ["localhost"]
    configure(lake, readings=dataset)
    lake("fetch", "readings", "--time", "2026-01-01T00:00:00Z", code=0)
    assert got(lake) == expected(api, ["d0"])


@pytest.mark.parametrize("allow", ["127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1"])
def test_what_is_allowed_is_connected_to(lake, api, allow):
    dataset = readings(api, 1)
    dataset["source"]["allow_hosts"] = allow
    configure(lake, readings=dataset)
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, ["d0"])


def test_http_is_refused_unless_allowed(lake, api):
    dataset = readings(api, 1)
    del dataset["source"]["allow_http"]
    configure(lake, readings=dataset)
    outcome = lake("fetch", "readings")
    assert outcome.code != 0 and "allow_http" in outcome.out + outcome.err
    assert api.requests() == []


@pytest.mark.parametrize("listener", ["expired", "wrong-host", "self-signed", "unknown-ca"])
def test_bad_certificates_are_refused(lake, api, listener):
    configure(lake, readings=readings(api, 1, "", listener, limits={"retries": 0}))
    lake("fetch", "readings")
    assert api.requests() == []
    (failed,) = Fetches(lake).failed().values()
    assert "certificate" in failed["failure"].lower() or "tls" in failed["failure"].lower()


@pytest.mark.parametrize("listener", ["flaky", "flaky1"])
def test_a_handshake_that_fails_by_chance_is_tried_again(lake, api, listener):
    configure(lake, readings=readings(api, 60, "latency=20ms", listener, limits={"concurrency": 6}))
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, [f"d{i}" for i in range(60)])
    assert Fetches(lake).failed() == {}


def test_a_bad_certificate_is_not_asked_again_and_again(lake, api):
    configure(lake, readings=readings(api, 100, "", "expired", limits={"concurrency": 1}))
    lake("fetch", "readings")
    assert api.requests() == [] and len(Fetches(lake).failed()) == 100
    assert api.counts()["connections"]["expired"] <= 5


def test_an_authority_is_trusted_only_where_it_is_named(lake, api):
    dataset = readings(api, 1, "", "https", limits={"retries": 0})
    del dataset["source"]["ca_file"]
    configure(lake, readings=dataset)
    lake("fetch", "readings")
    assert api.requests() == [] and len(Fetches(lake).failed()) == 1


def test_redirects_are_followed_a_few_times(lake, api):
    configure(lake, readings=readings(api, 3, "hops=3"))
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, ["d0", "d1", "d2"])


def test_a_loop_of_redirects_ends(lake, api):
    configure(lake, readings=readings(api, 1, "redirect=loop", limits={"retries": 0}))
    lake("fetch", "readings")
    assert api.counts()["requests"] <= 7 and len(Fetches(lake).failed()) == 1


def test_redirects_to_http_need_allow_http_too(lake, api):
    there = urllib.parse.quote(api.url("http", "/devices/d0/readings"), safe="")
    configure(lake, readings=readings(api, 1, f"redirect={there}", "https", limits={"retries": 0}))
    lake("fetch", "readings")
    assert [request for request in api.requests() if request["listener"] == "http"] == []
    assert len(Fetches(lake).failed()) == 1


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_is_not_used_unless_allowed(lake, api, trap, variable):
    """Through it nobody could tell what is connected to."""
    environment = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
    for listener, dataset in (("https", "secured"), ("http", "plain")):
        configure(lake, readings=readings(api, 2, "", listener))
        lake("fetch", "readings", "--time", f"2026-01-0{1 + (dataset == 'plain')}T00:00:00Z",
             env=environment | {variable: f"http://127.0.0.1:{trap.port}"})
    assert trap.caught == []
