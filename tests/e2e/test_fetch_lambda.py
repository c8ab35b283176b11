"""Fetches by the function on AWS Lambda: what is not done in time goes on in invocations that it sends itself."""

from __future__ import annotations

import collections
import subprocess
from collections.abc import Iterator

import pytest

from fetching import configure, expected, got, readings
from lambda_api import LambdaApi
from runtime_api import RuntimeApi

TIME = "2026-11-23T04:00:00Z"


@pytest.fixture
def runtime() -> Iterator[RuntimeApi]:
    with RuntimeApi() as served:
        yield served


@pytest.fixture
def others() -> Iterator[LambdaApi]:
    with LambdaApi() as served:
        yield served


@pytest.fixture
def function(lake, runtime, others, tmp_path) -> Iterator[subprocess.Popen]:
    environment = lake.program.environment(
        AWS_LAMBDA_RUNTIME_API=runtime.address, LAKEGATE_LAKE=str(lake.root), AWS_LAMBDA_FUNCTION_NAME="fetch",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE="256", TMPDIR=str(tmp_path), AWS_ENDPOINT_URL_LAMBDA=others.url,
        AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="me", AWS_SECRET_ACCESS_KEY="secret")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([str(lake.program.path)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=environment)
    yield process
    process.kill()
    process.wait()


def test_what_is_not_done_in_time_goes_on_by_itself(lake, api, runtime, others, function):
    count = 700
    configure(lake, readings=readings(api, count, slice=20, limits={"requests_per_second": 30, "concurrency": 4}))
    event, invocations = {"fetch": "readings", "time": TIME}, 0
    while True:
        answer = runtime.invoke(event, timeout=13)
        invocations += 1
        assert answer.kind == "response", answer
        if answer.json["tasks"][-1]["outcome"] == "fetched":
            break
        assert answer.json["tasks"][-1]["outcome"] == "continued" and invocations < 10
        path, event = others.sent.get(timeout=10)
        assert path == "/2015-03-31/functions/fetch/invocations"
        assert event["fetch"] == "readings" and event["time"].startswith(TIME[:-1])
    assert invocations >= 3 and others.sent.empty()
    devices = [f"d{i}" for i in range(count)]
    assert got(lake) == expected(api, devices), "every row once"
    asked = collections.Counter(request["path"] for request in api.requests("/devices/"))
    assert set(asked) == {f"/devices/{device}/readings" for device in devices}
    # Of a slice that was not complete when the time was up what had been asked is asked again.
    assert sum(asked.values()) - count < invocations * 3 * 20
    again = runtime.invoke({"fetch": "readings", "time": TIME}, timeout=14)
    assert again.json["tasks"][-1]["outcome"] == "already_done"


def test_a_fetch_that_had_no_answer_at_all_is_an_error(lake, api, runtime, function):
    api.configure(status=403)
    configure(lake, readings=readings(api, 3))
    for _ in range(2):
        answer = runtime.invoke({"fetch": "readings", "time": TIME}, timeout=30)
        assert answer.kind == "error" and "all 3 parameter sets failed" in answer.json["errorMessage"], answer
