"""tools/with_servers: what the command sees, its exit code, and that nothing stays behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "with_servers"


def with_servers(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([TOOL, *arguments], env=os.environ | environment, capture_output=True, text=True,
                          timeout=300)


def test_the_command_sees_its_server_and_nothing_of_the_machine():
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    result = with_servers("s3", "--", sys.executable, "-c", show, AWS_PROFILE="mine", AWS_SESSION_TOKEN="t",
                          AWS_ENDPOINT_URL="http://elsewhere")
    assert result.returncode == 0, result.stderr
    seen = {key: value for key, value in json.loads(result.stdout).items()
            if key.startswith(("AWS_", "LAKEGATE_TEST"))}
    assert seen["AWS_ENDPOINT_URL_S3"].startswith("http://127.0.0.1:")
    assert seen["LAKEGATE_TEST_BUCKET"].startswith("lakegate-")
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"} & set(seen)


def test_the_command_sees_the_api_server():
    ask = """import os, urllib.request
print(urllib.request.urlopen(os.environ["LAKEGATE_TEST_API_HTTP"] + "/devices/1/readings").status,
      os.path.exists(os.environ["LAKEGATE_TEST_API_CA"]), os.environ["LAKEGATE_TEST_API_WRONG_HOST"])"""
    result = with_servers("api", "--", sys.executable, "-c", ask)
    assert result.stdout.startswith("200 True https://127.0.0.1:"), result.stderr


@pytest.mark.parametrize(("command", "code"), [
    (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137), (["/nonexistent"], 127),
])
def test_the_exit_code_is_the_commands(command, code):
    assert with_servers("s3", "--", *command).returncode == code


@pytest.mark.parametrize("arguments", [["s4", "--", "true"], ["s3"], ["s3", "--"], ["--", "true"],
                                       ["s3", "--faults", "errors=x", "--", "true"]])
def test_wrong_usage_starts_nothing(arguments):
    result = with_servers(*arguments)
    assert result.returncode == 2
    assert "usage: tools/with_servers" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_command_and_the_servers(number, tmp_path):
    url = tmp_path / "url"
    script = f'echo "$TMPDIR $AWS_ENDPOINT_URL_S3" >{url}.new && mv {url}.new {url} && exec sleep 600'
    running = subprocess.Popen([TOOL, "s3", "--", "sh", "-c", script],
                               env=os.environ | {"TMPDIR": str(tmp_path)}, start_new_session=True)
    until = time.monotonic() + 120
    while not url.exists():
        assert running.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    running.send_signal(number)
    assert running.wait(60) == 128 + number
    port = int(url.read_text().strip().rpartition(":")[2])
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
                 if line.split()[3] == "0A"]
    assert not any(address.endswith(f":{port:04X}") for address in listening)
    assert [path.name for path in tmp_path.iterdir()] == ["url"]
