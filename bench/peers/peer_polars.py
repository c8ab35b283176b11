"""Polars: scan_csv or scan_ndjson into sink_parquet. Usage: peer_polars.py INPUT OUTPUT"""

import sys

import polars as pl

source, target = sys.argv[1:3]
if source.endswith(".csv"):
    frame = pl.scan_csv(source, try_parse_dates=True)
else:
    # Its JSON reader leaves times as text; the other programs type them, so it does too.
    frame = pl.scan_ndjson(source).with_columns(
        pl.col("recorded_at").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
    )
frame.sink_parquet(target, compression="zstd")
