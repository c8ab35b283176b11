"""The synthesized template, deployed to a simulated AWS: everything is made and hangs together."""

from __future__ import annotations

import io
import json
import os
import zipfile

import boto3
import pytest

from conftest import ACCOUNT, CONFIG, REGION

BY_HAND = {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::Glue::Database", "AWS::CloudWatch::Alarm"}
PARTS = ("cloudformation", "s3", "sqs", "lambda", "iam", "events", "dynamodb", "glue", "cloudwatch", "logs", "ssm")


class Cloud:
    def __init__(self, endpoint: str):
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self.client = {part: session.client(part, endpoint_url=endpoint) for part in PARTS}

    def bootstrap(self, assembly, stack: str) -> None:
        """What `cdk bootstrap` and `cdk deploy` do before the template is given to CloudFormation."""
        self.client["ssm"].put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String",
                                         Overwrite=True)
        for asset in assembly.assets(stack).values():
            if asset["source"]["path"].endswith(".template.json"):
                continue
            path, data = assembly.folder / asset["source"]["path"], io.BytesIO()
            if asset["source"]["packaging"] == "zip":
                with zipfile.ZipFile(data, "w") as archive:
                    for file in sorted(path.rglob("*")):
                        archive.write(file, file.relative_to(path))
            else:
                data = io.BytesIO(path.read_bytes())
            (destination,) = asset["destinations"].values()
            bucket = destination["bucketName"].replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)
            if not self.has_bucket(bucket):
                self.make_bucket(bucket)
            self.client["s3"].put_object(Bucket=bucket, Key=destination["objectKey"], Body=data.getvalue())

    def has_bucket(self, name: str) -> bool:
        return name in [bucket["Name"] for bucket in self.client["s3"].list_buckets()["Buckets"]]

    def make_bucket(self, name: str) -> None:
        self.client["s3"].create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def deploy(self, assembly, stack: str) -> dict[str, dict[str, str]]:
        """Physical ids by type and logical id."""
        self.bootstrap(assembly, stack)
        self.client["cloudformation"].create_stack(
            StackName=stack, TemplateBody=assembly.path(stack).read_text(), Capabilities=["CAPABILITY_IAM"])
        (described,) = self.client["cloudformation"].describe_stacks(StackName=stack)["Stacks"]
        assert described["StackStatus"] == "CREATE_COMPLETE", described
        found: dict[str, dict[str, str]] = {}
        pages = self.client["cloudformation"].get_paginator("list_stack_resources").paginate(StackName=stack)
        for resource in (r for page in pages for r in page["StackResourceSummaries"]):
            found.setdefault(resource["ResourceType"], {})[resource["LogicalResourceId"]] = (
                resource["PhysicalResourceId"])
        self.complete(assembly.template(stack)["Resources"], found)
        return found

    def complete(self, resources: dict, found: dict[str, dict[str, str]]) -> None:
        """What moto's CloudFormation does not know (and passes over with a warning), by the services' own API."""
        physical = {name: id for of_type in found.values() for name, id in of_type.items()}

        def resolve(value):
            if isinstance(value, list):
                return [resolve(item) for item in value]
            if not isinstance(value, dict):
                return value
            if "Ref" in value:
                return {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}.get(
                    value["Ref"]) or physical[value["Ref"]]
            if "Fn::Join" in value:
                return value["Fn::Join"][0].join(resolve(part) for part in value["Fn::Join"][1])
            if "Fn::GetAtt" in value:
                name, attribute = value["Fn::GetAtt"]
                kind = resources[name]["Type"]
                if kind == "AWS::SQS::Queue":
                    queue = physical[name].rpartition("/")[2]
                    return queue if attribute == "QueueName" else f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
                if kind == "AWS::Events::Rule":
                    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{physical[name]}"
                assert kind == "AWS::S3::Bucket", value
                return f"arn:aws:s3:::{physical[name]}"
            return {key: resolve(item) for key, item in value.items()}

        for raw in resources.values():
            if raw["Type"] not in BY_HAND:
                continue
            assert raw["Type"] not in found, f"moto knows {raw['Type']} now"
            properties = resolve(raw["Properties"])
            match raw["Type"]:
                case "AWS::S3::BucketPolicy":
                    self.client["s3"].put_bucket_policy(
                        Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))
                case "AWS::SQS::QueuePolicy":
                    for url in properties["Queues"]:
                        self.client["sqs"].set_queue_attributes(
                            QueueUrl=url, Attributes={"Policy": json.dumps(properties["PolicyDocument"])})
                case "AWS::Glue::Database":
                    self.client["glue"].create_database(DatabaseInput=properties["DatabaseInput"])
                case "AWS::CloudWatch::Alarm":
                    self.client["cloudwatch"].put_metric_alarm(
                        AlarmName=raw["Metadata"]["aws:cdk:path"].replace("/", "-"), **properties)


@pytest.fixture
def cloud(monkeypatch):
    from moto.moto_api._internal import moto_api_backend
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto_api_backend.reset()  # the simulation keeps its state in this process
    cloud = Cloud(f"http://{host}:{port}")
    try:
        yield cloud
    finally:
        server.stop()


def only(things: dict[str, str] | list) -> str:
    (thing,) = things.values() if isinstance(things, dict) else things
    return thing


