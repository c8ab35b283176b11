"""What the tests of deploy/ share: the programs that they run, and the lake that they deploy."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CDK = ROOT / "deploy" / "cdk"
CONFIG = ROOT / "tests" / "deploy" / "lake.yaml"
ACCOUNT, REGION = "123456789012", "eu-west-1"


def from_setup(option: str) -> pathlib.Path:
    found = subprocess.run([ROOT / "tools" / "setup", option], capture_output=True, text=True)
    if found.returncode != 0:
        pytest.fail(found.stderr.strip(), pytrace=False)
    return pathlib.Path(found.stdout.strip())


@pytest.fixture(scope="session")
def node():
    """Runs a program of deploy/cdk/node_modules there; returns the finished process."""
    if not (CDK / "node_modules" / ".complete").exists():
        pytest.fail("the npm packages of deploy/cdk are not there; run: tools/setup deploy", pytrace=False)
    environment = {**os.environ, "PATH": f"{from_setup('--node')}:{os.environ['PATH']}", "NO_COLOR": "1",
                   "CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true"}
    # The clock of the CLI's notices and the machine's own AWS settings have no say.
    for name in [name for name in environment if name.startswith(("AWS_", "CDK_DEFAULT_", "CDK_CONTEXT"))]:
        del environment[name]

    def run(program: str, *args: str | pathlib.Path) -> subprocess.CompletedProcess:
        return subprocess.run([CDK / "node_modules" / ".bin" / program, *args], cwd=CDK, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    return run


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> pathlib.Path:
    """A zip in place of a built package: deployment does not look into it."""
    path = tmp_path_factory.mktemp("package") / "lakegate-arm64.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    return path


class Assembly:
    """What `cdk synth` wrote."""

    def __init__(self, folder: pathlib.Path, seconds: float):
        self.folder, self.seconds = folder, seconds

    def path(self, stack: str) -> pathlib.Path:
        return self.folder / f"{stack}.template.json"

    def template(self, stack: str) -> dict:
        return json.loads(self.path(stack).read_text())

    def assets(self, stack: str) -> dict:
        return json.loads((self.folder / f"{stack}.assets.json").read_text())["files"]


@pytest.fixture(scope="session")
def synth(node, tmp_path_factory):
    def run(*args: str) -> Assembly:
        folder = tmp_path_factory.mktemp("assembly")
        begun = time.monotonic()
        done = node("cdk", "synth", "--quiet", "--no-notices", "--output", folder, *args)
        assert done.returncode == 0, done.stdout
        return Assembly(folder, time.monotonic() - begun)

    return run


@pytest.fixture(scope="session")
def variants(synth, package) -> Assembly:
    """The stacks of deploy/cdk/test/variants.ts."""
    return synth("--app", "node --import tsx test/variants.ts", "-c", f"config={CONFIG}", "-c", f"package={package}")
