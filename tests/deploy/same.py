"""A deployment as plain values, read from a synthesized template or from the evaluated Terraform
module, so that the two can be held against each other. What the resources are called differs by
nature; here they are called after their parts: convert.queue, load.role, table.Orders."""

from __future__ import annotations

import json
import re

STAGES = {"Convert": "convert", "Landings": "convert", "Load": "load", "Runs": "load", "Fetch": "fetch"}
PARTS = {"Log": "log", "Role": "role", "Function": "function", "Queue": "queue", "DeadLetters": "dead_letters",
         "Rule": "rule"}
TERRAFORM = {"aws_cloudwatch_log_group.function": "log", "aws_iam_role.function": "role",
             "aws_lambda_function.stage": "function", "aws_sqs_queue.events": "queue",
             "aws_sqs_queue.dead_letters": "dead_letters", "aws_cloudwatch_event_rule.created": "rule",
             "aws_cloudwatch_event_rule.schedule": "schedule"}
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def statement(raw: dict) -> tuple:
    """Comparable whatever the order; Sid included, for it is what a reader of either looks for."""
    return (raw.get("Sid", ""), raw["Effect"], json.dumps(raw.get("Principal"), sort_keys=True),
            tuple(sorted(listed(raw["Action"]))), tuple(sorted(listed(raw.get("Resource", [])))),
            json.dumps(raw.get("Condition"), sort_keys=True))


def joined(pairs) -> dict[str, set]:
    """Policies by stage: one that has several has them all."""
    found: dict[str, set] = {}
    for stage, allowed in pairs:
        found.setdefault(stage, set()).update(allowed)
    return found


def filled(template: str) -> dict:
    """An input template with its one variable filled in, whatever that is called."""
    return json.loads(re.sub(r"<[^>]+>", '"2026-11-23T04:00:00Z"', template))


def statements(document: dict) -> set:
    return {statement(raw) for raw in document["Statement"]}


class Template:
    """The resources of a synthesized template, their references resolved to parts."""

    def __init__(self, template: dict):
        self.resources = template["Resources"]
        self.paths = {name: raw.get("Metadata", {}).get("aws:cdk:path", "").split("/")[2:]
                      for name, raw in self.resources.items()}

    def part(self, name: str) -> str:
        first, second = (self.paths[name] + ["", ""])[:2]
        if first == "Marks":
            return "marks"
        if second.startswith("Schedule-"):
            return second.removeprefix("Schedule-") + ".schedule"
        if first.startswith("Table-"):
            return "table." + first.removeprefix("Table-")
        return f"{STAGES[first]}.{PARTS[second]}" if first in STAGES and second in PARTS else "/".join([first, second])

    def stage(self, name: str) -> str:
        return STAGES[self.paths[name][0]]

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            name = value["Ref"]
            if name in PSEUDO:
                return PSEUDO[name]
            return self.properties(name)["BucketName"] if self.is_bucket(name) else f"name({self.part(name)})"
        if "Fn::GetAtt" in value:
            name, attribute = value["Fn::GetAtt"]
            assert attribute in ("Arn", "QueueName"), value
            if self.is_bucket(name):
                return f"arn:aws:s3:::{self.properties(name)['BucketName']}"
            text = f"{'arn' if attribute == 'Arn' else 'name'}({self.part(name)})"
            # CloudFormation's ARN of a log group ends so, Terraform's does not.
            return text + ":*" if self.resources[name]["Type"] == "AWS::Logs::LogGroup" else text
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return separator.join(self.resolve(part) for part in parts)
        return {key: self.resolve(item) for key, item in value.items()}

    def is_bucket(self, name: str) -> bool:
        return self.resources[name]["Type"] == "AWS::S3::Bucket"

    def properties(self, name: str) -> dict:
        return self.resources[name]["Properties"]

    def of(self, kind: str) -> list[tuple[str, dict]]:
        return [(name, self.resolve(raw["Properties"])) for name, raw in self.resources.items() if raw["Type"] == kind]


