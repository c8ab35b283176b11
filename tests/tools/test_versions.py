"""The pinned versions agree with each other, and nobody else pins."""

import re
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def pinned() -> dict[str, str]:
    lines = re.findall(r'^([A-Z0-9_]+)="?([^"\n]*)"?$', (TOOLS / "versions.env").read_text(), re.MULTILINE)
    return dict(lines)


@pytest.mark.parametrize(("name", "keys"), [
    ("test", ["PYTHON_TEST"]), ("bench", ["PYTHON_TEST", "PYTHON_BENCH"]), ("go", ["PYTHON_GO"]),
    ("node", ["PYTHON_NODE"]),
])
def test_requirements_hold_the_named_versions_with_hashes(name, keys):
    text = (TOOLS / f"requirements-{name}.txt").read_text()
    for package in [package for key in keys for package in pinned()[key].split()]:
        package = re.sub(r"\[.*?\]", "", package)  # an extra is not part of what is locked
        assert f"\n{package} \\\n" in text, f"run tools/lock_python: {package} is missing"
    for requirement in re.findall(r"^\w\S*==\S+(.*(?:\n .*)*)", text, re.MULTILINE):
        assert "--hash=sha256:" in requirement


def test_tests_read_parquet_with_the_arrow_that_wrote_it():
    assert f"pyarrow=={pinned()['ARROW_VERSION']}" in pinned()["PYTHON_TEST"].split()
