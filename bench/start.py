"""What a cold start costs: from the start of the process to its first call of Lambda's Runtime API, and
the size of what has to be deployed. lakegate as tools/package made it, beside functions in Go and Python
that can do the same (peers/function).

    tools/package x86_64
    $(tools/setup --python bench) bench/start.py [--rounds N] [--package ZIP] [--results DIR]

It writes start.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.metadata
import os
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

import programs

HERE = pathlib.Path(__file__).resolve().parent
MB = 1_000_000
PYTHON_NEEDS = ("pyarrow", "boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")


@dataclasses.dataclass
class Peer:
    name: str
    command: list[str]
    packed: int  # bytes
    unpacked: int
    took: list[float] = dataclasses.field(default_factory=list)  # seconds


def sizes_of(path: pathlib.Path) -> tuple[int, int]:
    with zipfile.ZipFile(path) as archive:
        return path.stat().st_size, sum(info.file_size for info in archive.infolist())


def zipped(target: pathlib.Path, files: list[tuple[pathlib.Path, str]]) -> tuple[int, int]:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in files:
            archive.write(path, name)
    return sizes_of(target)


def lakegate(package: pathlib.Path, folder: pathlib.Path) -> Peer:
    subprocess.run(["tar", "-xzf", package.with_suffix(".tar.gz"), "-C", folder], check=True)
    (installed,) = (path for path in folder.iterdir() if path.name.startswith("lakegate-"))
    return Peer("lakegate", [str(installed / "bootstrap")], *sizes_of(package))


def go(folder: pathlib.Path) -> Peer:
    program = folder / "bootstrap"
    subprocess.run([programs.go_command(), "build", "-mod=readonly", "-trimpath", "-tags", "lambda.norpc",
                    "-ldflags", "-s -w", "-o", program, "."],
                   cwd=HERE / "peers" / "function" / "go", env=os.environ | {"CGO_ENABLED": "0"}, check=True)
    return Peer("Go, AWS SDK v2, parquet-go", [str(program)], *zipped(folder / "go.zip", [(program, "bootstrap")]))


def python(folder: pathlib.Path) -> Peer:
    """Sizes are of the files that pip installs for these packages; Python itself comes with the runtime."""
    files = [(pathlib.Path(file.locate()), str(file)) for name in PYTHON_NEEDS
             for file in importlib.metadata.files(name) or [] if not str(file).startswith("..") and file.locate().exists()]
    script = HERE / "peers" / "function" / "function.py"
    return Peer("Python, PyArrow and boto3", [sys.executable, str(script)],
                *zipped(folder / "python.zip", [*files, (script, "function.py")]))


def start(command: list[str]) -> float:
    """Seconds until the process has sent the request line of its first call."""
    with socket.create_server(("127.0.0.1", 0)) as api:
        api.settimeout(60)
        environment = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % api.getsockname()[1],
                       "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                       "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                       "LAKEGATE_LAKE": "s3://bucket/lake", "_LAMBDA_SERVER_PORT": "0"}
        begin = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            connection, _ = api.accept()
            with connection:
                request = connection.recv(4096)
                took = time.monotonic() - begin
        finally:
            process.kill()
            process.wait()
    if not request.startswith(b"GET /2018-06-01/runtime/invocation/next"):
        sys.exit(f"{command[0]} asked for something else: {request[:100]!r}")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--package", type=pathlib.Path,
                        default=HERE.parent / "build" / f"lakegate-{platform.machine().replace('aarch64', 'arm64')}.zip")
    parser.add_argument("--results", type=pathlib.Path, default=HERE / "results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        peers = [lakegate(options.package, folder), go(folder), python(folder)]
        load = os.getloadavg()[0]
        for _ in range(options.rounds + 1):  # the first round fills the page cache and does not count
            for peer in peers:
                peer.took.append(start(peer.command))
    lines = ["# The start of a function", "",
             f"{datetime.date.today()}, {options.rounds} starts each, in turns; {os.cpu_count()} CPUs, load before the start {load:.1f}", "",
             "| | first call after, median | least | zip | unpacked |", "|---|---:|---:|---:|---:|"]
    for peer in peers:
        took = [seconds * 1000 for seconds in peer.took[1:]]
        lines.append(f"| {peer.name} | {statistics.median(took):.1f} ms | {min(took):.1f} ms | {peer.packed / MB:.1f} MB "
                     f"| {peer.unpacked / MB:.1f} MB |")
    text = "\n".join(lines) + "\n"
    (options.results / "start.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
