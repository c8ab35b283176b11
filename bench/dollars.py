#!/usr/bin/env python3
"""What the measured work costs on AWS Lambda: dollars per GB converted and per million rows loaded.

Takes the CPU seconds of results/latest.json (run.py), s3.json (s3.py) and load.json (load.py), and the prices
below; writes results/dollars.md. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Prices in dollars, us-east-1, without free tiers and savings plans, as of November 2024, when DynamoDB's
# changed last. They are assumptions: look them up before you rely on them.
# https://aws.amazon.com/lambda/pricing/
LAMBDA_X86_GB_SECOND = 0.0000166667
LAMBDA_ARM64_GB_SECOND = 0.0000133334
LAMBDA_REQUEST = 0.20 / 1e6
# https://aws.amazon.com/dynamodb/pricing/on-demand/ (since November 2024)
DYNAMODB_WRITE_UNIT = 0.625 / 1e6  # an item of up to 1 KB
# https://aws.amazon.com/s3/pricing/
S3_PUT = 0.005 / 1000
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: at 1,769 MB, one vCPU
VCPU_MB = 1769
SIZES_MB = (256, 1769)
# A file that lands: its claim, its Parquet file, its run record.
PUTS_PER_ARRIVAL = 3
# "Single-digit milliseconds" (https://aws.amazon.com/dynamodb/); what an answer takes is no matter of CPU.
ANSWER_S = 0.005
# Rows in a request, and requests in flight at most.
REQUESTS = {"lakegate-upsert": (25, 64), "lakegate-newest": (1, 64), "go-batch": (25, 8), "go-put": (1, 1), "boto3": (25, 1)}


def seconds(cpu_s: float, memory_mb: int) -> float:
    """How long a function computes that gets its share of a vCPU; at most one, as at 1,769 MB."""
    return cpu_s * VCPU_MB / min(memory_mb, VCPU_MB)


def dollars(wall_s: float, memory_mb: int, gb_second: float) -> float:
    return wall_s * memory_mb / 1024 * gb_second


def cell(text: str, peak_bytes: float, memory_mb: int) -> str:
    return text if peak_bytes <= memory_mb * 2**20 else f"needs {peak_bytes / 2**20:,.0f} MB"


def row(name: str, cpu_s: float, peak_bytes: float) -> str:
    cells = [f"{cpu_s:.2f}"]
    for memory in SIZES_MB:
        wall = seconds(cpu_s, memory)
        cells.append(cell(f"{wall:,.1f} s, ${dollars(wall, memory, LAMBDA_X86_GB_SECOND):.6f}", peak_bytes, memory))
    fitting = [memory for memory in SIZES_MB if peak_bytes <= memory * 2**20]
    memory = fitting[0] if fitting else SIZES_MB[-1]
    arm = dollars(seconds(cpu_s, memory), memory, LAMBDA_ARM64_GB_SECOND)
    cells.append(f"${arm:.6f}" if fitting else "")
    return f"| {name} | " + " | ".join(cells) + " |"


HEAD = ["| program | CPU s | at 256 MB | at 1,769 MB | at arm64's price |", "|---|---:|---:|---:|---:|"]


def conversion(document: dict) -> list[str]:
    lines = []
    for format_, title in (("csv", "CSV"), ("json", "NDJSON")):
        entries = [entry for entry in document["results"] if entry["format"] == format_ and "median" in entry]
        if not entries:
            continue
        largest = max(entry["input_bytes"] for entry in entries)
        entries = [entry for entry in entries if entry["input_bytes"] == largest]
        lines += ["", f"## {title} -> Parquet, a GB", "", f"Measured on {largest / 1e6:,.0f} MB, {document['date']}. Peak memory decides what fits.", "", *HEAD]
        for entry in sorted(entries, key=lambda entry: entry["median"]["cpu_s"]):
            name = document["programs"][entry["program"]]["name"]
            lines.append(row(f"**{name}**" if entry["program"] == "lakegate" else name, entry["median"]["cpu_s"] * 1e9 / largest, entry["median"]["rss_bytes"]))
    return lines


def loading(document: dict, names: dict[str, str]) -> list[str]:
    entries = [entry for entry in document["results"] if "median" in entry]
    head = [HEAD[0] + f" answers in {ANSWER_S * 1000:.0f} ms, at 256 MB |", HEAD[1] + "---:|"]
    lines = ["", "## Rows -> table, a million", "", f"Measured on {document['rows']:,} rows, {document['date']}.", "", *head]
    for entry in sorted(entries, key=lambda entry: entry["median"]["cpu_s"]):
        key = entry["program"]
        cpu_s = entry["median"]["cpu_us_per_row"]  # microseconds a row are seconds a million
        rows, in_flight = REQUESTS[key]
        wall = max(seconds(cpu_s, SIZES_MB[0]), 1e6 / rows / in_flight * ANSWER_S)
        waiting = f"{wall:,.0f} s, ${dollars(wall, SIZES_MB[0], LAMBDA_X86_GB_SECOND):.6f}"
        name = f"**{names[key]}**" if key.startswith("lakegate") else names[key]
        lines.append(row(name, cpu_s, entry["median"]["rss_bytes"]) + f" {cell(waiting, entry['median']['rss_bytes'], SIZES_MB[0])} |")
    return lines


def through_s3(document: dict) -> list[str]:
    runs, gigabytes = document["runs"], document["input_bytes"] / 1e9
    lines = ["", f"## {document['format'].upper()} in S3 -> Parquet in S3, a GB", "",
             f"lakegate's function with one thread, measured on {document['input_bytes'] / 1e6:,.0f} MB without TLS, {document['date']}.", "", *HEAD]
    for kind, name in (("s3", "**S3 to S3**"), ("convert", "`lakegate convert --threads 1`, file to file")):
        cpu_s = statistics.median(run["cpu"] for run in runs[kind]) / gigabytes
        lines.append(row(name, cpu_s, max(run["rss"] for run in runs[kind])))
    return lines


def arithmetic() -> list[str]:
    small, large = SIZES_MB
    one_small, one_large = dollars(seconds(1, small), small, LAMBDA_X86_GB_SECOND), dollars(1, large, LAMBDA_X86_GB_SECOND)
    return [
        "",
        "## The arithmetic",
        "",
        f"A function of {large:,} MB has one vCPU, one of {small} MB {small}/{large:,} of it, so that a CPU second takes {large:,}/{small} = {seconds(1, small):.2f} s there. "
        "GB-seconds are memory (in MB, /1,024) times that:",
        "",
        f"- {small} MB: {small}/1,024 GB x {seconds(1, small):.3f} s x ${LAMBDA_X86_GB_SECOND:.10f} = ${one_small:.8f} for a CPU second",
        f"- {large:,} MB: {large:,}/1,024 GB x 1 s x ${LAMBDA_X86_GB_SECOND:.10f} = ${one_large:.8f}, the same: more memory buys time, not money",
        f"- arm64: ${LAMBDA_ARM64_GB_SECOND:.10f} instead, {1 - LAMBDA_ARM64_GB_SECOND / LAMBDA_X86_GB_SECOND:.0%} less, if a CPU second does as much there as here (not measured)",
        "",
        "What comes on top:",
        "",
        f"- a request of Lambda: ${LAMBDA_REQUEST:.7f}",
        f"- {PUTS_PER_ARRIVAL} PUTs of S3 for a file that lakegate converts (claim, Parquet file, run record): {PUTS_PER_ARRIVAL} x ${S3_PUT:.6f} = ${PUTS_PER_ARRIVAL * S3_PUT:.6f}",
        f"- a million rows of at most 1 KB in DynamoDB, on demand: 1,000,000 x ${DYNAMODB_WRITE_UNIT:.9f} = ${1e6 * DYNAMODB_WRITE_UNIT:.3f}",
        "",
        f"In the last column a program also waits: requests / requests in flight x {ANSWER_S * 1000:.0f} ms, or its CPU time if that is longer. "
        "lakegate has at most 64 requests in flight, the Go programs 8 and 1, boto3's writer 1; the table is taken to keep up.",
        "",
        "Prices: us-east-1, list prices without free tiers, as of November 2024 (the constants at the top of `bench/dollars.py` name AWS's pages). They are assumptions, as is that a vCPU there is a core here.",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results", help="the folder of latest.json, s3.json and load.json, and for dollars.md")
    options = parser.parse_args()
    lines = ["# Dollars", "", "What the CPU seconds that were measured cost as time of AWS Lambda. Computing only: requests, storage and DynamoDB's own price come on top (below)."]
    found = False
    for name, part in (("latest.json", conversion), ("s3.json", through_s3), ("load.json", lambda document: loading(document, document["programs"]))):
        path = options.results / name
        if path.is_file():
            found = True
            lines += part(json.loads(path.read_text()))
    if not found:
        parser.error(f"nothing measured is in {options.results}: run run.py, s3.py and load.py first")
    text = "\n".join(lines + arithmetic()) + "\n"
    (options.results / "dollars.md").write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
