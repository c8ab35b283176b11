"""kill -9 at random moments: what a clean run then leaves equals what an undisturbed lake holds, byte for byte.

LAKEGATE_KILLS says how many kills must hit a living process (200 by default), LAKEGATE_SEED replays the moments.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from program import Lake

KILLS = int(os.environ.get("LAKEGATE_KILLS", "200"))
ROUNDS = 4
T0 = 1709618828.5

CONFIGURATION = """
datasets:
  events:            # several partitions an arrival, some rejects
    landing: events/*.csv
    schema: [{name: id, type: int64}, {name: kind, type: text}, {name: at, type: timestamp}]
    partition_by: {column: kind}
    max_rejects: 50%
    serve: {table: Events, key: [id]}
  stock:             # overwritten files
    landing: stock/*.csv
    mode: snapshot
    serve: {table: Stock, key: [item]}
  people:            # inferred schema, nested values
    landing: people/*.ndjson
    mode: upsert
    key: [id]
    serve: {table: People, key: [id]}
  plain: {landing: plain/*}
"""
TABLES = ("Events", "Stock", "People")


class Landings:
    """The same files in the same order for every lake that is made from one seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.number = 0

    def land_more(self, lake: Lake) -> None:
        """New files only, so that it does not matter how much of the earlier ones has been processed."""
        r = self.random
        for _ in range(r.randint(2, 4)):
            self.number += 1
            n, at = self.number, T0 + self.number * 7.25
            ids = [f"{'x' if r.random() < 0.1 else ''}{r.randrange(500)}" for _ in range(40)]
            events = "".join(f"{key},k{r.randrange(3)},2024-01-01T00:00:{r.randrange(10, 60)}\n" for key in ids)
            lake.land(f"events/{n:05}.csv", "id,kind,at\n0,k0,2024-01-01\n" + events, at=at)
            people = [{"id": r.randrange(100), "name": f"n{n}", "tags": ["a"] * r.randrange(3)} for _ in range(10)]
            people[0]["tags"] = ["b"]
            lake.land(f"people/{n:05}.ndjson", "".join(json.dumps(row) + "\n" for row in people), at=at + 1)
            lake.land(f"plain/{n:05}.csv", f"a,b\n{n},x\n", at=at + 2)

    def overwrite(self, lake: Lake) -> None:
        """Only between clean runs: an overwritten version that nobody has seen is gone for good."""
        r = self.random
        for name in "abcdefgh":
            self.number += 1
            rows = "".join(f"{name}{item},{r.randrange(1000)}\n" for item in r.sample(range(20), 10))
            lake.land(f"stock/{name}.csv", "item,count\n" + rows, at=T0 + self.number * 7.25)


def state(lake: Lake) -> dict:
    """Everything that two lakes with the same landings must have in common."""
    found: dict = {"curated": lake.files("curated"), "rejected": lake.files("rejected")}
    for folder in ("runs", "loads", "claims"):
        base = f"_lake/{folder}"
        found[folder] = {key: timeless(json.loads(content)) for key, content in lake.files(base, ".json").items()}
    found["failures"] = lake.files("_lake/failures")
    found["schemas"] = {
        key: fields_by_version(json.loads(content)) for key, content in lake.files("_lake/schemas").items()
    }
    connection = sqlite3.connect(lake.root / "_lake/tables.sqlite")
    for table in TABLES:
        found[table] = sorted(map(repr, connection.execute(f"SELECT * FROM {table}").fetchall()))
    connection.close()
    return found


def fields_by_version(remembered: dict) -> list:
    """Which of several first arrivals gave a schema depends on who came first; what it says does not."""
    return [{key: value for key, value in version.items() if key != "because"} for version in remembered["versions"]]


# How many rows a load found superseded depends on what the table held at that moment.
BY_THE_CLOCK = {"started_at", "finished_at", "duration_ms", "durations", "claimed_at"}
BY_THE_ORDER = {"rows_written", "rows_superseded", "rows_removed"}


def timeless(record: dict) -> dict:
    dropped = BY_THE_CLOCK | (BY_THE_ORDER if "table" in record else set())
    return {key: value for key, value in record.items() if key not in dropped}


def assert_same_lake(lake: Lake, undisturbed: Lake, note: str) -> None:
    left, right = state(lake), state(undisturbed)
    for part in right:
        if left[part] == right[part]:
            continue
        missing, extra = set(right[part]) - set(left[part]), set(left[part]) - set(right[part])
        other = set()
        if isinstance(right[part], dict):
            other = {key for key in set(left[part]) & set(right[part]) if left[part][key] != right[part][key]}
        some = {"missing": sorted(missing)[:5], "extra": sorted(extra)[:5], "different": sorted(other)[:5]}
        pytest.fail(f"{note}: {part}: {some}")
    assert all(key.endswith(".parquet") for key in left["curated"]), "stray files in curated"
    assert all(key.endswith(".ndjson") for key in left["rejected"]), "stray files in rejected"
    assert not lake.files("_lake/tmp"), "the leavings of dead processes were not swept away"
    assert not [key for key in lake.files("landing") if key.endswith((".tmp", ".filepart"))]


def make(program, root) -> Lake:
    lake = Lake(program, root)
    lake.configure(CONFIGURATION)
    return lake


def kill_after(process: subprocess.Popen, seconds: float) -> None:
    try:
        process.wait(timeout=max(seconds, 0.0001))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)


def disturbed_runs(program, lake: Lake, r: random.Random, landings: Landings, kills: int, at_once: int) -> int:
    """Lands and runs until `kills` processes were killed while they lived. Says how often it landed more."""
    landed = hit = 0
    usual = 0.1  # seconds; follows what is seen, so that about half of the runs come to their end
    while hit < kills:
        landings.land_more(lake)
        landed += 1
        assert landed < kills * 20, "the runs end before they can be killed"
        started = time.monotonic()
        processes = [lake.program.start("run", "--lake", lake.root, "-q") for _ in range(at_once)]
        victims = processes if at_once == 1 else r.sample(processes, r.randint(1, at_once - 1))
        moments = sorted(r.uniform(0, usual * 1.1) for _ in victims)
        for moment, victim in zip(moments, victims, strict=True):
            kill_after(victim, started + moment - time.monotonic())
        for process in processes:
            code = process.wait(timeout=60)
            hit += code == -signal.SIGKILL
            assert code in (0, -signal.SIGKILL), f"a run beside killed ones ended with {code}"
            usual *= 0.9 if code == 0 else 1.1
    return landed


@pytest.mark.parametrize("at_once", [1, 3])
def test_killed_at_random(program, tmp_path, seed, at_once):
    r = random.Random(seed * 2 + at_once)
    kills = KILLS if at_once == 1 else max(KILLS // 3, 3)
    lake, undisturbed = make(program, tmp_path / "killed"), make(program, tmp_path / "undisturbed")
    landings, again = Landings(seed), Landings(seed)
    for number in range(ROUNDS):
        landings.overwrite(lake)
        landed = disturbed_runs(program, lake, r, landings, -(-kills // ROUNDS), at_once)
        lake("run", code=0, timeout=120)
        again.overwrite(undisturbed)
        for _ in range(landed):
            again.land_more(undisturbed)
        undisturbed("run", code=0, timeout=120)
        assert_same_lake(lake, undisturbed, f"LAKEGATE_SEED={seed}, {at_once} at once, round {number}")
    lake("verify", code=0, timeout=120)
    shutil.rmtree(tmp_path)  # thousands of small files are not worth keeping


def test_killed_while_widening(program, tmp_path, seed):
    """Widening again finishes what a killed widening began."""
    r = random.Random(seed)

    def filled(root) -> Lake:
        lake = Lake(program, root)
        for n in range(12):
            lake.land(f"d/{n:02}.csv", "x,y\n" + "".join(f"{i},t{i}\n" for i in range(50)), at=T0 + n)
        lake("run", code=0)
        return lake

    undisturbed = filled(tmp_path / "undisturbed")
    started = time.monotonic()
    undisturbed("widen", "d", "x", "double", "--yes", code=0)
    usual = time.monotonic() - started
    for attempt in range(max(KILLS // 10, 2)):
        lake = filled(tmp_path / f"killed{attempt}")
        process = lake.program.start("widen", "d", "x", "double", "--yes", "--lake", lake.root, "-q")
        kill_after(process, r.uniform(0, usual))
        process.wait()
        lake("run", code=0)
        lake("widen", "d", "x", "double", "--yes")  # may say that there is nothing left to widen
        lake("run", code=0)
        assert lake.files("curated") == undisturbed.files("curated"), f"LAKEGATE_SEED={seed}, attempt {attempt}"
        lake("verify", code=0)
        assert not lake.files("_lake/tmp")
