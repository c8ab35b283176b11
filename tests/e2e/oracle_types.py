"""The rules for types that the project documents, one cell and one column at a time, as naively as they can be said."""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import re
from typing import Any

import pyarrow as pa

NULL_TOKENS = {"NA", "N/A", "NULL", "null"}
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

INTEGER = re.compile(r"0|-?[1-9][0-9]*")
NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?(Z|[+-]\d\d(?::?\d\d)?)?")

TIMESTAMP_TYPE = pa.timestamp("us")
TIMESTAMP_UTC_TYPE = pa.timestamp("us", tz="UTC")
BIG_INTEGER_TYPE = pa.decimal128(38, 0)


# ---------------------------------------------------------------------------------------------- one value


@functools.lru_cache(maxsize=1 << 16)
def kind_of(text: str) -> str:
    """What one cell could be on its own; `text` when nothing else would give it back unchanged."""
    if INTEGER.fullmatch(text):
        value = int(text)
        if INT64_MIN <= value <= INT64_MAX:
            return "int"
        return "bigint" if len(text.lstrip("-")) <= 38 else "text"
    if NUMBER.fullmatch(text):
        return "double" if double_gives_back(text) else "text"
    if text in ("true", "false", "TRUE", "FALSE", "True", "False"):
        return "bool"
    return kind_of_time(text)


def kind_of_time(text: str) -> str:
    if DATE.fullmatch(text):
        return "date" if parse_date(text) else "text"
    match = TIMESTAMP.fullmatch(text)
    if match and parse_timestamp(text):
        return "timestamp_utc" if match[5] else "timestamp"
    return "text"


def significant(text: str) -> tuple[str, int]:
    """The significant digits of a number and the exponent of the first of them."""
    _, digits, exponent = decimal.Decimal(text).as_tuple()
    joined = "".join(map(str, digits))
    stripped = joined.lstrip("0")
    first = exponent + len(stripped) - 1
    return stripped.rstrip("0"), first if stripped.strip("0") else 0


@functools.lru_cache(maxsize=1 << 16)
def double_gives_back(text: str) -> bool:
    """At most 17 significant digits, and printing the double with as many digits returns them."""
    digits, exponent = significant(text)
    if len(digits) > 17:
        return False
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return False
    if not digits:
        return True
    return significant(f"{value:.{len(digits) - 1}e}") == (digits, exponent)


def parse_date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def parse_timestamp(text: str) -> dt.datetime | None:
    match = TIMESTAMP.fullmatch(text)
    day, minutes, seconds, fraction, zone = match.groups()
    whole = f"{day}T{minutes}:{seconds or '00'}.{(fraction or '').ljust(6, '0')}"
    try:
        return dt.datetime.fromisoformat(whole + (zone or "").replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        return None


# --------------------------------------------------------------------------------------------- one column


def join(kinds: set[str], numbers_as_double: bool) -> str:
    """The one type that holds every kind seen. `numbers_as_double`: every integer survives as a double."""
    if not kinds:
        return "unknown"
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds <= {"int", "bigint"}:
        return "bigint"
    if kinds <= {"int", "double"}:
        return "double" if numbers_as_double else "text"
    if kinds == {"date", "timestamp"}:
        return "timestamp"
    return "text"


def convert(kind: str, text: str) -> Any:
    if kind == "int":
        return int(text)
    if kind == "bigint":
        return decimal.Decimal(text)
    if kind == "double":
        return float(text)
    if kind == "bool":
        return text.lower() == "true"
    if kind == "date":
        return parse_date(text)
    if kind in ("timestamp", "timestamp_utc"):
        value = parse_timestamp(text + "T00:00:00" if DATE.fullmatch(text) else text)
        return value.astimezone(dt.timezone.utc) if kind == "timestamp_utc" else value
    return text


ARROW = {
    "int": pa.int64(),
    "bigint": BIG_INTEGER_TYPE,
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": TIMESTAMP_TYPE,
    "timestamp_utc": TIMESTAMP_UTC_TYPE,
    "text": pa.string(),
    "unknown": pa.string(),
}
