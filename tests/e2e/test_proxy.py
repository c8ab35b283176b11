"""The tools of the tests themselves: servers that are what they say, and a proxy whose faults are real.
The client here is AWS's own SDK, without retries, so that every fault shows."""

from __future__ import annotations

import json

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError

from proxy import Faults, Proxy

ONCE = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=30)


def clients(aws, proxy: Proxy) -> tuple:
    return tuple(aws.client(service, endpoint_url=proxy.urls[service], config=ONCE)
                 for service in ("s3", "dynamodb"))


def put_request(number: int) -> dict:
    return {"PutRequest": {"Item": {"id": {"N": str(number)}}}}


def test_without_faults_everything_passes_and_is_written_down(aws, bucket, tables, tmp_path):
    record = tmp_path / "calls.jsonl"
    name = tables.create("things", {"id": "N"})
    with Proxy(aws.endpoints, record=record) as proxy:
        s3, dynamodb = clients(aws, proxy)
        s3.put_object(Bucket=bucket.name, Key="a/b c.txt", Body=b"1" * 100_000)
        assert s3.get_object(Bucket=bucket.name, Key="a/b c.txt")["Body"].read() == b"1" * 100_000
        assert s3.head_object(Bucket=bucket.name, Key="a/b c.txt")["ContentLength"] == 100_000
        assert s3.list_objects_v2(Bucket=bucket.name, Prefix="a/")["KeyCount"] == 1
        upload = s3.create_multipart_upload(Bucket=bucket.name, Key="m")["UploadId"]
        s3.upload_part(Bucket=bucket.name, Key="m", UploadId=upload, PartNumber=1, Body=b"x")
        s3.abort_multipart_upload(Bucket=bucket.name, Key="m", UploadId=upload)
        s3.delete_object(Bucket=bucket.name, Key="a/b c.txt")
        dynamodb.put_item(TableName=name, Item={"id": {"N": "1"}})
        dynamodb.batch_write_item(RequestItems={name: [put_request(2)]})
        with pytest.raises(ClientError, match="NoSuchKey"):
            s3.get_object(Bucket=bucket.name, Key="a/b c.txt")
    arn = f"arn:aws:s3:::{bucket.name}"
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}"
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [(line["action"], line["resource"], line["operation"]) for line in lines] == [
        ("s3:PutObject", f"{arn}/a/b c.txt", "PutObject"),
        ("s3:GetObject", f"{arn}/a/b c.txt", "GetObject"),
        ("s3:GetObject", f"{arn}/a/b c.txt", "HeadObject"),
        ("s3:ListBucket", arn, "ListObjectsV2"),
        ("s3:PutObject", f"{arn}/m", "CreateMultipartUpload"),
        ("s3:PutObject", f"{arn}/m", "UploadPart"),
        ("s3:AbortMultipartUpload", f"{arn}/m", "AbortMultipartUpload"),
        ("s3:DeleteObject", f"{arn}/a/b c.txt", "DeleteObject"),
        ("dynamodb:PutItem", table, "PutItem"),
        ("dynamodb:BatchWriteItem", table, "BatchWriteItem"),
        ("s3:GetObject", f"{arn}/a/b c.txt", "GetObject"),
    ]
    assert lines[3]["prefix"] == "a/"


def test_errors_are_refused_before_they_take_effect(aws, bucket, tables):
    name = tables.create("things", {"id": "N"})
    with Proxy(aws.endpoints, Faults(errors=1, longest=1000)) as proxy:
        s3, dynamodb = clients(aws, proxy)
        with pytest.raises(ClientError, match="InternalError") as refused:
            s3.put_object(Bucket=bucket.name, Key="k", Body=b"1")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        with pytest.raises(ClientError, match="InternalServerError"):
            dynamodb.put_item(TableName=name, Item={"id": {"N": "1"}})
        assert (proxy.counts["error"], proxy.counts["reached"], proxy.calls) == (2, 0, [])
    with Proxy(aws.endpoints, Faults(throttled=1)) as proxy:
        s3, dynamodb = clients(aws, proxy)
        with pytest.raises(ClientError, match="SlowDown") as refused:
            s3.put_object(Bucket=bucket.name, Key="k", Body=b"1")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
            dynamodb.put_item(TableName=name, Item={"id": {"N": "1"}})
    assert bucket.keys() == [] and tables.rows(name) == []


