"""Fetches from the API server of the tests: datasets with a source, and what a fetch leaves in its lake."""

from __future__ import annotations

import io
import json
import pathlib
import subprocess
import time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from aws_servers import CloudLake
from program import Lake
from servers import ApiServer

AnyLake = Lake | CloudLake

MODEL = [{"name": "device", "type": "text"}, {"name": "datetime", "type": "text"},
         {"name": "values", "type": "list<int64>"}]


def source(api: ApiServer, path: str, listener: str = "http", **keys: Any) -> dict:
    """`source:` for that path of the server, which listens on loopback and so must be allowed."""
    made = {"url": api.url(listener, path), "allow_hosts": "127.0.0.1"}
    if listener in ("http", "other"):
        made["allow_http"] = True
    else:
        made["ca_file"] = str(api.ca)
    return made | keys


def readings(api: ApiServer, count: int, query: str = "", listener: str = "http", **keys: Any) -> dict:
    """A dataset of the published model: a reading of each of `count` devices."""
    schema = keys.pop("schema", MODEL)
    dataset = {name: keys.pop(name) for name in ("max_rejects", "serve", "mode", "new_columns") if name in keys}
    keys = {"for_each": {"device": devices(count)}, "add": {"device": "{device}"}} | keys
    path = "/devices/{device}/readings" + (f"?{query}" if query else "")
    made = {"source": source(api, path, listener, **keys)} | dataset
    return made | ({"schema": schema} if schema else {})


def devices(count: int) -> list[str]:
    """Those that `readings` asks for."""
    return [f"d{i}" for i in range(count)]


def configure(lake: AnyLake, **datasets: dict) -> None:
    lake.configure(yaml.safe_dump({"datasets": datasets}, sort_keys=False, width=1_000_000))


def expected(api: ApiServer, devices, **options: Any) -> dict[str, tuple]:
    """The rows that readings of these devices must make, by device."""
    return {device: tuple(api.content.reading(device, **options).values()) for device in devices}


def got(lake: AnyLake, dataset: str = "readings") -> dict[str, tuple]:
    """The curated rows of readings, by device; each exactly once."""
    rows = lake.rows(dataset)
    found = {row["device"]: (row["datetime"], row["values"]) for row in rows}
    assert len(found) == len(rows), "a row is there twice"
    return found


class Fetches:
    """What is under _lake/fetches/ of a dataset."""

    def __init__(self, lake: AnyLake, dataset: str = "readings") -> None:
        self.lake = lake
        self.zone = f"_lake/fetches/{dataset}"

    def files(self, plan: str | None = None, suffix: str = "") -> dict[str, bytes]:
        """Of a plan, by name."""
        found = self.lake.files(f"{self.zone}/{plan or self.plan()}", suffix)
        return {path.rpartition("/")[2]: content for path, content in sorted(found.items())}

    def plans(self) -> list[str]:
        return sorted(path.split("/")[-2] for path in self.lake.files(self.zone, "/plan.ndjson.zst"))

    def plan(self) -> str:
        (only,) = self.plans()
        return only

    def planned(self, plan: str | None = None) -> list[dict]:
        """Header and parameter sets of a plan."""
        header, *sets = lines_of(self.files(plan)["plan.ndjson.zst"])
        return [header, *[dict(zip(header["names"], values, strict=True)) for values in sets]]

    def report(self, plan: str | None = None) -> list[dict]:
        """What became of each parameter set, in the plan's order."""
        rows = [row for name, content in self.files(plan, ".parquet").items() if name.startswith("report-")
                for row in pq.read_table(pa.BufferReader(content)).to_pylist()]
        assert [row["n"] for row in rows] == sorted(row["n"] for row in rows)
        return rows

    def failed(self, plan: str | None = None) -> dict[str, dict]:
        return {row["device"]: row for row in self.report(plan) if row["failure"]}

    def record(self, plan: str | None = None) -> dict | None:
        content = self.files(plan).get("fetch.json")
        return json.loads(content) if content else None


def unpacked(zst: bytes) -> bytes:
    return pa.input_stream(pa.BufferReader(zst), compression="zstd").read()


def lines_of(zst: bytes) -> list:
    return [json.loads(line) for line in io.BytesIO(unpacked(zst))]


def landed_replies(lake: AnyLake, dataset: str = "readings") -> list[dict]:
    """The replies in landing/, without the header lines, in the order of the keys."""
    lines = []
    for _, content in sorted(lake.files(f"landing/{dataset}", ".replies.ndjson.zst").items()):
        header, *replies = lines_of(content)
        assert header["lakegate_replies"] == 1 and header["dataset"] == dataset
        lines += replies
    return lines


def committed(lake: AnyLake) -> set[str]:
    """Devices of slices that are asked: their replies have landed."""
    return {reply["parameters"]["device"] for reply in landed_replies(lake)}


def asked(api: ApiServer) -> list[str]:
    """The devices that were asked for readings, as often as they were."""
    return [request["path"].split("/")[2] for request in api.requests("/devices/")]


def wait_for(api: ApiServer, requests: int, running: subprocess.Popen) -> None:
    while api.counts()["requests"] < requests:
        assert running.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)  # between looks


def with_unpacked(files: dict[str, bytes]) -> dict[str, bytes]:
    """These files, and what is packed in them: for what must appear nowhere."""
    found = dict(files)
    for name, content in files.items():
        if name.endswith(".zst"):
            found[name + " unpacked"] = unpacked(content)
        elif name.endswith(".parquet"):
            found[name + " unpacked"] = str(pq.read_table(pa.BufferReader(content)).to_pylist()).encode()
    return found


def everything(folder: pathlib.Path) -> dict[str, bytes]:
    """Every file under a folder, and what is packed in it."""
    return with_unpacked({str(path.relative_to(folder)): path.read_bytes()
                          for path in sorted(folder.rglob("*")) if path.is_file()})
