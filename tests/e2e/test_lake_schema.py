"""The remembered schema: frozen types, new columns, and the explicit ways to change either."""

from __future__ import annotations

import pyarrow as pa
import pytest
import yaml

import readers

T0 = 1709618828.0
DAY = 86400


def many(first: str, last: str) -> str:
    """200 rows of which only the last is another: within the default limit of rejects."""
    return "x,y\n" + f"{first},a\n" * 199 + f"{last},b\n"


def columns(path) -> dict[str, pa.DataType]:
    table = readers.pyarrow_table(path)
    return {field.name: field.type for field in table.schema if not field.name.startswith("_")}


@pytest.mark.parametrize(
    ("kind", "usual", "surprise"),
    [
        ("int64", "1", "1.5"),
        ("int64", "1", "abc"),
        ("int64", "1", "007"),
        ("double", "1.5", "x"),
        ("bool", "true", "2"),
        ("date", "2024-01-01", "2024-01-01T10:00"),
        ("timestamp", "2024-01-01T10:00:00", "2024-01-01T10:00:00Z"),
    ],
)
def test_types_are_frozen(lake, kind, usual, surprise):
    lake.land("d/a.csv", many(usual, usual), at=T0)
    lake("run", code=0)
    lake.land("d/b.csv", many(usual, surprise), at=T0 + DAY)
    lake("run", code=0)
    (reject,) = lake.rejects("d")
    assert (reject["reason"], reject["column"], reject["line"]) == ("type_mismatch", "x", 201)
    assert "lakegate widen d x" in reject["message"], reject
    assert len({str(columns(path)) for path in lake.curated("d")}) == 1
    assert sorted(run["rows_rejected"] for run in lake.runs("d")) == [0, 1]


def test_integers_fit_a_double_column(lake):
    lake.land("d/a.csv", "x\n1.5\n", at=T0)
    lake("run", code=0)
    lake.land("d/b.csv", "x\n7\n", at=T0 + DAY)
    lake("run", code=0)
    assert sorted(row["x"] for row in lake.rows("d")) == [1.5, 7.0]


def test_widen(lake):
    """Widening rewrites the history as a new generation; after it the old surprise is accepted."""
    lake.land("d/a.csv", many("1", "2"), at=T0)
    lake("run", code=0)
    (before,) = lake.curated("d")
    lake("widen", "d", "x", "double", "--yes", code=0)
    (after,) = lake.curated("d")
    assert after.name == before.stem + "-g2.parquet"
    assert columns(after) == {"x": pa.float64(), "y": pa.string()}
    assert [row["x"] for row in lake.rows("d")] == [1.0] * 199 + [2.0]
    lake.land("d/b.csv", many("1", "1.5"), at=T0 + DAY)
    lake("run", code=0)
    assert not lake.rejects("d") and len(lake.rows("d")) == 400
    lake("verify", code=0)


@pytest.mark.parametrize("arguments", [("x", "int64"), ("x", "bool"), ("nothing", "text"), ("x", "tekst")])
def test_widen_refuses_what_is_no_widening(lake, arguments):
    lake.land("d/a.csv", "x\n1.5\n", at=T0)
    lake("run", code=0)
    before = lake.files("")
    outcome = lake("widen", "d", *arguments, "--yes")
    assert outcome.code in (1, 2) and outcome.err.strip(), outcome
    assert lake.files("curated") == {k: v for k, v in before.items() if k.startswith("curated")}


@pytest.mark.parametrize("policy", ["add", "ignore", "reject"])
def test_new_columns(lake, policy):
    lake.configure(f"datasets:\n  d: {{landing: d/*.csv, new_columns: {policy}}}\n")
    lake.land("d/a.csv", "x\n1\n", at=T0)
    lake("run", code=0)
    lake.land("d/b.csv", "x,extra\n2,e\n", at=T0 + DAY)
    outcome = lake("run")
    old, *new = lake.curated("d")
    assert list(columns(old)) == ["x"]
    if policy == "reject":
        assert outcome.code == 1 and not new and "extra" in outcome.err, outcome
        return
    assert outcome.code == 0, outcome
    assert list(columns(new[0])) == (["x", "extra"] if policy == "add" else ["x"])


def test_vanished_column_is_null(lake):
    lake.land("d/a.csv", "x,y\n1,a\n", at=T0)
    lake("run", code=0)
    lake.land("d/b.csv", "x\n2\n", at=T0 + DAY)
    lake("run", code=0)
    assert lake.rows("d") == [{"x": 1, "y": "a"}, {"x": 2, "y": None}]


def test_columns_in_another_order(lake):
    """Columns belong to their names, not to their places."""
    lake.land("d/a.csv", "x,y\n1,a\n", at=T0)
    lake.land("d/b.csv", "y,x\nb,2\n", at=T0 + DAY)
    lake("run", code=0)
    assert lake.rows("d") == [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]


