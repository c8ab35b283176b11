"""What `tools/package` made, unpacked where nothing else is: LAKEGATE_PACKAGE_ARCH says for which
architecture (default x86_64); another one than the machine's runs under qemu."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import platform
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from aws_servers import aws, bucket, cloud_lake, tables  # noqa: E402, F401
from program import Program  # noqa: E402
from runtime_api import RuntimeApi  # noqa: E402

ARCH = os.environ.get("LAKEGATE_PACKAGE_ARCH", "x86_64")
MACHINE = platform.machine().replace("aarch64", "arm64")
IS_FOREIGN = ARCH != MACHINE
TASK_ROOT = "/var/task"  # where Lambda unpacks a package
CHROOT = shutil.which("chroot", path=os.environ["PATH"] + ":/usr/sbin")  # what it starts has no PATH
LOADER = {"x86_64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}[ARCH]


def made(path: pathlib.Path) -> pathlib.Path:
    if not path.exists():
        pytest.fail(f"{path} is not there; run: tools/package {ARCH}", pytrace=False)
    return path


@pytest.fixture(scope="session")
def package() -> pathlib.Path:
    return made(ROOT / "build" / f"lakegate-{ARCH}.zip")


@pytest.fixture(scope="session")
def tarball() -> pathlib.Path:
    return made(ROOT / "build" / f"lakegate-{ARCH}.tar.gz")


@pytest.fixture(scope="session")
def installed(tarball: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The folder that the release's tarball unpacks to."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["tar", "-xzf", tarball, "-C", folder], check=True)
    (unpacked,) = folder.iterdir()
    return unpacked


@pytest.fixture(scope="session")
def program() -> Program:
    """The program of the build, which packages folders; the packaged one is `Alone`'s."""
    return Program(pathlib.Path(os.environ.get("LAKEGATE_BIN", ROOT / "build" / "release" / "lakegate")))


def unpack(package: pathlib.Path, folder: pathlib.Path) -> None:
    """As Lambda does it: with modes and links, which Python's own extractall leaves out."""
    with zipfile.ZipFile(package) as archive:
        for info in archive.infolist():
            path = folder / info.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = info.external_attr >> 16
            if stat.S_ISLNK(mode):
                path.symlink_to(archive.read(info).decode())
            else:
                path.write_bytes(archive.read(info))
                path.chmod(stat.S_IMODE(mode))


@dataclasses.dataclass
class Alone:
    """A root folder with the unpacked zip at /var/task, an empty /tmp, the kernel's /dev/null and
    /dev/urandom, and nothing else: no shell, no C library, no /etc, no /proc. For another architecture,
    qemu's static emulator at /qemu."""

    root: pathlib.Path

    def command(self, *args: str) -> list[str]:
        """The bootstrap, started in there. The emulator cannot follow the launcher's exec into another
        program of its architecture, so it is given what the launcher starts."""
        start = [f"{TASK_ROOT}/bootstrap"]
        if IS_FOREIGN:
            lib = f"{TASK_ROOT}/lib"
            start = ["/qemu", f"{lib}/{LOADER}", "--inhibit-cache", "--library-path", lib, "--argv0",
                     start[0], f"{lib}/lakegate"]
        return [CHROOT, str(self.root), *start, *args]

    def run(self, *args: str, code: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(self.command(*args), env={}, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def function(self, api: RuntimeApi, log: pathlib.Path, **environment: str) -> subprocess.Popen:
        """The function, as Lambda starts it: no arguments, stdout is the log."""
        variables = {"AWS_LAMBDA_RUNTIME_API": api.address, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                     "AWS_LAMBDA_FUNCTION_NAME": "convert", "LAMBDA_TASK_ROOT": TASK_ROOT,
                     "LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/task/lib", "TZ": ":UTC"}
        with log.open("wb") as out:
            return subprocess.Popen(self.command(), env=variables | environment, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=out)


@pytest.fixture
def alone(package: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Alone]:
    if os.geteuid() != 0:
        pytest.skip("a root folder of its own is for root alone")
    root = tmp_path / "root"
    for name in ("tmp", "dev"):
        (root / name).mkdir(parents=True)
    for name, minor in (("null", 3), ("urandom", 9)):
        os.mknod(root / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
    unpack(package, root / TASK_ROOT.strip("/"))
    if IS_FOREIGN:
        emulator = shutil.which("qemu-aarch64-static")
        if emulator is None:
            pytest.fail("qemu-aarch64-static is not there; run: tools/setup arm64", pytrace=False)
        shutil.copy(emulator, root / "qemu")
    yield Alone(root)
    shutil.rmtree(root)  # tens of megabytes each


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as served:
        yield served
