#!/usr/bin/env python3
"""Rows into a table, by lakegate and by its peers, in one run: what it costs them in time and CPU.

The table is an endpoint on loopback that answers at once (endpoint/load_endpoint.cc), fresh for every
run; it counts what it gets, and a run that did not deliver every row is wrong. Whole processes, in turns.
Prints a table and writes load.md and load.json to bench/results (or --results). See README.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from array import array

import programs
import run

HERE = pathlib.Path(__file__).resolve().parent
TABLE = "losses"
NAMES = ("day", "aircraft", "helicopter", "tank", "apc", "artillery", "mrl", "military_auto", "fuel_tank", "drone", "ship", "anti_aircraft")
PROGRAMS = {
    "lakegate-upsert": "lakegate, `write: upsert`",
    "lakegate-newest": "lakegate, `write: newest`",
    "go-batch": "Go, BatchWriteItem, 8 goroutines",
    "go-put": "Go, one PutItem a row",
    "boto3": "boto3, `batch_writer`",
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",  # boto3 knows no other
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def write_inputs(folder: pathlib.Path, count: int) -> tuple[pathlib.Path, pathlib.Path]:
    """Counts that grow from day to day: as Parquet, and as plain integers, which cost a reader nothing."""
    import pyarrow
    import pyarrow.parquet

    noise = random.Random(1)
    columns = [array("q", range(count))]
    for number in range(1, len(NAMES)):
        step, total, column = 1 + number * number, 0, array("q")
        for _ in range(count):
            total = total + noise.randrange(step) if total < 10**6 else 0
            column.append(total)
        columns.append(column)
    parquet, plain = folder / "rows.parquet", folder / "rows.bin"
    table = pyarrow.table({name: pyarrow.array(column) for name, column in zip(NAMES, columns)})
    pyarrow.parquet.write_table(table, parquet, compression="zstd")
    with open(plain, "wb") as file:
        file.write((",".join(NAMES) + "\n").encode())
        rows = array("q", (value for row in zip(*columns) for value in row))
        if sys.byteorder == "big":
            rows.byteswap()
        rows.tofile(file)
    return parquet, plain


class Endpoint:
    """The table of one run. It ends with its stdin, and so with this process."""

    def __init__(self, program: pathlib.Path):
        self.process = subprocess.Popen([program, TABLE, NAMES[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def end(self) -> dict[str, float]:
        report, _ = self.process.communicate(timeout=30)
        return {name: float(value) for name, value in (line.split() for line in report.splitlines())}


def build_go(folder: pathlib.Path) -> pathlib.Path:
    target = folder / "peer-go-load"
    built = subprocess.run([programs.go_command(), "build", "-mod=readonly", "-trimpath", "-o", target, "."], cwd=HERE / "peers" / "go_load", capture_output=True, text=True)
    if built.returncode != 0:
        raise programs.Unavailable("go build failed: " + (built.stderr.strip().splitlines() or ["no message"])[-1])
    return target


def command_of(key: str, lakegate: str | None, folder: pathlib.Path, parquet: pathlib.Path, plain: pathlib.Path) -> tuple[list[str], str]:
    """How a program is started, and which version it is."""
    if key.startswith("lakegate-"):
        path = str(programs.find_lakegate(lakegate))
        write = key.removeprefix("lakegate-")
        command = [path, "load", str(parquet), "--table", TABLE, "--key", NAMES[0], "--to", "dynamodb", "--write", write]
        return command, programs.first_line([path, "--version"]).removeprefix("lakegate").strip()
    if key.startswith("go-"):
        target = folder / "peer-go-load"
        path = target if target.exists() else build_go(folder)
        go = programs.first_line([programs.go_command(), "version"]).removeprefix("go version go").split(" ")[0]
        return [str(path), key.removeprefix("go-"), str(plain), TABLE], f"Go {go}, aws-sdk-go-v2/service/dynamodb {sdk_version()}"
    try:
        import boto3
    except ImportError:
        raise programs.Unavailable("boto3 is not installed: run tools/setup bench") from None
    return [sys.executable, str(HERE / "peers" / "peer_boto3.py"), str(plain), TABLE], boto3.__version__


def sdk_version() -> str:
    for line in (HERE / "peers" / "go_load" / "go.mod").read_text().splitlines():
        if "service/dynamodb " in line:
            return line.split()[-1]
    return "unknown"


def measure(command: list[str], endpoint_program: pathlib.Path, folder: pathlib.Path, count: int, timeout: int) -> dict:
    stderr = folder / "stderr.txt"
    endpoint = Endpoint(endpoint_program)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    environment |= ENVIRONMENT | {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{endpoint.port}"}
    launcher = [sys.executable, "-I", "-S", str(HERE / "measure.py"), str(timeout), str(stderr)]
    try:
        done = subprocess.run([*launcher, *command], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    finally:
        seen = endpoint.end()
    facts = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    result = {"wall_s": float(facts["wall"]), "cpu_s": float(facts["cpu"]), "rss_bytes": int(facts["rss"]), "seen": seen}
    if facts["code"] != "0":
        result["failed"] = run.failure(facts["code"], stderr.read_text(errors="replace"), [str(folder) + "/", str(HERE.parent) + "/"])
    elif (seen["rows"], seen["distinct"], seen["key_sum"]) != (count, count, count * (count - 1) // 2) or seen["numbers"] < count * len(NAMES):
        result["failed"] = f"**wrong:** {seen['rows']:.0f} rows came in, of {seen['distinct']:.0f} keys, instead of {count}"
    return result


def results_of(key: str, runs: list[dict], count: int) -> dict:
    good = [once for once in runs if "failed" not in once]
    entry = {"program": key, "rows": count, "runs": runs}
    failures = [once["failed"] for once in runs if "failed" in once]
    if failures:
        entry["failed"] = failures[0]
    if good:
        wall, cpu = (statistics.median(once[name] for once in good) for name in ("wall_s", "cpu_s"))
        entry["median"] = {
            "wall_s": wall,
            "cpu_s": cpu,
            "rows_per_s": count / wall,
            "cpu_us_per_row": cpu / count * 1e6,
            "rss_bytes": max(once["rss_bytes"] for once in good),
            "bytes_per_row": statistics.median(once["seen"]["bytes"] for once in good) / count,
            "endpoint_cpu_share": statistics.median(once["seen"]["cpu"] / once["wall_s"] for once in good),
        }
    return entry


def markdown(document: dict) -> str:
    machine = document["machine"]
    good = {entry["program"]: entry["median"] for entry in document["results"] if "median" in entry}
    lines = [
        "# Rows into a table",
        "",
        f"{document['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Linux {machine['kernel']}, "
        f"{machine['architecture']}; load before the start {machine['load_at_start']}. {document['rows']:,} rows of {len(NAMES)} numbers into an endpoint on loopback that "
        "answers at once: whole processes, medians of runs in turns (peak memory: the highest of them). CPU is the program's, user and system, "
        "without the endpoint's.",
        "",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in document["versions"].items()) + f", Python {machine['python']}.",
    ]
    lines += [f"Not run: {PROGRAMS[key]} ({reason})." for key, reason in document["absent"].items()]
    lines += ["", "| program | CPU µs a row | rows a second | rows a CPU second | peak memory MB | bytes a row on the wire | the endpoint's CPU | runs |", "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for entry in sorted(document["results"], key=lambda entry: entry.get("median", {}).get("cpu_us_per_row", float("inf"))):
        name = PROGRAMS[entry["program"]]
        name = f"**{name}**" if entry["program"].startswith("lakegate") else name
        if "median" not in entry:
            lines.append(f"| {name} | failed: {entry['failed'].replace('|', '/')} | | | | | | {len(entry['runs'])} |")
            continue
        median = entry["median"]
        lines.append(
            f"| {name} | {median['cpu_us_per_row']:.1f} | {median['rows_per_s']:,.0f} | {1e6 / median['cpu_us_per_row']:,.0f} | {median['rss_bytes'] / 1e6:.0f} "
            f"| {median['bytes_per_row']:,.0f} | {median['endpoint_cpu_share']:.0%} | {len([once for once in entry['runs'] if 'failed' not in once])} |"
        )
    ratios = document["ratios"]
    if ratios:
        lines += ["", "Per CPU second, in the medians above:", ""]
    if "upsert" in ratios:
        lines.append(f"- `write: upsert` loads **{ratios['upsert']:.1f}** times the rows of the best peer ({PROGRAMS[ratios['best']]}).")
    if "newest" in ratios:
        lines.append(f"- `write: newest` loads **{ratios['newest']:.1f}** times the rows of Go with one PutItem a row, which checks no condition.")
    return "\n".join(lines) + "\n"


def ratios_of(results: list[dict]) -> dict:
    cost = {entry["program"]: entry["median"]["cpu_us_per_row"] for entry in results if "median" in entry}
    peers = {key: value for key, value in cost.items() if not key.startswith("lakegate")}
    ratios: dict = {}
    if peers and "lakegate-upsert" in cost:
        ratios["best"] = min(peers, key=peers.get)
        ratios["upsert"] = peers[ratios["best"]] / cost["lakegate-upsert"]
    if "go-put" in cost and "lakegate-newest" in cost:
        ratios["newest"] = cost["go-put"] / cost["lakegate-newest"]
    return ratios


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--programs", default=",".join(PROGRAMS), help="of: " + ", ".join(PROGRAMS))
    parser.add_argument("--lakegate", help="the executable (default: $LAKEGATE_BIN or build/release/lakegate)")
    parser.add_argument("--endpoint", type=pathlib.Path, default=HERE.parent / "build" / "release" / "bench" / "load_endpoint")
    parser.add_argument("--timeout", type=int, default=600, metavar="S", help="give a run up after S seconds (default 600)")
    parser.add_argument("--slow", type=float, default=20, metavar="S", help="run a program only once if it took longer than S seconds (default 20)")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results", help="the folder for load.md and load.json")
    options = parser.parse_args()
    if not options.endpoint.is_file():
        parser.error("the endpoint is not built: run tools/build release load_endpoint")

    folder = pathlib.Path(tempfile.mkdtemp(prefix="lakegate-load-"))
    try:
        document = bench(options, parser, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    options.results.mkdir(parents=True, exist_ok=True)
    text = markdown(document)
    (options.results / "load.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.results / "load.md").write_text(text)
    print(text)
    bad = [entry for entry in document["results"] if entry["program"].startswith("lakegate") and "failed" in entry]
    for entry in bad:
        print(f"load.py: {entry['program']} is not right: {entry['failed']}", file=sys.stderr)
    return 1 if bad else 0


def bench(options: argparse.Namespace, parser: argparse.ArgumentParser, folder: pathlib.Path) -> dict:
    parquet, plain = write_inputs(folder, options.rows)
    commands, versions, absent = {}, {}, {}
    for key in options.programs.split(","):
        if key not in PROGRAMS:
            parser.error(f"unknown program {key!r}: choose of {', '.join(PROGRAMS)}")
        try:
            commands[key], version = command_of(key, options.lakegate, folder, parquet, plain)
            versions[key.partition("-")[0].replace("go", "Go peer")] = version
        except programs.Unavailable as reason:
            absent[key] = str(reason)
            print(f"load.py: without {PROGRAMS[key]}: {reason}", file=sys.stderr)
    document = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "machine": run.machine(), "rows": options.rows, "programs": {key: PROGRAMS[key] for key in commands}, "versions": versions, "absent": absent}
    runs: dict[str, list[dict]] = {key: [] for key in commands}
    keys = list(commands)
    for number in range(options.rounds):
        shift = number % max(len(keys), 1)
        for key in keys[shift:] + keys[:shift]:
            past = runs[key]
            if past and ("failed" in past[0] or past[0]["wall_s"] > options.slow):
                continue
            once = measure(commands[key], options.endpoint, folder, options.rows, options.timeout)
            past.append(once)
            print(f"  round {number + 1}/{options.rounds} {key}: " + once.get("failed", f"{once['wall_s']:.2f} s, {once['cpu_s'] / options.rows * 1e6:.1f} us of CPU a row"), file=sys.stderr, flush=True)
    document["results"] = [results_of(key, past, options.rows) for key, past in runs.items()]
    document["ratios"] = ratios_of(document["results"])
    return document


if __name__ == "__main__":
    sys.exit(main())
