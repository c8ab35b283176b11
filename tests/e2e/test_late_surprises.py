"""Every kind of value surprised by every other kind, more than one chunk of the input later."""

from __future__ import annotations

import pytest

import oracle
import readers

ROWS = 35_000  # more than any reader looks at before it first settles on types

CSV_KINDS = {
    "nothing": "", "token": "NA", "nan": "NaN", "bool": "true", "int": "7", "int_past_double": str(2**53 + 1),
    "bigint": str(2**63), "double": "2.5", "zero_led": "007", "date": "2024-01-02", "timestamp": "2024-01-02T03:04:05",
    "timestamp_utc": "2024-01-02T03:04:05Z", "text": "abc",
}  # fmt: skip

JSON_KINDS = {
    "null": "null", "bool": "true", "int": "7", "int_past_double": str(2**53 + 1), "bigint": str(2**63),
    "double": "2.5", "exponent": "1E2", "date": '"2024-01-02"',
    "timestamp_utc": '"2024-01-02T03:04:05Z"', "text": '"abc"',
    "list": "[7]", "other_list": '["x"]', "no_list": "[]", "lists": "[[7], []]", "object": '{"a": 7}',
    "other_object": '{"b": "x"}', "no_object": "{}", "null_inside": '{"a": null}',
}  # fmt: skip


def has_settled_meaning(usual: str, surprise: str) -> bool:
    """Whether the rules say what a column of both is: of whole numbers past int64 beside doubles they do not."""
    return not ({"bigint"} & {usual, surprise} and {"double", "exponent", "nan"} & {usual, surprise})


@pytest.mark.parametrize("usual", CSV_KINDS)
def test_csv(program, tmp_path, usual):
    surprises = [name for name in CSV_KINDS if has_settled_meaning(usual, name)]
    row = ",".join([CSV_KINDS[usual]] * len(surprises))
    lines = ["id," + ",".join(surprises)] + [f"{i},{row}" for i in range(ROWS)]
    lines.append(f"{ROWS}," + ",".join(CSV_KINDS[name] for name in surprises))
    data = ("\n".join(lines) + "\n").encode()
    (tmp_path / "in.csv").write_bytes(data)
    program("convert", tmp_path / "in.csv", tmp_path / "out.parquet", code=0)
    readers.assert_parquet(tmp_path / "out.parquet", oracle.read_csv(data).table)


@pytest.mark.parametrize("usual", JSON_KINDS)
def test_json(program, tmp_path, usual):
    surprises = [name for name in JSON_KINDS if has_settled_meaning(usual, name)]

    def line(number: int, values: list[str]) -> str:
        cells = [f'"id": {number}'] + [f'"{name}": {value}' for name, value in zip(surprises, values, strict=True)]
        return "{" + ", ".join(cells) + "}\n"

    usual_values = [JSON_KINDS[usual]] * len(surprises)
    text = "".join(line(i, usual_values) for i in range(ROWS)) + line(ROWS, [JSON_KINDS[name] for name in surprises])
    (tmp_path / "in.ndjson").write_text(text)
    program("convert", tmp_path / "in.ndjson", tmp_path / "out.parquet", code=0)
    readers.assert_parquet(tmp_path / "out.parquet", oracle.read_json(text.encode()).table)
