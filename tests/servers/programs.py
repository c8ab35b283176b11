"""How each server is started. The programs come from `tools/setup servers` and the Python packages."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from servers.api_server import ApiServer
from servers.environment import REGION, Credentials
from servers.process import Server

ROOT = Path(__file__).resolve().parents[2]


@cache
def program_folder(name: str) -> Path:
    found = subprocess.run([ROOT / "tools" / "setup", "--server", name], check=True,
                           stdout=subprocess.PIPE, text=True)
    return Path(found.stdout.strip())


def keeps_attributes(folder: Path) -> bool:
    """Whether the file system takes extended attributes, where versitygw keeps ETags and the like."""
    try:
        os.setxattr(folder, "user.lakegate_probe", b"1")
        os.removexattr(folder, "user.lakegate_probe")
        return True
    except OSError:
        return False


def s3(folder: Path, credentials: Credentials) -> Server:
    """versitygw: S3 over a folder; each folder in `folder`/buckets is a bucket. Versions of objects
    are kept for buckets that switch versioning on."""
    for part in ("buckets", "versions", "attributes"):
        (folder / part).mkdir(parents=True)
    options = [] if keeps_attributes(folder / "buckets") else ["--sidecar", str(folder / "attributes")]
    return Server(
        "versitygw",
        lambda port: [str(program_folder("versitygw") / "versitygw"), "--port", f"127.0.0.1:{port}",
                      "--region", REGION, "--keep-alive", "--quiet", "posix",
                      "--versioning-dir", str(folder / "versions"), *options,
                      str(folder / "buckets")],
        folder, chooses_port=True,
        environment={"ROOT_ACCESS_KEY": credentials.access_key,
                     "ROOT_SECRET_KEY": credentials.secret_key})


def dynamodb(folder: Path) -> Server:
    """DynamoDB Local, in memory. Tables belong to an access key and a region."""
    libraries = program_folder("dynamodb-local")
    return Server(
        "dynamodb-local",
        lambda port: ["java", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                      f"-Djava.library.path={libraries}", "-cp", f"{libraries}/*",
                      "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
                      "-inMemory", "-port", str(port), "-disableTelemetry"],
        folder)


def emulator(folder: Path) -> Server:
    """Lambda's Runtime API and Invoke, of cargo-lambda. It wants to stand in a Cargo package."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text('[package]\nname = "function"\nversion = "0.0.0"\n'
                                       'edition = "2021"\n\n[[bin]]\nname = "function"\npath = "main.rs"\n')
    (folder / "main.rs").write_text("fn main() {}\n")
    return Server(
        "cargo-lambda",
        lambda port: [str(program_folder("cargo-lambda") / "cargo-lambda"), "lambda", "watch",
                      "--only-lambda-apis", "-A", "127.0.0.1", "-P", str(port)],
        folder)


def moto(folder: Path) -> Server:
    """moto: Glue, SQS, CloudFormation and more, simulated."""
    return Server(
        "moto",
        lambda port: [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        folder, chooses_port=True)


def api(folder: Path, **options: object) -> ApiServer:
    """The API that fetches are tested against; options are those of ApiServer."""
    folder.mkdir(parents=True, exist_ok=True)
    return ApiServer(program_folder("api-server") / "api-server", folder, **options)
