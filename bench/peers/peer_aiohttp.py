"""Many requests at once with aiohttp, each reply decoded by json and validated, rows into Parquet with
PyArrow, batch by batch, in the order of arrival.

Usage: peer_aiohttp.py URL REQUESTS CONNECTIONS OUTPUT, with {device} in the URL
"""

import asyncio
import json
import sys

import aiohttp
import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema([("device", pa.string()), ("datetime", pa.string()), ("values", pa.list_(pa.int64()))])
BATCH = 1000


def valid(reading) -> bool:
    return (isinstance(reading, dict) and reading.keys() == {"datetime", "values"}
            and isinstance(reading["datetime"], str) and isinstance(reading["values"], list)
            and all(type(value) is int for value in reading["values"]))


async def fetch(url: str, requests: int, connections: int, out: pq.ParquetWriter) -> None:
    devices = iter([f"d{i}" for i in range(requests)])
    rows: list[dict] = []

    def write() -> None:
        out.write_batch(pa.RecordBatch.from_pylist(rows, SCHEMA))
        rows.clear()

    async def ask(session: aiohttp.ClientSession) -> None:
        for device in devices:
            async with session.get(url.replace("{device}", device)) as reply:
                reply.raise_for_status()
                reading = json.loads(await reply.read())
            if not valid(reading):
                raise ValueError(f"{device}: not a reading")
            rows.append({"device": device, **reading})
            if len(rows) == BATCH:
                write()

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(ask(session) for _ in range(connections)))
    if rows:
        write()


def main() -> None:
    url, requests, connections, output = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    with pq.ParquetWriter(output, SCHEMA, compression="zstd") as out:
        asyncio.run(fetch(url, requests, connections, out))


if __name__ == "__main__":
    main()
