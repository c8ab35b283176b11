"""The API server that fetches are tested against does what its README says: tests rely on it."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
import sys
import time
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import servers  # noqa: E402

SEED = 20200127


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with servers.api(tmp_path_factory.mktemp("api"), seed=SEED) as started:
        yield started


@pytest.fixture(autouse=True)
def as_new(server):
    server.configure()
    server.forget()


class Reply:
    def __init__(self, status: int, headers, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def ask(server, path: str, listener: str = "http", method: str = "GET", body: bytes | None = None, **headers) -> Reply:
    connection = http.client.HTTPConnection(server.addresses[listener], timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("listener", ["http", "quick"])
@pytest.mark.parametrize(("count", "bits"), [(0, 20), (10, 20), (1000, 64), (100_000, 7)])
def test_readings_are_what_the_seed_says(server, count, bits, listener):
    reply = ask(server, f"/devices/d7/readings?values={count}&bits={bits}&day=2020-02-29", listener)
    assert reply.json == server.content.reading("d7", count, bits, "2020-02-29")


def test_the_quick_listener_keeps_connections_waits_and_refuses_what_it_does_not_have(server):
    server.configure(latency="50ms", values=3)
    connection = http.client.HTTPConnection(server.addresses["quick"], timeout=30)
    for device in ("d1", "d2"):
        began = time.monotonic()
        connection.request("GET", f"/devices/{device}/readings")
        assert json.loads(connection.getresponse().read()) == server.content.reading(device, 3)
        assert time.monotonic() - began >= 0.05
    for method, path in (("GET", "/echo"), ("POST", "/devices/d1/readings"), ("GET", "/devices/d%201/readings")):
        connection.request(method, path)
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (404, b'{"error":"only readings are here"}')
    connection.close()
    assert server.counts()["requests"] == 0


def test_sizes_are_spread_by_device(server):
    sizes = {}
    for number in range(100):
        reply = ask(server, f"/devices/d{number}/readings?values=10-1000").json
        sizes[f"d{number}"] = len(reply["values"])
    assert sizes == {device: server.content.size(device, 10, 1000) for device in sizes}
    assert {10, 40, 160, 640} <= set(sizes.values()) <= {10, 40, 160, 640, 1000}


def test_devices_differ_in_time_and_values(server):
    first, second = (ask(server, f"/devices/{name}/readings").json for name in ("a", "b"))
    assert first["datetime"].startswith("2020-01-27T") and len(first["datetime"]) == 26
    assert first["datetime"] != second["datetime"] and first["values"] != second["values"]


@pytest.mark.parametrize(("by", "first"), [("page", "page=1"), ("offset", "offset=0"), ("cursor", ""), ("next", ""),
                                           ("link", "")])
def test_every_kind_of_pages_has_every_item_once(server, by, first):
    path, found, pages = f"/items/{by}?count=250&size=100&{first}", [], 0
    while path:
        reply = ask(server, path)
        list_ = reply.json if by == "link" else reply.json["items"]
        found += list_
        pages += 1
        path = {
            "page": lambda: f"/items/page?count=250&size=100&page={pages + 1}" if list_ else "",
            "offset": lambda: f"/items/offset?count=250&size=100&offset={len(found)}" if list_ else "",
            "cursor": lambda: (cursor := reply.json["paging"]["cursor"])
            and "/items/cursor?" + urllib.parse.urlencode({"count": 250, "size": 100, "cursor": cursor}),
            "next": lambda: (reply.json["next"] or "").removeprefix(server.url()),
            "link": lambda: (reply.headers["Link"] or "").partition(">")[0][1:].removeprefix(server.url()),
        }[by]()
    assert found == server.content.items(250)
    assert pages == (4 if by in ("page", "offset") else 3)


def test_faults_follow_from_the_seed_and_settings_may_be_overruled(server):
    server.configure(fail=0.3)
    paths = [f"/devices/{n}/readings" for n in range(200)]
    statuses = [ask(server, path).status for path in paths]
    failed = sum(status >= 500 for status in statuses)
    assert 30 < failed < 90 and set(statuses) == {200, 500, 502, 503, 504}
    server.forget()
    assert [ask(server, path).status for path in paths] == statuses
    again = [ask(server, path).status for path in paths]  # other attempts, other luck
    assert again != statuses
    assert {ask(server, path + "?fail=0").status for path in paths} == {200}


def test_what_is_gone_is_gone_for_ever_and_can_be_computed(server):
    paths = [f"/devices/{n}/readings" for n in range(200)]
    gone = {path for path in paths if ask(server, path + "?gone=0.1").status == 404}
    assert gone == {path for path in paths if server.content.is_gone(path, 0.1)} and 5 < len(gone) < 40


def test_throttling_comes_in_bursts(server):
    statuses = [ask(server, f"/devices/{n}/readings?throttle=3/10").status for n in range(40)]
    assert statuses.count(429) == 12
    assert "429, 429, 429" in str(statuses)


def test_retry_after_in_both_forms(server):
    seconds = ask(server, "/devices/1/readings?status=429&retry_after=7")
    date = ask(server, "/devices/1/readings?status=503&retry_after=date7")
    assert (seconds.status, seconds.headers["Retry-After"], date.status) == (429, "7", 503)
    assert 0 < parsedate_to_datetime(date.headers["Retry-After"]).timestamp() - time.time() <= 7


def test_only_the_first_attempts_fail(server):
    assert [ask(server, "/devices/1/readings?status=500&first=2").status for _ in range(4)] == [500, 500, 200, 200]


def test_a_reset_and_a_body_cut_off(server):
    with pytest.raises(ConnectionResetError):
        ask(server, "/devices/1/readings?reset=1")
    with pytest.raises(http.client.IncompleteRead):
        ask(server, "/devices/1/readings?truncate=1")


def test_a_drip_and_an_endless_reply_go_on(server):
    for query, enough in (("drip=1ms", 5), ("endless=true", 10_000_000), ("endless=true&drip=1ms", 60)):
        connection = http.client.HTTPConnection(server.addresses["http"], timeout=30)
        connection.request("GET", f"/devices/1/readings?{query}")
        assert len(connection.getresponse().read(enough)) == enough
        connection.close()


def test_encodings(server):
    wanted = server.content.reading("1")
    packed = ask(server, "/devices/1/readings?encoding=auto", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip" and json.loads(gzip.decompress(packed.body)) == wanted
    zstd = ask(server, "/devices/1/readings?encoding=auto", Accept_Encoding="gzip, zstd")
    assert zstd.headers["Content-Encoding"] == "zstd" and zstd.body[:4] == b"\x28\xb5\x2f\xfd"
    assert ask(server, "/devices/1/readings?encoding=auto").json == wanted
    bomb = ask(server, "/devices/1/readings?bomb=100000000")
    assert len(bomb.body) < 1_000_000 and len(gzip.decompress(bomb.body)) == 100_000_000


@pytest.mark.parametrize("wrong", ["missing", "unknown", "text", "decimal", "null", "nested", "big", "no-list",
                                   "no-datetime", "array", "pretty"])
def test_wrong_replies_are_json_and_differ(server, wrong):
    found = ask(server, f"/devices/1/readings?wrong={wrong}").json
    assert (found == server.content.reading("1")) == (wrong == "pretty")


@pytest.mark.parametrize("wrong", ["broken", "html", "empty"])
def test_wrong_replies_that_are_no_json(server, wrong):
    with pytest.raises(ValueError):
        ask(server, f"/devices/1/readings?wrong={wrong}").json


def test_redirects(server):
    there = ask(server, "/devices/1/readings?redirect=http://169.254.169.254/&redirect_status=307")
    assert (there.status, there.headers["Location"]) == (307, "http://169.254.169.254/")
    assert ask(server, "/devices/1/readings?redirect=loop").headers["Location"] == "/devices/1/readings?redirect=loop"
    hop = ask(server, "/devices/1/readings?hops=2").headers["Location"]
    hop = ask(server, hop).headers["Location"]
    assert ask(server, hop).status == 200


@pytest.mark.parametrize(("auth", "headers", "query"), [
    ("bearer", {"Authorization": "Bearer hush"}, ""),
    ("basic", {"Authorization": "Basic bWU6aHVzaA=="}, ""),
    ("header", {"X_Token": "hush"}, ""),
    ("query", {}, "&X-Token=hush"),
])
def test_credentials_are_asked_for(server, auth, headers, query):
    server.configure(user="me", secret="hush", name="X-Token", auth=auth)
    assert ask(server, "/devices/1/readings?values=1").status == 401
    assert ask(server, f"/devices/1/readings?values=1{query}", **headers).status == 200


def test_tokens_are_good_for_so_many_requests_and_so_long(server):
    server.configure(user="me", secret="hush", auth="oauth2", token_uses=2)
    form = b"grant_type=client_credentials&client_id=me&client_secret="
    typed = {"Content_Type": "application/x-www-form-urlencoded"}

    def token() -> dict:
        return ask(server, "/token", method="POST", body=form + b"hush", **typed).json

    assert ask(server, "/token", method="POST", body=form + b"other", **typed).status == 401
    bearer = {"Authorization": "Bearer " + token()["access_token"]}
    assert [ask(server, "/devices/1/readings", **bearer).status for _ in range(3)] == [200, 200, 401]
    server.configure(user="me", secret="hush", auth="oauth2", token_life="1ns")
    bearer = {"Authorization": "Bearer " + token()["access_token"]}
    assert ask(server, "/devices/1/readings", **bearer).status == 401
    assert server.counts()["tokens"] == 2


def tls(server, listener: str, trust: bool = True) -> None:
    context = ssl.create_default_context(cafile=str(server.ca) if trust else None)
    host, port = server.addresses[listener].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain, \
            context.wrap_socket(plain, server_hostname=host) as wrapped:
        wrapped.sendall(b"GET /devices/1/readings?values=1 HTTP/1.0\r\n\r\n")
        assert wrapped.recv(15) == b"HTTP/1.0 200 OK"


def test_certificates(server):
    tls(server, "https")
    tls(server, "https1")
    for listener, why in (("expired", "expired"), ("wrong-host", "mismatch"), ("self-signed", "self-signed"),
                          ("unknown-ca", "unable to get local issuer")):
        with pytest.raises(ssl.SSLCertVerificationError, match=why):
            tls(server, listener)
    with pytest.raises(ssl.SSLCertVerificationError):
        tls(server, "https", trust=False)


def test_what_came_is_written_down_and_survives_a_restart(server):
    ask(server, "/devices/1/readings?values=1", X_Mine="yes")
    server.restart()
    ask(server, "/devices/2/readings?values=1", listener="other")
    first, second = server.requests("/devices/")
    assert (first["path"], first["query"], first["headers"]["X-Mine"], first["status"], first["listener"]) == \
        ("/devices/1/readings", "values=1", "yes", 200, "http")
    assert (second["path"], second["listener"], second["attempt"]) == ("/devices/2/readings", "other", 1)
    assert server.counts()["requests"] == 1
    tls(server, "https")  # the same authority
    server.forget()
    assert server.requests() == []


def test_behaviour_that_is_none_is_refused(server):
    assert ask(server, "/devices/1/readings?values=many").status == 400
    with pytest.raises(urllib.error.HTTPError):
        server.configure(latency="soon")
