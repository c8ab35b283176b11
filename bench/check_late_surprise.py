#!/usr/bin/env python3
"""Converts the late-surprise file with lakegate and compares every cell of the result with the text of the input.

    check_late_surprise.py [--size 1GB] [--lakegate PATH] [--max-rss-mb 128]

Exit code 0: the types are those expected, no cell differs, no row is lost, and the peak memory is within the limit.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import programs

HERE = pathlib.Path(__file__).resolve().parent

# DuckDB runs in a process of its own, after the measurement, so that this one stays small.
COMPARE = """
import duckdb, json, sys
source, target, types = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
duckdb.execute("SET enable_progress_bar = false")  # it would be printed among the result
quoted = lambda path: "'" + path.replace("'", "''") + "'"
found = {row[0]: row[1] for row in duckdb.execute(f"DESCRIBE FROM read_parquet({quoted(target)})").fetchall()}
differences = [f"{name} is {found.get(name, 'missing')}, expected {wanted}" for name, wanted in types.items() if found.get(name) != wanted]
cells = ", ".join(f'count_if(TRY_CAST(nullif(i."{n}", \\'NA\\') AS {t}) IS DISTINCT FROM o."{n}")' for n, t in types.items() if n in found)
row = duckdb.execute(
    f"SELECT count(i.id), count(o.id), {cells} FROM read_csv({quoted(source)}, all_varchar = true, header = true) i "
    f"POSITIONAL JOIN read_parquet({quoted(target)}) o").fetchall()[0]
if row[0] != row[1]:
    differences.append(f"{row[1]} rows, expected {row[0]}")
differences += [f"{n}: {bad} cells differ" for n, bad in zip([n for n in types if n in found], row[2:]) if bad]
print(json.dumps(differences))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1GB")
    parser.add_argument("--lakegate")
    parser.add_argument("--max-rss-mb", type=float, default=128, help="limit of the peak memory, in units of 10^6 bytes")
    options = parser.parse_args()
    try:
        lakegate = programs.find_lakegate(options.lakegate)
    except programs.Unavailable as reason:
        parser.error(str(reason))
    made = subprocess.run([sys.executable, str(HERE / "generate.py"), "--late-surprise", "--size", options.size], stdout=subprocess.PIPE, text=True, check=True)
    source = pathlib.Path(made.stdout.splitlines()[0])
    types = json.loads(source.with_name(source.name + ".meta.json").read_text())["types"]
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        target, stderr = pathlib.Path(folder) / "out.parquet", pathlib.Path(folder) / "stderr.txt"
        command = [sys.executable, "-I", "-S", str(HERE / "measure.py"), "900", str(stderr), str(lakegate), "convert", str(source), str(target)]
        facts = dict(line.split(" ", 1) for line in subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines())
        rss = int(facts["rss"]) / 1e6
        print(f"{source.name}: exit code {facts['code']}, {facts['wall']} s, CPU {facts['cpu']} s, peak memory {rss:.1f} MB")
        if facts["code"] != "0":
            print(stderr.read_text(errors="replace"), file=sys.stderr)
            return 1
        compared = subprocess.run([sys.executable, "-c", COMPARE, str(source), str(target), json.dumps(types)], stdout=subprocess.PIPE, text=True, check=True)
        differences = json.loads(compared.stdout)
    if rss > options.max_rss_mb:
        differences.append(f"peak memory {rss:.1f} MB is over {options.max_rss_mb:g} MB")
    for difference in differences:
        print("wrong:", difference)
    if not differences:
        print("types, rows and every cell are right")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
