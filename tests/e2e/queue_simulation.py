"""The queue in front of Lambda: SQS's promises kept to the letter, and no more than these.

Messages are delivered at least once and in no order, in batches, to several functions at once. What a
function names in batchItemFailures, and all that it held when it was killed, comes again after one
simulated minute, later after two, and goes to the dead-letter queue in the end. Nobody waits for the
minutes: whenever a function is free the clock jumps to the next message, so that all of them are at
work as long as there are messages. One seed decides what is
duplicated, shuffled and killed, each message's fate by its body alone: two simulations of one seed make the
same deliveries, though their processes take other turns.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import json
import queue
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from runtime_api import RuntimeApi

BATCH = 10
FIRST_RETRY, LATER_RETRIES = 60.0, 120.0  # simulated seconds


@dataclasses.dataclass
class Message:
    id: str
    body: str
    receives: int = 0


@dataclasses.dataclass(frozen=True)
class Chaos:
    kills: float = 0.0          # of invocations, at a random moment
    duplicates: float = 0.0     # of messages, delivered once more
    delay: float = 60.0         # simulated seconds over which messages and duplicates are spread
    max_receives: int = 12      # then a message goes to the dead-letter queue


class Function:
    """One function: a process and its Runtime API; a new one of both after a kill."""

    def __init__(self, command: list[str], environment: dict[str, str], log) -> None:
        self.command, self.environment, self.log = command, environment, log
        self.starts = 0
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.api = RuntimeApi()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=self.environment | {"AWS_LAMBDA_RUNTIME_API": self.api.address})

    def invoke(self, event: dict, kill_after: float | None) -> tuple[str, bytes] | None:
        """What the function answered; None if it was killed before."""
        invocation = self.api.send(event, timeout=300)
        killer, killed = None, threading.Event()

        def kill() -> None:
            killed.set()
            self.process.kill()

        if kill_after is not None:
            killer = threading.Timer(kill_after, kill)
            invocation.taken.wait(timeout=60)
            killer.start()
        answer = None
        try:
            while answer is None:
                try:
                    answer = invocation.answers.get(timeout=0.1)
                except queue.Empty:
                    if self.process.poll() is not None:
                        break
        finally:
            if killer is not None:
                killer.cancel()
                killer.join()
        if killed.is_set():  # perhaps just after it had answered
            self.process.wait()
            self.api.close()
            self.start()
        elif answer is None:
            raise AssertionError(f"the function ended by itself with {self.process.poll()}")
        return (answer.kind, answer.body) if answer else None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.api.close()


class Simulation:
    """`after_invocation` returns bodies of further messages: events that the work has brought about."""

    def __init__(self, seed: int, chaos: Chaos, start: Callable[[], Function], workers: int,
                 after_invocation: Callable[[], Iterable[str]] = lambda: ()) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.chaos = chaos
        self.start = start
        self.workers = workers
        self.after_invocation = after_invocation
        self.changed = threading.Condition()
        self.now = 0.0
        self.in_flight = self.most_in_flight = 0
        self.waiting: list[tuple[float, int, Message]] = []
        self.order = itertools.count()
        self.ids = itertools.count(1)
        self.dead: list[Message] = []
        self.sent: Counter[str] = Counter()  # by body
        self.deliveries = self.invocations = self.killed = self.failures = 0
        self.kills_due = 0  # one that came too late is made up for
        self.usual = 0.05  # seconds of an invocation; follows what is seen
        self.error: BaseException | None = None

    def send(self, body: str) -> str:
        """A message, and perhaps a second delivery of it. Its id."""
        name = f"m{next(self.ids):05}"
        self.sent[body] += 1
        fate = random.Random(f"{self.seed}/{body}/{self.sent[body]}")
        copies = 2 if fate.random() < self.chaos.duplicates else 1
        for _ in range(copies):
            self._put(Message(name, body), self.now + fate.uniform(0, self.chaos.delay))
        return name

    def run(self) -> None:
        threads = [threading.Thread(target=self._work) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.error is not None:
            raise self.error

    def _put(self, message: Message, at: float) -> None:
        heapq.heappush(self.waiting, (at, next(self.order), message))

    def _take(self) -> list[Message]:
        """The next batch; empty at the end of everything. The lock is held."""
        while True:
            if self.error is not None:
                return []
            if self.waiting:
                self.now = max(self.now, self.waiting[0][0])
                # What arrives within a batching window of a few seconds goes together.
                batch: dict[str, Message] = {}
                later = []
                while self.waiting and self.waiting[0][0] <= self.now + 5 and len(batch) < BATCH:
                    entry = heapq.heappop(self.waiting)
                    if entry[2].id in batch:
                        later.append(entry)
                    else:
                        batch[entry[2].id] = entry[2]
                for entry in later:
                    heapq.heappush(self.waiting, entry)
                return list(batch.values())
            if self.in_flight == 0:
                return []
            self.changed.wait()

    def _work(self) -> None:
        try:
            function = self.start()
            try:
                self._deliver_all(function)
            finally:
                function.close()
        except BaseException as error:
            with self.changed:
                self.error = self.error or error
                self.changed.notify_all()

    def _deliver_all(self, function: Function) -> None:
        while True:
            with self.changed:
                batch = self._take()
                if not batch:
                    self.changed.notify_all()
                    return
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                self.invocations += 1
                self.deliveries += len(batch)
                self.kills_due += self.random.random() < self.chaos.kills
                kill_after = self.random.uniform(0, self.usual * 1.2) if self.kills_due > 0 else None
            event = {"Records": [{"messageId": m.id, "body": m.body, "eventSource": "aws:sqs"} for m in batch]}
            begin = time.monotonic()
            answer = function.invoke(event, kill_after)
            took = time.monotonic() - begin
            failed = failed_of(answer, batch)
            with self.changed:
                if answer is None:
                    self.killed += 1
                    self.kills_due -= 1
                else:
                    self.usual += (took - self.usual) * 0.05
                for body in self.after_invocation():
                    self.send(body)
                for message in batch:
                    if message.id in failed:
                        self._again(message)
                self.in_flight -= 1
                self.changed.notify_all()

    def _again(self, message: Message) -> None:
        self.failures += 1
        message.receives += 1
        if message.receives >= self.chaos.max_receives:
            self.dead.append(message)
        else:
            self._put(message, self.now + (FIRST_RETRY if message.receives == 1 else LATER_RETRIES))


def failed_of(answer: tuple[str, bytes] | None, batch: list[Message]) -> set[str]:
    """As the event source mapping reads an answer: an error, or an id that it does not know, fails all."""
    everything = {message.id for message in batch}
    if answer is None or answer[0] != "response":
        return everything
    failed = {failure["itemIdentifier"] for failure in json.loads(answer[1])["batchItemFailures"]}
    assert failed <= everything, f"unknown messages in the answer: {failed - everything}"
    return failed
