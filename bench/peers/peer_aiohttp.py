"""Many requests at once with aiohttp, each reply decoded by json and validated, rows into Parquet with
PyArrow, batch by batch, in the order of arrival. With LANDED and REPORT the whole job of a lakegate fetch:
rows in the order of the requests, the replies kept, a report of each request.

Usage: peer_aiohttp.py URL REQUESTS CONNECTIONS OUTPUT [LANDED REPORT], with {device} in the URL
"""

import asyncio
import json
import os
import sys
import time

import aiohttp
import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema([("device", pa.string()), ("datetime", pa.string()), ("values", pa.list_(pa.int64()))])
BATCH = 1000


def valid(reading) -> bool:
    return (isinstance(reading, dict) and reading.keys() == {"datetime", "values"}
            and isinstance(reading["datetime"], str) and isinstance(reading["values"], list)
            and all(type(value) is int for value in reading["values"]))


class Output:
    """Rows, batch by batch."""

    def __init__(self, path: str) -> None:
        self.out, self.rows = pq.ParquetWriter(path, SCHEMA, compression="zstd"), []

    def add(self, n: int, device: str, request: str, body: bytes, reading: dict, took: float) -> None:
        self.rows.append({"device": device, **reading})
        if len(self.rows) == BATCH:
            self.flush()

    def flush(self) -> None:
        self.out.write_batch(pa.RecordBatch.from_pylist(self.rows, SCHEMA))
        self.rows.clear()

    def close(self) -> None:
        if self.rows:
            self.flush()
        self.out.close()


class WholeJob(Output):
    """The replies and a report besides, all in the order of the requests."""

    def __init__(self, path: str, landed: str, report: str) -> None:
        super().__init__(path)
        self.file, self.report = pa.OSFile(landed, "wb"), report
        self.landed_path, self.landed = landed, pa.CompressedOutputStream(self.file, "zstd")
        self.early: dict[int, tuple] = {}
        self.next, self.lines, self.reports = 0, [], []

    def add(self, n: int, *answer) -> None:
        self.early[n] = answer
        while self.next in self.early:
            self.keep(self.next, *self.early.pop(self.next))
            self.next += 1

    def keep(self, n: int, device: str, request: str, body: bytes, reading: dict, took: float) -> None:
        shown = json.dumps("GET " + request).encode()
        self.lines.append(b'{"n":%d,"request":%b,"status":200,"reply":%b}\n' % (n, shown, body))
        self.reports.append((n, device, 1, 200, len(body), int(took * 1000), 1, 1, None))
        super().add(n, device, request, body, reading, took)

    def flush(self) -> None:
        super().flush()
        self.landed.write(b"".join(self.lines))
        self.lines.clear()

    def close(self) -> None:
        super().close()
        self.landed.close()
        self.file.close()
        with open(self.landed_path, "rb") as file:  # durable, as what lakegate lands is
            os.fsync(file.fileno())
        names = ["n", "device", "attempts", "status", "bytes", "latency_ms", "pages", "rows", "failure"]
        columns = [pa.array(column) for column in zip(*self.reports, strict=True)]
        columns[-1] = columns[-1].cast(pa.string())
        pq.write_table(pa.table(columns, names), self.report, compression="zstd")


async def fetch(url: str, requests: int, connections: int, out: Output) -> None:
    numbers = iter(range(requests))

    async def ask(session: aiohttp.ClientSession) -> None:
        for n in numbers:
            device = f"d{n}"
            request, began = url.replace("{device}", device), time.monotonic()
            async with session.get(request) as reply:
                reply.raise_for_status()
                body = await reply.read()
            reading = json.loads(body)
            if not valid(reading):
                raise ValueError(f"{device}: not a reading")
            out.add(n, device, request, body, reading, time.monotonic() - began)

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(ask(session) for _ in range(connections)))


def main() -> None:
    url, requests, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    out = WholeJob(*sys.argv[4:]) if len(sys.argv) > 5 else Output(sys.argv[4])
    asyncio.run(fetch(url, requests, connections, out))
    out.close()


if __name__ == "__main__":
    main()
