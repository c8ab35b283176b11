"""What is in a package, before any of it runs."""

from __future__ import annotations

import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tarfile
import zipfile

import pytest

from conftest import ARCH, LOADER, ROOT
from program import Program

MB = 1_000_000


def elf_files(folder: pathlib.Path) -> list[pathlib.Path]:
    found = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    assert {path.name for path in found} >= {"bootstrap", "lakegate", LOADER}
    return found


def readelf(option: str, path: pathlib.Path) -> str:
    return subprocess.run(["readelf", "--wide", option, path], capture_output=True, text=True, check=True).stdout


def test_the_package_is_small(package: pathlib.Path) -> None:
    with zipfile.ZipFile(package) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    print(f"{package.name}: {package.stat().st_size / MB:.2f} MB, unpacked {unpacked / MB:.1f} MB")
    assert package.stat().st_size <= 25 * MB
    assert unpacked <= 90 * MB


def test_names_modes_and_times(package: pathlib.Path) -> None:
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
        files = {info.filename: info for info in archive.infolist()}
        assert list(files) == sorted(files)
        assert {info.date_time for info in files.values()} == {(1980, 1, 1, 0, 0, 0)}
        modes = {name: info.external_attr >> 16 for name, info in files.items()}
        assert archive.read("lakegate") == b"bootstrap"
    assert stat.S_ISLNK(modes.pop("lakegate"))
    executable = {name for name, mode in modes.items() if mode == stat.S_IFREG | 0o755}
    assert executable == {"bootstrap", "lib/lakegate", f"lib/{LOADER}"}
    assert {mode for name, mode in modes.items() if name not in executable} == {stat.S_IFREG | 0o644}
    folders = {pathlib.PurePath(name).parent.as_posix() for name in files}
    assert folders == {".", "lib", "licenses"}
    assert {"licenses/lakegate", "licenses/arrow-LICENSE", "licenses/awscrt-LICENSE"} <= files.keys()


def test_the_tarball_is_the_same_folder(package: pathlib.Path, tarball: pathlib.Path) -> None:
    with zipfile.ZipFile(package) as archive, tarfile.open(tarball) as tar:
        zipped = {info.filename: archive.read(info) for info in archive.infolist()}
        members = [member for member in tar.getmembers() if not member.isdir()]
        (top,) = {member.name.split("/")[0] for member in members}
        assert re.fullmatch(rf"lakegate-\d+\.\d+\.\d+-{ARCH}", top)
        tarred = {member.name.removeprefix(top + "/"):
                  member.linkname.encode() if member.issym() else tar.extractfile(member).read()
                  for member in members}
    assert tarred == zipped


def test_everything_is_for_the_architecture_and_everything_needed_is_there(installed: pathlib.Path) -> None:
    machine = {"x86_64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}[ARCH]
    there = {path.name for path in (installed / "lib").iterdir()}
    for path in elf_files(installed):
        assert re.search(r"Machine: +(.*)", readelf("--file-header", path))[1] == machine, path
        dynamic = readelf("--dynamic", path)
        assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) <= there, path
        # No path of the machine that built it.
        assert set(re.findall(r"\((?:RUNPATH|RPATH)\).*\[(.*)\]", dynamic)) <= {"$ORIGIN"}, path
        assert ".symtab" not in readelf("--sections", path), f"{path} is not stripped"


def test_no_symbol_collides(installed: pathlib.Path) -> None:
    subprocess.run([ROOT / "tools" / "check_symbols", installed / "lib" / "lakegate"], check=True)


def test_same_folder_same_bytes(program: Program, package: pathlib.Path, installed: pathlib.Path,
                                tmp_path: pathlib.Path) -> None:
    """Whatever the times, the owner's mask, the order of creation, or what else lies in the folder."""
    copy = tmp_path / "copy"
    (copy / "lib").mkdir(parents=True)
    for path in sorted((p for p in installed.rglob("*") if not p.is_dir()), reverse=True):
        target = copy / path.relative_to(installed)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target, follow_symlinks=False)
        if not path.is_symlink():
            target.chmod(0o700 if path.stat().st_mode & 0o100 else 0o600)
            os.utime(target, (2_000_000_000, 2_000_000_000))
    (copy / "old.zip").write_text("a package made before")
    outcome = program("package", "--arch", ARCH, "--from", copy, "-o", copy / "new.zip", "--format", "json",
                      code=0, timeout=300)
    assert (copy / "new.zip").read_bytes() == package.read_bytes()
    with zipfile.ZipFile(package) as archive:
        infos = archive.infolist()
    report = outcome.json
    assert report.pop("sha256") == subprocess.run(
        ["sha256sum", package], capture_output=True, text=True, check=True).stdout.split()[0]
    assert report == {"ok": True, "output": str(copy / "new.zip"), "architecture": ARCH, "files": len(infos),
                      "bytes": package.stat().st_size, "unpacked_bytes": sum(i.file_size for i in infos)}


def test_the_tarball_does_not_know_when_it_was_made(tarball: pathlib.Path) -> None:
    with gzip.open(tarball) as unpacked, tarfile.open(fileobj=unpacked) as tar:
        members = tar.getmembers()
    assert tarball.read_bytes()[4:8] == bytes(4)
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(315532800, 0, 0, "", "")}
    assert [m.name for m in members] == sorted(m.name for m in members)


def test_another_architecture_is_refused(program: Program, installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    other = {"x86_64": "arm64", "arm64": "x86_64"}[ARCH]
    outcome = program("package", "--arch", other, "--from", installed, "-o", tmp_path / "f.zip", code=2)
    assert f"the program in this folder is for {ARCH}, not for {other}" in outcome.err
    assert not (tmp_path / "f.zip").exists()


def test_a_folder_that_is_none(program: Program, tmp_path: pathlib.Path) -> None:
    outcome = program("package", "--from", tmp_path, "-o", tmp_path / "f.zip", code=2)
    assert f"{tmp_path}: this is no installed folder of lakegate, it has no bootstrap" in outcome.err
    outcome = program("package", "-o", tmp_path / "f.zip", code=2)
    assert "make package" in outcome.err and "--from" in outcome.err
    outcome = program("package", code=2)
    assert "--output" in outcome.err


@pytest.mark.parametrize("missing", ["bootstrap", "lib/lakegate"])
def test_a_folder_that_is_not_whole(program: Program, installed: pathlib.Path, tmp_path: pathlib.Path,
                                    missing: str) -> None:
    (tmp_path / "lib").mkdir()
    for name in {"bootstrap", "lib/lakegate"} - {missing}:
        shutil.copy(installed / name, tmp_path / name)
    outcome = program("package", "--from", tmp_path, "-o", tmp_path / "f.zip", code=2)
    assert f"it has no {missing}" in outcome.err
