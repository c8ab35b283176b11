"""Replies that do not fit: each is a reject that says which request, where in the reply, and why; the rest goes on."""

from __future__ import annotations

import json

import pytest

from fetching import Fetches, configure, expected, got, landed_replies, readings, source

GOOD = [f"good{i}" for i in range(20)]


def mixed(api, wrong: str, **keys) -> dict:
    """Readings of twenty good devices and a bad one in the middle."""
    devices = [*GOOD[:10], "bad", *GOOD[10:]]
    return readings(api, 0, "wrong={wrong}", combine="zip",
                    for_each={"device": devices, "wrong": [wrong if d == "bad" else "nothing" for d in devices]},
                    **({"max_rejects": "50%"} | keys))


@pytest.mark.parametrize(("wrong", "pointer"), [
    ("text", "/values/0"), ("decimal", "/values/0"), ("nested", "/values/0"),
    ("big", "/values/0"), ("no-list", "/values"), ("unknown", "/surprise"),
    ("broken", None), ("html", None), ("empty", None),
])
def test_a_reply_that_does_not_fit_is_a_reject(lake, api, wrong, pointer):
    configure(lake, readings=mixed(api, wrong, new_columns="reject"))
    lake("fetch", "readings")
    (reject,) = lake.rejects("readings")
    assert "/devices/bad/readings" in reject["request"] and reject["status"] == 200
    assert reject["reason"] and reject["message"] if "message" in reject else reject["reason"]
    if pointer:
        assert reject["pointer"] == pointer
    assert got(lake) == expected(api, GOOD)


def test_a_null_in_a_list_stays_one(lake, api):
    """Where other decoders make it a zero."""
    configure(lake, readings=mixed(api, "null"))
    lake("fetch", "readings", code=0)
    assert lake.rejects("readings") == [] and got(lake)["bad"][1][0] is None


@pytest.mark.parametrize("required", [True, False])
def test_a_missing_field_is_null_unless_it_is_required(lake, api, required):
    schema = [{"name": "device", "type": "text"}, {"name": "datetime", "type": "text"},
              {"name": "values", "type": "list<int64>", "required": required}]
    configure(lake, readings=mixed(api, "missing", schema=schema))
    lake("fetch", "readings", code=0)
    rejected = [reject["request"] for reject in lake.rejects("readings")]
    if required:
        assert len(rejected) == 1 and "/devices/bad/readings" in rejected[0]
    else:
        assert rejected == [] and got(lake)["bad"][1] is None


def test_more_rejects_than_allowed_publish_nothing_of_that_slice(lake, api):
    configure(lake, readings=mixed(api, "text", max_rejects=0, slice=7))
    assert lake("fetch", "readings").code == 1
    assert set(got(lake)) == {*GOOD[:7], *GOOD[13:]}
    assert len(landed_replies(lake)) == 21, "nothing asked for is lost"


def test_a_changed_schema_is_applied_without_asking_again(lake, api):
    configure(lake, readings=mixed(api, "decimal", max_rejects=0))
    assert lake("fetch", "readings").code == 1
    asked = len(api.requests("/devices/"))
    wider = mixed(api, "decimal")
    wider["schema"] = [{"name": "device", "type": "text"}, {"name": "datetime", "type": "text"},
                       {"name": "values", "type": "list<double>"}]
    configure(lake, readings=wider)
    lake("run", code=0)
    rows = {row["device"]: row["values"] for row in lake.rows("readings")}
    assert rows["bad"][0] == 7.5 and len(rows) == 21
    # A run may begin the next fetch, but never asks for what has landed under this plan.
    paths = [request["path"] for request in api.requests("/devices/")]
    assert len(paths) in (asked, 2 * asked) and len(Fetches(lake).plans()) == len(paths) // asked


def test_an_added_column_that_the_reply_has_too_is_a_reject(lake, api):
    configure(lake, readings=readings(api, 3, add={"device": "{device}", "datetime": "x"}, max_rejects="100%"))
    lake("fetch", "readings")
    shown = json.loads(lake("rejects", "readings", "--format", "json", code=0).stdout)["rejects"]
    assert len(shown) == 3 and all("datetime" in reject["message"] and "add:" in reject["message"] for reject in shown)


def test_an_array_gives_many_rows_and_a_pointer_says_where(lake, api):
    configure(lake, items={"source": source(api, "/items/page?count=30&size=30&n={n}", records="/items",
                                            add={"asked": "{n}"}, for_each={"n": [1, 2]})})
    lake("fetch", "items", code=0)
    rows = lake.rows("items")
    assert [{k: row[k] for k in ("id", "name", "value")} for row in rows] == api.content.items(30) * 2
    assert [str(row["asked"]) for row in rows] == ["1"] * 30 + ["2"] * 30


def test_nothing_where_the_records_should_be_is_a_reject(lake, api):
    configure(lake, readings=readings(api, 2, records="/data/rows", max_rejects="100%"))
    lake("fetch", "readings")
    shown = json.loads(lake("rejects", "readings", "--format", "json", code=0).stdout)["rejects"]
    assert len(shown) == 2 and all("/data/rows" in reject["message"] for reject in shown) and lake.rows("readings") == []


def test_pretty_replies_are_kept_on_one_line(lake, api):
    configure(lake, readings=readings(api, 5, "wrong=pretty"))
    lake("fetch", "readings", code=0)
    assert got(lake) == expected(api, [f"d{i}" for i in range(5)])
    assert len(landed_replies(lake)) == 5


def test_a_reply_that_is_not_json_is_asked_for_again(lake, api):
    """It says nothing about its device, so that {since} must not pass it over; and is landed, to be seen."""
    configure(lake, readings=readings(api, 4, "wrong=html&since={since}", since={"start": "2026-01-01"}, max_rejects="100%"))
    lake("fetch", "readings", "--time", "2026-01-02", code=1)
    (plan,) = Fetches(lake).plans()
    assert list(Fetches(lake).failed()) == ["d0", "d1", "d2", "d3"] and len(landed_replies(lake)) == 4
    assert all("not JSON" in reject["message"] for reject in rejects_told(lake))
    api.forget()
    lake("fetch", "readings", "--failed", plan, code=1)
    assert len(api.requests("/devices/")) == 4
    api.forget()
    lake("fetch", "readings", "--time", "2026-01-03", code=1)
    assert {request["query"] for request in api.requests("/devices/")} == {"wrong=html&since=2026-01-01T00%3A00%3A00Z"}


def rejects_told(lake) -> list[dict]:
    return json.loads(lake("rejects", "readings", "--format", "json", code=0).stdout)["rejects"]


def test_one_broken_reply_fails_its_device_alone(lake, api):
    configure(lake, readings=mixed(api, "broken"))
    lake("fetch", "readings", code=1)
    assert list(Fetches(lake).failed()) == ["bad"] and got(lake) == expected(api, GOOD)
    assert len(landed_replies(lake)) == 21
