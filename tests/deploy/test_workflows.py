""".github/workflows: what actionlint says, and that nobody else's code can change under them."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from conftest import ROOT, from_setup

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_they_are_there():
    assert [path.stem for path in WORKFLOWS] == ["build", "deploy", "release"]


def test_actionlint_finds_nothing():
    # Shell is judged where shellcheck is installed; without it actionlint judges the rest.
    done = subprocess.run([from_setup("--deploy-tools") / "actionlint", "-no-color", *WORKFLOWS],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_would_find_something(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs_on:"))
    done = subprocess.run([from_setup("--deploy-tools") / "actionlint", broken], cwd=ROOT, capture_output=True)
    assert done.returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_and_rights_are_few(path):
    text = path.read_text()
    for used in re.findall(r"uses: (\S+)", text):
        assert used.startswith("./") or re.fullmatch(r"[\w-]+/[\w./-]+@[0-9a-f]{40}", used), used
    workflow = yaml.safe_load(text)
    assert workflow["permissions"]["contents"] == "read"
    assert "write-all" not in text
    # A value from outside reaches a shell through the environment only.
    for job in workflow["jobs"].values():
        for step in job.get("steps", []):
            assert "${{" not in step.get("run", ""), step


def test_shell_of_the_steps_parses():
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job.get("steps", []):
                if "run" in step:
                    done = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True)
                    assert done.returncode == 0, (path.name, step["run"], done.stderr)
