"""DuckDB: COPY of its own CSV or JSON reader to Parquet. Usage: peer_duckdb.py INPUT OUTPUT"""

import sys

import duckdb

source, target = (path.replace("'", "''") for path in sys.argv[1:3])
reader = "read_csv" if source.endswith(".csv") else "read_ndjson"
duckdb.connect().execute(f"COPY (SELECT * FROM {reader}('{source}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
