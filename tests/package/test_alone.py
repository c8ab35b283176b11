"""The package where nothing else is: as a program, and as a function."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import readers
from aws_servers import Bucket, CloudLake, Tables
from conftest import ARCH, IS_FOREIGN, Alone
from program import Lake, Program
from runtime_api import RuntimeApi


def s3_event(bucket: str, key: str) -> dict:
    return {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                         "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]}


def test_converts_a_file(alone: Alone) -> None:
    (alone.root / "tmp/a.csv").write_text("id,name,at\n1,a,2026-01-02\n2,\u00e9,\n")
    report = json.loads(alone.run("convert", "/tmp/a.csv", "/tmp/a.parquet", "--format", "json").stdout)
    assert report["rows_written"] == 2
    rows = readers.pyarrow_table(alone.root / "tmp/a.parquet").to_pylist()
    assert [(row["id"], row["name"]) for row in rows] == [(1, "a"), (2, "\u00e9")]
    assert sorted(p.name for p in (alone.root / "tmp").iterdir()) == ["a.csv", "a.parquet"]


def test_says_what_it_is(alone: Alone) -> None:
    target = {"x86_64": "x86_64-linux", "arm64": "aarch64-linux"}[ARCH]
    assert target in alone.run("--version").stdout


def test_runs_as_a_function(alone: Alone, api: RuntimeApi, program: Program, tmp_path: pathlib.Path) -> None:
    """Events into a lake in the root's own /tmp: converted, loaded, and the process still there."""
    lake = Lake(program, alone.root / "tmp/lake")
    lake.configure("datasets:\n  sales:\n    landing: sales/*.csv\n"
                   "    schema: [{name: id, type: int64}, {name: v, type: text}]\n"
                   "    serve: {table: Sales, key: [id]}\n")
    lake.land("sales/a b.csv", "id,v\n1,x\n2,y\n")
    function = alone.function(api, tmp_path / "log", LAKEGATE_LAKE="/tmp/lake")
    try:
        converted = api.invoke(s3_event("b", "landing/sales/a+b.csv"))
        assert converted.kind == "response", (converted, (tmp_path / "log").read_text())
        (task,) = converted.json["tasks"]
        assert task["outcome"] == "committed"
        loaded = api.invoke(s3_event("b", f"_lake/runs/sales/{task['arrival']}.json"))
        assert loaded.json["tasks"][0]["outcome"] == "loaded"
        assert api.invoke(b"no JSON").json["errorType"] == "Lakegate.InvalidInput"
        assert function.poll() is None and api.connections == 1
    finally:
        function.kill()
        function.wait()
    assert lake.rows("sales") == lake.table("Sales", "id") == [{"id": 1, "v": "x"}, {"id": 2, "v": "y"}]
    assert [p.name for p in (alone.root / "tmp").iterdir()] == ["lake"]


def test_losses_from_the_bucket_to_the_table(alone: Alone, api: RuntimeApi, cloud_lake: CloudLake, tables: Tables,
                                             tmp_path: pathlib.Path) -> None:
    """The published lake on S3 and DynamoDB: 43 days land, 43 items are served, with 256 MB."""
    realdata = os.environ.get("LAKEGATE_REALDATA")
    if not realdata:
        pytest.skip("LAKEGATE_REALDATA is not set: it names the folder with landing/russia_losses.csv")
    table = tables.create("Losses", {"day": "N"})
    cloud_lake.configure("datasets:\n  losses:\n    landing: equipment/russia_losses.csv\n"
                         f"    serve: {{to: dynamodb, table: {table}, key: [day]}}\n")
    key = cloud_lake.land("equipment/russia_losses.csv",
                          (pathlib.Path(realdata) / "landing/russia_losses.csv").read_bytes())
    function = alone.function(api, tmp_path / "log", LAKEGATE_LAKE=cloud_lake.url, **cloud_lake.environment)
    try:
        converted = api.invoke(s3_event(cloud_lake.bucket.name, key))
        assert converted.kind == "response", (converted, (tmp_path / "log").read_text())
        (task,) = converted.json["tasks"]
        assert task["outcome"] == "committed", task
        record = cloud_lake.key(f"_lake/runs/losses/{task['arrival']}.json")
        loaded = api.invoke(s3_event(cloud_lake.bucket.name, record))
        assert loaded.kind == "response", (loaded, (tmp_path / "log").read_text())
        status = pathlib.Path(f"/proc/{function.pid}/status").read_text()
    finally:
        function.kill()
        function.wait()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024
    print(f"peak memory {peak:.0f} MB" + (" with the emulator" if IS_FOREIGN else ""))
    assert peak <= 256
    curated = cloud_lake.rows("losses")
    assert len(curated) == 43
    items = tables.rows(table)
    assert len(items) == 43
    assert sorted(items, key=lambda row: row["day"]) == sorted(curated, key=lambda row: row["day"])


