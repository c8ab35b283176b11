#!/usr/bin/env python3
"""Writes the benchmark's input files: seeded, realistic CSV and NDJSON.

The same seed, size and version of this script (and of polars, pinned in tools/versions.env) give the
same bytes. Beside each file stands `<file>.meta.json`: its rows, the types that a person would have
given its columns, and checks (a DuckDB expression and the value it must have). The values come from
the generator's own arrays, so that no program under test is the judge of another.

    generate.py --format csv --size 100MB            # prints the path; an existing file is re-used
    generate.py --late-surprise [--size 1GB]         # integers that stop being integers near the end
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import time

import numpy as np
import polars as pl

VERSION = 1  # raise it with any change to the bytes written: it is a part of the file names
SEED = 20240229
CHUNK_ROWS = 100_000
US = 1_000_000
EPOCH_2024 = 1_704_067_200  # 2024-01-01T00:00:00Z

FIRST = """Ada Bruno Chiara Dmytro Elif Farid Greta Hana Igor Jana Kofi Léa Marek Nadia Oskar Petra Quentin Rosa
Sven Tomás Ulla Viktor Wanda Xenia Yusuf Zoë Amara Björn Celia Dario Esther Finn Gloria Hugo Ines Jonas
Katya Luis Mina Noor""".split()
LAST = """Abe Becker Costa Dubois Eriksen Fischer García Hansen Ivanov Jansen Kowalski López Müller Novák Okafor
Petrov Quist Rossi Silva Tanaka Unger Virtanen Weber Yamada Zhang O'Brien Almeida Bianchi Çelik Danso
Engström Farkas Gruber Horvat Ito Jovanović Kaya Lindqvist Moreau Nguyen""".split()
CITIES = """Amsterdam Barcelona Berlin Bologna Bruxelles Budapest Cork Dresden Dublin Gdańsk Genève Göteborg
Helsinki København Kraków Lisboa Ljubljana London Lyon Madrid Malmö Milano München Nantes Oslo Porto Praha
Riga Roma Tallinn Utrecht Valencia Vilnius Warszawa Wien Zagreb Zürich Århus""".split()
COUNTRIES = "NL ES DE IT BE HU IE PL CH SE FI DK PT SI GB FR NO CZ LV EE LT AT HR GR".split()
GOODS = """cable charger desk lamp monitor keyboard kettle notebook backpack bottle speaker tripod adapter mouse
chair blanket jacket helmet tent stove torch battery router camera lens filter drill saw hammer ladder""".split()
QUALITIES = "black white steel oak compact folding wireless USB-C heavy-duty waterproof slim reusable".split()
WORDS = """the to please deliver after before gate customer asked called left parcel door bell broken ring neighbour
second floor box was damaged open refund gift wrap invoice paid twice late early driver note fragile
glass handle with care replacement sent for missing part number wrong colour size exchange return label
printed at office hours closed holiday leave behind garage key code back entrance warehouse picked up
again and not no if in on of a is be we they it this that order item price checked agreed by phone
email waiting reply supplier stock next week Monday Friday morning evening""".split()

LIMITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


def parse_size(text: str) -> int:
    for suffix, factor in LIMITS.items():
        if text.upper().endswith(suffix):
            return round(float(text[: -len(suffix)]) * factor)
    raise SystemExit(f"generate.py: size {text!r} is not understood: write it as 10MB or 1GB")


def data_dir() -> pathlib.Path:
    """Where inputs are kept: $LAKEGATE_BENCH_DIR, or build/bench-data of the repository."""
    root = pathlib.Path(__file__).resolve().parent.parent
    return pathlib.Path(os.environ.get("LAKEGATE_BENCH_DIR") or root / "build" / "bench-data")


# ---------------------------------------------------------------- pieces shared by both formats


class Vocabulary:
    """The values that rows draw from; made once from the seed."""

    def __init__(self, seed: int):
        rng = np.random.default_rng([seed, 1_000_000_007])
        products = []
        for number in range(2_000):
            name = f"{rng.choice(QUALITIES)} {rng.choice(GOODS)} {rng.integers(100, 9_999)}"
            if number % 7 == 0:
                name += f", set of {rng.integers(2, 12)}"
            if number % 31 == 0:
                name += f' {rng.integers(12, 43)}"'
            products.append(name)
        self.products = np.array(products, dtype=object)
        self.base_cents = np.round(np.exp(rng.normal(7.6, 1.1, len(products)))).astype(np.int64) + 49
        self.grams = rng.integers(40, 24_000, len(products))
        self.stores = np.array([f"{city} {kind}" for city in CITIES for kind in ("Centrum", "Outlet")], dtype=object)
        self.store_lat = rng.uniform(36.0, 63.0, len(self.stores))
        self.store_lon = rng.uniform(-9.5, 27.0, len(self.stores))
        self.store_country = rng.integers(0, len(COUNTRIES), len(self.stores))
        weights = 1.0 / np.arange(3, len(WORDS) + 3)
        weights /= weights.sum()
        self.phrases = np.array(
            [" ".join(rng.choice(WORDS, rng.integers(1, 4), p=weights)) for _ in range(6_000)], dtype=object
        )


def skewed(rng: np.random.Generator, n: int, count: int, power: float = 2.0) -> np.ndarray:
    """n indexes below count, low ones much more often: sales and devices are never even."""
    return (rng.random(n) ** power * count).astype(np.int64)


def take(values: np.ndarray, indexes: np.ndarray) -> pl.Series:
    return pl.Series(values.tolist(), dtype=pl.String).gather(indexes)


def sentences(rng: np.random.Generator, vocabulary: Vocabulary, n: int, null_share: float, newlines: bool) -> pl.Series:
    """Free text of nearly no repetition; some with commas, quotes and, if asked for, line breaks."""
    length = rng.integers(1, 6, n)
    kind = rng.random(n)
    phrases = pl.Series(vocabulary.phrases.tolist(), dtype=pl.String)
    parts = {f"p{k}": phrases.gather(rng.integers(0, len(phrases), n)) for k in range(5)}
    frame = pl.DataFrame(parts | {"length": length, "kind": kind, "number": rng.integers(1, 99_999, n), "null": rng.random(n) < null_share})
    words = [pl.when(pl.col("length") > k).then(pl.col(f"p{k}")) for k in range(5)]
    plain = pl.concat_str(words, separator=" ", ignore_nulls=True)
    number = pl.col("number").cast(pl.String)
    text = (
        pl.when(pl.col("kind") < 0.20).then(pl.concat_str(words, separator=", ", ignore_nulls=True))
        .when(pl.col("kind") < 0.25).then(pl.concat_str([pl.lit('he said "'), words[0], pl.lit('", ref '), number]))
        .when(pl.col("kind") < (0.26 if newlines else 0.25)).then(pl.concat_str([words[0], pl.lit("\nref "), number]))
        .when(pl.col("kind") < 0.45).then(pl.concat_str([plain, pl.lit(" #"), number]))
        .otherwise(plain)
    )
    return frame.select(pl.when(~pl.col("null")).then(text).alias("text"))["text"]


def hexadecimal(rng: np.random.Generator, n: int, digits: int) -> pl.Series:
    raw = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)[rng.integers(0, 16, (n, digits))]
    return pl.Series(np.ascontiguousarray(raw).view(f"S{digits}").ravel().astype(f"U{digits}").tolist(), dtype=pl.String)


def two_places(cents: np.ndarray) -> pl.Series:
    """Amounts as text with two decimal places, exactly: 1990 -> 19.90."""
    whole, part = pl.Series(cents // 100).cast(pl.String), pl.Series(cents % 100).cast(pl.String)
    return pl.select(pl.concat_str([whole, pl.lit("."), part.str.zfill(2)])).to_series()


def nulled(rng: np.random.Generator, series: pl.Series, share: float) -> pl.Series:
    keep = pl.Series(rng.random(len(series)) >= share)
    return pl.select(pl.when(keep).then(series)).to_series()


# ---------------------------------------------------------------- CSV: orders of a chain of shops


def order_rows(rng: np.random.Generator, vocabulary: Vocabulary, first_row: int, n: int) -> pl.DataFrame:
    rows = first_row + np.arange(n)
    order_id = 10_000_000 + rows * 3 + rng.integers(0, 3, n)
    created = EPOCH_2024 + rows * 2 + rng.integers(0, 600, n)
    days = pl.Series((created // 86_400 + rng.integers(1, 15, n)).astype(np.int32)).cast(pl.Date)
    customer = skewed(rng, n, 400_000)
    last = np.array(LAST, dtype=object)
    first = np.array([f"{a} {chr(65 + k)}." for a in FIRST for k in range(26)], dtype=object)
    store = skewed(rng, n, len(vocabulary.stores))
    product = skewed(rng, n, len(vocabulary.products))
    quantity = np.minimum(rng.geometric(0.35, n), 60)
    price = vocabulary.base_cents[product] * rng.choice([100, 100, 100, 95, 90, 80, 103], n) // 100
    discount = (price * quantity * rng.integers(1, 30, n)) // 100
    total = (price * quantity * rng.choice([119, 121, 120, 107], n)) // 100
    grams = vocabulary.grams[product] * quantity + rng.integers(0, 120, n)
    return pl.DataFrame(
        {
            "order_id": order_id,
            "created_at": pl.Series(created * US).cast(pl.Datetime("us")),
            "ship_date": nulled(rng, days, 0.06),
            "customer_id": customer + 1,
            "customer": pl.select(pl.concat_str([take(last, customer % len(last)), pl.lit(", "), take(first, customer * 7919 % len(first))])).to_series(),
            "country": take(np.array(COUNTRIES, dtype=object), vocabulary.store_country[store]),
            "store": take(vocabulary.stores, store),
            "product": take(vocabulary.products, product),
            "session": hexadecimal(rng, n, 16),
            "quantity": nulled(rng, pl.Series(quantity), 0.02),
            "unit_price": two_places(price),
            "discount": nulled(rng, two_places(discount), 0.85),
            "total": two_places(total),
            "weight_kg": pl.Series(grams / 1_000.0),
            "latitude": pl.Series(np.round(vocabulary.store_lat[store] + rng.normal(0, 0.08, n), 5)),
            "longitude": pl.Series(np.round(vocabulary.store_lon[store] + rng.normal(0, 0.12, n), 5)),
            "balance": np.round(rng.normal(120, 900, n)).astype(np.int64),
            "returned": nulled(rng, pl.Series(rng.random(n) < 0.07), 0.01),
            "note": sentences(rng, vocabulary, n, 0.45, newlines=True),
        }
    )


ORDER_TYPES = {
    "order_id": "BIGINT", "created_at": "TIMESTAMP", "ship_date": "DATE", "customer_id": "BIGINT", "customer": "VARCHAR",
    "country": "VARCHAR", "store": "VARCHAR", "product": "VARCHAR", "session": "VARCHAR", "quantity": "BIGINT",
    "unit_price": "DOUBLE", "discount": "DOUBLE", "total": "DOUBLE", "weight_kg": "DOUBLE", "latitude": "DOUBLE",
    "longitude": "DOUBLE", "balance": "BIGINT", "returned": "BOOLEAN", "note": "VARCHAR",
}  # fmt: skip


def order_checks(frame: pl.DataFrame) -> dict[str, int]:
    """DuckDB expression -> its value over these rows. All of them are sums, so chunks add up."""
    cents = lambda name: int((frame[name].cast(pl.Float64) * 100).round().cast(pl.Int64).sum())
    return {
        "sum(order_id)::BIGINT": int(frame["order_id"].sum()),
        "sum(quantity)::BIGINT": int(frame["quantity"].sum()),
        "sum(balance)::BIGINT": int(frame["balance"].sum()),
        "sum(round(total * 100)::BIGINT)::BIGINT": cents("total"),
        "sum(round(discount * 100)::BIGINT)::BIGINT": cents("discount"),
        "sum(round(latitude * 100000)::BIGINT)::BIGINT": int((frame["latitude"] * 100_000).round().cast(pl.Int64).sum()),
        "sum(epoch_us(created_at::TIMESTAMP) // 1000000)::BIGINT": int((frame["created_at"].dt.epoch("us") // US).sum()),
        "sum(ship_date::DATE - DATE '1970-01-01')::BIGINT": int(frame["ship_date"].cast(pl.Int32).cast(pl.Int64).sum()),
        "count_if(returned)::BIGINT": int(frame["returned"].sum()),
        "count(returned)::BIGINT": len(frame) - frame["returned"].null_count(),
        "count(note)::BIGINT": len(frame) - frame["note"].null_count(),
        "sum(strlen(note))::BIGINT": int(frame["note"].str.len_bytes().cast(pl.Int64).sum()),
        "sum(strlen(customer))::BIGINT": int(frame["customer"].str.len_bytes().cast(pl.Int64).sum()),
        "sum(strlen(product))::BIGINT": int(frame["product"].str.len_bytes().cast(pl.Int64).sum()),
    }


# ---------------------------------------------------------------- NDJSON: readings of devices


def reading_rows(rng: np.random.Generator, vocabulary: Vocabulary, first_row: int, n: int) -> pl.DataFrame:
    rows = first_row + np.arange(n)
    device = skewed(rng, n, 20_000)
    recorded = (EPOCH_2024 * 1_000 + rows * 350 + rng.integers(0, 5_000, n)) * 1_000
    level = 150 + (device * 37) % 700
    values = level[:, None] + np.cumsum(rng.integers(-9, 10, (n, 10)), axis=1)
    store = device % len(vocabulary.stores)
    location = pl.DataFrame(
        {
            "site": take(vocabulary.stores, store),
            "latitude": np.round(vocabulary.store_lat[store] + rng.normal(0, 0.02, n), 5),
            "longitude": np.round(vocabulary.store_lon[store] + rng.normal(0, 0.02, n), 5),
        }
    ).to_struct("location")
    firmware = np.array([f"{a}.{b}.{c}" for a in (1, 2) for b in range(6) for c in range(4)], dtype=object)
    return pl.DataFrame(
        {
            "device_id": pl.Series(device).cast(pl.String).str.zfill(6).to_frame("d").select(pl.lit("dev-") + pl.col("d"))["literal"],
            "recorded_at": pl.Series(recorded).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
            "sequence": rows * 2 + rng.integers(0, 2, n),
            "values": pl.Series(values.astype(np.int64)).cast(pl.List(pl.Int64)),
            "location": location,
            "battery": nulled(rng, pl.Series(np.round(rng.uniform(2.9, 4.2, n), 3)), 0.03),
            "online": pl.Series(rng.random(n) < 0.94),
            "firmware": take(firmware, skewed(rng, n, len(firmware))),
            "message": sentences(rng, vocabulary, n, 0.70, newlines=True),
        }
    )


READING_TYPES = {
    "device_id": "VARCHAR", "recorded_at": "TIMESTAMP WITH TIME ZONE", "sequence": "BIGINT", "values": "BIGINT[]",
    "location": "STRUCT(site VARCHAR, latitude DOUBLE, longitude DOUBLE)", "battery": "DOUBLE", "online": "BOOLEAN",
    "firmware": "VARCHAR", "message": "VARCHAR",
}  # fmt: skip


def reading_checks(frame: pl.DataFrame) -> dict[str, int]:
    recorded = frame["recorded_at"].str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms")
    return {
        "sum(sequence)::BIGINT": int(frame["sequence"].sum()),
        'sum(list_sum("values"))::BIGINT': int(frame["values"].list.sum().sum()),
        'sum(len("values"))::BIGINT': int(frame["values"].list.len().cast(pl.Int64).sum()),
        "sum(round(location.latitude * 100000)::BIGINT)::BIGINT": int((frame["location"].struct.field("latitude") * 100_000).round().cast(pl.Int64).sum()),
        "sum(strlen(location.site))::BIGINT": int(frame["location"].struct.field("site").str.len_bytes().cast(pl.Int64).sum()),
        "sum(round(battery * 1000)::BIGINT)::BIGINT": int((frame["battery"] * 1_000).round().cast(pl.Int64).sum()),
        "sum(epoch_ms(recorded_at::TIMESTAMP))::BIGINT": int(recorded.cast(pl.Int64).sum()),
        "count_if(online)::BIGINT": int(frame["online"].sum()),
        "count(message)::BIGINT": len(frame) - frame["message"].null_count(),
        "sum(strlen(message))::BIGINT": int(frame["message"].str.len_bytes().cast(pl.Int64).sum()),
    }


# ---------------------------------------------------------------- the late surprise


SURPRISE_TYPES = {
    "id": "BIGINT", "to_decimal": "DOUBLE", "to_text": "VARCHAR", "to_code": "VARCHAR", "to_huge": "DECIMAL(38,0)",
    "to_null": "BIGINT", "day": "TIMESTAMP", "flag": "VARCHAR", "steady": "BIGINT", "label": "VARCHAR",
}  # fmt: skip


def surprise_rows(rng: np.random.Generator, vocabulary: Vocabulary, first_row: int, n: int) -> pl.DataFrame:
    rows = first_row + np.arange(n)
    text = lambda values: pl.Series(values).cast(pl.String)
    return pl.DataFrame(
        {
            "id": text(rows + 1),
            "to_decimal": text(rng.integers(-5_000, 90_000, n)),
            "to_text": text(rng.integers(1, 100_000, n)),
            "to_code": text(rng.integers(10_000, 99_999, n)),
            "to_huge": text(rng.integers(10**12, 10**15, n)),
            "to_null": text(rng.integers(0, 1_000, n)),
            "day": pl.Series((19_723 + rows // 20_000).astype(np.int32)).cast(pl.Date).cast(pl.String),
            "flag": take(np.array(["true", "false"], dtype=object), rng.integers(0, 2, n)),
            "steady": text(rng.integers(-(10**9), 10**9, n)),
            "label": take(vocabulary.products, skewed(rng, n, len(vocabulary.products))),
        }
    )


def with_surprises(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The end of the file: in the last rows of it each column meets what its first 99.9% denied."""
    n = len(frame)
    first = max(0, n - 2_000)
    cells = {name: frame[name].to_list() for name in frame.columns}
    for row in range(first, n):
        if row % 3 == 0:
            cells["to_decimal"][row] = f"{rng.integers(0, 900)}.{rng.integers(1, 10)}5"
        if row % 5 == 0:
            cells["to_code"][row] = f"{rng.integers(1, 9_999):05d}"
        if row % 7 == 0:
            cells["to_text"][row] = f"n{rng.integers(1, 99)}/k"
        if row % 11 == 0:
            cells["to_huge"][row] = f"{rng.integers(1, 9)}{rng.integers(0, 10**18):018d}{rng.integers(0, 10**6):06d}"
        if row % 13 == 0:
            cells["to_null"][row] = "NA"
        if row % 17 == 0:
            cells["day"][row] += f"T{rng.integers(0, 24):02d}:30:00"
        if row % 19 == 0:
            cells["flag"][row] = "maybe"
    return pl.DataFrame(cells)