def test_column_without_a_value_waits_for_one(lake):
    """Unknown is remembered and left out of Parquet, until a value types it."""
    lake.land("d/a.csv", "x,y\n1,\n2,NA\n", at=T0)
    lake("run", code=0)
    (first,) = lake.curated("d")
    assert list(columns(first)) == ["x"]
    lake.land("d/b.csv", "x,y\n3,2.5\n", at=T0 + DAY)
    lake("run", code=0)
    second = lake.curated("d")[1]
    assert columns(second) == {"x": pa.int64(), "y": pa.float64()}


def test_required(lake):
    lake.configure(
        "datasets:\n  d:\n    landing: d/*.csv\n    max_rejects: 1\n"
        "    schema: [{name: x, type: int64, required: true}, {name: y, type: text}]\n"
    )
    lake.land("d/a.csv", "x,y\n1,a\n,b\n", at=T0)
    lake("run", code=0)
    (reject,) = lake.rejects("d")
    assert (reject["reason"], reject["column"]) == ("missing_required", "x")


def test_declared_types(lake):
    """Types that are never inferred, and formats of dates that must be told."""
    lake.configure(
        "datasets:\n  d:\n    landing: d/*.csv\n    schema:\n"
        "      - {name: i, type: int32}\n      - {name: f, type: float32}\n      - {name: m, type: 'decimal(10,2)'}\n"
        "      - {name: day, type: date, format: '%d.%m.%Y'}\n"
        "      - {name: at, type: timestamp, format: '%d/%m/%Y %H:%M'}\n"
        "      - {name: code, type: text}\n"
    )
    lake.land("d/a.csv", "i,f,m,day,at,code\n7,1.5,12.30,31.12.2024,31/12/2024 23:59,007\n", at=T0)
    lake("run", code=0)
    (path,) = lake.curated("d")
    table = readers.pyarrow_table(path)
    kinds = [pa.int32(), pa.float32(), pa.decimal128(10, 2), pa.date32(), pa.timestamp("us"), pa.string()]
    assert table.schema.types[:6] == kinds
    (row,) = lake.rows("d")
    assert [str(value) for value in row.values()] == ["7", "1.5", "12.30", "2024-12-31", "2024-12-31 23:59:00", "007"]


def test_pin_writes_the_remembered_schema(lake):
    lake.configure("# mine\ndatasets:\n  d:\n    landing: d/*.csv  # a remark\n")
    lake.land("d/a.csv", "x,y\n1,a\n", at=T0)
    lake("run", code=0)
    lake("schema", "d", "--pin", code=0)
    text = (lake.root / "lake.yaml").read_text()
    assert "# mine" in text and "# a remark" in text
    fields = yaml.safe_load(text)["datasets"]["d"]["schema"]
    assert [(field["name"], field["type"]) for field in fields] == [("x", "int64"), ("y", "text")]
    before = lake.files("curated")
    lake("check", code=0)
    lake("run", code=0)
    assert lake.files("curated") == before


def test_names(lake):
    """Cleaned, collisions numbered, the original kept in the field's metadata; or left as they are."""
    lake.land("d/a.csv", "device Id,deviceId,2nd,ok\n1,2,3,4\n", at=T0)
    lake("run", code=0)
    (path,) = lake.curated("d")
    schema = readers.pyarrow_table(path).schema
    assert [name for name in schema.names if not name.startswith("_")] == ["device_id", "device_id_2", "c_2nd", "ok"]
    for index, original in enumerate(["device Id", "deviceId", "2nd"]):
        assert original.encode() in schema.field(index).metadata.values()


def test_original_names(lake):
    lake.configure("datasets:\n  d: {landing: d/*.csv, names: original}\n")
    lake.land("d/a.csv", "device Id,Größe\n1,2\n", at=T0)
    lake("run", code=0)
    assert list(lake.rows("d")[0]) == ["device Id", "Größe"]


def test_without_lineage(lake):
    lake.configure("datasets:\n  d: {landing: d/*.csv, lineage: false}\n")
    lake.land("d/a.csv", "x\n1\n", at=T0)
    lake("run", code=0)
    assert readers.pyarrow_table(lake.curated("d")[0]).column_names == ["x"]


@pytest.mark.parametrize("record", ['{"": 1, "a": 2}', '{"s": [{"": 1}], "a": 2}'])
def test_an_empty_key_is_refused(lake, record):
    """A column needs a name, and one made up for it would not be found again."""
    lake.land("d/a.ndjson", record + "\n")
    outcome = lake("run", code=1)
    assert "empty key" in outcome.err and not lake.curated("d"), outcome
