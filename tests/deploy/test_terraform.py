"""deploy/terraform: laid out, evaluated without its providers, and the same as what the CDK makes."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess

import pytest

from conftest import CONFIG, ROOT, from_setup
from same import from_template, from_terraform

MODULE = ROOT / "deploy" / "terraform"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
# What deploy/cdk/test/variants.ts says to the construct.
VARIANTS = {
    "Plain": {"bucket_name": "ours"},
    "Existing": {"bucket": "ours", "prefix": "team/lake", "environment": "prod", "variables": {"TEAM": "ops"},
                 "kms_key_arn": KEY},
    "Chosen": {
        "bucket_name": "ours", "events": "s3", "prefix": "lake", "kms_key_arn": KEY, "architecture": "x86_64",
        "memory_size": 1769, "timeout": 600, "batch_size": 5, "max_concurrency": 20, "max_receive_count": 3,
        "rejects_alarm_threshold": 100, "schedule": {"factory": "cron(0 4 * * ? *)"}, "fetch_timeout": 840,
        "event_bus_arn": "arn:aws:events:eu-west-1:123456789012:event-bus/ops", "permissions_boundary": "arn:aws:iam::123456789012:policy/edge",
        "alarm_topic_arn": "arn:aws:sns:eu-west-1:123456789012:ops",
        "subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]},
}


@pytest.fixture(scope="session")
def program() -> pathlib.Path:
    return from_setup("--deploy-tools") / "terraform"


@pytest.fixture(scope="session")
def evaluate(program, package):
    def run(config: pathlib.Path = CONFIG, fails: bool = False, **variables):
        given = {"config": str(config), "package_path": str(package), "variables": {"TEAM": "ops"}, **variables}
        done = subprocess.run([program, MODULE], input=json.dumps(given), capture_output=True, text=True)
        if fails and done.returncode != 0:
            return done.stderr
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        if fails:
            return "\n".join(answer["failed"] or [])
        assert not answer["failed"], answer["failed"]
        return answer["resources"]

    return run


def test_layout(program):
    done = subprocess.run([program, "-format", MODULE, MODULE / "example"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform itself is not installed")
def test_layout_in_the_eyes_of_terraform_itself():
    done = subprocess.run(["terraform", "fmt", "-check", "-recursive", MODULE], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_as_the_cdk(variants, evaluate, variant):
    given = dict(VARIANTS[variant])
    given.setdefault("variables", {"TEAM": "ops"})
    theirs, ours = from_template(variants.template(variant)), from_terraform(evaluate(**given))
    if variant != "Existing":  # where the stack gives no variables, lake.yaml's environments are not read
        for function in ours["functions"].values():
            assert function["environment"].pop("TEAM") == "ops"
    assert set(ours) == set(theirs)
    for part in ours:
        assert ours[part] == theirs[part], part


def test_the_comparison_sees_differences(variants, evaluate):
    ours = from_terraform(evaluate(bucket_name="ours", prefix="other", timeout=301, memory_size=257))
    theirs = from_template(variants.template("Plain"))
    assert {part for part in ours if ours[part] != theirs[part]} == {"policies", "functions", "queues", "rules", "databases"}


def test_notifications_of_an_existing_bucket_are_left_alone(evaluate):
    kinds = {address.split(".")[0] for address in evaluate(bucket="ours")}
    assert not [kind for kind in kinds if kind.startswith("aws_s3_")]
    assert "aws_cloudwatch_event_rule" in kinds
    assert "would replace the notifications" in evaluate(fails=True, bucket="ours", events="s3")


def test_nothing_is_loaded_where_nothing_is_served(evaluate, tmp_path):
    config = tmp_path / "lake.yaml"
    config.write_text("datasets:\n  readings: {landing: 'readings/*.json'}\n")
    resources = evaluate(config)
    assert [a for a in resources if a.startswith("aws_lambda_function.")] == ['aws_lambda_function.stage["convert"]']
    assert not [a for a in resources if a.startswith("aws_dynamodb_table.")]


def test_only_datasets_with_a_source_have_a_schedule(evaluate):
    assert "no dataset readings with a source: (it has: factory)" in evaluate(fails=True, schedule={"readings": "rate(1 hour)"})


SERVED = """datasets:
  orders:
    landing: orders/*.csv
    schema: [{name: id, type: %s}]
    serve: {table: Orders, key: %s}
"""


@pytest.mark.parametrize(("config", "said"), [
    (SERVED % ("int64", "[other]"), "datasets.orders.schema: other (not declared)"),
    (SERVED % ("bool", "[id]"), "datasets.orders.schema: id (bool)"),
    (SERVED % ("int64", "[id, id, id]"), "at most one sort key"),
    (SERVED % ("int64", "[id], to: t.sqlite"), "leave it out"),
    (SERVED % ("int64", "[id]") + "  more: {schema: [{name: x, type: text}], serve: {table: Orders, key: x}}\n",
     "the table Orders is served by two datasets"),
    (SERVED % ("int64", "[id]") + "environments: {prod: {table_prefix: \"${NOWHERE}\"}}\n",
     "NOWHERE"),
])
def test_what_cannot_be_deployed_is_said(evaluate, tmp_path, config, said):
    path = tmp_path / "lake.yaml"
    path.write_text(config)
    assert said in evaluate(path, fails=True)


@pytest.mark.parametrize(("variables", "said"), [
    ({"prefix": "a*"}, "variable prefix"), ({"prefix": "../x"}, "variable prefix"),
    ({"architecture": "riscv"}, "arm64 or x86_64"), ({"events": "sns"}, "eventbridge or s3"),
    ({"environment": "pord"}, "Invalid index"),
    ({"environment": "prod", "bucket": "ours"}, "the environment's lake is another one than s3://ours;"),
])
def test_wrong_choices_are_said(evaluate, variables, said):
    assert said in evaluate(fails=True, **variables)
