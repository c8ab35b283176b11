"""The whole of it under a queue that does everything that queues may: in the end the lake and its tables
equal those of one clean run.

LAKEGATE_SIMULATION is the number of arrivals (1,000), of which ten times as many deliveries are made;
LAKEGATE_SEED replays what was duplicated, shuffled and killed.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import sqlite3

from program import Lake, Program
from queue_simulation import Chaos, Function, Simulation
from test_kill import timeless

ARRIVALS = int(os.environ.get("LAKEGATE_SIMULATION", "1000"))
WORKERS = 16
CHAOS = Chaos(kills=0.04, duplicates=0.3)
DATASETS = 8
T0 = 1709618828.5

# Declared schemas, so that no output depends on which arrival came first.
CONFIGURATION = "datasets:\n" + "".join(f"""  d{n}:
    landing: d{n}/*.csv
    schema: [{{name: id, type: int64}}, {{name: kind, type: text}}, {{name: v, type: double}}]
    {"partition_by: {column: kind}" if n % 2 else "mode: upsert"}
    {"key: [id]" if n % 2 == 0 else "max_rejects: 50%"}
    serve: {{table: T{n}, key: [id]}}
""" for n in range(DATASETS))


def landing(seed: int) -> dict[str, tuple[str, float]]:
    """Content and time of each landed file. Their keys overlap, so that which is newest matters."""
    r = random.Random(seed)
    files = {}
    for n in range(ARRIVALS):
        dataset = n % DATASETS
        rows = [f"{r.randrange(200)},k{r.randrange(3)},{r.random()}" for _ in range(r.randint(1, 20))]
        if dataset % 2 and r.random() < 0.3:
            rows.append("no number,k0,1")  # a reject within the limit, unless it is most of the file
            rows.append("1,k1,2")
        files[f"d{dataset}/{n:05} é+%.csv"] = ("id,kind,v\n" + "\n".join(rows) + "\n", T0 + r.randrange(10**6))
    return files


def encoded(key: str) -> str:
    """As S3 writes keys in its events."""
    from urllib.parse import quote_plus
    return quote_plus(key, safe="/")


def event(key: str, bucket: str = "b") -> str:
    return json.dumps({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                                    "s3": {"bucket": {"name": bucket}, "object": {"key": encoded(key)}}}]})


def poison(prefix: str = "") -> list[str]:
    """Nothing of it can ever be done."""
    return ["Hello", "{", event(prefix + "landing/d0/never landed.csv"), event(prefix + "elsewhere/a.csv"),
            event(prefix + "landing/unknown/a.csv"), event(prefix + "landing/d0/poison.csv"),
            event(prefix + "_lake/runs/d0/00000000000000000000.json"),
            json.dumps({"run": {"dataset": "d99"}}),
            event(prefix + "landing/d0/x.csv").replace("x.csv", "%zz.csv")]


POISONED_FILE = "id,kind,v\nx,a,1\ny,b,2\nz,c,3\n"


class Deliveries:
    """The messages of a simulation: each landed file in several, each run record as it appears in a few."""

    def __init__(self, simulation: Simulation, keys: list[str], prefix: str = "") -> None:
        self.simulation = simulation
        self.prefix = prefix
        self.known: set[str] = set()
        keys = keys * 4
        simulation.random.shuffle(keys)
        for key in keys:
            simulation.send(event(f"{prefix}landing/{key}"))
        self.poison = {simulation.send(body) for body in poison(prefix)}

    def of_new_runs(self, run_keys: list[str]) -> list[str]:
        """Events for the run records that were not there before."""
        new = [key for key in run_keys if key not in self.known]
        self.known.update(new)
        return [event(self.prefix + key) for key in new for _ in range(4)]

    def check(self) -> None:
        s = self.simulation
        print(f"{s.deliveries} deliveries in {s.invocations} invocations, {s.failures} failed, {s.killed} functions "
              f"killed, {s.now / 60:.0f} simulated minutes")
        assert s.deliveries >= 10 * ARRIVALS
        assert s.killed >= s.invocations * CHAOS.kills / 4
        assert {message.id for message in s.dead} == self.poison


def local_state(lake: Lake) -> dict:
    """What two lakes with the same landings must have in common."""
    found: dict = {zone: lake.files(zone) for zone in ("curated", "rejected")}
    for folder in ("runs", "loads", "claims", "failures"):
        found[folder] = {key: timeless(json.loads(content))
                         for key, content in lake.files(f"_lake/{folder}", ".json").items()}
    # The version that the dataset had when the file failed: 0 if that was before any file was taken.
    for failure in found["failures"].values():
        failure.pop("schema_version")
    connection = sqlite3.connect(lake.root / "_lake/tables.sqlite")
    for n in range(DATASETS):
        found[f"T{n}"] = sorted(map(repr, connection.execute(f"SELECT * FROM T{n}").fetchall()))
    connection.close()
    return found


def make_local(program: Program, root: pathlib.Path, files: dict[str, tuple[str, float]]) -> Lake:
    lake = Lake(program, root)
    lake.configure(CONFIGURATION)
    for name, (content, at) in files.items():
        lake.land(name, content, at=at)
    lake.land("d0/poison.csv", POISONED_FILE, at=T0)
    return lake


def test_a_queue_before_a_directory(program: Program, tmp_path: pathlib.Path, seed: int) -> None:
    files = landing(seed)
    lake = make_local(program, tmp_path / "queued", files)
    spool = tmp_path / "spool"
    spool.mkdir()
    environment = program.environment(LAKEGATE_LAKE=str(lake.root), TMPDIR=str(spool),
                                      AWS_LAMBDA_FUNCTION_MEMORY_SIZE="256")
    with (tmp_path / "log").open("ab") as log:
        simulation = Simulation(
            seed, CHAOS, lambda: Function([str(program.path)], environment, log), WORKERS,
            lambda: deliveries.of_new_runs([str(path.relative_to(lake.root))
                                            for path in (lake.root / "_lake/runs").glob("*/*.json")]))
        deliveries = Deliveries(simulation, list(files))
        simulation.run()
    deliveries.check()
    assert not list(spool.iterdir())

    clean = make_local(program, tmp_path / "clean", files)
    clean("run", code=1, timeout=600)  # the poisoned file fails
    assert len(clean.files("_lake/runs")) == ARRIVALS
    expected, got = local_state(clean), local_state(lake)
    for part in expected:
        assert got[part] == expected[part], f"LAKEGATE_SEED={seed}: {part} differs"
    lake("verify", code=0, timeout=600)
    lake("run", code=1, timeout=600)  # nothing is left to do, and the poisoned file has failed before
    assert local_state(lake) == expected
    assert not lake.files("_lake/tmp")