# ---------------------------------------------------------------- writing


def write_chunk(frame: pl.DataFrame, form: str, out, header: bool) -> None:
    if form == "csv":
        frame.write_csv(out, include_header=header, datetime_format="%Y-%m-%d %H:%M:%S", quote_style="necessary")
    else:
        frame.write_ndjson(out)


def write_file(path: pathlib.Path, kind: str, form: str, target: int, seed: int) -> dict:
    """Writes chunks until `target` bytes are reached; returns what the meta file says of it."""
    make, types = {
        "orders": (order_rows, ORDER_TYPES),
        "readings": (reading_rows, READING_TYPES),
        "surprise": (surprise_rows, SURPRISE_TYPES),
    }[kind]
    vocabulary = Vocabulary(seed)
    rows = written = 0
    checks: dict[str, int] = {}
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb", buffering=0) as out:
        chunk = 0
        row_bytes = 0.0
        while written < target:
            rng = np.random.default_rng([seed, chunk])
            frame = make(rng, vocabulary, rows, CHUNK_ROWS)
            if chunk == 0:  # how long rows are, so that the last chunk can be cut to the size asked for
                probe = frame.head(2_000)
                row_bytes = len((probe.write_csv() if form == "csv" else probe.write_ndjson()).encode()) / len(probe)
            left = max(1, round((target - written) / row_bytes))
            last = left <= CHUNK_ROWS
            if last:
                frame = frame.head(left)
            if last and kind == "surprise":
                frame = with_surprises(frame, rng)
            write_chunk(frame, form, out, header=chunk == 0)
            if kind != "surprise":
                for name, value in (order_checks if kind == "orders" else reading_checks)(frame).items():
                    checks[name] = checks.get(name, 0) + value
            rows += len(frame)
            written = out.tell()
            row_bytes = written / rows
            chunk += 1
            if last:
                break
        os.fsync(out.fileno())  # so that no program is measured while the disk still takes in its input
    os.replace(temporary, path)
    return {"kind": kind, "rows": rows, "bytes": written, "seed": seed, "types": types, "checks": checks}


