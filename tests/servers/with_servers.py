"""Runs a command with real servers beside it; see tools/with_servers."""

import argparse
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

from proxy import Faults, Proxy  # noqa: E402
from servers import Credentials, ServerFailed, api, aws_environment, dynamodb, emulator, moto, s3  # noqa: E402
from servers.environment import REGION, forget_the_machine  # noqa: E402

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
        services = ("GLUE", "SQS", "EVENTS", "EVENTBRIDGE", "SECRETS_MANAGER", "SSM")
        return {f"AWS_ENDPOINT_URL_{service}": url for service in services}
    if name == "emulator":
        server = stack.enter_context(emulator(folder))
        return {"LAKEGATE_TEST_EMULATOR": server.url,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.port}/.rt/function"}
    if name == "api":
        server = stack.enter_context(api(folder))
        return {"LAKEGATE_TEST_API_CA": str(server.ca)} | {
            "LAKEGATE_TEST_API_" + listener.upper().replace("-", "_"): server.url(listener)
            for listener in server.addresses}
    raise ValueError(name)


def run(command: list[str], environment: dict[str, str]) -> int:
    child = subprocess.Popen(command, env=environment)

    def forward(number, _frame):
        child.send_signal(number)

    for number in SIGNALS:
        signal.signal(number, forward)
    status = child.wait()
    return status if status >= 0 else 128 - status


def put_between(environment: dict[str, str], options: argparse.Namespace, stack: ExitStack) -> dict[str, str]:
    """The endpoints again, with the proxy in front of each."""
    start_of_name = "AWS_ENDPOINT_URL_"
    upstreams = {key[len(start_of_name):].lower(): url for key, url in environment.items()
                 if key.startswith(start_of_name)}
    proxy = stack.enter_context(Proxy(upstreams, options.faults, options.seed, options.record))
    stack.callback(lambda: print(f"proxy: {dict(sorted(proxy.counts.items()))}", file=sys.stderr))
    return {start_of_name + service.upper(): url for service, url in proxy.urls.items()}


def options_of(arguments: list[str]) -> argparse.Namespace:
    border = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(
        prog="tools/with_servers", usage="%(prog)s SERVER... [options] -- COMMAND [ARGUMENT...]")
    parser.add_argument("servers", nargs="+", choices=["s3", "dynamodb", "moto", "emulator", "api"], metavar="SERVER")
    parser.add_argument("--faults", type=Faults.parse, help="as errors=0.2,lost=0.05: see tests/proxy/faults.py")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("LAKEGATE_SEED") or secrets.randbits(32)),
                        help="of the faults; LAKEGATE_SEED")
    parser.add_argument("--record", type=Path, help="a file for the calls that reach a server, as JSON lines")
    options = parser.parse_args(arguments[:border])
    options.command = arguments[border + 1:]
    if not options.command:
        parser.error("a command is missing, after --")
    return options


def main(arguments: list[str]) -> int:
    options = options_of(arguments)

    def interrupted(number, _frame):
        raise Interrupted(number)

    for number in SIGNALS:
        signal.signal(number, interrupted)
    forget_the_machine()
    credentials = Credentials()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(
                prefix="lakegate-servers-", ignore_cleanup_errors=True)))
            environment = dict(os.environ) | aws_environment(credentials)
            for name in dict.fromkeys(options.servers):
                environment |= start(name, folder / name, credentials, stack)
            if options.faults or options.record:
                options.faults = options.faults or Faults()
                environment |= put_between(environment, options, stack)
            return run(options.command, environment)
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
