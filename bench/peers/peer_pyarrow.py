"""PyArrow, streaming: open_csv or open_json, one batch at a time into ParquetWriter. Usage: peer_pyarrow.py INPUT OUTPUT"""

import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 128 * 1024  # a row group; a batch of the reader (1 MiB of text) would make a tiny one


def stream(source):
    if source.endswith(".csv"):
        from pyarrow import csv

        return csv.open_csv(source, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False))
    from pyarrow import json

    # Fractions of a second are not recognised unless it is told that this is a time.
    known = json.ParseOptions(explicit_schema=pa.schema([("recorded_at", pa.timestamp("us", "UTC"))]))

    return json.open_json(source, parse_options=known)


source, target = sys.argv[1:3]
with stream(source) as reader, pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
    batches, rows = [], 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        if rows >= ROWS:
            writer.write_table(pa.Table.from_batches(batches), row_group_size=rows)
            batches, rows = [], 0
    if batches:
        writer.write_table(pa.Table.from_batches(batches), row_group_size=rows)