@pytest.mark.filterwarnings("ignore:Tried to parse .* but it's not supported by moto")
def test_a_lake_of_its_own_bucket(cloud, variants):
    made = cloud.deploy(variants, "Plain")
    client = cloud.client

    bucket = only(made["AWS::S3::Bucket"])
    assert bucket == "ours"
    # Of a bucket, moto's CloudFormation knows name and encryption; the rest is the template's own tests'.
    encryption = client["s3"].get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    policy = json.loads(client["s3"].get_bucket_policy(Bucket=bucket)["Policy"])
    assert [s["Effect"] for s in policy["Statement"]] == ["Deny"]

    functions = {name: client["lambda"].get_function(FunctionName=physical)["Configuration"]
                 for name, physical in made["AWS::Lambda::Function"].items()}
    assert len(functions) == 2
    for function in functions.values():
        assert (function["Runtime"], function["Handler"], function["MemorySize"], function["Timeout"]) == (
            "provided.al2023", "bootstrap", 256, 300)
        assert function["Environment"]["Variables"] == {
            "LAKEGATE_LAKE": "s3://ours", "LAKEGATE_CONFIG": "/opt/lake.yaml"}

    only(client["lambda"].list_layers()["Layers"])
    config = only([asset["source"]["path"] for asset in variants.assets("Plain").values()
                   if asset["source"]["packaging"] == "zip"])
    assert {f.name: f.read_text() for f in (variants.folder / config).iterdir()} == {"lake.yaml": CONFIG.read_text()}

    # Each function is fed by its queue, whose failures go to dead letters; the rules feed the queues.
    mappings = client["lambda"].list_event_source_mappings()["EventSourceMappings"]
    assert len(mappings) == 2
    queues = {url: client["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
              for url in made["AWS::SQS::Queue"].values()}
    fed = {q["QueueArn"]: q for q in queues.values() if "RedrivePolicy" in q}
    dead = {q["QueueArn"] for q in queues.values() if "RedrivePolicy" not in q}
    assert {m["EventSourceArn"] for m in mappings} == set(fed) and len(fed) == 2
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert {json.loads(q["RedrivePolicy"])["deadLetterTargetArn"] for q in fed.values()} == dead and len(dead) == 2
    for queue in fed.values():
        assert int(queue["VisibilityTimeout"]) >= 6 * 300
    keys = {}
    for rule in client["events"].list_rules()["Rules"]:
        pattern = json.loads(rule["EventPattern"])
        target = only(client["events"].list_targets_by_rule(Rule=rule["Name"])["Targets"])
        keys[json.dumps(pattern["detail"]["object"]["key"])] = target["Arn"]
        assert pattern["detail"]["bucket"]["name"] == ["ours"]
        sender = [s for s in json.loads(fed[target["Arn"]]["Policy"])["Statement"] if s["Effect"] == "Allow"]
        assert [(s["Principal"], s["Condition"]) for s in sender] == [
            ({"Service": "events.amazonaws.com"}, {"ArnEquals": {"aws:SourceArn": rule["Arn"]}})]
    assert set(keys) == {'[{"prefix": "landing/"}]', '[{"wildcard": "_lake/runs/*.json"}]'}
    assert set(keys.values()) == set(fed)

    tables = {name: client["dynamodb"].describe_table(TableName=name)["Table"]
              for name in client["dynamodb"].list_tables()["TableNames"]}
    key_types = {name: [(k["AttributeName"], {a["AttributeName"]: a["AttributeType"]
                                              for a in table["AttributeDefinitions"]}[k["AttributeName"]])
                        for k in table["KeySchema"]] for name, table in tables.items()}
    assert key_types == {
        "Losses": [("day", "N")], "Orders": [("store", "S"), ("ordered_at", "S")],
        "Scans": [("digest", "B"), ("_row", "N")], "lakegate_sources": [("table", "S"), ("source", "S")]}
    for name, table in tables.items():
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"

    assert client["glue"].get_database(Name="lake_db")["Database"]["Name"] == "lake_db"
    alarms = client["cloudwatch"].describe_alarms()["MetricAlarms"]
    assert sorted(a["MetricName"] for a in alarms) == ["ApproximateNumberOfMessagesVisible"] * 2 + ["rows_rejected"]
    for name, role in made["AWS::IAM::Role"].items():
        assert client["iam"].list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [], name


@pytest.mark.filterwarnings("ignore:Tried to parse .* but it's not supported by moto")
def test_a_lake_in_an_existing_bucket(cloud, variants):
    cloud.make_bucket("ours")
    theirs = {"TopicConfigurations": [{"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:theirs", "Events": ["s3:ObjectRemoved:*"]}]}
    cloud.client["s3"].put_bucket_notification_configuration(
        Bucket="ours", NotificationConfiguration=theirs, SkipDestinationValidation=True)
    before = cloud.client["s3"].get_bucket_notification_configuration(Bucket="ours")
    made = cloud.deploy(variants, "Existing")
    assert "AWS::S3::Bucket" not in made
    after = cloud.client["s3"].get_bucket_notification_configuration(Bucket="ours")
    assert after["TopicConfigurations"] == before["TopicConfigurations"]
    function = cloud.client["lambda"].get_function(
        FunctionName=next(iter(made["AWS::Lambda::Function"].values())))["Configuration"]
    assert function["Environment"]["Variables"] == {
        "LAKEGATE_LAKE": "s3://ours/team/lake", "LAKEGATE_CONFIG": "/opt/lake.yaml", "LAKEGATE_ENV": "prod",
        "TEAM": "ops"}
    assert "prod_ops_Losses" in cloud.client["dynamodb"].list_tables()["TableNames"]
