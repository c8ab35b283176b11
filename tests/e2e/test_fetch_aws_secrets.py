"""Secrets that AWS keeps: taken from Secrets Manager and the Parameter Store when a fetch begins, shown to the server
and to nobody else."""

from __future__ import annotations

import json
import secrets
import urllib.parse
from typing import Any

import pytest

from aws_servers import Aws, CloudLake
from fetching import configure, expected, devices, got, readings, with_unpacked

CANARY = "Canary" + secrets.token_hex(12) + "/+="
OTHER = "Canary" + secrets.token_hex(12)  # kept beside it, and not asked for


class Keeper:
    """What AWS keeps, under names that no other test uses."""

    def __init__(self, moto: Aws) -> None:
        self.moto = moto
        self.name = f"factory/{secrets.token_hex(4)}"
        self.environment = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": moto.endpoints["secretsmanager"],
                            "AWS_ENDPOINT_URL_SSM": moto.endpoints["ssm"]}

    def secret(self, **value: Any) -> str:
        """Text or bytes, as `SecretString` or `SecretBinary`; its ARN."""
        return self.moto.client("secretsmanager").create_secret(Name=self.name, **value)["ARN"]

    def parameter(self, value: str, kind: str = "SecureString") -> None:
        self.moto.client("ssm").put_parameter(Name="/" + self.name, Value=value, Type=kind)


@pytest.fixture
def keeper(moto: Aws) -> Keeper:
    return Keeper(moto)


def fetch(lake: CloudLake, keeper: Keeper, *options, **keywords):
    return lake("fetch", "readings", *options, env=keeper.environment, **keywords)


def where_it_is(lake: CloudLake, *outcomes) -> set[str]:
    """Objects of the bucket and outputs in which a secret appears, as it is or as it stands in a URL."""
    texts = with_unpacked({key: lake.bucket.get(key) for key in lake.bucket.keys()})
    texts |= {f"output {i}": outcome.stdout + outcome.stderr for i, outcome in enumerate(outcomes)}
    forms = [CANARY, urllib.parse.quote(CANARY, safe=""), urllib.parse.quote(CANARY), OTHER]
    return {name for name, text in texts.items() for form in forms if form.encode() in text}


KEPT = {
    "a secret of text": lambda keeper: keeper.secret(SecretString=CANARY) and {"secretsmanager": keeper.name},
    "a secret by its ARN": lambda keeper: {"secretsmanager": keeper.secret(SecretString=CANARY)},
    "a member of a JSON secret": lambda keeper: keeper.secret(
        SecretString=json.dumps({"token": CANARY, "other": OTHER})) and {"secretsmanager": keeper.name, "key": "token"},
    "a secret of bytes": lambda keeper: keeper.secret(
        SecretBinary=CANARY.encode() + b"\n") and {"secretsmanager": keeper.name},
    "a secure parameter": lambda keeper: keeper.parameter(CANARY) or {"ssm": "/" + keeper.name},
    "a parameter in clear": lambda keeper: keeper.parameter(CANARY, "String") or {"ssm": "/" + keeper.name},
}


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("auth", ["bearer", "query"])
def test_the_server_is_shown_it_and_nobody_else(cloud_lake, api, keeper, kept, auth):
    reference = KEPT[kept](keeper)
    api.configure(auth=auth, secret=CANARY, gone=0.2)
    configure(cloud_lake, readings=readings(api, 20, "values=3", "https", auth={
        auth: reference if auth == "bearer" else {"X-Api-Key": reference}}))
    outcome = fetch(cloud_lake, keeper, "-v")
    gone = {device for device in devices(20) if api.content.is_gone(f"/devices/{device}/readings", 0.2)}
    assert got(cloud_lake) == expected(api, [device for device in devices(20) if device not in gone], count=3)
    assert outcome.code == (1 if gone else 0)
    assert where_it_is(cloud_lake, outcome, cloud_lake("status"), cloud_lake("status", "--format", "json")) == set()


def test_both_at_once(cloud_lake, api, keeper):
    keeper.secret(SecretString=json.dumps({"token": CANARY}))
    keeper.parameter(OTHER)
    api.configure(auth="bearer", secret=CANARY)
    configure(cloud_lake, readings=readings(api, 5, "", "https", auth={
        "bearer": {"secretsmanager": keeper.name, "key": "token"}, "header": {"X-Site": {"ssm": "/" + keeper.name}}}))
    outcome = fetch(cloud_lake, keeper, code=0)
    assert got(cloud_lake) == expected(api, devices(5))
    assert {request["headers"]["X-Site"] for request in api.requests("/devices/")} == {OTHER}
    assert where_it_is(cloud_lake, outcome) == set()


def test_what_the_server_says_back_is_in_what_has_landed_and_nowhere_else(cloud_lake, api, keeper):
    keeper.secret(SecretString=CANARY)
    api.configure(auth="query", secret=CANARY)
    echo = readings(api, 2, "", "https", auth={"query": {"X-Api-Key": {"secretsmanager": keeper.name}}})["source"]
    configure(cloud_lake, readings={
        "source": echo | {"url": api.url("https", "/echo?n={n}"), "for_each": {"n": [1, 2]}, "add": {"n": "{n}"}},
        "schema": [{"name": "n", "type": "text"}, {"name": "query", "type": "int64"}]})
    outcome = fetch(cloud_lake, keeper, code=1)
    found = where_it_is(cloud_lake, outcome, cloud_lake("rejects", "readings"), cloud_lake("status"))
    assert found and all(key.startswith("lake/landing/") for key in found), found


MISSING = {
    "no such secret": ({"secretsmanager": "factory/nowhere"}, ["factory/nowhere", "create it"]),
    "no such parameter": ({"ssm": "/factory/nowhere"}, ["/factory/nowhere", "create it"]),
    "no such member": ({"secretsmanager": "NAME", "key": "nowhere"}, ["key: nowhere", "no text under that key"]),
    "no JSON in a parameter's place": ({"secretsmanager": "TEXT", "key": "token"}, ["no JSON object"]),
}


@pytest.mark.parametrize("case", MISSING)
def test_a_secret_that_is_not_there_is_named_before_the_first_request(cloud_lake, api, keeper, case):
    reference, says = MISSING[case]
    keeper.secret(SecretString=CANARY if reference.get("secretsmanager") == "TEXT" else json.dumps({"token": CANARY}))
    if reference.get("secretsmanager") in ("NAME", "TEXT"):
        reference = reference | {"secretsmanager": keeper.name}
    configure(cloud_lake, readings=readings(api, 3, "", "https", auth={"bearer": reference}))
    outcome = fetch(cloud_lake, keeper)
    assert all(words in outcome.err for words in says) and outcome.code == 2, outcome
    assert outcome.err.count("\n") == 1, "one line says it all"
    assert api.requests() == [] and where_it_is(cloud_lake, outcome) == set()


def test_a_keeper_out_of_reach_is_an_error_that_may_pass(cloud_lake, api, keeper):
    keeper.environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "http://127.0.0.1:1"
    configure(cloud_lake, readings=readings(api, 3, "", "https", auth={"bearer": {"secretsmanager": "factory/token"}}))
    outcome = fetch(cloud_lake, keeper, code=1)
    assert "factory/token" in outcome.err and "connection refused" in outcome.err
    assert api.requests() == []
