"""A server as a child process: on a port that is proven to be its own, gone when it is closed."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

READY_SECONDS = 120  # a Java on a busy machine; a server that dies is noticed at once
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class ServerFailed(RuntimeError):
    pass


class PortTaken(ServerFailed):
    pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent() -> None:
    """In the child: a test run that is killed leaves no server behind."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def listening_ports(pid: int) -> set[int]:
    """The TCP ports that a process listens on, as the kernel has them (proc(5))."""
    sockets = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            target = os.readlink(entry.path)
            if target.startswith("socket:["):
                sockets.add(target[len("socket:["):-1])
    except OSError:
        return set()  # it ended while we looked
    ports = set()
    for table in ("tcp", "tcp6"):
        path = Path(f"/proc/{pid}/net/{table}")
        if not path.exists():
            continue
        for line in path.read_text().splitlines()[1:]:
            fields = line.split()
            local, state, inode = fields[1], fields[3], fields[9]
            if state == "0A" and inode in sockets:
                ports.add(int(local.rpartition(":")[2], 16))
    return ports


def answers(port: int) -> bool:
    """Whether an HTTP server answers there, with whatever status. OPTIONS, because the emulator of
    Lambda takes everything else for an invocation and waits for its function."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("OPTIONS", "/")
        connection.getresponse().read()
        return True
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Server:
    """A running server. `command` gets the port to listen on; 0 says that it may choose for itself,
    and is passed on when `chooses_port`."""

    def __init__(self, name: str, command: Callable[[int], list[str]], folder: Path, *,
                 chooses_port: bool = False, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(5):
            try:
                self._start(command, 0 if chooses_port else free_port(), environment or {})
                return
            except PortTaken:
                if attempt == 4:
                    raise

    def _start(self, command: Callable[[int], list[str]], port: int, environment: dict[str, str]) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command(port), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | environment, preexec_fn=die_with_parent, start_new_session=True)
        try:
            self.port = self._wait_until_ready(port)
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self, wanted: int) -> int:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                taken = wanted != 0 and any(words in self.log_text().lower() for words in
                                            ("address already in use", "failed to bind"))
                kind = PortTaken if taken else ServerFailed
                raise kind(f"{self.name} ended with {self.process.returncode}:\n{self.log_text()}")
            own = listening_ports(self.process.pid)
            port = wanted if wanted in own else next(iter(own), 0) if wanted == 0 else 0
            if port and answers(port):
                return port
            time.sleep(0.02)  # between looks; the condition is the kernel's and the server's answer
        raise ServerFailed(f"{self.name} does not answer after {READY_SECONDS} s:\n{self.log_text()}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.close()
