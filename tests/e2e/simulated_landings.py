"""What lands in a simulation of the queue: files of declared schemas, so that no output depends on which
came first; messages about them and messages that nothing can be made of; and what must be served in
the end, worked out from the files alone.

LAKEGATE_SIMULATION is the number of arrivals, of which at least ten times as many deliveries are made:
a number, or `full` for 1,000.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
from collections.abc import Iterable
from urllib.parse import quote_plus

from queue_simulation import Chaos, Simulation

FULL = 1000
COPIES = 4  # of each event, before the queue's own duplicates: 4 x 1.3 for a landing and for its run record
T0 = 1709618828

# Two of a kind where their keys overlap, so that it matters which row is the newest. Batches have no guard
# for that, and inserts refuse the second row of a key: there keys are each arrival's own.
DATASETS = {
    "d0": "mode: upsert, key: [id], serve: {table: Rows0, key: [id]}",
    "d1": "partition_by: {column: kind}, max_rejects: 50%, serve: {table: Rows1, key: [id]}",
    "d2": "serve: {table: Rows2, key: [id]}",
    "d3": "serve: {table: Rows3, key: [id], write: upsert}",
    "d4": "mode: snapshot, serve: {table: Rows4, key: [id]}",
    "d5": "serve: {table: Rows5, key: [id], write: insert}",
    "d6": "mode: upsert, key: [id], serve: {table: Rows6, key: [id]}",
    "d7": "partition_by: {column: kind}, max_rejects: 50%, serve: {table: Rows7, key: [id]}",
}
OWN_KEYS = ("d3", "d4", "d5")
WITH_REJECTS = ("d1", "d7")
CONFIGURATION = "datasets:\n" + "".join(
    f"  {name}: {{landing: {name}/*.csv, schema: [{{name: id, type: int64}}, {{name: kind, type: text}}, "
    f"{{name: v, type: double}}], {rest}}}\n" for name, rest in DATASETS.items())
TABLES = tuple(f"Rows{name[1:]}" for name in DATASETS)

POISONED_FILE = "id,kind,v\nx,a,1\ny,b,2\nz,c,3\n"


def arrivals(otherwise: int) -> int:
    """How many files are to land."""
    said = os.environ.get("LAKEGATE_SIMULATION", "")
    return FULL if said == "full" else int(said or otherwise)


@dataclasses.dataclass(frozen=True)
class File:
    content: str
    at: int  # seconds since 1970: when it landed, and no two at once


def landing(seed: int, count: int) -> dict[str, File]:
    """The landed files by their keys below landing/."""
    r = random.Random(seed)
    moments = r.sample(range(10**6), count)
    files = {}
    for n, moment in enumerate(moments):
        dataset = list(DATASETS)[n % len(DATASETS)]
        ids = [r.randrange(200) for _ in range(r.randint(1, 20 if dataset != "d3" else 80))]  # d3: several batches
        if dataset in OWN_KEYS:
            ids = [n * 1000 + key for key in dict.fromkeys(ids)]
        rows = [f"{key},k{r.randrange(3)},{r.random()}" for key in ids]
        if dataset in WITH_REJECTS and r.random() < 0.3:
            rows += ["no number,k0,1", "1,k1,2"]  # a reject, within the limit
        files[f"{dataset}/{n:05} é+%.csv"] = File("id,kind,v\n" + "\n".join(rows) + "\n", T0 + moment)
    return files


def served(files: dict[str, File]) -> dict[str, dict[int, float]]:
    """Of each table, `v` by `id`: the newest file's, and in it the last row's."""
    tables: dict[str, dict[int, float]] = {table: {} for table in TABLES}
    for name, file in sorted(files.items(), key=lambda item: item[1].at):
        for row in file.content.splitlines()[1:]:
            key, _, value = row.split(",")
            if key.isdigit():
                tables[f"Rows{name[1]}"][int(key)] = float(value)
    return tables


def event(key: str, bucket: str = "b") -> str:
    """As S3 writes it, the key form-encoded."""
    return json.dumps({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                                    "s3": {"bucket": {"name": bucket},
                                           "object": {"key": quote_plus(key, safe="/")}}}]})


def poison(bucket: str, prefix: str) -> list[str]:
    """Nothing of it can ever be done."""
    keys = ("landing/d0/never landed.csv", "elsewhere/a.csv", "landing/unknown/a.csv", "landing/d0/poison.csv",
            "_lake/runs/d0/00000000000000000000.json")
    return ["Hello", "{", json.dumps({"run": {"dataset": "d99"}}),
            event(prefix + "landing/d0/x.csv", bucket).replace("x.csv", "%zz.csv"),
            event(prefix + "landing/d0/a.csv", "another-bucket"),
            *(event(prefix + key, bucket) for key in keys)]


class Deliveries:
    """The messages of a simulation: each landed file in several, each run record as it appears in a few."""

    def __init__(self, simulation: Simulation, files: Iterable[str], bucket: str = "b", prefix: str = "") -> None:
        self.simulation = simulation
        self.bucket, self.prefix = bucket, prefix
        self.known: set[str] = set()
        keys = list(files) * COPIES
        simulation.random.shuffle(keys)
        for key in keys:
            simulation.send(event(f"{prefix}landing/{key}", bucket))
        self.poison = {simulation.send(body) for body in poison(bucket, prefix)}

    def of_landed(self, keys: Iterable[str]) -> list[str]:
        return [event(f"{self.prefix}landing/{key}", self.bucket) for key in keys for _ in range(COPIES)]

    def of_new_runs(self, run_keys: Iterable[str]) -> list[str]:
        """Events for the run records (keys below the lake's prefix) that were not there before."""
        new = [key for key in run_keys if key not in self.known]
        self.known.update(new)
        return [event(self.prefix + key, self.bucket) for key in new for _ in range(COPIES)]

    def check(self, count: int, chaos: Chaos) -> None:
        s = self.simulation
        print(f"{s.deliveries} deliveries in {s.invocations} invocations, {s.failures} failed, {s.killed} functions "
              f"killed, {s.now / 60:.0f} simulated minutes")
        assert s.deliveries >= 10 * count and s.most_in_flight == s.workers
        assert (s.killed > 0) == (chaos.kills > 0)
        assert {message.id for message in s.dead} == self.poison
