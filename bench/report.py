"""The benchmark's results as Markdown."""

from __future__ import annotations

TITLES = {"csv": "CSV -> Parquet (zstd)", "json": "NDJSON -> Parquet (zstd)"}


def base_of(entries: list[dict]) -> dict | None:
    """What ratios refer to: lakegate, or the fastest where lakegate has no result."""
    good = [entry for entry in entries if "median" in entry]
    ours = [entry for entry in good if entry["program"] == "lakegate"]
    return (ours or sorted(good, key=lambda entry: entry["median"]["wall_s"]) or [None])[0]


def remark(entry: dict, mark: str) -> str:
    if "median" not in entry:
        return ""
    found = []
    if entry.get("failed"):
        found.append(entry["failed"])
    if entry["check"]["wrong"]:
        found.append("**wrong:** " + "; ".join(entry["check"]["wrong"]))
    if entry["check"]["types"]:
        found.append("types: " + ", ".join(f"{name} {type_}" for name, type_ in entry["check"]["types"].items()))
    return f"- {mark}: " + ". ".join(found) if found else ""


def mb(size: float) -> str:
    return f"{size / 1e6:,.1f}" if size < 1e7 else f"{size / 1e6:,.0f}"


def table(document: dict, entries: list[dict]) -> list[str]:
    names = document["programs"]
    base = base_of(entries)
    lines = ["| program | wall s | ratio | CPU s | peak memory MB | output MB | runs |", "|---|---:|---:|---:|---:|---:|---:|"]
    order = sorted(entries, key=lambda entry: entry.get("median", {}).get("wall_s", float("inf")))
    for entry in order:
        name = names[entry["program"]]["name"]
        name = f"**{name}**" if entry["program"] == "lakegate" else name
        if "median" not in entry:
            lines.append(f"| {name} | failed: {entry['failed'].replace('|', '/')} | | | | | {len(entry['runs'])} |")
            continue
        median = entry["median"]
        ratio = median["wall_s"] / base["median"]["wall_s"]
        lines.append(
            f"| {name} | {median['wall_s']:.2f} | {ratio:.2f} | {median['cpu_s']:.2f} | {mb(median['rss_bytes'])} "
            f"| {mb(median['output_bytes'])} | {len([run for run in entry['runs'] if 'failed' not in run])} |"
        )
    remarks = [text for text in (remark(entry, names[entry["program"]]["name"]) for entry in order) if text]
    return lines + ([""] + remarks if remarks else [])


def markdown(document: dict) -> str:
    m = document["machine"]
    lines = [
        "# Benchmark results",
        "",
        f"{document['date']}, {m['cpu']}, {m['cores']} cores, {m['memory_gb']} GB, {m['system']}, Linux {m['kernel']}, {m['architecture']}; "
        f"load before the start {m['load_at_start']}. Whole processes, medians of runs in turns (peak memory: the highest of them), "
        "MB = 10^6 bytes. Ratio: wall time divided by that of lakegate (of the fastest where lakegate is missing). "
        "Outputs were compared with the generator's own counts and sums.",
        "",
        "Versions: " + ", ".join(f"{p['name']} {p['version']}" for p in document["programs"].values()) + f", Python {m['python']}.",
    ]
    lines += [f"Not run: {key} ({reason})." for key, reason in document["absent"].items()]
    groups: dict[tuple[str, str], list[dict]] = {}
    for entry in document["results"]:
        groups.setdefault((entry["format"], entry["size"]), []).append(entry)
    for (format_, size), entries in groups.items():
        lines += ["", f"## {TITLES[format_]}, {size} ({entries[0]['rows']:,} rows)", ""]
        lines += table(document, entries)
    return "\n".join(lines) + "\n"
