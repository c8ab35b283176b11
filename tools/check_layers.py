#!/usr/bin/env python3
"""Checks the arrows between the folders of src/, that no two types have one name, and that the documents
name what exists.

    tools/check_layers.py [REPOSITORY]

Dependencies point inward: cli -> adapters -> interfaces, config -> formats -> schema -> lake. The
stages (convert, load, extract) know the stores and the tables by their interfaces only; the one file
that names adapters to anyone is src/cli/wiring.cc. The map in ARCHITECTURE.md names every folder of
src/ and nothing that is not there.
"""

import re
import sys
from pathlib import Path

# What a part may include besides itself. A part is a folder of src/, or the interface header that a
# folder of adapters implements.
INWARD = {
    "lake": set(),
    "net": {"lake"},
    "aws": {"lake", "net"},
    "schema": {"lake"},
    "formats": {"lake", "schema"},
    "config": {"lake", "net", "schema", "formats"},
    "stores interface": {"lake", "schema", "formats"},
    "tables interface": {"lake", "schema", "formats"},
    "convert": {"lake", "schema", "config", "formats", "stores interface", "tables interface"},
    "load": {"lake", "schema", "config", "formats", "stores interface", "tables interface"},
    "extract": {"lake", "net", "schema", "config", "formats", "stores interface",
                "tables interface", "convert", "load"},
    "stores adapters": {"lake", "net", "aws", "schema", "config", "formats", "stores interface"},
    "tables adapters": {"lake", "net", "aws", "schema", "config", "formats", "tables interface"},
    "catalog": {"lake", "net", "aws", "schema", "config", "formats", "stores interface"},
    "lambda": {"lake", "net", "aws", "schema", "config", "formats", "stores interface",
               "tables interface", "catalog", "convert", "load", "extract"},
    "cli": {"lake", "net", "aws", "schema", "config", "formats", "stores interface",
            "tables interface", "catalog", "convert", "load", "extract", "lambda"},
    "wiring": {"lake", "net", "aws", "schema", "config", "formats", "stores interface",
               "tables interface", "catalog", "convert", "load", "extract", "lambda",
               "stores adapters", "tables adapters", "cli"},
    "main": {"cli"},
    "launch": set(),
}
INTERFACES = {"stores/object_store.h": "stores interface", "stores/watcher.h": "stores interface",
              "stores/stoppable_store.h": "stores interface",
              "tables/table.h": "tables interface"}
