"""The whole of it on S3 and DynamoDB, under a queue that does everything that queues may and with servers
that fail: in the end both equal those of one clean run, and the failures were not met with a storm of
requests.

**How many requests.** The ideal is what the same deliveries take where nothing fails and one follows the
other (counted in a second simulation of the same seed, without faults and kills, by a single function),
and one request more for each fault that was injected: for each that was refused, for each whose reply was
lost, for each batch of which a part came back unprocessed. At most 1.5 times that may be made. What
several functions do at once for the same arrival, what killed ones had done in vain, looking what a lost
reply had meant, and what becomes of a delivery that fails as a whole, is not in the ideal: it must fit
into the half.

LAKEGATE_SIMULATION says how large (simulated_landings.py), LAKEGATE_SEED replays what lands, what is
duplicated, shuffled and killed, and which requests fail: that follows from the request and how often it
has come. What processes make of it side by side is their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator

from aws_servers import Aws, Bucket, CloudLake, Tables
from program import Program
from proxy import Faults, Proxy
from queue_simulation import Chaos, Function, Simulation
from simulated_landings import (CONFIGURATION, POISONED_FILE, T0, TABLES, Deliveries, File, arrivals, landing,
                                served)
from test_kill import timeless

ARRIVALS = arrivals(100)
WORKERS = 16
CHAOS = Chaos(kills=0.04, duplicates=0.3)
# A fifth of all requests is refused; one that takes effect may stay without a reply.
FAULTS = Faults(errors=0.1, throttled=0.1, lost=0.05, unprocessed=0.3, longest=100)
PREFIX = "lake"

# Beside the datasets of every simulation: landed files that are overwritten while they are worked on, of
# which the newest version is served; and outputs so large that they are uploaded in parts.
STOCK, LARGE = max(ARRIVALS // 50, 2), max(ARRIVALS // 250, 1)
MORE = """
  stock:
    landing: stock/*.csv
    mode: snapshot
    schema: [{name: id, type: int64}, {name: v, type: double}]
    serve: {table: Stock, key: [id]}
  large: {landing: large/*.csv, schema: [{name: id, type: int64}, {name: v, type: double}]}
"""
LARGE_ROWS = 1_200_000


def stock(seed: int, version: int) -> dict[str, dict[int, float]]:
    """A version of each overwritten file; in each, some keys of the version before are gone."""
    r = random.Random(f"{seed}/stock/{version}")
    return {f"stock/{n}.csv": {n * 1000 + key: r.random() for key in r.sample(range(30), 15)} for n in range(STOCK)}


def text_of(rows: dict[int, float]) -> str:
    return "id,v\n" + "".join(f"{key},{value}\n" for key, value in rows.items())


def large(seed: int) -> dict[str, File]:
    r = random.Random(f"{seed}/large")
    return {f"large/{n}.csv": File(text_of({key: r.random() for key in range(LARGE_ROWS)}), T0 - 1 - n)
            for n in range(LARGE)}


class Landed:
    """A lake whose landing is the same as every other's made of one seed, times included."""

    def __init__(self, program: Program, aws: Aws, seed: int, name: str) -> None:
        self.seed = seed
        self.bucket = Bucket(aws, f"{name}-{secrets.token_hex(6)}")
        self.folder = aws.buckets / self.bucket.name / PREFIX
        self.lake = CloudLake(program, aws, self.bucket, PREFIX)
        self.lake.configure(CONFIGURATION + MORE)
        self.files = landing(seed, ARRIVALS)
        for key, file in (self.files | large(seed)).items():
            self.land(key, file.content, file.at)
        self.land("d0/poison.csv", POISONED_FILE, T0)
        for key, rows in stock(seed, 1).items():
            self.land(key, text_of(rows), T0)

    def land(self, key: str, content: str, at: int | None = None) -> None:
        """An object; `at` is its Last-Modified, for versitygw the time of the file that holds it."""
        self.lake.land(key, content)
        if at is not None:
            os.utime(self.folder / "landing" / key, (at, at))

    def overwrite(self) -> list[str]:
        """A second version of what is to be overwritten: the keys."""
        versions = stock(self.seed, 2)
        for key, rows in versions.items():
            self.land(key, text_of(rows))
        return list(versions)

    def runs(self) -> list[str]:
        """Where versitygw has them, which spares listing a bucket after each invocation."""
        return [str(path.relative_to(self.folder)) for path in (self.folder / "_lake/runs").glob("*/*.json")]


@contextlib.contextmanager
def fresh_tables(aws: Aws) -> Iterator[Tables]:
    tables = Tables(aws)
    tables.prefix = ""  # the same names in every run: they are in the lake's records
    made = [tables.create(name, {"id": "N"}) for name in (*TABLES, "Stock")]
    made.append(tables.create("lakegate_sources", {"table": "S", "source": "S"}))
    try:
        yield tables
    finally:
        for name in made:
            tables.client.delete_table(TableName=name)


