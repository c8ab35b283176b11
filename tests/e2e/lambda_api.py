"""Lambda's Invoke, as far as a function uses it that goes on in an invocation of its own."""

from __future__ import annotations

import http.server
import json
import queue
import threading
from typing import Any


class LambdaApi:
    """Takes the invocations that a function sends (Invoke, invocation type Event), and keeps them."""

    def __init__(self) -> None:
        sent = self.sent = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["X-Amz-Invocation-Type"] == "Event" and "Authorization" in self.headers
                sent.put((self.path, json.loads(body)))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> LambdaApi:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
