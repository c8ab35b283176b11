"""tools/setup where packages are missing: as root, with sudo, and with neither."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "dirname", "sed", "sort", "comm", "cat", "env", "date", "uname", "mktemp", "touch")


@pytest.fixture
def machine(tmp_path):
    """A PATH with nothing but what the script may count on, and commands that write down their use."""

    class Machine:
        bin = tmp_path / "bin"
        cache = tmp_path / "cache"
        log = tmp_path / "log"

        def command(self, name: str, body: str) -> None:
            (self.bin / name).write_text(f"#!/bin/bash\n{body}\n")
            (self.bin / name).chmod(0o755)

        def setup(self, *args: str) -> subprocess.CompletedProcess:
            environment = {"PATH": str(self.bin), "HOME": str(tmp_path), "LAKEGATE_CACHE": str(self.cache)}
            return subprocess.run([self.bin / "bash", ROOT / "tools" / "setup", *args], env=environment,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL)

        def used(self) -> list[str]:
            return self.log.read_text().splitlines() if self.log.exists() else []

    made = Machine()
    made.bin.mkdir()
    for tool in TOOLS:
        os.symlink(shutil.which(tool), made.bin / tool)
    for folder in ("arrow-26.0.1-x86_64", "arrow-26.0.1-aarch64", "simdjson-3.12.3",
                   "awscrt-0.38.1-2-x86_64", "awscrt-0.38.1-2-aarch64"):
        (made.cache / folder).mkdir(parents=True)
        (made.cache / folder / ".complete").touch()
    made.command("dpkg-query", 'for p in "${@:4}"; do [ $p = nettle-dev ] || echo "ii  $p"; done; exit 1')
    made.command("apt-get", f'echo "apt-get $*" >>{made.log}')
    return made


INSTALL = "apt-get install --yes --no-install-recommends nettle-dev"


def test_root_installs_what_is_missing_and_nothing_else(machine):
    machine.command("id", "echo 0")
    result = machine.setup("build")
    assert result.returncode == 0, result.stderr
    assert machine.used() == ["apt-get update -qq", INSTALL]
    assert "installing packages: nettle-dev" in result.stderr


def test_a_user_installs_with_sudo(machine):
    machine.command("id", "echo 1000")
    machine.command("sudo", f'echo "sudo $*" >>{machine.log}; [ $1 = -n ] || exec "$@"')
    result = machine.setup("build")
    assert result.returncode == 0, result.stderr
    assert machine.used() == ["sudo -n true", "sudo apt-get update -qq", "apt-get update -qq",
                              f"sudo env DEBIAN_FRONTEND=noninteractive {INSTALL}", INSTALL]


@pytest.mark.parametrize("sudo", [None, "exit 1"])
def test_without_root_and_sudo_the_command_is_told(machine, sudo):
    machine.command("id", "echo 1000")
    if sudo:
        machine.command("sudo", sudo)
    result = machine.setup("build")
    assert result.returncode == 1
    assert "missing packages: nettle-dev" in result.stderr
    assert f"apt-get update && {INSTALL}" in result.stderr
    assert machine.used() == []


def test_a_failure_of_apt_says_what_it_tried(machine):
    machine.command("id", "echo 0")
    machine.command("apt-get", "exit 100")
    result = machine.setup("build")
    assert result.returncode == 1
    assert f"What it tried: {INSTALL}" in result.stderr


def test_nothing_is_done_where_all_is_there(machine):
    machine.command("id", "echo 1000")
    machine.command("dpkg-query", 'for p in "${@:4}"; do echo "ii  $p"; done')
    result = machine.setup("build")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert machine.used() == []


def test_an_unknown_section_shows_the_usage(machine):
    machine.command("id", "echo 0")
    result = machine.setup("biuld")
    assert result.returncode == 2
    assert "tools/setup [build] [test] [servers] [api-server] [deploy] [arm64] [bench] [lint]" in result.stderr
