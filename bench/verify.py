"""Compares a Parquet file with what the generator says it must hold. Usage: verify.py META PARQUET

Prints one JSON object: `rows`, `wrong` (what differs in rows or values: empty is good) and `types` (columns
whose type is not the one a person would have given, with the type they have).
"""

import json
import sys

import duckdb


def compare(meta: dict, path: str) -> dict:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    source = "read_parquet('" + path.replace("'", "''") + "')"
    found = {row[0]: row[1] for row in con.execute(f"DESCRIBE FROM {source}").fetchall()}
    types = {name: found.get(name, "missing") for name, wanted in meta["types"].items() if found.get(name) != wanted}
    rows = con.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]
    wrong = [] if rows == meta["rows"] else [f"{rows} rows instead of {meta['rows']}"]
    wrong += [f"unexpected column {name}" for name in found if name not in meta["types"]]
    for expression, wanted in meta["checks"].items():
        try:
            got = con.execute(f"SELECT {expression} FROM {source}").fetchall()[0][0]
        except duckdb.Error as error:
            got = str(error).splitlines()[0]
        if got != wanted:
            wrong.append(f"{expression} is {got} instead of {wanted}")
    return {"rows": rows, "wrong": wrong, "types": types}


if __name__ == "__main__":
    try:
        result = compare(json.load(open(sys.argv[1])), sys.argv[2])
    except duckdb.Error as error:
        result = {"rows": None, "wrong": ["unreadable: " + str(error).splitlines()[0]], "types": {}}
    print(json.dumps(result))