WIRING = "cli/wiring.cc"
GENERATED = {"build_info.h"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def part_of(path: str) -> str | None:
    """The part that a path below src/ belongs to; None if the layers have no place for it."""
    if path == "main.cc":
        return "main"
    if path == WIRING:
        return "wiring"
    folder = path.split("/")[0]
    if folder in ("stores", "tables"):
        return INTERFACES.get(path, f"{folder} adapters")
    return folder if folder in INWARD else None


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def check_arrows(root: Path) -> list[str]:
    source = root / "src"
    problems = []
    for file in sorted([*source.rglob("*.cc"), *source.rglob("*.h")]):
        path = file.relative_to(source).as_posix()
        part = part_of(path)
        if part is None:
            problems.append(f"src/{path}: the layers have no place for this folder; give it one in "
                            "INWARD of tools/check_layers.py")
            continue
        text = file.read_text()
        for match in INCLUDE.finditer(text):
            quoted, angled = match.groups()
            where = f"src/{path}:{line_of(text, match.start())}"
            if angled is not None:
                if (source / angled).is_file():
                    problems.append(f'{where}: <{angled}> is the project\'s own: include it as "{angled}"')
                continue
            if quoted in GENERATED:
                continue
            if quoted.startswith(".") or not (source / quoted).is_file():
                problems.append(f'{where}: "{quoted}" is not a path below src/')
                continue
            target = part_of(quoted)
            if target is not None and target != part and target not in INWARD[part]:
                cure = ""
                if target.endswith("adapters"):
                    cure = f"; only src/{WIRING} names adapters, others take the interface"
                problems.append(f'{where}: {part} must not include {target} ("{quoted}"){cure}')
    return problems


def map_section(text: str) -> str | None:
    match = re.search(r"^(#+)[^\n]*\b(?:[Mm]ap|[Ll]ayout)\b[^\n]*\n(.*?)(?=^#+ |\Z)", text,
                      re.MULTILINE | re.DOTALL)
    return match.group(2) if match else None


def paths_of_map(section: str) -> list[str]:
    """The paths a map names: first word of a line in a fence, leading code of a bullet or a row."""
    paths = []
    fenced = False
    for line in section.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced:
            words = line.split()
            if words and re.fullmatch(r"[\w.-]+(/[\w.-]*)*", words[0]) and re.search(r"[/.]", words[0]):
                paths.append(words[0])
        else:
            leading = re.match(r"\s*[-*|]\s*((?:`[^`]+`(?:\s*(?:,|and|·)\s*)?)+)", line)
            if leading:
                paths.extend(re.findall(r"`([^`]+)`", leading.group(1)))
    return paths


def check_map(root: Path) -> list[str]:
    document = root / "ARCHITECTURE.md"
    if not document.is_file():
        return []
    section = map_section(document.read_text())
    if section is None:
        return ["ARCHITECTURE.md: no section with `map` or `layout` in its heading"]
    paths = paths_of_map(section)
    problems = [f"ARCHITECTURE.md: the map names {path}, which does not exist"
                for path in paths if not (root / path).exists()]
    named = {path.rstrip("/") for path in paths}
    for folder in sorted(p for p in (root / "src").iterdir() if p.is_dir()):
        if f"src/{folder.name}" not in named:
            problems.append(f"ARCHITECTURE.md: the map does not name src/{folder.name}/")
    return problems


def check_mentions(root: Path) -> list[str]:
    """Paths that any document mentions as code must exist, patterns and placeholders aside."""
    problems = []
    for document in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")]):
        text = document.read_text()
        for match in re.finditer(r"`([^`\n]+)`", text):
            word = match.group(1).split()[0] if match.group(1).split() else ""
            if not re.fullmatch(r"(src|tests|tools|cmake|docs|bench|examples)/[\w./-]*", word):
                continue
            if not (root / word).exists():
                where = f"{document.relative_to(root)}:{line_of(text, match.start())}"
                problems.append(f"{where}: names {word}, which does not exist")
    return problems


NAMESPACE = re.compile(r"^namespace(?: ([\w:]+))? \{|^\}  // namespace.*$")
TYPE = re.compile(r"^(?:template <.*> *)?(?:struct|class|union|enum class) "
                  r"(?:\[\[\w+\]\] )?(\w+)(?: final)?(?: :.*)? \{")


def types_of(text: str) -> dict[str, int]:
    """The types that a file defines for others, with their namespace, and in which line."""
    found, inside = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if match := NAMESPACE.match(line):
            if line.startswith("}"):
                inside = inside[:-1]
            else:
                inside.append(match.group(1) or "")
        elif (match := TYPE.match(line)) and "" not in inside:
            found["::".join([*inside, match.group(1)])] = number
    return found


def check_types(root: Path) -> list[str]:
    """Two types of one name and namespace in two files: the linker takes the functions of either for both."""
    source = root / "src"
    problems, seen = [], {}
    for file in sorted([*source.rglob("*.h"), *source.rglob("*.cc")]):
        path = file.relative_to(root).as_posix()
        for name, line in types_of(file.read_text()).items():
            if name in seen and seen[name] != path:
                problems.append(f"{path}:{line}: {name} is defined in {seen[name]} too, and one program has "
                                "both; give it another name, or an unnamed namespace in a .cc file")
            seen.setdefault(name, path)
    return problems


def check(root: Path) -> list[str]:
    return check_arrows(root) + check_types(root) + check_map(root) + check_mentions(root)


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"check_layers: {len(problems)} problem(s)", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
