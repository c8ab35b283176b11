#!/usr/bin/env python3
"""The same work done by lakegate and by its peers, in one run: CSV and NDJSON -> Parquet with zstd.

Whole processes, run in turns (every round runs each program once, in a rotated order), each output
compared with what the generator knows. Prints a table and writes latest.md, latest.json and latest.svg
to bench/results (or --results). See README.md beside this file for what is and is not measured.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys

import plot
import programs
import report

HERE = pathlib.Path(__file__).resolve().parent
INPUTS = {"csv": "orders", "json": "readings"}


def machine() -> dict:
    info = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        info.setdefault(key.strip(), value.strip())
    release = {}
    if os.path.exists("/etc/os-release"):
        for line in pathlib.Path("/etc/os-release").read_text().splitlines():
            key, _, value = line.partition("=")
            release[key] = value.strip('"')
    return {
        "cpu": info.get("model name", platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": release.get("PRETTY_NAME", platform.system()),
        "kernel": platform.release().split("-")[0],
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def make_input(format_: str, size: str) -> tuple[pathlib.Path, dict]:
    """Runs the generator as a process of its own, so that this one stays small."""
    command = [sys.executable, str(HERE / "generate.py"), "--format", format_, "--size", size]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"run.py: the {size} {format_} input could not be made")
    path = pathlib.Path(done.stdout.strip().splitlines()[-1])
    return path, json.loads(path.with_name(path.name + ".meta.json").read_text())


def warm(path: pathlib.Path) -> None:
    """Reads the input once, so that every program finds it in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 22):
            pass


def failure(code: str, stderr: str, hide: list[str]) -> str:
    if code == "timeout":
        return "timed out"
    if code == "-9":
        return "killed (signal 9): most likely out of memory"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.-]+(Error|Exception|Invalid)?: \S", line)]
    text = (named or lines or ["no message"])[0 if named else -1]
    for secret in hide:  # results are published: no paths of this machine in them
        text = text.replace(secret, "")
    return f"exit code {code}: {text[:200]}"


