"""PyArrow, whole table in memory: read_csv or read_json, write_table. Usage: peer_pyarrow_table.py INPUT OUTPUT"""

import sys

import pyarrow as pa
import pyarrow.parquet as pq

source, target = sys.argv[1:3]
if source.endswith(".csv"):
    from pyarrow import csv

    table = csv.read_csv(source, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False))
else:
    from pyarrow import json

    # Fractions of a second are not recognised unless it is told that this is a time.
    known = json.ParseOptions(explicit_schema=pa.schema([("recorded_at", pa.timestamp("us", "UTC"))]))

    table = json.read_json(source, parse_options=known)
pq.write_table(table, target, compression="zstd")
