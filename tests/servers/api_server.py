"""The API server of tests/api_server: its addresses, its settings, and what it has seen."""

from __future__ import annotations

import json
import os
import signal
import urllib.parse
import urllib.request
from pathlib import Path

from servers.api_content import Content
from servers.process import Server


class ApiServer:
    """Listens on `http` and `other` (two origins), `quick` (readings only, at little CPU), `https` (HTTP/2 and 1.1), `https1` (1.1 only) and, with
    certificates that must be refused, `expired`, `wrong-host`, `self-signed`, `unknown-ca`. `ca` is the
    file of the authority to trust. Settings are behaviour as in the query of a request."""

    def __init__(self, program: Path, folder: Path, *, seed: int = 1, record: bool = True, http: str = "",
                 **settings: object) -> None:
        self.folder = folder
        self.content = Content(seed)
        options = ["-folder", str(folder), "-seed", str(seed), f"-record={str(record).lower()}"]
        if http:
            options += ["-http", http]
        self._command = [str(program), *options]
        self._settings = settings
        self._start()
        self.forget()  # the connections that were made to see whether it answers

    def _start(self) -> None:
        self.server = Server("api-server",
                             lambda _: [*self._command, "-settings", urllib.parse.urlencode(self._settings)],
                             self.folder, chooses_port=True)
        self.addresses: dict[str, str] = json.loads((self.folder / "addresses.json").read_text())

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def seed(self) -> int:
        return self.content.seed

    def url(self, listener: str = "http", path: str = "") -> str:
        scheme = "http" if listener in ("http", "other", "quick", "control") else "https"
        return f"{scheme}://{self.addresses[listener]}{path}"

    def configure(self, **settings: object) -> None:
        """In place of all settings so far."""
        self._settings = settings
        self._control("PUT", "/settings", urllib.parse.urlencode(settings).encode())

    def forget(self) -> None:
        self._control("DELETE", "/requests")
        (self.folder / "requests.ndjson").unlink(missing_ok=True)

    def counts(self) -> dict:
        """Of this process: one that was started again begins anew."""
        return json.loads(self._control("GET", "/counts"))

    def requests(self, path: str = "/") -> list[dict]:
        """Every request whose path begins so, in order, those before a restart too."""
        earlier = self.folder / "requests.ndjson"
        lines = earlier.read_text().splitlines() if earlier.exists() else []
        if self.server.process.poll() is None:
            lines += self._control("GET", "/requests").decode().splitlines()
        seen = [json.loads(line) for line in lines]
        return [request for request in seen if request["path"].startswith(path)]

    def restart(self) -> None:
        """Goes down, cutting off what is under way, and comes back where it was."""
        self.close()
        self._start()

    def pause(self) -> None:
        """Takes connections (the kernel does) and says nothing, until resumed."""
        os.kill(self.server.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.server.process.pid, signal.SIGCONT)

    def _control(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url("control", path), data=body, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            return reply.read()

    def close(self) -> None:
        self.server.close()

    def __enter__(self) -> "ApiServer":
        return self

    def __exit__(self, *_) -> None:
        self.close()
