#!/usr/bin/env python3
"""Many requests to one Parquet dataset by lakegate, a Go program and a Python one, against the API server
of the tests: fetch, validate, write `values` as list<int64>, keep the replies and a report of each request.
Beside them what Go and Python take to write the rows alone. Two tables and a figure of memory.

Whole processes in turns, outputs compared value by value with what the server's seed says. Prints the
tables and writes fetch.md and fetch.json to bench/results (or --results). See README.md beside this file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

import programs
from run import failure, machine

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import servers  # noqa: E402

NAMES = {"lakegate": "lakegate", "go": "Go, net/http, parquet-go", "aiohttp": "Python, aiohttp, PyArrow",
         "go-rows": "Go, rows alone", "aiohttp-rows": "Python, rows alone"}
VALUES = 100
# The floor of a wall time: as many rounds of the latency as connections allow.
TABLES = {
    "a": {"title": "No latency, 256 connections", "latency": "0s", "connections": 256, "floor_s": None},
    "b": {"title": "100 ms latency, 900 connections", "latency": "100ms", "connections": 900, "floor_s": 0.1},
}
FUNCTION_MB = 256
# What a function of that size gives itself (src/lambda/function_size.cc).
AS_FUNCTION = ("--memory", "80MiB", "--threads", "1")


class Lakegate:
    keeps = True

    def __init__(self, given: str | None, *options: str):
        self.path, self.options = programs.find_lakegate(given), options
        self.version = re.sub(r"^lakegate\s+", "", programs.first_line([str(self.path), "--version"]))

    def command(self, url: str, requests: int, connections: int, work: pathlib.Path) -> list[str]:
        lake = work / "lake"
        lake.mkdir()
        (lake / "lake.yaml").write_text(f"""datasets:
  readings:
    source:
      url: '{url.replace("{device}", "d{number}")}'
      for_each: {{number: {{from: 0, to: {requests - 1}}}}}
      add: {{device: 'd{{number}}'}}
      limits: {{concurrency: {connections}}}
      allow_http: true
      allow_hosts: 127.0.0.1
    schema:
      - {{name: device, type: text}}
      - {{name: datetime, type: text}}
      - {{name: values, type: list<int64>}}
