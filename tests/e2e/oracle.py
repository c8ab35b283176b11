"""An independent reading of CSV and JSON input, by the rules for types that the project documents.

Nothing here shares code or cleverness with lakegate: every rule is a naive test of one cell, applied to the
whole column, with Python's csv and json modules doing the parsing. `read_csv` and `read_json` give the
expected PyArrow table and the expected rejects of an input.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import sys
from typing import Any, Iterator

import pyarrow as pa

from oracle_types import ARROW, NULL_TOKENS, convert, double_gives_back, join, kind_of, kind_of_time

csv.field_size_limit(sys.maxsize)


@dataclasses.dataclass(frozen=True)
class Record:
    line: int
    offset: int
    cells: list[str]
    quoted: list[bool]


@dataclasses.dataclass
class Expected:
    table: pa.Table
    rejects: list[Record]


def csv_column(cells: list[tuple[str, bool]]) -> pa.Array:
    """The typed column for cells given as (text, was quoted)."""
    valued = [text for text, _ in cells if text and text not in NULL_TOKENS and text != "NaN"]
    has_nan = any(text == "NaN" for text, _ in cells)
    kinds = {kind_of(text) for text in valued}
    kind = join(kinds, all(double_gives_back(text) for text in valued) if kinds == {"int", "double"} else True)

    def value(text: str, quoted: bool) -> Any:
        if kind == "text":
            return text if text or quoted else None
        if not text or text in NULL_TOKENS:
            return None
        if text == "NaN":
            return float("nan") if kind == "double" and has_nan else None
        return convert(kind, text)

    return pa.array([value(*cell) for cell in cells], ARROW[kind])


# ---------------------------------------------------------------------------------------------------- CSV


def csv_records(data: bytes, delimiter: str = ",", quote: str = '"') -> Iterator[Record]:
    """Every record with the place where it starts and which cells were quoted."""
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    sep, q = re.escape(delimiter.encode()), re.escape(quote.encode())
    cell = re.compile(
        rb"(?:%s((?:[^%s]|%s%s)*)%s|([^%s\r\n]*))(%s|\r\n|\n|\r|\Z)" % (q, q, q, q, q, sep, sep), re.DOTALL
    )
    position, line = start, 1
    cells: list[str] = []
    quoted: list[bool] = []
    record_offset, record_line = position, line
    while position < len(data) or cells:
        match = cell.match(data, position)
        assert match, f"the generator wrote a cell that this oracle does not read, at {position}"
        raw = match[1] if match[1] is not None else match[2]
        line += len(re.findall(rb"\r\n|\n|\r", match[0]))
        cells.append(raw.decode().replace(quote * 2, quote) if match[1] is not None else raw.decode())
        quoted.append(match[1] is not None)
        position = match.end()
        if match[3] != delimiter.encode():
            yield Record(record_line, record_offset, cells, quoted)
            cells, quoted = [], []
            record_offset, record_line = position, line


def read_csv(data: bytes, delimiter: str = ",", quote: str = '"') -> Expected:
    records = list(csv_records(data, delimiter, quote))
    text = data.decode("utf-8-sig")
    standard = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote))
    assert [record.cells for record in records] == standard, "the two readings of the oracle differ"
    header, body = records[0].cells, records[1:]
    good = [record for record in body if len(record.cells) == len(header)]
    columns = [csv_column([(r.cells[i], r.quoted[i]) for r in good]) for i in range(len(header))]
    return Expected(
        pa.Table.from_arrays(columns, names=header),
        [record for record in body if len(record.cells) != len(header)],
    )


# --------------------------------------------------------------------------------------------------- JSON


class Number(str):
    """A JSON number as it was written."""


class DuplicateKey(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise DuplicateKey
    return result


def _constant(token: str) -> Any:
    raise ValueError(f"{token} is not JSON")


def parse_json(text: str) -> Any:
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_object)


def json_column(values: list[Any]) -> pa.Array:
    kind, arrow_type = json_type(values)
    return pa.array([json_value(kind, value) for value in values], arrow_type)


def json_type(values: list[Any]) -> tuple[Any, pa.DataType]:
    """A kind (nested: ("list", kind) or ("struct", {name: kind})) and its Arrow type.

    A list or an object in which no value was ever seen is as unknown as a column without any.
    """
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, dict) for value in present):
        names = list(dict.fromkeys(name for value in present for name in value))
        fields = {name: json_type([value.get(name) for value in present]) for name in names}
        fields = {name: found for name, found in fields.items() if found[0] != "unknown"}
        if not fields:
            return "unknown", ARROW["unknown"]
        struct = pa.struct([(name, arrow) for name, (_, arrow) in fields.items()])
        return ("struct", {name: kind for name, (kind, _) in fields.items()}), struct
    if present and all(isinstance(value, list) for value in present):
        kind, arrow = json_type([item for value in present for item in value])
        if kind == "unknown":
            return "unknown", ARROW["unknown"]
        return ("list", kind), pa.list_(arrow)
    kinds = {json_kind(value) for value in present}
    numbers = [value for value in present if isinstance(value, Number)]
    kind = join(kinds, all(double_gives_back(number) for number in numbers) if "double" in kinds else True)
    return kind, ARROW[kind]


def json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, Number):
        return kind_of(value)
    if isinstance(value, str):
        return kind_of_time(value)
    return "text"


def json_value(kind: Any, value: Any) -> Any:
    if value is None or kind == "unknown":
        return None
    if isinstance(kind, tuple) and kind[0] == "struct":
        return {name: json_value(inner, value.get(name)) for name, inner in kind[1].items()}
    if isinstance(kind, tuple):
        return [json_value(kind[1], item) for item in value]
    if kind == "bool":
        return value
    if isinstance(value, str):
        return convert(kind, str(value))
    return json_source(value)


def json_source(value: Any) -> str:
    """What is no scalar becomes text as it stood, if it stood there in this spelling."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(json_source, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {json_source(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)


def read_json(data: bytes) -> Expected:
    """NDJSON, one array of objects, or one object. A line with a duplicate key is a reject."""
    text = data.decode("utf-8-sig")
    rejects: list[Record] = []
    try:
        document = parse_json(text)
        rows = document if isinstance(document, list) else [document]
    except (DuplicateKey, json.JSONDecodeError):
        rows, rejects = _read_lines(data)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [json_column([row.get(name) for row in rows]) for name in names]
    return Expected(pa.Table.from_arrays(columns, names=names), rejects)


def _read_lines(data: bytes) -> tuple[list[dict], list[Record]]:
    rows, rejects, offset = [], [], 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            try:
                rows.append(parse_json(line.decode()))
            except DuplicateKey:
                rejects.append(Record(number, offset, [line.decode()], [False]))
        offset += len(line) + 1
    return rows, rejects