@pytest.mark.skipif(not IS_FOREIGN, reason="the launcher of this machine's architecture starts all the other tests")
def test_the_launcher_of_another_architecture(installed: pathlib.Path) -> None:
    """proot puts the emulator before every program that is executed, the loader of the folder included."""
    proot = shutil.which("proot")
    if proot is None:
        pytest.fail("proot is not there; run: tools/setup arm64", pytrace=False)
    if subprocess.run([proot, "true"], capture_output=True).returncode != 0:
        pytest.skip("proot needs ptrace, which this machine does not allow")
    done = subprocess.run([proot, "-q", "qemu-aarch64-static", installed / "lakegate", "--version"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "aarch64-linux" in done.stdout, done.stderr


@pytest.mark.skipif(IS_FOREIGN, reason="an installed program of another architecture; the function is emulated")
class TestInstalled:
    """The release on a laptop: started by whatever path, from wherever."""

    @pytest.mark.parametrize("how", ["absolute", "relative", "link", "path", "bootstrap", "other name"])
    def test_starts(self, installed: pathlib.Path, tmp_path: pathlib.Path, how: str) -> None:
        (tmp_path / "link").symlink_to(os.path.relpath(installed / "lakegate", tmp_path))
        command, cwd = {"absolute": (installed / "lakegate", tmp_path), "relative": ("./lakegate", installed),
                        "link": ("./link", tmp_path), "path": ("lakegate", tmp_path),
                        "bootstrap": (installed / "bootstrap", tmp_path),
                        "other name": (installed / "lakegate", tmp_path)}[how]
        arguments = [how if how == "other name" else str(command), "--version"]
        done = subprocess.run(arguments, executable=shutil.which(command, path=installed), cwd=cwd,
                              env={"PATH": str(installed)}, capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.startswith("lakegate "), done.stderr

    def test_packages_itself(self, installed: pathlib.Path, package: pathlib.Path, tmp_path: pathlib.Path) -> None:
        Program(installed / "lakegate")("package", "--arch", ARCH, "-o", tmp_path / "f.zip", code=0, timeout=300)
        assert (tmp_path / "f.zip").read_bytes() == package.read_bytes()

    def test_wants_the_other_release_for_the_other_architecture(self, installed: pathlib.Path,
                                                                tmp_path: pathlib.Path) -> None:
        outcome = Program(installed / "lakegate")("package", "--arch", "arm64", "-o", tmp_path / "f.zip", code=2)
        assert "unpack the release for arm64 and name its folder with --from" in outcome.err

    def test_a_folder_that_is_not_whole_says_so(self, installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
        shutil.copy(installed / "bootstrap", tmp_path)
        done = subprocess.run([tmp_path / "bootstrap"], capture_output=True, text=True)
        assert done.returncode == 126
        assert done.stderr.startswith(f"lakegate: {tmp_path}/lib/ld-linux") and "is the folder whole" in done.stderr
