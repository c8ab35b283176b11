"""pandas: read_csv or read_json, to_parquet. It must be told which columns are times. Usage: peer_pandas.py INPUT OUTPUT"""

import sys

import pandas as pd

source, target = sys.argv[1:3]
if source.endswith(".csv"):
    frame = pd.read_csv(source, parse_dates=["created_at", "ship_date"])
else:
    frame = pd.read_json(source, lines=True, convert_dates=["recorded_at"])
frame.to_parquet(target, compression="zstd", index=False)
