"""boto3's batch_writer, as its documentation shows it: peer_boto3.py ROWS TABLE.

ROWS is what load.py has written: a line of names, then rows of little-endian 64-bit integers.
"""

import struct
import sys

import boto3

rows, table_name = sys.argv[1:]
with open(rows, "rb") as file:
    names = file.readline().decode().strip().split(",")
    table = boto3.resource("dynamodb").Table(table_name)
    with table.batch_writer() as batch:
        for row in struct.iter_unpack(f"<{len(names)}q", file.read()):
            batch.put_item(Item=dict(zip(names, row)))
