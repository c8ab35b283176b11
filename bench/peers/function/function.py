"""The same function in Python, as far as its start and its size go: PyArrow and boto3, and the least that
asks the Runtime API for an event (Lambda's own client for Python would import more)."""

import http.client
import os

import boto3
import pyarrow.csv
import pyarrow.parquet

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")


def convert(bucket, key):
    table = pyarrow.csv.read_csv(s3.get_object(Bucket=bucket, Key=key)["Body"])
    out = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, out)
    s3.put_object(Bucket=bucket, Key=key.replace("landing/", "curated/") + ".parquet", Body=out.getvalue().to_pybytes())


api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("GET", "/2018-06-01/runtime/invocation/next")
api.getresponse()  # the bench ends here
