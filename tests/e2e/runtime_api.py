"""AWS Lambda's Runtime API, as a function sees it: deadlines, traces and faults as a test wants them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import queue
import threading
import time
import uuid
from typing import Any

VERSION = "/2018-06-01/runtime"


@dataclasses.dataclass
class Answer:
    """What the function made of an invocation. `kind` is response, error, or gone (it ended before)."""

    kind: str
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclasses.dataclass
class Invocation:
    event: bytes
    timeout: float  # seconds; the deadline header is made of it when the function takes the event
    headers: dict[str, str]
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    taken: threading.Event = dataclasses.field(default_factory=threading.Event)
    answers: queue.Queue = dataclasses.field(default_factory=queue.Queue)


class RuntimeApi:
    """Serves one function. `fault(call, n)` may return a status to answer the n-th call of that kind
    with ("next", "response", "error", "init"), or "drop": the connection is closed without a reply."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.events: queue.Queue[Invocation | None] = queue.Queue()
        self.pending: dict[str, Invocation] = {}
        self.init_errors: queue.Queue[Answer] = queue.Queue()
        self.next_called: queue.Queue[float] = queue.Queue()
        self.connections = 0
        self.calls: dict[str, int] = {}
        self.unknown: list[str] = []
        self.fault = lambda call, n: None
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                api.connections += 1
                super().setup()

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                api._get(self)

            def do_POST(self) -> None:
                api._post(self)

        class HttpServer(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass  # a function that was killed leaves broken connections

        self.server = HttpServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API says."""
        return f"127.0.0.1:{self.server.server_port}{self.prefix}"

    def send(self, event: Any, *, timeout: float = 60, headers: dict[str, str] | None = None) -> Invocation:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        invocation = Invocation(body, timeout, headers or {})
        self.events.put(invocation)
        return invocation

    def invoke(self, event: Any, **options: Any) -> Answer:
        return self.send(event, **options).answers.get(timeout=120)

    def close(self) -> None:
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> RuntimeApi:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _faulty(self, request: http.server.BaseHTTPRequestHandler, call: str) -> bool:
        n = self.calls[call] = self.calls.get(call, 0) + 1
        fault = self.fault(call, n)
        if fault is None:
            return False
        if fault == "drop":
            request.close_connection = True
        else:
            self._reply(request, fault, b'{"errorMessage": "on purpose"}')
        return True

    @staticmethod
    def _reply(request: http.server.BaseHTTPRequestHandler, status: int, body: bytes = b"",
               headers: dict[str, str] | None = None) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _get(self, request: http.server.BaseHTTPRequestHandler) -> None:
        if request.path != f"{self.prefix}{VERSION}/invocation/next":
            self.unknown.append(f"GET {request.path}")
            return self._reply(request, 404)
        self.next_called.put(time.monotonic())
        if self._faulty(request, "next"):
            return None
        invocation = self.events.get()
        if invocation is None:  # the test is over
            request.close_connection = True
            return None
        self.pending[invocation.id] = invocation
        headers = {"Lambda-Runtime-Aws-Request-Id": invocation.id,
                   "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout) * 1000)),
                   "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
                   "Content-Type": "application/json"} | invocation.headers
        self._reply(request, 200, invocation.event, headers)
        invocation.taken.set()
        return None

    def _post(self, request: http.server.BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.path.removeprefix(self.prefix + VERSION)
        if path == "/init/error":
            self.init_errors.put(Answer("error", body, headers))
            return self._reply(request, 202)
        _, first, request_id, kind = ([*path.split("/"), "", "", ""])[:4]
        if first != "invocation" or kind not in ("response", "error") or not path:
            self.unknown.append(f"POST {request.path}")
            return self._reply(request, 404)
        if self._faulty(request, kind):
            return None
        invocation = self.pending.pop(request_id, None)
        if invocation is None:
            return self._reply(request, 400, b'{"errorMessage": "no such invocation"}')
        self._reply(request, 202, b'{"status": "OK"}')
        invocation.answers.put(Answer(kind, body, headers))
        return None
