"""What the function that fetches has to do, for the record: all of it that asks AWS for anything."""

from __future__ import annotations

import base64
import json
import pathlib
import random
import secrets
from collections.abc import Callable
from contextlib import ExitStack

from recording import COMPLETED_UNHEARD, Cloud, Work, function_name, in_turn  # first: it finds the others

import servers
from proxy import Message
from runtime_api import Answer

DEVICES = "reference/devices.csv"
WELL = "nothing"  # is wrong with the readings of a device
TOKEN, SITE = (f"Canary{secrets.token_hex(12)}" for _ in range(2))


def first_of(*fates: Callable[[str, Message], str]) -> Callable[[str, Message], str]:
    return lambda service, request: next(filter(None, (fate(service, request) for fate in fates)), "")


class Fetches:
    """Of the dataset `factory`, whose API is the server of the tests. It does what a device's row in the file
    of devices says, and what is said to it besides."""

    def __init__(self, work: Work, cloud: Cloud, folder: pathlib.Path, stack: ExitStack) -> None:
        self.work, self.sent, self.stage = work, cloud.invocations, work.stages["fetch"]
        self.api = stack.enter_context(servers.api(folder / "api"))
        cloud.client("secretsmanager").create_secret(Name="factory/token", SecretString=json.dumps({"token": TOKEN}))
        cloud.client("ssm").put_parameter(Name="/factory/site", Value=SITE, Type="SecureString")
        self.behave()
        devices = f"{{file: {DEVICES}, column: id}}"
        self.configure(("https://api.example.com/devices/{device}",
                        self.api.url("https", "/devices/{device}/readings?wrong={wrong}")),
                       (f"for_each: {{device: {devices}}}",
                        f"for_each: {{device: {devices}, wrong: {devices.replace('id', 'wrong')}}}\n"
                        "      combine: zip\n      slice: 1000\n"
                        f"      allow_hosts: 127.0.0.1\n      ca_file: {self.api.ca}"))

    def configure(self, *changes: tuple[str, str]) -> None:
        text = self.work.config.read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self.work.config.write_text(text)

    def behave(self, **settings: object) -> None:
        self.api.configure(auth="bearer", secret=TOKEN, **settings)

    def devices(self, wrong: dict[str, str]) -> None:
        """What there is to ask: each device, and in which way its readings are wrong."""
        self.work.put(DEVICES, "id,wrong\n" + "".join(f"{device},{how}\n" for device, how in wrong.items()))

    def invoke(self, at: str, seconds: float = 300, **more: str) -> Answer:
        """As the schedule does it, `at` being day and hour: "01T04"."""
        return self.stage.invoke({"fetch": "factory", "time": f"2026-11-{at}:00:00Z"} | more, seconds)

    def fetch(self, at: str, expected: str = "fetched", **options: object) -> dict:
        """The task of the fetch itself, which is the last one; those of its slices come before."""
        answer = self.invoke(at, **options)
        assert answer.kind == "response" and answer.json["tasks"][-1]["outcome"] == expected, answer
        return answer.json["tasks"][-1]

    def breaks(self, at: str, why: str) -> None:
        answer = self.invoke(at)
        assert answer.kind == "error" and why in answer.json["errorMessage"], answer

    def do_everything(self) -> None:
        self.ask()
        self.go_on()
        self.begin_under_another_configuration()
        self.upload()
        assert all(self.work.load.take(*self.work.records())), "of no concern to the function that loads"

    def ask(self) -> None:
        """What is asked, asked again, and asked for once more because it failed; a new column on the same day."""
        self.devices({f"d{n}": WELL for n in range(12)})
        self.behave(gone=0.3)
        first = self.fetch("01T04")
        assert first["sets"] == 12 and 0 < first["sets_failed"] < 12
        self.fetch("01T04", "already_done")
        self.behave()
        assert self.fetch("01T05", failed=first["plan"])["sets"] == first["sets_failed"]
        self.devices({"d1": "unknown"})
        self.fetch("01T06")
        assert {request["headers"]["X-Site"] for request in self.api.requests("/devices/")} == {SITE}
        log = self.stage.log.read_text()
        assert TOKEN not in log and SITE not in log
        # The function that converts is told of what has landed too, which is run and removed by then.
        key = f"{self.work.prefix}_lake/fetches/factory/{first['plan']}/slice-0001.json"
        slice_ = json.loads(self.work.s3.get_object(Bucket=self.work.bucket, Key=key)["Body"].read())
        assert self.work.convert.take(self.work.event(slice_["landed"])) == [True]

    def go_on(self) -> None:
        """More than one invocation has time for: with less than ten seconds left none is begun."""
        self.configure(("slice: 1000", "slice: 1"), ("combine: zip", "combine: zip\n      limits: {concurrency: 1}"))
        self.devices({f"d{n}": WELL for n in range(8)})
        self.behave(latency="900ms")
        self.fetch("02T04", "continued", seconds=11)
        path, event = self.sent.sent.get(timeout=10)
        assert path == f"/2015-03-31/functions/{function_name('fetch')}/invocations"
        self.behave()
        answer = self.stage.invoke(event)
        assert answer.json["tasks"][-1]["outcome"] == "fetched" and self.sent.sent.empty(), answer
        self.configure(("slice: 1\n", "slice: 1000\n"), ("\n      limits: {concurrency: 1}", ""))

    def begin_under_another_configuration(self) -> None:
        """An attempt that has published, and could not commit; the next one publishes elsewhere."""
        self.configure(("keep_raw: false", "keep_raw: false\n    max_rejects: 60%"))
        self.devices({"d1": WELL, "d2": WELL, "d3": "text"})
        self.stage.fate = lambda service, request: (
            "gone" if request.method == "PUT" and "/_lake/runs/" in request.target else "")
        self.breaks("05T04", "run again")
        self.stage.fate = lambda service, request: ""
        self.configure(("max_rejects: 60%", "max_rejects: 60%\n    partition_by: {arrival: month}"))
        self.fetch("05T04")
        self.configure(("\n    partition_by: {arrival: month}", ""))

    def upload(self) -> None:
        """Objects so large that they are uploaded in parts: given up, completed with the reply lost. Names of
        devices that cannot be compressed make the report large, their readings all else."""
        work, noise = self.work, random.Random(1)
        names = [base64.urlsafe_b64encode(noise.randbytes(9_000)).decode() for _ in range(1_000)]

        def gone(zone: str) -> Callable[[str, Message], str]:
            return lambda service, request: "gone" if work.part_of(zone)(request) else ""

        def unheard(zone: str) -> Callable[[str, Message], str]:
            return in_turn(COMPLETED_UNHEARD, work.end_of(zone))

        self.devices({name: WELL if n % 4 else "text" for n, name in enumerate(names)})
        self.behave(values=1_500, bits=64)
        self.stage.fate = gone("_lake/fetches")
        self.breaks("06T04", "/report-0001.parquet: NoSuchUpload")  # what was to land is given up with its report
        self.stage.fate = first_of(unheard("_lake/fetches"), unheard("landing"), gone("rejected"))
        self.breaks("06T04", "/rejected/")  # so are rows with their rejects
        self.stage.fate = first_of(unheard("curated"), unheard("rejected"))
        self.fetch("06T04")

        self.configure(("\n    max_rejects: 60%", ""))
        self.devices(dict.fromkeys(names, "text"))
        self.behave(values=1)
        self.stage.fate = gone("_lake/failures")
        self.breaks("07T04", "/_lake/failures/")  # not even its failure can be recorded
        self.stage.fate = unheard("_lake/failures")
        self.breaks("07T04", "1000 of 1000 rows were rejected")
        self.breaks("07T04", "1 of 1 slices were asked and not published")
        self.stage.fate = lambda service, request: ""
