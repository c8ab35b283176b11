"""What a request to AWS is, in the words of IAM: service, action and resource.

Actions and resources: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from proxy.http1 import Message

ACCOUNT = "123456789012"
# IAM has one action for a message and for a batch of them.
SQS_ACTIONS = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage",
               "ChangeMessageVisibilityBatch": "ChangeMessageVisibility"}


@dataclass(frozen=True)
class Call:
    service: str
    action: str    # of IAM: "s3:PutObject"
    resource: str  # an ARN
    operation: str  # of the API: "UploadPart"
    prefix: str = ""  # of a list: the condition key s3:prefix

    def as_json(self) -> dict[str, str]:
        found = {"service": self.service, "action": self.action, "resource": self.resource,
                 "operation": self.operation}
        return found | ({"prefix": self.prefix} if self.operation.startswith("List") else {})


def calls_of(service: str, request: Message, region: str = "us-east-1") -> list[Call]:
    """The permissions that one request asks for."""
    if service == "s3":
        return list(s3_calls(request))
    if service == "lambda":
        return list(lambda_calls(request, region))
    # The SDKs' name, and IAM's.
    service = {"eventbridge": "events", "secrets_manager": "secretsmanager"}.get(service, service)
    target = request.header("x-amz-target")
    operation = target.rpartition(".")[2]
    if not operation:
        raise ValueError(f"not a request to {service}: {request.first}")
    body = json.loads(request.body or b"{}")
    arn = f"arn:aws:{service}:{region}:{ACCOUNT}:"
    named = {"dynamodb": dynamodb_calls, "sqs": sqs_calls, "glue": glue_calls, "events": events_calls,
             "secretsmanager": secrets_calls, "ssm": parameter_calls}[service]
    return [Call(service, f"{service}:{action}", arn + resource if not resource.startswith("arn:") else resource,
                 operation)
            for action, resource in dict.fromkeys(named(operation, body))]


def s3_calls(request: Message) -> Iterator[Call]:
    """Path-style requests: /bucket/key."""
    parts = urlsplit(request.target)
    query = parse_qs(parts.query, keep_blank_values=True)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    method = request.method

    def call(action: str, operation: str, resource: str = "", prefix: str = "") -> Call:
        return Call("s3", f"s3:{action}", resource or (f"{arn}/{key}" if key else arn), operation, prefix)

    if not bucket:
        yield call("ListAllMyBuckets", "ListBuckets", "arn:aws:s3:::*")
    elif not key:
        if method == "GET" and "uploads" in query:
            yield call("ListBucketMultipartUploads", "ListMultipartUploads", prefix=query.get("prefix", [""])[0])
        elif method == "GET" and "versions" in query:
            yield call("ListBucketVersions", "ListObjectVersions", prefix=query.get("prefix", [""])[0])
        elif method == "GET" and "location" in query:
            yield call("GetBucketLocation", "GetBucketLocation")
        elif method == "GET":
            yield call("ListBucket", "ListObjectsV2", prefix=query.get("prefix", [""])[0])
        elif method == "HEAD":
            yield call("ListBucket", "HeadBucket")
        elif method == "POST" and "delete" in query:
            for deleted in re.findall(rb"<Key>(.*?)</Key>", request.body):
                yield call("DeleteObject", "DeleteObjects", f"{arn}/{deleted.decode()}")
        else:
            yield call({"PUT": "CreateBucket", "DELETE": "DeleteBucket"}[method], f"{method} bucket")
    elif method in ("GET", "HEAD"):
        if "uploadId" in query:
            yield call("ListMultipartUploadParts", "ListParts")
        else:
            action = "GetObjectVersion" if "versionId" in query else "GetObject"
            yield call(action, "HeadObject" if method == "HEAD" else "GetObject")
    elif method == "DELETE":
        if "uploadId" in query:
            yield call("AbortMultipartUpload", "AbortMultipartUpload")
        else:
            yield call("DeleteObjectVersion" if "versionId" in query else "DeleteObject", "DeleteObject")
    else:
        if method == "POST":
            operation = "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
        else:
            operation = "UploadPart" if "partNumber" in query else "PutObject"
        yield call("PutObject", operation)
        if source := unquote(request.header("x-amz-copy-source")).lstrip("/"):
            yield call("GetObject", operation + "Copy", f"arn:aws:s3:::{source.partition('?')[0]}")
        if request.header("x-amz-tagging"):
            yield call("PutObjectTagging", operation)


def dynamodb_calls(operation: str, body: dict) -> Iterator[tuple[str, str]]:
    if operation in ("BatchWriteItem", "BatchGetItem"):
        for table in body["RequestItems"]:
            yield operation, f"table/{table}"
    elif operation in ("TransactWriteItems", "TransactGetItems"):
        for item in body["TransactItems"]:
            for kind, what in item.items():
                action = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
                          "Get": "GetItem", "ConditionCheck": "ConditionCheckItem"}[kind]
                yield action, f"table/{what['TableName']}"
    elif operation == "Query" and "IndexName" in body:
        yield operation, f"table/{body['TableName']}/index/{body['IndexName']}"
    else:
        yield operation, f"table/{body['TableName']}" if "TableName" in body else "table/*"


def sqs_calls(operation: str, body: dict) -> Iterator[tuple[str, str]]:
    name = body.get("QueueUrl", body.get("QueueName", "*")).rstrip("/").rpartition("/")[2]
    yield SQS_ACTIONS.get(operation, operation), name


def glue_calls(operation: str, body: dict) -> Iterator[tuple[str, str]]:
    """Glue asks for the permission on the catalog, the database and the table."""
    yield operation, "catalog"
    database = body.get("DatabaseName") or body.get("DatabaseInput", {}).get("Name") or (
        body.get("Name") if operation.endswith("Database") else None)
    table = body.get("TableName") or body.get("TableInput", {}).get("Name") or (
        body.get("Name") if operation.endswith("Table") else None)
    if database:
        yield operation, f"database/{database}"
    if database and table:
        yield operation, f"table/{database}/{table}"


def events_calls(operation: str, body: dict) -> Iterator[tuple[str, str]]:
    for entry in body.get("Entries", [{}]):
        bus = entry.get("EventBusName", "default")
        yield operation, bus if bus.startswith("arn:") else f"event-bus/{bus}"


def secrets_calls(operation: str, body: dict) -> Iterator[tuple[str, str]]:
    """A secret's ARN ends with six characters that its name does not have."""
    name = body.get("SecretId", "*")
    yield operation, name if name.startswith("arn:") else f"secret:{name}-a1B2c3"


def parameter_calls(operation: str, body: dict) -> Iterator[tuple[str, str]]:
    name = body.get("Name", "*")
    yield operation, name if name.startswith("arn:") else f"parameter/{name.lstrip('/')}"


def lambda_calls(request: Message, region: str) -> Iterator[Call]:
    match = re.fullmatch(r"/2015-03-31/functions/([^/]+)/invocations", urlsplit(request.target).path)
    if request.method != "POST" or match is None:
        raise ValueError(f"not a request to lambda that is known: {request.first}")
    yield Call("lambda", "lambda:InvokeFunction",
               f"arn:aws:lambda:{region}:{ACCOUNT}:function:{unquote(match[1])}", "Invoke")
