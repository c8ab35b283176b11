"""Credentials: each kind works, goes to the configured origin only, and the secret is nowhere to be found afterwards."""

from __future__ import annotations

import base64
import secrets
import urllib.parse

import pytest

from fetching import Fetches, configure, everything, expected, got, readings

CANARY = "Canary" + secrets.token_hex(12)
SECRET = {"env": "CANARY"}


def kind(api, auth: str) -> dict:
    return {
        "bearer": {"bearer": SECRET},
        "basic": {"basic": {"user": "me", "password": SECRET}},
        "header": {"header": {"X-Api-Key": SECRET}},
        "query": {"query": {"X-Api-Key": SECRET}},
        "oauth2": {"oauth2": {"token_url": api.url("https", "/token"), "client_id": "me", "client_secret": SECRET}},
        "sigv4": {"sigv4": {"service": "execute-api", "region": "eu-west-1"}},
    }[auth]


ALL = ["bearer", "basic", "header", "query", "oauth2", "sigv4"]
ENVIRONMENT = {"CANARY": CANARY, "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": CANARY}


def fetch(lake, *options, **keywords):
    return lake("fetch", "readings", *options, env=ENVIRONMENT, **keywords)


def assert_nowhere(lake, *outcomes) -> None:
    """Not as it is, nor as it stands in a URL or a header, and no token that was made with it."""
    forms = [CANARY, urllib.parse.quote(CANARY, safe=""), base64.b64encode(f"me:{CANARY}".encode()).decode()]
    texts = everything(lake.root)
    texts |= {f"output {i}": outcome.stdout + outcome.stderr for i, outcome in enumerate(outcomes)}
    found = [(name, form) for name, text in texts.items() for form in forms if form.encode() in text]
    assert found == []


@pytest.mark.parametrize("auth", ALL)
def test_the_server_accepts_it_and_it_appears_nowhere(lake, api, auth):
    api.configure(auth=auth, user="me", secret=CANARY, fail=0.2, gone=0.1)
    configure(lake, readings=readings(api, 40, "values=3", "https", auth=kind(api, auth),
                                      limits={"retries": 20}))
    outcome = fetch(lake)
    gone = {f"d{i}" for i in range(40) if api.content.is_gone(f"/devices/d{i}/readings", 0.1)}
    assert set(Fetches(lake).failed()) == gone
    assert got(lake) == expected(api, [f"d{i}" for i in range(40) if f"d{i}" not in gone], count=3)
    assert_nowhere(lake, outcome, lake("status"), lake("status", "--format", "json"))


@pytest.mark.parametrize("auth", ALL)
def test_wrong_credentials_fail_and_appear_nowhere(lake, api, auth):
    api.configure(auth=auth, user="me", secret="another")
    configure(lake, readings=readings(api, 3, "", "https", auth=kind(api, auth), limits={"retries": 0}))
    outcome = fetch(lake)
    assert got(lake) == {}
    assert_nowhere(lake, outcome, lake("status"))


def test_a_secret_that_the_server_says_back_is_in_its_reply_only(lake, api):
    """What a server writes is data: it stands in what has landed, and nowhere else. So it is for whoever
    takes what has landed without knowing the secret."""
    api.configure(auth="query", secret=CANARY)
    configure(lake, echoes={"source": readings(api, 2, "", "https", auth=kind(api, "query"))["source"]
                            | {"url": api.url("https", "/echo?n={n}"), "for_each": {"n": [1, 2]}, "add": {"n": "{n}"}},
                            "schema": [{"name": "n", "type": "text"}, {"name": "query", "type": "int64"}]})
    outcome = lake("fetch", "echoes", code=1, env=ENVIRONMENT)
    assert "were rejected" in outcome.err
    rejects = lake("rejects", "echoes")
    assert "repeats a secret" in rejects.out
    again = lake("replay", "echoes", "--failed")
    assert again.code == 1
    shown = {f"output {i}": one.stdout + one.stderr for i, one in enumerate((outcome, rejects, again))}
    found = {name for name, text in (shown | everything(lake.root)).items() if CANARY.encode() in text}
    assert all(name.startswith("landing/") for name in found), found


