"""A deployed lake at work, for the record: its functions with the environment that the template gives
them, real servers behind a proxy that writes down what each function asks for, and everything done that
a function may have to do, failures included. What fetches have to do is in recording_fetches.py."""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import pathlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.config import Config

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS), str(TESTS / "e2e")]  # behind this folder: both have a conftest

import servers  # noqa: E402
from conftest import ACCOUNT, CONFIG, REGION  # noqa: E402
from lambda_api import LambdaApi  # noqa: E402
from policies import by_stage  # noqa: E402
from proxy import Message, Proxy  # noqa: E402
from queue_simulation import Function  # noqa: E402
from runtime_api import Answer  # noqa: E402
from same import Template  # noqa: E402
from servers.environment import REGION as SERVERS_REGION  # noqa: E402

# The end of an upload whose reply is lost; when it is asked for again, there is no such upload any more.
COMPLETED_UNHEARD = ["lost", "gone"]


def function_name(stage: str) -> str:
    """CloudFormation's choice, made here."""
    return f"lake-{stage}"


class Deployment:
    """What the template says of one stack: environments and policies of the functions, tables."""

    def __init__(self, template: dict) -> None:
        self.template = Template(template)
        self.tables = [p for _, p in self.template.of("AWS::DynamoDB::Table")]
        self.environment = {self.template.stage(n): p["Environment"]["Variables"]
                            for n, p in self.template.of("AWS::Lambda::Function")}
        names = {self.template.part(n): p["TableName"] for n, p in self.template.of("AWS::DynamoDB::Table")}
        arns = {part: f"dynamodb:{REGION}:{ACCOUNT}:table/{name}" for part, name in names.items()} | {
            f"{stage}.function": f"lambda:{REGION}:{ACCOUNT}:function:{function_name(stage)}"
            for stage in self.environment}
        policies = json.dumps(by_stage(self.template))
        for part, arn in arns.items():
            policies = policies.replace(f"arn({part})", f"arn:aws:{arn}")
        self.policies: dict[str, list[dict]] = json.loads(policies)

    @property
    def lake(self) -> tuple[str, str]:
        """Bucket and prefix ("" or "lake/")."""
        bucket, _, prefix = self.environment["convert"]["LAKEGATE_LAKE"].removeprefix("s3://").partition("/")
        return bucket, prefix and prefix + "/"


@dataclasses.dataclass
class Cloud:
    """The servers, and boto3's clients of them."""

    credentials: servers.Credentials
    endpoints: dict[str, str]
    invocations: LambdaApi  # those that functions ask for

    def client(self, service: str):
        configured = {"events": "eventbridge", "secretsmanager": "secrets_manager"}.get(service, service)
        return boto3.client(service, endpoint_url=self.endpoints[configured],
                            region_name=SERVERS_REGION, aws_access_key_id=self.credentials.access_key,
                            aws_secret_access_key=self.credentials.secret_key,
                            config=Config(s3={"addressing_style": "path"}))


def start_cloud(folder: pathlib.Path, stack: ExitStack) -> Cloud:
    credentials = servers.Credentials()
    s3 = stack.enter_context(servers.s3(folder / "s3", credentials))
    dynamodb = stack.enter_context(servers.dynamodb(folder / "dynamodb"))
    moto = stack.enter_context(servers.moto(folder / "moto"))
    invocations = stack.enter_context(LambdaApi())
    simulated = dict.fromkeys(("glue", "eventbridge", "secrets_manager", "ssm"), moto.url)
    return Cloud(credentials, {"s3": s3.url, "dynamodb": dynamodb.url, "lambda": invocations.url} | simulated,
                 invocations)