def from_template(raw: dict) -> dict:
    t = Template(raw)
    out: dict = {"alarms": [], "queue_policies": {}}
    out["policies"] = joined((t.stage(n), statements(p["PolicyDocument"])) for n, p in t.of("AWS::IAM::Policy"))
    out["roles"] = {t.stage(n): (statements(p["AssumeRolePolicyDocument"]), p.get("PermissionsBoundary"))
                    for n, p in t.of("AWS::IAM::Role")}
    out["functions"] = {t.stage(n): {
        "runtime": p["Runtime"], "handler": p["Handler"], "architectures": p["Architectures"],
        "memory": p["MemorySize"], "timeout": p["Timeout"], "environment": p["Environment"]["Variables"],
        "layers": len(p["Layers"]), "log": p["LoggingConfig"]["LogGroup"], "description": p["Description"],
        "network": (p.get("VpcConfig") or {}).get("SubnetIds"), "doors": (p.get("VpcConfig") or {}).get("SecurityGroupIds"),
    } for n, p in t.of("AWS::Lambda::Function")}
    out["logs"] = {t.stage(n): p["RetentionInDays"] for n, p in t.of("AWS::Logs::LogGroup")}
    out["queues"] = {t.part(n): {
        "retention": p["MessageRetentionPeriod"], "visibility": p.get("VisibilityTimeout"),
        "encrypted": p["SqsManagedSseEnabled"], "redrive": p.get("RedrivePolicy"),
    } for n, p in t.of("AWS::SQS::Queue")}
    for _, p in t.of("AWS::SQS::QueuePolicy"):
        out["queue_policies"][p["Queues"][0].removeprefix("name(").removesuffix(")")] = statements(p["PolicyDocument"])
    out["mappings"] = {t.stage(n): {
        "queue": p["EventSourceArn"], "batch": p["BatchSize"], "partial": p["FunctionResponseTypes"],
        "at_a_time": (p.get("ScalingConfig") or {}).get("MaximumConcurrency"),
    } for n, p in t.of("AWS::Lambda::EventSourceMapping")}
    out["rules"] = {t.stage(n): (p["EventPattern"], [target["Arn"] for target in p["Targets"]])
                    for n, p in t.of("AWS::Events::Rule") if "EventPattern" in p}
    out["schedules"] = {t.part(n): (p["ScheduleExpression"], p["Description"], [
        (target["Arn"], sorted(target["InputTransformer"]["InputPathsMap"].values()), target["DeadLetterConfig"]["Arn"],
         filled(target["InputTransformer"]["InputTemplate"])) for target in p["Targets"]])
        for n, p in t.of("AWS::Events::Rule") if "ScheduleExpression" in p}
    out["starters"] = sorted((p["Action"], p["Principal"], p["FunctionName"], p["SourceArn"])
                             for _, p in t.of("AWS::Lambda::Permission"))
    out["retries"] = [(p["FunctionName"], p["MaximumRetryAttempts"], p["DestinationConfig"]["OnFailure"]["Destination"])
                      for _, p in t.of("AWS::Lambda::EventInvokeConfig")]
    out["tables"] = {p["TableName"]: {
        "billing": p["BillingMode"], "keys": [key["AttributeName"] for key in p["KeySchema"]],
        "types": {a["AttributeName"]: a["AttributeType"] for a in p["AttributeDefinitions"]},
        "restorable": p["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"],
        "expires": p.get("TimeToLiveSpecification"),
    } for _, p in t.of("AWS::DynamoDB::Table")}
    out["databases"] = [p["DatabaseInput"] for _, p in t.of("AWS::Glue::Database")]
    for _, p in t.of("AWS::CloudWatch::Alarm"):
        out["alarms"].append((
            p["Namespace"], p["MetricName"], tuple(d["Value"] for d in p.get("Dimensions", [])), p["Statistic"],
            p["Period"], p["Threshold"], p["ComparisonOperator"], p["EvaluationPeriods"], p["TreatMissingData"],
            tuple(p.get("AlarmActions", []))))
    out["alarms"].sort()
    out["bucket"] = None
    for _, p in t.of("AWS::S3::Bucket"):
        rule = p["LifecycleConfiguration"]["Rules"][0]
        encryption = p["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        notifications = p["NotificationConfiguration"]
        out["bucket"] = {
            "name": p["BucketName"], "closed": p["PublicAccessBlockConfiguration"],
            "ownership": p["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
            "encryption": (encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
                           encryption["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"),
                           encryption.get("BucketKeyEnabled")),
            "versions": p["VersioningConfiguration"]["Status"],
            "unfinished": (rule["Id"], rule["Status"], rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]),
            "eventbridge": notifications.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", False),
            "queues": sorted((q["Queue"], q["Event"], sorted((r["Name"], r["Value"]) for r in q["Filter"]["S3Key"]["Rules"]))
                             for q in notifications.get("QueueConfigurations", [])),
            "policy": statements(t.of("AWS::S3::BucketPolicy")[0][1]["PolicyDocument"]),
        }
    return out


class Evaluated:
    """The resources of the evaluated Terraform module, their placeholders resolved to parts."""

    def __init__(self, resources: dict):
        self.names = {}
        for address, attributes in resources.items():
            kind, key = self.split(address)
            if kind in TERRAFORM:
                self.names[attributes.get("name") or attributes["function_name"]] = f"name({key}.{TERRAFORM[kind]})"
        self.resources = {address: self.resolve(attributes) for address, attributes in resources.items()}

    @staticmethod
    def split(address: str) -> tuple[str, str]:
        kind, _, key = address.partition("[")
        return kind, key.rstrip("]").strip('"')

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        return re.sub(r"\$\{(.+?)\.(\w+)\}", self.placeholder, value) if isinstance(value, str) else value

    @classmethod
    def placeholder(cls, match: re.Match) -> str:
        address, attribute = match.groups()
        address = address.replace('\\"', '"')  # inside JSON
        known = {"data.aws_partition.current": "aws", "data.aws_region.current": "eu-west-1",
                 "data.aws_caller_identity.current": "123456789012"}
        if address in known:
            return known[address]
        kind, key = cls.split(address)
        part = {"aws_dynamodb_table.served": f"table.{key}", "aws_dynamodb_table.marks": "marks"}.get(
            kind, f"{key}.{TERRAFORM.get(kind, kind)}")
        return f"{'arn' if attribute == 'arn' else 'name'}({part})"

    def name(self, text: str) -> str:
        return self.names.get(text, text)

    def of(self, kind: str) -> list[tuple[str, dict]]:
        return [(self.split(address)[1], attributes) for address, attributes in self.resources.items()
                if self.split(address)[0] == kind]

    def one(self, kind: str) -> dict:
        (_, attributes), = self.of(kind)
        return attributes


def from_terraform(resources: dict) -> dict:
    t = Evaluated(resources)
    first = lambda attributes, block: (attributes.get(block) or [{}])[0]  # noqa: E731
    out: dict = {}
    out["policies"] = joined((k, statements(json.loads(a["policy"]))) for kind in ("function", "continue")
                             for k, a in t.of(f"aws_iam_role_policy.{kind}"))
    out["roles"] = {k: (statements(json.loads(a["assume_role_policy"])), a.get("permissions_boundary"))
                    for k, a in t.of("aws_iam_role.function")}
    out["functions"] = {k: {
        "runtime": a["runtime"], "handler": a["handler"], "architectures": a["architectures"],
        "memory": a["memory_size"], "timeout": a["timeout"], "environment": first(a, "environment")["variables"],
        "layers": len(a["layers"]), "log": t.name(first(a, "logging_config")["log_group"]),
        "description": a["description"],
        "network": first(a, "vpc_config").get("subnet_ids"), "doors": first(a, "vpc_config").get("security_group_ids"),
    } for k, a in t.of("aws_lambda_function.stage")}
    out["logs"] = {k: a["retention_in_days"] for k, a in t.of("aws_cloudwatch_log_group.function")}
    out["queues"] = {}
    for kind, part in (("aws_sqs_queue.events", "queue"), ("aws_sqs_queue.dead_letters", "dead_letters")):
        for k, a in t.of(kind):
            redrive = json.loads(a["redrive_policy"]) if "redrive_policy" in a else None
            out["queues"][f"{k}.{part}"] = {
                "retention": a["message_retention_seconds"], "visibility": a.get("visibility_timeout_seconds"),
                "encrypted": a["sqs_managed_sse_enabled"], "redrive": redrive}
    out["queue_policies"] = {f"{k}.{part}": statements(json.loads(a["policy"]))
                             for kind, part in (("aws_sqs_queue_policy.events", "queue"),
                                                ("aws_sqs_queue_policy.dead_letters", "dead_letters"))
                             for k, a in t.of(kind)}
    out["mappings"] = {k: {
        "queue": a["event_source_arn"], "batch": a["batch_size"], "partial": a["function_response_types"],
        "at_a_time": first(a, "scaling_config").get("maximum_concurrency"),
    } for k, a in t.of("aws_lambda_event_source_mapping.stage")}
    targets = dict(t.of("aws_cloudwatch_event_target.created"))
    out["rules"] = {k: (json.loads(a["event_pattern"]), [targets[k]["arn"]])
                    for k, a in t.of("aws_cloudwatch_event_rule.created")}
    starts = dict(t.of("aws_cloudwatch_event_target.schedule"))
    out["schedules"] = {f"{k}.schedule": (a["schedule_expression"], a["description"], [
        (starts[k]["arn"], sorted(first(starts[k], "input_transformer")["input_paths"].values()),
         first(starts[k], "dead_letter_config")["arn"],
         filled(first(starts[k], "input_transformer")["input_template"]))])
        for k, a in t.of("aws_cloudwatch_event_rule.schedule")}
    # Its ARN names a function as its name does.
    out["starters"] = sorted((a["action"], a["principal"], a["function_name"].replace("arn(", "name("), a["source_arn"])
                             for _, a in t.of("aws_lambda_permission.schedule"))
    out["retries"] = [(t.name(a["function_name"]), a["maximum_retry_attempts"],
                       first(first(a, "destination_config"), "on_failure")["destination"])
                      for _, a in t.of("aws_lambda_function_event_invoke_config.retries")]
    out["tables"] = {a["name"]: {
        "billing": a["billing_mode"], "keys": [a[key] for key in ("hash_key", "range_key") if key in a],
        "types": {x["name"]: x["type"] for x in a["attribute"]},
        "restorable": first(a, "point_in_time_recovery")["enabled"],
        "expires": {"AttributeName": first(a, "ttl")["attribute_name"], "Enabled": True} if "ttl" in a else None,
    } for kind in ("served", "marks") for _, a in t.of(f"aws_dynamodb_table.{kind}")}
    out["databases"] = [{"Name": a["name"], "Description": a["description"]}
                        for _, a in t.of("aws_glue_catalog_database.lake")]
    out["alarms"] = sorted(
        (a["namespace"], a["metric_name"], tuple(t.name(v) for v in a.get("dimensions", {}).values()), a["statistic"],
         a["period"], a["threshold"], a["comparison_operator"], a["evaluation_periods"], a["treat_missing_data"],
         tuple(a["alarm_actions"]))
        for kind in ("dead_letters", "rejects") for _, a in t.of(f"aws_cloudwatch_metric_alarm.{kind}"))
    out["bucket"] = None
    if t.of("aws_s3_bucket.lake"):
        closed = t.one("aws_s3_bucket_public_access_block.lake")
        encryption = first(t.one("aws_s3_bucket_server_side_encryption_configuration.lake"), "rule")
        default = first(encryption, "apply_server_side_encryption_by_default")
        rule = first(t.one("aws_s3_bucket_lifecycle_configuration.lake"), "rule")
        notifications = t.one("aws_s3_bucket_notification.lake")
        out["bucket"] = {
            "name": t.one("aws_s3_bucket.lake")["bucket"],
            "closed": {"BlockPublicAcls": closed["block_public_acls"], "BlockPublicPolicy": closed["block_public_policy"],
                       "IgnorePublicAcls": closed["ignore_public_acls"],
                       "RestrictPublicBuckets": closed["restrict_public_buckets"]},
            "ownership": first(t.one("aws_s3_bucket_ownership_controls.lake"), "rule")["object_ownership"],
            "encryption": (default["sse_algorithm"], default.get("kms_master_key_id"),
                           encryption.get("bucket_key_enabled")),
            "versions": first(t.one("aws_s3_bucket_versioning.lake"), "versioning_configuration")["status"],
            "unfinished": (rule["id"], rule["status"],
                           first(rule, "abort_incomplete_multipart_upload")["days_after_initiation"]),
            "eventbridge": notifications["eventbridge"],
            "queues": sorted((q["queue_arn"], q["events"][0], sorted(
                (kind, q[f"filter_{kind}"]) for kind in ("prefix", "suffix") if q.get(f"filter_{kind}")))
                for q in notifications.get("queue", [])),
            "policy": statements(json.loads(t.one("aws_s3_bucket_policy.lake")["policy"])),
        }
    return out
