"""Replies in pages: every kind brings every row once and in order, and none goes on for ever."""

from __future__ import annotations

import pytest

from fetching import Fetches, configure, landed_replies, source

KINDS = {
    "page": ({"by": "page"}, "/items"),
    "page, its size known": ({"by": "page", "size": 100}, "/items"),
    "offset": ({"by": "offset"}, "/items"),
    "cursor": ({"by": "cursor", "at": "/paging/cursor"}, "/items"),
    "next": ({"by": "next", "at": "/next"}, "/items"),
    "link": ({"by": "link"}, ""),
}


def items(api, kind: str, query: str = "", listener: str = "http", **keys) -> dict:
    paginate, records = KINDS[kind]
    paginate = paginate | keys.pop("paginate", {})
    path = f"/items/{paginate['by']}?size=100&count={{count}}{query}"
    keys = {"for_each": {"count": [250]}} | keys
    return {"source": source(api, path, listener, records=records, paginate=paginate, **keys)}


def rows(lake) -> list[dict]:
    return [{k: row[k] for k in ("id", "name", "value")} for row in lake.rows("items")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [250, 200, 1])
def test_every_page_once_and_in_order(lake, api, kind, count):
    configure(lake, items=items(api, kind, for_each={"count": [count]}))
    lake("fetch", "items", code=0)
    assert rows(lake) == api.content.items(count)
    assert [reply["page"] for reply in landed_replies(lake, "items")] == list(range(len(landed_replies(lake, "items"))))


@pytest.mark.parametrize("kind", ["page", "cursor", "link"])
def test_pages_of_many_sets_are_kept_apart(lake, api, kind):
    api.configure(latency="0ms-10ms", fail=0.1)
    configure(lake, items=items(api, kind, for_each={"count": list(range(1, 400, 7))}, add={"of": "{count}"},
                                limits={"retries": 20}))
    lake("fetch", "items", code=0)
    assert rows(lake) == [item for count in range(1, 400, 7) for item in api.content.items(count)]


def test_links_may_be_relative(lake, api):
    configure(lake, items=items(api, "next", "&relative=true"))
    lake("fetch", "items", code=0)
    assert rows(lake) == api.content.items(250)


@pytest.mark.parametrize("kind", ["page", "offset", "cursor", "next", "link"])
def test_a_page_that_comes_again_ends_it(lake, api, kind):
    configure(lake, items=items(api, kind, "&repeat=2"))
    lake("fetch", "items")
    failed = Fetches(lake, "items").report()
    assert len(failed) == 1 and failed[0]["failure"], "a list that never ends is no answer"
    assert api.counts()["requests"] < 10 and lake.rows("items") == []


def test_there_is_a_cap_of_pages(lake, api):
    configure(lake, items=items(api, "cursor", paginate={"max_pages": 2}))
    lake("fetch", "items")
    (only,) = Fetches(lake, "items").report()
    assert "max_pages" in only["failure"] and api.counts()["requests"] == 2


def test_a_set_with_a_failed_page_is_no_row_at_all(lake, api):
    """Half of a list would look like the whole of it."""
    configure(lake, items=items(api, "offset", "&gone=0", for_each={"count": [250]}, limits={"retries": 0}))
    api.configure(throttle="1/2")  # the second request of each two, or the first
    lake("fetch", "items")
    (only,) = Fetches(lake, "items").report()
    assert only["failure"] and lake.rows("items") == []
