"""Objects that are larger than the function: they stream through it, from S3 to S3."""

from __future__ import annotations

import io
import os
import pathlib
import random
import resource

import pyarrow.parquet as pq
import pytest

import lambda_events as events
from aws_servers import CloudLake
from emulated_function import EmulatedFunction
from servers.process import die_with_parent

MEGABYTES = int(os.environ.get("LAKEGATE_LARGE_MB", "100"))
MEMORY = 256  # MB, of the function


def within_memory() -> None:
    """What the process may have in memory of its own (heap, stacks, buffers), by the kernel's count."""
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY << 20, MEMORY << 20))


class Sales(io.RawIOBase):
    """A large CSV, made as it is read."""

    def __init__(self, seed: int, size: int) -> None:
        r = random.Random(seed)
        self.block = "".join(
            f"{r.randrange(10**9)},2026-{r.randrange(1, 13):02}-{r.randrange(1, 29):02},{r.random() * 1000:.2f},"
            f"\"customer {r.randrange(10**6)}, {r.choice('abcdef') * r.randrange(30)}\"\n" for _ in range(10_000)).encode()
        self.blocks = -(-size // len(self.block))
        self.rows = self.blocks * 10_000
        self.left = [b"id,day,amount,customer\n"]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while self.blocks and (size < 0 or sum(map(len, self.left)) < size):
            self.left.append(self.block)
            self.blocks -= 1
        data = b"".join(self.left)
        cut = len(data) if size < 0 else size
        self.left = [data[cut:]]
        return data[:cut]


@pytest.mark.skipif(os.environ.get("LAKEGATE_MEMORY_LIMIT") == "off", reason="memory means nothing here")
def test_a_large_object_streams_through_a_small_function(program, emulator, cloud_lake: CloudLake,
                                                         tmp_path: pathlib.Path, seed: int) -> None:
    sales = Sales(seed, MEGABYTES * 1_000_000)
    key = cloud_lake.key("landing/sales/large.csv")
    cloud_lake.bucket.client.upload_fileobj(sales, cloud_lake.bucket.name, key)
    function = EmulatedFunction(program, emulator, tmp_path, cloud_lake.environment | {"LAKEGATE_LAKE": cloud_lake.url},
                                MEMORY, within_memory)
    try:
        answer = function.invoke(events.of_eventbridge(cloud_lake.bucket.name, key))
        assert not answer.failed, answer
        peak = function.peak_memory()
    finally:
        function.close()
    print(f"{MEGABYTES} MB of CSV in a function of {MEMORY} MB: {peak / 1e6:.0f} MB resident at most")
    assert peak < MEMORY << 20
    [run] = cloud_lake.runs("sales")
    assert run["rows_written"] == sales.rows
    [content] = cloud_lake.files("curated/sales", ".parquet").values()
    assert pq.ParquetFile(io.BytesIO(content)).metadata.num_rows == sales.rows
    assert cloud_lake.bucket.unfinished_uploads() == []
