"""Tables in DynamoDB that are not there yet, or are not what was asked for."""

from __future__ import annotations

import pytest

from aws_servers import CloudLake, Tables


def config(table: str, *, schema: bool = True, more: str = "") -> str:
    declared = "    schema: [{name: id, type: int64}, {name: v, type: text}]\n" if schema else ""
    return f"""
datasets:
  sales:
    landing: sales/*.csv
{declared}    serve: {{table: {table}, key: [id]}}
{more}"""


def test_a_table_is_made_before_anything_lands(cloud_lake: CloudLake, tables: Tables) -> None:
    name = tables.prefix + "Sales"
    cloud_lake.configure(config(name))
    made = cloud_lake("load", "sales", "--create", code=0)
    assert "the table is there" in made.out
    described = tables.client.describe_table(TableName=name)["Table"]
    assert described["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert described["AttributeDefinitions"] == [{"AttributeName": "id", "AttributeType": "N"}]
    cloud_lake("load", "sales", "--create", code=0)  # again: nothing changes
    cloud_lake.land("sales/a.csv", "id,v\n1,x\n")
    cloud_lake("run", code=0)
    assert tables.rows(name) == [{"id": 1, "v": "x"}]


def test_snapshots_get_all_that_they_need(cloud_lake: CloudLake, tables: Tables) -> None:
    """Also the table of lakegate's own, so that `run` needs no --create."""
    name = tables.prefix + "Sales"
    cloud_lake.configure(config(name, more="    mode: snapshot\nenvironments:\n"
                                           f"  test: {{table_prefix: {tables.prefix}own_}}\n"))
    full = f"{tables.prefix}own_{name}"
    cloud_lake("load", "sales", "--create", "--env", "test", code=0)
    cloud_lake.land("sales/a.csv", "id,v\n1,x\n2,y\n")
    cloud_lake("run", "--env", "test", code=0)
    assert {int(row["id"]) for row in tables.rows(full)} == {1, 2}
    cloud_lake.land_newer("sales/a.csv", "id,v\n2,z\n")
    cloud_lake("run", "--env", "test", code=0)
    assert tables.rows(full) == [{"id": 2, "v": "z"}]


def test_keys_may_be_captures(cloud_lake: CloudLake, tables: Tables) -> None:
    name = tables.prefix + "Sales"
    cloud_lake.configure(f"""
datasets:
  sales:
    landing: "sales/{{store}}_{{day:%Y%m%d}}.csv"
    capture_columns: [store, day]
    schema: [{{name: v, type: text}}]
    serve: {{table: {name}, key: [store, day]}}
""")
    cloud_lake("load", "sales", "--create", code=0)
    cloud_lake.land("sales/north_20260102.csv", "v\nx\n")
    cloud_lake("run", code=0)
    assert tables.rows(name) == [{"store": "north", "day": "2026-01-02", "v": "x"}]


def test_nobody_knows_the_columns_yet(cloud_lake: CloudLake, tables: Tables) -> None:
    cloud_lake.configure(config(tables.prefix + "Sales", schema=False))
    refused = cloud_lake("load", "sales", "--create", code=2)
    assert "no schema yet" in refused.err and "declare" in refused.err
    cloud_lake.land("sales/a.csv", "id,v\n1,x\n")
    cloud_lake("run", code=1)  # which remembers a schema, and has no table
    cloud_lake("load", "sales", "--create", code=0)
    assert tables.rows(tables.prefix + "Sales") == [{"id": 1, "v": "x"}]


def test_a_missing_table_fails_the_load_alone(cloud_lake: CloudLake, tables: Tables) -> None:
    name = tables.prefix + "Sales"
    cloud_lake.configure(config(name))
    for n in range(3):
        cloud_lake.land(f"sales/{n}.csv", f"id,v\n{n},x\n")
    outcome = cloud_lake("run", "--format", "json", code=1)
    assert len(outcome.json["arrivals"]) == 3 and len(cloud_lake.rows("sales")) == 3
    assert len(outcome.json["errors"]) == 1 and not outcome.json["ok"]
    assert outcome.err.count("\n") == 1 and outcome.err.count(name) == 1, outcome.err
    assert "`lakegate load sales --create`" in outcome.err and "(id: N)" in outcome.err
    assert cloud_lake("load", "sales", code=1).err.count("\n") == 1
    status = cloud_lake("status", "--format", "json", code=0).json["datasets"][0]
    assert (status["table"], status["not_loaded"], status["waiting"]) == (name, 3, 0)
    assert f"{name} (3 arrivals not loaded)" in cloud_lake("status", code=0).out
    cloud_lake("load", "sales", "--create", code=0)
    assert len(tables.rows(name)) == 3
    assert cloud_lake("status", "--format", "json", code=0).json["datasets"][0]["not_loaded"] == 0
    assert "nothing new" in cloud_lake("run", code=0).out


@pytest.mark.parametrize("key", [{"id": "S"}, {"v": "S"}, {"id": "N", "v": "S"}])
def test_a_table_with_another_key(cloud_lake: CloudLake, tables: Tables, key: dict[str, str]) -> None:
    name = tables.create("Sales", key)
    cloud_lake.configure(config(name))
    cloud_lake.land("sales/a.csv", "id,v\n1,x\n")
    outcome = cloud_lake("run", code=1)
    assert "has the key" in outcome.err and "(id: N) is asked for" in outcome.err
    assert "delete the table" in outcome.err and tables.rows(name) == []
    assert len(cloud_lake.rows("sales")) == 1
