"""lake.yaml: what the parser accepts is what the printed JSON Schema accepts, and errors say where."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml

FULL = """
datasets:
  losses:
    landing: equipment/*.csv
    schema:
      - {name: day, type: int32, required: true}
      - {name: at, type: timestamp, format: '%d.%m.%Y %H:%M'}
      - {name: price, type: 'decimal(10,2)'}
      - {name: tags, type: 'list<text>'}
      - {name: place, type: 'struct<lat: double, name: text>'}
    mode: snapshot
    partition_by: {arrival: day}
    max_rejects: 5%
    new_columns: ignore
    lineage: true
    names: clean
    serve: {table: Losses, key: [day]}
  sales:
    landing: 'sales/{store}/{date:%Y%m%d}_*.csv'
    mode: upsert
    key: [id]
    partition_by: [{capture: store}, {column: ts, by: month}]
    max_rejects: 17
environments:
  prod: {lake: /data/lake, table_prefix: prod_}
"""

SOURCES = """
datasets:
  smallest: {source: {url: 'https://api.example.com/x'}}
  readings:
    source:
      url: 'https://api.example.com/v1/{device}/readings?n={n}&day={day}'
      method: POST
      headers: {X-Version: 2, X-Day: '{day:%d.%m.%Y}'}
      query: {since: '{since}', limit: 100}
      body: {text: 'of {device}', all: true, none: null, list: [1, 2.5, {a: b}]}
      for_each:
        device: {file: reference/devices.csv, column: id}
        day: {from: '2024-01-01', to: '{until}', step: 7}
        n: [1, two, 3.5]
      combine: product
      since: {start: '2024-01-01T00:00:00Z', overlap: 1h}
      records: /data
      add: {device: '{device}'}
      paginate: {by: cursor, at: /meta/next, parameter: after, max_pages: 10}
      auth:
        bearer: {env: TOKEN}
        header: {X-Key: {file: /run/key, prefix: 'Key '}}
        query: {key: {secretsmanager: prod/api, key: k}}
      limits: {concurrency: 8, requests_per_second: 0.5, requests_per_second_per_host: 10, timeout: 60,
        first_byte_timeout: 10s, connect_timeout: 500ms, max_reply: 16MB, retries: 0, retry_budget: 10%}
      slice: 10
      keep_raw: false
      allow_http: true
      allow_hosts: [10.0.0.0/8, localhost]
      allow_proxy: true
      ca_file: own.pem
  others:
    landing: others/*
    source:
      url: 'https://api.example.com/x'
      paginate: {by: page, first: 0, size: 10}
      allow_hosts: '::1'
      auth: {oauth2: {token_url: 'https://login.example.com', client_id: me, client_secret: {ssm: /s}, scope: a b,
        credentials: body}}
  signed: {source: {url: 'https://api.example.com/x', auth: {sigv4: {service: execute-api, region: eu-central-1}}}}
  basic: {source: {url: 'https://api.example.com/x', auth: {basic: {user: {env: U}, password: {env: P}}}}}
"""

D = "datasets:\n  d:\n    landing: d/*.csv\n"
S = "datasets:\n  d:\n    source: "

GOOD = {
    "full": FULL,
    "smallest": D,
    "empty datasets": "datasets: {}\n",
    "max_rejects as number": D + "    max_rejects: 0\n",
    "max_rejects as percentage": D + "    max_rejects: 0.5%\n",
    "every type": D
    + "    schema:\n"
    + "".join(
        f"      - {{name: c{i}, type: '{kind}'}}\n"
        for i, kind in enumerate(
            [
                "bool",
                "int32",
                "int64",
                "float32",
                "double",
                "decimal(38,10)",
                "text",
                "binary",
                "date",
                "timestamp",
                "list<list<int64>>",
                "struct<a: int64, b: struct<c: text>>",
            ]
        )
    ),
    "modes": "datasets:\n  a: {landing: a/*, mode: append}\n  b: {landing: b/*, mode: snapshot}\n",
    "serve": D + "    serve: {table: T, key: [a, b], write: upsert}\n",
    "lineage off": D + "    lineage: false\n",
    "names": D + "    names: original\n",
    "compat": D + "    compat: modern\n",
    "partitions": D + "    partition_by: {column: country}\n",
    "sources": SOURCES,
}

# A document, and what its error must say: the line, and words of it. The JSON Schema must refuse it too.
BAD = {
    "unknown key": (D + "    max_reject: 3\n", 4, "max_rejects"),
    "unknown key at the top": ("dataset:\n  d: {landing: d/*}\n", 1, "datasets"),
    "unknown key of serve": (D + "    serve: {tabel: T, key: [a]}\n", 4, "table"),
    "unknown mode": (D + "    mode: snapshoot\n", 4, "snapshot"),
    "unknown new_columns": (D + "    new_columns: adds\n", 4, "add"),
    "wrong type": (D + "    lineage: 7\n", 4, "lineage"),
    "landing is a list": ("datasets:\n  d:\n    landing: [a]\n", 3, "landing"),
    "landing is missing": ("datasets:\n  d:\n    mode: append\n", 2, "landing"),
    "schema is a text": (D + "    schema: day\n", 4, "schema"),
    "field without a name": (D + "    schema:\n      - {type: int64}\n", 5, "name"),
    "unknown field key": (D + "    schema:\n      - {name: a, type: int64, requird: true}\n", 5, "required"),
    "serve without key": (D + "    serve: {table: T}\n", 4, "key"),
    "negative max_rejects": (D + "    max_rejects: -1\n", 4, "max_rejects"),
    "percentage of what": (D + "    max_rejects: 5 percent\n", 4, "max_rejects"),
    "partition by nothing": (D + "    partition_by: {}\n", 4, "partition_by"),
    "partition by a unit": (D + "    partition_by: {arrival: fortnight}\n", 4, "day"),
    "dataset name": ("datasets:\n  Dee-Dee:\n    landing: d/*\n", 2, "Dee-Dee"),
    "unknown environment key": (D + "environments:\n  prod: {lakes: x}\n", 5, "lake"),
    "later work": (D + "    retention: 90d\n", 4, "retention"),
    "null dataset": ("datasets:\n  d:\n", 2, "d"),
    "url outside of source": (D + "    url: https://example.com\n", 4, "source"),
    "source without url": (S + "{}\n", 3, "url"),
    "unknown key of source": (S + "{url: 'https://example.com', urls: x}\n", 3, "url"),
    "literal secret": (S + "{url: 'https://example.com', auth: {bearer: abc}}\n", 3, "{env: NAME}"),
    "secret of two places": (S + "{url: 'https://example.com', auth: {bearer: {env: A, file: b}}}\n", 3, "env"),
    "unknown auth": (S + "{url: 'https://example.com', auth: {digest: {env: A}}}\n", 3, "digest"),
    "range without end": (S + "{url: 'https://example.com', for_each: {a: {from: 1}}}\n", 3, "to"),
    "values that are none": (S + "{url: 'https://example.com', for_each: {a: x}}\n", 3, "list"),
    "variable's name": (S + "{url: 'https://example.com', for_each: {A: [1]}}\n", 3, "A"),
    "header's name": (S + "{url: 'https://example.com', headers: {'a b': c}}\n", 3, "a b"),
    "pages by what": (S + "{url: 'https://example.com', paginate: {by: pages}}\n", 3, "page"),
    "JSON Pointer": (S + "{url: 'https://example.com', records: data}\n", 3, "/data"),
    "no concurrency": (S + "{url: 'https://example.com', limits: {concurrency: 0}}\n", 3, "concurrency"),
    "no requests": (S + "{url: 'https://example.com', limits: {requests_per_second: 0}}\n", 3, "0.5"),
    "duration": (S + "{url: 'https://example.com', limits: {timeout: 1 minute}}\n", 3, "5m"),
    "size": (S + "{url: 'https://example.com', limits: {max_reply: huge}}\n", 3, "64MB"),
    "share": (S + "{url: 'https://example.com', limits: {retry_budget: 101%}}\n", 3, "50%"),
    "host": (S + "{url: 'https://example.com', allow_hosts: ['http://x']}\n", 3, "allow_hosts"),
}

# Impossible combinations, which a JSON Schema cannot say.
IMPOSSIBLE = {
    "unknown type": (D + "    schema:\n      - {name: a, type: int46}\n", 5, "int64"),
    "twice the same column": (
        D + "    schema:\n      - {name: a, type: int64}\n      - {name: a, type: text}\n",
        6,
        "a",
    ),
    "key that is no column": (D + "    schema: [{name: a, type: int64}]\n    serve: {table: T, key: [b]}\n", 5, "b"),
    "capture that is none": (D + "    partition_by: {capture: store}\n", 4, "store"),
    "upsert without key": (D + "    mode: upsert\n", 4, "key"),
    "broken pattern": ("datasets:\n  d:\n    landing: 'd/{date'\n", 3, "d/{date"),
    "unset variable": ("datasets:\n  d:\n    landing: '${NOT_SET_ANYWHERE}/*'\n", 3, "NOT_SET_ANYWHERE"),
    "partition clashes with a column": (D + "    schema: [{name: dt, type: date}]\n", 0, "dt"),
    "format of a number": (D + "    schema:\n      - {name: a, type: int64, format: '%d'}\n", 5, "format"),
    "variable that is none": (S + "{url: 'https://example.com/{a}'}\n", 3, "for_each: {a:"),
    "http": (S + "{url: 'http://example.com/'}\n", 3, "allow_http: true"),
    "not YAML": ("datasets:\n  d: {landing: [\n", 0, ""),
    "twice the same key": ("datasets:\n  d: {landing: a/*}\n  d: {landing: b/*}\n", 3, "d"),
}


@pytest.fixture(scope="session")
def validator(program):
    schema = json.loads(program("init", "--print-schema", code=0).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", GOOD)
def test_good(lake, validator, name):
    lake.configure(GOOD[name])
    lake("check", code=0)
    validator.validate(yaml.safe_load(GOOD[name]))


def assert_refused(lake, text: str, line: int, word: str) -> None:
    lake.configure(text)
    for command in ("check", "run"):
        outcome = lake(command, code=2)
        place = re.search(r"lake\.yaml:(\d+):(\d+): ", outcome.err)
        assert place and word in outcome.err, outcome
        assert line in (0, int(place[1])), f"line {place[1]}, expected {line}: {outcome}"


@pytest.mark.parametrize("name", BAD)
def test_bad(lake, validator, name):
    text, line, word = BAD[name]
    assert_refused(lake, text, line, word)
    assert not validator.is_valid(yaml.safe_load(text)), "the parser refuses what the JSON Schema accepts"


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible(lake, name):
    assert_refused(lake, *IMPOSSIBLE[name])


def test_all_errors_at_once(lake):
    lake.configure(D + "    mode: snapshoot\n    max_reject: 3\n")
    outcome = lake("check", code=2)
    assert "lake.yaml:4:" in outcome.err and "lake.yaml:5:" in outcome.err
    problems = lake("check", "--format", "json", code=2).json["problems"]
    assert [problem["line"] for problem in problems] == [4, 5]
    assert "snapshoot" in problems[0]["message"] and "max_rejects" in problems[1]["message"]
    assert not any("lake.yaml" in problem["message"] for problem in problems)


@pytest.mark.parametrize(
    ("partition", "word"),
    [("nope", "nope"), ("{column: x, by: month}", "not a date or timestamp"), ("{column: t, by: month, as: x}", "x=")],
)
def test_check_of_partitions_against_the_remembered_schema(lake, partition, word):
    lake.land("d/a.csv", "x,t\n1,2024-01-01\n")
    lake("run", code=0)
    lake.configure(D + f"    partition_by: [{partition}]\n")
    outcome = lake("check", code=2)
    assert word in outcome.err and "lake.yaml" in outcome.err, outcome


def test_check_against_the_remembered_schema(lake):
    """A declaration that contradicts what the lake holds is found offline, before anything runs."""
    lake.land("d/a.csv", "x\n1.5\n")
    lake("run", code=0)
    lake.configure(D + "    schema: [{name: x, type: int64}]\n")
    outcome = lake("check", code=2)
    assert "x" in outcome.err and "double" in outcome.err and "int64" in outcome.err, outcome