def test_faults_can_be_chosen(aws, bucket):
    with Proxy(aws.endpoints, chosen=lambda service, request: "error" if request.method == "PUT" else "") as proxy:
        s3 = clients(aws, proxy)[0]
        with pytest.raises(ClientError, match="InternalError"):
            s3.put_object(Bucket=bucket.name, Key="k", Body=b"1")
        assert s3.list_objects_v2(Bucket=bucket.name)["KeyCount"] == 0


def test_a_lost_reply_belongs_to_a_write_that_took_effect(aws, bucket, tables):
    name = tables.create("things", {"id": "N"})
    with Proxy(aws.endpoints, Faults(lost=1, longest=1)) as proxy:
        s3, dynamodb = clients(aws, proxy)
        with pytest.raises((ConnectionClosedError, BotoCoreError)):
            s3.put_object(Bucket=bucket.name, Key="k", Body=b"1", IfNoneMatch="*")
        assert bucket.get("k") == b"1"
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(Bucket=bucket.name, Key="k", Body=b"1", IfNoneMatch="*")
        with pytest.raises((ConnectionClosedError, BotoCoreError)):
            dynamodb.put_item(TableName=name, Item={"id": {"N": "1"}})
        assert tables.rows(name) == [{"id": 1}]
        assert proxy.counts["lost"] == 2


def test_unprocessed_items_are_really_withheld(aws, tables):
    name = tables.create("things", {"id": "N"})
    with Proxy(aws.endpoints, Faults(unprocessed=0.5), seed=7) as proxy:
        dynamodb = clients(aws, proxy)[1]
        reply = dynamodb.batch_write_item(RequestItems={name: [put_request(n) for n in range(25)]})
        withheld = {int(item["PutRequest"]["Item"]["id"]["N"]) for item in reply["UnprocessedItems"][name]}
        assert 0 < len(withheld) < 25
        assert {int(row["id"]) for row in tables.rows(name)} == set(range(25)) - withheld
        assert (proxy.counts["withheld"], proxy.counts["unprocessed_items"]) == (1, len(withheld))
        left, rounds = reply["UnprocessedItems"], 0
        while left:
            left, rounds = dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"], rounds + 1
            assert rounds < 50
        assert len(tables.rows(name)) == 25


def test_a_seed_repeats_its_faults_and_another_does_not(aws, bucket):
    def faults_of(seed: int) -> list[str]:
        seen = []
        with Proxy(aws.endpoints, Faults(errors=0.3, lost=0.2), seed=seed) as proxy:
            s3 = clients(aws, proxy)[0]
            for number in range(40):
                before = dict(proxy.counts)
                try:
                    s3.put_object(Bucket=bucket.name, Key=f"k{number}", Body=b"1")
                except (ClientError, BotoCoreError):
                    pass
                seen.append(next((kind for kind in ("error", "lost")
                                  if proxy.counts[kind] != before.get(kind, 0)), "pass"))
        return seen

    first = faults_of(1)
    assert set(first) == {"pass", "error", "lost"}
    assert first == faults_of(1)
    assert first != faults_of(2)


@pytest.mark.parametrize("text", ["errors=0.2,lost=0.05,unprocessed=0.3,longest=5", ""])
def test_faults_are_parsed(text):
    parsed = Faults.parse(text)
    assert parsed == (Faults(errors=0.2, lost=0.05, unprocessed=0.3, longest=5) if text else Faults())


def test_an_unknown_fault_is_said():
    with pytest.raises(ValueError, match="no fault is called 'erors'"):
        Faults.parse("erors=1")


def test_credentials_that_the_server_was_not_given_are_refused(aws, bucket):
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        aws.client("s3", aws_secret_access_key="wrong").list_objects_v2(Bucket=bucket.name)
