"""The published model, as it stands in examples/: 12,000 requests, 10 to 100,000 values a reply, read back elsewhere."""

from __future__ import annotations

import pathlib

import numpy as np
import pandas
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from fetching import Fetches

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "factory" / "lake.yaml"
DEVICES = [str(number) for number in range(1, 12_001)]


def test_the_example(lake, api):
    lake.configure(EXAMPLE.read_text().replace("http://127.0.0.1:8600", api.url()))
    lake("fetch", "readings", code=0, timeout=600)

    table = ds.dataset(lake.root / "curated" / "readings", format="parquet").to_table()
    assert table.schema.field("values").type == pa.list_(pa.field("element", pa.int64()))
    assert table.schema.field("datetime").type == pa.string()
    assert table["device"].to_pylist() == DEVICES, "every row once, in the order of the plan"
    assert table["datetime"].to_pylist() == [api.content.datetime(device) for device in DEVICES]

    frame = table.select(["device", "values"]).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    sizes = set()
    for device, values in zip(frame["device"], frame["values"], strict=True):
        size = api.content.size(device, 10, 100_000)
        sizes.add(size)
        assert values.dtype == np.int64
        np.testing.assert_array_equal(values, api.content.values(device, size))
    assert min(sizes) == 10 and max(sizes) == 100_000
    assert len(Fetches(lake).report()) == 12_000 and Fetches(lake).failed() == {}


def test_a_dataset_from_one_reply(lake, api, tmp_path):
    """`add URL` writes a source and a schema that `fetch` then works with, and no secret."""
    token = tmp_path / "token"
    token.write_text("Canary0123456789\n")
    api.configure(auth="bearer", secret="Canary0123456789")
    lake.configure("datasets: {}\n")
    added = lake("add", api.url("http", "/devices/{device}/readings?values=3"), "--name", "readings", "--each",
                 "device=d1,d2,d3", "--bearer", f"file:{token}", "--allow-http", "--allow-host", "127.0.0.1", code=0)
    written = (lake.root / "lake.yaml").read_text()
    assert "list<int64>" in written and "Canary" not in written + added.out + added.err
    lake("check", code=0)
    lake("fetch", "readings", code=0)
    table = ds.dataset(lake.root / "curated" / "readings", format="parquet").to_table()
    assert table["values"].to_pylist() == [list(api.content.values(device, 3)) for device in ("d1", "d2", "d3")]


@pytest.mark.parametrize(
    ("query", "records", "says"),
    [
        ("wrong=html", "", "<html>"),
        ("wrong=broken", "", "byte offset"),
        ("values=3", "/nope", "nothing at /nope"),
        ("values=3", "/values", "is not an object"),
    ],
)
def test_no_dataset_from_a_reply_without_rows(lake, api, query, records, says):
    """Such a source would give nothing but rejects: it is not written, and the message shows why."""
    lake.configure("datasets: {}\n")
    refused = lake("add", api.url("http", f"/devices/d1/readings?{query}"), "--name", "readings", "--allow-http",
                   "--allow-host", "127.0.0.1", *(["--records", records] if records else []))
    assert refused.code == 1 and says in refused.err and "it begins with" in refused.err, refused
    assert (lake.root / "lake.yaml").read_text() == "datasets: {}\n"


def test_add_names_its_own_options_as_cures(lake, api):
    url = api.url("http", "/devices/{device}/readings?values=3")
    given: list[str] = []
    for option, *values in (["--allow-http"], ["--each", "device=d1,d2"], ["--allow-host", "127.0.0.1"]):
        refused = lake("add", url, "--name", "readings", *given)
        assert refused.code != 0 and option in refused.err, refused
        given += [option, *values]
    lake("add", url, "--name", "readings", *given, code=0)
