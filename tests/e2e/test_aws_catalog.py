"""The catalog follows what is committed, whoever commits it."""

from __future__ import annotations

import secrets
import signal
import subprocess
import time

import pytest

from aws_servers import Aws, CloudLake


class Glue:
    def __init__(self, moto: Aws) -> None:
        self.client = moto.client("glue")
        self.database = f"db_{secrets.token_hex(4)}"
        self.environment = {"AWS_ENDPOINT_URL_GLUE": moto.endpoints["glue"]}

    def create(self) -> None:
        self.client.create_database(DatabaseInput={"Name": self.database})

    def tables(self) -> set[str]:
        return {table["Name"] for table in self.client.get_tables(DatabaseName=self.database)["TableList"]}

    def partitions(self, table: str) -> int:
        return len(self.client.get_partitions(DatabaseName=self.database, TableName=table)["Partitions"])


@pytest.fixture
def glue(moto: Aws) -> Glue:
    return Glue(moto)


def config(glue: Glue, more: str = "") -> str:
    return ("datasets:\n  sales:\n    landing: sales/{store}.csv\n    partition_by: store\n" + more
            + f"catalog: {{glue: {{database: {glue.database}}}}}\n")


@pytest.fixture
def lake(cloud_lake: CloudLake, glue: Glue) -> CloudLake:
    cloud_lake.environment |= glue.environment
    cloud_lake.configure(config(glue))
    cloud_lake.land("sales/north.csv", "id,v\n1,x\n")
    return cloud_lake


def test_a_run_registers_what_it_commits(lake: CloudLake, glue: Glue) -> None:
    missing = lake("run", code=1)
    assert f"no Glue database {glue.database}" in missing.err and "aws glue create-database" in missing.err
    assert len(lake.rows("sales")) == 1, "what was run stays"
    glue.create()
    lake("catalog", "sync", code=0)
    assert {"sales", "sales_history", "sales_latest", "lakegate_runs", "lakegate_rejects"} <= glue.tables()
    lake.land("sales/south.csv", "id,v\n2,y\n")
    lake("run", code=0)
    assert glue.partitions("sales") == 2
    assert "sales: in order" in lake("catalog", "sync", code=0).out


def test_so_does_a_replay(lake: CloudLake, glue: Glue) -> None:
    glue.create()
    lake.land("sales/south.csv", "id,v\n" + "2,y\n" * 6 + "3\n" * 4)
    lake("run", code=1)
    assert glue.partitions("sales") == 1
    lake.configure(config(glue, "    max_rejects: 50%\n"))
    lake("replay", "sales", "--failed", code=0)
    assert glue.partitions("sales") == 2
    assert "sales: in order" in lake("catalog", "sync", code=0).out


def test_so_does_a_run_that_watches(lake: CloudLake, glue: Glue) -> None:
    glue.create()
    watching = subprocess.Popen([str(lake.program.path), "run", "--watch", "--lake", lake.url],
                                env=lake.program.environment(**lake.environment), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while "sales" not in glue.tables() or glue.partitions("sales") < 1:
            assert time.monotonic() < until and watching.poll() is None
            time.sleep(0.05)
    finally:
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(30) == 130
