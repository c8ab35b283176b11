"""A proxy between a program and the servers that it calls: injects faults, writes down the calls."""

from proxy.calls import Call, calls_of
from proxy.faults import Faults
from proxy.http1 import Message
from proxy.server import Proxy

__all__ = ["Call", "Faults", "Message", "Proxy", "calls_of"]