""")
        return [str(self.path), "fetch", "readings", "--lake", str(lake), *self.options]

    def output(self, work: pathlib.Path) -> pathlib.Path:
        return work / "lake" / "curated" / "readings"

    def kept(self, work: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
        """Where the replies are, and the reports."""
        lake = work / "lake"
        return (list(lake.glob("landing/readings/*.replies.ndjson.zst")),
                list(lake.glob("_lake/fetches/readings/*/report-*.parquet")))


class Peer:
    def __init__(self, key: str, prefix: list[str], version: str):
        self.prefix, self.version, self.keeps = prefix, version, not key.endswith("-rows")

    def command(self, url: str, requests: int, connections: int, work: pathlib.Path) -> list[str]:
        kept = [str(path) for paths in self.kept(work) for path in paths]
        return [*self.prefix, url, str(requests), str(connections), str(self.output(work)), *kept]

    def output(self, work: pathlib.Path) -> pathlib.Path:
        return work / "out.parquet"

    def kept(self, work: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
        return ([work / "replies.ndjson.zst"], [work / "report.parquet"]) if self.keeps else ([], [])


def load(key: str, lakegate: str | None, folder: pathlib.Path) -> Lakegate | Peer:
    if key == "lakegate":
        return Lakegate(lakegate)
    if key.startswith("go"):
        version = programs.first_line([programs.go_command(), "version"]).removeprefix("go version go").split(" ")[0]
        return Peer(key, [str(programs.build_go(folder, "./fetch", "peer-go-fetch"))], f"Go {version}")
    import aiohttp

    return Peer(key, [sys.executable, str(HERE / "peers" / "peer_aiohttp.py")],
                f"aiohttp {aiohttp.__version__}, PyArrow {pa.__version__}")


def count_kept(program: Lakegate | Peer, work: pathlib.Path) -> tuple[int, int]:
    """Landed replies and rows of reports."""
    landed, reports = program.kept(work)
    lines = [line for path in landed for line in pa.input_stream(path, compression="zstd").read().splitlines()]
    return (sum(not line.startswith(b'{"lakegate_replies"') for line in lines),
            sum(pq.read_metadata(path).num_rows for path in reports))


def compare(output: pathlib.Path, content, requests: int, values: int, in_order: bool) -> list[str]:
    """What is wrong with an output: every row once, every value as the server computed it."""
    files = sorted(output.rglob("*.parquet")) if output.is_dir() else [output]  # named by plan and slice
    table = ds.dataset(files, format="parquet").to_table(columns=["device", "datetime", "values"])
    type_ = table.schema.field("values").type
    wrong = [] if pa.types.is_list(type_) and type_.value_type == pa.int64() else [f"values is {type_}"]
    devices = table["device"].to_pylist()
    if sorted(devices) != sorted(f"d{i}" for i in range(requests)):
        return [*wrong, f"{len(devices)} rows of {len(set(devices))} devices instead of {requests}"]
    if in_order and devices != [f"d{i}" for i in range(requests)]:
        wrong.append("the rows are not in the order of the requests")
    if table["datetime"].to_pylist() != [content.datetime(device) for device in devices]:
        wrong.append("a datetime differs")
    row = 0
    for chunk in table["values"].chunks:
        offsets, flat = np.asarray(chunk.offsets), np.asarray(chunk.values)
        for begin, end in zip(offsets[:-1], offsets[1:], strict=True):
            if not np.array_equal(flat[begin:end], content.values(devices[row], values)):
                return [*wrong, f"the values of {devices[row]} differ"]
            row += 1
    return wrong


def cpu_of(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def once(program, server, requests: int, connections: int, values: int, folder: pathlib.Path, timeout: int,
         check: bool) -> dict:
    # Removed with everything at the end: files that have just been deleted make the next ones slow on some file systems.
    work = pathlib.Path(tempfile.mkdtemp(dir=folder))
    url = server.url("quick", f"/devices/{{device}}/readings?values={values}")
    command = program.command(url, requests, connections, work)
    os.sync()  # nothing that others wrote is left to wait for
    before, stderr = cpu_of(server.server.process.pid), work / "stderr.txt"
    done = subprocess.run([sys.executable, "-I", "-S", str(HERE / "measure.py"), str(timeout), str(stderr), *command],
                          stdout=subprocess.PIPE, text=True, check=True)
    facts = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    result = {"wall_s": float(facts["wall"]), "cpu_s": float(facts["cpu"]), "rss_bytes": int(facts["rss"]),
              "server_cpu_s": round(cpu_of(server.server.process.pid) - before, 2)}
    if facts["code"] != "0":
        result["failed"] = failure(facts["code"], stderr.read_text(errors="replace"),
                                   [str(folder) + "/", str(HERE.parent) + "/"])
    elif check:
        result["wrong"] = compare(program.output(work), server.content, requests, values, program.keeps)
        if program.keeps and count_kept(program, work) != (requests, requests):
            result["wrong"].append(f"kept are replies and reports of {count_kept(program, work)} requests")
    return result


def table(key: str, chosen: dict, server, options, folder: pathlib.Path) -> list[dict]:
    about = TABLES[key]
    server.configure(latency=about["latency"])
    runs: dict[str, list[dict]] = {name: [] for name in chosen}
    names = list(chosen)
    for number in range(options.rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            result = once(chosen[name], server, options.requests, about["connections"], VALUES, folder,
                          options.timeout, check=not runs[name])
            runs[name].append(result)
            print(f"  ({key}) round {number + 1}/{options.rounds} {NAMES[name]}: "
                  + result.get("failed", f"{result['wall_s']:.2f} s"), file=sys.stderr, flush=True)
    return [{"table": key, "program": name, "runs": runs[name]} for name in names]


def medians(entry: dict) -> dict | None:
    good = [run for run in entry["runs"] if "failed" not in run]
    if not good:
        return None
    figures = {key: statistics.median(run[key] for run in good) for key in ("wall_s", "cpu_s", "server_cpu_s")}
    return figures | {"rss_bytes": max(run["rss_bytes"] for run in good)}


def ratios(ours: dict, theirs: dict) -> dict | None:
    """Medians of the ratios of each round: the two ran one after the other, whatever the machine did in between."""
    pairs = [(a, b) for a, b in zip(ours["runs"], theirs["runs"], strict=True) if "failed" not in {**a, **b}]
    return {key: statistics.median(a[key] / b[key] for a, b in pairs) for key in ("cpu_s", "wall_s")} if pairs else None


def markdown(document: dict) -> str:
    m, requests = document["machine"], document["requests"]
    lines = ["# Fetching: benchmark results", "",
             f"{document['date']}, {m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, {m['system']}, Linux {m['kernel']}; "
             f"load before the start {m['load_at_start']}. {requests:,} requests over loopback, each reply one text and "
             f"{VALUES} integers; medians of {document['rounds']} runs in turns (peak memory: the highest), the server on "
             "the same cores. Every output was compared value by value with what the server's seed says.", "",
             "Versions: " + ", ".join(f"{NAMES[key]}: {version}" for key, version in document["programs"].items()) + "."]
    lines += [f"Not run: {key} ({reason})." for key, reason in document["absent"].items()]
    for key, about in TABLES.items():
        entries = [entry for entry in document["results"] if entry["table"] == key]
        if not entries:
            continue
        floor = about["floor_s"] and about["floor_s"] * requests / about["connections"]
        lines += ["", f"## ({key}) {about['title']}" + (f": not under {floor:.2f} s" if floor else ""), "",
                  "| program | wall s | " + ("of the floor | " if floor else "") +
                  "requests/s | CPU µs a request | peak memory MB | server's CPU µs a request |",
                  "|---|---:|" + ("---:|" if floor else "") + "---:|---:|---:|---:|"]
        for entry in entries:
            name, middle = NAMES[entry["program"]], medians(entry)
            name = f"**{name}**" if entry["program"] == "lakegate" else name
            if not middle:
                lines.append(f"| {name} | failed: {entry['runs'][0]['failed'].replace('|', '/')} |")
                continue
            lines.append(f"| {name} | {middle['wall_s']:.2f} | " + (f"{middle['wall_s'] / floor:.2f} | " if floor else "")
                         + f"{requests / middle['wall_s']:,.0f} | {middle['cpu_s'] / requests * 1e6:.0f} | "
                         f"{middle['rss_bytes'] / 1e6:.0f} | {middle['server_cpu_s'] / requests * 1e6:.0f} |")
        lines += [""] + [f"- {NAMES[entry['program']]}: **wrong:** {'; '.join(entry['runs'][0]['wrong'])}"
                         for entry in entries if entry["runs"][0].get("wrong")]
        of = {entry["program"]: entry for entry in entries}
        if {"lakegate", "go"} <= of.keys() and (ratio := ratios(of["lakegate"], of["go"])):
            lines += [f"Against Go, medians of the ratios of each round: {ratio['cpu_s']:.2f} of its CPU time, "
                      f"{1 / ratio['wall_s']:.2f} times its requests a second."]
    if document.get("memory"):
        run = document["memory"]
        lines += ["", "## Memory", "", f"{run['requests']:,} replies of {run['reply_bytes']:,} bytes by lakegate as in a "
                  f"function of {FUNCTION_MB} MB: " + (run.get("failed") or f"{run['wall_s']:.1f} s, {run['cpu_s']:.1f} s CPU, "
                  f"peak memory {run['rss_bytes'] / 1e6:.0f} MB ({run['rss_bytes'] / 2**20:.0f} MiB)"
                  + (f", **wrong:** {'; '.join(run['wrong'])}" if run["wrong"] else "")) + "."]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", default="a,b,memory")
    parser.add_argument("--programs", default=",".join(NAMES), help="of: " + ", ".join(NAMES))
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--memory-requests", type=int, default=100_000, help="replies of 10 KB for the figure of memory")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lakegate", help="the executable (default: $LAKEGATE_BIN or build/release/lakegate)")
    parser.add_argument("--timeout", type=int, default=600, metavar="S")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results")
    options = parser.parse_args()
    document = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"), "machine": machine(),
                "requests": options.requests, "rounds": options.rounds, "programs": {}, "absent": {}, "results": []}
    with tempfile.TemporaryDirectory(prefix="lakegate-bench-") as temporary:
        folder, chosen = pathlib.Path(temporary), {}
        for key in options.programs.split(","):
            if key not in NAMES:
                parser.error(f"unknown program {key!r}: choose of {', '.join(NAMES)}")
            try:
                chosen[key] = load(key, options.lakegate, folder)
                document["programs"][key] = chosen[key].version
            except (programs.Unavailable, ImportError) as reason:
                document["absent"][key] = str(reason)
        with servers.api(folder / "server", record=False) as server:
            for key in TABLES:
                if key in options.tables.split(","):
                    document["results"] += table(key, chosen, server, options, folder)
            if "memory" in options.tables.split(",") and "lakegate" in chosen:
                server.configure()
                values = 1380  # 10 KB
                size = len(json.dumps(server.content.reading("d0", values), separators=(",", ":")))
                document["memory"] = {"requests": options.memory_requests, "reply_bytes": size} | once(
                    Lakegate(options.lakegate, *AS_FUNCTION), server, options.memory_requests, 256, values, folder,
                    options.timeout, check=True)
    options.results.mkdir(parents=True, exist_ok=True)
    text = markdown(document)
    (options.results / "fetch.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.results / "fetch.md").write_text(text)
    print(text)
    ours = [run for entry in document["results"] if entry["program"] == "lakegate" for run in entry["runs"]]
    bad = [run for run in [*ours, document.get("memory", {})] if run.get("failed") or run.get("wrong")]
    for run in bad:
        print(f"fetch.py: lakegate is not right: {run.get('failed') or run.get('wrong')}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
