"""The proxy itself: one port a service, in a thread with an event loop of its own."""

import asyncio
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from proxy.calls import Call, calls_of
from proxy.faults import Faults, Plan, refusal, withhold
from proxy.http1 import Message, read_reply, read_request

LIMIT = 1 << 20  # of a head; bodies are read by their length


class Proxy:
    """`upstreams` are the servers by the name of their service; `urls` is where the proxy stands in
    for them. The signature of a request stays valid: the Host header goes on as it came, and
    DynamoDB Local does not look at the hash of a body (withheld items change it). `chosen` says what
    becomes of a request beside the faults by chance: "error", "throttled", "gone", "lost", or nothing."""

    def __init__(self, upstreams: dict[str, str], faults: Faults = Faults(), seed: int = 0,  # noqa: B008
                 record: Path | None = None, region: str = "us-east-1",
                 chosen: Callable[[str, Message], str] = lambda service, request: "") -> None:
        self.upstreams = upstreams
        self.faults = faults
        self.seed = seed
        self.region = region  # of the calls' ARNs
        self.calls: list[Call] = []           # what reached a server, in order
        self.counts: Counter[str] = Counter()  # "requests", "requests.s3", "error", "lost", "withheld" (batches), ...
        self.urls: dict[str, str] = {}
        self._plan = Plan(faults, seed)
        self.chosen = chosen
        self._record = record.open("a", encoding="utf-8") if record else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._servers = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        if faults != Faults():
            print(f"proxy: {faults}, seed {seed}", file=sys.stderr)

    async def _listen(self) -> list[asyncio.Server]:
        servers = []
        for service in self.upstreams:
            server = await asyncio.start_server(
                lambda reader, writer, service=service: self._serve(service, reader, writer),
                "127.0.0.1", 0, limit=LIMIT)
            self.urls[service] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            servers.append(server)
        return servers

    async def _serve(self, service: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the program: its requests one after the other, on one connection on."""
        upstream: _Upstream | None = None
        try:
            while (request := await read_request(reader, writer)) is not None:
                upstream = upstream or _Upstream(self.upstreams[service])
                reply = await self._answer(service, request, upstream)
                if reply is None:
                    return
                writer.write(reply.encode())
                await writer.drain()
                if not reply.keeps_open or not request.keeps_open:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            self.counts["broken_connections"] += 1
        finally:
            writer.close()
            if upstream:
                upstream.close()

    async def _answer(self, service: str, request: Message, upstream: "_Upstream") -> Message | None:
        """The reply to a request; None where it is lost."""
        verdict = self._plan.verdict(service, request)
        if kind := self.chosen(service, request):
            verdict = replace(verdict, kind=kind)
        self.counts["requests"] += 1
        self.counts[f"requests.{service}"] += 1
        if verdict.kind != "pass":
            self.counts[verdict.kind] += 1
        if verdict.kind in ("error", "throttled", "gone"):
            await asyncio.sleep(verdict.delay)
            return refusal(service, verdict.kind, request)
        unprocessed: dict = {}
        if self.faults.unprocessed and request.header("x-amz-target").endswith(".BatchWriteItem"):
            request, unprocessed = withhold(request, self.faults.unprocessed, verdict.chance)
            self.counts["unprocessed_items"] += sum(map(len, unprocessed.values()))
            self.counts["withheld"] += bool(unprocessed)
        self._write_down(service, request)
        reply = await upstream.ask(request)
        self.counts["reached"] += 1
        if verdict.delay:
            self.counts["slow"] += 1
            await asyncio.sleep(verdict.delay)
        if verdict.kind == "lost":
            return None
        if unprocessed and reply.status == 200:
            body = json.loads(reply.body)
            for table, items in unprocessed.items():
                body.setdefault("UnprocessedItems", {}).setdefault(table, []).extend(items)
            reply = reply.with_body(json.dumps(body).encode())
        return reply

    def _write_down(self, service: str, request: Message) -> None:
        calls = calls_of(service, request, self.region)
        self.calls.extend(calls)
        if self._record:
            self._record.writelines(json.dumps(call.as_json()) + "\n" for call in calls)
            self._record.flush()

    def close(self) -> None:
        async def stop() -> None:
            for server in self._servers:
                server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._record:
            self._record.close()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_) -> None:
        self.close()


class _Upstream:
    """A connection to a server, made when it is needed and again when the server has closed it."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message) -> Message:
        if self._streams and self._streams[0].at_eof():
            self.close()
        if not self._streams:
            self._streams = await asyncio.open_connection(
                self._address.hostname, self._address.port, limit=LIMIT)
        reader, writer = self._streams
        writer.write(request.encode())
        await writer.drain()
        reply = await read_reply(reader, request.method)
        if not reply.keeps_open:
            self.close()
        return reply

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None
