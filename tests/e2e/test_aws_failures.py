"""What goes wrong on AWS: each time an error that names the cause and the cure, and nothing half-done."""

from __future__ import annotations

import pathlib
import socket
import subprocess
from collections.abc import Iterator

import pytest

import lambda_events as events
from aws_servers import Aws, CloudLake, Tables
from emulated_function import command_of_the_function
from runtime_api import RuntimeApi

CONFIG = """
datasets:
  sales:
    landing: sales/*.csv
    schema: [{{name: id, type: int64}}, {{name: v, type: text}}]
    serve: {{table: {table}, key: [id]}}
"""
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def lake(cloud_lake: CloudLake, tables: Tables) -> CloudLake:
    cloud_lake.table = tables.prefix + "Sales"
    cloud_lake.configure(CONFIG.format(table=cloud_lake.table))
    cloud_lake.land("sales/a.csv", "id,v\n1,x\n2,y\n")
    return cloud_lake


@pytest.fixture
def silence() -> Iterator[str]:
    """The URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


SETTINGS = {
    "nobody listens": ({"AWS_ENDPOINT_URL_S3": NOBODY}, 1, ["connection refused", "endpoint"]),
    "no such host": ({"AWS_ENDPOINT_URL_S3": "http://no.such.host.invalid:9000"}, 1, ["no such host", "network?"]),
    "no URL": ({"AWS_ENDPOINT_URL_S3": "127.0.0.1:9000"}, 2, ["http:// or https://"]),
    "another service": ({"AWS_ENDPOINT_URL_S3": "dynamodb"}, 1, ["cannot read s3://"]),
    "no TLS there": ({"AWS_ENDPOINT_URL_S3": "https"}, 1, ["TLS", "https?"]),
    "wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, 1, ["SignatureDoesNotMatch", "check the secret access key"]),
    "no credentials": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 1,
                       ["no AWS credentials", "AWS_ACCESS_KEY_ID", "aws configure"]),
    "no region": ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, 2, ["no AWS region", "AWS_REGION"]),
    "wrong region": ({"AWS_REGION": "eu-west-3"}, 1, ["region is the wrong one", "AWS_REGION"]),
    "no such profile": ({"AWS_PROFILE": "nope"}, 2, ["nope", "list-profiles"]),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_wrong_settings(lake: CloudLake, aws: Aws, name: str) -> None:
    changes, code, says = SETTINGS[name]
    real = {"dynamodb": aws.endpoints["dynamodb"], "https": aws.endpoints["s3"].replace("http:", "https:")}
    environment = {k: real.get(v, v) for k, v in (lake.environment | changes).items()}
    environment = {k: v for k, v in environment.items() if v}
    outcome = lake.program("run", "--lake", lake.url, env=environment, code=code)
    assert all(words in outcome.err for words in says), outcome
    assert outcome.err.count("\n") == 1, "one line says it all"
    assert lake.files("curated") == {}


@pytest.mark.parametrize("command", ["run", "status", "check", "load sales", "push"])
def test_a_bucket_that_is_not_there(lake: CloudLake, tmp_path: pathlib.Path, command: str) -> None:
    file = tmp_path / "lake.yaml"
    file.write_text(CONFIG.format(table="Sales"))
    words = ["push", file] if command == "push" else command.split()
    outcome = lake.program(*words, "--lake", "s3://no-such-bucket-here/lake", env=lake.environment, code=1)
    assert "NoSuchBucket" in outcome.err and "check its name, or create it" in outcome.err
    assert "s3://no-such-bucket-here/lake" in outcome.err


def test_a_place_where_no_lake_is(lake: CloudLake) -> None:
    outcome = lake.program("run", "--lake", f"s3://{lake.bucket.name}/laek", env=lake.environment, code=0)
    assert "is it the right place?" in outcome.err


def test_tables_out_of_reach_leave_the_rows_curated(lake: CloudLake) -> None:
    outcome = lake("run", env={"AWS_ENDPOINT_URL_DYNAMODB": NOBODY}, code=1)
    assert f"the table {lake.table}" in outcome.err and "connection refused" in outcome.err
    assert len(lake.rows("sales")) == 2
    lake("load", "sales", "--create", code=0)
    assert "nothing new" in lake("run", code=0).out


class Function:
    """The function with a Runtime API whose deadlines are the test's."""

    def __init__(self, lake: CloudLake, api: RuntimeApi, **changes: str) -> None:
        variables = {"PATH": "/usr/bin:/bin", "LAKEGATE_LAKE": lake.url, "AWS_LAMBDA_RUNTIME_API": api.address,
                     "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256"} | lake.environment | changes
        self.process = subprocess.Popen(command_of_the_function(lake.program), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, env={k: v for k, v in variables.items() if v})

    def __enter__(self) -> Function:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("service", ["S3", "DYNAMODB"])
