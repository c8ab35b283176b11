"""The program as a function of AWS Lambda: a process beside the emulator of cargo-lambda, invoked as AWS's
Invoke API is. What runs is the package's own `bootstrap` where LAKEGATE_BOOTSTRAP names one."""

from __future__ import annotations

import dataclasses
import http.client
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import servers
from program import Program
from servers.process import die_with_parent

TIMEOUT = 300  # seconds that an invocation has


class Deadlines:
    """Stands between the function and the emulator, whose deadline is a constant, and says the true one."""

    def __init__(self, port: int) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.pass_on(b"")

            def do_POST(self) -> None:
                self.pass_on(self.rfile.read(int(self.headers["Content-Length"])))

            def pass_on(self, body: bytes) -> None:
                there = http.client.HTTPConnection("127.0.0.1", port)
                try:
                    there.request(self.command, self.path, body, dict(self.headers))
                    reply = there.getresponse()
                    content = reply.read()
                except OSError:  # the emulator is gone, the test over
                    self.close_connection = True
                    return
                finally:
                    there.close()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() == "lambda-runtime-deadline-ms":
                        value = str(int((time.time() + TIMEOUT) * 1000))
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        class HttpServer(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass  # a function that was ended leaves broken connections

        self.server = HttpServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def failed(self) -> bool:
        """An error, or a message that is to be delivered again."""
        return self.status != 200 or "errorType" in self.json or bool(self.json.get("batchItemFailures"))


def command_of_the_function(program: Program) -> list[str]:
    """The `bootstrap` of an unpacked package, or the program itself, which acts as one."""
    return [os.environ.get("LAKEGATE_BOOTSTRAP") or str(program.path)]


class EmulatedFunction:
    """A running function. Its /tmp is `folder`, where nothing may be left; it knows no other variables than
    Lambda would give it."""

    def __init__(self, program: Program, emulator: servers.Server, folder: pathlib.Path,
                 environment: dict[str, str], memory: int = 256,
                 prepare: Callable[[], None] = die_with_parent) -> None:
        self.emulator = emulator
        self.log_path = folder / "function.log"
        self.spool = folder / "function-tmp"
        self.spool.mkdir(parents=True)
        self.deadlines = Deadlines(emulator.port)
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(self.spool), "LANG": "en_US.UTF-8",
                     "TZ": ":UTC", "AWS_LAMBDA_FUNCTION_NAME": "function",
                     "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
                     "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.deadlines.port}/.rt/function"}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command_of_the_function(program), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=variables | environment, preexec_fn=prepare, cwd=self.spool)

    def invoke(self, event: dict | bytes) -> Answer:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=120)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", body)
            reply = connection.getresponse()
            return Answer(reply.status, reply.read())
        finally:
            connection.close()

    def log(self) -> list[dict]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]

    def peak_memory(self) -> int:
        """Bytes that were resident at most, so far."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the function has ended")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.deadlines.close()
        assert list(self.spool.iterdir()) == [], "/tmp is left clean"
