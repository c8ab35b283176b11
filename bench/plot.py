"""The benchmark's results as one SVG: wall time and peak memory, a column of bars for each input size."""

from __future__ import annotations

from html import escape

from report import TITLES

LEFT, PANEL, GAP, BAR, STEP = 158, 236, 26, 13, 19
STYLE = """
.card{fill:#ffffff;stroke:#d0d7de}.text{fill:#1f2328}.soft{fill:#59636e}.axis{stroke:#d0d7de}
.peer{fill:#afb8c1}.ours{fill:#0969da}.fail{fill:#bc4c00}
text{font-family:-apple-system,BlinkMacSystemFont,"Segoe UI",Helvetica,Arial,sans-serif;font-size:12px}
.title{font-size:15px;font-weight:600}.head{font-weight:600}.bold{font-weight:600}
@media(prefers-color-scheme:dark){.card{fill:#0d1117;stroke:#3d444d}.text{fill:#f0f6fc}.soft{fill:#9198a1}
.axis{stroke:#3d444d}.peer{fill:#545d68}.ours{fill:#4493f8}.fail{fill:#f0883e}}
"""
MEASURES = [("wall_s", "wall time, seconds", 1.0), ("rss_bytes", "peak memory, MB", 1e6)]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def text(x: float, y: float, content: str, classes: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(content)}</text>'


def panel(x: float, y: float, keys: list[str], entries: dict[str, dict], measure: str, unit: float) -> list[str]:
    """Bars of one size: each panel has a scale of its own, so every bar carries its number."""
    values = {key: entries[key]["median"][measure] / unit for key in keys if "median" in entries.get(key, {})}
    longest = max(values.values(), default=1.0)
    parts = [f'<line x1="{x}" y1="{y - 3}" x2="{x}" y2="{y + len(keys) * STEP}" class="axis"/>']
    for row, key in enumerate(keys):
        top = y + row * STEP
        if key not in entries:
            continue
        if key not in values:
            parts.append(text(x + 5, top + 11, "failed", "fail"))
            continue
        width = max(1.5, values[key] / longest * (PANEL - 56))
        kind, weight = ("ours", "text bold") if key == "lakegate" else ("peer", "soft")
        wrong = "check" in entries[key] and entries[key]["check"]["wrong"]
        parts.append(f'<rect x="{x}" y="{top:.1f}" width="{width:.1f}" height="{BAR}" rx="2" class="{kind}"/>')
        parts.append(text(x + width + 5, top + 11, number(values[key]) + (" wrong result" if wrong else ""), "fail" if wrong else weight))
    return parts


def svg(document: dict) -> str:
    names = {key: program["name"] for key, program in document["programs"].items()}
    groups: dict[str, dict[str, dict[str, dict]]] = {}
    for entry in document["results"]:
        groups.setdefault(entry["format"], {}).setdefault(entry["size"], {})[entry["program"]] = entry
    columns = max((len(sizes) for sizes in groups.values()), default=1)
    width = LEFT + columns * (PANEL + GAP) + 10
    parts, y = [], 34.0
    for format_, sizes in groups.items():
        keys = [key for key in names if any(key in entries for entries in sizes.values())]
        parts.append(text(20, y, TITLES[format_].replace("->", "→"), "text title"))
        for measure, title, unit in MEASURES:
            y += 28
            parts.append(text(20, y, title, "soft head"))
            for column, size in enumerate(sizes):
                parts.append(text(LEFT + column * (PANEL + GAP), y, size, "text head"))
            y += 12
            for row, key in enumerate(keys):
                parts.append(text(LEFT - 8, y + row * STEP + 11, names[key], "text bold" if key == "lakegate" else "text", "end"))
            for column, entries in enumerate(sizes.values()):
                parts += panel(LEFT + column * (PANEL + GAP), y, keys, entries, measure, unit)
            y += len(keys) * STEP
        y += 46
    m = document["machine"]
    y -= 14
    parts.append(text(20, y, f"Shorter is better. Medians of whole processes run in turns; {document['date']}, {m['cpu']}, {m['cores']} cores.", "soft"))
    height = y + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" height="{height:.0f}" role="img" '
        f'aria-label="Wall time and peak memory of lakegate and its peers"><style>{STYLE}</style>'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1:.0f}" rx="8" class="card"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
