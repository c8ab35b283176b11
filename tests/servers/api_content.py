"""What the API server (tests/api_server) answers: the same functions of its seed as in its content.go."""

from __future__ import annotations

import datetime

import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
DAY = "2020-01-27"


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def hash_of(seed: int, text: str) -> int:
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return mix((h + seed * GOLDEN) & MASK)


def share(h: int) -> float:
    return (h >> 11) / (1 << 53)


def numbers(h: int, count: int, bits: int = 20) -> np.ndarray:
    """The first `count` values that follow from a hash, as int64."""
    x = np.uint64(h) + np.arange(count, dtype=np.uint64) * np.uint64(GOLDEN)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x.view(np.int64) >> np.int64(64 - bits)


class Content:
    """The answers of a server with this seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def size(self, device: str, least: int, most: int) -> int:
        """How many values a device has where `values=least-most`: mostly few."""
        count, h = least, hash_of(self.seed, "size " + device)
        while h & 1 and count < most:
            count, h = count * 4, h >> 1
        return min(count, most)

    def values(self, device: str, count: int = 100, bits: int = 20, day: str = "") -> np.ndarray:
        return numbers(hash_of(self.seed, f"{device}/{day}"), count, bits)

    def datetime(self, device: str, day: str = "") -> str:
        micros = mix((hash_of(self.seed, f"{device}/{day}") + 1) & MASK) % 86_400_000_000
        at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
        return (day or DAY) + at.strftime("T%H:%M:%S.%f")

    def reading(self, device: str, count: int = 100, bits: int = 20, day: str = "") -> dict:
        return {"datetime": self.datetime(device, day), "values": self.values(device, count, bits, day).tolist()}

    def items(self, count: int) -> list[dict]:
        values = numbers(hash_of(self.seed, "items"), count)
        return [{"id": i, "name": f"item-{i}", "value": value} for i, value in enumerate(values.tolist())]

    def is_gone(self, path: str, rate: float) -> bool:
        """Whether `gone=rate` makes this path a 404 for ever."""
        return share(hash_of(self.seed, "gone " + path)) < rate
