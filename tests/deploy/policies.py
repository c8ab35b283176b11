"""IAM as far as lakegate's policies go: whether a call is allowed, which calls no statement allows, and
which rights no call has asked for.

Calls are the lines that tests/proxy writes: {"service", "action", "resource", "operation", "prefix"},
where `prefix` is the condition key s3:prefix of a list.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from same import Template


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def matches(pattern: str, text: str, ignore_case: bool = False) -> bool:
    """`*` is any text and `?` any character; all else stands for itself."""
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def condition_holds(condition: dict, context: dict[str, str]) -> bool:
    for operator, keys in condition.items():
        kind, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
        if kind not in ("StringEquals", "StringLike"):
            raise ValueError(f"the condition {operator} is not understood")
        for key, wanted in keys.items():
            if key not in context:
                if not if_exists:
                    return False
                continue
            found = context[key]
            if not any(matches(w, found) if kind == "StringLike" else w == found for w in listed(wanted)):
                return False
    return True


@dataclass(frozen=True)
class Right:
    """One action on one resource pattern: the smallest thing that can be spare."""

    sid: str
    action: str
    resource: str


def context_of(call: dict) -> dict[str, str]:
    return {"s3:prefix": call["prefix"]} if "prefix" in call else {}


def right_allows(right: Right, statement: dict, call: dict) -> bool:
    return (matches(right.action, call["action"], ignore_case=True) and matches(right.resource, call["resource"])
            and condition_holds(statement.get("Condition", {}), context_of(call)))


class Policy:
    def __init__(self, statements: Iterable[dict]):
        self.statements = list(statements)
        for statement in self.statements:
            unknown = set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}
            if unknown:
                raise ValueError(f"statements with {sorted(unknown)} are not understood")

    def rights(self, effect: str = "Allow") -> list[tuple[Right, dict]]:
        return [(Right(s.get("Sid", ""), action, resource), s) for s in self.statements if s["Effect"] == effect
                for action in listed(s["Action"]) for resource in listed(s["Resource"])]

    def allows(self, call: dict) -> bool:
        if any(right_allows(right, s, call) for right, s in self.rights("Deny")):
            return False
        return any(right_allows(right, s, call) for right, s in self.rights())

    def missing(self, calls: Iterable[dict]) -> list[dict]:
        return [call for call in calls if not self.allows(call)]

    def spare(self, calls: Iterable[dict]) -> list[Right]:
        calls = list(calls)
        return [right for right, s in self.rights() if not any(right_allows(right, s, call) for call in calls)]


# What Lambda itself does in the function's name, which no proxy in front of the function sees.
LAMBDAS_OWN = {"WriteLog", "ConsumeQueue", "JoinNetwork", "GiveUp"}
# What S3 does in the name of whoever reads and writes encrypted objects.
S3S_OWN = {"UseKey"}


def by_stage(template: Template) -> dict[str, list[dict]]:
    """The statements of each stage's function; one that has several policies has them all."""
    found: dict[str, list[dict]] = {}
    for name, properties in template.of("AWS::IAM::Policy"):
        found.setdefault(template.stage(name), []).extend(properties["PolicyDocument"]["Statement"])
    return found


def of_functions(policies: dict[str, list[dict]]) -> dict[str, Policy]:
    """The policies of the stages without what is Lambda's own, and S3's."""
    return {stage: Policy(s for s in statements if s.get("Sid") not in LAMBDAS_OWN | S3S_OWN)
            for stage, statements in policies.items()}
