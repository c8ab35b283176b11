"""Fetches from the API server of the tests: datasets with a source, and what a fetch leaves in its lake."""

from __future__ import annotations

import io
import json
import pathlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

import readers
from program import Lake
from servers import ApiServer

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
    keys = {"for_each": {"device": [f"d{i}" for i in range(count)]}, "add": {"device": "{device}"}} | keys
    path = "/devices/{device}/readings" + (f"?{query}" if query else "")
    made = {"source": source(api, path, listener, **keys)} | dataset
    return made | ({"schema": schema} if schema else {})


def configure(lake: Lake, **datasets: dict) -> None:
    lake.configure(yaml.safe_dump({"datasets": datasets}, sort_keys=False, width=1_000_000))


def expected(api: ApiServer, devices, **options: Any) -> dict[str, tuple]:
    """The rows that readings of these devices must make, by device."""
    return {device: tuple(api.content.reading(device, **options).values()) for device in devices}


def got(lake: Lake, dataset: str = "readings") -> dict[str, tuple]:
    """The curated rows of readings, by device; each exactly once."""
    rows = lake.rows(dataset)
    found = {row["device"]: (row["datetime"], row["values"]) for row in rows}
    assert len(found) == len(rows), "a row is there twice"
    return found


class Fetches:
    """What is under _lake/fetches/ of a dataset."""

    def __init__(self, lake: Lake, dataset: str = "readings") -> None:
        self.folder = lake.root / "_lake" / "fetches" / dataset

    def plans(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("*/plan.ndjson.zst"))

    def plan(self) -> str:
        (only,) = self.plans()
        return only

    def planned(self, plan: str | None = None) -> list[dict]:
        """Header and parameter sets of a plan."""
        path = self.folder / (plan or self.plan()) / "plan.ndjson.zst"
        text = pa.input_stream(pa.BufferReader(path.read_bytes()), compression="zstd").read()
        header, *sets = [json.loads(line) for line in io.BytesIO(text)]
        return [header, *[dict(zip(header["names"], values, strict=True)) for values in sets]]

    def report(self, plan: str | None = None) -> list[dict]:
        """What became of each parameter set, in the plan's order."""
        paths = sorted((self.folder / (plan or self.plan())).glob("report-*.parquet"))
        rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
        assert [row["n"] for row in rows] == sorted(row["n"] for row in rows)
        return rows

    def failed(self, plan: str | None = None) -> dict[str, dict]:
        return {row["device"]: row for row in self.report(plan) if row["failure"]}

    def record(self, plan: str | None = None) -> dict | None:
        path = self.folder / (plan or self.plan()) / "fetch.json"
        return json.loads(path.read_text()) if path.exists() else None


def landed_replies(lake: Lake, dataset: str = "readings") -> list[dict]:
    """The replies in landing/, without the header lines, in the order of the keys."""
    lines = []
    for path in sorted((lake.root / "landing" / dataset).glob("*.replies.ndjson.zst")):
        text = pa.input_stream(pa.BufferReader(path.read_bytes()), compression="zstd").read()
        header, *replies = [json.loads(line) for line in io.BytesIO(text)]
        assert header["lakegate_replies"] == 1 and header["dataset"] == dataset
        lines += replies
    return lines


def everything(folder: pathlib.Path) -> dict[str, bytes]:
    """Every file under a folder, and what is packed in it: for what must appear nowhere."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = str(path.relative_to(folder)), path.read_bytes()
        found[name] = content
        if name.endswith(".zst"):
            found[name + " unpacked"] = pa.input_stream(pa.BufferReader(content), compression="zstd").read()
        elif name.endswith(".parquet"):
            found[name + " unpacked"] = str(readers.pyarrow_table(path).to_pylist()).encode()
    return found
