"""Events that tell of an object in S3, in every shape in which Lambda hands them to a function.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from urllib.parse import quote_plus

from servers.environment import REGION

ACCOUNT = "123456789012"


def now() -> str:
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def of_s3(bucket: str, *keys: str) -> dict:
    """A notification; keys are encoded as HTML forms are."""
    return {"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION, "eventTime": now(),
        "eventName": "ObjectCreated:Put", "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
        "responseElements": {"x-amz-request-id": "D82B88E5F771F645"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "landings",
               "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                          "arn": f"arn:aws:s3:::{bucket}"},
               "object": {"key": quote_plus(key, safe="/"), "size": 1, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                          "sequencer": "0C0F6F405D6ED209E1"}}} for key in keys]}


def of_eventbridge(bucket: str, key: str) -> dict:
    """One object an event; the key as it is."""
    return {"version": "0", "id": str(uuid.uuid4()), "detail-type": "Object Created", "source": "aws.s3",
            "account": ACCOUNT, "time": now(), "region": REGION, "resources": [f"arn:aws:s3:::{bucket}"],
            "detail": {"version": "0", "bucket": {"name": bucket},
                       "object": {"key": key, "size": 1, "etag": "d41d8cd98f00b204e9800998ecf8427e",
                                  "sequencer": "006408CAD69598B05E"},
                       "request-id": "57H08PA84AB1JZW0", "requester": ACCOUNT, "source-ip-address": "203.0.113.7",
                       "reason": "PutObject"}}


def in_sqs(*bodies: dict | str) -> dict:
    return {"Records": [{
        "messageId": str(uuid.uuid4()), "receiptHandle": "AQEBE7XoI7IQRLF7", "awsRegion": REGION,
        "body": body if isinstance(body, str) else json.dumps(body), "messageAttributes": {},
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1681332219270"},
        "eventSource": "aws:sqs", "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:landings"} for body in bodies]}


def notification(message: dict) -> dict:
    return {"Type": "Notification", "MessageId": str(uuid.uuid4()), "Subject": "Amazon S3 Notification",
            "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:landings", "Message": json.dumps(message),
            "Timestamp": now(), "SignatureVersion": "1", "Signature": "tEo2i6Lw6"}


def in_sns(message: dict) -> dict:
    return {"Records": [{"EventVersion": "1.0", "EventSource": "aws:sns",
                         "EventSubscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:landings:1",
                         "Sns": notification(message)}]}


# (bucket, key) -> the event. Those that come through a queue are answered by what has failed.
SHAPES: dict[str, Callable[[str, str], dict]] = {
    "s3": of_s3,
    "eventbridge": of_eventbridge,
    "s3-in-sqs": lambda bucket, key: in_sqs(of_s3(bucket, key)),
    "eventbridge-in-sqs": lambda bucket, key: in_sqs(of_eventbridge(bucket, key)),
    "s3-in-sns": lambda bucket, key: in_sns(of_s3(bucket, key)),
    "s3-in-sns-in-sqs": lambda bucket, key: in_sqs(notification(of_s3(bucket, key))),
}
