"""The programs that are compared: how each is started, and which version it is."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

PYTHON = {"duckdb": "DuckDB", "polars": "Polars", "pyarrow": "PyArrow", "pyarrow-table": "PyArrow, whole table", "pandas": "pandas"}
NAMES = {"lakegate": "lakegate", **PYTHON, "go": "Go, parquet-go"}


class Unavailable(Exception):
    """Why a program cannot take part."""


def find_lakegate(given: str | None) -> pathlib.Path:
    path = pathlib.Path(given or os.environ.get("LAKEGATE_BIN") or HERE.parent / "build" / "release" / "lakegate")
    if not path.is_file():
        raise Unavailable("lakegate is not built: run `make build`, or name it with --lakegate or LAKEGATE_BIN")
    return path.resolve()


def go_command() -> str:
    """$GO (`tools/setup --go` prints it), or the machine's own."""
    go = os.environ.get("GO") or shutil.which("go")
    if not go:
        raise Unavailable("Go is not installed: run tools/setup bench")
    return go


def build_go(folder: pathlib.Path, package: str = ".", name: str = "peer-go") -> pathlib.Path:
    """Builds a Go program once; Go's own cache makes later calls quick."""
    target = folder / name
    built = subprocess.run([go_command(), "build", "-mod=readonly", "-trimpath", "-o", target, package], cwd=HERE / "peers" / "go", capture_output=True, text=True)
    if built.returncode != 0:
        raise Unavailable("go build failed: " + (built.stderr.strip().splitlines() or ["no message"])[-1])
    return target


def first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return (done.stdout.strip().splitlines() or ["unknown"])[0]


class Program:
    """A way to turn INPUT into OUTPUT, both given as paths."""

    def __init__(self, key: str, prefix: list[str], version: str):
        self.key, self.name, self.prefix, self.version = key, NAMES[key], prefix, version

    def command(self, source: pathlib.Path, target: pathlib.Path) -> list[str]:
        return [*self.prefix, str(source), str(target)]


def load(key: str, lakegate: str | None, folder: pathlib.Path) -> Program:
    if key == "lakegate":
        path = str(find_lakegate(lakegate))
        version = first_line([path, "--version"])
        return Program(key, [path, "convert"], re.sub(r"^lakegate\s+", "", version))
    if key == "go":
        version = first_line([go_command(), "version"]).removeprefix("go version go").split(" ")[0]
        module = re.search(r"xitongsys/parquet-go (v\S+)", (HERE / "peers" / "go" / "go.mod").read_text())
        return Program(key, [str(build_go(folder))], f"Go {version}, parquet-go {module.group(1)}")
    package = key.removesuffix("-table")
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise Unavailable(f"{package} is not installed: run tools/setup bench") from None
    return Program(key, [sys.executable, str(HERE / "peers" / f"peer_{key.replace('-', '_')}.py")], version)