def test_the_function_answers_in_time_though_a_server_does_not(lake: CloudLake, silence: str, service: str) -> None:
    """With a retryable error, before Lambda ends it; and works again when the server does."""
    lake("load", "sales", "--create", code=0)
    with RuntimeApi() as api, Function(lake, api, **{f"AWS_ENDPOINT_URL_{service}": silence}):
        if service == "S3":
            key = lake.key("landing/sales/a.csv")
        else:
            assert api.invoke(events.of_s3(lake.bucket.name, lake.key("landing/sales/a.csv"))).kind == "response"
            [key] = lake.bucket.keys(lake.key("_lake/runs/sales/"))
        invocation = api.send(events.of_s3(lake.bucket.name, key), timeout=12)
        answer = invocation.answers.get(timeout=12)  # then it would be ended
        assert answer.kind == "error" and answer.json["errorType"] == "Lakegate.Retryable", answer
        assert "before the time was over" in answer.json["errorMessage"]
    with RuntimeApi() as api, Function(lake, api):
        assert api.invoke(events.of_s3(lake.bucket.name, key)).kind == "response"


@pytest.mark.parametrize(("changes", "kind", "says"), [
    ({"AWS_ENDPOINT_URL_S3": NOBODY}, "Retryable", "connection refused"),
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "Permanent", "check the secret access key"),
    ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Permanent", "no AWS credentials"),
    ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "InvalidInput", "set AWS_REGION"),
])
def test_the_function_says_what_is_wrong(lake: CloudLake, changes: dict[str, str], kind: str, says: str) -> None:
    with RuntimeApi() as api, Function(lake, api, **changes):
        answer = api.invoke(events.of_s3(lake.bucket.name, lake.key("landing/sales/a.csv")))
    assert answer.kind == "error" and answer.json["errorType"] == f"Lakegate.{kind}"
    assert says in answer.json["errorMessage"]


def test_an_object_that_is_gone(lake: CloudLake) -> None:
    """Deleted between the event and the run: an error, since nobody can tell it from a file that was lost."""
    lake.bucket.client.delete_object(Bucket=lake.bucket.name, Key=lake.key("landing/sales/a.csv"))
    with RuntimeApi() as api, Function(lake, api):
        gone = api.invoke(events.of_s3(lake.bucket.name, lake.key("landing/sales/a.csv")))
        no_run = api.invoke(events.of_s3(lake.bucket.name, lake.key("_lake/runs/sales/0123456789abcdef0123.json")))
    assert gone.json["errorType"] == no_run.json["errorType"] == "Lakegate.NotFound"
    assert "there is no such object" in gone.json["errorMessage"] and "deleted" in gone.json["errorMessage"]
    assert lake.files("_lake") == {}


@pytest.mark.parametrize("exists", [False, True])
def test_a_table_that_is_not_there_or_another(lake: CloudLake, tables: Tables, exists: bool) -> None:
    lake("run", code=1)
    if exists:
        tables.create("Sales", {"v": "S"})
    [key] = lake.bucket.keys(lake.key("_lake/runs/sales/"))
    with RuntimeApi() as api, Function(lake, api):
        answer = api.invoke(events.of_s3(lake.bucket.name, key))
        assert answer.kind == "error" and "`lakegate load sales --create`" in answer.json["errorMessage"]
        assert ("has the key (v: S)" if exists else "there is no table") in answer.json["errorMessage"]
        if exists:
            tables.client.delete_table(TableName=lake.table)
        lake("load", "sales", "--create", code=0)
        assert api.invoke(events.of_s3(lake.bucket.name, key)).kind == "response"
    assert len(tables.rows(lake.table)) == 2
