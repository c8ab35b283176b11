"""Seeded random CSV and NDJSON files that contradict their own beginnings, as real files do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import random

WORDS = [
    "",
    "a",
    "Zoë",
    "naïve",
    "日本語",
    "🦆",
    "new york",
    "O'Brien",
    'say "hi"',
    "semi;colon",
    "tab\there",
    "x,y",
    "line\nbreak",
    "crlf\r\nbreak",
    "NA",
    "NULL",
    "null",
    "NaN",
    "true",
    "12",
    "-7",
    "2024-01-01",
    " padded ",
    "|",
]

# Integers around the places where types end.
EDGES = [0, 1, -1, 9, 10, 2**31 - 1, 2**31, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]


def small_int(r: random.Random) -> str:
    return str(r.randint(-1000, 1000))


def any_int(r: random.Random) -> str:
    return str(r.choice(EDGES)) if r.random() < 0.3 else str(r.randint(-(2**63), 2**63 - 1) >> r.randint(0, 62))


def double(r: random.Random) -> str:
    value = r.choice([r.uniform(-1000, 1000), r.gauss(0, 1) * 10 ** r.randint(-20, 20), r.randint(-999, 999) / 100])
    text = r.choice([repr(value), f"{value:.3f}", f"{value:.2e}", f"{value:.1f}"])
    return text.replace("-0.0", "0.0") if float(text) == 0 else text


def date(r: random.Random) -> str:
    return (dt.date(1900, 1, 1) + dt.timedelta(days=r.randint(0, 73000))).isoformat()


def timestamp(r: random.Random) -> str:
    moment = dt.datetime(1950, 1, 1) + dt.timedelta(seconds=r.randint(0, 4 * 10**9), microseconds=r.randint(0, 999999))
    text = moment.isoformat(r.choice("T "), r.choice(["seconds", "milliseconds", "microseconds"]))
    return text[:16] if r.random() < 0.1 else text


def timestamp_utc(r: random.Random) -> str:
    return timestamp(r) + r.choice(["Z", "+00:00", "+05:30", "-08:00", "+0530", "-03"])


def text(r: random.Random) -> str:
    return "".join(r.choice(WORDS) for _ in range(r.randint(0, 3)))


def boolean(r: random.Random) -> str:
    return r.choice(["true", "false", "TRUE", "FALSE", "True", "False"])


# What most cells of a column are, and what a few cells, perhaps only the last, are instead.
USUAL = {
    "int": small_int,
    "any_int": any_int,
    "double": double,
    "bool": boolean,
    "date": date,
    "timestamp": timestamp,
    "timestamp_utc": timestamp_utc,
    "text": text,
    "bigint": lambda r: str(r.randint(2**63, 10**37) * r.choice([1, -1])),
}
SURPRISES = {
    "double": double,
    "text": lambda r: "surprise",
    "zero_led": lambda r: "007",
    "plus": lambda r: "+5",
    "bool": boolean,
    "int": any_int,
    "date": date,
    "timestamp": timestamp,
    "timestamp_utc": timestamp_utc,
    "past_double": lambda r: "0.12345678901234567891",
    "int_past_double": lambda r: str(2**53 + 1),
    "bigint": lambda r: str(2**63),
    "past_decimal": lambda r: "9" * 39,
    "nan": lambda r: "NaN",
    "nanoseconds": lambda r: "2024-01-01T00:00:00.123456789",
    "not_a_day": lambda r: "2023-02-29",
    "blank": lambda r: " ",
    "odd_double": lambda r: r.choice([".5", "5.", "-0", "1E5", "-.25e-3"]),
    "endless": lambda r: r.choice(["1e400", "1e-400", "inf", "-", ".", "1e", "0x10", "1_000"]),
}


@dataclasses.dataclass
class Column:
    name: str
    usual: str
    surprise: str | None
    nulls: list[str]
    null_share: float

    def cells(self, r: random.Random, rows: int) -> list[str]:
        found = [r.choice(self.nulls) if r.random() < self.null_share else USUAL[self.usual](r) for _ in range(rows)]
        if self.surprise and rows:
            for at in {rows - 1} if r.random() < 0.6 else {r.randrange(rows) for _ in range(3)}:
                found[at] = SURPRISES[self.surprise](r)
        return found


def columns(r: random.Random) -> list[Column]:
    found = []
    for index in range(r.randint(2, 7)):
        usual = r.choice(list(USUAL))
        surprise = r.choice(list(SURPRISES)) if r.random() < 0.4 else None
        # A decimal(38,0) has no settled meeting point with a double, so the two are kept apart.
        if {usual, surprise} & {"bigint", "past_decimal"} and {usual, surprise} & {
            "double",
            "past_double",
            "nan",
            "odd_double",
        }:
            surprise = None
        nulls = r.sample(["", "NA", "N/A", "NULL", "null"], r.randint(1, 3))
        found.append(
            Column(
                f"c{index}_{r.choice(['id', 'größe', 'a b', 'X'])}", usual, surprise, nulls, r.choice([0, 0, 0.05, 0.9])
            )
        )
    if all(column.usual == "text" for column in found):
        found[0] = Column("c0_id", "int", None, [""], 0)  # or nothing would tell the header from a row
    return found


def csv_file(r: random.Random, rows: int) -> tuple[bytes, str]:
    """A file and its delimiter. Some rows are ragged; some cells are quoted without need."""
    delimiter = r.choice([",", ",", ",", ";", "\t", "|"])
    line_end = r.choice(["\n", "\n", "\r\n", "\r"])
    quote_share = r.choice([0, 0.1, 1])
    made = columns(r)
    filled = [column.cells(r, rows) for column in made]

    def cell(value: str) -> str:
        needs = any(c in value for c in (delimiter, '"', "\n", "\r"))
        return '"' + value.replace('"', '""') + '"' if needs or r.random() < quote_share else value

    lines = [delimiter.join(cell(column.name) for column in made)]
    ragged_share = r.choice([0, 0, 0.02])
    for row in zip(*filled, strict=True):
        cells = [cell(value) for value in row]
        if r.random() < ragged_share:
            cells = cells + ["extra"] if r.random() < 0.5 or len(cells) < 3 else cells[:-1]
        lines.append(delimiter.join(cells))
    body = line_end.join(lines) + (line_end if r.random() < 0.8 else "")
    bom = b"\xef\xbb\xbf" if r.random() < 0.1 else b""
    return bom + body.encode(), delimiter


# ---------------------------------------------------------------------------------------------------- JSON


def json_scalar(r: random.Random, kind: str) -> str:
    """One value as JSON source text, so that numbers keep their spelling."""
    if kind in ("int", "any_int", "double", "bigint"):
        return USUAL[kind](r).replace("e+", r.choice(["e", "e+", "E+"]))
    if kind == "bool":
        return r.choice(["true", "false"])
    words = text(r) or "x"
    value = words if kind == "text" else USUAL[kind](r)
    return json.dumps(value, ensure_ascii=r.random() < 0.5)


def json_shape(r: random.Random, depth: int = 0):
    if depth < 2 and r.random() < 0.25:
        return [json_shape(r, depth + 1)]
    if depth < 2 and r.random() < 0.25:
        return {f"k{i}": json_shape(r, depth + 1) for i in range(r.randint(1, 3))}
    return r.choice(["int", "any_int", "double", "bool", "date", "timestamp", "timestamp_utc", "text", "bigint"])


def json_text(r: random.Random, shape, null_share: float) -> str:
    if r.random() < null_share:
        return "null"
    if isinstance(shape, list):
        return "[" + ", ".join(json_text(r, shape[0], null_share) for _ in range(r.randint(0, 4))) + "]"
    if isinstance(shape, dict):
        return json_object(r, shape, null_share)
    return json_scalar(r, shape)


def json_object(r: random.Random, shape: dict, null_share: float) -> str:
    kept = [name for name in shape if r.random() > null_share] or [next(iter(shape))]
    return "{" + ", ".join(f"{json.dumps(name)}: {json_text(r, shape[name], null_share)}" for name in kept) + "}"


def json_file(r: random.Random, rows: int, arrayed: bool) -> bytes:
    """NDJSON, some lines with a duplicate key, or one array of objects. Keys appear late and vanish."""
    shape = {f"key {i}": json_shape(r) for i in range(r.randint(1, 6))}
    late = {"late": json_shape(r)} | shape
    null_share = r.choice([0, 0, 0.1])
    lines = [json_object(r, late if row > rows * 0.8 else shape, null_share) for row in range(rows)]
    for name in shape:
        if lines and r.random() < 0.2 and isinstance(shape[name], str):
            surprise = r.choice(["1.5", '"surprise"', "true", '"2024-01-01"', str(2**53 + 1), "0.12345678901234567891"])
            if shape[name] != "bigint":
                lines.append(f"{{{json.dumps(name)}: {surprise}}}")
    if arrayed:
        return ("[" + ",\n ".join(lines) + "]\n").encode()
    if r.random() < 0.3:
        lines = [f"{line[:-1]}, {line[1:]}" if r.random() < 0.03 else line for line in lines]
    return ("\n".join(lines) + "\n").encode()