def measure(program: programs.Program, source: pathlib.Path, work: pathlib.Path, timeout: int) -> dict:
    target, stderr = work / f"out-{program.key}.parquet", work / "stderr.txt"
    target.unlink(missing_ok=True)
    command = [sys.executable, "-I", "-S", str(HERE / "measure.py"), str(timeout), str(stderr), *program.command(source, target)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    facts = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    result = {"wall_s": float(facts["wall"]), "cpu_s": float(facts["cpu"]), "rss_bytes": int(facts["rss"])}
    if facts["code"] != "0":
        hide = [str(source.parent) + "/", str(work) + "/", str(HERE) + "/", str(HERE.parent) + "/"]
        result["failed"] = failure(facts["code"], stderr.read_text(errors="replace"), hide)
    elif not target.exists():
        result["failed"] = "exit code 0, but no output"
    else:
        result["output_bytes"] = target.stat().st_size
    return result


def verify(meta_path: pathlib.Path, target: pathlib.Path) -> dict:
    done = subprocess.run([sys.executable, str(HERE / "verify.py"), str(meta_path), str(target)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return {"rows": None, "wrong": ["the check itself failed"], "types": {}}
    return json.loads(done.stdout)


def bench_input(format_: str, size: str, chosen: list[programs.Program], rounds: int, options, work: pathlib.Path) -> list[dict]:
    source, meta = make_input(format_, size)
    meta_path = source.with_name(source.name + ".meta.json")
    warm(source)
    runs: dict[str, list[dict]] = {program.key: [] for program in chosen}
    checks: dict[str, dict] = {}
    for number in range(rounds):
        shift = number % len(chosen)
        for program in chosen[shift:] + chosen[:shift]:
            past = runs[program.key]
            if past and ("failed" in past[0] or past[0]["wall_s"] > options.slow):
                continue  # it fails every time, or is so slow that once is telling enough
            once = measure(program, source, work, options.timeout)
            past.append(once)
            target = work / f"out-{program.key}.parquet"
            if "failed" not in once and program.key not in checks:
                checks[program.key] = verify(meta_path, target)
            target.unlink(missing_ok=True)
            print(f"  {format_} {size} round {number + 1}/{rounds} {program.name}: " + once.get("failed", f"{once['wall_s']:.2f} s"), file=sys.stderr, flush=True)
    results = []
    for program in chosen:
        good = [once for once in runs[program.key] if "failed" not in once]
        entry = {"program": program.key, "format": format_, "size": size, "input_bytes": meta["bytes"], "rows": meta["rows"], "runs": runs[program.key]}
        failures = [once["failed"] for once in runs[program.key] if "failed" in once]
        if failures:
            entry["failed"] = failures[0] if not good else f"{len(failures)} of {len(runs[program.key])} runs: {failures[0]}"
        if good:
            entry["median"] = {key: statistics.median(once[key] for once in good) for key in ("wall_s", "cpu_s", "rss_bytes", "output_bytes")}
            entry["median"]["rss_bytes"] = max(once["rss_bytes"] for once in good)  # a peak is a peak
            entry["check"] = checks[program.key]
        results.append(entry)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10MB,100MB,1GB")
    parser.add_argument("--formats", default="csv,json")
    parser.add_argument("--programs", default=",".join(programs.NAMES), help="of: " + ", ".join(programs.NAMES))
    parser.add_argument("--rounds", type=int, help="default: 5, and 3 for inputs of 500 MB and more")
    parser.add_argument("--lakegate", help="the executable (default: $LAKEGATE_BIN or build/release/lakegate)")
    parser.add_argument("--timeout", type=int, default=600, metavar="S", help="give a run up after S seconds (default 600)")
    parser.add_argument("--slow", type=float, default=60, metavar="S", help="run a program only once if it took longer than S seconds (default 60)")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results", help="the folder for latest.md, .json and .svg")
    options = parser.parse_args()

    from_generator = subprocess.run([sys.executable, str(HERE / "generate.py"), "--print-dir"], stdout=subprocess.PIPE, text=True, check=True)
    work = pathlib.Path(from_generator.stdout.strip()) / f"run-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    chosen, absent = [], {}
    for key in options.programs.split(","):
        if key not in programs.NAMES:
            parser.error(f"unknown program {key!r}: choose of {', '.join(programs.NAMES)}")
        try:
            chosen.append(programs.load(key, options.lakegate, work))
        except programs.Unavailable as reason:
            absent[key] = str(reason)
            print(f"run.py: without {programs.NAMES[key]}: {reason}", file=sys.stderr)
    if not chosen:
        parser.error("none of these programs can be run here")
    document = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": machine(),
        "programs": {program.key: {"name": program.name, "version": program.version} for program in chosen},
        "absent": absent,
        "results": [],
    }
    try:
        for format_ in options.formats.split(","):
            if format_ not in INPUTS:
                parser.error(f"unknown format {format_!r}: choose of {', '.join(INPUTS)}")
            for size in options.sizes.split(","):
                large = size.upper().endswith("GB") or int(float(size[:-2])) >= 500
                rounds = options.rounds or (3 if large else 5)
                document["results"] += bench_input(format_, size, chosen, rounds, options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    options.results.mkdir(parents=True, exist_ok=True)
    text = report.markdown(document)
    (options.results / "latest.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.results / "latest.md").write_text(text)
    (options.results / "latest.svg").write_text(plot.svg(document))
    print(text)
    ours = [entry for entry in document["results"] if entry["program"] == "lakegate"]
    bad = [entry for entry in ours if "failed" in entry or entry["check"]["wrong"] or entry["check"]["types"]]
    for entry in bad:
        print(f"run.py: lakegate on {entry['format']} {entry['size']} is not right: {entry.get('failed') or entry['check']}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
