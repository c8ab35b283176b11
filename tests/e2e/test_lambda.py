"""The function on AWS Lambda: the real binary as the bootstrap, against a Runtime API of the tests' own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import pathlib
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from program import Lake
from runtime_api import RuntimeApi

CANARY = "cAnArY/5ecret+value=="
SALES = """
datasets:
  sales:
    landing: sales/*.csv
    max_rejects: 1
    schema: [{name: id, type: int64}, {name: v, type: text}]
    serve: {table: Sales, key: [id]}
"""


def s3_event(*keys: str, bucket: str = "b") -> dict:
    return {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                         "s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]}


def sqs_event(*bodies: dict | str) -> dict:
    return {"Records": [{"messageId": f"m{i}", "body": body if isinstance(body, str) else json.dumps(body),
                         "eventSource": "aws:sqs"} for i, body in enumerate(bodies, 1)]}


class Function:
    """A running function with its Runtime API."""

    def __init__(self, lake: Lake, api: RuntimeApi, log: pathlib.Path, environment: dict[str, str]) -> None:
        self.api = api
        self.log_path = log
        self.started = time.monotonic()
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [str(lake.program.path)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env=lake.program.environment(AWS_LAMBDA_RUNTIME_API=api.address, **environment))

    def log(self) -> list[dict]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]

    def ends(self) -> int:
        return self.process.wait(timeout=30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert not self.api.unknown


@pytest.fixture
def spool(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as served:
        yield served


@pytest.fixture
def start(lake: Lake, api: RuntimeApi, tmp_path: pathlib.Path, spool: pathlib.Path) -> Iterator:
    functions: list[Function] = []

    def start(api: RuntimeApi = api, **environment: str) -> Function:
        variables = {"LAKEGATE_LAKE": str(lake.root), "AWS_LAMBDA_FUNCTION_NAME": "convert",
                     "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "TMPDIR": str(spool)} | environment
        function = Function(lake, api, tmp_path / f"log{len(functions)}",
                            {k: v for k, v in variables.items() if v})
        functions.append(function)
        return function

    yield start
    for function in functions:
        function.close()
    assert list(spool.iterdir()) == [], "TMPDIR is left clean"


def test_many_invocations_on_one_connection(lake: Lake, api: RuntimeApi, start) -> None:
    lake.configure(SALES)
    lake.land("sales/a b.csv", "id,v\n1,x\n2,y\n")
    function = start()
    first = api.invoke(s3_event("landing/sales/a+b.csv"))
    assert first.kind == "response" and first.json["tasks"][0]["outcome"] == "committed", first
    arrival = first.json["tasks"][0]["arrival"]
    loaded = api.invoke(s3_event(f"_lake/runs/sales/{arrival}.json"))
    assert loaded.json["tasks"][0]["outcome"] == "loaded"
    for _ in range(20):
        assert api.invoke(s3_event("landing/sales/a+b.csv")).json["tasks"][0]["outcome"] == "already_done"
    assert lake.table("Sales", "id") == [{"id": 1, "v": "x"}, {"id": 2, "v": "y"}]
    assert api.connections == 1
    log = function.log()
    assert [line["outcome"] for line in log] == ["committed", "loaded"] + 20 * ["already_done"]
    assert [line["cold_start"] for line in log] == [1] + 21 * [0]
    assert {line["function"] for line in log} == {"convert"}
    assert len({line["request_id"] for line in log}) == 22


def test_a_path_may_stand_before_the_runtime_api(lake: Lake, start) -> None:
    lake.land("sales/a.csv", "id\n1\n")
    with RuntimeApi(prefix="/.rt/convert") as api:
        start(api)
        assert api.invoke(s3_event("landing/sales/a.csv")).kind == "response"


def test_a_failed_invocation_is_survived(lake: Lake, api: RuntimeApi, start) -> None:
    lake.configure(SALES)
    lake.land("sales/bad.csv", "id,v\nx,1\ny,2\nz,3\n")
    lake.land("sales/first.csv", "id,v\n1,x\n")
    function = start()
    assert api.invoke(s3_event("landing/sales/first.csv")).kind == "response"  # settles the schema
    for event, kind in ((b"no JSON", "InvalidInput"), (s3_event("landing/sales/gone.csv"), "NotFound"),
                        (s3_event("landing/sales/bad.csv"), "InvalidInput"),
                        (s3_event("elsewhere/a.csv"), "InvalidInput")):
        answer = api.invoke(event)
        assert answer.kind == "error"
        assert answer.json["errorType"] == f"Lakegate.{kind}" and answer.json["errorMessage"]
        assert answer.headers["lambda-runtime-function-error-type"] == f"Lakegate.{kind}"
    # A message of a queue fails alone, and bad input at once, from its record.
    lake.land("sales/good.csv", "id,v\n1,x\n")
    answer = api.invoke(sqs_event(s3_event("landing/sales/good.csv"), "poison", s3_event("landing/sales/bad.csv")))
    assert answer.json == {"batchItemFailures": [{"itemIdentifier": "m2"}, {"itemIdentifier": "m3"}]}
    assert [line["outcome"] for line in function.log()] == \
        ["committed", "refused", "error", "failed", "refused", "committed", "refused", "failed_before"]
    assert function.process.poll() is None and api.connections == 1


def test_the_deadline(lake: Lake, api: RuntimeApi, start) -> None:
    lake.configure(SALES)
    lake.land("sales/a.csv", "id,v\n1,x\n")
    start()
    late = api.invoke(sqs_event(s3_event("landing/sales/a.csv")), timeout=9.5)
    assert late.json == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert api.invoke(s3_event("landing/sales/a.csv"), timeout=9.5).json["errorType"] == "Lakegate.Retryable"
    assert not (lake.root / "curated").exists() and lake.runs("sales") == []
    assert api.invoke(s3_event("landing/sales/a.csv"), timeout=60).kind == "response"


def test_work_stops_before_the_deadline(lake: Lake, api: RuntimeApi, start) -> None:
    """A dataset that another process holds keeps the function waiting: it gives up in time."""
    lake.land("sales/a.csv", "id\n1\n")
    lake.land("sales/b.csv", "id\n2\n")
    start()
    assert api.invoke(s3_event("landing/sales/a.csv")).kind == "response"
    name = f"run-sales-{hashlib.sha256(b'run-sales').hexdigest()[:16]}"  # as the store names leases
    with (lake.root / "_lake/locks" / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begin = time.monotonic()
        answer = api.invoke(s3_event("landing/sales/b.csv"), timeout=11)
        took = time.monotonic() - begin
    assert answer.kind == "error" and answer.json["errorType"] == "Lakegate.Retryable", answer
    assert 6.5 < took < 10.5, took
    assert len(lake.runs("sales")) == 1
    assert api.invoke(s3_event("landing/sales/b.csv")).kind == "response"


def test_lost_connections_are_made_anew(lake: Lake, api: RuntimeApi, start) -> None:
    lake.land("sales/a.csv", "id\n1\n")
    dropped = []

    def fault(call: str, n: int) -> str | None:
        if call in ("next", "response") and n == 2:
            dropped.append(call)
            return "drop"
        return None

    api.fault = fault
    start()
    for _ in range(4):
        assert api.invoke(s3_event("landing/sales/a.csv")).kind == "response"
    assert sorted(dropped) == ["next", "response"]
    assert api.connections == 3


@pytest.mark.parametrize(("call", "status"), [("next", 500), ("next", 403), ("response", 500), ("error", 500)])
def test_a_broken_runtime_ends_the_function(lake: Lake, api: RuntimeApi, start, call: str, status: int) -> None:
    lake.land("sales/a.csv", "id\n1\n")
    api.fault = lambda name, n: status if name == call else None
    function = start()
    if call != "next":
        api.send(s3_event("landing/sales/a.csv") if call == "response" else b"no JSON")
    assert function.ends() == 1
    assert str(status) in function.log_path.read_text()


def test_a_runtime_that_is_gone_ends_the_function(lake: Lake, start) -> None:
    with RuntimeApi() as api:
        function = start(api)
        api.next_called.get(timeout=30)
    assert function.ends() == 1


def test_an_answer_that_is_refused_is_no_end(lake: Lake, api: RuntimeApi, start) -> None:
    lake.land("sales/a.csv", "id\n1\n")
    api.fault = lambda call, n: 413 if call == "response" and n == 1 else None
    start()
    answer = api.invoke(s3_event("landing/sales/a.csv"))
    assert answer.kind == "error" and "6 MB" in answer.json["errorMessage"]
    assert api.invoke(s3_event("landing/sales/a.csv")).kind == "response"


def test_without_a_lake_the_init_fails(lake: Lake, api: RuntimeApi, start, tmp_path: pathlib.Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    function = start(LAKEGATE_LAKE="")
    assert function.ends() == 2
    error = api.init_errors.get(timeout=5)
    assert error.json["errorType"] == "Lakegate.InvalidInput"
    assert "LAKEGATE_LAKE" in error.json["errorMessage"]
    assert api.calls == {}


def test_the_trace_is_passed_on(lake: Lake, api: RuntimeApi, start) -> None:
    """_X_AMZN_TRACE_ID is where AWS's SDKs look for it; only the process itself can be asked."""
    lake.land("sales/a.csv", "id\n1\n")
    function = start()
    trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
    api.invoke(s3_event("landing/sales/a.csv"), headers={"Lambda-Runtime-Trace-Id": trace})
    assert function.log()[0]["trace_id"] == trace
    api.invoke(s3_event("landing/sales/a.csv"))
    assert "trace_id" not in function.log()[1]


def test_asks_for_work_after_each_start(lake: Lake, api: RuntimeApi, start) -> None:
    """Reports how long the best of several starts took until the first `next`; bench/ compares."""
    took = []
    for _ in range(10):
        function = start()
        took.append(api.next_called.get(timeout=30) - function.started)
    print(f"start to first next: {min(took) * 1000:.1f} ms")


def test_the_end_of_the_environment_is_quiet(lake: Lake, api: RuntimeApi, start) -> None:
    function = start()
    api.next_called.get(timeout=30)
    function.process.send_signal(signal.SIGTERM)
    assert function.ends() in (130, 0)


def test_secrets_are_nowhere(lake: Lake, api: RuntimeApi, start, tmp_path: pathlib.Path) -> None:
    """The canary is in the environment as AWS's secret, as its session token and as a password that
    lake.yaml takes; then everything goes wrong that can."""
    secrets = {"AWS_SECRET_ACCESS_KEY": CANARY + "1", "AWS_SESSION_TOKEN": CANARY + "2", "DB_PASSWORD": CANARY + "3"}
    lake.configure(SALES)
    lake.land("sales/bad.csv", "id,v\nx,1\ny,2\nz,3\n")
    lake.land("sales/good.csv", "id,v\n1,x\n")
    function = start(**secrets)
    answers = [api.invoke(event) for event in (
        s3_event("landing/sales/good.csv"), s3_event("landing/sales/bad.csv"), s3_event("x"), b"no JSON",
        CANARY.encode() + b"1", sqs_event(CANARY + "2"), {"run": {"dataset": CANARY + "3"}})]
    for text in ("datasets: ${DB_PASSWORD}\n", "datasets:\n  a:\n    landing: 'x/{${DB_PASSWORD}'\n",
                 "datasets:\n  a:\n    landing: a/*\n    max_rejects: ${DB_PASSWORD}\n",
                 "datasets:\n  a:\n    landing: a/*\n    mode: ${DB_PASSWORD}\n"):
        lake.configure(text)
        answers.append(api.invoke(s3_event("landing/sales/good.csv")))
        assert answers[-1].kind == "error"
        event = tmp_path / "event.json"
        event.write_text(json.dumps(s3_event("landing/sales/good.csv")))
        outcome = lake("invoke", event, env=secrets, code=1)
        assert CANARY not in outcome.out + outcome.err
    everything = function.log_path.read_bytes() + b"".join(a.body + str(a.headers).encode() for a in answers)
    assert b"***" in everything, "something would have been said"
    assert CANARY.encode() not in everything


@pytest.mark.parametrize("name", ["s3-event.json", "sqs-event.json", "sns-event.json", "eventBridgeEvent.json"])
def test_invoke_refuses_samples_of_others(lake: Lake, realdata: pathlib.Path, name: str) -> None:
    outcome = lake("invoke", realdata / "events" / name, code=1)
    assert '"refused"' in outcome.err


def test_invoke(lake: Lake, tmp_path: pathlib.Path) -> None:
    lake.configure(SALES)
    lake.land("sales/a.csv", "id,v\n1,x\n")
    event = json.dumps(s3_event("lake/landing/sales/a.csv")).encode()
    refused = lake("invoke", "-", "--as", "s3://other/lake", stdin=event, code=1)
    assert "is not in the lake s3://other/lake" in refused.err
    done = lake("invoke", "-", "--as", "s3://b/lake", stdin=event, code=0)
    assert done.json["tasks"][0]["outcome"] == "committed"
    assert json.loads(done.err)["rows_written"] == 1
    again = lake("invoke", "-", "--as", "s3://b/lake", "-q", stdin=event, code=0)
    assert again.err == "" and again.json["tasks"][0]["outcome"] == "already_done"
    batch = lake("invoke", "-", stdin=json.dumps(sqs_event("poison")).encode(), code=1)
    assert batch.json == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert "no such file" in lake("invoke", tmp_path / "gone.json", code=1).err.lower()
