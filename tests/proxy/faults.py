"""Which fault strikes which request: a function of the seed, the request and how often it has come.

Nothing depends on the order in which requests of different kinds arrive, so that a run can be
repeated from its seed though threads never take the same turns twice.
"""

import hashlib
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, fields

from proxy.http1 import Message


@dataclass(frozen=True)
class Faults:
    """Shares of requests, 0 to 1. `errors` and `throttled` are refused before they take effect,
    `lost` take effect and get no reply, `slow` wait up to `slow_seconds` for theirs."""

    errors: float = 0.0       # 500: InternalError of S3, InternalServerError of the others
    throttled: float = 0.0    # 503 SlowDown of S3, ProvisionedThroughputExceededException of the others
    lost: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.2
    unprocessed: float = 0.0  # of the items of a BatchWriteItem, each on its own
    longest: int = 3          # a request is refused or lost at most so often in a row

    @staticmethod
    def parse(text: str) -> "Faults":
        """"errors=0.2,lost=0.05"."""
        known = {field.name: field.type for field in fields(Faults)}
        chosen = {}
        for word in filter(None, text.split(",")):
            name, _, value = word.partition("=")
            if name not in known:
                raise ValueError(f"no fault is called '{name}' ({', '.join(known)})")
            chosen[name] = int(value) if name == "longest" else float(value)
        return Faults(**chosen)


@dataclass(frozen=True)
class Verdict:
    kind: str  # "pass", "error", "throttled", "gone", "lost"
    delay: float
    chance: random.Random  # for what the kind leaves open


class Plan:
    """The verdicts of one run."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self.seed = seed
        self._seen: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()

    def verdict(self, service: str, request: Message) -> Verdict:
        name = fingerprint(service, request)
        self._seen[name] += 1
        chance = random.Random(f"{self.seed}/{name}/{self._seen[name]}")
        draw, delay = chance.random(), 0.0
        if chance.random() < self.faults.slow:
            delay = chance.random() * self.faults.slow_seconds
        kind = "pass"
        if self._in_a_row[name] < self.faults.longest:
            for candidate, share in (("error", self.faults.errors), ("throttled", self.faults.throttled),
                                     ("lost", self.faults.lost)):
                if draw < share:
                    kind = candidate
                    break
                draw -= share
        self._in_a_row[name] = 0 if kind == "pass" else self._in_a_row[name] + 1
        return Verdict(kind, delay, chance)


def fingerprint(service: str, request: Message) -> str:
    """What makes a request the same one when it comes again: not its date, signature or upload id,
    which are others in every run."""
    target = re.sub(r"(uploadId|continuation-token)=[^&]*", r"\1=", request.target)
    parts = [service, request.method, target, request.header("x-amz-target"), request.header("range")]
    digest = hashlib.sha256("\n".join(parts).encode() + b"\n" + request.body)
    return digest.hexdigest()


def withhold(request: Message, share: float, chance: random.Random) -> tuple[Message, dict]:
    """A BatchWriteItem without some of its items, and those; one at least stays, because a batch of
    which nothing is processed is an exception in DynamoDB."""
    body = json.loads(request.body)
    every = [(table, item) for table, items in body["RequestItems"].items() for item in items]
    kept_back = [entry for entry in every if chance.random() < share]
    if len(kept_back) == len(every):
        kept_back.pop()
    if not kept_back:
        return request, {}
    unprocessed: dict[str, list] = {}
    for table, item in kept_back:
        unprocessed.setdefault(table, []).append(item)
        body["RequestItems"][table].remove(item)
    body["RequestItems"] = {table: items for table, items in body["RequestItems"].items() if items}
    return request.with_body(json.dumps(body).encode()), unprocessed


def refusal(service: str, kind: str, request: Message) -> Message:
    """What AWS answers when it is too busy, or out of order. "gone" is what S3 may say of an upload that an
    earlier request has completed."""
    if service == "s3":
        first, code = {"error": ("HTTP/1.1 500 Internal Server Error", "InternalError"),
                       "throttled": ("HTTP/1.1 503 Slow Down", "SlowDown"),
                       "gone": ("HTTP/1.1 404 Not Found", "NoSuchUpload")}[kind]
        body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
                "<Message>injected by the proxy of the tests</Message></Error>").encode()
        reply = Message(first, [("Content-Type", "application/xml")]).with_body(body)
        return Message(reply.first, reply.headers) if request.method == "HEAD" else reply
    if kind == "throttled":
        first, code = "HTTP/1.1 400 Bad Request", "ProvisionedThroughputExceededException"
    else:
        first, code = "HTTP/1.1 500 Internal Server Error", "InternalServerError"
    body = json.dumps({"__type": f"com.amazonaws.{service}.v20120810#{code}",
                       "message": "injected by the proxy of the tests"}).encode()
    return Message(first, [("Content-Type", "application/x-amz-json-1.0")]).with_body(body)
