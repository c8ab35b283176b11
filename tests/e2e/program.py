"""Running lakegate as a user does, and looking at what it left behind."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
from typing import Any

import readers

# A child's peak counts from what its parent had at the moment of the fork, so a small parent measures.
MEASURE = "import resource,subprocess,sys; c=subprocess.call(sys.argv[1:]); "
MEASURE += "print(c, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"


@dataclasses.dataclass
class Outcome:
    args: list[str]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8", "replace")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return f"lakegate {' '.join(self.args)}: exit code {self.code}\n{self.out[-3000:]}\n{self.err[-3000:]}"


class Program:
    def __init__(self, path: pathlib.Path):
        self.path = path

    def environment(self, **changes: str) -> dict[str, str]:
        """The caller's environment without any of lakegate's own settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAKEGATE_", "AWS_"))}
        return kept | changes

    def __call__(
        self,
        *args,
        code: int | None = None,
        stdin: bytes = b"",
        env: dict | None = None,
        cwd: pathlib.Path | None = None,
        timeout: float = 60,
    ) -> Outcome:
        """Runs to the end; with `code`, anything but that exit code fails the test."""
        words = [str(arg) for arg in args]
        done = subprocess.run(
            [str(self.path), *words],
            input=stdin,
            capture_output=True,
            timeout=timeout,
            cwd=cwd,
            env=self.environment(**(env or {})),
        )
        outcome = Outcome(words, done.returncode, done.stdout, done.stderr)
        assert done.returncode >= 0, f"died of signal {-done.returncode}: {outcome}"
        if code is not None:
            assert done.returncode == code, f"expected exit code {code}: {outcome}"
        return outcome

    def peak_memory(self, *args) -> tuple[int, int]:
        """Exit code and peak resident bytes of one run."""
        command = [sys.executable, "-S", "-c", MEASURE, str(self.path), *map(str, args)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=self.environment(), check=True)
        code, peak = done.stdout.split()[-2:]
        return int(code), int(peak)

    def start(self, *args, env: dict | None = None, **options) -> subprocess.Popen:
        words = [str(self.path), *map(str, args)]
        return subprocess.Popen(words, env=self.environment(**(env or {})), stdin=subprocess.DEVNULL, **options)


class Lake:
    """A lake in a directory, made by hand so that a test says what is in it."""

    def __init__(self, program: Program, root: pathlib.Path):
        self.program = program
        self.root = root
        (root / "landing").mkdir(parents=True)

    def __call__(self, command: str, *args, **options) -> Outcome:
        return self.program(command, *args, "--lake", self.root, **options)

    def configure(self, text: str) -> None:
        (self.root / "lake.yaml").write_text(text)

    def land(self, name: str, content: str | bytes, at: float | None = None) -> pathlib.Path:
        """Puts a file under landing/ as a whole, as a mover of files would; `at` is its modification time."""
        path = self.root / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        if at is not None:
            os.utime(temporary, ns=(int(at * 1e9), int(at * 1e9)))
        temporary.rename(path)
        return path

    def files(self, zone: str, suffix: str = "") -> dict[str, bytes]:
        """Every file under a zone, by its path relative to the lake."""
        found = sorted(path for path in (self.root / zone).rglob("*" + suffix) if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    def curated(self, dataset: str) -> list[pathlib.Path]:
        return sorted((self.root / "curated" / dataset).rglob("*.parquet"))

    def rows(self, dataset: str) -> list[dict]:
        """Every curated row of a dataset, read with PyArrow, without the lineage columns."""
        rows = [row for path in self.curated(dataset) for row in readers.pyarrow_table(path).to_pylist()]
        return [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]

    def records(self, folder: str, dataset: str) -> list[dict]:
        """The lake's own records: `folder` is runs, failures, claims or loads."""
        found = sorted((self.root / "_lake" / folder / dataset).rglob("*.json"))
        return [json.loads(path.read_text()) for path in found]

    def runs(self, dataset: str) -> list[dict]:
        """Every run record, each held to the rule that no row is ever lost."""
        records = self.records("runs", dataset)
        for record in records:
            assert record["rows_in"] == record["rows_written"] + record["rows_rejected"], record
        return records

    def rejects(self, dataset: str) -> list[dict]:
        found = self.files(f"rejected/{dataset}", ".ndjson")
        return [json.loads(line) for content in found.values() for line in content.splitlines()]

    def table(self, name: str, order: str) -> list[dict]:
        """The rows served from SQLite, without lakegate's own columns."""
        connection = sqlite3.connect(f"file:{self.root}/_lake/tables.sqlite?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            rows = connection.execute(f'SELECT * FROM "{name}" ORDER BY {order}').fetchall()
        finally:
            connection.close()
        return [{k: row[k] for k in row.keys() if not k.startswith("_")} for row in rows]
