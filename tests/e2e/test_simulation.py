"""The whole of it under a queue that does everything that queues may, on a directory and SQLite: in the
end the lake and its tables equal those of one clean run. test_simulation_aws.py is the same on S3 and
DynamoDB; simulated_landings.py says how large both are.

LAKEGATE_SEED replays what lands, what is duplicated, shuffled and killed.
"""

from __future__ import annotations

import json
import pathlib
import sqlite3

from program import Lake, Program
from queue_simulation import Chaos, Function, Simulation
from simulated_landings import (CONFIGURATION, POISONED_FILE, T0, TABLES, Deliveries, File, arrivals, landing,
                                served)
from test_kill import timeless

ARRIVALS = arrivals(300)
WORKERS = 16
CHAOS = Chaos(kills=0.04, duplicates=0.3)


def state(lake: Lake) -> dict:
    """What two lakes with the same landings must have in common."""
    found: dict = {zone: lake.files(zone) for zone in ("curated", "rejected")}
    for folder in ("runs", "loads", "claims", "failures"):
        found[folder] = {key: timeless(json.loads(content))
                         for key, content in lake.files(f"_lake/{folder}", ".json").items()}
    # The version that the dataset had when the file failed: 0 if that was before any file was taken.
    for failure in found["failures"].values():
        failure.pop("schema_version")
    connection = sqlite3.connect(lake.root / "_lake/tables.sqlite")
    for table in TABLES:
        found[table] = sorted(map(repr, connection.execute(f"SELECT * FROM {table}").fetchall()))
    connection.close()
    return found


def make(program: Program, root: pathlib.Path, files: dict[str, File]) -> Lake:
    lake = Lake(program, root)
    lake.configure(CONFIGURATION)
    for name, file in files.items():
        lake.land(name, file.content, at=file.at + 0.5)
    lake.land("d0/poison.csv", POISONED_FILE, at=T0)
    return lake


def test_a_queue_before_a_directory(program: Program, tmp_path: pathlib.Path, seed: int) -> None:
    files = landing(seed, ARRIVALS)
    lake = make(program, tmp_path / "queued", files)
    spool = tmp_path / "spool"
    spool.mkdir()
    environment = program.environment(LAKEGATE_LAKE=str(lake.root), TMPDIR=str(spool),
                                      AWS_LAMBDA_FUNCTION_MEMORY_SIZE="256")
    with (tmp_path / "log").open("ab") as log:
        simulation = Simulation(
            seed, CHAOS, lambda: Function([str(program.path)], environment, log), WORKERS,
            lambda: deliveries.of_new_runs([str(path.relative_to(lake.root))
                                            for path in (lake.root / "_lake/runs").glob("*/*.json")]))
        deliveries = Deliveries(simulation, files)
        simulation.run()
    deliveries.check(ARRIVALS, CHAOS)
    assert not list(spool.iterdir())
    for table, rows in served(files).items():
        assert {row["id"]: row["v"] for row in lake.table(table, "id")} == rows, f"LAKEGATE_SEED={seed}: {table}"

    clean = make(program, tmp_path / "clean", files)
    clean("run", code=1, timeout=600)  # the poisoned file fails
    assert len(clean.files("_lake/runs")) == ARRIVALS
    expected, got = state(clean), state(lake)
    for part in expected:
        assert got[part] == expected[part], f"LAKEGATE_SEED={seed}: {part} differs"
    lake("verify", code=0, timeout=600)
    lake("run", code=1, timeout=600)  # nothing is left to do, and the poisoned file has failed before
    assert state(lake) == expected
    assert not lake.files("_lake/tmp")