def ensure(kind: str, form: str, size: str, seed: int = SEED) -> tuple[pathlib.Path, dict]:
    """The input of that kind and size, made if it is not there; and its meta data."""
    folder = data_dir()
    folder.mkdir(parents=True, exist_ok=True)
    suffix = "csv" if form == "csv" else "ndjson"
    path = folder / f"{kind}-{size.upper()}-s{seed}-v{VERSION}.{suffix}"
    meta_path = path.with_name(path.name + ".meta.json")
    if path.exists() and meta_path.exists():
        meta = json.loads(meta_path.read_text())
        if path.stat().st_size == meta["bytes"]:
            return path, meta
    started = time.monotonic()
    meta = write_file(path, kind, form, parse_size(size), seed)
    meta_path.write_text(json.dumps(meta, indent=1) + "\n")
    print(f"made {path.name}: {meta['rows']:,} rows, {meta['bytes']:,} bytes, {time.monotonic() - started:.1f} s", file=sys.stderr)
    return path, meta


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=["csv", "json"], default="csv")
    parser.add_argument("--size", help="such as 10MB, 100MB, 1GB (powers of ten; default 10MB, with --late-surprise 1GB)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--late-surprise", action="store_true", help="a CSV whose columns change their nature in the last 2,000 rows")
    parser.add_argument("--print-dir", action="store_true", help="print where inputs are kept, and do nothing else")
    options = parser.parse_args()
    if options.print_dir:
        print(data_dir())
        return
    if options.late_surprise:
        path, meta = ensure("surprise", "csv", options.size or "1GB", options.seed)
        print(path)
        print(json.dumps({"rows": meta["rows"], "types": meta["types"]}, indent=1))
    else:
        kind = "orders" if options.format == "csv" else "readings"
        path, _ = ensure(kind, options.format, options.size or "10MB", options.seed)
        print(path)


if __name__ == "__main__":
    main()