class Stage:
    """One of the functions, behind a proxy of its own. `fate` says which requests fail, by service and
    request; it may be set between invocations."""

    def __init__(self, name: str, cloud: Cloud, deployment: Deployment, program: pathlib.Path,
                 config: pathlib.Path, folder: pathlib.Path, stack: ExitStack) -> None:
        self.name = name
        self.fate: Callable[[str, Message], str] = lambda service, request: ""
        self.proxy = stack.enter_context(Proxy(cloud.endpoints, region=REGION,
                                               chosen=lambda service, request: self.fate(service, request)))
        self.log = folder / f"{name}.log"
        spool = folder / f"{name}.spool"
        spool.mkdir()
        # The layer with the configuration is a file here.
        environment = deployment.environment[name] | {"LAKEGATE_CONFIG": str(config)}
        self.function = Function(
            [str(program)], servers.aws_environment(cloud.credentials, **self.proxy.urls) | environment | {
                "AWS_LAMBDA_FUNCTION_NAME": function_name(name), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "TMPDIR": str(spool), "PATH": "/usr/bin:/bin"},
            stack.enter_context(self.log.open("ab")))
        stack.callback(self.function.close)

    def take(self, *bodies: dict) -> list[bool]:
        """Delivers messages in one batch: which of them were done."""
        answer = self.function.invoke({"Records": [
            {"messageId": f"m{n}", "body": json.dumps(body), "eventSource": "aws:sqs"}
            for n, body in enumerate(bodies)]}, None)
        assert answer is not None and answer[0] == "response", answer
        failed = {failure["itemIdentifier"] for failure in json.loads(answer[1])["batchItemFailures"]}
        return [f"m{n}" not in failed for n in range(len(bodies))]

    def invoke(self, event: dict, seconds: float = 300) -> Answer:
        """As a schedule does it, and the function itself."""
        return self.function.api.invoke(event, timeout=seconds)


