"""What a process under test knows about AWS: these servers, and nothing of the machine's own."""

import os
import secrets
from dataclasses import dataclass, field

REGION = "us-east-1"


@dataclass(frozen=True)
class Credentials:
    """Made up anew, so that a server which accepts them is the one that was given them."""

    access_key: str = field(default_factory=lambda: "AKIA" + secrets.token_hex(8).upper())
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20))


def without_aws(environment: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items()
            if not key.startswith(("AWS_", "LAKEGATE_TEST_")) and key != "_X_AMZN_TRACE_ID"}


def forget_the_machine() -> None:
    """This process, boto3 in it included, knows nothing of the machine's own profiles either."""
    kept = without_aws(dict(os.environ))
    os.environ.clear()
    os.environ.update(kept | {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                              "AWS_EC2_METADATA_DISABLED": "true"})


def aws_environment(credentials: Credentials, **endpoints: str) -> dict[str, str]:
    """Variables for `s3=URL`, `dynamodb=URL`, `glue=URL` and so on, as AWS's own clients read them."""
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        **{f"AWS_ENDPOINT_URL_{service.upper()}": url for service, url in endpoints.items()},
    }