def state(landed: Landed, tables: Tables) -> dict:
    """What two lakes of the same landings must have in common: bytes, records, items with lakegate's own
    attributes. Of the overwritten files each lake has versions and times of its own."""
    def shared(zone: str) -> dict[str, bytes]:
        return {key: content for key, content in landed.lake.files(zone).items()
                if "/stock/" not in key and "/Stock/" not in key}

    found: dict = {zone: shared(zone) for zone in ("curated", "rejected")}
    for folder in ("runs", "loads", "claims", "failures"):
        found[folder] = {key: timeless(json.loads(content)) for key, content in shared(f"_lake/{folder}").items()
                         if key.endswith(".json")}
    for failure in found["failures"].values():
        failure.pop("schema_version")  # 0 if it failed before any file was taken
    for table in TABLES:
        found[table] = sorted(tables.rows(table, own=True), key=lambda row: row["id"])
    return found


def simulate(landed: Landed, seed: int, chaos: Chaos, faults: Faults, workers: int,
             log: pathlib.Path) -> Counter[str]:
    """Delivers everything; what the proxy counted."""
    program, aws = landed.lake.program, landed.lake.aws
    spool = log.with_suffix(".spool")
    spool.mkdir()
    begin = time.monotonic()
    with Proxy(aws.endpoints, faults, seed) as proxy, log.open("ab") as out:
        environment = program.environment(
            **aws.environment(**proxy.urls), LAKEGATE_LAKE=landed.lake.url, TMPDIR=str(spool),
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE="256")
        overwritten = False

        def events() -> list[str]:
            nonlocal overwritten
            new = deliveries.of_new_runs(landed.runs())
            if not overwritten and simulation.deliveries > ARRIVALS:
                overwritten = True
                new += deliveries.of_landed(landed.overwrite())
            return new

        simulation = Simulation(seed, chaos, lambda: Function([str(program.path)], environment, out), workers, events)
        deliveries = Deliveries(simulation, [*landed.files, *large(seed), *stock(seed, 1)], landed.bucket.name,
                                f"{PREFIX}/")
        simulation.run()
        assert overwritten
        assert {"PutItem", "BatchWriteItem", "UploadPart"} <= {call.operation for call in proxy.calls}
        counts = proxy.counts
    print(f"{time.monotonic() - begin:.0f} s; {dict(sorted(counts.items()))}")
    deliveries.check(ARRIVALS, chaos)
    assert not list(spool.iterdir())
    return counts


def check_served(landed: Landed, tables: Tables) -> None:
    for table, rows in served(landed.files).items():
        assert {int(row["id"]): float(row["v"]) for row in tables.rows(table)} == rows, table
    newest = {key: value for rows in stock(landed.seed, 2).values() for key, value in rows.items()}
    assert {int(row["id"]): float(row["v"]) for row in tables.rows("Stock")} == newest


def differing(one: dict, other: dict) -> dict[str, list]:
    """Which parts are not the same, and a few examples."""
    found = {}
    for part in one:
        if one[part] != other[part]:
            a, b = (set(map(repr, side[part].items() if isinstance(side[part], dict) else side[part]))
                    for side in (one, other))
            found[part] = [sorted(a - b)[:3], sorted(b - a)[:3]]
    return found


def test_a_queue_before_s3_and_dynamodb(program: Program, aws: Aws, tmp_path: pathlib.Path, seed: int) -> None:
    queued = Landed(program, aws, seed, "queued")
    with fresh_tables(aws) as tables:
        made = simulate(queued, seed, CHAOS, FAULTS, WORKERS, tmp_path / "queued.log")
        check_served(queued, tables)
        got = state(queued, tables)
        queued.lake("verify", code=0, timeout=1200)
        queued.lake("run", code=1, timeout=1200)  # nothing is left to do, and the poisoned file has failed before
        assert differing(got, state(queued, tables)) == {}

    with fresh_tables(aws) as tables:
        clean = Landed(program, aws, seed, "clean")
        clean.overwrite()
        clean.lake("run", code=1, timeout=1200)  # the poisoned file fails
        check_served(clean, tables)
        assert clean.bucket.unfinished_uploads() == []
        assert differing(got, state(clean, tables)) == {}, f"LAKEGATE_SEED={seed}"

    with fresh_tables(aws) as tables:
        undisturbed = Landed(program, aws, seed, "undisturbed")
        needed = simulate(undisturbed, seed, Chaos(kills=0, duplicates=CHAOS.duplicates), Faults(), 1,
                          tmp_path / "undisturbed.log")
        assert differing(got, state(undisturbed, tables)) == {}
    forced = sum(made[fault] for fault in ("error", "throttled", "lost", "withheld"))
    ideal = needed["requests"] + forced
    print(f"{made['requests']} requests, {made['requests'] / ideal:.2f} times the ideal: {needed['requests']} without "
          f"faults, {forced} because of them")
    assert made["error"] and made["throttled"] and made["lost"] and made["withheld"], "the faults were real"
    assert made["requests"] <= 1.5 * ideal, f"LAKEGATE_SEED={seed}"
