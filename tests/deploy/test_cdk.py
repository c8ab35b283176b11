"""deploy/cdk: its own tests, its types, what it synthesizes, and that this can be deployed."""

from __future__ import annotations

import pytest

from conftest import REGION


def test_types(node):
    done = node("tsc", "--noEmit")
    assert done.returncode == 0, done.stdout


def test_jest(node):
    done = node("jest", "--silent")
    assert done.returncode == 0, done.stdout
    assert "Tests:" in done.stdout and " passed" in done.stdout, done.stdout


@pytest.fixture(scope="session")
def example(synth, package):
    return synth("-c", f"package={package}")


def test_the_example_is_synthesized_in_seconds(example, record_property):
    record_property("synth_seconds", round(example.seconds, 1))
    print(f"cdk synth: {example.seconds:.1f} s")
    # 10 s is what is wanted of a machine with nothing else to do; this one may be busy with other tests.
    assert example.seconds < 60
    assert example.path("Lakegate").exists()


def test_the_example_without_a_package_says_how_to_make_one(node):
    done = node("cdk", "synth", "--quiet", "--no-notices", "-c", "package=build/none.zip")
    assert done.returncode != 0
    assert "make it: lakegate package --arch arm64 -o build/none.zip" in done.stdout


def test_cfn_lint_finds_nothing(example, variants):
    from cfnlint import lint_file
    from cfnlint.config import ManualArgs

    for assembly, stacks in ((example, ["Lakegate"]), (variants, ["Plain", "Existing", "Chosen"])):
        for stack in stacks:
            found = lint_file(assembly.path(stack), config=ManualArgs(regions=[REGION]))
            assert [str(match) for match in found] == [], stack


@pytest.mark.parametrize("stack", ["Plain", "Existing", "Chosen"])
def test_every_function_is_lakegate(variants, stack):
    resources = variants.template(stack)["Resources"].values()
    assert {r["Type"].split("::")[0] for r in resources} == {"AWS"}
    assert "AWS::CloudFormation::CustomResource" not in {r["Type"] for r in resources}
    functions = [r["Properties"] for r in resources if r["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == (3 if stack == "Chosen" else 2)
    for function in functions:
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")
