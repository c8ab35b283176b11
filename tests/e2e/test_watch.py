"""run --watch: reacts to files as they are completely written, and goes when it is told."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time

import pytest


@contextlib.contextmanager
def watching(lake):
    process = lake.program.start(
        "run", "--watch", "--lake", lake.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail("it did not stop when it was interrupted")
        process.stderr.close()
    assert process.returncode in (0, 130)


def eventually(condition, process, what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, f"it ended by itself: {process.stderr.read()}"
        assert time.monotonic() < deadline, f"waited 30 s for {what}"
        time.sleep(0.02)


def values(lake, dataset: str) -> list:
    return sorted(row["x"] for row in lake.rows(dataset))


def test_watch(lake):
    lake.land("d/before.csv", "x\n1\n")
    with watching(lake) as process:
        eventually(lambda: len(lake.runs("d")) == 1, process, "what was there before")
        lake.land("d/moved.csv", "x\n2\n")
        eventually(lambda: len(lake.runs("d")) == 2, process, "a file that was moved in")
        lake.land("new_folder/deep/a.csv", "x\n3\n")
        eventually(lambda: len(lake.runs("new_folder")) == 1, process, "a file in a new folder")
        with (lake.root / "landing/d/slow.csv").open("w") as file:
            file.write("x\n4\n")
            file.flush()
            lake.land("d/other.csv", "x\n5\n")
            eventually(lambda: 5 in values(lake, "d"), process, "a file beside one that is being written")
            file.write("6\n")
        eventually(lambda: 6 in values(lake, "d"), process, "a file that was closed after writing")
        assert values(lake, "d") == [1, 2, 4, 5, 6], "a file was read before it was complete"


def test_watch_outlives_a_bad_file(lake):
    (lake.root / "landing/d").mkdir()
    with watching(lake) as process:
        lake.land("d/bad.json", '[{"x": NaN}]')
        eventually(lambda: lake.files("_lake/failures"), process, "the failure of a bad file")
        lake.land("d/good.csv", "x\n1\n")
        eventually(lambda: values(lake, "d") == [1], process, "the file after a bad one")