def parquet(rows: list[dict]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def in_turn(kinds: list[str], wanted: Callable[[Message], bool]) -> Callable[[str, Message], str]:
    """The first requests of that sort fail so."""
    left = list(kinds)
    return lambda service, request: left.pop(0) if left and wanted(request) else ""


class Work:
    """Everything that the functions of a lake have to do, in an order in which it makes sense."""

    def __init__(self, cloud: Cloud, deployment: Deployment, program: pathlib.Path, folder: pathlib.Path,
                 stack: ExitStack, *, versioned: bool) -> None:
        self.bucket, self.prefix = deployment.lake
        self.s3 = cloud.client("s3")
        self.s3.create_bucket(Bucket=self.bucket)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        for table in deployment.tables:
            cloud.client("dynamodb").create_table(
                **{key: table[key] for key in ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode")})
        cloud.client("glue").create_database(DatabaseInput={"Name": "lake_db"})
        cloud.client("events").create_event_bus(Name="ops")
        self.config = folder / "lake.yaml"
        self.config.write_text(CONFIG.read_text())
        self.stages = {name: Stage(name, cloud, deployment, program, self.config, folder, stack)
                       for name in deployment.environment}
        self.convert, self.load = self.stages["convert"], self.stages["load"]
        self.seen: set[tuple[str, str]] = set()

    def land(self, key: str, content: bytes | str) -> dict:
        """The event of an object that has landed."""
        body = content.encode() if isinstance(content, str) else content
        self.wait_for_a_later_second(f"landing/{key}")
        self.put(f"landing/{key}", body)
        return self.event(f"landing/{key}")

    def put(self, key: str, content: bytes | str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=content)

    def wait_for_a_later_second(self, key: str) -> None:
        """S3's times are whole seconds, and which of two versions of one second is the newer one nobody can say."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix + key).get("Contents", [])
        for item in listed:
            while datetime.datetime.now(datetime.UTC) - item["LastModified"] < datetime.timedelta(seconds=1):
                time.sleep(0.05)

    def event(self, key: str) -> dict:
        return {"version": "0", "id": "1", "source": "aws.s3", "detail-type": "Object Created", "detail": {
            "bucket": {"name": self.bucket}, "object": {"key": self.prefix + key}}}

    def records(self) -> Iterator[dict]:
        """Events of the run records that are new or have been replaced."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}_lake/runs/").get("Contents", [])
        for item in sorted(listed, key=lambda item: item["LastModified"]):
            if (item["Key"], item["ETag"]) not in self.seen:
                self.seen.add((item["Key"], item["ETag"]))
                yield self.event(item["Key"][len(self.prefix):])

    def do_everything(self) -> None:
        self.convert_and_load()
        self.fail()
        self.upload()
        self.replay()

    def load_new(self) -> None:
        events = list(self.records())
        assert events and all(self.load.take(*events))
        assert all(self.load.take(*events)), "a second delivery"

    def convert_and_load(self) -> None:
        orders = "".join(f"2026-01-01T00:00:{n % 60:02}.{n:06},{n % 7}.50\n" for n in range(300))
        events = [
            self.land("losses/a.csv", "day,lost\n" + "".join(f"{day},{day * 3}\n" for day in range(1, 9))),
            self.land("losses/b.csv", "day,lost\n20,1\n21,2\n"),
            # A key twice, and a row that is rejected.
            self.land("orders/s1/a.csv", f"ordered_at,price\n{orders}2026-01-01T00:00:00.000000,9\nyesterday,1\n"
                                         "2026-01-02T00:00:00,\n"),
            self.land("scans/a.parquet", parquet([{"digest": bytes([n]), "note": "x" if n else None}
                                                  for n in range(5)])),
            self.land("readings/a.ndjson", '{"sensor": 1}\n'),
        ]
        assert all(self.convert.take(*events)) and all(self.convert.take(*events))
        self.load_new()
        # A new column; a new version, in which rows are missing; what is found without events.
        assert all(self.convert.take(self.land("readings/b.ndjson", '{"sensor": 2, "unit": "C"}\n')))
        self.land("losses/a.csv", "day,lost\n1,3\n2,7\n")
        assert all(self.convert.take({"run": {"dataset": "losses"}}, {"run": {}}))
        self.load_new()

    def fail(self) -> None:
        bad = self.land("losses/bad.csv", "day,lost\nx,1\ny,2\n")
        assert self.convert.take(bad) == self.convert.take(bad) == [False], "and from its record"
        assert self.convert.take({"replay": {"dataset": "losses", "failed": True}}) == [False]
        assert not any(self.convert.take(self.event("landing/losses/never landed.csv")))

    def upload(self) -> None:
        """Objects so large that they are read in ranges and uploaded in parts: completed, given up,
        completed with the reply lost."""
        noise = random.Random(1)
        # Rows too large for an item.
        large = self.land("scans/large.parquet", parquet([
            {"digest": bytes([n]), "note": noise.randbytes(1_000_000).hex()} for n in range(20)]))
        self.convert.fate = in_turn(COMPLETED_UNHEARD, self.end_of("curated"))
        assert all(self.convert.take(large))
        self.load_new()
        rows = "".join(f'{{"sensor": {n}, "unit": "{noise.randbytes(1_000).hex()}"}}\n' for n in range(15_000))
        rejects = "".join(f'{{"sensor": "{n:01500}x"}}\n' for n in range(12_000))
        many = self.land("readings/too many rejects.ndjson", rows + rejects)
        self.convert.fate = lambda service, request: "error" if self.part_of("_lake/failures")(request) else ""
        assert self.convert.take(many) == [False], "not even its failure can be recorded"
        self.convert.fate = in_turn(COMPLETED_UNHEARD, self.end_of("_lake/failures"))
        assert self.convert.take(many) == [False]
        assert self.convert.take(many) == [False], "from its record"
        self.convert.fate = lambda service, request: ""

    def part_of(self, zone: str) -> Callable[[Message], bool]:
        return lambda request: f"/{self.prefix}{zone}/" in request.target and "partNumber=" in request.target

    def end_of(self, zone: str) -> Callable[[Message], bool]:
        return lambda request: (f"/{self.prefix}{zone}/" in request.target and request.method == "POST"
                                and "uploadId=" in request.target)

    def replay(self) -> None:
        """Under another configuration: new generations, of which rows and rejects are missing."""
        text = self.config.read_text()
        text = text.replace("{name: price, type: 'decimal(10,2)'}",
                            "{name: price, type: 'decimal(10,2)', required: true}")
        text = text.replace("- {name: digest, type: binary}", "- {name: digest, type: binary}\n"
                            "      - {name: note, type: text, required: true}\n    max_rejects: 50%")
        assert text.count("required: true") == 3
        self.config.write_text(text)
        for dataset in ("orders", "scans"):
            assert all(self.convert.take({"replay": {"dataset": dataset}}))
        self.load_new()
        large = self.land("scans/many rejects.parquet", parquet([
            {"digest": bytes([n % 256]), "note": None if n % 2 else "x", "more": "x" * 60_000} for n in range(450)]))
        self.convert.fate = in_turn(COMPLETED_UNHEARD, self.end_of("rejected"))
        assert all(self.convert.take(large))
        self.convert.fate = lambda service, request: ""
