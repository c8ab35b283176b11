"""`lakegate run --enqueue`: a backlog as messages of SQS, and what the function makes of them."""

from __future__ import annotations

import json

import pytest

from aws_servers import CloudLake, Queue
from proxy import Faults, Proxy

CONFIG = """
datasets:
  sales:
    landing: sales/*.csv
    max_rejects: 0
    schema: [{name: id, type: int64}, {name: v, type: text}]
  orders:
    landing: orders/**/*.csv
"""
NAMES = [f"sales/{n:02} a+b é%2B.csv" for n in range(23)] + ["orders/x/1.csv", "orders/y/2.csv"]


@pytest.fixture
def backlog(cloud_lake: CloudLake) -> CloudLake:
    cloud_lake.configure(CONFIG)
    for n, name in enumerate(NAMES):
        cloud_lake.land(name, f"id,v\n{n},x{n}\n")
    return cloud_lake


def deliver(lake: CloudLake, messages: list[dict]) -> list[str]:
    """Hands messages to the function in batches of ten; the ids of those that it says have failed."""
    failed = []
    for start in range(0, len(messages), 10):
        event = json.dumps({"Records": messages[start:start + 10]}).encode()
        answer = lake("invoke", "-", stdin=event).json
        failed += [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    return failed


def test_the_function_runs_what_was_sent(backlog: CloudLake, queue: Queue) -> None:
    done = backlog("run", "orders", code=0)
    assert "2 arrivals" in done.out
    sent = backlog("run", "--enqueue", queue.url, "--format", "json", env=queue.environment, code=0).json
    assert sent["ok"] and sent["queue"] == queue.url and sent["lake"] == backlog.url
    assert (sent["arrivals"], sent["sent"], sent["failed_before"]) == (23, 23, 0)
    assert sent["bytes"] == sum(len(f"id,v\n{n},x{n}\n") for n in range(23))
    assert len(backlog.runs("sales")) == 0, "nothing is run here"
    messages = queue.take()
    assert sorted((json.loads(m["body"]) for m in messages), key=str) == [
        {"run": {"lake": backlog.url, "dataset": "sales", "key": f"landing/{name}"}} for name in NAMES[:23]]
    assert deliver(backlog, messages) == []
    assert sorted((row["id"], row["v"]) for row in backlog.rows("sales")) == [(n, f"x{n}") for n in range(23)]
    assert len(backlog.runs("sales")) == 23 and len(backlog.runs("orders")) == 2
    # Delivered again, nothing changes; and nothing is left to be sent or run.
    assert deliver(backlog, messages) == [] and len(backlog.rows("sales")) == 23
    nothing = backlog("run", "--enqueue", queue.url, env=queue.environment, code=0)
    assert nothing.out == "nothing new has landed; nothing was sent\n" and queue.take() == []
    assert "nothing new" in backlog("run", code=0).out


def test_one_dataset_and_a_dry_run(backlog: CloudLake, queue: Queue) -> None:
    shown = backlog("run", "orders", "--enqueue", queue.url, "--dry-run", env=queue.environment, code=0)
    assert [line.split()[1] for line in shown.out.splitlines()[:2]] == ["orders/x/1.csv", "orders/y/2.csv"]
    assert f"2 arrivals would be sent to {queue.url}" in shown.out and queue.take() == []
    document = backlog("run", "--enqueue", queue.url, "--dry-run", "--format", "json", env=queue.environment, code=0)
    assert document.json["queue"] == queue.url and len(document.json["arrivals"]) == 25 and queue.take() == []
    sent = backlog("run", "orders", "--enqueue", queue.url, env=queue.environment, code=0)
    assert sent.out.startswith("2 arrivals, ") and queue.url in sent.out
    assert {json.loads(m["body"])["run"]["dataset"] for m in queue.take()} == {"orders"}


def test_what_failed_before_goes_only_when_asked_for(cloud_lake: CloudLake, queue: Queue) -> None:
    """It would fail at once on every delivery, and end in the dead-letter queue once more."""
    cloud_lake.configure(CONFIG)
    cloud_lake.land("sales/good.csv", "id,v\n1,x\n")
    cloud_lake("run", code=0)
    cloud_lake.land("sales/bad.csv", "id,v\nno number,x\n")
    cloud_lake("run", code=1)
    cloud_lake.land("sales/new.csv", "id,v\n2,x\n")
    first = cloud_lake("run", "--enqueue", queue.url, env=queue.environment, code=0)
    assert "1 arrival failed before" in first.err and "--retry-failed" in first.err
    assert [json.loads(m["body"])["run"]["key"] for m in queue.take()] == ["landing/sales/new.csv"]
    cloud_lake("run", "--enqueue", queue.url, "--retry-failed", env=queue.environment, code=0)
    messages = queue.take()
    bad = next(m for m in messages if "replay" in json.loads(m["body"]))
    assert deliver(cloud_lake, messages) == [bad["messageId"]], "it fails, and was tried"
    # Another limit makes it an arrival like any other.
    cloud_lake.configure(CONFIG.replace("max_rejects: 0", "max_rejects: 100%"))
    cloud_lake("run", "--enqueue", queue.url, env=queue.environment, code=0)
    assert [json.loads(m["body"])["run"]["key"] for m in queue.take()] == ["landing/sales/bad.csv"]


def test_unmatched_files_are_told(backlog: CloudLake, queue: Queue) -> None:
    backlog.land("nobody/1.csv", "a\n1\n")
    sent = backlog("run", "--enqueue", queue.url, "--format", "json", env=queue.environment, code=1)
    assert sent.json["unmatched"] == ["landing/nobody/1.csv"] and not sent.json["ok"] and sent.json["sent"] == 25
    assert "nobody/1.csv" in sent.err and len(queue.take()) == 25


def test_every_arrival_is_sent_whatever_gets_lost(backlog: CloudLake, queue: Queue, moto, seed: int) -> None:
    """At least once: a batch whose reply was lost goes again."""
    with Proxy({"sqs": moto.endpoints["sqs"]}, Faults(errors=0.5, lost=0.5), seed) as proxy:
        sent = backlog("run", "--enqueue", queue.url, "--format", "json", code=0,
                       env={"AWS_ENDPOINT_URL_SQS": proxy.urls["sqs"]})
    assert proxy.counts["error"] + proxy.counts["lost"] >= 9, "each batch meets three faults"
    assert sent.json["sent"] == 25
    keys = [json.loads(m["body"])["run"]["key"] for m in queue.take()]
    assert set(keys) == {f"landing/{name}" for name in NAMES}


@pytest.mark.parametrize(("url", "says"), [
    ("landings", "not the URL of a queue"),
    ("arn:aws:sqs:us-east-1:123456789012:landings", "not the URL of a queue"),
    ("https://sqs.us-east-1.amazonaws.com/123456789012/landings.fifo", "FIFO"),
    ("https://sqs.eu-central-1.amazonaws.com/123456789012/landings", "AWS_REGION=eu-central-1"),
])
def test_what_is_no_queue_for_it(backlog: CloudLake, url: str, says: str) -> None:
    assert says in backlog("run", "--enqueue", url, code=2).err


def test_a_queue_that_is_not_there(backlog: CloudLake, queue: Queue) -> None:
    outcome = backlog("run", "--enqueue", queue.url + "-gone", "--format", "json", env=queue.environment, code=1)
    assert outcome.json["sent"] == 0 and not outcome.json["ok"] and len(outcome.json["errors"]) == 1
    assert "get-queue-url" in outcome.err and "0 of 25 messages were sent" in outcome.err


def test_wrong_usage(lake, queue: Queue) -> None:
    lake.land("sales/a.csv", "id\n1\n")
    assert "--lake s3://" in lake("run", "--enqueue", queue.url, code=2).err
    assert "exclude" in lake("run", "--enqueue", queue.url, "--watch", code=2).err
