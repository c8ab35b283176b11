#!/usr/bin/env python3
"""S3 -> Parquet -> S3 through a function of 256 MB, against the same conversion on the machine's own disk:
CPU, time and memory.

    python=$(tools/setup --python test)
    $python bench/s3.py [--size 1GB] [--rounds 3] [--format csv|json] [--results DIR]

The S3 server (versitygw) stands on loopback, without TLS; its own time is not counted. The memory limit is
the kernel's: a cgroup, with the page cache in it, where one can be made (root); otherwise RLIMIT_DATA,
which counts memory that is the process's own. The exit code is 1 where a conversion fails, or takes more
than 1.3 times the CPU of the local one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.config import Config

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests"))

import servers  # noqa: E402
from servers.environment import REGION, forget_the_machine  # noqa: E402

MOST = 1.3  # times the CPU of the local conversion
MEMORY = 256  # MB, of the function
BUCKET = "bench"
CGROUPS = (("memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),  # version 1 of cgroups, and 2
           (".", "memory.max", "memory.peak"))


@contextmanager
def memory_limit(limit: int) -> Iterator[tuple[list[str], pathlib.Path | None]]:
    """What to put before a command, and the file in which the peak can be read."""
    for controller, wanted, peak in CGROUPS:
        folder = pathlib.Path("/sys/fs/cgroup") / controller / f"lakegate-bench-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / wanted).write_text(str(limit))
        except OSError:
            folder.rmdir()
            continue
        try:
            yield ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(folder / "cgroup.procs")], folder / peak
        finally:
            folder.rmdir()
        return
    yield ["prlimit", f"--data={limit}"], None


def measure(command: list[str], environment: dict[str, str], work: pathlib.Path, timeout: int = 3600) -> dict:
    stderr = work / "stderr.txt"
    done = subprocess.run([sys.executable, "-I", "-S", str(HERE / "measure.py"), str(timeout), str(stderr), *command],
                          stdout=subprocess.PIPE, text=True, check=True, env=environment)
    facts = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    if facts["code"] != "0":
        raise SystemExit(f"s3.py: {command[-3:]} ended with {facts['code']}: {stderr.read_text()[-2000:]}")
    return {"wall": float(facts["wall"]), "cpu": float(facts["cpu"]), "rss": int(facts["rss"])}


def make_input(format_: str, size: str) -> tuple[pathlib.Path, int]:
    python = subprocess.run([ROOT / "tools" / "setup", "--python", "bench"], stdout=subprocess.PIPE, text=True, check=True)
    made = subprocess.run([python.stdout.strip(), str(HERE / "generate.py"), "--format", format_, "--size", size],
                          stdout=subprocess.PIPE, text=True, check=True)
    path = pathlib.Path(made.stdout.strip().splitlines()[-1])
    return path, json.loads(path.with_name(path.name + ".meta.json").read_text())["rows"]


class Bench:
    def __init__(self, program: pathlib.Path, source: pathlib.Path, rows: int, work: pathlib.Path) -> None:
        self.program, self.source, self.rows, self.work = program, source, rows, work
        self.key = f"landing/bench/{source.name}"
        self.event = work / "event.json"
        self.event.write_text(json.dumps({"run": {"key": self.key}}))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAKEGATE_", "AWS_"))}
        self.environment = kept | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY), "TMPDIR": str(work)}
        self.credentials = servers.Credentials()

    def local(self) -> dict:
        """The same handler on a directory."""
        lake = self.work / "lake"
        target = lake / self.key
        target.parent.mkdir(parents=True)
        os.link(self.source, target)
        try:
            measured = measure([str(self.program), "invoke", str(self.event), "--lake", str(lake)], self.environment,
                               self.work)
            [record] = (lake / "_lake/runs/bench").iterdir()
            self.check(json.loads(record.read_text()))
            return measured
        finally:
            shutil.rmtree(lake)

    def convert(self) -> dict:
        """One file, no lake."""
        target = self.work / "out.parquet"
        measured = measure([str(self.program), "convert", str(self.source), str(target), "--threads", "1"],
                           self.environment, self.work)
        target.unlink()
        return measured

    def in_s3(self, endpoint: str) -> dict:
        client = boto3.client("s3", endpoint_url=endpoint, region_name=REGION,
                              aws_access_key_id=self.credentials.access_key,
                              aws_secret_access_key=self.credentials.secret_key,
                              config=Config(s3={"addressing_style": "path"}))
        found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        for item in found:
            if not item["Key"].startswith("landing/"):
                client.delete_object(Bucket=BUCKET, Key=item["Key"])
        if not found:
            client.upload_file(str(self.source), BUCKET, self.key)
        environment = self.environment | servers.aws_environment(self.credentials, s3=endpoint)
        with memory_limit(MEMORY << 20) as (limited, peak):
            measured = measure([*limited, str(self.program), "invoke", str(self.event), "--lake", f"s3://{BUCKET}"],
                               environment, self.work)
            measured["peak"] = int(peak.read_text()) if peak else measured["rss"]
            measured["limit"] = "cgroup" if peak else "RLIMIT_DATA"
        [record] = client.list_objects_v2(Bucket=BUCKET, Prefix="_lake/runs/")["Contents"]
        self.check(json.loads(client.get_object(Bucket=BUCKET, Key=record["Key"])["Body"].read()))
        return measured

    def check(self, record: dict) -> None:
        if record["rows_written"] != self.rows:
            raise SystemExit(f"s3.py: {record['rows_written']} rows were written of {self.rows}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1GB")
    parser.add_argument("--format", choices=("csv", "json"), default="csv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lakegate", type=pathlib.Path,
                        default=pathlib.Path(os.environ.get("LAKEGATE_BIN", ROOT / "build/release/lakegate")))
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results",
                        help="the folder for s3.md and s3.json, which has every single run")
    options = parser.parse_args()
    forget_the_machine()
    source, rows = make_input(options.format, options.size)
    runs: dict[str, list[dict]] = {"convert": [], "directory": [], "s3": []}
    # Beside the input, so that a file is linked and not copied.
    with tempfile.TemporaryDirectory(dir=source.parent, prefix="s3-") as name:
        work = pathlib.Path(name)
        bench = Bench(options.lakegate.resolve(), source, rows, work)
        with servers.s3(work / "s3", bench.credentials) as server:
            (work / "s3/buckets" / BUCKET).mkdir()
            for _ in range(options.rounds):
                runs["convert"].append(bench.convert())
                runs["directory"].append(bench.local())
                runs["s3"].append(bench.in_s3(server.url))
                print({kind: f"{of[-1]['cpu']:.2f} s CPU, {of[-1]['wall']:.2f} s" for kind, of in runs.items()},
                      file=sys.stderr, flush=True)
    document = {"date": datetime.date.today().isoformat(), "input": source.name, "format": options.format,
                "input_bytes": source.stat().st_size, "rows": rows, "runs": runs}
    (options.results / "s3.json").write_text(json.dumps(document, indent=1) + "\n")
    text, ratio = report(options, runs)
    (options.results / "s3.md").write_text("# S3 to S3\n\n" + text)
    print(text)
    if ratio > MOST:
        print(f"s3.py: S3 to S3 takes {ratio:.2f} times the CPU of the local conversion; {MOST} is what is allowed")
    return int(ratio > MOST)


def report(options: argparse.Namespace, runs: dict[str, list[dict]]) -> tuple[str, float]:
    """The table, and how many times the CPU of `convert` S3 to S3 takes."""
    cpu = {kind: statistics.median(run["cpu"] for run in of) for kind, of in runs.items()}
    named = {"convert": "`convert`, file to file", "directory": "the function's handler, directory to directory",
             "s3": "the function's handler, S3 to S3"}
    lines = [f"{options.size} of {options.format}, one thread, a function of {MEMORY} MB; medians of {options.rounds}, "
             f"{datetime.date.today()}", "",
             "| | CPU s | wall s | peak resident MB | CPU, times `convert` |", "|---|---:|---:|---:|---:|"]
    for kind, of in runs.items():
        wall = statistics.median(run["wall"] for run in of)
        rss = max(run["rss"] for run in of) / 2**20
        lines.append(f"| {named[kind]} | {cpu[kind]:.2f} | {wall:.2f} | {rss:.0f} | {cpu[kind] / cpu['convert']:.2f} |")
    peak = max(run["peak"] for run in runs["s3"]) / 2**20
    lines += ["", f"S3 to S3 stood within {MEMORY} MB by {runs['s3'][0]['limit']} (peak {peak:.0f} MB)."]
    return "\n".join(lines) + "\n", cpu["s3"] / cpu["convert"]


if __name__ == "__main__":
    sys.exit(main())
