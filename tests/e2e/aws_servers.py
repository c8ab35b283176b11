"""S3 and DynamoDB as they are: real servers for the session, a bucket and tables for each test, and
lakes in them. What lakegate left behind is read with boto3 and PyArrow."""

from __future__ import annotations

import dataclasses
import io
import json
import pathlib
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import servers  # noqa: E402
from program import Outcome, Program  # noqa: E402
from servers.environment import REGION, forget_the_machine  # noqa: E402

forget_the_machine()


@dataclasses.dataclass(frozen=True)
class Aws:
    """The servers' addresses by service, and clients of AWS's own SDK for them."""

    credentials: servers.Credentials
    endpoints: dict[str, str]
    buckets: pathlib.Path | None = None  # a folder for each bucket: versitygw keeps objects as files

    def environment(self, **endpoints: str) -> dict[str, str]:
        """Variables for the program; `s3=proxy.urls["s3"]` puts something in between."""
        return servers.aws_environment(self.credentials, **(self.endpoints | endpoints))

    def client(self, service: str, **options: Any) -> Any:
        defaults = {"endpoint_url": self.endpoints[service], "region_name": REGION,
                    "aws_access_key_id": self.credentials.access_key,
                    "aws_secret_access_key": self.credentials.secret_key,
                    "config": Config(s3={"addressing_style": "path"})}
        return boto3.client(service, **(defaults | options))


class Bucket:
    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self.client = aws.client("s3")
        self.client.create_bucket(Bucket=name)

    def put(self, key: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def unfinished_uploads(self) -> list[str]:
        return [upload["Key"] for upload in
                self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])]


class CloudLake:
    """A lake at s3://bucket/prefix, made by hand so that a test says what is in it."""

    def __init__(self, program: Program, aws: Aws, bucket: Bucket, prefix: str = "lake") -> None:
        self.program = program
        self.aws = aws
        self.bucket = bucket
        self.prefix = prefix
        self.url = f"s3://{bucket.name}/{prefix}" if prefix else f"s3://{bucket.name}"
        self.environment = aws.environment()

    def __call__(self, command: str, *args: Any, env: dict | None = None, **options: Any) -> Outcome:
        options.setdefault("timeout", 300)
        return self.program(command, *args, "--lake", self.url, env=self.environment | (env or {}), **options)

    def start(self, command: str, *args: Any, env: dict | None = None, **options: Any) -> subprocess.Popen:
        return self.program.start(command, *args, "--lake", self.url, env=self.environment | (env or {}), **options)

    def key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def configure(self, text: str) -> None:
        self.bucket.put(self.key("lake.yaml"), text)

    def land(self, name: str, content: str | bytes) -> str:
        """Puts an object under landing/; its whole key."""
        self.bucket.put(self.key(f"landing/{name}"), content)
        return self.key(f"landing/{name}")

    def land_newer(self, name: str, content: str | bytes) -> str:
        """Replaces what landed under that name. S3 tells time in whole seconds, and of two versions of one
        second neither is the newer: so the clock is waited for."""
        before = self.bucket.client.head_object(Bucket=self.bucket.name, Key=self.key(f"landing/{name}"))
        while time.time() < before["LastModified"].timestamp() + 1:
            time.sleep(0.01)
        return self.land(name, content)

    def files(self, zone: str, suffix: str = "") -> dict[str, bytes]:
        """Every object of a zone, by its path relative to the lake."""
        cut = len(self.key(""))
        return {key[cut:]: self.bucket.get(key) for key in self.bucket.keys(self.key(zone) + "/")
                if key.endswith(suffix)}

    def rows(self, dataset: str) -> list[dict]:
        """Every curated row of a dataset, read with PyArrow, without the lineage columns."""
        tables = [pq.read_table(io.BytesIO(content))
                  for content in self.files(f"curated/{dataset}", ".parquet").values()]
        return [{k: v for k, v in row.items() if not k.startswith("_")}
                for table in tables for row in table.to_pylist()]

    def records(self, folder: str, dataset: str) -> list[dict]:
        return [json.loads(content) for content in self.files(f"_lake/{folder}/{dataset}", ".json").values()]

    def runs(self, dataset: str) -> list[dict]:
        """Every run record, each held to the rule that no row is ever lost."""
        records = self.records("runs", dataset)
        for record in records:
            assert record["rows_in"] == record["rows_written"] + record["rows_rejected"], record
        return records

    def rejects(self, dataset: str) -> list[dict]:
        return [json.loads(line) for content in self.files(f"rejected/{dataset}", ".ndjson").values()
                for line in content.splitlines()]


class Tables:
    """DynamoDB tables whose names nobody else uses."""

    def __init__(self, aws: Aws) -> None:
        self.client = aws.client("dynamodb")
        self.prefix = f"t{secrets.token_hex(4)}_"

    def create(self, name: str, key: dict[str, str]) -> str:
        """`key` is one or two columns with their types S, N or B; the name with the test's prefix."""
        full = self.prefix + name
        self.client.create_table(
            TableName=full, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": column, "KeyType": kind}
                       for column, kind in zip(key, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": column, "AttributeType": kind}
                                  for column, kind in key.items()])
        return full

    def rows(self, full: str, *, own: bool = False) -> list[dict]:
        """The items as Python values; lakegate's own attributes only with `own`."""
        read = TypeDeserializer().deserialize
        pages = self.client.get_paginator("scan").paginate(TableName=full, ConsistentRead=True)
        rows = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
        return rows if own else [{k: v for k, v in row.items() if not k.startswith("_")} for row in rows]


class Queue:
    """A queue of SQS (moto's)."""

    def __init__(self, moto: Aws) -> None:
        self.client = moto.client("sqs")
        self.name = f"q-{secrets.token_hex(4)}"
        self.url = self.client.create_queue(QueueName=self.name)["QueueUrl"]
        self.environment = {"AWS_ENDPOINT_URL_SQS": moto.endpoints["sqs"]}

    def take(self) -> list[dict]:
        """Everything that is in it, as Lambda hands it to a function."""
        taken: list[dict] = []
        while got := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                taken.append({"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs"})
        return taken


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("servers")
    credentials = servers.Credentials()
    with servers.s3(folder / "s3", credentials) as s3, servers.dynamodb(folder / "dynamodb") as dynamodb:
        yield Aws(credentials, {"s3": s3.url, "dynamodb": dynamodb.url}, folder / "s3" / "buckets")


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """Glue, SQS, EventBridge, Secrets Manager and more, simulated."""
    with servers.moto(tmp_path_factory.mktemp("servers") / "moto") as server:
        yield Aws(servers.Credentials(), dict.fromkeys(
            ("glue", "sqs", "events", "s3", "sts", "secretsmanager", "ssm"), server.url))


@pytest.fixture
def emulator(tmp_path: pathlib.Path) -> Iterator[servers.Server]:
    """Lambda's Runtime API for one function, whose name is "function". One a test: what a function that is gone
    had asked for is not to be waited for."""
    with servers.emulator(tmp_path / "emulator") as server:
        yield server


@pytest.fixture
def bucket(aws: Aws) -> Bucket:
    return Bucket(aws, f"test-{secrets.token_hex(6)}")


@pytest.fixture
def tables(aws: Aws) -> Tables:
    return Tables(aws)


@pytest.fixture
def queue(moto: Aws) -> Queue:
    return Queue(moto)


@pytest.fixture
def cloud_lake(program: Program, aws: Aws, bucket: Bucket) -> CloudLake:
    return CloudLake(program, aws, bucket)
