"""The layer check, on small trees that break one rule each."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_layers.py"

GOOD = {
    "src/main.cc": '#include "cli/cli.h"\n',
    "src/lake/error.h": "#pragma once\n#include <string>\n",
    "src/schema/types.h": '#include "lake/error.h"\n',
    "src/config/config.h": '#include "schema/types.h"\n',
    "src/formats/csv/reader.h": '#include "schema/types.h"\n#include "lake/error.h"\n',
    "src/formats/csv/reader.cc": '#include "formats/csv/reader.h"\n',
    "src/stores/object_store.h": '#include "lake/error.h"\n',
    "src/stores/local_store.h": '#include "stores/object_store.h"\n',
    "src/tables/table.h": '#include "schema/types.h"\n',
    "src/tables/sqlite_table.h": '#include "tables/table.h"\n',
    "src/convert/convert.h": '#include "config/config.h"\n#include "stores/object_store.h"\n',
    "src/load/load.h": '#include "tables/table.h"\n#include "stores/object_store.h"\n',
    "src/cli/cli.h": '#include "build_info.h"\n#include "convert/convert.h"\n',
    "src/cli/wiring.cc": '#include "stores/local_store.h"\n#include "tables/sqlite_table.h"\n',
}

MAP = """# Architecture
The zones are `landing/` and `curated/`.

## Map
- `src/main.cc` calls the CLI; nothing is written to `landing/` here
- `src/cli/` the commands
- `src/lake/`, `src/schema/` the vocabulary
- `src/config/` lake.yaml
- `src/formats/` bytes to batches
- `src/convert/` and `src/load/` the stages
- `src/stores/`, `src/tables/` what is outside
"""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def check(root: Path) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, TOOL, root], capture_output=True, text=True)


def test_a_tree_that_keeps_the_rules_passes(tmp_path):
    result = check(write(tmp_path, GOOD | {"ARCHITECTURE.md": MAP}))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(("file", "text", "complaint"), [
    ("src/lake/error.h", '#include "schema/types.h"\n', "src/lake/error.h:1: lake must not include schema"),
    ("src/schema/types.h", '\n#include "formats/csv/reader.h"\n', "src/schema/types.h:2: schema must not include formats"),
    ("src/formats/csv/reader.h", '#include "config/config.h"\n', "formats must not include config"),
    ("src/config/config.h", '#include "stores/object_store.h"\n', "config must not include stores interface"),
    ("src/stores/object_store.h", '#include "config/config.h"\n', "stores interface must not include config"),
    ("src/stores/object_store.h", '#include "stores/local_store.h"\n', "stores interface must not include stores adapters"),
    ("src/stores/local_store.h", '#include "convert/convert.h"\n', "stores adapters must not include convert"),
    ("src/stores/local_store.h", '#include "tables/sqlite_table.h"\n', "stores adapters must not include tables adapters"),
    ("src/convert/convert.h", '#include "stores/local_store.h"\n', "convert must not include stores adapters"),
    ("src/load/load.h", '#include "tables/sqlite_table.h"\n', "load must not include tables adapters"),
    ("src/load/load.h", '#include "convert/convert.h"\n', "load must not include convert"),
    ("src/convert/convert.h", '#include "cli/cli.h"\n', "convert must not include cli"),
    ("src/cli/cli.h", '#include "stores/local_store.h"\n', "only src/cli/wiring.cc names adapters"),
    ("src/main.cc", '#include "convert/convert.h"\n', "main must not include convert"),
    ("src/main.cc", '#  include "lake/error.h"\n', "main must not include lake"),
    ("src/utils/strings.h", "", "src/utils/strings.h: the layers have no place"),
    ("src/cli/cli.h", '#include "cli.h"\n', '"cli.h" is not a path below src/'),
    ("src/cli/cli.h", '#include "../lake/error.h"\n', '"../lake/error.h" is not a path below src/'),
    ("src/cli/cli.h", "#include <lake/error.h>\n", "<lake/error.h> is the project's own"),
])
def test_each_broken_rule_is_named_with_its_place(tmp_path, file, text, complaint):
    result = check(write(tmp_path, GOOD | {file: text}))
    assert result.returncode == 1
    assert complaint in result.stderr


@pytest.mark.parametrize(("one", "other", "are_one"), [
    ("namespace lakegate {\nstruct Row {\n", "namespace lakegate {\nclass Row final : public R {\n", True),
    ("namespace lakegate {\nenum class Row {\n", "namespace lakegate {\ntemplate <typename T>\nclass Row {\n", True),
    ("namespace lakegate {\nstruct Row {\n", "namespace lakegate {\nclass Row;\n", False),
    ("namespace lakegate {\nstruct Row {\n", "namespace lakegate::csv {\nstruct Row {\n", False),
    ("namespace lakegate {\nstruct Row {\n", "namespace lakegate {\nnamespace {\nstruct Row {\n", False),
])
def test_two_types_of_one_name_are_refused(tmp_path, one, other, are_one):
    files = {"src/lake/row.h": one, "src/schema/row.cc": other}
    result = check(write(tmp_path, GOOD | files | {"ARCHITECTURE.md": MAP}))
    assert (result.returncode == 1) == are_one
    assert ("src/schema/row.cc:" in result.stderr and "lakegate::Row is defined in src/lake/row.h" in result.stderr) == are_one


@pytest.mark.parametrize(("document", "complaint"), [
    (MAP.replace("`src/config/`", "`src/configuration/`"), "names src/configuration/, which does not exist"),
    (MAP.replace("- `src/config/` lake.yaml\n", ""), "does not name src/config/"),
    (MAP.replace("## Map", "## Rooms"), "no section with `map`"),
    (MAP + "\n## Elsewhere\nSee `src/lake/gone.h`.\n", "ARCHITECTURE.md:14: names src/lake/gone.h"),
])
def test_a_map_that_is_not_true_is_refused(tmp_path, document, complaint):
    result = check(write(tmp_path, GOOD | {"ARCHITECTURE.md": document}))
    assert result.returncode == 1
    assert complaint in result.stderr


def test_a_fenced_map_is_read_too(tmp_path):
    lines = [f"{path}   what it is" for path in re_paths(MAP)]
    fenced = "# Map\n```\n" + "\n".join([*lines, "src/nowhere/   gone"]) + "\n```\n"
    result = check(write(tmp_path, GOOD | {"ARCHITECTURE.md": fenced}))
    assert result.stderr.splitlines()[0] == "ARCHITECTURE.md: the map names src/nowhere/, which does not exist"
    assert "1 problem(s)" in result.stderr


def re_paths(document: str) -> list[str]:
    return [word for word in document.replace(",", " ").replace("`", " ").split() if word.startswith("src/")]
