"""The policies of the template against the calls that the functions were seen to make: nothing missing,
nothing spare. Terraform's policies are the same (test_terraform.py)."""

from __future__ import annotations

import os
import pathlib
from contextlib import ExitStack

import pytest

from conftest import ROOT
from policies import of_functions
from recording import Deployment, Work, start_cloud
from recording_fetches import Fetches

PROGRAM = pathlib.Path(os.environ.get("LAKEGATE_BIN", ROOT / "build" / "release" / "lakegate"))


def recorded(deployment: Deployment, folder: pathlib.Path, *, versioned: bool) -> dict[str, list[dict]]:
    """The calls of each function."""
    with ExitStack() as stack:
        cloud = start_cloud(folder, stack)
        work = Work(cloud, deployment, PROGRAM, folder, stack, versioned=versioned)
        work.do_everything()
        if "fetch" in work.stages:
            fetches = Fetches(work, cloud, folder, stack)
            # Only reads differ without versions, and all of those that do are in the usual course.
            fetches.do_everything() if versioned else fetches.ask()
        return {name: [call.as_json() for call in dict.fromkeys(stage.proxy.calls)]
                for name, stage in work.stages.items()}


@pytest.mark.parametrize("stack", ["Plain", "Existing", "Chosen"])
def test_nothing_is_missing_and_nothing_spare(variants, tmp_path, stack):
    deployment = Deployment(variants.template(stack))
    calls = recorded(deployment, tmp_path, versioned=True)
    policies = of_functions(deployment.policies)
    assert set(calls) == set(policies)
    for stage in calls:
        assert policies[stage].missing(calls[stage]) == [], stage
        assert policies[stage].spare(calls[stage]) == [], stage


def test_nothing_is_missing_without_versions(variants, tmp_path):
    deployment = Deployment(variants.template("Chosen"))
    calls = recorded(deployment, tmp_path, versioned=False)
    policies = of_functions(deployment.policies)
    for stage in calls:
        assert policies[stage].missing(calls[stage]) == [], stage
