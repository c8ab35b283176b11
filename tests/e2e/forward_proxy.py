"""An HTTP proxy as companies have them: tunnels for https, requests with the whole URL for http."""

from __future__ import annotations

import base64
import http.client
import http.server
import selectors
import socket
import threading
import urllib.parse


class ForwardProxy:
    """On a free port of loopback. `tunnels` and `requests` are what it let through, in order: hosts with
    their ports, methods with their URLs. Where it refuses, nothing gets through, and with a user nothing but
    what that user asks for."""

    def __init__(self, refuses: int = 0, user: str = "") -> None:
        wanted = "Basic " + base64.b64encode(user.encode()).decode() if user else None
        self.tunnels: list[str] = []
        self.requests: list[str] = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def refused(self) -> bool:
                if refuses or (wanted and self.headers["Proxy-Authorization"] != wanted):
                    self.send_error(refuses or 407)
                    return True
                return False

            def do_CONNECT(self) -> None:
                self.close_connection = True
                if self.refused():
                    return
                proxy.tunnels.append(self.path)
                host, _, port = self.path.rpartition(":")
                with socket.create_connection((host, int(port))) as there:
                    self.send_response(200, "Connection established")
                    self.end_headers()
                    pump(self.connection, there)

            def do_GET(self) -> None:
                if self.refused():
                    return
                proxy.requests.append(f"GET {self.path}")
                url = urllib.parse.urlsplit(self.path)
                there = http.client.HTTPConnection(url.netloc)
                there.request("GET", urllib.parse.urlunsplit(("", "", url.path, url.query, "")),
                              headers={name: value for name, value in self.headers.items()
                                       if not name.lower().startswith("proxy-")})
                reply = there.getresponse()
                body = reply.read()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                there.close()

            def log_message(self, *_) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://{user and user + '@'}127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> "ForwardProxy":
        return self

    def __exit__(self, *_) -> None:
        self.close()


def pump(one: socket.socket, other: socket.socket) -> None:
    """Both ways, until either side has no more to say."""
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in ready.select():
                try:
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)
                except OSError:
                    return
