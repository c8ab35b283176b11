"""Runs a command with real servers beside it; see tools/with_servers."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import boto3
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers import Credentials, ServerFailed, aws_environment, dynamodb, emulator, moto, s3  # noqa: E402
from servers.environment import REGION, without_aws  # noqa: E402

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    pass


def make_bucket(url: str, credentials: Credentials) -> str:
    name = f"lakegate-{secrets.token_hex(6)}"
    client = boto3.client("s3", endpoint_url=url, region_name=REGION,
                          aws_access_key_id=credentials.access_key,
                          aws_secret_access_key=credentials.secret_key,
                          config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket=name)
    return name


def start(name: str, folder: Path, credentials: Credentials, stack: ExitStack) -> dict[str, str]:
    """Starts one server; the variables that tell of it."""
    if name == "s3":
        server = stack.enter_context(s3(folder, credentials))
        return {"AWS_ENDPOINT_URL_S3": server.url,
                "LAKEGATE_TEST_BUCKET": make_bucket(server.url, credentials)}
    if name == "dynamodb":
        return {"AWS_ENDPOINT_URL_DYNAMODB": stack.enter_context(dynamodb(folder)).url}
    if name == "moto":
        url = stack.enter_context(moto(folder)).url
        return {f"AWS_ENDPOINT_URL_{service}": url for service in ("GLUE", "SQS", "EVENTBRIDGE", "STS")}
    if name == "emulator":
        server = stack.enter_context(emulator(folder))
        return {"LAKEGATE_TEST_EMULATOR": server.url,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.port}/.rt/function"}
    raise SystemExit(f"with_servers: no server is called '{name}' (s3, dynamodb, moto, emulator)")


def run(command: list[str], environment: dict[str, str]) -> int:
    child = subprocess.Popen(command, env=environment)

    def forward(number, _frame):
        child.send_signal(number)

    for number in SIGNALS:
        signal.signal(number, forward)
    status = child.wait()
    return status if status >= 0 else 128 - status


def main(arguments: list[str]) -> int:
    if "--" not in arguments or arguments[-1] == "--" or arguments[0] == "--":
        print("usage: tools/with_servers s3|dynamodb|moto|emulator... -- COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    border = arguments.index("--")

    def interrupted(number, _frame):
        raise Interrupted(number)

    for number in SIGNALS:
        signal.signal(number, interrupted)
    credentials = Credentials()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(
                prefix="lakegate-servers-", ignore_cleanup_errors=True)))
            environment = without_aws(dict(os.environ)) | aws_environment(credentials)
            for name in dict.fromkeys(arguments[:border]):
                environment |= start(name, folder / name, credentials, stack)
            return run(arguments[border + 1:], environment)
    except Interrupted as signalled:
        return 128 + signalled.args[0]
    except FileNotFoundError as missing:
        print(f"with_servers: {missing}", file=sys.stderr)
        return 127
    except ServerFailed as failed:
        print(f"with_servers: {failed}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
