"""The judge of policies: what IAM would say, what is missing and what is spare."""

from __future__ import annotations

import pytest

from policies import Policy, Right, by_stage, matches, of_functions
from same import Template

BUCKET = "arn:aws:s3:::ours"


def allow(*actions: str, on: str | list[str], **more) -> dict:
    return {"Sid": "S", "Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def call(action: str, resource: str, **more) -> dict:
    return {"service": action.split(":")[0], "action": action, "resource": resource, "operation": "", **more}


@pytest.mark.parametrize(("pattern", "text", "expected"), [
    ("a", "a", True), ("a", "ab", False), ("a*", "abc", True), ("a*c", "abbc", True), ("a*c", "abb", False),
    ("a?c", "abc", True), ("a?c", "ac", False), ("a.c", "abc", False), ("a/*", "a/b/c", True), ("[a]", "a", False),
])
def test_wildcards(pattern, text, expected):
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(("asked", "expected"), [
    (call("s3:GetObject", f"{BUCKET}/lake/curated/a.parquet"), True),
    (call("S3:getobject", f"{BUCKET}/lake/curated/a.parquet"), True),
    (call("s3:PutObject", f"{BUCKET}/lake/curated/a.parquet"), False),
    (call("s3:GetObject", f"{BUCKET}/lake/landing/a.csv"), False),
    (call("s3:GetObject", f"{BUCKET}/lake/CURATED/a.parquet"), False),
    (call("s3:GetObject", f"{BUCKET}2/lake/curated/a.parquet"), False),
])
def test_actions_and_resources(asked, expected):
    assert Policy([allow("s3:GetObject", on=f"{BUCKET}/lake/curated/*")]).allows(asked) is expected


@pytest.mark.parametrize(("operator", "context", "expected"), [
    ("StringLike", {"prefix": "lake/curated/"}, True),
    ("StringLike", {"prefix": "other/"}, False),
    ("StringLike", {}, False),
    ("StringLikeIfExists", {"prefix": "lake/"}, True),
    ("StringLikeIfExists", {"prefix": ""}, False),
    ("StringLikeIfExists", {}, True),  # S3 asks so when an object is not there: 404 or 403
    ("StringEquals", {"prefix": "lake/*"}, True),
    ("StringEquals", {"prefix": "lake/curated/"}, False),
])
def test_conditions(operator, context, expected):
    policy = Policy([allow("s3:ListBucket", on=BUCKET, Condition={operator: {"s3:prefix": "lake/*"}})])
    assert policy.allows(call("s3:ListBucket", BUCKET, **context)) is expected


def test_what_is_not_understood_is_no_yes():
    with pytest.raises(ValueError, match="NotAction"):
        Policy([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}])
    with pytest.raises(ValueError, match="IpAddress"):
        Policy([allow("s3:GetObject", on="*", Condition={"IpAddress": {}})]).allows(call("s3:GetObject", BUCKET))


def test_a_denial_outweighs():
    policy = Policy([allow("s3:*", on="*"), {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}])
    assert policy.allows(call("s3:GetObject", BUCKET))
    assert not policy.allows(call("s3:DeleteObject", BUCKET))


def test_missing_and_spare():
    policy = Policy([allow("s3:GetObject", "s3:PutObject", on=[f"{BUCKET}/a/*", f"{BUCKET}/b/*"])])
    get, forbidden = call("s3:GetObject", f"{BUCKET}/a/1"), call("s3:DeleteObject", f"{BUCKET}/a/1")
    assert policy.missing([get, forbidden]) == [forbidden]
    assert policy.spare([get, forbidden]) == [
        Right("S", "s3:GetObject", f"{BUCKET}/b/*"), Right("S", "s3:PutObject", f"{BUCKET}/a/*"),
        Right("S", "s3:PutObject", f"{BUCKET}/b/*")]


def test_the_policies_of_the_template_are_understood(variants):
    """Every statement can be judged: a call made to fit each right is allowed, and nothing is allowed
    on another bucket."""
    for stack in ("Plain", "Existing", "Chosen"):
        template = Template(variants.template(stack))
        policies = of_functions(by_stage(template))
        assert set(policies) == {"convert", "load"} | ({"fetch"} if stack == "Chosen" else set())
        for policy in policies.values():
            for right, _ in policy.rights():
                prefix = {"prefix": "lake/landing/x"} if stack == "Chosen" else {"prefix": "landing/x"}
                if stack == "Existing":
                    prefix = {"prefix": "team/lake/landing/x"}
                more = prefix if right.action.startswith("s3:List") else {}
                fitting = call(right.action, right.resource.replace("*", "x"), **more)
                assert policy.allows(fitting), right
                elsewhere = fitting["resource"].replace(":ours", ":theirs")
                if elsewhere != fitting["resource"]:
                    assert not policy.allows({**fitting, "resource": elsewhere})