def test_tokens_are_kept_and_renewed(lake, api):
    api.configure(auth="oauth2", user="me", secret=CANARY, token_uses=50)
    configure(lake, readings=readings(api, 200, "", "https", auth=kind(api, "oauth2"), limits={"concurrency": 4}))
    fetch(lake, code=0)
    assert len(got(lake)) == 200
    assert 4 <= api.counts()["tokens"] <= 8


def test_one_token_is_enough_where_it_lasts(lake, api):
    api.configure(auth="oauth2", user="me", secret=CANARY)
    configure(lake, readings=readings(api, 100, "", "https", auth=kind(api, "oauth2")))
    fetch(lake, code=0)
    assert api.counts()["tokens"] == 1 and len(got(lake)) == 100


@pytest.mark.parametrize("auth", ALL)
def test_redirects_within_the_origin_keep_the_credentials(lake, api, auth):
    """A signature is of one target, so that each gets its own."""
    api.configure(auth=auth, user="me", secret=CANARY)
    configure(lake, readings=readings(api, 5, "values=3&hops=3", "https", auth=kind(api, auth)))
    outcome = fetch(lake, code=0)
    assert got(lake) == expected(api, [f"d{i}" for i in range(5)], count=3)
    assert len(api.requests("/devices/")) == 5 * 4
    assert_nowhere(lake, outcome)


@pytest.mark.parametrize("auth", ALL)
def test_redirects_to_another_origin_lose_the_credentials(lake, api, auth):
    there = urllib.parse.quote(api.url("https1", "/devices/d0/readings?values=2&mine=1"), safe="")
    api.configure(user="me", secret=CANARY)
    configure(lake, readings=readings(api, 1, f"redirect={there}", "https", auth=kind(api, auth)))
    fetch(lake)
    led = [request for request in api.requests("/devices/") if "mine=1" in request["query"]
           and "redirect" not in request["query"]]
    assert len(led) >= 1
    for request in led:
        assert "Authorization" not in request["headers"] and CANARY not in str(request)
        assert not [name for name in request["headers"] if name.startswith("X-Amz")]


@pytest.mark.parametrize("auth", ["bearer", "basic", "header", "query"])
def test_credentials_never_go_from_https_to_http(lake, api, auth):
    there = urllib.parse.quote(api.url("http", "/devices/d0/readings?values=2&mine=1"), safe="")
    configure(lake, readings=readings(api, 1, f"redirect={there}", "https", auth=kind(api, auth)))
    fetch(lake)
    assert [request for request in api.requests() if request["listener"] == "http"] == []
    assert len(Fetches(lake).failed()) == 1


@pytest.mark.parametrize("auth", ["bearer", "header", "query"])
def test_next_links_to_another_origin_get_no_credentials(lake, api, auth):
    other = urllib.parse.quote(api.url("https1"), safe="")
    dataset = readings(api, 0, "", "https", auth=kind(api, auth), records="/items",
                       paginate={"by": "next", "at": "/next"}, for_each={"n": [1]}, add={"n": "{n}"}, schema=None)
    dataset["source"]["url"] = api.url("https", f"/items/next?count=250&size=100&next_origin={other}&n={{n}}")
    configure(lake, readings=dataset)
    fetch(lake)
    elsewhere = [request for request in api.requests() if request["listener"] == "https1"]
    assert all(CANARY not in str(request) and "Authorization" not in request["headers"] for request in elsewhere)


def test_a_missing_secret_is_found_before_the_first_request(lake, api):
    configure(lake, readings=readings(api, 3, "", "https", auth={"bearer": {"env": "NOT_SET_ANYWHERE"}}))
    outcome = fetch(lake)
    assert outcome.code != 0 and "NOT_SET_ANYWHERE" in outcome.err
    assert api.requests() == []


def test_a_literal_secret_is_refused_and_not_shown(lake, api):
    configure(lake, readings=readings(api, 3, "", "https", auth={"bearer": CANARY}))
    outcome = lake("check")
    assert outcome.code != 0 and CANARY not in outcome.out + outcome.err
    assert "env" in outcome.out + outcome.err


def test_a_secret_from_a_file(lake, api, tmp_path):
    (tmp_path / "token").write_text(CANARY + "\n")
    api.configure(auth="bearer", secret=CANARY)
    configure(lake, readings=readings(api, 3, "", "https", auth={"bearer": {"file": str(tmp_path / "token")}}))
    outcome = fetch(lake, code=0)
    assert len(got(lake)) == 3
    assert_nowhere(lake, outcome)
